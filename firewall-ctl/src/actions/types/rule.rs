//! Actions on rules.

use super::{Filter, IpPermission, Tag, TagSpecification, answer, request};

request! {
    /// Adds ingress rules, all or none.
    AuthorizeSecurityGroupIngress {
        /// The group.
        group_id: Option<String>,
        /// Or its name in the default VPC.
        group_name: Option<String>,
        /// The rules.
        ip_permissions: Vec<IpPermission>,
        /// Older form, one rule: the protocol.
        ip_protocol: Option<String>,
        /// Older form: the first port, or the ICMP type.
        from_port: Option<i64>,
        /// Older form: the last port, or the ICMP code.
        to_port: Option<i64>,
        /// Older form: the IPv4 block.
        cidr_ip: Option<String>,
        /// Older form: the name of the peer group, in the default VPC.
        source_security_group_name: Option<String>,
        /// Older form: the owner of the peer group.
        source_security_group_owner_id: Option<String>,
        /// Tags of type `security-group-rule`, for each new rule.
        tag_specifications: Vec<TagSpecification>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Adds egress rules, all or none.
    AuthorizeSecurityGroupEgress {
        /// The group.
        group_id: Option<String>,
        /// The rules.
        ip_permissions: Vec<IpPermission>,
        /// Tags of type `security-group-rule`, for each new rule.
        tag_specifications: Vec<TagSpecification>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Takes ingress rules away, by what they say or by their ids.
    RevokeSecurityGroupIngress {
        /// The group.
        group_id: Option<String>,
        /// Or its name in the default VPC.
        group_name: Option<String>,
        /// The rules; descriptions are not compared.
        ip_permissions: Vec<IpPermission>,
        /// Or their ids.
        security_group_rule_ids: Vec<String>,
        /// Older form, one rule: the protocol.
        ip_protocol: Option<String>,
        /// Older form: the first port, or the ICMP type.
        from_port: Option<i64>,
        /// Older form: the last port, or the ICMP code.
        to_port: Option<i64>,
        /// Older form: the IPv4 block.
        cidr_ip: Option<String>,
        /// Older form: the name of the peer group, in the default VPC.
        source_security_group_name: Option<String>,
        /// Older form: the owner of the peer group.
        source_security_group_owner_id: Option<String>,
        /// Ours: cut the flows at once that the rules admitted.
        cut_flows: bool,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Takes egress rules away, by what they say or by their ids.
    RevokeSecurityGroupEgress {
        /// The group.
        group_id: Option<String>,
        /// The rules; descriptions are not compared.
        ip_permissions: Vec<IpPermission>,
        /// Or their ids.
        security_group_rule_ids: Vec<String>,
        /// Ours: cut the flows at once that the rules admitted.
        cut_flows: bool,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists rules one by one.
    DescribeSecurityGroupRules {
        /// Filters: `group-id`, `security-group-rule-id`, `tag:KEY`, `tag-key`.
        filters: Vec<Filter>,
        /// Only so many, from 5 to 1000; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// These only; an unknown one is an error.
        security_group_rule_ids: Vec<String>,
        /// Only checks the permission.
        dry_run: bool,
    }
}

answer! {
    /// Answer of the authorize actions.
    AuthorizeResult {
        /// Always true.
        r#return: bool,
        /// The new rules, in the order of the request.
        security_group_rules: Vec<SecurityGroupRuleDescription>,
    }

    /// Answer of the revoke actions.
    RevokeResult {
        /// Always true.
        r#return: bool,
        /// In a default VPC: what named no rule.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unknown_ip_permissions: Vec<IpPermission>,
        /// The rules that are gone.
        revoked_security_group_rules: Vec<RevokedSecurityGroupRule>,
        /// Ours, where it was asked for: how many flows were cut. Filled in by the controller.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cut_flows: Option<u64>,
    }

    /// Answer of DescribeSecurityGroupRules.
    DescribeSecurityGroupRulesResult {
        /// The rules, by group and id.
        security_group_rules: Vec<SecurityGroupRuleDescription>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// A rule.
    SecurityGroupRuleDescription {
        /// Its id.
        security_group_rule_id: String,
        /// Its group.
        group_id: String,
        /// The group's owner.
        group_owner_id: String,
        /// Whether it is about what goes out.
        is_egress: bool,
        /// The protocol.
        ip_protocol: String,
        /// The first port, or the ICMP type; -1 where there is none.
        from_port: i64,
        /// The last port, or the ICMP code; -1 where there is none.
        to_port: i64,
        /// The peer, when an IPv4 block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cidr_ipv4: Option<String>,
        /// The peer, when an IPv6 block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cidr_ipv6: Option<String>,
        /// The peer, when a prefix list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prefix_list_id: Option<String>,
        /// The peer, when a group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        referenced_group_info: Option<ReferencedGroupInfo>,
        /// Its note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// Its tags.
        tags: Vec<Tag>,
        /// Its ARN.
        security_group_rule_arn: String,
    }

    /// A group that a rule names as its peer.
    ReferencedGroupInfo {
        /// The group.
        group_id: String,
        /// Its owner.
        user_id: String,
    }

    /// A rule that is gone.
    RevokedSecurityGroupRule {
        /// The id it had.
        security_group_rule_id: String,
        /// Its group.
        group_id: String,
        /// Whether it was about what goes out.
        is_egress: bool,
        /// The protocol.
        ip_protocol: String,
        /// The first port, or the ICMP type; -1 where there is none.
        from_port: i64,
        /// The last port, or the ICMP code; -1 where there is none.
        to_port: i64,
        /// The peer, when an IPv4 block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cidr_ipv4: Option<String>,
        /// The peer, when an IPv6 block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cidr_ipv6: Option<String>,
        /// The peer, when a prefix list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prefix_list_id: Option<String>,
        /// The peer, when a group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        referenced_group_id: Option<String>,
        /// Its note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    }
}
