//! Cases that need other tables than the rest: none, full, or changed between two frames.

use super::diary::{ATTACHMENT, FLOW, NO_PEER, NO_SERVICE, RULE, drop};
use super::race::{self, Opening};
use super::stage::{self, EPHEMERAL, HTTPS, families};
use firewall_common::abi::INTERFACE_STRICT_L2;
use firewall_common::verdict::{Direction, Pass, Reason, Verdict};
use firewall_ctl::compile::Limits;
use firewall_ctl::model::{AccountId, Side};
use firewall_tests::build::ModelBuilder;
use firewall_tests::judge::{Hook, Host, Kernel, entry, small_limits};
use firewall_tests::ledger::Line;
use firewall_tests::packet::eth;

fn verdict(kernel: &mut Kernel, hook: Hook, attachment: u32, side: Side, frame: &[u8]) -> Verdict {
    let outcome = kernel.judge(hook, frame).expect("the kernel takes the frame");
    outcome.verdict(attachment, hook.direction(side), frame.len()).unwrap_or_else(|difference| panic!("{difference}"))
}

/// Writes a case down that has been seen to hold for both families.
fn shown(case: u8, name: &str, hook: &str, side: &str, result: &str) {
    Line { case, name, hook, family: "both", side, result, is_expected: true }.write();
}

fn syn() -> Vec<u8> {
    families()[0].coming().tcp(EPHEMERAL, HTTPS).syn().build()
}

#[test]
fn a_device_without_an_entry_drops_everything() {
    let mut kernel = Kernel::shared();
    kernel.publish(&stage::model());
    for hook in Hook::ALL {
        for frame in [syn(), eth().arp([10, 0, 0, 1].into(), [10, 0, 0, 2].into()).build()] {
            // Counted for attachment 0, by whether it was received: there is no side.
            assert_eq!(verdict(&mut kernel, hook, 0, Side::Host, &frame), drop(Reason::NoInterface), "{hook:?}");
        }
    }
}

#[test]
fn an_interface_without_a_policy_drops_what_rules_would_judge() {
    let mut kernel = Kernel::shared();
    kernel.publish(&stage::model());
    kernel.place(entry(ATTACHMENT + 1, Side::Host));
    for hook in Hook::ALL {
        let seen = verdict(&mut kernel, hook, ATTACHMENT + 1, Side::Host, &syn());
        assert_eq!(seen, drop(Reason::NoPolicy), "{hook:?}");
    }
}

#[test]
fn a_strict_host_drops_what_is_not_ip() {
    let mut kernel = Kernel::shared();
    kernel.publish(&stage::model());
    let mut interface = entry(ATTACHMENT, Side::Host);
    interface.flags |= INTERFACE_STRICT_L2;
    kernel.place(interface);
    let frame = eth().ethertype(0x88cc).payload(&[0; 46]).build();
    let arp = eth().arp([10, 0, 0, 1].into(), [10, 0, 0, 2].into()).build();
    for hook in Hook::ALL {
        assert_eq!(verdict(&mut kernel, hook, ATTACHMENT, Side::Host, &frame), drop(Reason::EtherType), "{hook:?}");
        assert_eq!(verdict(&mut kernel, hook, ATTACHMENT, Side::Host, &arp), Verdict::Allow(Pass::Arp), "{hook:?}");
    }
}

#[test]
fn a_full_table_refuses_new_flows_and_loses_none() {
    let limits = Limits { flows_v4: 16, flows_v6: 16, ..small_limits() };
    let (mut kernel, mut host) = (Kernel::load(limits), Host::new(limits));
    kernel.publish(&stage::model());
    kernel.place(entry(ATTACHMENT, Side::Host));
    host.publish(&stage::model());
    host.place(entry(ATTACHMENT, Side::Host));
    for family in families() {
        for opening in [race::tcp as Opening, race::udp] {
            kernel.forget();
            host.forget();
            let first = |port| opening(&family, port)[0].build();
            let mut admitted = Vec::new();
            let mut refused = 0;
            for port in EPHEMERAL..EPHEMERAL + 200 {
                match verdict(&mut kernel, Hook::Xdp, ATTACHMENT, Side::Host, &first(port)) {
                    RULE => admitted.push(port),
                    seen => {
                        assert_eq!(seen, drop(Reason::AllowanceExceeded));
                        refused += 1;
                    }
                }
                let on_host = host.judge(Hook::Xdp, &first(port));
                assert!(on_host.verdict(ATTACHMENT, Direction::Inbound, first(port).len()).is_ok());
            }
            assert!(!admitted.is_empty() && refused > 100, "{admitted:?}");
            for port in admitted {
                let answer = opening(&family, port)[1].build();
                assert_eq!(verdict(&mut kernel, Hook::TcSend, ATTACHMENT, Side::Host, &answer), FLOW, "{port}");
            }
        }
    }
    let name = "200 SYN, and as many datagrams, against room for 16";
    shown(14, name, "xdp, tc-out", "host", "drop conntrack-allowance-exceeded, no flow lost");
}

/// The same device with another attachment number is another interface, and so is another life of the same.
#[test]
fn flows_of_one_interface_serve_no_other() {
    let mut build = ModelBuilder::new();
    let group = build.group("open");
    build.rule(group, Direction::Inbound, "tcp/443", "0.0.0.0/0");
    build.rule(group, Direction::Inbound, "tcp/443", "::/0");
    build.interface(1, Side::Host, &[group], &["10.0.0.1"]);
    build.interface(2, Side::Workload, &[group], &["10.0.0.3"]);
    let mut kernel = Kernel::shared();
    kernel.publish(&build.model());
    for family in families() {
        let answer = family.going().tcp(HTTPS, EPHEMERAL).syn_ack().build();
        let syn = family.coming().tcp(EPHEMERAL, HTTPS).syn().build();
        kernel.place(entry(1, Side::Host));
        assert_eq!(verdict(&mut kernel, Hook::Xdp, 1, Side::Host, &syn), RULE);
        kernel.place(entry(2, Side::Workload));
        for hook in [Hook::Xdp, Hook::TcReceive] {
            assert_eq!(verdict(&mut kernel, hook, 2, Side::Workload, &answer), NO_SERVICE, "{hook:?}");
        }
        kernel.place(entry(1, Side::Host));
        assert_eq!(verdict(&mut kernel, Hook::TcSend, 1, Side::Host, &answer), FLOW);
    }
    shown(15, "another number on the same device", "xdp, tc-in, tc-out", "both", "drop no-service");
}

#[test]
fn a_member_that_goes_leaves_its_flow_and_nothing_else() {
    let family = families()[0];
    let syn = |port| family.from(family.member).tcp(port, stage::DATABASE).syn().build();
    let segment = family.from(family.member).tcp(EPHEMERAL, stage::DATABASE).tcp_ack().build();
    let model = stage::model();
    let mut gone = model.clone();
    let id = model.interface_by_address(model.default_vpc(AccountId::default()).unwrap().id, family.member).unwrap().id;
    let mut other = (*gone.remove_interface(id).unwrap()).clone();
    // Its address comes back with another group.
    other.groups = vec![gone.default_group(other.vpc).unwrap().id];
    let mut reused = gone.clone();
    reused.put_interface(other).unwrap();

    let mut kernel = Kernel::shared();
    kernel.place(entry(ATTACHMENT, Side::Host));
    kernel.publish(&model);
    for hook in [Hook::Xdp, Hook::TcReceive] {
        kernel.publish(&model);
        kernel.forget();
        assert_eq!(verdict(&mut kernel, hook, ATTACHMENT, Side::Host, &syn(EPHEMERAL)), RULE);
        for (number, next) in [&gone, &reused].into_iter().enumerate() {
            kernel.publish(next);
            assert_eq!(verdict(&mut kernel, hook, ATTACHMENT, Side::Host, &segment), FLOW, "{number}");
            assert_eq!(verdict(&mut kernel, hook, ATTACHMENT, Side::Host, &syn(5)), NO_PEER, "{number}");
        }
    }
    let line = Line {
        case: 18,
        name: "a member goes, and its address has another group",
        hook: "xdp, tc-in",
        family: "IPv4",
        side: "host",
        result: "its flow: pass flow; a new one: drop no-peer",
        is_expected: true,
    };
    line.write();
}

/// Sixteen groups, and as many rules as an interface can have.
#[test]
fn a_thousand_rules_are_all_found() {
    let mut build = ModelBuilder::new();
    let groups: Vec<_> = (0..16).map(|number| build.group(&format!("g{number}"))).collect();
    for number in 0..1000_u16 {
        let group = groups[usize::from(number % 16)];
        let block = format!("10.{}.{}.0/24", 1 + number / 200, number % 200);
        build.rule(group, Direction::Inbound, &format!("tcp/{}", 10_000 + number), &block);
    }
    build.interface(ATTACHMENT, Side::Host, &groups, &["10.0.0.1"]);
    let mut kernel = Kernel::shared();
    kernel.publish(&build.model());
    kernel.place(entry(ATTACHMENT, Side::Host));
    for number in [0, 1, 63, 64, 511, 512, 998, 999] {
        let peer = std::net::Ipv4Addr::new(10, 1 + (number / 200) as u8, (number % 200) as u8, 9).into();
        let syn = |port| families()[0].from(peer).tcp(EPHEMERAL, port).syn().build();
        for hook in [Hook::Xdp, Hook::TcReceive] {
            kernel.forget();
            let mut judge = |port| verdict(&mut kernel, hook, ATTACHMENT, Side::Host, &syn(port));
            assert_eq!(judge(10_000 + number), RULE, "{number}");
            assert_eq!(judge(10_000 + (number + 1) % 1000), NO_PEER, "{number}");
            assert_eq!(judge(9_999), NO_SERVICE, "{number}");
        }
    }
    let line = Line {
        case: 17,
        name: "1 000 rules of 16 groups",
        hook: "xdp, tc-in",
        family: "IPv4",
        side: "host",
        result: "pass rule, drop no-peer, drop no-service",
        is_expected: true,
    };
    line.write();
}
