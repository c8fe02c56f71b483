use super::*;
use crate::actions::set_observed_addresses;
use crate::model::InterfaceId;
use crate::model::MacAddress;
use std::net::IpAddr;

const CREATE: &str = "CreateNetworkInterface";
const MODIFY: &str = "ModifyNetworkInterfaceAttribute";

fn create(world: &mut World, body: Value) -> Value {
    world.done(CREATE, body)["NetworkInterface"].clone()
}

#[test]
fn a_member_that_lives_elsewhere_has_addresses_and_groups() {
    let mut world = World::new();
    let web = world.group("web");
    let made = create(
        &mut world,
        json!({
            "Description": "the other machine",
            "Groups": [web, web],
            "PrivateIpAddress": "10.0.0.9",
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.10"}],
            "Ipv6Addresses": [{"Ipv6Address": "fd00::9"}],
            "TagSpecifications": [{"ResourceType": "network-interface", "Tags": [{"Key": "k", "Value": "v"}]}],
        }),
    );
    let expected = json!({
        "AvailabilityZone": "locala",
        "Description": "the other machine",
        "Groups": [{"GroupId": web, "GroupName": "web"}],
        "InterfaceType": "interface",
        "Ipv6Addresses": [{"Ipv6Address": "fd00::9"}],
        "MacAddress": MacAddress::of_interface(made["NetworkInterfaceId"].as_str().unwrap().parse().unwrap()),
        "NetworkInterfaceId": made["NetworkInterfaceId"],
        "OwnerId": "000000000000",
        "RequesterManaged": false,
        "PrivateIpAddress": "10.0.0.9",
        "PrivateIpAddresses": [
            {"Primary": true, "PrivateIpAddress": "10.0.0.9"},
            {"Primary": false, "PrivateIpAddress": "10.0.0.10"},
        ],
        "SourceDestCheck": true,
        "Status": "available",
        "TagSet": [{"Key": "k", "Value": "v"}],
        "VpcId": world.default_vpc(),
    });
    assert_eq!(made, expected);
    assert_eq!(world.done("DescribeNetworkInterfaces", json!({}))["NetworkInterfaces"], json!([expected]));
}

#[test]
fn the_vpc_is_that_of_the_groups_and_the_group_that_of_the_vpc() {
    let mut world = World::new();
    let other = world.vpc();
    let db = world.group_in(&other, "db");
    let default = world.default_group();
    let group = |made: &Value| made["Groups"][0]["GroupName"].clone();
    let made = create(&mut world, json!({}));
    assert_eq!(made["Groups"][0]["GroupId"], json!(default));
    let made = create(&mut world, json!({"VpcId": other}));
    assert_eq!((group(&made), &made["VpcId"]), (json!("default"), &json!(other)));
    let made = create(&mut world, json!({"Groups": [db]}));
    assert_eq!((group(&made), &made["VpcId"]), (json!("db"), &json!(other)));
    let networks = "You have specified two resources that belong to different networks.";
    let home = world.default_vpc();
    let detail = format!("The group {db} is in {other}, not in {home}.");
    for body in [json!({"VpcId": home, "Groups": [db]}), json!({"Groups": [default, db]})] {
        world.refuses(CREATE, body, ErrorCode::InvalidGroupNotFound, networks, Some(&detail));
    }
}

#[test]
fn addresses_are_checked() {
    let mut world = World::new();
    let holder = text(&create(&mut world, json!({"PrivateIpAddress": "10.0.0.9"}))["NetworkInterfaceId"]);
    let mut refuses =
        |body: Value, code, message: &str, detail: Option<&str>| world.refuses(CREATE, body, code, message, detail);
    use ErrorCode::*;
    refuses(
        json!({"PrivateIpAddress": "10.0.0.9"}),
        InvalidIpAddressInUse,
        "Address 10.0.0.9 is in use.",
        Some(&format!("10.0.0.9 belongs to {holder}.")),
    );
    refuses(
        json!({"PrivateIpAddress": "10.0.0.0/24"}),
        InvalidParameterValue,
        "Value (10.0.0.0/24) for parameter PrivateIpAddress is invalid.",
        Some("It is not an address; it has neither a prefix length nor a port."),
    );
    refuses(
        json!({"PrivateIpAddress": "fd00::1"}),
        InvalidParameterValue,
        "Value (fd00::1) for parameter PrivateIpAddress is invalid.",
        Some("It is not an IPv4 address."),
    );
    refuses(
        json!({"Ipv6Addresses": [{"Ipv6Address": "10.0.0.1"}]}),
        InvalidParameterValue,
        "Value (10.0.0.1) for parameter Ipv6Addresses is invalid.",
        Some("It is not an IPv6 address."),
    );
    refuses(
        json!({"PrivateIpAddress": "127.0.0.1"}),
        InvalidParameterValue,
        "Value (127.0.0.1) for parameter PrivateIpAddress is invalid.",
        Some(
            "An interface is a member of groups by its global, private or unique local addresses; never by loopback, \
             link-local, multicast, broadcast, unspecified or IPv4-mapped ones.",
        ),
    );
    refuses(
        json!({"PrivateIpAddress": "10.0.0.1", "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.1"}]}),
        InvalidParameterValue,
        "Value (10.0.0.1) for parameter PrivateIpAddresses is invalid.",
        Some("It is there more than once."),
    );
    refuses(
        json!({
            "PrivateIpAddress": "10.0.0.1",
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.2", "Primary": true}],
        }),
        InvalidParameterCombination,
        "Only one primary private IP address can be specified.",
        None,
    );
    // Another VPC is another network: the same address means another machine there.
    let other = world.vpc();
    create(&mut world, json!({"VpcId": other, "PrivateIpAddress": "10.0.0.9"}));
}

#[test]
fn limits_of_interfaces_are_told() {
    let mut world = World::new();
    let groups: Vec<String> = (0..6).map(|number| world.group(&format!("g{number}"))).collect();
    world.refuses(
        CREATE,
        json!({"Groups": groups}),
        ErrorCode::InvalidParameterValue,
        "user 000000000000 exceeded limit 5 on the number of interface security group memberships",
        None,
    );
    let eni = text(&create(&mut world, json!({"Groups": groups[..5]}))["NetworkInterfaceId"]);
    world.refuses(
        MODIFY,
        json!({"NetworkInterfaceId": eni, "Groups": groups}),
        ErrorCode::SecurityGroupsPerInterfaceLimitExceeded,
        "The maximum number of security groups per interface has been reached.",
        Some("These are 6; the limit is 5."),
    );
    world.quotas.interfaces = 1;
    world.refuses(
        CREATE,
        json!({}),
        ErrorCode::NetworkInterfaceLimitExceeded,
        "The maximum number of network interfaces has been reached.",
        Some("There are 1; the limit is 1."),
    );
    let long = "d".repeat(256);
    world.refuses(
        CREATE,
        json!({"Description": long}),
        ErrorCode::InvalidParameterValue,
        &format!("Value ({long}) for parameter Description is invalid."),
        Some("It has at most 255 characters, and no control characters."),
    );
}

#[test]
fn modifying_replaces_the_groups() {
    let mut world = World::new();
    let (web, db) = (world.group("web"), world.group("db"));
    let eni = text(&create(&mut world, json!({"Groups": [web]}))["NetworkInterfaceId"]);
    let body = json!({"NetworkInterfaceId": eni, "Groups": [db, web]});
    assert_eq!(world.done(MODIFY, body.clone()), json!({}));
    let interfaces = world.done("DescribeNetworkInterfaces", json!({"NetworkInterfaceIds": [eni]}));
    let groups = &interfaces["NetworkInterfaces"][0]["Groups"];
    assert_eq!((&groups[0]["GroupName"], &groups[1]["GroupName"]), (&json!("db"), &json!("web")));
    assert!(world.outcome(MODIFY, body).model.is_none(), "the same again changes nothing");
    let other = world.vpc();
    let elsewhere = world.group_in(&other, "web");
    let home = world.default_vpc();
    let mut refuses = |body: Value, code, message: &str, detail| world.refuses(MODIFY, body, code, message, detail);
    use ErrorCode::*;
    let networks = "You have specified two resources that belong to different networks.";
    let detail = format!("The group {elsewhere} is in {other}, not in {home}.");
    let body = |groups: Value| json!({"NetworkInterfaceId": eni, "Groups": groups});
    refuses(body(json!([elsewhere])), InvalidGroupNotFound, networks, Some(&detail));
    let message = format!("The security group '{NO_GROUP}' does not exist");
    refuses(body(json!([NO_GROUP])), InvalidGroupNotFound, &message, None);
    let none = Some("Name the attribute that is to be changed, with its value.");
    refuses(body(json!([])), InvalidParameterCombination, "No attributes specified.", none);
    let message = format!("The networkInterface ID '{NO_INTERFACE}' does not exist");
    let unknown = json!({"NetworkInterfaceId": NO_INTERFACE, "Groups": [web]});
    refuses(unknown, InvalidNetworkInterfaceIdNotFound, &message, None);
    let malformed = json!({"NetworkInterfaceId": "eth0", "Groups": [web]});
    let detail = Some("It is eni- and 17 digits 0-9 and a-f, or 8 for an old one.");
    let message = "The networkInterface ID 'eth0' is malformed";
    refuses(malformed, InvalidNetworkInterfaceIdMalformed, message, detail);
}

#[test]
fn an_attached_interface_is_not_deleted() {
    let mut world = World::new();
    let eni = text(&world.done("AttachDevice", json!({"Device": "eth0"}))["NetworkInterfaceId"]);
    let body = json!({"NetworkInterfaceId": eni});
    let message = format!("Network interface '{eni}' is currently in use.");
    let detail = Some("Device eth0 is attached to it: `detach eth0` first.");
    let code = ErrorCode::InvalidNetworkInterfaceInUse;
    world.refuses("DeleteNetworkInterface", body.clone(), code, &message, detail);
    world.done("DetachDevice", json!({"Device": "eth0"}));
    assert_eq!(world.done("DeleteNetworkInterface", body.clone()), json!({}));
    let message = format!("The networkInterface ID '{eni}' does not exist");
    world.refuses("DeleteNetworkInterface", body, ErrorCode::InvalidNetworkInterfaceIdNotFound, &message, None);
}

#[test]
fn interfaces_are_found_by_filter() {
    let mut world = World::new();
    let other = world.vpc();
    let db = world.group_in(&other, "db");
    let body = json!({
        "Groups": [db], "Description": "the database", "PrivateIpAddress": "10.0.0.9",
        "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.10"}], "Ipv6Addresses": [{"Ipv6Address": "fd00::9"}],
        "TagSpecifications": [{"ResourceType": "network-interface", "Tags": [{"Key": "Stage", "Value": "test"}]}],
    });
    let made = create(&mut world, body);
    let (eni, mac) = (text(&made["NetworkInterfaceId"]), text(&made["MacAddress"]));
    world.done("AttachDevice", json!({"Device": "eth0"}));
    let mut list = |name: &str, value: &str| {
        let body = json!({"Filters": [{"Name": name, "Values": [value]}]});
        let interfaces = world.done("DescribeNetworkInterfaces", body)["NetworkInterfaces"].clone();
        interfaces.as_array().unwrap().iter().map(|item| text(&item["NetworkInterfaceId"])).collect::<Vec<_>>()
    };
    for (name, value) in [
        ("group-id", db.as_str()),
        ("group-name", "d?"),
        ("vpc-id", other.as_str()),
        ("network-interface-id", eni.as_str()),
        ("private-ip-address", "10.0.0.9"),
        ("addresses.private-ip-address", "10.0.0.10"),
        ("ipv6-addresses.ipv6-address", "fd00::*"),
        ("mac-address", mac.as_str()),
        ("status", "available"),
        ("description", "the *"),
        ("tag:Stage", "test"),
        ("tag-key", "Stage"),
    ] {
        assert_eq!(list(name, value), [eni.as_str()], "{name}");
    }
    assert_eq!(list("private-ip-address", "10.0.0.10"), Vec::<String>::new());
    assert_eq!(list("owner-id", "000000000000").len(), 2);
    let attached = list("status", "in-use");
    assert!(attached.len() == 1 && attached[0] != eni);
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn addresses_that_the_kernel_has_are_followed() {
    let mut world = World::new();
    let eni: InterfaceId =
        text(&world.done("AttachDevice", json!({"Device": "eth0"}))["NetworkInterfaceId"]).parse().unwrap();
    let rival = text(&create(&mut world, json!({"PrivateIpAddress": "10.0.0.2"}))["NetworkInterfaceId"]);
    let seen = addresses(&["10.0.0.1", "10.0.0.2", "fe80::1", "127.0.0.1", "fd00::1"]);
    let observed = set_observed_addresses(&world.model, eni, seen.clone()).unwrap();
    assert_eq!(observed.refused, [(addresses(&["10.0.0.2"])[0], rival.parse().unwrap())]);
    world.model = observed.model.unwrap();
    world.model.check().unwrap();
    let kept = |world: &World| world.model.interfaces.get(&eni).unwrap().addresses.iter().copied().collect::<Vec<_>>();
    assert_eq!(kept(&world), addresses(&["10.0.0.1", "fd00::1"]));
    // The same again changes nothing; once the rival is gone, the address comes over.
    assert!(set_observed_addresses(&world.model, eni, seen.clone()).unwrap().model.is_none());
    world.done("DeleteNetworkInterface", json!({"NetworkInterfaceId": rival}));
    let observed = set_observed_addresses(&world.model, eni, seen).unwrap();
    assert!(observed.refused.is_empty());
    world.model = observed.model.unwrap();
    assert_eq!(kept(&world), addresses(&["10.0.0.1", "10.0.0.2", "fd00::1"]));
    // Without its device, it has none of them.
    world.done("DetachDevice", json!({"Device": "eth0"}));
    assert_eq!(kept(&world), Vec::<IpAddr>::new());
    assert_eq!(set_observed_addresses(&world.model, eni, addresses(&["10.0.0.1"])).unwrap().model, None);
}

#[test]
fn addresses_that_were_given_are_kept() {
    let mut world = World::new();
    let body = json!({"Device": "eth0", "PrivateIpAddresses": ["10.0.0.1"]});
    let eni = text(&world.done("AttachDevice", body)["NetworkInterfaceId"]).parse().unwrap();
    assert_eq!(set_observed_addresses(&world.model, eni, addresses(&["10.0.0.7"])).unwrap().model, None);
}
