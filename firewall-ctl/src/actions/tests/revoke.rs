use super::*;

const REVOKE: &str = "RevokeSecurityGroupIngress";

fn tcp(port: i64, cidr: &str) -> Value {
    json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]})
}

fn allow(world: &mut World, group: &str, items: &Value) -> Vec<String> {
    let body = json!({"GroupId": group, "IpPermissions": items});
    let answer = world.done("AuthorizeSecurityGroupIngress", body);
    let rules = answer["SecurityGroupRules"].as_array().unwrap();
    rules.iter().map(|rule| text(&rule["SecurityGroupRuleId"])).collect()
}

#[test]
fn a_rule_is_revoked_by_what_it_says() {
    let mut world = World::new();
    let vpc = world.vpc();
    let web = world.group_in(&vpc, "web");
    let item = json!({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [
        {"CidrIp": "10.0.0.0/8", "Description": "office"}, {"CidrIp": "192.0.2.0/24"},
    ]});
    let rules = allow(&mut world, &web, &json!([item]));
    // The description is not compared, and the spelling of a block neither.
    let answer = world.done(REVOKE, json!({"GroupId": web, "IpPermissions": [tcp(22, "10.9.9.9/8")]}));
    let expected = json!({"Return": true, "RevokedSecurityGroupRules": [{
        "SecurityGroupRuleId": rules[0],
        "GroupId": web,
        "IsEgress": false,
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "CidrIpv4": "10.0.0.0/8",
        "Description": "office",
    }]});
    assert_eq!(answer, expected);
    let left = world.describe_group(&web)["IpPermissions"][0]["IpRanges"].clone();
    assert_eq!(left, json!([{"CidrIp": "192.0.2.0/24"}]));
}

#[test]
fn rules_are_revoked_by_their_ids() {
    let mut world = World::new();
    let web = world.group("web");
    let rules = allow(&mut world, &web, &json!([tcp(22, "10.0.0.0/8"), tcp(80, "0.0.0.0/0"), tcp(81, "0.0.0.0/0")]));
    let answer = world.done(REVOKE, json!({"GroupId": web, "SecurityGroupRuleIds": [rules[2], rules[0]]}));
    let revoked = answer["RevokedSecurityGroupRules"].as_array().unwrap();
    let revoked: Vec<_> = revoked.iter().map(|rule| text(&rule["SecurityGroupRuleId"])).collect();
    assert_eq!(revoked, [rules[2].clone(), rules[0].clone()]);
    assert_eq!(world.describe_group(&web)["IpPermissions"].as_array().unwrap().len(), 1);
}

#[test]
fn the_rule_for_all_traffic_is_revoked_with_ports_and_without() {
    let mut world = World::new();
    let web = world.group("web");
    // What Terraform does with each new group.
    let item = json!({"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]});
    world.done("RevokeSecurityGroupEgress", json!({"GroupId": web, "IpPermissions": [item]}));
    let left = world.describe_group(&web)["IpPermissionsEgress"][0].clone();
    assert_eq!((&left["IpRanges"], &left["Ipv6Ranges"]), (&json!([]), &json!([{"CidrIpv6": "::/0"}])));
}

#[test]
fn what_is_not_there_is_an_error_and_nothing_is_revoked() {
    let mut world = World::new();
    let vpc = world.vpc();
    let web = world.group_in(&vpc, "web");
    allow(&mut world, &web, &json!([tcp(22, "10.0.0.0/8")]));
    let before = world.model.clone();
    let items = json!([tcp(22, "10.0.0.0/8"), tcp(22, "10.0.0.0/9"), tcp(23, "10.0.0.0/8")]);
    let message = "The specified rule does not exist in this security group.";
    let detail = "not there: ingress tcp/22 from 10.0.0.0/9\nnot there: ingress tcp/23 from 10.0.0.0/8";
    let body = json!({"GroupId": web, "IpPermissions": items});
    world.refuses(REVOKE, body, ErrorCode::InvalidPermissionNotFound, message, Some(detail));
    assert_eq!(world.model, before);
}

#[test]
fn in_the_default_vpc_what_is_not_there_is_told() {
    let mut world = World::new();
    let web = world.group("web");
    allow(&mut world, &web, &json!([tcp(22, "10.0.0.0/8")]));
    let item = json!({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [
        {"CidrIp": "10.0.0.0/8"}, {"CidrIp": "10.0.0.0/9"}, {"CidrIp": "10.0.0.0/10"},
    ]});
    let answer = world.done(REVOKE, json!({"GroupId": web, "IpPermissions": [item]}));
    assert_eq!(answer["RevokedSecurityGroupRules"].as_array().unwrap().len(), 1);
    let unknown = json!([{
        "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [],
        "IpRanges": [{"CidrIp": "10.0.0.0/9"}, {"CidrIp": "10.0.0.0/10"}], "Ipv6Ranges": [], "PrefixListIds": [],
    }]);
    assert_eq!(answer["UnknownIpPermissions"], unknown);
    let outcome = world.outcome(REVOKE, json!({"GroupId": web, "IpPermissions": [tcp(1, "10.0.0.0/8")]}));
    assert!(outcome.model.is_none(), "nothing was revoked");
}

#[test]
fn ids_that_are_not_of_the_group_and_direction_are_refused() {
    let mut world = World::new();
    let (web, db) = (world.group("web"), world.group("db"));
    let rule = allow(&mut world, &db, &json!([tcp(22, "10.0.0.0/8")])).remove(0);
    let mut refuses = |operation: &str, group: &str, ids: Value, code, message: &str, detail: Option<&str>| {
        world.refuses(operation, json!({"GroupId": group, "SecurityGroupRuleIds": ids}), code, message, detail);
    };
    use ErrorCode::*;
    let message = format!("The security group rule ID '{NO_RULE}' does not exist");
    refuses(REVOKE, &web, json!([NO_RULE]), InvalidSecurityGroupRuleIdNotFound, &message, None);
    let message = format!("The security group rule ID '{rule}' does not exist");
    let detail = format!("It is a rule of group {db}.");
    refuses(REVOKE, &web, json!([rule]), InvalidSecurityGroupRuleIdNotFound, &message, Some(&detail));
    let detail = "It is an ingress rule of this group: revoke-security-group-ingress is for it.";
    let egress = "RevokeSecurityGroupEgress";
    refuses(egress, &db, json!([rule]), InvalidSecurityGroupRuleIdNotFound, &message, Some(detail));
    let malformed = "The security group rule ID 'foobar' is malformed";
    let detail = "It is sgr- and 17 digits 0-9 and a-f, or 8 for an old one.";
    refuses(REVOKE, &web, json!(["foobar"]), InvalidSecurityGroupRuleIdMalformed, malformed, Some(detail));
    let twice = "The same permission must not appear multiple times";
    let detail = format!("This one does: {rule}.");
    refuses(REVOKE, &db, json!([rule, rule]), InvalidParameterValue, twice, Some(&detail));
    let message = format!("The security group rule ID '{NO_RULE}' does not exist");
    refuses(REVOKE, &db, json!([rule, rule, NO_RULE]), InvalidSecurityGroupRuleIdNotFound, &message, None);
}

#[test]
fn either_rules_or_ids_are_needed() {
    let mut world = World::new();
    let web = world.group("web");
    let message = "The request must contain the parameter IpPermissions or SecurityGroupRuleIds";
    world.refuses(REVOKE, json!({"GroupId": web}), ErrorCode::MissingParameter, message, None);
    let body = json!({"GroupId": web, "IpPermissions": [tcp(1, "0.0.0.0/0")], "SecurityGroupRuleIds": [NO_RULE]});
    let message = "The parameter IpPermissions cannot be used with the parameter SecurityGroupRuleIds";
    world.refuses(REVOKE, body, ErrorCode::InvalidParameterCombination, message, None);
}

#[test]
fn the_older_form_revokes_too() {
    let mut world = World::new();
    let web = world.group("web");
    allow(&mut world, &web, &json!([tcp(22, "10.0.0.0/8")]));
    let body = json!({"GroupName": "web", "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8"});
    world.done(REVOKE, body);
    assert_eq!(world.describe_group(&web)["IpPermissions"], json!([]));
}

#[test]
fn rules_are_listed_one_by_one() {
    let mut world = World::new();
    let (web, db) = (world.group("web"), world.group("db"));
    let rules = allow(&mut world, &web, &json!([tcp(22, "10.0.0.0/8"), tcp(80, "0.0.0.0/0")]));
    let mut list = |body: Value| {
        let rules = world.done("DescribeSecurityGroupRules", body)["SecurityGroupRules"].clone();
        rules.as_array().unwrap().iter().map(|rule| text(&rule["SecurityGroupRuleId"])).collect::<BTreeSet<_>>()
    };
    let by = |name: &str, value: &str| json!({"Filters": [{"Name": name, "Values": [value]}]});
    let of_web = list(by("group-id", &web));
    assert_eq!(of_web.len(), 4);
    assert!(rules.iter().all(|rule| of_web.contains(rule)));
    assert_eq!(list(by("security-group-rule-id", &rules[0])), BTreeSet::from([rules[0].clone()]));
    assert_eq!(list(json!({"SecurityGroupRuleIds": [rules[1]]})), BTreeSet::from([rules[1].clone()]));
    assert_eq!(list(by("group-id", &db)).len(), 2);
    assert_eq!(list(by("group-id", NO_GROUP)), BTreeSet::new());
    assert_eq!(list(by("group-id", "sg-*")).len(), 3 + 4 + 2);
    let malformed = "The security group ID 'foobar' is malformed";
    let (operation, code) = ("DescribeSecurityGroupRules", ErrorCode::InvalidGroupIdMalformed);
    world.refuses(operation, by("group-id", "foobar"), code, malformed, Some(MALFORMED_GROUP));
    let message = format!("The security group rule ID '{NO_RULE}' does not exist");
    let code = ErrorCode::InvalidSecurityGroupRuleIdNotFound;
    world.refuses(operation, json!({"SecurityGroupRuleIds": [NO_RULE]}), code, &message, None);
}
