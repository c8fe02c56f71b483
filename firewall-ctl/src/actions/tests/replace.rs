use super::*;
use crate::model::GroupId;
use ErrorCode::*;

const REPLACE: &str = "ReplaceSecurityGroupRules";

fn item(port: u16, cidr: &str, note: Option<&str>) -> Value {
    let mut range = json!({ "CidrIp": cidr });
    if let Some(note) = note {
        range["Description"] = json!(note);
    }
    json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [range]})
}

fn ids(rules: &Value) -> Vec<String> {
    rules.as_array().unwrap().iter().map(|rule| text(&rule["SecurityGroupRuleId"])).collect()
}

#[test]
fn rules_that_stay_keep_their_ids_numbers_and_tags() {
    let mut world = World::new();
    let web = world.group("web");
    let tags = json!([{"ResourceType": "security-group-rule", "Tags": [{"Key": "k", "Value": "v"}]}]);
    let items = json!([item(22, "10.0.0.0/8", Some("ssh")), item(80, "0.0.0.0/0", None)]);
    let body = json!({"GroupId": web, "IpPermissions": items, "TagSpecifications": tags});
    let before = ids(&world.done("AuthorizeSecurityGroupIngress", body)["SecurityGroupRules"]);
    let rules = |world: &World| world.model.groups[&web.parse::<GroupId>().unwrap()].rules.clone();
    let old = rules(&world);
    let items = json!([item(443, "0.0.0.0/0", None), item(80, "0.0.0.0/0", Some("web"))]);
    let answer = world.done(REPLACE, json!({"GroupName": "web", "Direction": "ingress", "IpPermissions": items}));
    let now = ids(&answer["SecurityGroupRules"]);
    assert_eq!((now.len(), &now[1]), (2, &before[1]));
    assert_eq!(ids(&answer["RevokedSecurityGroupRules"]), [before[0].clone()]);
    let kept = before[1].parse().unwrap();
    let new = rules(&world);
    assert_eq!((new[&kept].number, &new[&kept].tags), (old[&kept].number, &old[&kept].tags));
    assert_eq!(new[&kept].description.as_ref().map(ToString::to_string).as_deref(), Some("web"));
    // Its own egress rules, and two of ingress.
    assert_eq!(new.len(), old.len());
    let again = json!({"GroupId": web, "Direction": "ingress", "IpPermissions": items});
    assert!(world.outcome(REPLACE, again).model.is_none());
}

#[test]
fn a_direction_is_emptied_only_when_it_is_named() {
    let mut world = World::new();
    let web = world.group("web");
    world
        .done("AuthorizeSecurityGroupIngress", json!({"GroupId": web, "IpPermissions": [item(22, "0.0.0.0/0", None)]}));
    let count = |world: &mut World| {
        let group = world.describe_group(&web);
        let count = |list: &str| group[list].as_array().unwrap().len();
        (count("IpPermissions"), count("IpPermissionsEgress"))
    };
    world.done(REPLACE, json!({"GroupId": web, "Direction": "egress"}));
    assert_eq!(count(&mut world), (1, 0));
    let body = json!({"GroupId": web, "Direction": "both", "IpPermissionsEgress": [item(53, "10.0.0.0/8", None)]});
    world.done(REPLACE, body);
    assert_eq!(count(&mut world), (0, 1));
}

#[test]
fn what_can_not_replace_changes_nothing() {
    let mut world = World::new();
    world.quotas.rules_per_group = 2;
    let web = world.group("web");
    let before = world.describe_group(&web);
    let body = |direction: &str, items: Value| json!({"GroupId": web, "Direction": direction, "IpPermissions": items});
    let one = item(22, "0.0.0.0/0", None);
    let message = "The request must contain the parameter Direction";
    world.refuses(REPLACE, json!({"GroupId": web}), MissingParameter, message, None);
    let message = "Value (in) for parameter Direction is invalid.";
    let detail = Some("It is ingress, egress or both.");
    world.refuses(REPLACE, body("in", json!([one])), InvalidParameterValue, message, detail);
    let message = "The parameter IpPermissions cannot be used with the direction egress";
    world.refuses(REPLACE, body("egress", json!([one])), InvalidParameterCombination, message, None);
    let message = "The same permission must not appear multiple times";
    let detail = Some("This one does: ingress tcp/22 from 0.0.0.0/0.");
    world.refuses(REPLACE, body("ingress", json!([one, one])), InvalidParameterValue, message, detail);
    // Each rule of both directions comes before what is there twice.
    let mut both = body("both", json!([one, one]));
    both["IpPermissionsEgress"] = json!([item(53, "x", None)]);
    assert_eq!(world.refused(REPLACE, both).message, "CIDR block x is malformed");
    let message = "The security group 'sg-00000000' does not exist";
    let unknown = json!({"GroupId": NO_GROUP, "Direction": "ingress"});
    world.refuses(REPLACE, unknown, InvalidGroupNotFound, message, None);
    let many: Vec<Value> = (1..4).map(|port| item(port, "0.0.0.0/0", None)).collect();
    let error = world.refused(REPLACE, body("ingress", json!(many)));
    assert_eq!(error.code, RulesPerSecurityGroupLimitExceeded);
    assert_eq!(world.describe_group(&web), before);
    // What goes makes room for what comes.
    world.done(REPLACE, body("ingress", json!([item(1, "0.0.0.0/0", None), item(2, "0.0.0.0/0", None)])));
    world.done(REPLACE, body("ingress", json!([item(3, "0.0.0.0/0", None), item(4, "0.0.0.0/0", None)])));
}
