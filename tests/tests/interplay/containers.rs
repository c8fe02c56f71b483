//! A bridge of containers with published ports, as Docker makes it, by iptables and by nftables.

use firewall_tests::controller::Controller;
use firewall_tests::netns::{Namespace, veth};
use firewall_tests::traffic::{Attempt, Connection, Server, connected, tcp, tcp_echo};
use firewall_tests::world::{OPEN, OTHER, World, friend, host, only, stranger};
use std::net::{IpAddr, SocketAddr};

/// The port at the host behind which a container's port is.
const PUBLISHED: u16 = 8080;
/// The port of the container's service.
const INSIDE: u16 = 80;

/// Who writes the rules of the bridge.
#[derive(Debug, Clone, Copy)]
enum By {
    Iptables,
    Nftables,
}

const BOTH: [By; 2] = [By::Iptables, By::Nftables];

fn gateway() -> IpAddr {
    "172.17.0.1".parse().unwrap()
}

fn inside() -> IpAddr {
    "172.17.0.2".parse().unwrap()
}

/// The host of the world, with a container on `docker0` behind `veth0`.
struct Docker {
    container: Namespace,
    world: World,
    _server: Server,
}

impl Docker {
    fn new(by: By) -> Self {
        let world = World::new();
        let container = Namespace::inhabited("container");
        let host = &world.host;
        host.forward();
        host.ip("link add docker0 type bridge");
        veth((host, "veth0"), (&container, "eth0"));
        host.ip("link set veth0 master docker0");
        ["docker0", "veth0"].iter().for_each(|device| host.up(device));
        container.up("eth0");
        host.address("docker0", "172.17.0.1/16".parse().unwrap());
        container.address("eth0", "172.17.0.2/16".parse().unwrap());
        container.route("0.0.0.0/0".parse().unwrap(), gateway());
        match by {
            By::Iptables => Self::by_iptables(host),
            By::Nftables => Self::by_nftables(host),
        }
        let server = tcp_echo(&container, SocketAddr::new(inside(), INSIDE));
        let docker = Self { container, world, _server: server };
        // Without ours, all of it works.
        docker.published(friend()[0]).answers();
        docker.out(OPEN).answers();
        docker
    }

    /// What Docker makes of `--publish 8080:80`.
    fn by_iptables(host: &Namespace) {
        for rule in [
            "-t nat -N DOCKER",
            "-t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
            "-t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
            "-t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
            "-t nat -A DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
            "-P FORWARD DROP",
            "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "-A FORWARD -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT",
            "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
            "-A FORWARD -i docker0 -o docker0 -j ACCEPT",
        ] {
            host.iptables(rule);
        }
    }

    fn by_nftables(host: &Namespace) {
        host.nft(
            "table ip docker {
                chain prerouting {
                    type nat hook prerouting priority dstnat;
                    fib daddr type local iifname != docker0 tcp dport 8080 dnat to 172.17.0.2:80
                }
                chain output {
                    type nat hook output priority -100;
                    ip daddr != 127.0.0.0/8 fib daddr type local tcp dport 8080 dnat to 172.17.0.2:80
                }
                chain postrouting {
                    type nat hook postrouting priority srcnat;
                    ip saddr 172.17.0.0/16 oifname != docker0 masquerade
                }
                chain forward {
                    type filter hook forward priority filter; policy drop;
                    oifname docker0 ct state established,related accept
                    iifname != docker0 oifname docker0 ip daddr 172.17.0.2 tcp dport 80 accept
                    iifname docker0 accept
                }
            }",
        );
    }

    /// From beyond to the published port.
    fn published(&self, from: IpAddr) -> Attempt<'_> {
        self.world.tcp_in(from, PUBLISHED)
    }

    /// An open connection to it.
    fn connected(&self) -> Connection {
        connected(&self.world.beyond, Some(friend()[0]), SocketAddr::new(host()[0], PUBLISHED))
    }

    /// From the container to the friend.
    fn out(&self, port: u16) -> Attempt<'_> {
        tcp(&self.container, None, SocketAddr::new(friend()[0], port))
    }
}

/// The uplink's programs see what is on the wire: published ports and the host's address.
#[test]
fn at_the_uplink_rules_name_what_is_published() {
    for by in BOTH {
        for (hook, options) in super::HOOKS {
            let docker = Docker::new(by);
            let ctl = Controller::start_with(&docker.world.host, options);
            let group = ctl.group("uplink");
            ctl.close_egress(&group);
            ctl.attach("eth0", &group, &["--hook", hook]);
            docker.published(friend()[0]).is_silent();
            let peer = only(friend()[0]);
            // The port of the container is not on the wire.
            ctl.allow(&group, "tcp", &INSIDE.to_string(), &peer);
            docker.published(friend()[0]).is_silent();
            ctl.allow(&group, "tcp", &PUBLISHED.to_string(), &peer);
            docker.published(friend()[0]).answers();
            docker.published(stranger()[0]).is_silent();
            // What containers send leaves under the host's address, and comes back to it.
            docker.out(OPEN).is_silent();
            ctl.allow_out(&group, "tcp", &OPEN.to_string(), &peer);
            docker.out(OPEN).answers();
            docker.out(OTHER).is_silent();
            // A forwarded connection is a flow as any other: it needs no rule once it is there.
            let mut open = docker.connected();
            ctl.revoke(&group, "tcp", &PUBLISHED.to_string(), &peer);
            open.talk("over a flow").answers();
            docker.published(friend()[0]).is_silent();
        }
    }
}

/// The programs at a container's port see what it sends and receives itself: its own port and address, and the client's.
#[test]
fn at_the_container_rules_name_what_is_inside() {
    for by in BOTH {
        for (hook, options) in super::HOOKS {
            let docker = Docker::new(by);
            let ctl = Controller::start_with(&docker.world.host, options);
            let group = ctl.group("container");
            ctl.close_egress(&group);
            ctl.attach("veth0", &group, &["--side", "workload", "--private-ip-addresses", "auto", "--hook", hook]);
            let peer = only(friend()[0]);
            ctl.allow(&group, "tcp", &PUBLISHED.to_string(), &peer);
            docker.published(friend()[0]).is_silent();
            ctl.allow(&group, "tcp", &INSIDE.to_string(), &peer);
            docker.published(friend()[0]).answers();
            docker.published(stranger()[0]).is_silent();
            docker.out(OPEN).is_silent();
            ctl.allow_out(&group, "tcp", &OPEN.to_string(), &peer);
            docker.out(OPEN).answers();
            docker.out(OTHER).is_silent();
            // The host itself comes from the bridge's address.
            let direct = SocketAddr::new(inside(), INSIDE);
            tcp(&docker.world.host, None, direct).is_silent();
            ctl.allow(&group, "tcp", &INSIDE.to_string(), &only(gateway()));
            tcp(&docker.world.host, None, direct).answers();
            let mut open = docker.connected();
            ctl.revoke(&group, "tcp", &INSIDE.to_string(), &peer);
            open.talk("over a flow").answers();
            docker.published(friend()[0]).is_silent();
        }
    }
}

/// With both attached, a packet passes that both let pass; and groups see the container as a member by its own address.
#[test]
fn both_places_judge_by_themselves() {
    let docker = Docker::new(By::Nftables);
    let ctl = Controller::start(&docker.world.host);
    let (uplink, container) = (ctl.group("uplink"), ctl.group("container"));
    let peer = only(friend()[0]);
    for group in [&uplink, &container] {
        ctl.close_egress(group);
    }
    ctl.attach("eth0", &uplink, &[]);
    ctl.attach("veth0", &container, &["--side", "workload", "--private-ip-addresses", "auto"]);
    ctl.allow(&uplink, "tcp", &PUBLISHED.to_string(), &peer);
    docker.published(friend()[0]).is_silent();
    ctl.allow(&container, "tcp", &INSIDE.to_string(), &peer);
    docker.published(friend()[0]).answers();
    ctl.revoke(&uplink, "tcp", &PUBLISHED.to_string(), &peer);
    docker.published(friend()[0]).is_silent();
    ctl.allow_out(&container, "tcp", &OPEN.to_string(), &peer);
    docker.out(OPEN).is_silent();
    ctl.allow_out(&uplink, "tcp", &OPEN.to_string(), &peer);
    docker.out(OPEN).answers();
}

/// The host has no socket of a forwarded connection, so nothing is taken up; the rules let it go on, or not.
#[test]
fn connections_that_are_forwarded_go_on_by_their_rules() {
    for allowed in [true, false] {
        let docker = Docker::new(By::Iptables);
        let ctl = Controller::start(&docker.world.host);
        let group = ctl.group("uplink");
        ctl.close_egress(&group);
        if allowed {
            ctl.allow(&group, "tcp", &PUBLISHED.to_string(), &only(friend()[0]));
        }
        let mut open = docker.connected();
        open.talk("before").answers();
        let answer = ctl.ok(&["attach", "eth0", "--groups", &group]);
        assert_eq!(answer["AdoptedConnections"], 0, "{answer}");
        if allowed {
            open.talk("by a rule").answers();
        } else {
            open.talk("by no rule").is_silent();
        }
    }
}
