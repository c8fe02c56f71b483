use super::*;
use ErrorCode::*;

const MODIFY: &str = "ModifySecurityGroupRules";
const INGRESS: &str = "AuthorizeSecurityGroupIngress";

/// A group with rules, one of each kind of peer, and their ids in the order of the kinds.
fn group_of_rules(world: &mut World) -> (String, Vec<String>) {
    let (web, lb) = (world.group("web"), world.group("lb"));
    let list = json!({"PrefixListName": "offices", "MaxEntries": 2, "AddressFamily": "IPv4"});
    let list = text(&world.done("CreateManagedPrefixList", list)["PrefixList"]["PrefixListId"]);
    let item = json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "office"}],
        "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
        "UserIdGroupPairs": [{"GroupId": lb}],
        "PrefixListIds": [{"PrefixListId": list}]});
    let answer = world.done(INGRESS, json!({"GroupId": web, "IpPermissions": [item]}));
    let rules = answer["SecurityGroupRules"].as_array().unwrap();
    (web, rules.iter().map(|rule| text(&rule["SecurityGroupRuleId"])).collect())
}

fn update(rule: &str, wanted: &Value) -> Value {
    json!({"SecurityGroupRuleId": rule, "SecurityGroupRule": wanted})
}

/// TCP port 22 with the members given.
fn ssh(more: &Value) -> Value {
    let mut rule = json!({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22});
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rule
}

impl World {
    fn rule(&mut self, id: &str) -> Value {
        let answer = self.done("DescribeSecurityGroupRules", json!({"SecurityGroupRuleIds": [id]}));
        answer["SecurityGroupRules"][0].clone()
    }

    fn egress_rule(&mut self, group: &str) -> String {
        let filter = json!([{"Name": "group-id", "Values": [group]}]);
        let answer = self.done("DescribeSecurityGroupRules", json!({ "Filters": filter }));
        let rules = answer["SecurityGroupRules"].as_array().unwrap();
        text(
            &rules.iter().find(|rule| rule["IsEgress"] == true && rule["CidrIpv4"] == "0.0.0.0/0").unwrap()["SecurityGroupRuleId"],
        )
    }
}

#[test]
fn rules_change_and_keep_their_ids_and_directions() {
    let mut world = World::new();
    let (web, rules) = group_of_rules(&mut world);
    let (db, egress) = (world.group("db"), world.egress_rule(&web));
    let numbers = |world: &World| -> BTreeSet<u32> {
        world.model.groups.values().flat_map(|group| group.rules.values()).map(|rule| rule.number).collect()
    };
    let before = numbers(&world);
    let body = json!({"GroupId": web, "SecurityGroupRules": [
        update(&rules[0], &ssh(&json!({"CidrIpv4": "192.0.2.77/24"}))),
        update(&rules[2], &ssh(&json!({"ReferencedGroupId": db, "Description": "base"}))),
        update(&egress, &json!({"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "CidrIpv4": "0.0.0.0/0"})),
    ]});
    assert_eq!(world.done(MODIFY, body), json!({"Return": true}));
    assert_eq!(numbers(&world), before);
    let rule = world.rule(&rules[0]);
    assert_eq!((&rule["CidrIpv4"], &rule["FromPort"]), (&json!("192.0.2.0/24"), &json!(22)));
    assert_eq!(rule["Description"], "office", "a description that is not named is kept");
    let rule = world.rule(&rules[2]);
    assert_eq!((&rule["ReferencedGroupInfo"]["GroupId"], &rule["Description"]), (&json!(db), &json!("base")));
    let rule = world.rule(&egress);
    assert_eq!((&rule["IsEgress"], &rule["IpProtocol"]), (&json!(true), &json!("udp")));
    // An empty description is none.
    let none = ssh(&json!({"CidrIpv4": "192.0.2.77/24", "Description": ""}));
    world.done(MODIFY, json!({"GroupId": web, "SecurityGroupRules": [update(&rules[0], &none)]}));
    assert_eq!(world.rule(&rules[0]).get("Description"), None);
    // Rules may change places: what counts is what there is afterwards.
    let other = json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "10.0.0.0/8"});
    let added = json!({"GroupId": web, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]});
    let added = text(&world.done(INGRESS, added)["SecurityGroupRules"][0]["SecurityGroupRuleId"]);
    let swap = json!([update(&rules[0], &other), update(&added, &none)]);
    world.done(MODIFY, json!({"GroupId": web, "SecurityGroupRules": swap}));
    assert_eq!(world.rule(&rules[0])["CidrIpv4"], "10.0.0.0/8");
}

#[test]
fn changes_that_break_the_rules_are_refused() {
    let mut world = World::new();
    let (web, rules) = group_of_rules(&mut world);
    let mut refuses = |body: Value, code: ErrorCode, message: &str| {
        let error = world.refused(MODIFY, body);
        assert_eq!((error.code, error.message.as_str()), (code, message));
    };
    let body = |updates: Value| json!({"GroupId": web, "SecurityGroupRules": updates});
    refuses(json!({}), MissingParameter, "The request must contain the parameter GroupId");
    refuses(body(json!([])), MissingParameter, "The request must contain the parameter SecurityGroupRules");
    let unknown = json!({"GroupId": NO_GROUP, "SecurityGroupRules": [{}]});
    refuses(unknown, InvalidGroupNotFound, "The security group 'sg-00000000' does not exist");
    refuses(body(json!([{}])), MissingParameter, "The request must contain the parameter SecurityGroupRuleId");
    let malformed = "The security group rule ID 'foobar' is malformed";
    refuses(body(json!([update("foobar", &json!({}))])), InvalidSecurityGroupRuleIdMalformed, malformed);
    let missing = "The security group rule ID 'sgr-00000000' does not exist";
    refuses(body(json!([update(NO_RULE, &json!({}))])), InvalidSecurityGroupRuleIdNotFound, missing);
    let body = json!({"GroupId": world.default_group(), "SecurityGroupRules": [update(&rules[0], &json!({}))]});
    let message = format!("The security group rule ID '{}' does not exist", rules[0]);
    let detail = format!("It is a rule of group {web}.");
    world.refuses(MODIFY, body, InvalidSecurityGroupRuleIdNotFound, &message, Some(&detail));
    let body = |updates: Value| json!({"GroupId": web, "SecurityGroupRules": updates});
    let mut refuses = |update: Value, code: ErrorCode, message: &str| {
        let error = world.refused(MODIFY, body(json!([update])));
        assert_eq!((error.code, error.message.as_str()), (code, message));
    };
    let bare = json!({"SecurityGroupRuleId": rules[0]});
    refuses(bare, MissingParameter, "The request must contain the parameter SecurityGroupRule");
    let null = "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.";
    refuses(update(&rules[0], &json!({"CidrIpv4": "10.0.0.0/8"})), InvalidParameterValue, null);
    let ports = "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.";
    refuses(update(&rules[0], &json!({"IpProtocol": "tcp"})), InvalidParameterValue, ports);
    let none = "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId";
    refuses(update(&rules[0], &ssh(&json!({}))), MissingParameter, none);
    let both = ssh(&json!({"CidrIpv4": "10.0.0.0/8", "CidrIpv6": "::/0"}));
    let only = "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified";
    refuses(update(&rules[0], &both), InvalidParameterCombination, only);
    let ipv6 = ssh(&json!({"CidrIpv6": "::/0"}));
    let kind = |rule: &str, given: &str, has: &str, end: &str| {
        format!(
            "Invalid rule type for security group rule '{rule}'. You may not specify {given} for an existing {has} \
             rule{end}"
        )
    };
    refuses(update(&rules[0], &ipv6), InvalidParameterValue, &kind(&rules[0], "CidrIpv6", "IPv4 CIDR", "."));
    let group = ssh(&json!({"ReferencedGroupId": "nonsense"}));
    let message = kind(&rules[0], "a referenced group id", "IPv4 CIDR", "");
    refuses(update(&rules[0], &group), InvalidParameterValue, &message);
    let ipv4 = ssh(&json!({"CidrIpv4": "10.0.0.0/8"}));
    refuses(update(&rules[1], &ipv4), InvalidParameterValue, &kind(&rules[1], "CidrIpv4", "IPv6 CIDR", "."));
    let list = ssh(&json!({"PrefixListId": "pl-12345678"}));
    let message = kind(&rules[2], "a prefix list id", "referenced group", ".");
    refuses(update(&rules[2], &list), InvalidParameterValue, &message);
    refuses(update(&rules[3], &ipv4), InvalidParameterValue, &kind(&rules[3], "CidrIpv4", "prefix list", "."));
    let missing = "The prefix list ID 'pl-12345678' does not exist";
    refuses(update(&rules[3], &list), InvalidPrefixListIdNotFound, missing);
    let missing = "The security group 'sg-00000000' does not exist";
    refuses(update(&rules[2], &ssh(&json!({"ReferencedGroupId": NO_GROUP}))), InvalidGroupNotFound, missing);
    let malformed = "CIDR block ::/0 is malformed";
    refuses(update(&rules[0], &ssh(&json!({"CidrIpv4": "::/0"}))), InvalidParameterValue, malformed);
    let charset = "Invalid rule description. Valid descriptions are strings less than 256 characters from the \
        following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
    let note = ssh(&json!({"CidrIpv4": "10.0.0.0/8", "Description": "it's"}));
    refuses(update(&rules[0], &note), InvalidParameterValue, charset);
}

#[test]
fn no_two_rules_become_the_same() {
    let mut world = World::new();
    let (web, rules) = group_of_rules(&mut world);
    let body = json!({"GroupId": web, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
        "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}]});
    let known = text(&world.done(INGRESS, body)["SecurityGroupRules"][0]["SecurityGroupRuleId"]);
    let wanted = ssh(&json!({"CidrIpv4": "192.0.2.9/24"}));
    let body = json!({"GroupId": web, "SecurityGroupRules": [update(&rules[0], &wanted)]});
    let message = "the specified rule \"peer: 192.0.2.0/24, TCP, from port: 22, to port: 22, ALLOW\" already exists";
    let detail = format!("It is rule {known} of group {web}.");
    world.refuses(MODIFY, body, InvalidPermissionDuplicate, message, Some(&detail));
    let other = ssh(&json!({"CidrIpv4": "198.51.100.0/24"}));
    let message = "The same permission must not appear multiple times";
    let body = json!({"GroupId": web, "SecurityGroupRules": [update(&rules[0], &other), update(&known, &other)]});
    let detail = "This one does: ingress tcp/22 from 198.51.100.0/24.";
    world.refuses(MODIFY, body, InvalidParameterValue, message, Some(detail));
    let body = json!({"GroupId": web, "SecurityGroupRules": [update(&known, &other), update(&known, &wanted)]});
    world.refuses(MODIFY, body, InvalidParameterValue, message, Some(&format!("This one does: {known}.")));
    let note = json!([{"SecurityGroupRuleId": known}, {"SecurityGroupRuleId": known, "Description": "b"}]);
    let body = json!({"GroupId": web, "SecurityGroupRuleDescriptions": note});
    let operation = "UpdateSecurityGroupRuleDescriptionsIngress";
    world.refuses(operation, body, InvalidParameterValue, message, Some(&format!("This one does: {known}.")));
    // Ids come before what is asked of each rule, and that before what is named twice.
    let mut refusal = |updates: Value| world.refused(MODIFY, json!({"GroupId": web, "SecurityGroupRules": updates}));
    let bad = ssh(&json!({"CidrIpv4": "x"}));
    let unknown = refusal(json!([update(&known, &bad), update(&known, &bad), update(NO_RULE, &bad)]));
    assert_eq!(unknown.code, InvalidSecurityGroupRuleIdNotFound);
    let malformed = refusal(json!([update(&known, &wanted), update(&known, &bad)]));
    assert_eq!(malformed.message, "CIDR block x is malformed");
}

#[test]
fn a_change_to_a_larger_list_needs_room() {
    let mut world = World::new();
    let (web, rules) = group_of_rules(&mut world);
    let list = json!({"PrefixListName": "many", "MaxEntries": 59, "AddressFamily": "IPv4"});
    let list = text(&world.done("CreateManagedPrefixList", list)["PrefixList"]["PrefixListId"]);
    let body = json!({"GroupId": web, "SecurityGroupRules": [update(&rules[3], &ssh(&json!({"PrefixListId": list})))]});
    let error = world.refused(MODIFY, body);
    assert_eq!(error.code, RulesPerSecurityGroupLimitExceeded);
    let detail = error.detail.unwrap();
    assert!(detail.starts_with(&format!("Group {web} has 4 ingress rules of IPv4 and would get 57")), "{detail}");
}

#[test]
fn notes_change_and_go() {
    let mut world = World::new();
    let (web, rules) = group_of_rules(&mut world);
    let operation = "UpdateSecurityGroupRuleDescriptionsIngress";
    let item = |note: Option<&str>| {
        let range = json!({"CidrIp": "10.0.0.0/8", "Description": note});
        json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [range]})
    };
    let body = json!({"GroupName": "web", "IpPermissions": [item(Some("head office"))]});
    assert_eq!(world.done(operation, body), json!({"Return": true}));
    assert_eq!(world.rule(&rules[0])["Description"], "head office");
    let notes = json!([{"SecurityGroupRuleId": rules[0]}, {"SecurityGroupRuleId": rules[1], "Description": "v6"}]);
    let body = json!({"GroupId": web, "SecurityGroupRuleDescriptions": notes});
    world.done(operation, body.clone());
    assert_eq!(world.rule(&rules[0]).get("Description"), None);
    assert_eq!(world.rule(&rules[1])["Description"], "v6");
    assert!(world.outcome(operation, body).model.is_none());
    let egress = world.egress_rule(&web);
    let notes = json!([{"SecurityGroupRuleId": egress, "Description": "anywhere"}]);
    let body = json!({"GroupId": web, "SecurityGroupRuleDescriptions": notes});
    world.done("UpdateSecurityGroupRuleDescriptionsEgress", body.clone());
    assert_eq!(world.rule(&egress)["Description"], "anywhere");

    let message = format!("The security group rule ID '{egress}' does not exist");
    let detail = "It is an egress rule of this group: update-security-group-rule-descriptions-egress is for it.";
    world.refuses(operation, body, InvalidSecurityGroupRuleIdNotFound, &message, Some(detail));
    let both = json!({"GroupId": web, "IpPermissions": [item(None)],
        "SecurityGroupRuleDescriptions": [{"SecurityGroupRuleId": rules[0]}]});
    let message = "The parameter IpPermissions cannot be used with the parameter SecurityGroupRuleDescriptions";
    world.refuses(operation, both, InvalidParameterCombination, message, None);
    let message = "The request must contain the parameter IpPermissions or SecurityGroupRuleDescriptions";
    world.refuses(operation, json!({"GroupId": web}), MissingParameter, message, None);
    // Also in the default VPC: an update of what is not there would be a change without effect.
    let (mut other, mut another) = (item(Some("x")), item(None));
    (other["ToPort"], another["ToPort"]) = (json!(444), json!(445));
    let message = "The specified rule does not exist in this security group.";
    let detail = "not there: ingress tcp/443-444 from 10.0.0.0/8\nnot there: ingress tcp/443-445 from 10.0.0.0/8";
    let body = json!({"GroupId": web, "IpPermissions": [item(Some("y")), other, another]});
    world.refuses(operation, body, InvalidPermissionNotFound, message, Some(detail));
    assert_eq!(world.rule(&rules[0]).get("Description"), None, "all or none");
}
