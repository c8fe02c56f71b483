//! Packets obey what boto3 says: networks, groups, interfaces on devices, rules and lists are all calls of it.

use super::Site;
use super::boto3::Boto3;
use firewall_tests::controller::text;
use firewall_tests::traffic::{tcp, tcp_echo};
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, World, only};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};

/// Rules for the open port, with one peer.
fn rules(group: &str, peers: &str, peer: &Value) -> Value {
    json!({"GroupId": group, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": OPEN, "ToPort": OPEN, peers: [peer]}]})
}

/// Addresses of the host, of who is admitted and of who is not: those of [`World`] are the first ones of their network, which
/// a subnet keeps for itself.
const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 11);
const FRIEND: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 12);
const STRANGER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 13);

#[test]
fn packets_obey_what_boto3_says() {
    let world = World::new();
    for (namespace, address) in [(&world.host, HOST), (&world.beyond, FRIEND), (&world.beyond, STRANGER)] {
        namespace.address("eth0", format!("{address}/24").parse().expect("an address"));
    }
    let service = SocketAddr::new(HOST.into(), OPEN);
    let _server = tcp_echo(&world.host, service);
    let site = Site::with(&world.host, &["--host-name", "here", "--bindable-device", "eth0=host"]);
    let mut boto3 = Boto3::new(&site);
    let attempt = |from: Ipv4Addr| tcp(&world.beyond, Some(from.into()), service);
    let expect = |friend_answers: bool, stranger_answers: bool| {
        for (from, answers) in [(FRIEND, friend_answers), (STRANGER, stranger_answers)] {
            if answers { attempt(from).answers() } else { attempt(from).is_silent() }
        }
    };
    let vpc = text(&boto3.call("create_vpc", &json!({"CidrBlock": "10.0.0.0/16"})), "/Vpc/VpcId");
    let subnet = boto3.call("create_subnet", &json!({"VpcId": vpc, "CidrBlock": "10.0.0.0/24"}));
    let subnet = text(&subnet, "/Subnet/SubnetId");
    let [served, clients] = ["served", "clients"].map(|name| boto3.group(name, &vpc));
    let interface = |boto3: &mut Boto3, group: &str, address: Ipv4Addr, tags: &Value| {
        let request = json!({
            "SubnetId": subnet,
            "PrivateIpAddress": address,
            "Groups": [group],
            "TagSpecifications": [{"ResourceType": "network-interface", "Tags": tags}],
        });
        text(&boto3.call("create_network_interface", &request), "/NetworkInterface/NetworkInterfaceId")
    };
    expect(true, true);

    // A tag puts the interface on the host's device.
    let device = json!([{"Key": "firewall:device", "Value": "here/eth0"}]);
    let bound = interface(&mut boto3, &served, HOST, &device);
    eventually("the interface is bound", || !attempt(STRANGER).is_answered());
    expect(false, false);

    // By group: who is a member comes in, and no more when it has gone.
    let by_group = rules(&served, "UserIdGroupPairs", &json!({"GroupId": clients}));
    boto3.call("authorize_security_group_ingress", &by_group);
    expect(false, false);
    let member = interface(&mut boto3, &clients, FRIEND, &json!([{"Key": "Name", "Value": "friend"}]));
    expect(true, false);
    boto3.call("delete_network_interface", &json!({"NetworkInterfaceId": member}));
    expect(false, false);
    boto3.call("revoke_security_group_ingress", &by_group);

    // By prefix list, which changes.
    let entries = json!([{"Cidr": only(FRIEND.into())}]);
    let list = boto3.call(
        "create_managed_prefix_list",
        &json!({"PrefixListName": "admitted", "MaxEntries": 5, "AddressFamily": "IPv4", "Entries": entries}),
    );
    let list = text(&list, "/PrefixList/PrefixListId");
    let by_list = rules(&served, "PrefixListIds", &json!({"PrefixListId": list}));
    boto3.call("authorize_security_group_ingress", &by_list);
    expect(true, false);
    let change = json!({
        "PrefixListId": list,
        "CurrentVersion": 1,
        "AddEntries": [{"Cidr": only(STRANGER.into())}],
        "RemoveEntries": entries,
    });
    boto3.call("modify_managed_prefix_list", &change);
    expect(false, true);
    boto3.call("revoke_security_group_ingress", &by_list);
    expect(false, false);
    boto3.call("delete_managed_prefix_list", &json!({"PrefixListId": list}));

    // Without its tag it leaves the device.
    boto3.call("delete_tags", &json!({"Resources": [bound], "Tags": [{"Key": "firewall:device"}]}));
    eventually("the device is free", || attempt(STRANGER).is_answered());
}
