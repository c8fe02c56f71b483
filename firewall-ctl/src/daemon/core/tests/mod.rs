mod binding;
mod confirming;
mod crashing;
mod devices;
mod explaining;
pub(in crate::daemon) mod fake;
mod flows;
mod mac;
mod scope;

use super::*;
use crate::actions::types::AttachDeviceResult;
use crate::daemon::net::{Behind, HostAddress, Link};
use crate::model::{Quotas, Side};
use fake::Fake;
use serde_json::{Value, json};

/// A caller by way of 192.0.2.1, which is on `eth0`.
const SSH: &str = "198.51.100.7 50000 192.0.2.1 22";

/// A host with `lo`, `eth0` (192.0.2.1, 2001:db8::1, fe80::1) and the bridge `br0` with its port `eth1`.
fn host() -> Host {
    let mut host = Host { now: Timestamp::from_second(1_800_000_000).unwrap(), ..Host::default() };
    add_link(&mut host, 1, "lo", |link| link.loopback = true);
    add_link(&mut host, 2, "eth0", |_| {});
    add_link(&mut host, 3, "br0", |link| link.kind = Some("bridge".to_owned()));
    add_link(&mut host, 4, "eth1", |link| link.master = Some(3));
    for address in ["192.0.2.1", "2001:db8::1", "fe80::1"] {
        add_address(&mut host, 2, address);
    }
    host
}

fn add_link(host: &mut Host, ifindex: u32, name: &str, edit: impl FnOnce(&mut Link)) {
    let mut link = Link {
        ifindex,
        name: name.to_owned(),
        mtu: 1500,
        mac_address: None,
        master: None,
        loopback: false,
        kind: None,
        peer: None,
    };
    edit(&mut link);
    host.snapshot.links.insert(ifindex, link);
}

fn add_address(host: &mut Host, ifindex: u32, address: &str) {
    let address = HostAddress { address: address.parse().unwrap(), tentative: false };
    host.snapshot.addresses.entry(ifindex).or_default().insert(address);
}

/// What is at the other end of a device.
fn behind(addresses: &[&str], mac: Option<&str>) -> Behind {
    Behind {
        device: "eth0".to_owned(),
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        mac_address: mac.map(|mac| mac.parse().unwrap()),
    }
}

pub(in crate::daemon) fn settings() -> Settings {
    Settings {
        quotas: Quotas::default(),
        account: AccountId::default(),
        region: "local".to_owned(),
        host_name: "here".to_owned(),
        bindable: [("tap*".to_owned(), Side::Workload), ("eth9".to_owned(), Side::Host)].into_iter().collect(),
        always_allow: BTreeSet::new(),
        last_rule_number: 65_536,
        last_attachment_number: 1000,
        identity: Identity::default(),
    }
}

fn open(fake: &Fake) -> Core<Fake, Fake> {
    let core = Core::open(settings(), fake.clone(), fake.clone()).unwrap();
    fake.diary();
    core
}

fn ask(
    core: &mut Core<Fake, Fake>,
    host: &Host,
    caller: &Caller,
    operation: &str,
    body: Value,
) -> Result<Outcome, ApiError> {
    core.answer(Request::parse(operation, body).unwrap(), caller, host, None)
}

fn attach(core: &mut Core<Fake, Fake>, host: &Host, body: Value) -> Result<AttachDeviceResult, ApiError> {
    let outcome = ask(core, host, &Caller::default(), "AttachDevice", body)?;
    match outcome.response {
        Response::AttachDevice(result) => Ok(result),
        other => panic!("{other:?}"),
    }
}

fn number_of(core: &Core<Fake, Fake>, device: &str) -> u32 {
    core.model.interface_by_device(device).unwrap().attachment.as_ref().unwrap().number
}

#[test]
fn the_first_start_makes_a_default_vpc_and_the_next_one_finds_it() {
    let fake = Fake::default();
    let first = open(&fake);
    assert_eq!(first.model.vpcs.len(), 1);
    let second = open(&fake);
    assert_eq!(first.model, second.model);
}

#[test]
fn attaching_goes_in_order_and_answers_what_the_kernel_has() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let result = attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    assert_eq!(fake.diary(), ["prepare", "publish [1]", "attach 1 eth0 auto", "commit"]);
    assert_eq!(result.hook.got.as_deref(), Some("xdp/tcx"));
    assert_eq!((result.mtu, result.adopted_connections), (Some(1500), Some(3)));
    assert_eq!(result.private_ip_addresses, ["192.0.2.1", "2001:db8::1"]);
    assert_eq!(result.warnings, Vec::<String>::new());
    // The same again changes nothing.
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    assert_eq!(fake.diary(), Vec::<String>::new());
}

#[test]
fn a_failure_at_any_step_leaves_everything_as_it_was() {
    for (step, expected) in [
        ("prepare", &["prepare fails"][..]),
        ("attach", &["prepare", "publish [1]", "attach 1 eth0 auto fails", "detach 1", "prepare", "publish []"]),
        (
            "commit",
            &["prepare", "publish [1]", "attach 1 eth0 auto", "commit fails", "detach 1", "prepare", "publish []"],
        ),
    ] {
        let fake = Fake::default();
        let mut core = open(&fake);
        let before = Arc::clone(&core.model);
        fake.fail(step);
        attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap_err();
        assert_eq!(fake.diary(), expected, "{step}");
        assert_eq!(core.model, before);
        assert!(core.devices.is_empty() && fake.world().kernel.is_empty());
        assert_eq!(fake.load().unwrap().unwrap().model, *before);
        fake.heal();
        attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    }
}

#[test]
fn a_change_of_rules_that_fails_is_not_visible() {
    for step in ["prepare", "commit"] {
        let fake = Fake::default();
        let mut core = open(&fake);
        attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
        fake.diary();
        fake.fail(step);
        let before = fake.world().published.clone();
        let group = core.model.groups.keys().next().unwrap().to_string();
        let body = json!({"GroupId": group, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]});
        let caller = Caller::default();
        ask(&mut core, &host(), &caller, "AuthorizeSecurityGroupIngress", body.clone()).unwrap_err();
        assert_eq!(fake.world().published, before, "{step}");
        fake.heal();
        ask(&mut core, &host(), &caller, "AuthorizeSecurityGroupIngress", body).unwrap();
        assert_ne!(fake.world().published, before);
        let number = core.model.groups.values().flat_map(|group| group.rules.values()).map(|rule| rule.number).max();
        assert!(fake.world().forgotten.contains(&number.unwrap()), "what an older rule counted is not its");
    }
}

#[test]
fn what_is_recorded_and_not_in_force_is_put_in_force_later() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    let group = core.model.groups.keys().next().unwrap().to_string();
    let body =
        json!({"GroupId": group, "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]});
    fake.fail("publish");
    ask(&mut core, &host(), &Caller::default(), "AuthorizeSecurityGroupIngress", body).unwrap();
    core.reconcile(&host(), &PeersSeen::new());
    assert_ne!(fake.world().published, *core.desired);
    fake.heal();
    core.reconcile(&host(), &PeersSeen::new());
    assert_eq!(fake.world().published, *core.desired);
}

#[test]
fn detaching_takes_the_programs_off_first() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    fake.diary();
    ask(&mut core, &host(), &Caller::default(), "DetachDevice", json!({"Device": "eth0"})).unwrap();
    assert_eq!(fake.diary(), ["prepare", "commit", "detach 1", "publish []"]);
    assert!(core.devices.is_empty());
}

#[test]
fn a_dry_run_tells_and_changes_nothing() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let before = Arc::clone(&core.model);
    let result = attach(&mut core, &host(), json!({"Device": "eth0", "DryRun": true})).unwrap();
    assert!(result.dry_run);
    assert_eq!(result.hook.got.as_deref(), Some("xdp/tcx"));
    assert_eq!(result.mtu, Some(1500));
    assert_eq!(fake.diary(), ["prepare"]);
    assert_eq!(core.model, before);
}

#[test]
fn unsuitable_devices_are_refused() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let refuse = |core: &mut _, body, code, part: &str| {
        let error: ApiError = attach(core, &host(), body).unwrap_err();
        assert_eq!(error.code, code);
        let text = format!("{} {}", error.message, error.detail.unwrap_or_default());
        assert!(text.contains(part), "{text}");
    };
    refuse(&mut core, json!({"Device": "eth7"}), ErrorCode::DeviceNotFound, "lo, eth0, br0, eth1");
    refuse(&mut core, json!({"Device": "lo"}), ErrorCode::DeviceUnsuitable, "loopback");
    refuse(&mut core, json!({"Device": "eth1"}), ErrorCode::DeviceUnsuitable, "attach br0");
    let auto = json!({"Device": "eth1", "Side": "workload", "PrivateIpAddresses": "auto"});
    refuse(&mut core, auto, ErrorCode::DeviceUnsuitable, "cannot be read");
    assert_eq!(fake.diary(), Vec::<String>::new());
    let given = json!({"Device": "eth1", "Side": "workload", "PrivateIpAddresses": ["10.0.0.2"]});
    attach(&mut core, &host(), given).unwrap();
}

#[test]
fn status_and_counters_name_what_they_are_about() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    let answer = |core: &mut _, operation, body| {
        let outcome = ask(core, &host(), &Caller::default(), operation, body).unwrap();
        serde_json::to_value(outcome.response).unwrap()
    };
    let status = answer(&mut core, "Status", json!({}));
    assert_eq!(status["Interfaces"][0]["State"], "enforced");
    assert_eq!(status["Interfaces"][0]["HookIngress"], "xdp");
    assert_eq!(status["Problems"], json!([]));
    let counters = answer(&mut core, "DescribeCounters", json!({}));
    assert_eq!(counters["Interfaces"][0]["Ingress"][0]["Reason"], "rule");
    assert_eq!(counters["Interfaces"][0]["Egress"], json!([]));
    assert_eq!(counters["Interfaces"][0]["ConntrackAllowanceAvailable"], 11);
    assert_eq!(counters["Interfaces"][0]["Flows"]["TcpEstablished"], 3);
    assert_eq!(counters["UnrecordedDrops"], 7);
    assert_eq!(counters["Rules"].as_array().unwrap().len(), 1, "a number without a rule is not told");
    let interfaces = answer(&mut core, "DescribeNetworkInterfaces", json!({}));
    assert_eq!(interfaces["NetworkInterfaces"][0]["DeviceAttachment"]["Status"], "attached");
    assert_eq!(interfaces["NetworkInterfaces"][0]["DeviceAttachment"]["Hook"]["Got"], "xdp/tcx");
    let error = ask(&mut core, &host(), &Caller::default(), "DescribeCounters", json!({"Device": "eth9"})).unwrap_err();
    assert_eq!(error.code, ErrorCode::DeviceNotAttached);
    assert!(error.detail.unwrap().contains("eth0"));
}
