use super::*;
use crate::daemon::enforcer::InKernel;
use firewall_common::abi::INTERFACE_MONITOR;
use std::net::IpAddr;

fn addresses(core: &Core<Fake, Fake>, device: &str) -> Vec<String> {
    core.model.interface_by_device(device).unwrap().addresses.iter().map(IpAddr::to_string).collect()
}

#[test]
fn nothing_is_done_when_all_is_well() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    fake.diary();
    core.reconcile(&host(), &PeersSeen::new());
    assert_eq!(fake.diary(), Vec::<String>::new());
}

#[test]
fn addresses_are_followed() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let mut host = host();
    attach(&mut core, &host, json!({"Device": "eth0"})).unwrap();
    fake.diary();
    add_address(&mut host, 2, "192.0.2.9");
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(addresses(&core, "eth0"), ["192.0.2.1", "192.0.2.9", "2001:db8::1"]);
    assert_eq!(fake.diary(), ["prepare", "commit", "publish [1]"]);
}

#[test]
fn addresses_behind_a_workload_are_followed_as_far_as_they_are_seen() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let request =
        Request::parse("AttachDevice", json!({"Device": "eth1", "Side": "workload", "PrivateIpAddresses": "auto"}));
    let peer = Some(Ok(behind(&["10.0.0.2"], None)));
    core.answer(request.unwrap(), &Caller::default(), &host(), peer).unwrap();
    assert_eq!(addresses(&core, "eth1"), ["10.0.0.2"]);
    core.reconcile(&host(), &PeersSeen::new());
    assert_eq!(addresses(&core, "eth1"), ["10.0.0.2"]);
    core.reconcile(&host(), &[(1, behind(&["10.0.0.3"], None))].into());
    assert_eq!(addresses(&core, "eth1"), ["10.0.0.3"]);
}

#[test]
fn a_device_that_goes_and_comes_back_gets_another_number() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let mut host = host();
    attach(&mut core, &host, json!({"Device": "eth0"})).unwrap();
    let link = host.snapshot.links.remove(&2).unwrap();
    host.snapshot.addresses.remove(&2);
    fake.diary();
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), ["detach 1", "prepare", "commit", "publish [1]"]);
    assert_eq!(addresses(&core, "eth0"), Vec::<String>::new());
    assert_eq!(core.view.load().devices[&1].amiss, ["missing"]);
    host.snapshot.links.insert(9, Link { ifindex: 9, ..link });
    add_address(&mut host, 9, "192.0.2.1");
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), ["prepare", "publish [2]", "attach 2 eth0 auto without adoption", "commit", "detach 1"]);
    assert_eq!(number_of(&core, "eth0"), 2);
    assert_eq!(core.view.load().devices[&2].amiss, Vec::<String>::new());
}

#[test]
fn another_device_of_the_same_name_inherits_nothing() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let mut host = host();
    attach(&mut core, &host, json!({"Device": "eth0"})).unwrap();
    let link = host.snapshot.links.remove(&2).unwrap();
    host.snapshot.links.insert(9, Link { ifindex: 9, ..link });
    fake.diary();
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), ["prepare", "publish [2]", "attach 2 eth0 auto without adoption", "commit", "detach 1"]);
}

#[test]
fn a_renamed_device_stays_enforced() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let mut host = host();
    attach(&mut core, &host, json!({"Device": "eth0"})).unwrap();
    host.snapshot.links.get_mut(&2).unwrap().name = "wan0".to_owned();
    fake.diary();
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), Vec::<String>::new());
    assert_eq!(core.view.load().devices[&1].amiss, ["the device is named wan0 now"]);
}

#[test]
fn a_program_that_was_taken_off_a_renamed_device_is_told_and_put_back() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let mut host = host();
    attach(&mut core, &host, json!({"Device": "eth0"})).unwrap();
    host.snapshot.links.get_mut(&2).unwrap().name = "wan0".to_owned();
    let broken = "the in program is not attached";
    fake.world().kernel.get_mut(&1).unwrap().broken = vec![broken.to_owned()];
    fake.fail("attach");
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(core.view.load().devices[&1].amiss, ["the device is named wan0 now", broken]);
    fake.heal();
    fake.diary();
    host.now += jiff::SignedDuration::from_secs(5);
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), ["attach 1 wan0 auto without adoption"]);
    assert_eq!(core.view.load().devices[&1].amiss, ["the device is named wan0 now"]);
}

#[test]
fn a_program_at_another_hook_than_recorded_is_moved() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0", "Hook": "tc"})).unwrap();
    fake.world().kernel.get_mut(&1).unwrap().hook_rx = Some("xdp".to_owned());
    fake.diary();
    core.reconcile(&host(), &PeersSeen::new());
    assert_eq!(fake.diary(), ["attach 1 eth0 tc without adoption"]);
    assert_eq!(core.view.load().devices[&1].amiss, Vec::<String>::new());
}

#[test]
fn another_device_of_the_same_index_is_no_renamed_one() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let mut host = host();
    attach(&mut core, &host, json!({"Device": "eth0"})).unwrap();
    host.snapshot.links.get_mut(&2).unwrap().name = "other0".to_owned();
    fake.world().kernel.insert(1, InKernel { ifindex: 2, ..InKernel::default() });
    fake.diary();
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary()[0], "detach 1");
    assert_eq!(core.view.load().devices[&1].amiss, ["missing"]);
}

#[test]
fn programs_without_a_record_judge_until_those_with_one_have_taken_them_over() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    // A controller was killed after it had handed the device over, and before it had recorded that.
    let there = fake.world().kernel.remove(&1).unwrap();
    fake.world().kernel.insert(2, there);
    fake.fail("attach");
    fake.diary();
    core.reconcile(&host(), &PeersSeen::new());
    assert!(fake.world().kernel.contains_key(&2), "{:?}", fake.diary());
    assert_eq!(number_of(&core, "eth0"), 3, "2 is taken");
    let mut later = host();
    later.now += jiff::SignedDuration::from_secs(5);
    fake.heal();
    fake.diary();
    core.reconcile(&later, &PeersSeen::new());
    assert_eq!(fake.diary(), ["attach 3 eth0 auto without adoption"]);
    assert_eq!(fake.world().kernel.keys().copied().collect::<Vec<_>>(), [3]);
}

#[test]
fn a_program_that_was_taken_off_is_put_back() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    fake.world().kernel.get_mut(&1).unwrap().broken = vec!["egress program is gone".to_owned()];
    fake.diary();
    core.reconcile(&host(), &PeersSeen::new());
    assert_eq!(fake.diary(), ["attach 1 eth0 auto without adoption"]);
}

#[test]
fn a_device_of_the_same_name_and_index_with_no_program_left_inherits_nothing() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    let bare =
        InKernel { ifindex: 2, broken: vec!["the in program is not attached".to_owned()], ..InKernel::default() };
    fake.world().kernel.insert(1, bare);
    fake.diary();
    core.reconcile(&host(), &PeersSeen::new());
    assert_eq!(fake.diary(), ["prepare", "publish [2]", "attach 2 eth0 auto without adoption", "commit", "detach 1"]);
}

#[test]
fn programs_without_a_record_are_taken_off() {
    let fake = Fake::default();
    let mut core = open(&fake);
    fake.world().kernel.insert(7, InKernel::default());
    core.reconcile(&host(), &PeersSeen::new());
    assert_eq!(fake.diary(), ["detach 7"]);
}

#[test]
fn a_device_that_takes_no_programs_is_tried_again_under_the_same_number() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let mut host = host();
    attach(&mut core, &host, json!({"Device": "eth0"})).unwrap();
    fake.world().kernel.clear();
    fake.fail("attach");
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(number_of(&core, "eth0"), 2);
    assert_eq!(core.view.load().devices[&2].amiss, ["not enforced"]);
    fake.diary();
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), Vec::<String>::new(), "not at once");
    host.now += jiff::SignedDuration::from_secs(5);
    fake.heal();
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), ["attach 2 eth0 auto without adoption"]);
    assert_eq!(core.view.load().devices[&2].amiss, Vec::<String>::new());
}

#[test]
fn a_restart_adopts_what_runs() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    drop(core);
    let mut core = open(&fake);
    core.reconcile(&host(), &PeersSeen::new());
    assert_eq!(fake.diary(), Vec::<String>::new());
    assert_eq!(core.view.load().devices[&1].hooks().as_deref(), Some("xdp/tcx"));
}

#[test]
fn another_hook_moves_the_programs_and_a_failure_leaves_them() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    fake.diary();
    fake.fail("commit");
    let body = || json!({"Device": "eth0", "Hook": "tc", "Replace": true});
    attach(&mut core, &host(), body()).unwrap_err();
    let diary = fake.diary();
    assert_eq!(
        diary,
        ["prepare", "publish [1]", "attach 1 eth0 tc", "commit fails", "prepare", "publish [1]", "attach 1 eth0 auto"]
    );
    fake.heal();
    attach(&mut core, &host(), body()).unwrap();
    assert_eq!(fake.diary(), ["prepare", "publish [1]", "attach 1 eth0 tc", "commit"]);
}

#[test]
fn enforcement_is_switched_by_the_tables_alone() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    let is_watched = || fake.world().published.interfaces()[&1].entry.has(INTERFACE_MONITOR);
    assert!(!is_watched());
    for enforce in [false, true] {
        fake.diary();
        let result =
            attach(&mut core, &host(), json!({"Device": "eth0", "Enforce": enforce, "Replace": true})).unwrap();
        assert_eq!(result.enforce, enforce);
        assert_eq!(fake.diary(), ["prepare", "commit", "publish [1]"], "the programs stay");
        assert_eq!(is_watched(), !enforce);
        let status = ask(&mut core, &host(), &Caller::default(), "Status", json!({})).unwrap();
        let status = serde_json::to_value(status.response).unwrap();
        let state = if enforce { "enforced" } else { "monitored: nothing is dropped" };
        assert_eq!(
            (&status["Interfaces"][0]["State"], &status["Interfaces"][0]["Enforce"]),
            (&json!(state), &json!(enforce))
        );
    }
}

#[test]
fn another_side_takes_the_programs_over_and_a_failure_gives_them_back() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    fake.diary();
    fake.fail("commit");
    let body = json!({
        "Device": "eth0", "Side": "workload", "PrivateIpAddresses": ["10.0.0.2"], "Replace": true,
    });
    attach(&mut core, &host(), body.clone()).unwrap_err();
    let expected = [
        "prepare",
        "publish [2]",
        "attach 2 eth0 auto",
        "commit fails",
        "prepare",
        "publish [1]",
        "attach 1 eth0 auto",
        "detach 2",
    ];
    assert_eq!(fake.diary(), expected);
    assert_eq!(number_of(&core, "eth0"), 1);
    fake.heal();
    attach(&mut core, &host(), body).unwrap();
    assert_eq!(fake.diary(), ["prepare", "publish [2]", "attach 2 eth0 auto", "commit", "detach 1"]);
}

#[test]
fn who_has_got_ahead_is_overtaken_once_in_a_while() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let mut host = host();
    attach(&mut core, &host, json!({"Device": "eth0"})).unwrap();
    fake.diary();
    let ahead = || vec!["other runs before the in program".to_owned()];
    fake.world().kernel.get_mut(&1).unwrap().overtaken = ahead();
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), ["attach 1 eth0 auto without adoption"]);
    fake.world().kernel.get_mut(&1).unwrap().overtaken = ahead();
    host.now += jiff::SignedDuration::from_secs(5);
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), Vec::<String>::new());
    assert_eq!(core.view.load().devices[&1].amiss, ahead());
    host.now += jiff::SignedDuration::from_secs(60);
    core.reconcile(&host, &PeersSeen::new());
    assert_eq!(fake.diary(), ["attach 1 eth0 auto without adoption"]);
}

#[test]
fn what_was_just_taken_off_is_not_told_as_enforced() {
    let fake = Fake::default();
    let mut core = open(&fake);
    attach(&mut core, &host(), json!({"Device": "eth0"})).unwrap();
    let state = |core: &mut Core<Fake, Fake>| {
        let status = ask(core, &host(), &Caller::default(), "Status", json!({})).unwrap();
        serde_json::to_value(status.response).unwrap()["Interfaces"][0]["State"].clone()
    };
    assert_eq!(state(&mut core), "enforced");
    let there = InKernel { ifindex: 2, released: Some("taken off".to_owned()), ..InKernel::default() };
    fake.world().kernel.insert(1, there);
    let told = state(&mut core);
    assert!(told.as_str().unwrap().contains("taken off"), "{told}");
}
