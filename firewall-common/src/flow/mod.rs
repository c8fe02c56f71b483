//! The life of a flow: its states, its timers, and what may keep it alive.
//!
//! A flow is *embryonic* until its opener answers the answer: for TCP by an acknowledgement of what the other side
//! sent, which a spoofer who does not see the answer cannot give; for other protocols by a second packet after a reply.
//! Only then it is *established*, and lives by the long time-outs.

mod tcp;
mod word;

pub use tcp::{TcpSegment, track as track_tcp};
pub use word::Word;

use crate::abi::{Timeouts, ticks};
use crate::packet::{Address, Transport, protocol};
use crate::verdict::Direction;

/// State of a flow.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Somebody is removing it: as good as absent. Whoever fails to leaves it to the next sweep.
    Claimed = 0,
    /// TCP, embryonic: opened by a SYN.
    SynSent = 1,
    /// TCP, embryonic: taken up in the middle, without a SYN.
    PickedUp = 2,
    /// TCP, embryonic: the other side has answered.
    Answered = 3,
    /// TCP, embryonic: a RST came before it was established.
    Refused = 4,
    /// TCP, established.
    Established = 5,
    /// TCP: the side behind the interface has no more data to come from beyond it: a FIN went inbound.
    FinInbound = 6,
    /// TCP: a FIN went outbound.
    FinOutbound = 7,
    /// TCP: both sides have sent a FIN.
    Closing = 8,
    /// TCP: reset from beyond the interface.
    ResetInbound = 9,
    /// TCP: reset from behind the interface.
    ResetOutbound = 10,
    /// Not TCP, embryonic: seen in one direction.
    Single = 16,
    /// Not TCP, embryonic: answered.
    Replied = 17,
    /// Not TCP, established: more than one request and response.
    Stream = 18,
    /// Cut: a tombstone, which drops what comes either way until nothing does.
    Cut = 19,
}

impl State {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Claimed,
        Self::SynSent,
        Self::PickedUp,
        Self::Answered,
        Self::Refused,
        Self::Established,
        Self::FinInbound,
        Self::FinOutbound,
        Self::Closing,
        Self::ResetInbound,
        Self::ResetOutbound,
        Self::Single,
        Self::Replied,
        Self::Stream,
        Self::Cut,
    ];

    /// From its number; what is no state counts as [`State::Claimed`], which admits nothing.
    #[must_use]
    #[inline(always)]
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::SynSent,
            2 => Self::PickedUp,
            3 => Self::Answered,
            4 => Self::Refused,
            5 => Self::Established,
            6 => Self::FinInbound,
            7 => Self::FinOutbound,
            8 => Self::Closing,
            9 => Self::ResetInbound,
            10 => Self::ResetOutbound,
            16 => Self::Single,
            17 => Self::Replied,
            18 => Self::Stream,
            19 => Self::Cut,
            _ => Self::Claimed,
        }
    }

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::SynSent => "syn-sent",
            Self::PickedUp => "picked-up",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Established => "established",
            Self::FinInbound => "fin-inbound",
            Self::FinOutbound => "fin-outbound",
            Self::Closing => "closing",
            Self::ResetInbound => "reset-inbound",
            Self::ResetOutbound => "reset-outbound",
            Self::Single => "single",
            Self::Replied => "replied",
            Self::Stream => "stream",
            Self::Cut => "cut",
        }
    }

    /// Whether the opener has still to prove that it sees the answers.
    #[must_use]
    #[inline(always)]
    pub const fn is_embryonic(self) -> bool {
        matches!(self, Self::SynSent | Self::PickedUp | Self::Answered | Self::Refused | Self::Single | Self::Replied)
    }

    /// Whether the flow counts against the allowance of established ones.
    #[must_use]
    #[inline(always)]
    pub const fn is_established(self) -> bool {
        !self.is_embryonic() && !matches!(self, Self::Claimed | Self::Cut)
    }

    /// Whether an allowed SYN begins the flow anew: nothing of the old connection is left to protect.
    #[must_use]
    #[inline(always)]
    pub const fn yields_to_syn(self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::Cut
                | Self::FinInbound
                | Self::FinOutbound
                | Self::Closing
                | Self::ResetInbound
                | Self::ResetOutbound
        )
    }
}

/// Seconds for the transient states of TCP and for what has no time-out of its own (spec, D5 and D17).
mod seconds {
    pub const EMBRYONIC: u32 = 30;
    pub const ONE_FIN: u32 = 120;
    pub const CLOSING: u32 = 10;
    pub const ICMP: u32 = 30;
    pub const OTHER: u32 = 600;
    /// A tombstone outlives the pauses between the repetitions of a sender that has not given up (RFC 6298 lets them grow
    /// to 60 s and more).
    pub const CUT: u32 = 300;
    /// Long enough for who has claimed a flow to have removed it.
    pub const CLAIMED: u32 = 10;
}

/// Ticks that a flow in a state lives without a packet. `number` is the IP protocol.
#[must_use]
#[inline(always)]
pub const fn timeout(state: State, number: u8, timeouts: &Timeouts) -> u32 {
    match state {
        State::Claimed => const { ticks(seconds::CLAIMED) },
        State::SynSent | State::PickedUp | State::Answered => const { ticks(seconds::EMBRYONIC) },
        State::Established => timeouts.tcp_established,
        State::FinInbound | State::FinOutbound => const { ticks(seconds::ONE_FIN) },
        State::Refused | State::Closing | State::ResetInbound | State::ResetOutbound => {
            const { ticks(seconds::CLOSING) }
        }
        State::Cut => const { ticks(seconds::CUT) },
        State::Single | State::Replied | State::Stream => match number {
            protocol::UDP if matches!(state, State::Stream) => timeouts.udp_stream,
            protocol::UDP => timeouts.udp,
            protocol::ICMP | protocol::ICMPV6 => const { ticks(seconds::ICMP) },
            _ => const { ticks(seconds::OTHER) },
        },
    }
}

/// The class of flows that a protocol belongs to: [`crate::abi::TCP`] or [`crate::abi::OTHERS`].
#[must_use]
#[inline(always)]
pub const fn class(number: u8) -> usize {
    if number == protocol::TCP { crate::abi::TCP } else { crate::abi::OTHERS }
}

/// Whether a flow has been idle for longer than its state allows.
#[must_use]
#[inline(always)]
pub fn is_expired(word: Word, number: u8, timeouts: &Timeouts, now: u64) -> bool {
    word.idle(now) > u64::from(timeout(word.state(), number, timeouts))
}

/// The state after a packet of a protocol other than TCP.
#[must_use]
#[inline(always)]
pub fn track_other(state: State, from_opener: bool) -> State {
    match state {
        State::Single if !from_opener => State::Replied,
        State::Replied if from_opener => State::Stream,
        _ => state,
    }
}

/// What an ICMP message is to a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IcmpRole {
    /// Asks: opens a flow, or belongs to the one it opened.
    Request,
    /// Answers a request of the type given.
    Reply(u8),
    /// Neither: no flow.
    Message,
}

/// What a type of ICMP, or of ICMPv6 for IPv6, is to a flow (RFC 792, 950 and 4443, 4620).
#[must_use]
#[inline(always)]
pub fn icmp_role<A: Address>(kind: u8) -> IcmpRole {
    if A::ICMP == protocol::ICMP {
        match kind {
            8 | 13 | 15 | 17 => IcmpRole::Request,
            0 => IcmpRole::Reply(8),
            14 => IcmpRole::Reply(13),
            16 => IcmpRole::Reply(15),
            18 => IcmpRole::Reply(17),
            _ => IcmpRole::Message,
        }
    } else {
        match kind {
            128 | 139 => IcmpRole::Request,
            129 => IcmpRole::Reply(128),
            140 => IcmpRole::Reply(139),
            _ => IcmpRole::Message,
        }
    }
}

/// Ports of the local and the remote side in the key of the flow that a packet may belong to; `None` when packets of its
/// kind have no flow.
#[must_use]
#[inline(always)]
pub fn key_ports<A: Address>(number: u8, transport: &Transport, direction: Direction) -> Option<(u16, u16)> {
    if number == A::ICMP {
        let (request, opener) = match icmp_role::<A>(transport.icmp_type()) {
            IcmpRole::Request => (transport.icmp_type(), direction),
            IcmpRole::Reply(request) => (request, direction.reverse()),
            IcmpRole::Message => return None,
        };
        // Who asks is part of the key: the same identifier asked from both sides is two flows.
        return Some((transport.source_port, u16::from(request) << 8 | opener as u16));
    }
    let (source, destination) = match number {
        protocol::TCP | protocol::UDP => (transport.source_port, transport.service),
        _ => (0, 0),
    };
    Some(match direction {
        Direction::Inbound => (destination, source),
        Direction::Outbound => (source, destination),
    })
}

#[cfg(test)]
mod tests;
