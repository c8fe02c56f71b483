//! A packet as a request says it, and as an answer does.

use crate::actions::types::{PacketOnPaper, PacketSpecification};
use crate::actions::{ApiError, ErrorCode};
use crate::model::{NetworkInterface, Protocol};
use crate::probe::{Part, Probe};
use firewall_common::packet::{ACK, FIN, PSH, RST, SYN, URG, protocol};
use firewall_common::verdict::Direction;
use std::net::IpAddr;

/// Where a client asks from, unless the request says otherwise: a port out of the range that Linux takes them from.
const CLIENT_PORT: u16 = 50_000;
/// Identifier of a ping, unless the request says otherwise.
const IDENTIFIER: u16 = 1;
/// Types of echo requests, of ICMP and of ICMPv6.
const ECHO: [u8; 2] = [8, 128];
/// The highest VLAN identifier that a network can have.
const LAST_VLAN: u16 = 4094;

/// TCP flags by their names, in the order in which they are told.
const FLAGS: [(&str, u8); 6] = [("fin", FIN), ("syn", SYN), ("rst", RST), ("psh", PSH), ("ack", ACK), ("urg", URG)];
/// The word for no flag at all.
const NO_FLAGS: &str = "none";

/// The packet that a request means, at an interface.
pub(super) fn probe(interface: &NetworkInterface, packet: PacketSpecification) -> Result<Probe, ApiError> {
    let PacketSpecification {
        direction,
        protocol,
        peer_address,
        source_address,
        destination_address,
        source_port,
        destination_port,
        icmp_type,
        icmp_code,
        icmp_identifier,
        tcp_flags,
        fragment,
        vlans,
    } = packet;
    let direction = direction.as_deref().map_or(Ok(Direction::Inbound), way)?;
    let ends = Ends { peer: peer_address, source: source_address, destination: destination_address };
    let (source, destination) = ends.resolve(interface, direction)?;
    let number = number(protocol.as_deref(), source)?;
    let mut probe = Probe {
        direction,
        vlans: tags(vlans)?,
        source,
        destination,
        protocol: number,
        source_port: 0,
        service: 0,
        flags: 0,
        part: fragment.as_deref().map_or(Ok(Part::Whole), part)?,
    };
    let name = Protocol::Number(number).to_string();
    refuse_unless(probe.has_ports(), &name, &[("SourcePort", source_port.is_some())])?;
    refuse_unless(probe.has_ports(), &name, &[("DestinationPort", destination_port.is_some())])?;
    let of_icmp = [
        ("IcmpType", icmp_type.is_some()),
        ("IcmpCode", icmp_code.is_some()),
        ("IcmpIdentifier", icmp_identifier.is_some()),
    ];
    refuse_unless(probe.is_icmp(), &name, &of_icmp)?;
    refuse_unless(number == protocol::TCP, &name, &[("TcpFlags", !tcp_flags.is_empty())])?;
    if probe.has_ports() {
        probe.source_port = source_port.unwrap_or(CLIENT_PORT);
        probe.service = destination_port.ok_or_else(|| ApiError::missing("DestinationPort"))?;
    }
    if number == protocol::TCP {
        probe.flags = if tcp_flags.is_empty() { SYN } else { flags(&tcp_flags)? };
    }
    if probe.is_icmp() {
        let kind = icmp_type.unwrap_or(ECHO[usize::from(source.is_ipv6())]);
        probe.service = u16::from_be_bytes([kind, icmp_code.unwrap_or(0)]);
        probe.source_port = icmp_identifier.unwrap_or(IDENTIFIER);
    }
    Ok(probe)
}

fn wrong(parameter: &str, value: impl std::fmt::Display, remedy: impl Into<String>) -> ApiError {
    ApiError::value(format!("Value ({value}) for parameter {parameter} is invalid.")).with_detail(remedy)
}

fn combination(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::InvalidParameterCombination, message)
}

/// Refuses members that a protocol does not have.
fn refuse_unless(has: bool, protocol: &str, members: &[(&str, bool)]) -> Result<(), ApiError> {
    match members.iter().find(|(_, is_given)| *is_given && !has) {
        Some((member, _)) => {
            Err(combination(format!("The parameter {member} cannot be used with the protocol {protocol}")))
        }
        None => Ok(()),
    }
}

fn way(text: &str) -> Result<Direction, ApiError> {
    let directions = [Direction::Inbound, Direction::Outbound];
    let found = directions.into_iter().find(|direction| direction.name() == text);
    found.ok_or_else(|| wrong("Direction", text, "It is ingress or egress, seen from the interface's side."))
}

fn part(text: &str) -> Result<Part, ApiError> {
    let found = Part::FRAGMENTS.into_iter().find(|part| part.name() == Some(text));
    found.ok_or_else(|| wrong("Fragment", text, "It is first, later or alone."))
}

/// The protocol's number. ICMP is one of IPv4, and ICMPv6 one of IPv6.
fn number(text: Option<&str>, source: IpAddr) -> Result<u8, ApiError> {
    let text = text.ok_or_else(|| ApiError::missing("Protocol"))?;
    let number = match text.parse() {
        Ok(Protocol::Number(number)) => number,
        Ok(Protocol::All) | Err(_) => {
            return Err(wrong("Protocol", text, "It is tcp, udp, icmp, icmpv6 or the number of another one."));
        }
    };
    match (number, source) {
        (protocol::ICMP, IpAddr::V6(_)) => Err(combination("The protocol icmp cannot be used with addresses of IPv6")
            .with_detail("Over IPv6 it is icmpv6.")),
        (protocol::ICMPV6, IpAddr::V4(_)) => {
            Err(combination("The protocol icmpv6 cannot be used with addresses of IPv4")
                .with_detail("Over IPv4 it is icmp."))
        }
        (number, IpAddr::V4(_) | IpAddr::V6(_)) => Ok(number),
    }
}

fn flags(words: &[String]) -> Result<u8, ApiError> {
    if words == [NO_FLAGS] {
        return Ok(0);
    }
    words.iter().try_fold(0, |flags, word| {
        let found = FLAGS.iter().find(|(name, _)| name == word);
        let names = || FLAGS.map(|(name, _)| name).join(", ");
        found
            .map(|(_, flag)| flags | flag)
            .ok_or_else(|| wrong("TcpFlags", word, format!("They are some of {}, or {NO_FLAGS} alone.", names())))
    })
}

fn tags(vlans: Vec<u16>) -> Result<Vec<u16>, ApiError> {
    if vlans.len() > 2 {
        return Err(wrong("Vlans", format!("{vlans:?}"), "Two tags are looked through at most."));
    }
    match vlans.iter().find(|id| **id > LAST_VLAN) {
        Some(id) => Err(wrong("Vlans", id, format!("An identifier is 0 to {LAST_VLAN}."))),
        None => Ok(vlans),
    }
}

/// The ends of a packet as they were given.
struct Ends {
    peer: Option<String>,
    source: Option<String>,
    destination: Option<String>,
}

impl Ends {
    /// Source and destination, of one family.
    fn resolve(self, interface: &NetworkInterface, direction: Direction) -> Result<(IpAddr, IpAddr), ApiError> {
        let Self { peer, source, destination } = self;
        let (far, near) = match direction {
            Direction::Inbound => (("SourceAddress", source), ("DestinationAddress", destination)),
            Direction::Outbound => (("DestinationAddress", destination), ("SourceAddress", source)),
        };
        let peer = match (peer, far.1) {
            (Some(_), Some(_)) => {
                let message = format!("The parameter PeerAddress cannot be used with the parameter {}", far.0);
                return Err(combination(message).with_detail(format!(
                    "Of what goes {} they are the same.",
                    if direction == Direction::Inbound { "in" } else { "out" }
                )));
            }
            (Some(text), None) => address("PeerAddress", &text)?,
            (None, Some(text)) => address(far.0, &text)?,
            (None, None) => return Err(ApiError::missing("PeerAddress")),
        };
        let own = match near.1 {
            Some(text) => address(near.0, &text)?,
            None => {
                let mut addresses = interface.addresses.iter().map(IpAddr::to_canonical);
                addresses.find(|address| address.is_ipv4() == peer.is_ipv4()).ok_or_else(|| {
                    ApiError::missing(near.0)
                        .with_detail(format!("{} has no address of the family of {peer}.", interface.id))
                })?
            }
        };
        if own.is_ipv4() != peer.is_ipv4() {
            return Err(combination(format!("The addresses {peer} and {own} are of different families")));
        }
        Ok(match direction {
            Direction::Inbound => (peer, own),
            Direction::Outbound => (own, peer),
        })
    }
}

fn address(parameter: &str, text: &str) -> Result<IpAddr, ApiError> {
    let address = text.parse::<IpAddr>().map(|address| address.to_canonical());
    address.map_err(|_| wrong(parameter, text, "It is an address of IPv4 or IPv6."))
}

/// A packet with all that it has.
pub(super) fn on_paper(probe: &Probe) -> PacketOnPaper {
    let Probe { direction, vlans, source, destination, protocol: number, source_port, service, flags, part } = probe;
    let has_ports = probe.has_ports();
    let [kind, code] = service.to_be_bytes();
    let set = FLAGS.iter().filter(|(_, flag)| flags & flag != 0).map(|(name, _)| (*name).to_owned());
    PacketOnPaper {
        direction: direction.name().to_owned(),
        protocol: Protocol::Number(*number).to_string(),
        source_address: source.to_string(),
        source_port: has_ports.then_some(*source_port),
        destination_address: destination.to_string(),
        destination_port: has_ports.then_some(*service),
        icmp_type: probe.is_icmp().then_some(kind),
        icmp_code: probe.is_icmp().then_some(code),
        icmp_identifier: probe.is_icmp().then_some(*source_port),
        tcp_flags: set.collect(),
        fragment: part.name().map(str::to_owned),
        vlans: vlans.clone(),
    }
}
