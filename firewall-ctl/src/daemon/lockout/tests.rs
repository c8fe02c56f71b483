use super::*;
use crate::compile::compile;
use crate::daemon::testing;
use crate::model::{L4, Peer, Rule, RuleId, RuleKey, Service};
use std::sync::Arc;

const CALLER: &str = "198.51.100.7 50000 192.0.2.2 22";

/// A model whose default group allows nothing in, with an interface of it on `eth0` that holds 192.0.2.2.
fn attached() -> (Model, GroupId) {
    let mut model = testing::model();
    let group = testing::default_group(&model);
    testing::edit_group(&mut model, group, |group| group.rules.clear());
    testing::attach(&mut model, "eth0", &["192.0.2.2"]);
    (model, group)
}

fn allow(model: &mut Model, group: GroupId, service: Service, peer: Peer) {
    testing::edit_group(model, group, |group| {
        let id: RuleId = testing::id();
        let key = RuleKey { direction: Direction::Inbound, service, peer };
        let number = u32::try_from(group.rules.len()).unwrap() + 100;
        group.rules.insert(id, Rule { id, key, description: None, tags: crate::model::Tags::default(), number });
    });
}

fn ssh() -> Service {
    Service::Ports { protocol: L4::Tcp, from: 22, to: 22 }
}

fn lock_out(before: &Model, after: &Model) -> Option<LockOut> {
    let desired = [before, after].map(|model| compile(model).unwrap());
    let before = State { model: before, desired: &desired[0] };
    let after = State { model: after, desired: &desired[1] };
    find(before, after, &CALLER.parse().unwrap(), &Snapshot::default())
}

fn locks_out(before: &Model, after: &Model) -> bool {
    lock_out(before, after).is_some()
}

#[test]
fn attaching_without_a_rule_locks_out() {
    let (after, group) = attached();
    let lock_out = lock_out(&testing::model(), &after).unwrap();
    assert_eq!((lock_out.device.as_str(), lock_out.group), ("eth0", group));
    assert!(lock_out.message().contains("198.51.100.7 -> 192.0.2.2 port 22"));
    assert!(lock_out.remedy().contains("--cidr 198.51.100.7/32"));
    assert!(lock_out.remedy().contains(&format!("--group-id {group} ")));
}

#[test]
fn rules_that_admit_the_caller_do() {
    let (closed, group) = attached();
    let cases = [
        (Service::All, "0.0.0.0/0", true),
        (ssh(), "198.51.100.0/24", true),
        (ssh(), "198.51.101.0/24", false),
        (ssh(), "::/0", false),
        (Service::Ports { protocol: L4::Tcp, from: 23, to: 65_535 }, "0.0.0.0/0", false),
        (Service::Ports { protocol: L4::Udp, from: 0, to: 65_535 }, "0.0.0.0/0", false),
        (Service::Other(47), "0.0.0.0/0", false),
    ];
    for (service, peer, admits) in cases {
        let mut after = closed.clone();
        allow(&mut after, group, service, peer.parse().unwrap());
        assert_eq!(locks_out(&testing::model(), &after), !admits, "{service} {peer}");
        // Taking the rule away again is what locks out, if it admitted.
        assert_eq!(locks_out(&after, &closed), admits, "{service} {peer}");
    }
}

#[test]
fn a_group_admits_its_members() {
    let (mut model, group) = attached();
    allow(&mut model, group, ssh(), Peer::Group { id: group, owner: crate::model::AccountId::default() });
    assert!(locks_out(&testing::model(), &model));
    let mut with_member = model.clone();
    testing::attach(&mut with_member, "eth1", &["198.51.100.7"]);
    assert!(!locks_out(&testing::model(), &with_member));
    assert!(locks_out(&with_member, &model), "the member goes");
}

#[test]
fn who_was_out_already_is_not_locked_out() {
    let (model, _) = attached();
    assert!(!locks_out(&model, &model));
}

#[test]
fn other_addresses_do_not_matter() {
    let mut after = testing::model();
    let group = testing::default_group(&after);
    testing::edit_group(&mut after, group, |group| group.rules.clear());
    testing::attach(&mut after, "eth0", &["192.0.2.3"]);
    assert!(!locks_out(&testing::model(), &after));
}

#[test]
fn who_is_only_watched_is_not_locked_out_and_who_is_enforced_then_is() {
    let (enforced, _) = attached();
    let mut watched = enforced.clone();
    let id = enforced.attached().next().unwrap().id;
    let mut interface = NetworkInterface::clone(&enforced.interfaces[&id]);
    interface.attachment.as_mut().unwrap().enforce = false;
    watched.interfaces.insert(id, Arc::new(interface));
    assert!(!locks_out(&testing::model(), &watched));
    assert!(!locks_out(&enforced, &watched));
    assert!(locks_out(&watched, &enforced));
}

#[test]
fn detaching_never_locks_out() {
    let (model, _) = attached();
    let mut detached = model.clone();
    let (id, mut interface) = model.interfaces.get_min().map(|(id, interface)| (*id, (**interface).clone())).unwrap();
    interface.attachment = None;
    detached.interfaces.insert(id, Arc::new(interface));
    assert!(!locks_out(&model, &detached));
}
