//! Rules of nftables beside ours: a packet passes that both let pass.

use firewall_tests::controller::Controller;
use firewall_tests::netns::Namespace;
use firewall_tests::wait::eventually;
use firewall_tests::world::{OPEN, OTHER, World, friend, only};

/// Counts packets to a port before the verdict on it, at the hooks of the IP layer.
fn rules(port: u16, verdict: &str) -> String {
    format!(
        "table inet beside {{
            counter received {{ }}
            counter sent {{ }}
            chain input {{ type filter hook input priority 0; tcp dport {port} counter name received {verdict}; }}
            chain output {{ type filter hook output priority 0; tcp dport {port} counter name sent {verdict}; }}
        }}"
    )
}

fn counted(host: &Namespace, name: &str) -> u64 {
    host.nft_counter("inet beside", name)
}

#[test]
fn both_must_agree_on_what_comes_in() {
    for (hook, options) in super::HOOKS {
        let world = World::new();
        let ctl = Controller::start_with(&world.host, options);
        let group = ctl.group("served");
        for friend in friend() {
            ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend));
        }
        ctl.attach("eth0", &group, &["--hook", hook]);
        world.host.nft(&rules(OPEN, "accept"));
        world.host.nft(&rules(OTHER, "accept").replace("beside", "denied"));
        for friend in friend() {
            let before = counted(&world.host, "received");
            world.tcp_in(friend, OPEN).answers();
            assert!(counted(&world.host, "received") > before, "nftables sees what ours lets through");
            world.tcp_in(friend, OTHER).is_silent();
        }
        let seen = world.host.nft_counter("inet denied", "received");
        assert_eq!(seen, 0, "{hook}: what ours drops does not come to nftables");
        world.host.nft("delete table inet beside");
        world.host.nft(&rules(OPEN, "drop"));
        for friend in friend() {
            let passed = ctl.counter("eth0", "Ingress", "rule");
            world.tcp_in(friend, OPEN).is_silent();
            ctl.counts_above(passed, "eth0", "Ingress", "rule");
        }
        eventually("ours lets it through, and nftables drops it", || counted(&world.host, "received") > 0);
    }
}

#[test]
fn both_must_agree_on_what_goes_out() {
    for (_, options) in super::HOOKS {
        let world = World::new();
        let ctl = Controller::start_with(&world.host, options);
        let group = ctl.group("asks");
        ctl.close_egress(&group);
        for friend in friend() {
            ctl.allow_out(&group, "tcp", &OPEN.to_string(), &only(friend));
        }
        ctl.attach("eth0", &group, &["--hook", "tc"]);
        world.host.nft(&rules(OTHER, "accept"));
        for friend in friend() {
            world.tcp_out(friend, OPEN).answers();
            let before = (counted(&world.host, "sent"), ctl.counter("eth0", "Egress", "no-service"));
            world.tcp_out(friend, OTHER).is_silent();
            eventually("nftables lets it through", || counted(&world.host, "sent") > before.0);
            ctl.counts_above(before.1, "eth0", "Egress", "no-service");
        }
        world.host.nft("delete table inet beside");
        world.host.nft(&rules(OPEN, "drop"));
        let before = ctl.counter("eth0", "Egress", "rule");
        for friend in friend() {
            world.tcp_out(friend, OPEN).is_silent();
        }
        assert_eq!(ctl.counter("eth0", "Egress", "rule"), before, "what nftables drops does not come to ours");
    }
}

/// The hook of nftables on a device comes after ours for received frames.
#[test]
fn rules_on_the_device_see_what_ours_lets_through() {
    for (hook, options) in super::HOOKS {
        let world = World::new();
        let ctl = Controller::start_with(&world.host, options);
        let group = ctl.group("served");
        ctl.allow(&group, "tcp", &OPEN.to_string(), &only(friend()[0]));
        ctl.attach("eth0", &group, &["--hook", hook]);
        world.host.nft(&format!(
            "table netdev beside {{
                counter open {{ }}
                counter other {{ }}
                chain ingress {{
                    type filter hook ingress device eth0 priority 0;
                    tcp dport {OPEN} counter name open
                    tcp dport {OTHER} counter name other
                }}
            }}"
        ));
        world.tcp_in(friend()[0], OPEN).answers();
        world.tcp_in(friend()[0], OTHER).is_silent();
        assert!(world.host.nft_counter("netdev beside", "open") > 0);
        assert_eq!(world.host.nft_counter("netdev beside", "other"), 0, "{hook}");
    }
}
