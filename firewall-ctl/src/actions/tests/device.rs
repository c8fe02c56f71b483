use super::*;
use crate::actions::{set_observed_addresses, set_observed_mac};
use crate::model::MacAddress;

const ATTACH: &str = "AttachDevice";
const DETACH: &str = "DetachDevice";

fn attach(world: &mut World, body: Value) -> Value {
    world.done(ATTACH, body)
}

fn interface(world: &mut World, id: &Value) -> Value {
    world.done("DescribeNetworkInterfaces", json!({"NetworkInterfaceIds": [id]}))["NetworkInterfaces"][0].clone()
}

#[test]
fn a_device_without_wishes_is_a_host_with_the_default_group() {
    let mut world = World::new();
    let answer = attach(&mut world, json!({"Device": "eth0"}));
    let id = &answer["NetworkInterfaceId"];
    let expected = json!({
        "NetworkInterfaceId": id,
        "Device": "eth0",
        "State": "attached",
        "Hook": {"Wanted": "auto"},
        "Enforce": true,
        "Side": "host",
        "VpcId": world.default_vpc(),
        "Groups": [world.default_group()],
        "PrivateIpAddresses": [],
        "MacAddress": mac_of(id),
        "AttachmentNumber": 1,
    });
    assert_eq!(answer, expected);
    let told = interface(&mut world, id);
    assert_eq!(told["Status"], "in-use");
    let attachment = json!({
        "Device": "eth0", "Number": 1, "Side": "host", "Hook": {"Wanted": "auto"}, "Addresses": "kernel",
        "MacSource": "auto", "MacCheck": false, "StrictL2": false, "Enforce": true, "Adopt": true,
    });
    assert_eq!(told["DeviceAttachment"], attachment);
}

/// The hardware address that an interface has while no other is known.
fn mac_of(id: &Value) -> String {
    MacAddress::of_interface(id.as_str().unwrap().parse().unwrap()).to_string()
}

#[test]
fn a_workload_keeps_the_hardware_address_that_it_is_given() {
    let mut world = World::new();
    let body = json!({
        "Device": "tap0", "Side": "workload", "PrivateIpAddresses": ["10.0.0.1"], "MacAddress": "52:54:00:AB:CD:EF",
    });
    let first = attach(&mut world, body.clone());
    let id = &first["NetworkInterfaceId"];
    assert_eq!(first["MacAddress"], "52:54:00:ab:cd:ef");
    assert_eq!(attach(&mut world, body)["State"], "unchanged");
    let told = interface(&mut world, id);
    let shown = |told: &Value| {
        let attachment = &told["DeviceAttachment"];
        (told["MacAddress"].clone(), attachment["MacSource"].clone(), attachment["MacCheck"].clone())
    };
    assert_eq!(shown(&told), (json!("52:54:00:ab:cd:ef"), json!("given"), json!(true)));
    // It survives what says nothing of it, and is the record's until something else is wished.
    attach(&mut world, json!({"Device": "tap0", "SourceDestCheck": false, "Replace": true}));
    assert_eq!(shown(&interface(&mut world, id)), (json!("52:54:00:ab:cd:ef"), json!("given"), json!(false)));
    attach(&mut world, json!({"Device": "tap0", "SourceDestCheck": true, "Replace": true}));
    world.done(DETACH, json!({"Device": "tap0"}));
    assert_eq!(interface(&mut world, id)["MacAddress"], "52:54:00:ab:cd:ef");
    attach(&mut world, json!({"Device": "tap0", "Side": "workload"}));
    assert_eq!(shown(&interface(&mut world, id)), (json!("52:54:00:ab:cd:ef"), json!("given"), json!(true)));
    for word in ["any", "auto"] {
        let answer = attach(&mut world, json!({"Device": "tap0", "MacAddress": word, "Replace": true}));
        assert!(answer["Changes"][0].as_str().unwrap().starts_with("MacAddress: have "), "{answer}");
        assert_eq!(shown(&interface(&mut world, id)), (json!(mac_of(id)), json!(word), json!(false)));
    }
}

#[test]
fn the_other_side_of_a_device_has_another_hardware_address() {
    let mut world = World::new();
    let body = json!({"Device": "veth0", "Side": "workload", "PrivateIpAddresses": ["10.0.0.1"], "MacAddress": "any"});
    let first = attach(&mut world, body);
    let answer = attach(&mut world, json!({"Device": "veth0", "Side": "host", "Replace": true}));
    assert_eq!(answer["MacAddress"], mac_of(&first["NetworkInterfaceId"]));
    assert_eq!(interface(&mut world, &first["NetworkInterfaceId"])["DeviceAttachment"]["MacSource"], "auto");
}

#[test]
fn hardware_addresses_that_make_no_sense_are_refused() {
    let mut world = World::new();
    let workload = |device: &str, mac: &str| json!({"Device": device, "Side": "workload", "PrivateIpAddresses": "auto", "MacAddress": mac});
    for (text, why) in
        [("52:54:00:12:34", "it has six pairs of hexadecimal digits"), ("ff:ff:ff:ff:ff:ff", "a group's, or zero")]
    {
        let error = world.refused(ATTACH, workload("tap0", text));
        assert_eq!(error.code, ErrorCode::InvalidParameterValue);
        assert_eq!(error.message, format!("Value ({text}) for parameter MacAddress is invalid."));
        assert!(error.detail.as_ref().is_some_and(|detail| detail.contains(why)), "{error:?}");
    }
    let first = attach(&mut world, workload("tap0", "52:54:00:12:34:56"));
    let holder = format!("It is the hardware address of {} (tap0).", first["NetworkInterfaceId"].as_str().unwrap());
    let message = "Value (52:54:00:12:34:56) for parameter MacAddress is invalid.";
    let code = ErrorCode::InvalidParameterValue;
    world.refuses(ATTACH, workload("tap1", "52:54:00:12:34:56"), code, message, Some(&holder));
    let message = "The parameter MacAddress is for the side workload: a host's own device says its hardware address.";
    let detail = "Leave it out, or say --side workload if a container or a virtual machine is behind the device.";
    let host = json!({"Device": "eth0", "MacAddress": "52:54:00:12:34:57"});
    world.refuses(ATTACH, host, ErrorCode::InvalidParameterCombination, message, Some(detail));
}

#[test]
fn a_hardware_address_that_was_seen_goes_with_the_device() {
    let mut world = World::new();
    let answer = attach(&mut world, json!({"Device": "veth0", "Side": "workload", "PrivateIpAddresses": "auto"}));
    let id = &answer["NetworkInterfaceId"];
    let seen: MacAddress = "0a:00:00:00:00:01".parse().unwrap();
    let observed = set_observed_mac(&world.model, id.as_str().unwrap().parse().unwrap(), seen).unwrap();
    world.model = observed.model.unwrap();
    assert_eq!(interface(&mut world, id)["MacAddress"], "0a:00:00:00:00:01");
    world.done(DETACH, json!({"Device": "veth0"}));
    assert_eq!(interface(&mut world, id)["MacAddress"], mac_of(id));
    attach(&mut world, json!({"Device": "veth0", "Side": "workload", "PrivateIpAddresses": "auto"}));
    assert_eq!(interface(&mut world, id)["DeviceAttachment"]["MacSource"], "auto");
}

#[test]
fn the_same_again_is_unchanged() {
    let mut world = World::new();
    let web = world.group("web");
    let body = json!({
        "Device": "veth0", "Groups": [web], "Side": "workload", "Hook": "tc", "PrivateIpAddresses": ["10.0.0.1"],
        "StrictL2": true, "NoAdopt": true,
    });
    assert_eq!(attach(&mut world, body.clone())["State"], "attached");
    let outcome = world.outcome(ATTACH, body.clone());
    assert!(outcome.model.is_none());
    assert_eq!(serde_json::to_value(outcome.response).unwrap()["State"], "unchanged");
    // What is not named is as it is wished, and a wish that is fulfilled needs no Replace.
    for body in [json!({"Device": "veth0"}), json!({"Device": "veth0", "Hook": "tc", "Replace": true})] {
        assert_eq!(attach(&mut world, body)["State"], "unchanged");
    }
}

#[test]
fn another_wish_is_refused_with_what_differs() {
    let mut world = World::new();
    let other = world.vpc();
    let (web, db) = (world.group("web"), world.group("db"));
    attach(&mut world, json!({"Device": "eth0", "Groups": [web]}));
    let message = "The device 'eth0' is attached already, otherwise than asked for.";
    let remedy = "Attach it with Replace (`--replace`) to make it so.";
    let home = world.default_vpc();
    for (body, differences) in [
        (json!({"Groups": [db, web]}), format!("Groups: have {web}, want {db} {web}")),
        (
            json!({"Hook": "xdp", "Side": "workload"}),
            "Side: have host, want workload\nHook: have auto, want xdp".into(),
        ),
        (json!({"PrivateIpAddresses": ["10.0.0.1"]}), "PrivateIpAddresses: have auto, want 10.0.0.1".into()),
        (json!({"MacAddress": "any"}), "MacAddress: have auto, want any".into()),
        (json!({"StrictL2": true}), "StrictL2: have false, want true".into()),
        (json!({"Enforce": false}), "Enforce: have true, want false".into()),
        (json!({"VpcId": other}), format!("VpcId: have {home}, want {other}")),
    ] {
        let mut body = body;
        body["Device"] = json!("eth0");
        let detail = format!("{differences}\n{remedy}");
        world.refuses(ATTACH, body, ErrorCode::DeviceAlreadyAttached, message, Some(&detail));
    }
}

#[test]
fn replace_makes_it_so() {
    let mut world = World::new();
    let (web, db) = (world.group("web"), world.group("db"));
    let first = attach(&mut world, json!({"Device": "eth0", "Groups": [web]}));
    let answer = attach(&mut world, json!({"Device": "eth0", "Groups": [db], "Replace": true}));
    assert_eq!(answer["State"], "replaced");
    assert_eq!(answer["NetworkInterfaceId"], first["NetworkInterfaceId"]);
    assert_eq!(answer["AttachmentNumber"], 1, "its flows live on");
    assert_eq!(answer["Groups"], json!([db]));
    assert_eq!(answer["Changes"], json!([format!("Groups: have {web}, want {db}")]));
    // Groups that are not named stay; the other side of a device is another attachment.
    let body = json!({"Device": "eth0", "Side": "workload", "PrivateIpAddresses": "auto", "Replace": true});
    let answer = attach(&mut world, body);
    assert_eq!((&answer["Groups"], &answer["AttachmentNumber"]), (&json!([db]), &json!(2)));
    let told = interface(&mut world, &first["NetworkInterfaceId"]);
    assert_eq!(told["DeviceAttachment"]["Addresses"], "peer-namespace");
}

#[test]
fn enforcement_is_switched_and_stays_as_it_is_left() {
    let mut world = World::new();
    let first = attach(&mut world, json!({"Device": "eth0", "Enforce": false}));
    assert_eq!(first["Enforce"], false);
    let enforced = |world: &mut World| {
        interface(world, &first["NetworkInterfaceId"])["DeviceAttachment"]["Enforce"].as_bool().unwrap()
    };
    assert!(!enforced(&mut world));
    // Another change leaves it as it is.
    attach(&mut world, json!({"Device": "eth0", "Hook": "tc", "Replace": true}));
    assert!(!enforced(&mut world));
    let answer = attach(&mut world, json!({"Device": "eth0", "Enforce": true, "Replace": true}));
    assert_eq!((&answer["Enforce"], &answer["AttachmentNumber"]), (&json!(true), &json!(1)));
    assert!(enforced(&mut world));
}

#[test]
fn replace_moves_a_device_to_another_vpc_with_another_record() {
    let mut world = World::new();
    let other = world.vpc();
    let first = attach(&mut world, json!({"Device": "eth0"}));
    let answer = attach(&mut world, json!({"Device": "eth0", "VpcId": other, "Replace": true}));
    assert_eq!((&answer["State"], &answer["VpcId"]), (&json!("replaced"), &json!(other)));
    assert_ne!(answer["NetworkInterfaceId"], first["NetworkInterfaceId"]);
    let old = text(&first["NetworkInterfaceId"]);
    let warning = format!("{old} was the record of eth0, and remains as a record without a device");
    assert_eq!(answer["Warnings"], json!([warning]));
    let told = interface(&mut world, &first["NetworkInterfaceId"]);
    assert_eq!((&told["Status"], told.get("LastDevice")), (&json!("available"), None));
}

#[test]
fn detaching_keeps_the_record_and_attaching_finds_it() {
    let mut world = World::new();
    let web = world.group("web");
    let first = attach(&mut world, json!({"Device": "eth0", "Groups": [web]}));
    let answer = world.done(DETACH, json!({"Device": "eth0"}));
    let id = first["NetworkInterfaceId"].clone();
    assert_eq!(answer, json!({"NetworkInterfaceId": id, "Device": "eth0", "State": "detached"}));
    let told = interface(&mut world, &id);
    assert_eq!((&told["Status"], &told["LastDevice"]), (&json!("available"), &json!("eth0")));
    let again = attach(&mut world, json!({"Device": "eth0"}));
    assert_eq!((&again["NetworkInterfaceId"], &again["Groups"]), (&id, &json!([web])));
    assert_eq!(again["AttachmentNumber"], 2, "the number of an earlier life rests");
    let answer = world.done(DETACH, json!({"Device": "eth0", "Delete": true}));
    assert_eq!(answer["State"], "deleted");
    assert!(world.model.interfaces.is_empty());
}

#[test]
fn a_detached_record_is_deleted_by_detach_too() {
    let mut world = World::new();
    attach(&mut world, json!({"Device": "eth0"}));
    world.done(DETACH, json!({"Device": "eth0"}));
    let error = world.refused(DETACH, json!({"Device": "eth0"}));
    assert_eq!(error.code, ErrorCode::DeviceNotAttached);
    assert!(error.detail.unwrap().contains("`--delete`"));
    assert_eq!(world.done(DETACH, json!({"Device": "eth0", "Delete": true}))["State"], "deleted");
}

#[test]
fn what_is_not_attached_is_not_detached() {
    let mut world = World::new();
    let message = "The device 'eth9' is not attached.";
    let code = ErrorCode::DeviceNotAttached;
    world.refuses(DETACH, json!({"Device": "eth9"}), code, message, Some("No device is attached."));
    attach(&mut world, json!({"Device": "eth0"}));
    world.refuses(DETACH, json!({"Device": "eth9"}), code, message, Some("Attached are: eth0."));
    let missing = "The request must contain the parameter Device";
    world.refuses(DETACH, json!({}), ErrorCode::MissingParameter, missing, None);
}

#[test]
fn a_record_made_before_is_bound_to_a_device() {
    let mut world = World::new();
    let web = world.group("web");
    let made = world.done("CreateNetworkInterface", json!({"Groups": [web], "PrivateIpAddress": "10.0.0.9"}));
    let id = made["NetworkInterface"]["NetworkInterfaceId"].clone();
    let body = json!({"Device": "veth0", "Side": "workload", "NetworkInterfaceId": id});
    let answer = attach(&mut world, body.clone());
    assert_eq!((&answer["NetworkInterfaceId"], &answer["Groups"]), (&id, &json!([web])));
    assert_eq!(answer["PrivateIpAddresses"], json!(["10.0.0.9"]));
    assert_eq!(attach(&mut world, body)["State"], "unchanged");
    let name = text(&id);
    let message = format!("Network interface '{name}' is currently in use.");
    let detail = Some("Device veth0 is attached to it: `detach veth0` first.");
    let body = json!({"Device": "eth0", "NetworkInterfaceId": id});
    world.refuses(ATTACH, body, ErrorCode::InvalidNetworkInterfaceInUse, &message, detail);
    // Another record for the device takes Replace.
    let made = world.done("CreateNetworkInterface", json!({"PrivateIpAddress": "10.0.0.10"}));
    let other = made["NetworkInterface"]["NetworkInterfaceId"].clone();
    let body = json!({"Device": "veth0", "NetworkInterfaceId": other});
    let error = world.refused(ATTACH, body.clone());
    let difference = format!("NetworkInterfaceId: have {name}, want {}", text(&other));
    assert!(error.detail.unwrap().starts_with(&difference));
    let mut body = body;
    body["Replace"] = json!(true);
    body["Side"] = json!("workload");
    assert_eq!(attach(&mut world, body)["NetworkInterfaceId"], other);
    assert_eq!(interface(&mut world, &id)["PrivateIpAddresses"][0]["PrivateIpAddress"], "10.0.0.9");
}

#[test]
fn a_record_of_another_vpc_is_not_bound() {
    let mut world = World::new();
    let other = world.vpc();
    let made = world.done("CreateNetworkInterface", json!({"VpcId": other}));
    let id = text(&made["NetworkInterface"]["NetworkInterfaceId"]);
    let home = world.default_vpc();
    let detail = format!("The interface {id} is in {other}, not in {home}.");
    let message = "You have specified two resources that belong to different networks.";
    let body = json!({"Device": "eth0", "VpcId": home, "NetworkInterfaceId": id});
    world.refuses(ATTACH, body, ErrorCode::InvalidGroupNotFound, message, Some(&detail));
}

#[test]
fn the_addresses_of_a_workload_are_given_or_read() {
    let mut world = World::new();
    let body = json!({"Device": "veth0", "Side": "workload"});
    let message = "The request must contain the parameter PrivateIpAddresses";
    let detail = "Behind veth0 is a workload, and its addresses are not this machine's: name them, or say auto to read \
                  them in the network namespace of the device's peer.";
    world.refuses(ATTACH, body.clone(), ErrorCode::MissingParameter, message, Some(detail));
    for (number, word) in [json!("auto"), json!(["auto"])].into_iter().enumerate() {
        let device = format!("veth{number}");
        let answer = attach(&mut world, json!({"Device": device, "Side": "workload", "PrivateIpAddresses": word}));
        let told = interface(&mut world, &answer["NetworkInterfaceId"]);
        assert_eq!(told["DeviceAttachment"]["Addresses"], "peer-namespace");
    }
    let body = json!({"Device": "veth2", "Side": "workload", "PrivateIpAddresses": ["10.0.0.1", "fd00::1"]});
    assert_eq!(attach(&mut world, body)["PrivateIpAddresses"], json!(["10.0.0.1", "fd00::1"]));
    let body = json!({"Device": "veth3", "Side": "workload", "PrivateIpAddresses": ["10.0.0.1"]});
    assert_eq!(world.refused(ATTACH, body).code, ErrorCode::InvalidIpAddressInUse);
}

#[test]
fn the_address_of_a_workload_that_was_started_anew_is_told_how_to_have() {
    let mut world = World::new();
    let body = |device: &str| json!({"Device": device, "Side": "workload", "PrivateIpAddresses": ["10.0.0.1"]});
    let id = attach(&mut world, body("veth1"))["NetworkInterfaceId"].clone();
    let id = id.as_str().unwrap();
    let detail = world.refused(ATTACH, body("veth2")).detail.unwrap();
    let wanted = format!(
        "10.0.0.1 belongs to {id} (veth1).\nIf that was the same workload: `detach veth1`, then attach with \
         `--network-interface-id {id}`. If it is gone: `detach veth1`, then `delete-network-interface \
         --network-interface-id {id}`."
    );
    assert_eq!(detail, wanted);
    world.done("DetachDevice", json!({"Device": "veth1"}));
    let detail = world.refused(ATTACH, body("veth2")).detail.unwrap();
    assert!(detail.contains(&format!("the same workload: attach with `--network-interface-id {id}`")), "{detail}");
    let mut again = body("veth2");
    again["NetworkInterfaceId"] = json!(id);
    assert_eq!(attach(&mut world, again)["NetworkInterfaceId"], id);
}

#[test]
fn groups_of_two_vpcs_are_refused() {
    let mut world = World::new();
    let other = world.vpc();
    let (web, db) = (world.group("web"), world.group_in(&other, "db"));
    let home = world.default_vpc();
    let message = "You have specified two resources that belong to different networks.";
    let detail = format!("The group {db} is in {other}, not in {home}.");
    for body in
        [json!({"Device": "eth0", "Groups": [web, db]}), json!({"Device": "eth0", "VpcId": home, "Groups": [db]})]
    {
        world.refuses(ATTACH, body, ErrorCode::InvalidGroupNotFound, message, Some(&detail));
    }
    assert_eq!(attach(&mut world, json!({"Device": "eth0", "Groups": [db]}))["VpcId"], json!(other));
}

#[test]
fn words_that_are_none_are_refused_with_those_that_are() {
    let mut world = World::new();
    let mut refuses = |member: &str, value: Value, message: &str, detail: &str| {
        let mut body = json!({"Device": "eth0"});
        body[member] = value;
        world.refuses(ATTACH, body, ErrorCode::InvalidParameterValue, message, Some(detail));
    };
    let message = "Value (left) for parameter Side is invalid.";
    refuses("Side", json!("left"), message, "It is one of host, workload.");
    let message = "Value (xpd) for parameter Hook is invalid.";
    refuses("Hook", json!("xpd"), message, "It is one of auto, xdp, xdp-generic, tc.");
    let message = "Value (some) for parameter PrivateIpAddresses is invalid.";
    refuses("PrivateIpAddresses", json!("some"), message, "It is a list of addresses, or auto.");
    for name in ["a-name-that-is-too-long", "a/b", "..", "a b", "eth0:1"] {
        let message = format!("Value ({name}) for parameter Device is invalid.");
        let detail = "The name of a device has up to 15 octets, without spaces, slashes and colons.";
        refuses("Device", json!(name), &message, detail);
    }
}

#[test]
fn numbers_of_attachments_are_not_used_while_the_kernel_knows_them() {
    let mut world = World::new();
    world.last_number = 64;
    world.busy_attachments = (1..=63).collect();
    assert_eq!(attach(&mut world, json!({"Device": "eth0"}))["AttachmentNumber"], 64);
    let message = "The maximum number of attached devices on this host (64) has been reached.";
    world.refuses(ATTACH, json!({"Device": "eth1"}), ErrorCode::AttachmentLimitExceeded, message, None);
}

#[test]
fn a_dry_run_says_what_would_be() {
    let mut world = World::new();
    let before = world.model.clone();
    let answer = attach(&mut world, json!({"Device": "eth0", "DryRun": true}));
    assert_eq!((&answer["State"], &answer["DryRun"]), (&json!("attached"), &json!(true)));
    assert_eq!(world.model, before);
    assert_eq!(world.refused(ATTACH, json!({"DryRun": true})).code, ErrorCode::MissingParameter);
}

#[test]
fn given_addresses_survive_the_device_and_seen_ones_do_not() {
    let mut world = World::new();
    let given = attach(&mut world, json!({"Device": "eth0", "PrivateIpAddresses": ["10.0.0.1"]}));
    world.done(DETACH, json!({"Device": "eth0"}));
    let told = interface(&mut world, &given["NetworkInterfaceId"]);
    assert_eq!(told["PrivateIpAddress"], "10.0.0.1");
    let again = attach(&mut world, json!({"Device": "eth0"}));
    assert_eq!(again["PrivateIpAddresses"], json!(["10.0.0.1"]));
    let replaced = attach(&mut world, json!({"Device": "eth0", "PrivateIpAddresses": "auto", "Replace": true}));
    assert_eq!(replaced["PrivateIpAddresses"], json!([]));
    let id = text(&replaced["NetworkInterfaceId"]).parse().unwrap();
    let observed = set_observed_addresses(&world.model, id, ["10.0.0.5".parse().unwrap()]).unwrap();
    world.model = observed.model.unwrap();
    // Another hook leaves the addresses alone.
    let replaced = attach(&mut world, json!({"Device": "eth0", "Hook": "tc", "Replace": true}));
    assert_eq!(replaced["PrivateIpAddresses"], json!(["10.0.0.5"]));
}
