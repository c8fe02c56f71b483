//! Hardware addresses: what is given, what is seen, and what becomes of both.

use super::*;
use crate::model::MacAddress;

/// Attaches a workload's device, behind which something was seen.
fn attach_workload(core: &mut Core<Fake, Fake>, wish: &Value, peer: Behind) -> Result<AttachDeviceResult, ApiError> {
    let mut body = json!({"Device": "eth1", "Side": "workload"});
    body.as_object_mut().unwrap().extend(wish.as_object().unwrap().clone());
    let request = Request::parse("AttachDevice", body).unwrap();
    let outcome = core.answer(request, &Caller::default(), &host(), Some(Ok(peer)))?;
    let Response::AttachDevice(result) = outcome.response else { panic!("another answer") };
    Ok(result)
}

/// The hardware address in the entry of the device's interface.
fn hardware(core: &Core<Fake, Fake>, device: &str) -> Option<MacAddress> {
    MacAddress::of_station(&core.desired.interfaces()[&number_of(core, device)].entry.hardware)
}

fn mac(text: &str) -> Option<MacAddress> {
    Some(text.parse().unwrap())
}

const ONE: &str = "0a:00:00:00:00:01";
const OTHER: &str = "0a:00:00:00:00:02";

#[test]
fn the_hardware_address_behind_a_device_is_followed_and_held_against() {
    let mut core = open(&Fake::default());
    let auto = json!({"PrivateIpAddresses": "auto"});
    let result = attach_workload(&mut core, &auto, behind(&["10.0.0.2"], Some(ONE))).unwrap();
    assert_eq!((result.mac_address.as_str(), result.warnings), (ONE, Vec::new()));
    assert_eq!(hardware(&core, "eth1"), mac(ONE));
    core.reconcile(&host(), &PeersSeen::new());
    assert_eq!(hardware(&core, "eth1"), mac(ONE), "what is not seen stays");
    core.reconcile(&host(), &[(1, behind(&["10.0.0.2"], Some(OTHER)))].into());
    assert_eq!(hardware(&core, "eth1"), mac(OTHER));
}

#[test]
fn addresses_that_were_given_leave_the_hardware_address_to_be_read() {
    let mut core = open(&Fake::default());
    let given = json!({"PrivateIpAddresses": ["10.0.0.2"]});
    attach_workload(&mut core, &given, behind(&["10.0.0.9"], Some(ONE))).unwrap();
    let interface = core.model.interface_by_device("eth1").unwrap();
    assert_eq!(interface.addresses, ["10.0.0.2".parse().unwrap()].into());
    assert_eq!(hardware(&core, "eth1"), mac(ONE));
}

#[test]
fn a_hardware_address_that_nothing_tells_is_not_held_against_and_told_of() {
    let mut core = open(&Fake::default());
    let unknown = attach_workload(&mut core, &json!({"PrivateIpAddresses": ["10.0.0.2"]}), behind(&["10.0.0.2"], None));
    let unknown = unknown.unwrap();
    assert!(unknown.warnings.iter().any(|warning| warning.contains("--mac-address")), "{:?}", unknown.warnings);
    assert_eq!(hardware(&core, "eth1"), None);
    let any = json!({"MacAddress": "any", "Replace": true});
    let any = attach_workload(&mut core, &any, behind(&["10.0.0.2"], Some(ONE))).unwrap();
    assert_eq!((any.warnings, hardware(&core, "eth1")), (Vec::new(), None));
    core.reconcile(&host(), &[(1, behind(&["10.0.0.2"], Some(ONE)))].into());
    assert_eq!(hardware(&core, "eth1"), None);
}

#[test]
fn a_hardware_address_that_is_given_stays_and_must_not_contradict_the_device() {
    let mut core = open(&Fake::default());
    let wish = json!({"PrivateIpAddresses": ["10.0.0.2"], "MacAddress": ONE});
    let error = attach_workload(&mut core, &wish, behind(&["10.0.0.2"], Some(OTHER))).unwrap_err();
    let text = format!("{} {}", error.message, error.detail.unwrap_or_default());
    assert!(error.code == ErrorCode::DeviceUnsuitable && text.contains(ONE) && text.contains(OTHER), "{text}");
    attach_workload(&mut core, &wish, behind(&["10.0.0.2"], Some(ONE))).unwrap();
    core.reconcile(&host(), &[(1, behind(&["10.0.0.2"], Some(OTHER)))].into());
    assert_eq!(hardware(&core, "eth1"), mac(ONE), "a workload does not choose it");
    // Other wishes are not refused for what the workload has done since.
    let unenforced = json!({"Enforce": false, "Replace": true});
    let result = attach_workload(&mut core, &unenforced, behind(&["10.0.0.2"], Some(OTHER))).unwrap();
    assert!(result.warnings.iter().any(|warning| warning.contains(OTHER)), "{:?}", result.warnings);
}

#[test]
fn a_workload_does_not_take_over_the_hardware_address_of_another() {
    let mut core = open(&Fake::default());
    let auto = || json!({"PrivateIpAddresses": "auto"});
    attach_workload(&mut core, &auto(), behind(&["10.0.0.2"], Some(ONE))).unwrap();
    let mut host = host();
    let link = host.snapshot.links[&4].clone();
    host.snapshot.links.insert(9, Link { ifindex: 9, name: "eth9".to_owned(), ..link });
    let body = json!({"Device": "eth9", "Side": "workload", "PrivateIpAddresses": "auto"});
    let peer = Some(Ok(behind(&["10.0.0.3"], Some(OTHER))));
    core.answer(Request::parse("AttachDevice", body).unwrap(), &Caller::default(), &host, peer).unwrap();
    let seen = [(1, behind(&["10.0.0.2"], Some(ONE))), (2, behind(&["10.0.0.3"], Some(ONE)))];
    core.reconcile(&host, &seen.into());
    assert_eq!((hardware(&core, "eth1"), hardware(&core, "eth9")), (mac(ONE), mac(OTHER)));
}

#[test]
fn a_device_that_comes_back_with_nothing_seen_behind_it_may_send_with_any_hardware_address() {
    let mut core = open(&Fake::default());
    let auto = json!({"PrivateIpAddresses": "auto"});
    attach_workload(&mut core, &auto, behind(&["10.0.0.2"], Some(ONE))).unwrap();
    let mut host = host();
    let link = host.snapshot.links.remove(&4).unwrap();
    host.snapshot.links.insert(9, Link { ifindex: 9, ..link });
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!((number_of(&core, "eth1"), hardware(&core, "eth1")), (2, None));
}

#[test]
fn a_host_shows_the_hardware_address_of_its_device_and_is_not_held_against_it() {
    let mut core = open(&Fake::default());
    let mut host = host();
    host.snapshot.links.get_mut(&2).unwrap().mac_address = mac(ONE);
    let result = attach(&mut core, &host, json!({"Device": "eth0"})).unwrap();
    assert_eq!((result.mac_address.as_str(), hardware(&core, "eth0")), (ONE, None));
    host.snapshot.links.get_mut(&2).unwrap().mac_address = mac(OTHER);
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(core.model.interface_by_device("eth0").unwrap().mac_address, mac(OTHER));
}
