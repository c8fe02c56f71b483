//! Connections that were alive before the firewall came.

use firewall_tests::controller::Controller;
use firewall_tests::pair::{Pair, addresses};
use firewall_tests::traffic::{Connection, connected, tcp, tcp_echo};
use firewall_tests::world::{OPEN, World, friend};
use std::net::SocketAddr;

/// From the friend to the host, over both families.
fn incoming(world: &World) -> [Connection; 2] {
    let mut connections = friend().map(|friend| world.connected_in(friend, OPEN));
    // The client's word that it has heard the server may come after it says so here.
    connections.iter_mut().for_each(|connection| connection.talk("before").answers());
    connections
}

/// From the host to the friend.
fn outgoing(world: &World) -> [Connection; 2] {
    friend().map(|friend| connected(&world.host, None, SocketAddr::new(friend, OPEN)))
}

#[test]
fn connections_of_the_host_live_on() {
    for hook in ["xdp", "tc"] {
        let world = World::new();
        let ctl = Controller::start(&world.host);
        let group = ctl.group("closed");
        ctl.close_egress(&group);
        let mut connections = [incoming(&world), outgoing(&world)].concat_all();
        let answer = ctl.ok(&["attach", "eth0", "--groups", &group, "--hook", hook]);
        assert_eq!(answer["AdoptedConnections"], 4, "{answer}");
        for connection in &mut connections {
            connection.talk("alive").answers();
        }
        for friend in friend() {
            world.tcp_in(friend, OPEN).is_silent();
            world.tcp_out(friend, OPEN).is_silent();
        }
    }
}

#[test]
fn without_adoption_they_end() {
    let world = World::new();
    let ctl = Controller::start(&world.host);
    let group = ctl.group("closed");
    ctl.close_egress(&group);
    let mut connections = [incoming(&world), outgoing(&world)].concat_all();
    ctl.attach("eth0", &group, &["--no-adopt"]);
    for connection in &mut connections {
        connection.talk("alive").is_silent();
    }
}

/// The host does not know a workload's sockets: what the workload sends takes its connections up.
#[test]
fn a_workload_takes_up_its_own_connections() {
    for (options, adopted) in [(&[] as &[&str], true), (&["--no-adopt"], false)] {
        let Pair { host, work } = &Pair::new();
        let outside = SocketAddr::new(addresses(1)[0], OPEN);
        let _server = tcp_echo(host, outside);
        let mut connection = connected(work, None, outside);
        connection.talk("before").answers();
        let ctl = Controller::start(host);
        let group = ctl.group("closed");
        ctl.close_egress(&group);
        let side = ["--side", "workload", "--private-ip-addresses", "auto"];
        ctl.attach("work0", &group, &[&side, options].concat());
        let attempt = connection.talk("alive");
        if adopted {
            attempt.answers();
        } else {
            attempt.is_silent();
        }
        // A new one has no rule.
        tcp(work, None, outside).is_silent();
    }
}

/// Arrays of arrays as one list.
trait ConcatAll<T> {
    fn concat_all(self) -> Vec<T>;
}

impl<T, const N: usize, const M: usize> ConcatAll<T> for [[T; N]; M] {
    fn concat_all(self) -> Vec<T> {
        self.into_iter().flatten().collect()
    }
}
