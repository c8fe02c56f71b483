use super::*;
use ErrorCode::*;

/// One resource of each kind, with its type.
fn resources(world: &mut World) -> Vec<(String, &'static str)> {
    let web = world.group("web");
    let filter = json!([{"Name": "group-id", "Values": [web]}]);
    let rules = world.done("DescribeSecurityGroupRules", json!({ "Filters": filter }));
    let rule = text(&rules["SecurityGroupRules"][0]["SecurityGroupRuleId"]);
    let list = json!({"PrefixListName": "offices", "MaxEntries": 2, "AddressFamily": "IPv4"});
    let list = text(&world.done("CreateManagedPrefixList", list)["PrefixList"]["PrefixListId"]);
    world.done("CreateNetworkInterface", json!({"Groups": [web]}));
    let interface = world.model.interfaces.keys().next().unwrap().to_string();
    let subnet = world.model.subnets.keys().next().unwrap().to_string();
    world.done("CreateInternetGateway", json!({}));
    let gateway = world.model.internet_gateways.keys().next().unwrap().to_string();
    // This host, which has named itself.
    let instance = world.model.instances.keys().next().unwrap().to_string();
    vec![
        (interface, "network-interface"),
        (instance, "instance"),
        (gateway, "internet-gateway"),
        (list, "prefix-list"),
        (web, "security-group"),
        (rule, "security-group-rule"),
        (subnet, "subnet"),
        (world.default_vpc(), "vpc"),
    ]
}

#[test]
fn every_kind_of_resource_has_tags() {
    let mut world = World::new();
    let resources = resources(&mut world);
    let ids: Vec<&str> = resources.iter().map(|(id, _)| id.as_str()).collect();
    let body = json!({"Resources": ids, "Tags": [{"Key": "Name", "Value": "one"}, {"Key": "team", "Value": ""}]});
    assert_eq!(world.done("CreateTags", body.clone()), json!({}));
    assert!(world.outcome("CreateTags", body).model.is_none(), "the same tags again are no change");
    let tag = |id: &str, kind: &str, key: &str, value: &str| json!({"Key": key, "ResourceId": id, "ResourceType": kind, "Value": value});
    let expected: Vec<Value> =
        resources.iter().flat_map(|(id, kind)| [tag(id, kind, "Name", "one"), tag(id, kind, "team", "")]).collect();
    assert_eq!(world.done("DescribeTags", json!({})), json!({ "Tags": expected }));
    for (id, kind) in &resources {
        for (name, value) in [("resource-id", id.as_str()), ("resource-type", kind)] {
            let filters = json!([{"Name": name, "Values": [value]}, {"Name": "key", "Values": ["N*"]}]);
            let found = world.done("DescribeTags", json!({ "Filters": filters }));
            assert_eq!(found, json!({"Tags": [tag(id, kind, "Name", "one")]}), "{name}");
        }
    }
    let filters = json!([{"Name": "tag:Name", "Values": ["one"]}]);
    let found = world.done("DescribeTags", json!({ "Filters": filters }));
    assert_eq!(found["Tags"].as_array().unwrap().len(), resources.len(), "not the other tags of a resource");
    let filters = json!([{"Name": "value", "Values": [""]}]);
    assert_eq!(world.done("DescribeTags", json!({ "Filters": filters }))["Tags"][0]["Key"], "team");
    let first = world.done("DescribeTags", json!({"MaxResults": 8}));
    let rest = world.done("DescribeTags", json!({"MaxResults": 8, "NextToken": first["NextToken"]}));
    let both = [first["Tags"].as_array().unwrap().clone(), rest["Tags"].as_array().unwrap().clone()].concat();
    assert_eq!(both, expected);
    // Describe actions tell them, and find by them.
    let filters = json!([{"Name": "tag:Name", "Values": ["one"]}]);
    let group = world.done("DescribeSecurityGroups", json!({ "Filters": filters }));
    assert_eq!(group["SecurityGroups"][0]["GroupId"], ids[4]);
}

#[test]
fn tags_are_overwritten_and_go() {
    let mut world = World::new();
    let web = world.group("web");
    let tags = |world: &mut World| world.describe_group(&web).get("Tags").cloned().unwrap_or(json!([]));
    let create = |pairs: Value| json!({"Resources": [web], "Tags": pairs});
    world.done("CreateTags", create(json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}, {"Key": "c"}])));
    world.done("CreateTags", create(json!([{"Key": "a", "Value": "9"}])));
    assert_eq!(tags(&mut world)[0], json!({"Key": "a", "Value": "9"}));
    let delete = |world: &mut World, choices: Value| {
        world.done("DeleteTags", json!({"Resources": [web], "Tags": choices}));
        tags(world).as_array().unwrap().iter().map(|tag| text(&tag["Key"])).collect::<String>()
    };
    // A value that is named has to be the tag's own, also when it is empty.
    assert_eq!(delete(&mut world, json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])), "abc");
    assert_eq!(delete(&mut world, json!([{"Key": "c", "Value": ""}, {"Key": "never"}])), "ab");
    assert_eq!(delete(&mut world, json!([{"Key": "a"}])), "b");
    assert_eq!(delete(&mut world, json!([])), "");
    assert!(world.outcome("DeleteTags", json!({"Resources": [web]})).model.is_none());
}

#[test]
fn tags_that_the_controller_heeds_are_deleted_by_name_only() {
    let mut world = World::new();
    let eni = text(&world.done("CreateNetworkInterface", json!({}))["NetworkInterface"]["NetworkInterfaceId"]);
    let pairs = json!([{"Key": "Name", "Value": "web"}, {"Key": "firewall:device", "Value": "here/eth0"}]);
    world.done("CreateTags", json!({"Resources": [eni], "Tags": pairs}));
    let filters = json!([{"Name": "resource-id", "Values": [eni]}]);
    let keys = |world: &mut World| {
        let told = world.done("DescribeTags", json!({"Filters": filters}))["Tags"].clone();
        told.as_array().unwrap().iter().map(|tag| text(&tag["Key"])).collect::<Vec<_>>()
    };
    world.done("DeleteTags", json!({"Resources": [eni]}));
    assert_eq!(keys(&mut world), ["firewall:device"]);
    world.done("DeleteTags", json!({"Resources": [eni], "Tags": [{"Key": "firewall:device"}]}));
    assert_eq!(keys(&mut world), Vec::<String>::new());
}

#[test]
fn tags_that_can_not_be_are_refused() {
    let mut world = World::new();
    let web = world.group("web");
    let tag = json!([{"Key": "k", "Value": "v"}]);
    let body = |resources: Value, tags: &Value| json!({"Resources": resources, "Tags": tags});
    for operation in ["CreateTags", "DeleteTags"] {
        let missing = "The request must contain the parameter Resources";
        world.refuses(operation, body(json!([]), &tag), MissingParameter, missing, None);
        let many = "The number of resources per request cannot exceed 1000.";
        let detail = Some("There are 1001.");
        world.refuses(operation, body(json!(vec![web.clone(); 1001]), &tag), InvalidParameterValue, many, detail);
        let detail = Some("Ids of what has tags begin with vpc-, sg-, pl-, eni-, subnet-, i-, igw-, sgr-.");
        world.refuses(operation, body(json!([web, "ami-1"]), &tag), InvalidId, "The ID 'ami-1' is not valid", detail);
        for (id, code) in [
            (NO_GROUP, InvalidGroupNotFound),
            (NO_RULE, InvalidSecurityGroupRuleIdNotFound),
            (NO_VPC, InvalidVpcIdNotFound),
            (NO_INTERFACE, InvalidNetworkInterfaceIdNotFound),
            ("pl-00000000", InvalidPrefixListIdNotFound),
            (NO_SUBNET, InvalidSubnetIdNotFound),
            (NO_INSTANCE, InvalidInstanceIdNotFound),
            (NO_GATEWAY, InvalidInternetGatewayIdNotFound),
            ("sg-x", InvalidGroupIdMalformed),
            ("sgr-x", InvalidSecurityGroupRuleIdMalformed),
            ("vpc-x", InvalidVpcIdMalformed),
            ("eni-x", InvalidNetworkInterfaceIdMalformed),
            ("pl-x", InvalidPrefixListIdMalformed),
        ] {
            assert_eq!(world.refused(operation, body(json!([web, id]), &tag)).code, code, "{id}");
        }
    }
    // The name of this host apart.
    let filters = json!([{"Name": "resource-type", "Values": ["security-group", "vpc", "network-interface"]}]);
    assert_eq!(world.done("DescribeTags", json!({ "Filters": filters })), json!({"Tags": []}), "all or none");
    let missing = "The request must contain the parameter Tags";
    world.refuses("CreateTags", body(json!([web]), &json!([])), MissingParameter, missing, None);
    let missing = "The request must contain the parameter Key";
    world.refuses("DeleteTags", body(json!([web]), &json!([{}])), MissingParameter, missing, None);
    let many = json!(vec![json!({"Key": "k"}); 1001]);
    let message = "The number of tags per request cannot exceed 1000.";
    world.refuses("DeleteTags", body(json!([web]), &many), InvalidParameterValue, message, Some("There are 1001."));
    let mut refuses = |tags: Value, code: ErrorCode, message: &str| {
        world.refuses("CreateTags", body(json!([web]), &tags), code, message, None);
    };
    let twice = json!([{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]);
    refuses(twice, InvalidParameterValue, "Duplicate tag key 'k' specified.");
    let empty = "Tag key must have between 1 and 127 characters: ''";
    refuses(json!([{"Key": ""}]), InvalidTagKeyMalformed, empty);
    let reserved = "Tag keys starting with 'aws:' are reserved for internal use: 'aws:x'";
    refuses(json!([{"Key": "aws:x"}]), InvalidParameterValue, reserved);
    let many: Vec<Value> = (0..50).map(|number| json!({"Key": number.to_string()})).collect();
    world.done("CreateTags", body(json!([web]), &json!(many)));
    let message = "The maximum number of tags per resource (50) has been reached";
    world.refuses("CreateTags", body(json!([web]), &tag), TagLimitExceeded, message, None);
}

#[test]
fn resources_are_looked_up_before_their_limits() {
    let mut world = World::new();
    let web = world.group("web");
    let tags: Vec<Value> = (0..50).map(|number| json!({"Key": format!("k{number}"), "Value": ""})).collect();
    world.done("CreateTags", json!({"Resources": [web], "Tags": tags}));
    let tags = json!([{"Key": "more"}]);
    let message = format!("The security group rule ID '{NO_RULE}' does not exist");
    let body = json!({"Resources": [web, NO_RULE], "Tags": tags});
    world.refuses("CreateTags", body, InvalidSecurityGroupRuleIdNotFound, &message, None);
    let body = json!({"Resources": [web], "Tags": tags});
    let message = "The maximum number of tags per resource (50) has been reached";
    world.refuses("CreateTags", body, TagLimitExceeded, message, None);
}
