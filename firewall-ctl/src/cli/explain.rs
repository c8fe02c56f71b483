//! `explain` and `simulate`: what becomes of a packet.

use super::call::Call;
use super::values::change::{self, Changes};

/// A packet on paper.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "The packet")]
struct Packet {
    /// The way that it goes, seen from the interface's side: ingress or egress [default: ingress]
    #[arg(long, value_name = "DIRECTION")]
    direction: Option<String>,
    /// Its protocol: tcp, udp, icmp, icmpv6 or a number
    #[arg(long, value_name = "PROTOCOL")]
    protocol: String,
    /// Who is at the other end: the source of what comes in, the destination of what goes out
    #[arg(long, value_name = "ADDRESS", required_unless_present_any = ["source", "destination"])]
    peer: Option<String>,
    /// Where it comes from; of what goes out, the interface's first address if left out
    #[arg(long, value_name = "ADDRESS")]
    source: Option<String>,
    /// Where it goes; of what comes in, the interface's first address if left out
    #[arg(long, value_name = "ADDRESS")]
    destination: Option<String>,
    /// The port that it comes from [default: 50000]
    #[arg(long, value_name = "PORT")]
    source_port: Option<u16>,
    /// The port that it goes to
    #[arg(long, visible_alias = "port", value_name = "PORT")]
    destination_port: Option<u16>,
    /// ICMP type [default: that of a ping]
    #[arg(long, value_name = "TYPE")]
    icmp_type: Option<u8>,
    /// ICMP code [default: 0]
    #[arg(long, value_name = "CODE")]
    icmp_code: Option<u8>,
    /// Identifier of a ping or another query of ICMP [default: 1]
    #[arg(long, value_name = "NUMBER")]
    icmp_identifier: Option<u16>,
    /// TCP flags, such as 'syn|ack', or none [default: syn]
    #[arg(long, value_name = "FLAGS")]
    tcp_flags: Option<String>,
    /// A fragment: the first of a datagram, a later one that follows it, or one alone, of which the first was not seen
    #[arg(long, value_name = "WHICH")]
    fragment: Option<String>,
    /// VLAN tags, the outer one first
    #[arg(long, value_name = "ID", num_args = 1..)]
    vlan: Vec<u16>,
}

impl Packet {
    fn call(self, operation: &'static str) -> Call {
        let Self {
            direction,
            protocol,
            peer,
            source,
            destination,
            source_port,
            destination_port,
            icmp_type,
            icmp_code,
            icmp_identifier,
            tcp_flags,
            fragment,
            vlan,
        } = self;
        let flags = tcp_flags.unwrap_or_default();
        let flags: Vec<String> =
            flags.split(['|', ',']).map(str::trim).filter(|flag| !flag.is_empty()).map(str::to_owned).collect();
        let packet = Call::new(operation)
            .with_some("Direction", direction)
            .with("Protocol", protocol)
            .with_some("PeerAddress", peer)
            .with_some("SourceAddress", source)
            .with_some("DestinationAddress", destination)
            .with_some("SourcePort", source_port)
            .with_some("DestinationPort", destination_port)
            .with_some("IcmpType", icmp_type)
            .with_some("IcmpCode", icmp_code)
            .with_some("IcmpIdentifier", icmp_identifier)
            .with_list("TcpFlags", &flags)
            .with_some("Fragment", fragment)
            .with_list("Vlans", &vlan);
        Call::new(operation).with("Packet", packet.body())
    }
}

/// The interface that a word names.
fn at(call: Call, interface: Option<String>) -> Call {
    match interface {
        Some(id) if id.starts_with("eni-") => call.with("NetworkInterfaceId", id),
        Some(device) => call.with("Device", device),
        None => call,
    }
}

/// Explain what becomes of a packet at an attached interface: the verdict, its reason, and the rules
///
/// Says which rules allow the packet and which nearly do, what its flow is, and what would become of the answer. With --live the
/// tables in the kernel are asked as well, and where they differ from what is recorded is shown as drift. Nothing is sent,
/// counted or changed. Exits with 1 if the packet is dropped: by the kernel with --live, else by what is recorded.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl explain eth0 --protocol tcp --peer 203.0.113.9 --port 443
  firewall-ctl explain eth0 --direction egress --protocol icmp \
      --peer 10.0.0.7 --live
  firewall-ctl explain eni-0123456789abcdef0 --protocol tcp --peer 10.0.0.7 \
      --source-port 40312 --port 22 --tcp-flags ack --live")]
pub(super) struct Explain {
    /// The device, or the id of its interface; needless where only one is attached
    #[arg(value_name = "DEV|INTERFACE")]
    interface: Option<String>,
    #[command(flatten)]
    packet: Packet,
    /// Ask the tables in the kernel, too, and show where they differ from what is recorded
    #[arg(long, help_heading = None)]
    live: bool,
}

impl Explain {
    pub(super) fn call(self) -> Call {
        let Self { interface, packet, live } = self;
        at(packet.call("ExplainPacket"), interface).with_flag("Live", live)
    }
}

/// Simulate what would become of a packet before and after changes that nobody makes
///
/// The changes are made on paper, one after the other, and each that would be refused is shown with the reason. The interface may
/// live elsewhere; --side says what it is then. A change names what an earlier one makes by that one's place, from 0, and the
/// member of its answer, as @0.GroupId. Flows are left out: it is as if the packet began one. Exits with 1 if the packet
/// is dropped after the changes.
#[derive(clap::Args, Debug)]
#[command(after_help = r#"Examples:
  firewall-ctl simulate eth0 --protocol tcp --peer 203.0.113.9 --port 22
  firewall-ctl simulate eth0 --protocol tcp --peer 203.0.113.9 --port 22 \
      --change "authorize-security-group-ingress --protocol tcp --port 22 \
      --group-id sg-0123456789abcdef0 --cidr 203.0.113.0/24" \
      --change '{"Action": "DeleteVpc", "VpcId": "vpc-0123456789abcdef0"}'"#)]
pub(super) struct Simulate {
    /// The device, or the id of an interface
    #[arg(value_name = "DEV|INTERFACE")]
    interface: String,
    #[command(flatten)]
    packet: Packet,
    /// What is behind the interface: host or workload [default: as it is attached, else host]
    #[arg(long, value_name = "SIDE", help_heading = None)]
    side: Option<String>,
    /// A change: a command as it would be typed, a JSON object with the members of a request and its Action, a list of
    /// such, or file://PATH that holds any of these. May be given again
    #[arg(long, value_name = "CHANGE", value_parser = change::changes, help_heading = None)]
    change: Vec<Changes>,
}

impl Simulate {
    pub(super) fn call(self) -> Call {
        let Self { interface, packet, side, change } = self;
        at(packet.call("SimulatePacket"), Some(interface))
            .with_some("Side", side)
            .with_list("Changes", &change::all(&change))
    }
}
