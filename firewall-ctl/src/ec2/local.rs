//! What is ours alone: actions and members that EC2 has no name for. They are on the socket and not on this wire.

/// Actions of our own.
pub const ACTIONS: &[&str] = &[
    "RegisterInstance",
    "DeregisterInstance",
    "AttachDevice",
    "DetachDevice",
    "Status",
    "DescribeCounters",
    "DescribeFlows",
    "DescribeDrops",
    "ExplainPacket",
    "SimulatePacket",
    "FlushFlows",
    "CreateAccessKey",
    "ListAccessKeys",
    "DeleteAccessKey",
    "ConfirmChange",
    "UndoChange",
    "ModifySecurityGroup",
    "ReplaceSecurityGroupRules",
];

/// Members of our own in requests of the service: action, and path from its members.
pub const ASKED: &[(&str, &str)] = &[
    ("RevokeSecurityGroupIngress", "CutFlows"),
    ("RevokeSecurityGroupEgress", "CutFlows"),
    ("CreateNetworkInterface", "VpcId"),
    ("DeleteSecurityGroup", "GroupIds"),
];

/// Members of our own in answers: the service's structure, and the member.
pub const ANSWERED: &[(&str, &str)] = &[
    ("RevokeSecurityGroupIngressResult", "CutFlows"),
    ("RevokeSecurityGroupEgressResult", "CutFlows"),
    ("DeleteSecurityGroupResult", "GroupIds"),
    ("NetworkInterface", "DeviceAttachment"),
    ("NetworkInterface", "LastDevice"),
    ("NetworkInterface", "DeviceBinding"),
];
