//! A packet on paper, and what tables say of it. Pure.
//!
//! A [`Probe`] is made into frames, and these are judged by the decision itself ([`hear`]) over whatever tables there are: those
//! that a model compiles to ([`Paper`]), or those in the kernel. Nothing here judges by itself.

mod frame;
mod inventory;
mod paper;
mod trial;

pub use paper::{Paper, PaperError};
pub use trial::{Findings, Heard, hear};

use crate::compile::memory::FlowKey;
use firewall_common::flow::{IcmpRole, icmp_role, key_ports};
use firewall_common::packet::{ACK, Address, Ipv4, Ipv6, RST, SYN, Transport, protocol};
use firewall_common::verdict::Direction;
use std::net::IpAddr;

/// A packet on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The way that it goes, seen from the interface's side.
    pub direction: Direction,
    /// VLAN identifiers, the outer one first; two at most.
    pub vlans: Vec<u16>,
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes, an address of the same family.
    pub destination: IpAddr,
    /// The IP protocol.
    pub protocol: u8,
    /// Source port of TCP and UDP, identifier of an ICMP query, 0 otherwise.
    pub source_port: u16,
    /// Destination port of TCP and UDP, type and code of the family's ICMP, 0 otherwise.
    pub service: u16,
    /// TCP flags.
    pub flags: u8,
    /// Which part of a datagram it is.
    pub part: Part,
}

/// Which part of a datagram a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// All of it.
    Whole,
    /// The fragment that begins it.
    First,
    /// Another fragment, and the first one went before it.
    Later,
    /// Another fragment, and the first one was not seen.
    Alone,
}

impl Part {
    /// Those that are fragments.
    pub const FRAGMENTS: [Self; 3] = [Self::First, Self::Later, Self::Alone];

    /// The word on the command line; none for a whole datagram.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Whole => None,
            Self::First => Some("first"),
            Self::Later => Some("later"),
            Self::Alone => Some("alone"),
        }
    }
}

impl Probe {
    /// Who is at the other end.
    #[must_use]
    pub const fn peer(&self) -> IpAddr {
        match self.direction {
            Direction::Inbound => self.source,
            Direction::Outbound => self.destination,
        }
    }

    /// Whether it has ports.
    #[must_use]
    pub const fn has_ports(&self) -> bool {
        matches!(self.protocol, protocol::TCP | protocol::UDP)
    }

    /// Whether it is of the ICMP of its family.
    #[must_use]
    pub const fn is_icmp(&self) -> bool {
        matches!((self.protocol, self.source), (protocol::ICMP, IpAddr::V4(_)) | (protocol::ICMPV6, IpAddr::V6(_)))
    }

    /// Whether it says that another packet could not be delivered.
    #[must_use]
    pub fn is_icmp_error(&self) -> bool {
        let [kind, _code] = self.service.to_be_bytes();
        self.is_icmp() && if self.source.is_ipv4() { Ipv4::is_error(kind) } else { Ipv6::is_error(kind) }
    }

    /// What the other side would send back, if that is known: not to a reset, to what is itself an answer or an error, nor to
    /// what goes to many.
    #[must_use]
    pub fn answer(&self) -> Option<Self> {
        let is_for_many = match self.destination {
            IpAddr::V4(address) => address.octets().is_for_many(),
            IpAddr::V6(address) => address.octets().is_for_many(),
        };
        if is_for_many || self.source.is_unspecified() {
            return None;
        }
        let Self { direction, vlans, source, destination, protocol: number, source_port, service, flags, part: _ } =
            self;
        let turned = Self {
            direction: direction.reverse(),
            vlans: vlans.clone(),
            source: *destination,
            destination: *source,
            protocol: *number,
            source_port: *service,
            service: *source_port,
            flags: 0,
            part: Part::Whole,
        };
        match *number {
            protocol::TCP if flags & RST != 0 => None,
            protocol::TCP => Some(Self { flags: if flags & (SYN | ACK) == SYN { SYN | ACK } else { ACK }, ..turned }),
            protocol::UDP => Some(turned),
            _ if self.is_icmp() => {
                let reply = reply_to(self.source.is_ipv4(), service.to_be_bytes()[0])?;
                Some(Self { source_port: *source_port, service: u16::from_be_bytes([reply, 0]), ..turned })
            }
            _ => Some(turned),
        }
    }

    /// The key of the flow that it may belong to at an attachment; none when packets of its kind have no flow, or when it does not
    /// have the ports to tell.
    #[must_use]
    pub fn flow_key(&self, attachment: u32) -> Option<FlowKey> {
        if matches!(self.part, Part::Later | Part::Alone) {
            return None;
        }
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                self.key_of(attachment, source.octets(), destination.octets()).map(FlowKey::V4)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                self.key_of(attachment, source.octets(), destination.octets()).map(FlowKey::V6)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
        }
    }

    fn key_of<A: Address>(&self, attachment: u32, source: A, destination: A) -> Option<A::FlowKey> {
        let transport = Transport { source_port: self.source_port, service: self.service, ..Transport::NONE };
        let (local_port, remote_port) = key_ports::<A>(self.protocol, &transport, self.direction)?;
        let (local, remote) = match self.direction {
            Direction::Inbound => (destination, source),
            Direction::Outbound => (source, destination),
        };
        let vlans = self.vlans.iter().fold(0, |tags, id| tags << 16 | u32::from(*id));
        Some(A::flow_key(attachment, vlans, self.protocol, (local, local_port), (remote, remote_port)))
    }
}

/// The type of ICMP that answers another one.
fn reply_to(is_v4: bool, kind: u8) -> Option<u8> {
    (0..=u8::MAX).find(|reply| {
        let role = if is_v4 { icmp_role::<Ipv4>(*reply) } else { icmp_role::<Ipv6>(*reply) };
        role == IcmpRole::Reply(kind)
    })
}

#[cfg(test)]
mod tests;
