use super::*;

#[test]
fn a_group_lets_nothing_in_and_everything_out() {
    let mut world = World::new();
    let body = json!({
        "GroupName": "web  ",
        "Description": "faces the world",
        "TagSpecifications": [{"ResourceType": "security-group", "Tags": [{"Key": "Stage", "Value": "test"}]}],
    });
    let made = world.done("CreateSecurityGroup", body);
    let id = text(&made["GroupId"]);
    let arn = format!("arn:aws:ec2:local:000000000000:security-group/{id}");
    let tags = json!([{"Key": "Stage", "Value": "test"}]);
    assert_eq!(made, json!({"GroupId": id, "SecurityGroupArn": arn, "Tags": tags}));
    let expected = json!({
        "GroupId": id,
        "GroupName": "web",
        "Description": "faces the world",
        "VpcId": world.default_vpc(),
        "OwnerId": "000000000000",
        "SecurityGroupArn": arn,
        "Tags": tags,
        "IpPermissions": [],
        "IpPermissionsEgress": [{
            "IpProtocol": "-1",
            "UserIdGroupPairs": [],
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}], "PrefixListIds": [],
        }],
    });
    assert_eq!(world.describe_group(&id), expected);
}

#[test]
fn names_that_break_the_rules_are_refused() {
    let mut world = World::new();
    let mut refuses = |name: &str, code, message: &str, detail| {
        let body = json!({"GroupName": name, "Description": "d"});
        world.refuses("CreateSecurityGroup", body, code, message, detail);
    };
    use ErrorCode::{InvalidParameterValue, MissingParameter};
    refuses("", MissingParameter, "The request must contain the parameter GroupName", None);
    refuses("   ", MissingParameter, "The request must contain the parameter GroupName", None);
    refuses("Default", InvalidParameterValue, "Cannot use reserved security group name: Default", None);
    refuses(
        "sg-017c251",
        InvalidParameterValue,
        "Value (sg-017c251) for parameter GroupName is invalid. Group names may not be in the format sg-*.",
        None,
    );
    refuses(
        "wéb",
        InvalidParameterValue,
        "Value (wéb) for parameter GroupName is invalid. Character sets beyond ASCII are not supported.",
        None,
    );
    let set = "Invalid security group name. Valid names are strings less than 256 characters from the following set:  \
               a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
    refuses("a<b", InvalidParameterValue, set, Some("The text given is \"a<b\": '<' is not in the set."));
    let long = "x".repeat(256);
    let detail = format!("The text given is \"{long}\": it has 256 characters.");
    refuses(&long, InvalidParameterValue, set, Some(&detail));
}

#[test]
fn descriptions_that_break_the_rules_are_refused() {
    let mut world = World::new();
    let mut refuses = |description: &str, code, message: &str, detail| {
        let body = json!({"GroupName": "web", "Description": description});
        world.refuses("CreateSecurityGroup", body, code, message, detail);
    };
    use ErrorCode::{InvalidParameterValue, MissingParameter};
    refuses("", MissingParameter, "The request must contain the parameter GroupDescription", None);
    refuses(
        "für alle",
        InvalidParameterValue,
        "Value (für alle) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.",
        None,
    );
    refuses(
        "it's",
        InvalidParameterValue,
        "Invalid security group description. Valid descriptions are strings less than 256 characters from the \
         following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        Some("The text given is \"it's\": '\\'' is not in the set."),
    );
}

#[test]
fn names_are_unique_in_a_vpc_whatever_their_case() {
    let mut world = World::new();
    let (vpc, other) = (world.default_vpc(), world.vpc());
    let holder = world.group("Web");
    let message = format!("The security group 'wEB' already exists for VPC '{vpc}'");
    let detail = format!("It is {holder}; upper and lower case are the same.");
    let body = json!({"GroupName": "wEB", "Description": "d"});
    world.refuses("CreateSecurityGroup", body, ErrorCode::InvalidGroupDuplicate, &message, Some(&detail));
    world.group_in(&other, "web");
}

#[test]
fn groups_are_counted_by_vpc() {
    let mut world = World::new();
    world.quotas.groups_per_vpc = 2;
    world.group("web");
    let message = format!("The maximum number of security groups for VPC '{}' has been reached.", world.default_vpc());
    world.refuses(
        "CreateSecurityGroup",
        json!({"GroupName": "db", "Description": "d"}),
        ErrorCode::SecurityGroupLimitExceeded,
        &message,
        Some("It has 2, its default group included; the limit is 2."),
    );
    let other = world.vpc();
    world.group_in(&other, "db");
}

#[test]
fn tags_are_checked() {
    let mut world = World::new();
    let mut refusal = |resource_type: &str, tags: Value| {
        let specifications = json!([{"ResourceType": resource_type, "Tags": tags}]);
        let body = json!({"GroupName": "web", "Description": "d", "TagSpecifications": specifications});
        world.refused("CreateSecurityGroup", body)
    };
    let error = refusal("vpc", json!([]));
    assert_eq!(error.message, "'vpc' is not a valid taggable resource type for this operation.");
    assert_eq!(error.detail.as_deref(), Some("Here it is security-group."));
    let twice = json!([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]);
    assert_eq!(refusal("security-group", twice).message, "Duplicate tag key 'a' specified.");
    let reserved = json!([{"Key": "aws:x", "Value": "1"}]);
    assert_eq!(refusal("security-group", reserved).code, ErrorCode::InvalidParameterValue);
    let many: Vec<Value> = (0..51).map(|number| json!({"Key": format!("k{number}"), "Value": ""})).collect();
    assert_eq!(refusal("security-group", json!(many)).code, ErrorCode::TagLimitExceeded);
}

#[test]
fn a_group_in_use_is_not_deleted() {
    let mut world = World::new();
    let (web, db) = (world.group("web"), world.group("db"));
    let body = json!({"GroupId": db, "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": web}]},
    ]});
    let rule = world.done("AuthorizeSecurityGroupIngress", body);
    let rule = text(&rule["SecurityGroupRules"][0]["SecurityGroupRuleId"]);
    let body = json!({"Groups": [web], "Device": "eth0"});
    let eni = text(&world.done("AttachDevice", body)["NetworkInterfaceId"]);
    let detail = format!("interface {eni} (eth0) carries it\nrule {rule} of group {db} names it");
    let message = format!("resource {web} has a dependent object");
    let body = json!({"GroupId": web});
    world.refuses("DeleteSecurityGroup", body.clone(), ErrorCode::DependencyViolation, &message, Some(&detail));
    world.done("RevokeSecurityGroupIngress", json!({"GroupId": db, "SecurityGroupRuleIds": [rule]}));
    world.done("DetachDevice", json!({"Device": "eth0", "Delete": true}));
    assert_eq!(world.done("DeleteSecurityGroup", body), json!({"Return": true, "GroupId": web}));
}

#[test]
fn groups_that_name_each_other_are_deleted_together() {
    let mut world = World::new();
    let (web, db) = (world.group("web"), world.group("db"));
    for (group, peer) in [(&web, &db), (&db, &web)] {
        let item = json!({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": peer}]});
        world.done("AuthorizeSecurityGroupIngress", json!({"GroupId": group, "IpPermissions": [item]}));
    }
    let delete = "DeleteSecurityGroup";
    for one in [&web, &db] {
        assert_eq!(world.refused(delete, json!({"GroupId": one})).code, ErrorCode::DependencyViolation);
    }
    let default = world.default_group();
    let error = world.refused(delete, json!({"GroupIds": [web, db, default]}));
    assert_eq!(error.code, ErrorCode::CannotDelete);
    let message = "The parameter groupId cannot be used with the parameter groupIds";
    let both = json!({"GroupIds": [web], "GroupId": db});
    world.refuses(delete, both, ErrorCode::InvalidParameterCombination, message, None);
    let answer = world.done(delete, json!({"GroupIds": [web, db]}));
    let mut ids = vec![web, db];
    ids.sort();
    assert_eq!(answer, json!({"Return": true, "GroupIds": ids}));
    assert_eq!(world.model.groups.len(), 1);
}

#[test]
fn groups_get_other_names_and_descriptions() {
    let mut world = World::new();
    let (web, default) = (world.group("web"), world.default_group());
    world.group("db");
    let modify = "ModifySecurityGroup";
    let answer = world.done(modify, json!({"GroupId": web, "GroupName": "Web", "Description": "servers"}));
    assert_eq!(answer, json!({"Return": true}));
    let group = world.describe_group(&web);
    assert_eq!((&group["GroupName"], &group["Description"]), (&json!("Web"), &json!("servers")));
    assert!(world.outcome(modify, json!({"GroupId": web, "GroupName": "Web"})).model.is_none());
    world.done(modify, json!({"GroupId": default, "Description": "of the house"}));

    let mut refuses = |body: Value, code: ErrorCode, message: &str| {
        let error = world.refused(modify, body);
        assert_eq!((error.code, error.message.as_str()), (code, message));
    };
    let missing = "The request must contain the parameter GroupName or Description";
    refuses(json!({"GroupId": web}), ErrorCode::MissingParameter, missing);
    let missing = "The request must contain the parameter GroupId";
    refuses(json!({"GroupName": "x"}), ErrorCode::MissingParameter, missing);
    let unknown = json!({"GroupId": NO_GROUP, "GroupName": "x"});
    refuses(unknown, ErrorCode::InvalidGroupNotFound, "The security group 'sg-00000000' does not exist");
    let reserved = "Cannot use reserved security group name: default";
    refuses(json!({"GroupId": web, "GroupName": "default"}), ErrorCode::InvalidParameterValue, reserved);
    let looks = "Value (sg-x) for parameter GroupName is invalid. Group names may not be in the format sg-*.";
    refuses(json!({"GroupId": web, "GroupName": "sg-x"}), ErrorCode::InvalidParameterValue, looks);
    let message = format!("The specified group: \"{default}\" name: \"default\" cannot be renamed by a user");
    refuses(json!({"GroupId": default, "GroupName": "x"}), ErrorCode::OperationNotPermitted, &message);
    let vpc = world.default_vpc();
    let message = format!("The security group 'DB' already exists for VPC '{vpc}'");
    let error = world.refused(modify, json!({"GroupId": web, "GroupName": "DB"}));
    assert_eq!((error.code, error.message), (ErrorCode::InvalidGroupDuplicate, message));
}

#[test]
fn a_group_that_names_itself_is_deleted() {
    let mut world = World::new();
    let web = world.group("web");
    let body = json!({"GroupId": web, "IpPermissions": [
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": web}]},
    ]});
    world.done("AuthorizeSecurityGroupIngress", body);
    world.done("DeleteSecurityGroup", json!({"GroupName": "WEB"}));
    assert_eq!(world.model.groups.len(), 1);
}

#[test]
fn groups_that_can_not_be_deleted_say_why() {
    let mut world = World::new();
    let default = world.default_group();
    let mut refuses =
        |body, code, message: &str, detail| world.refuses("DeleteSecurityGroup", body, code, message, detail);
    let message = format!("the specified group: \"{default}\" name: \"default\" cannot be deleted by a user");
    let detail = Some("It goes when its VPC is deleted.");
    refuses(json!({"GroupId": default}), ErrorCode::CannotDelete, &message, detail);
    let missing = "The request must contain the parameter groupName or groupId";
    refuses(json!({}), ErrorCode::MissingParameter, missing, None);
    let message = format!("The security group '{NO_GROUP}' does not exist");
    refuses(json!({"GroupId": NO_GROUP}), ErrorCode::InvalidGroupNotFound, &message, None);
    let malformed = "The security group ID 'foobar' is malformed";
    refuses(json!({"GroupId": "foobar"}), ErrorCode::InvalidGroupIdMalformed, malformed, Some(MALFORMED_GROUP));
    let both = "The parameter groupName cannot be used with the parameter groupId";
    refuses(json!({"GroupId": default, "GroupName": "x"}), ErrorCode::InvalidParameterCombination, both, None);
    let vpc = world.default_vpc();
    let message = format!("The security group 'web' does not exist in default VPC '{vpc}'");
    world.refuses("DeleteSecurityGroup", json!({"GroupName": "web"}), ErrorCode::InvalidGroupNotFound, &message, None);
}

#[test]
fn groups_are_found_by_id_name_and_filter() {
    let mut world = World::new();
    let other = world.vpc();
    let (web, db) = (world.group("web"), world.group_in(&other, "db"));
    let body = json!({"GroupId": web, "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 90, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "Ipv6Ranges": [{"CidrIpv6": "fd00::/8"}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "UserIdGroupPairs": [{"GroupId": web}]},
    ]});
    world.done("AuthorizeSecurityGroupIngress", body);
    let mut list = |body: Value| {
        let groups = world.done("DescribeSecurityGroups", body)["SecurityGroups"].clone();
        groups.as_array().unwrap().iter().map(|group| text(&group["GroupId"])).collect::<Vec<_>>()
    };
    let by = |name: &str, value: &str| json!({"Filters": [{"Name": name, "Values": ["nothing", value]}]});
    let only = vec![web.clone()];
    assert_eq!(list(json!({"GroupNames": ["web"]})), only);
    for (name, value) in [
        ("group-id", web.as_str()),
        ("group-name", "w?b"),
        ("ip-permission.cidr", "10.*"),
        ("ip-permission.from-port", "80"),
        ("ip-permission.to-port", "90"),
        ("ip-permission.from-port", "8"),
        ("ip-permission.protocol", "udp"),
        ("ip-permission.ipv6-cidr", "fd00::/8"),
        ("ip-permission.group-id", web.as_str()),
        ("ip-permission.group-name", "web"),
        ("egress.ip-permission.ipv6-cidr", "::/0"),
    ] {
        let found = list(by(name, value));
        assert!(found.contains(&web) && !found.contains(&db), "{name} {value}");
    }
    // Rules need not match all filters together.
    let apart = json!({"Filters": [
        {"Name": "ip-permission.cidr", "Values": ["10.0.0.0/8"]},
        {"Name": "ip-permission.from-port", "Values": ["53"]},
    ]});
    assert_eq!(list(apart), only);
    assert_eq!(list(by("egress.ip-permission.cidr", "0.0.0.0/0")).len(), 4);
    assert_eq!(list(by("vpc-id", &other)).len(), 2);
    assert_eq!(list(by("group-name", "WEB")), Vec::<String>::new());
    assert_eq!(list(by("ip-permission.user-id", "000000000000")).len(), 3);
    let message = format!("The security group '{NO_GROUP}' does not exist");
    let body = json!({"GroupIds": [web, NO_GROUP]});
    world.refuses("DescribeSecurityGroups", body, ErrorCode::InvalidGroupNotFound, &message, None);
    let malformed = "The security group ID 'foobar' is malformed";
    let (code, detail) = (ErrorCode::InvalidGroupIdMalformed, Some(MALFORMED_GROUP));
    world.refuses("DescribeSecurityGroups", json!({"GroupIds": ["foobar"]}), code, malformed, detail);
    let message = "The filter 'group' is invalid";
    assert_eq!(world.refused("DescribeSecurityGroups", by("group", "x")).message, message);
}

#[test]
fn rules_of_one_service_are_told_together() {
    let mut world = World::new();
    let web = world.group("web");
    let permission = |from: i64, cidr: &str, description: Option<&str>| {
        let mut range = json!({"CidrIp": cidr});
        if let Some(description) = description {
            range["Description"] = json!(description);
        }
        json!({"IpProtocol": "tcp", "FromPort": from, "ToPort": from, "IpRanges": [range]})
    };
    let body = json!({"GroupId": web, "IpPermissions": [
        permission(443, "10.0.0.0/8", Some("office")),
        permission(22, "10.0.0.0/8", None),
        permission(443, "0.0.0.0/0", None),
        {"IpProtocol": "icmpv6", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        {"IpProtocol": "47", "FromPort": 1, "ToPort": 2, "IpRanges": [{"CidrIp": "192.0.2.1/32"}]},
    ]});
    world.done("AuthorizeSecurityGroupIngress", body);
    let empty = |mut item: Value| {
        for member in ["UserIdGroupPairs", "IpRanges", "Ipv6Ranges", "PrefixListIds"] {
            if item.get(member).is_none() {
                item[member] = json!([]);
            }
        }
        item
    };
    let expected = json!([
        empty(json!({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]})),
        empty(json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [
            {"CidrIp": "0.0.0.0/0"},
            {"CidrIp": "10.0.0.0/8", "Description": "office"},
        ]})),
        empty(json!({"IpProtocol": "icmpv6", "FromPort": -1, "ToPort": -1, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]})),
        empty(json!({"IpProtocol": "47", "IpRanges": [{"CidrIp": "192.0.2.1/32"}]})),
    ]);
    assert_eq!(world.describe_group(&web)["IpPermissions"], expected);
}
