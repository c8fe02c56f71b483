//! What can become of a packet, and why. One numbering serves the programs, the counters, the command line and the
//! documentation.

/// Which way a packet goes, seen from the protected side: the machine itself, or the workload behind the interface.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Towards the protected side; judged by ingress rules.
    Inbound = 0,
    /// From the protected side; judged by egress rules.
    Outbound = 1,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::Inbound => Self::Outbound,
            Self::Outbound => Self::Inbound,
        }
    }

    /// `ingress` or `egress`, as rules and counters call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbound => "ingress",
            Self::Outbound => "egress",
        }
    }
}

/// Room for outcomes in the counters of an attachment and direction: passes below [`FIRST_DROP`], drops from there, and
/// from [`WOULD_DROP`] on the same drops again where an interface is only watched.
pub const OUTCOMES: u32 = 128;
/// The number of the first reason to drop.
pub const FIRST_DROP: u8 = 16;
/// What is added to the number of a reason when the packet passes all the same, since nothing is enforced.
pub const WOULD_DROP: u8 = 64;

/// Defines an enumeration of outcomes with its numbers, names and sentences in one table.
macro_rules! outcomes {
    ($(#[$doc:meta])* $name:ident { $($number:literal $variant:ident $text:literal, $sentence:literal;)* }) => {
        $(#[$doc])*
        #[repr(u8)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = $sentence] $variant = $number,)*
        }

        impl $name {
            /// All of them, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number in the counters.
            #[must_use]
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// The name in counters, metrics and on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What it says, in a sentence.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
}

outcomes! {
    /// Why a packet passes.
    Pass {
        0 Flow "flow", "Belongs to a flow that a rule admitted, or that was alive when the firewall was attached.";
        1 Rule "rule", "A rule allows it.";
        2 Arp "arp", "ARP is always let through.";
        3 NeighbourDiscovery "neighbour-discovery", "IPv6 neighbour discovery from the link itself.";
        4 MulticastListener "multicast-listener", "IPv6 multicast listener discovery from the link itself.";
        5 Dhcp "dhcp", "DHCP or DHCPv6 of a client.";
        6 NonIp "non-ip", "Neither IP nor ARP, on a host's own interface.";
        7 Adopted "adopted", "Takes up a connection of a workload that was alive when the firewall was attached.";
        8 IcmpError "icmp-error", "An ICMP error about a packet of a flow that lives, sent to the side that sent the packet.";
        9 Untracked "untracked", "A rule opens the port to anyone, and the other direction is open to anyone: no flow is kept.";
        10 Fragment "fragment", "A later fragment of a datagram whose first fragment has passed.";
        11 AlwaysAllowed "always-allowed", "To or from an address that the configuration lets through always.";
    }
}

outcomes! {
    /// Why a packet is dropped.
    Reason {
        16 NoInterface "no-interface", "The programs run on a device that has no entry in the tables.";
        17 NoPolicy "no-policy", "The interface has no policy.";
        18 NoService "no-service", "No rule names this protocol and port, or ICMP type and code.";
        19 NoPeer "no-peer", "Rules name this protocol and port, but none of them this peer.";
        20 AllowanceExceeded "conntrack-allowance-exceeded", "A rule allows it, but no further flow can be remembered: the table or the interface's share of it is full.";
        21 FrameTooShort "frame-too-short", "The frame ends within its Ethernet header or VLAN tags.";
        22 TooManyVlans "too-many-vlans", "More than two VLAN tags.";
        23 EtherType "ether-type", "Neither IP nor ARP, where only those are let through.";
        24 ArpMalformed "arp-malformed", "ARP that is not about Ethernet and IPv4, or that is cut short.";
        25 Ipv4Header "ipv4-header", "The IPv4 header is cut short, has another version, or a length below 20 octets.";
        26 Ipv4Length "ipv4-length", "The IPv4 total length is below its header or beyond the frame.";
        27 Ipv6Header "ipv6-header", "The IPv6 header is cut short or has another version.";
        28 Ipv6Length "ipv6-length", "The IPv6 payload length is beyond the frame.";
        29 Ipv6Extension "ipv6-extension", "An IPv6 extension header is cut short, or out of its place.";
        30 TooManyExtensions "too-many-extensions", "More IPv6 extension headers than are looked through.";
        31 FragmentWithoutFirst "fragment-without-first", "A later fragment of a datagram whose first fragment was not seen, or did not pass.";
        32 TcpHeader "tcp-header", "The TCP header is cut short, or its data offset is below 5 or beyond the packet.";
        33 UdpHeader "udp-header", "The UDP header is cut short, or its length is below 8 or beyond the packet.";
        34 IcmpHeader "icmp-header", "The ICMP header is cut short.";
        35 SourceAddress "source-address", "The source is a multicast, broadcast, loopback or IPv4-mapped address.";
        36 DestinationAddress "destination-address", "The destination is a loopback, unspecified or IPv4-mapped address.";
        37 NeighbourDiscoveryHopLimit "neighbour-discovery-hop-limit", "Neighbour or listener discovery that came through a router, or with a code.";
        38 WorkloadRouter "workload-router", "A workload acts as a router: router advertisement or redirect.";
        39 WorkloadDhcpServer "workload-dhcp-server", "A workload acts as a DHCP server.";
        40 TcpFlags "tcp-flags", "TCP flags that no segment of a connection has.";
        41 Internal "internal", "The tables contradict themselves; the packet is dropped to be safe.";
        42 FragmentHeader "fragment-header", "A fragment that no sender makes: empty; the first ends, or another one begins, within the header that has the ports; not the last one, and no multiple of 8 octets long; or beyond 65 535.";
        43 FragmentOverlap "fragment-overlap", "A later fragment that begins within the first one.";
        44 SourceNotOwn "source-not-own", "A workload sends from an address, or from a hardware address, that is not its own.";
        45 DestinationNotOwn "destination-not-own", "A packet to a workload that goes to none of its addresses.";
        46 SourceHeldHere "source-held-here", "A packet from outside whose source is an address of an interface of this host.";
        47 NeighbourNotOwn "neighbour-not-own", "A workload says by ARP or neighbour discovery that it has, or wants, an address that is not its own.";
        48 CutFlow "cut-flow", "Belongs to a flow that was cut, until it has been idle.";
        49 DeniedFlow "denied-flow", "Belongs to a flow that began with a packet that would have been dropped.";
        50 NeighbourDiscoveryFragment "neighbour-discovery-fragment", "Neighbour or listener discovery in fragments (RFC 6980).";
        51 HiddenHeader "hidden-header", "The kernel shows traffic control the packet without its Ethernet header, as on a macvlan whose parent has a generic XDP program.";
    }
}

/// The number of what becomes of a packet, as the counters know it: a [`Verdict`] in a register.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome(u8);

impl Outcome {
    /// From its number.
    #[inline(always)]
    pub const fn from_number(number: u8) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    #[inline(always)]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether the packet goes on.
    #[must_use]
    #[inline(always)]
    pub const fn passes(self) -> bool {
        self.0 < FIRST_DROP || self.0 >= WOULD_DROP
    }

    /// The same where nothing is enforced: a drop passes.
    #[inline(always)]
    pub const fn watched(self) -> Self {
        if self.passes() { self } else { Self(self.0 + WOULD_DROP) }
    }
}

impl From<Pass> for Outcome {
    #[inline(always)]
    fn from(pass: Pass) -> Self {
        Self(pass.number())
    }
}

impl From<Reason> for Outcome {
    #[inline(always)]
    fn from(reason: Reason) -> Self {
        Self(reason.number())
    }
}

/// What becomes of a packet, by its parts.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Allow(Pass),
    /// It is dropped, silently as in the service.
    Drop(Reason),
    /// It would be dropped, and passes since nothing is enforced at its interface.
    WouldDrop(Reason),
}

impl Verdict {
    /// The number in the counters: below [`FIRST_DROP`] for a pass.
    #[must_use]
    pub const fn outcome(self) -> u8 {
        match self {
            Self::Allow(pass) => pass.number(),
            Self::Drop(reason) => reason.number(),
            Self::WouldDrop(reason) => WOULD_DROP + reason.number(),
        }
    }

    /// Whether something allows the packet; what passes only because nothing is enforced is not allowed.
    #[must_use]
    pub const fn is_allow(self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// Whether the packet goes on.
    #[must_use]
    pub const fn passes(self) -> bool {
        match self {
            Self::Allow(_) | Self::WouldDrop(_) => true,
            Self::Drop(_) => false,
        }
    }

    /// `pass`, `drop` or `would-drop`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Allow(_) => "pass",
            Self::Drop(_) => "drop",
            Self::WouldDrop(_) => "would-drop",
        }
    }

    /// The verdict that an outcome's number stands for.
    #[must_use]
    pub fn from_outcome(outcome: u8) -> Option<Self> {
        let reason = |number| Reason::ALL.iter().copied().find(|reason| reason.number() == number);
        match outcome {
            0..FIRST_DROP => Pass::ALL.iter().copied().find(|pass| pass.number() == outcome).map(Self::Allow),
            FIRST_DROP..WOULD_DROP => reason(outcome).map(Self::Drop),
            WOULD_DROP.. => reason(outcome - WOULD_DROP).map(Self::WouldDrop),
        }
    }

    /// Name of the pass or the reason.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow(pass) => pass.name(),
            Self::Drop(reason) | Self::WouldDrop(reason) => reason.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_do_not_collide() {
        for pass in Pass::ALL {
            assert!(pass.number() < FIRST_DROP, "{pass:?}");
            assert_eq!(Verdict::from_outcome(pass.number()), Some(Verdict::Allow(*pass)));
        }
        for reason in Reason::ALL {
            assert!((FIRST_DROP..WOULD_DROP).contains(&reason.number()), "{reason:?}");
            assert_eq!(Outcome::from(*reason).watched().number(), Verdict::WouldDrop(*reason).outcome());
            for verdict in [Verdict::Drop(*reason), Verdict::WouldDrop(*reason)] {
                assert!(u32::from(verdict.outcome()) < OUTCOMES, "{reason:?}");
                assert_eq!(Outcome(verdict.outcome()).passes(), verdict.passes());
                assert_eq!(Verdict::from_outcome(verdict.outcome()), Some(verdict));
            }
        }
    }
}
