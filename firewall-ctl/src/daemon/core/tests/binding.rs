//! Devices that tags ask for.

use super::*;
use crate::model::{InterfaceId, NetworkInterface, Tags};
use std::time::Duration as StdDuration;

/// Makes an interface with addresses of its own and the tag, and gives its id.
fn tagged(core: &mut Core<Fake, Fake>, host: &Host, address: &str, tag: &str) -> InterfaceId {
    let tags = json!([{"ResourceType": "network-interface", "Tags": [{"Key": "firewall:device", "Value": tag}]}]);
    let body = json!({"PrivateIpAddress": address, "TagSpecifications": tags});
    let outcome = ask(core, host, &Caller::default(), "CreateNetworkInterface", body).unwrap();
    let Response::CreateNetworkInterface(result) = outcome.response else { panic!("{:?}", outcome.response) };
    result.network_interface.network_interface_id.parse().unwrap()
}

fn set_tag(core: &mut Core<Fake, Fake>, id: InterfaceId, value: Option<&str>) {
    let mut tags = Tags::default();
    if let Some(value) = value {
        tags.set("firewall:device", value).unwrap();
    }
    let mut next = Model::clone(&core.model);
    let changed = NetworkInterface { tags, ..NetworkInterface::clone(&next.interfaces[&id]) };
    next.put_interface(changed).unwrap();
    core.model = Arc::new(next);
}

fn device_of(core: &Core<Fake, Fake>, id: InterfaceId) -> Option<String> {
    core.model.interfaces[&id].attachment.as_ref().map(|attachment| attachment.device.clone())
}

/// What the interface says of its binding: state and reason.
fn told(core: &Core<Fake, Fake>, id: InterfaceId) -> Option<(String, Option<String>)> {
    let view = core.view.load();
    let body = json!({"NetworkInterfaceIds": [id.to_string()]});
    let request = Request::parse("DescribeNetworkInterfaces", body).unwrap();
    let outcome = read(&view, request, None, &core.settings, Timestamp::UNIX_EPOCH).unwrap();
    let Response::DescribeNetworkInterfaces(result) = outcome.response else { panic!("{:?}", outcome.response) };
    result.network_interfaces[0].device_binding.clone().map(|binding| (binding.state, binding.reason))
}

fn host_with(devices: &[(u32, &str)]) -> Host {
    let mut host = host();
    for (ifindex, name) in devices {
        add_link(&mut host, *ifindex, name, |_| ());
    }
    host
}

#[test]
fn a_tag_binds_its_device_and_takes_it_off() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let host = host_with(&[(20, "tap0"), (21, "tap1")]);
    let id = tagged(&mut core, &host, "10.0.0.7", "here/tap0");
    assert_eq!(device_of(&core, id), None);
    fake.diary();
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), ["prepare", "publish [1]", "attach 1 tap0 auto", "commit"]);
    let attachment = core.model.interfaces[&id].attachment.clone().unwrap();
    assert_eq!((attachment.side, attachment.by_tag), (Side::Workload, true));
    assert_eq!(core.model.interfaces[&id].addresses, BTreeSet::from(["10.0.0.7".parse().unwrap()]));
    assert_eq!(told(&core, id), Some(("bound".to_owned(), None)));
    let place = core.model.interfaces[&id].instance.clone().unwrap();
    assert!(place.by_device, "it is at this host's instance");
    // All is well: nothing more is done.
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), Vec::<String>::new());
    // Another device, then none.
    set_tag(&mut core, id, Some("here/tap1"));
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(device_of(&core, id).as_deref(), Some("tap1"));
    set_tag(&mut core, id, None);
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!((device_of(&core, id), told(&core, id)), (None, None));
    assert!(fake.world().kernel.is_empty());
    assert_eq!(core.model.interfaces[&id].addresses.len(), 1, "its addresses were given, and stay");
}

#[test]
fn a_bound_interface_can_be_deleted() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let host = host_with(&[(20, "tap0")]);
    let id = tagged(&mut core, &host, "10.0.0.7", "here/tap0");
    core.reconcile(&host, &PeersSeen::new());
    fake.diary();
    let body = json!({"NetworkInterfaceId": id.to_string()});
    ask(&mut core, &host, &Caller::default(), "DeleteNetworkInterface", body).unwrap();
    assert_eq!(fake.diary(), ["prepare", "commit", "detach 1", "publish []"]);
    core.reconcile(&host, &PeersSeen::new());
    assert!(core.model.interfaces.is_empty() && core.view.load().bindings.is_empty());
}

#[test]
fn bindings_in_vain_are_told_with_the_reason() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let host = host_with(&[(20, "tap0"), (22, "secret0")]);
    let (first, second, gone, unlisted, elsewhere) = (
        tagged(&mut core, &host, "10.0.0.7", "here/tap0"),
        tagged(&mut core, &host, "10.0.0.8", "here/tap0"),
        tagged(&mut core, &host, "10.0.0.9", "here/tap9"),
        tagged(&mut core, &host, "10.0.0.10", "here/secret0"),
        tagged(&mut core, &host, "10.0.0.11", "there/tap0"),
    );
    core.reconcile(&host, &PeersSeen::new());
    let told_of =
        |core: &Core<Fake, Fake>, id| told(core, id).map(|(state, reason)| (state, reason.unwrap_or_default()));
    let bound = [first, second].into_iter().filter(|id| device_of(&core, *id).is_some()).collect::<Vec<_>>();
    let [bound] = bound.as_slice() else { panic!("one of both: {bound:?}") };
    let other = if *bound == first { second } else { first };
    let (state, reason) = told_of(&core, other).unwrap();
    assert_eq!(
        (state.as_str(), reason),
        ("refused", format!("The device 'tap0' is in use. It is attached to {bound}."))
    );
    let (state, reason) = told_of(&core, gone).unwrap();
    assert!(state == "refused" && reason.starts_with("The device 'tap9' does not exist."), "{reason}");
    let (state, reason) = told_of(&core, unlisted).unwrap();
    let listed = "bindable-devices lists eth9, tap*.";
    let expected = format!("The configuration does not list the device 'secret0' as bindable. {listed}");
    assert_eq!((state.as_str(), reason), ("refused", expected));
    assert_eq!(told_of(&core, elsewhere), None, "another host's business");
    let Response::Status(status) = core.status() else { panic!("a status") };
    assert_eq!((status.bindings.len(), status.problems.len()), (4, 3), "{status:?}");
    // It is not tried over and over, and is when it may go well.
    fake.diary();
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), Vec::<String>::new());
    let mut later = host_with(&[(20, "tap0"), (22, "secret0"), (23, "tap9")]);
    later.now = host.now + StdDuration::from_secs(10);
    core.reconcile(&later, &PeersSeen::new());
    assert_eq!(told_of(&core, gone), Some(("bound".to_owned(), String::new())));
}

#[test]
fn what_was_attached_by_hand_is_left_alone() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let host = host_with(&[(20, "tap0"), (21, "tap1")]);
    let body = json!({"Device": "tap0", "Side": "workload", "PrivateIpAddresses": ["10.0.0.5"]});
    let by_hand: InterfaceId = attach(&mut core, &host, body).unwrap().network_interface_id.parse().unwrap();
    set_tag(&mut core, by_hand, Some("here/tap1"));
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(device_of(&core, by_hand).as_deref(), Some("tap0"));
    assert_eq!(told(&core, by_hand).unwrap().0, "refused");
    set_tag(&mut core, by_hand, Some("here/tap0"));
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(told(&core, by_hand), Some(("bound".to_owned(), None)));
    set_tag(&mut core, by_hand, None);
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(device_of(&core, by_hand).as_deref(), Some("tap0"), "no tag has attached it");
}

#[test]
fn a_host_is_an_instance_and_what_is_attached_is_at_it() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let instance = core.model.instance_of_host("here").unwrap().id;
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    let interface = core.model.interfaces_at(instance)[0];
    let place = interface.instance.as_ref().unwrap();
    assert_eq!((place.device_index, place.by_device), (0, true));
    assert!(interface.subnet.is_some(), "as an instance that is started in no subnet");
    ask(&mut core, &host(), &Caller::default(), "DetachDevice", json!({"Device": "eth0"})).unwrap();
    assert!(core.model.interfaces_at(instance).is_empty());
    // A host that calls itself otherwise is still the same.
    drop(core);
    let renamed = Settings { host_name: "elsewhere".to_owned(), ..settings() };
    let core = Core::open(renamed, fake.clone(), fake.clone()).unwrap();
    assert_eq!(core.model.instance_of_host("elsewhere").unwrap().id, instance);
    assert_eq!(core.model.instances.len(), 1);
}

#[test]
fn a_tag_locks_nobody_out_who_is_logged_in() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let mut host = host_with(&[(24, "eth9")]);
    add_address(&mut host, 24, "192.0.2.9");
    let id = tagged(&mut core, &host, "10.0.0.7", "here/eth9");
    host.sessions = ["198.51.100.7 50000 192.0.2.9 22".parse().unwrap()].into();
    fake.diary();
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), Vec::<String>::new());
    let (state, reason) = told(&core, id).unwrap();
    let reason = reason.unwrap();
    assert_eq!(state, "refused");
    for part in ["eth9 would deny", "198.51.100.7", "--cidr 198.51.100.7/32", "--network-interface-id"] {
        assert!(reason.contains(part), "{part} in {reason}");
    }
    let Response::Status(status) = core.status() else { panic!("a status") };
    assert!(status.problems.iter().any(|problem| problem.contains("eth9 would deny")), "{status:?}");
    // It is bound as soon as a rule lets them in.
    let group = core.model.groups.keys().next().unwrap().to_string();
    let rule = json!({"GroupId": group, "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "198.51.100.0/24"}]}
    ]});
    ask(&mut core, &host, &Caller::default(), "AuthorizeSecurityGroupIngress", rule).unwrap();
    host.now += StdDuration::from_secs(10);
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(told(&core, id), Some(("bound".to_owned(), None)));
}

#[test]
fn a_tag_asks_nobody_who_comes_by_another_device() {
    let mut core = open(&Fake::default());
    let mut host = host_with(&[(24, "eth9")]);
    add_address(&mut host, 24, "192.0.2.9");
    let id = tagged(&mut core, &host, "10.0.0.7", "here/eth9");
    host.sessions = [SSH.parse().unwrap()].into();
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(told(&core, id), Some(("bound".to_owned(), None)));
}
