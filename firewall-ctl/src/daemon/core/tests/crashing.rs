//! A controller that is killed, before any step of a change or after it: the next one makes it good.

use super::fake::{Kill, Killed};
use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Makes a change with a controller that is killed at a step; whether it got so far.
fn is_killed(fake: &Fake, steps: usize, kill: Kill, change: impl FnOnce(&mut Core<Fake, Fake>)) -> bool {
    let mut core = open(fake);
    core.reconcile(&host(), &PeersSeen::new());
    fake.world().killed = Some((steps, kill));
    let result = catch_unwind(AssertUnwindSafe(|| change(&mut core)));
    fake.world().killed = None;
    match result {
        Ok(()) => false,
        Err(panic) => {
            assert!(panic.is::<Killed>(), "another panic");
            true
        }
    }
}

/// What is recorded is in force, and nothing else is: programs where there are attachments, and their tables.
fn assert_made_good(fake: &Fake, what: &str) {
    let mut core = open(fake);
    core.reconcile(&host(), &PeersSeen::new());
    assert_eq!(*core.model, fake.load().unwrap().unwrap().model, "{what}");
    let world = fake.world();
    let attached: Vec<u32> =
        core.model.interfaces.values().filter_map(|it| Some(it.attachment.as_ref()?.number)).collect();
    assert_eq!(world.kernel.keys().copied().collect::<Vec<_>>(), attached, "{what}");
    assert_eq!(world.published, compile(&core.model).unwrap(), "{what}");
    for interface in core.model.attached() {
        let attachment = interface.attachment.as_ref().unwrap();
        assert_eq!(world.kernel[&attachment.number].amiss(attachment.hook), Vec::<String>::new(), "{what}");
    }
}

/// Kills at each step in turn, until the change gets through.
fn at_every_step(prepare: impl Fn(&mut Core<Fake, Fake>), change: impl Fn(&mut Core<Fake, Fake>)) -> usize {
    let mut kills = 0;
    for kill in [Kill::Before, Kill::After] {
        for steps in 0.. {
            let fake = Fake::default();
            prepare(&mut open(&fake));
            let killed = is_killed(&fake, steps, kill, &change);
            assert_made_good(&fake, &format!("{kill:?} step {steps}"));
            if !killed {
                break;
            }
            kills += 1;
        }
    }
    kills
}

fn attach_eth0(core: &mut Core<Fake, Fake>) {
    attach(core, &host(), json!({"Device": "eth0"})).unwrap();
}

fn authorize(core: &mut Core<Fake, Fake>) {
    let group = core.model.groups.keys().next().unwrap().to_string();
    let body =
        json!({"GroupId": group, "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]});
    ask(core, &host(), &Caller::default(), "AuthorizeSecurityGroupIngress", body).unwrap();
}

#[test]
fn attaching() {
    assert_eq!(at_every_step(|_| {}, attach_eth0), 7);
}

#[test]
fn a_change_of_rules() {
    assert_eq!(at_every_step(attach_eth0, authorize), 5);
}

#[test]
fn another_side() {
    let replace = |core: &mut Core<Fake, Fake>| {
        let body = json!({"Device": "eth0", "Side": "workload", "PrivateIpAddresses": ["10.0.0.2"], "Replace": true});
        attach(core, &host(), body).unwrap();
    };
    assert_eq!(at_every_step(attach_eth0, replace), 9);
}

#[test]
fn another_hook() {
    let replace = |core: &mut Core<Fake, Fake>| {
        attach(core, &host(), json!({"Device": "eth0", "Hook": "tc", "Replace": true})).unwrap();
    };
    let attach_by_xdp = |core: &mut Core<Fake, Fake>| {
        attach(core, &host(), json!({"Device": "eth0", "Hook": "xdp"})).unwrap();
    };
    assert_eq!(at_every_step(attach_by_xdp, replace), 7);
}

#[test]
fn detaching() {
    let detach = |core: &mut Core<Fake, Fake>| {
        ask(core, &host(), &Caller::default(), "DetachDevice", json!({"Device": "eth0"})).unwrap();
    };
    assert_eq!(at_every_step(attach_eth0, detach), 7);
}
