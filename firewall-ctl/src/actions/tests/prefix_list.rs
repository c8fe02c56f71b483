use super::*;

const CREATE: &str = "CreateManagedPrefixList";
const MODIFY: &str = "ModifyManagedPrefixList";
const RESTORE: &str = "RestoreManagedPrefixListVersion";
const DELETE: &str = "DeleteManagedPrefixList";
const ENTRIES: &str = "GetManagedPrefixListEntries";

impl World {
    /// A list of IPv4 with a name, a size and entries.
    fn list(&mut self, name: &str, size: u32, entries: &[&str]) -> String {
        let entries: Vec<Value> = entries.iter().map(|cidr| json!({"Cidr": cidr})).collect();
        let body = json!({"PrefixListName": name, "MaxEntries": size, "AddressFamily": "IPv4", "Entries": entries});
        text(&self.done(CREATE, body)["PrefixList"]["PrefixListId"])
    }

    fn entries(&mut self, list: &str, version: Option<u64>) -> Vec<String> {
        let mut body = json!({"PrefixListId": list});
        if let Some(version) = version {
            body["TargetVersion"] = json!(version);
        }
        let answer = self.done(ENTRIES, body);
        answer["Entries"].as_array().unwrap().iter().map(|entry| text(&entry["Cidr"])).collect()
    }

    /// Lets a group be reached from a list.
    fn admit(&mut self, group: &str, list: &str, port: u16) {
        let item = json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port,
            "PrefixListIds": [{"PrefixListId": list, "Description": "offices"}]});
        self.done("AuthorizeSecurityGroupIngress", json!({"GroupId": group, "IpPermissions": [item]}));
    }
}

#[test]
fn a_list_is_made_as_it_is_described() {
    let mut world = World::new();
    let body = json!({
        "PrefixListName": "offices", "MaxEntries": 3, "AddressFamily": "IPv6",
        "Entries": [{"Cidr": "2001:DB8:1::7/48", "Description": "north"}, {"Cidr": "2001:db8::/32"}],
        "TagSpecifications": [{"ResourceType": "prefix-list", "Tags": [{"Key": "k", "Value": "v"}]}],
    });
    let answer = world.done(CREATE, body);
    let id = text(&answer["PrefixList"]["PrefixListId"]);
    let list = json!({
        "PrefixListId": id,
        "AddressFamily": "IPv6",
        "State": "create-complete",
        "PrefixListArn": format!("arn:aws:ec2:local:000000000000:prefix-list/{id}"),
        "PrefixListName": "offices",
        "MaxEntries": 3,
        "Version": 1,
        "Tags": [{"Key": "k", "Value": "v"}],
        "OwnerId": "000000000000",
    });
    assert_eq!(answer, json!({"PrefixList": list}));
    assert_eq!(world.done("DescribeManagedPrefixLists", json!({})), json!({"PrefixLists": [list]}));
    let entries = json!({"Entries": [{"Cidr": "2001:db8::/32"}, {"Cidr": "2001:db8:1::/48", "Description": "north"}]});
    assert_eq!(world.done(ENTRIES, json!({"PrefixListId": id})), entries);
    let blocks = json!({"PrefixLists": [
        {"Cidrs": ["2001:db8::/32", "2001:db8:1::/48"], "PrefixListId": id, "PrefixListName": "offices"},
    ]});
    assert_eq!(world.done("DescribePrefixLists", json!({"PrefixListIds": [id]})), blocks);
}

#[test]
fn what_can_not_be_made_is_refused() {
    use ErrorCode::*;
    let mut world = World::new();
    let whole = json!({"PrefixListName": "offices", "MaxEntries": 2, "AddressFamily": "IPv4"});
    for (member, value, code, message) in [
        ("PrefixListName", json!(""), MissingParameter, "The request must contain the parameter PrefixListName"),
        ("MaxEntries", Value::Null, MissingParameter, "The request must contain the parameter MaxEntries"),
        ("AddressFamily", Value::Null, MissingParameter, "The request must contain the parameter AddressFamily"),
        (
            "PrefixListName",
            json!("com.amazonaws.x"),
            InvalidParameterValue,
            "The name of a prefix list can't start with 'com.amazonaws': 'com.amazonaws.x'",
        ),
        ("MaxEntries", json!(0), InvalidParameterValue, "Must specify a max size between 1 and 1000"),
        ("MaxEntries", json!(1001), InvalidParameterValue, "Must specify a max size between 1 and 1000"),
        ("MaxEntries", json!(-1), InvalidParameterValue, "Must specify a max size between 1 and 1000"),
        ("AddressFamily", json!("ipv4"), InvalidParameterValue, "Value (ipv4) for parameter AddressFamily is invalid."),
        (
            "Entries",
            json!(vec![json!({"Cidr": "10.0.0.0/8"}); 101]),
            InvalidParameterValue,
            "The number of entries per request cannot exceeds limit (100).",
        ),
        ("Entries", json!([{}]), MissingParameter, "The request must contain the parameter Cidr"),
        ("Entries", json!([{"Cidr": "10.0.0.1"}]), InvalidParameterValue, "CIDR block 10.0.0.1 is malformed"),
        ("Entries", json!([{"Cidr": "fd00::/8"}]), InvalidParameterValue, "CIDR block fd00::/8 is malformed"),
        (
            "Entries",
            json!([{"Cidr": "10.0.0.0/8"}, {"Cidr": "10.0.0.1/8"}]),
            InvalidParameterValue,
            "The entry with the CIDR (10.0.0.0/8) is specified more than once.",
        ),
        (
            "Entries",
            json!([{"Cidr": "10.0.0.0/8", "Description": "x".repeat(256)}]),
            InvalidParameterValue,
            &format!("The description of an entry has at most 255 characters: '{}'", "x".repeat(256)),
        ),
        (
            "Entries",
            json!([{"Cidr": "10.0.0.0/8"}, {"Cidr": "11.0.0.0/8"}, {"Cidr": "12.0.0.0/8"}]),
            PrefixListMaxEntriesExceeded,
            "The maximum number of entries for the prefix list has been reached.",
        ),
        (
            "TagSpecifications",
            json!([{"ResourceType": "security-group", "Tags": []}]),
            InvalidParameterValue,
            "'security-group' is not a valid taggable resource type for this operation.",
        ),
        ("ClientToken", json!("x".repeat(256)), InvalidClientToken, "The specified client token is not valid."),
    ] {
        let mut body = whole.clone();
        body[member] = value;
        let error = world.refused(CREATE, body);
        assert_eq!((error.code, error.message.as_str()), (code, message));
    }
    let detail = world.refused(CREATE, {
        let mut body = whole.clone();
        body["Entries"] = json!([{"Cidr": "fd00::/8"}]);
        body
    });
    assert_eq!(detail.detail.as_deref(), Some("The list is of IPv4."));
    world.quotas.prefix_lists = 1;
    world.done(CREATE, whole.clone());
    let message = "The maximum number of prefix lists has been reached.";
    world.refuses(CREATE, whole, PrefixListLimitExceeded, message, Some("There are 1; the limit is 1."));
}

#[test]
fn the_same_token_makes_one_list() {
    let mut world = World::new();
    let body = |size: u32| {
        json!({"PrefixListName": "offices", "MaxEntries": size, "AddressFamily": "IPv4",
        "ClientToken": "7"})
    };
    let first = world.done(CREATE, body(2));
    assert_eq!(world.done(CREATE, body(2)), first);
    assert_eq!(world.model.prefix_lists.len(), 1);
    let message = "The request uses the same client token as a previous, but non-identical request.";
    let detail = Some("The token is '7'. A new request takes a new one.");
    world.refuses(CREATE, body(3), ErrorCode::IdempotentParameterMismatch, message, detail);
    // Without a token, and with another one, each request makes a list.
    let mut other = body(2);
    other["ClientToken"] = json!("8");
    world.done(CREATE, other);
    other = body(2);
    other["ClientToken"] = json!("");
    world.done(CREATE, other.clone());
    world.done(CREATE, other);
    assert_eq!(world.model.prefix_lists.len(), 4);
    // The token goes with its list.
    world.done(DELETE, json!({"PrefixListId": first["PrefixList"]["PrefixListId"]}));
    assert_ne!(world.done(CREATE, body(3)), first);
}

#[test]
fn entries_name_and_size_change_and_the_version_with_the_entries() {
    let mut world = World::new();
    let list = world.list("offices", 3, &["10.0.0.0/8", "11.0.0.0/8"]);
    let body = json!({"PrefixListId": list, "CurrentVersion": 1, "AddEntries": [{"Cidr": "12.0.0.0/8"}],
        "RemoveEntries": [{"Cidr": "10.1.2.3/8"}]});
    let answer = world.done(MODIFY, body);
    assert_eq!(
        (&answer["PrefixList"]["Version"], &answer["PrefixList"]["State"]),
        (&json!(2), &json!("modify-complete"))
    );
    assert_eq!(world.entries(&list, None), ["11.0.0.0/8", "12.0.0.0/8"]);
    assert_eq!(world.entries(&list, Some(1)), ["10.0.0.0/8", "11.0.0.0/8"]);
    // Name and size are of no version.
    let answer = world.done(MODIFY, json!({"PrefixListId": list, "PrefixListName": "sites", "MaxEntries": 5}));
    let has = |member: &str| answer["PrefixList"][member].clone();
    assert_eq!((has("Version"), has("PrefixListName"), has("MaxEntries")), (json!(2), json!("sites"), json!(5)));
    // A description changes where an entry goes and comes.
    let body = json!({"PrefixListId": list, "RemoveEntries": [{"Cidr": "11.0.0.0/8"}],
        "AddEntries": [{"Cidr": "11.0.0.0/8", "Description": "south"}]});
    assert_eq!(world.done(MODIFY, body)["PrefixList"]["Version"], 3);
    let answer = world.done(ENTRIES, json!({"PrefixListId": list}));
    assert_eq!(answer["Entries"][0], json!({"Cidr": "11.0.0.0/8", "Description": "south"}));

    let answer = world.done(RESTORE, json!({"PrefixListId": list, "PreviousVersion": 1, "CurrentVersion": 3}));
    let has = |member: &str| answer["PrefixList"][member].clone();
    assert_eq!((has("Version"), has("State")), (json!(4), json!("restore-complete")));
    assert_eq!(world.entries(&list, None), world.entries(&list, Some(1)));
    let answer = world.done(DELETE, json!({"PrefixListId": list}));
    assert_eq!(answer["PrefixList"]["State"], "delete-complete");
    assert!(world.model.prefix_lists.is_empty());
}

#[test]
fn what_changes_nothing_is_no_change() {
    let mut world = World::new();
    let list = world.list("offices", 3, &[]);
    let body = json!({"PrefixListId": list, "PrefixListName": "sites"});
    assert!(world.outcome(MODIFY, body.clone()).model.is_some());
    assert!(world.outcome(MODIFY, body).model.is_none());
}

#[test]
fn changes_that_can_not_be_are_refused() {
    use ErrorCode::*;
    let mut world = World::new();
    let list = world.list("offices", 3, &["10.0.0.0/8", "11.0.0.0/8"]);
    let modify = |more: Value| {
        let mut body = json!({"PrefixListId": list});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let entry = |cidr: &str| json!([{"Cidr": cidr}]);
    for (more, code, message, detail) in [
        (
            json!({}),
            MissingParameter,
            "The request must contain the parameter PrefixListName, AddEntries, RemoveEntries or MaxEntries",
            None,
        ),
        (
            json!({"AddEntries": entry("12.0.0.0/8"), "MaxEntries": 4}),
            InvalidParameterCombination,
            "You cannot modify the entries and the maximum entries for the prefix list in the same request.",
            Some("Make it larger first, and add the entries then; or take entries away first."),
        ),
        (
            json!({"AddEntries": entry("12.0.0.0/8"), "CurrentVersion": 0}),
            InvalidParameterValue,
            "The specified value for version is not valid. The value must be greater than (1).",
            Some("It is 0, and the first version of a list is 1."),
        ),
        (
            json!({"AddEntries": entry("12.0.0.0/8"), "CurrentVersion": 2}),
            PrefixListVersionMismatch,
            "The prefix list has the incorrect version number.",
            Some("It has version 1, not 2: somebody else has changed it."),
        ),
        (
            json!({"AddEntries": entry("11.0.0.0/8")}),
            InvalidPrefixListModification,
            "An entry with the CIDR (11.0.0.0/8) and description () already exists.",
            Some("To change its description, name it in RemoveEntries, too."),
        ),
        (
            json!({"RemoveEntries": entry("12.0.0.0/8")}),
            InvalidPrefixListModification,
            "An entry with the CIDR (12.0.0.0/8) does not exist.",
            None,
        ),
        (
            json!({"AddEntries": vec![entry("12.0.0.0/8")[0].clone(); 101]}),
            InvalidParameterValue,
            "The number of entries per request cannot exceeds limit (100).",
            Some("There are 101: add the rest with further requests."),
        ),
        (
            json!({"AddEntries": [{"Cidr": "12.0.0.0/8"}, {"Cidr": "13.0.0.0/8"}]}),
            PrefixListMaxEntriesExceeded,
            "The maximum number of entries for the prefix list has been reached.",
            Some("It would have 4 entries and is made for 3: MaxEntries changes that."),
        ),
        (json!({"MaxEntries": 1}), InvalidParameterValue, "The list has 2 entries and can't be made for 1.", None),
        (json!({"MaxEntries": 1001}), InvalidParameterValue, "Must specify a max size between 1 and 1000", None),
    ] {
        world.refuses(MODIFY, modify(more), code, message, detail);
    }
    for operation in [MODIFY, RESTORE, DELETE, ENTRIES, "GetManagedPrefixListAssociations"] {
        let body = |id: &str| {
            let mut body = json!({"PrefixListId": id});
            match operation {
                MODIFY => body["PrefixListName"] = json!("x"),
                RESTORE => (body["PreviousVersion"], body["CurrentVersion"]) = (json!(1), json!(1)),
                _ => {}
            }
            body
        };
        let message = "The prefix list ID 'pl-12345678' does not exist";
        world.refuses(operation, body("pl-12345678"), InvalidPrefixListIdNotFound, message, None);
        let error = world.refused(operation, body("foobar"));
        assert_eq!(error.code, InvalidPrefixListIdMalformed);
        assert_eq!(error.message, "The prefix list ID 'foobar' is malformed");
        let message = "The request must contain the parameter PrefixListId";
        world.refuses(operation, body(""), MissingParameter, message, None);
    }
    for operation in ["DescribeManagedPrefixLists", "DescribePrefixLists"] {
        let message = "The prefix list ID 'pl-12345678' does not exist";
        let body = json!({"PrefixListIds": [list, "pl-12345678"]});
        world.refuses(operation, body, InvalidPrefixListIdNotFound, message, None);
    }
    let body = |previous: u64, current: u64| json!({"PrefixListId": list, "PreviousVersion": previous, "CurrentVersion": current});
    let message = "The prefix list has the incorrect version number.";
    let detail = "It has version 1, not 2: somebody else has changed it.";
    world.refuses(RESTORE, body(1, 2), PrefixListVersionMismatch, message, Some(detail));
    let message = format!("The version 2 of the prefix list '{list}' does not exist.");
    world.refuses(RESTORE, body(2, 1), InvalidParameterValue, &message, Some("Known are 1 to 1."));
    let target = json!({"PrefixListId": list, "TargetVersion": 2});
    world.refuses(ENTRIES, target, InvalidParameterValue, &message, Some("Known are 1 to 1."));
    for member in ["PreviousVersion", "CurrentVersion"] {
        let mut body = body(1, 1);
        body[member] = Value::Null;
        let message = format!("The request must contain the parameter {member}");
        world.refuses(RESTORE, body, MissingParameter, &message, None);
    }
}

#[test]
fn a_version_that_does_not_fit_any_more_is_not_restored() {
    let mut world = World::new();
    let list = world.list("offices", 2, &["10.0.0.0/8", "11.0.0.0/8"]);
    world.done(MODIFY, json!({"PrefixListId": list, "RemoveEntries": [{"Cidr": "10.0.0.0/8"}]}));
    world.done(MODIFY, json!({"PrefixListId": list, "MaxEntries": 1}));
    let body = json!({"PrefixListId": list, "PreviousVersion": 1, "CurrentVersion": 2});
    assert_eq!(world.refused(RESTORE, body).code, ErrorCode::PrefixListMaxEntriesExceeded);
}

#[test]
fn the_oldest_versions_go() {
    let mut world = World::new();
    world.quotas.versions_per_prefix_list = 2;
    let list = world.list("offices", 9, &[]);
    for number in 10..13 {
        let entry = json!([{"Cidr": format!("{number}.0.0.0/8")}]);
        world.done(MODIFY, json!({"PrefixListId": list, "AddEntries": entry}));
    }
    assert_eq!(world.entries(&list, Some(3)).len(), 2);
    let body = json!({"PrefixListId": list, "TargetVersion": 2});
    assert_eq!(world.refused(ENTRIES, body).detail.as_deref(), Some("Known are 3 to 4."));
}

#[test]
fn a_list_counts_for_as_many_rules_as_it_is_made_for() {
    let mut world = World::new();
    let web = world.group("web");
    let list = world.list("offices", 59, &["10.0.0.0/8"]);
    world.admit(&web, &list, 443);
    let rules = world.describe_group(&web);
    let described = json!([{"PrefixListId": list, "Description": "offices"}]);
    assert_eq!(rules["IpPermissions"][0]["PrefixListIds"], described);
    let item = |port: u16| {
        json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port,
        "IpRanges": [{"CidrIp": "192.0.2.0/24"}]})
    };
    let authorize = "AuthorizeSecurityGroupIngress";
    world.done(authorize, json!({"GroupId": web, "IpPermissions": [item(1)]}));
    // IPv6 has its own quota.
    let v6 = json!({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "Ipv6Ranges": [{"CidrIpv6": "fd00::/8"}]});
    world.done(authorize, json!({"GroupId": web, "IpPermissions": [v6]}));
    let message = "The maximum number of rules per security group has been reached.";
    let detail = format!(
        "Group {web} has 60 ingress rules of IPv4 and would get 1; the limit is 60. A group as a peer counts in both \
         families, a prefix list as many times as it is made for entries."
    );
    let code = ErrorCode::RulesPerSecurityGroupLimitExceeded;
    let body = json!({"GroupId": web, "IpPermissions": [item(2)]});
    world.refuses(authorize, body, code, message, Some(&detail));
    // The list can't grow where a group that names it has no room.
    let detail = format!("The list can't be made for 60 entries: {web} would have more than 60 rules.");
    world.refuses(MODIFY, json!({"PrefixListId": list, "MaxEntries": 60}), code, message, Some(&detail));
    world.done(MODIFY, json!({"PrefixListId": list, "MaxEntries": 58}));
    world.done(authorize, json!({"GroupId": web, "IpPermissions": [item(2)]}));
}

#[test]
fn the_first_ten_groups_without_room_are_named() {
    let mut world = World::new();
    let list = world.list("offices", 60, &[]);
    for number in 0..12 {
        let group = world.group(&format!("web{number}"));
        world.admit(&group, &list, 443);
    }
    let error = world.refused(MODIFY, json!({"PrefixListId": list, "MaxEntries": 61}));
    let detail = error.detail.unwrap();
    assert_eq!(detail.matches("sg-").count(), 10);
    assert!(detail.contains(" and 2 more would have more than 60 rules."), "{detail}");
}

#[test]
fn what_names_a_list_is_told_and_keeps_it() {
    let mut world = World::new();
    let (web, list) = (world.group("web"), world.list("offices", 1, &[]));
    world.admit(&web, &list, 443);
    world.admit(&web, &list, 80);
    let body = json!({"PrefixListId": list});
    let association = json!({"ResourceId": web, "ResourceOwner": "000000000000"});
    let answer = world.done("GetManagedPrefixListAssociations", body.clone());
    assert_eq!(answer, json!({"PrefixListAssociations": [association]}));
    let error = world.refused(DELETE, body.clone());
    assert_eq!(error.code, ErrorCode::DependencyViolation);
    assert_eq!(error.message, format!("The prefix list '{list}' is in use and cannot be deleted."));
    let detail = error.detail.unwrap();
    assert!(detail.lines().all(|line| line.ends_with(&format!("of group {web} names it"))), "{detail}");
    assert_eq!(detail.lines().count(), 2);
    let rules = world.describe_group(&web)["IpPermissions"].clone();
    world.done("RevokeSecurityGroupIngress", json!({"GroupId": web, "IpPermissions": rules}));
    world.done(DELETE, body);
}

#[test]
fn groups_that_name_a_list_are_limited() {
    let mut world = World::new();
    world.quotas.references_per_prefix_list = 1;
    let (web, db, list) = (world.group("web"), world.group("db"), world.list("offices", 1, &[]));
    world.admit(&web, &list, 443);
    world.admit(&web, &list, 80);
    let item = json!({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "PrefixListIds": [{"PrefixListId": list}]});
    let message = format!("The maximum number of references to prefix list '{list}' has been reached.");
    let body = json!({"GroupId": db, "IpPermissions": [item]});
    let code = ErrorCode::PrefixListReferenceLimitExceeded;
    let detail = Some("1 groups name it; the limit is 1.");
    world.refuses("AuthorizeSecurityGroupIngress", body, code, &message, detail);
}

#[test]
fn lists_are_found_by_filters_and_listed_by_pages() {
    let mut world = World::new();
    let lists: Vec<String> = ["a", "b", "c"].iter().map(|name| world.list(name, 1, &[])).collect();
    for operation in ["DescribeManagedPrefixLists", "DescribePrefixLists"] {
        for (name, value) in [("prefix-list-name", "b"), ("prefix-list-id", &lists[1])] {
            let answer = world.done(operation, json!({"Filters": [{"Name": name, "Values": [value]}]}));
            let found: Vec<String> =
                answer["PrefixLists"].as_array().unwrap().iter().map(|list| text(&list["PrefixListId"])).collect();
            assert_eq!(found, [lists[1].clone()]);
        }
    }
    let body = json!({"Filters": [{"Name": "owner-id", "Values": ["000000000000"]}], "MaxResults": 2});
    let first = world.done("DescribeManagedPrefixLists", body.clone());
    assert_eq!(first["PrefixLists"].as_array().unwrap().len(), 2);
    let mut body = body;
    body["NextToken"] = first["NextToken"].clone();
    let second = world.done("DescribeManagedPrefixLists", body);
    assert_eq!((second["PrefixLists"].as_array().unwrap().len(), second.get("NextToken")), (1, None));
    let many: Vec<String> = (0..12).map(|number| format!("10.{number}.0.0/16")).collect();
    let list = world.list("many", 12, &many.iter().map(String::as_str).collect::<Vec<_>>());
    let first = world.done(ENTRIES, json!({"PrefixListId": list, "MaxResults": 10}));
    let body = json!({"PrefixListId": list, "MaxResults": 10, "NextToken": first["NextToken"]});
    let second = world.done(ENTRIES, body);
    let cidrs = [first["Entries"].as_array().unwrap().clone(), second["Entries"].as_array().unwrap().clone()].concat();
    assert_eq!(cidrs.iter().map(|entry| text(&entry["Cidr"])).collect::<Vec<_>>(), many);
}
