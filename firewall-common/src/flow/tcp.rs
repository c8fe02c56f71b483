//! What TCP segments do to a flow.

use super::State;
use crate::decide::FlowEntry;
use crate::packet::{ACK, FIN, RST, SYN, Transport};
use crate::verdict::Direction;

/// What a flow expects from a side that it has not heard of: one that was taken up while it was alive.
const UNKNOWN: u32 = 0;

/// A segment that belongs to a flow.
#[derive(Debug, Clone, Copy)]
pub struct TcpSegment<'a> {
    /// Its header.
    pub header: &'a Transport,
    /// The way it goes.
    pub direction: Direction,
}

impl TcpSegment<'_> {
    #[inline(always)]
    const fn has(&self, flag: u8) -> bool {
        self.header.flags & flag != 0
    }

    /// First sequence number behind the segment.
    #[inline(always)]
    const fn end(&self) -> u32 {
        self.header.sequence.wrapping_add(self.header.extent)
    }
}

/// The state of a flow after a segment; what the segment says about sequence numbers is stored on the way.
///
/// The sequence number expected from a side moves with the other side's acknowledgements, and with data that comes in
/// order, so that nobody who guesses can move it to where a forged RST would count.
#[inline(always)]
pub fn track<F: FlowEntry>(flow: &F, state: State, segment: &TcpSegment<'_>) -> State {
    let direction = segment.direction;
    let from_opener = direction == flow.opened();
    if segment.has(RST) {
        return reset(flow, state, segment, from_opener);
    }
    let next = match state {
        State::SynSent if !from_opener && segment.has(SYN) => answered(flow, segment),
        State::PickedUp if !from_opener => answered(flow, segment),
        State::Answered if !from_opener && segment.has(SYN) => answered(flow, segment),
        State::Answered if from_opener && proves(flow, segment) => State::Established,
        // A refusal was not the last word: the opener has to prove itself again.
        State::Refused if !from_opener => answered(flow, segment),
        // Whoever was said to have reset the connection goes on with it.
        State::ResetInbound if matches!(direction, Direction::Inbound) => State::Established,
        State::ResetOutbound if matches!(direction, Direction::Outbound) => State::Established,
        other => other,
    };
    // An opener that has proved nothing yet must not say itself what would be a proof.
    let trusted = !(from_opener && next.is_embryonic());
    advance(flow, segment, trusted);
    if segment.has(FIN) { finish(next, direction) } else { next }
}

/// The other side answers: what it sent is what the opener has to acknowledge.
#[inline(always)]
fn answered<F: FlowEntry>(flow: &F, segment: &TcpSegment<'_>) -> State {
    let first = if segment.has(SYN) { segment.header.sequence.wrapping_add(1) } else { segment.end() };
    flow.set_answer(first);
    flow.set_expected(segment.direction, segment.end());
    State::Answered
}

/// Whether the opener acknowledges what the other side has sent, and nothing that it has not sent.
#[inline(always)]
fn proves<F: FlowEntry>(flow: &F, segment: &TcpSegment<'_>) -> bool {
    let first = flow.answer();
    let sent = flow.expected(segment.direction.reverse()).wrapping_sub(first);
    segment.has(ACK) && segment.header.acknowledgement.wrapping_sub(first) <= sent
}

/// Moves on what is expected from either side.
#[inline(always)]
fn advance<F: FlowEntry>(flow: &F, segment: &TcpSegment<'_>, trusted: bool) {
    let own = flow.expected(segment.direction);
    if segment.header.extent != 0 && segment.header.sequence == own {
        flow.set_expected(segment.direction, segment.end());
    }
    if trusted && segment.has(ACK) {
        let other = segment.direction.reverse();
        let known = flow.expected(other);
        if known == UNKNOWN || segment.header.acknowledgement.wrapping_sub(known).cast_signed() > 0 {
            flow.set_expected(other, segment.header.acknowledgement);
        }
    }
}

/// A RST counts only at the very number that the other side expects, or when it refuses the SYN by acknowledging it
/// (RFC 5961, 3.2). It shortens the flow's life and never ends it.
#[inline(always)]
fn reset<F: FlowEntry>(flow: &F, state: State, segment: &TcpSegment<'_>, from_opener: bool) -> State {
    let refuses_syn = matches!(state, State::SynSent)
        && !from_opener
        && segment.has(ACK)
        && segment.header.acknowledgement == flow.expected(segment.direction.reverse());
    let expected = flow.expected(segment.direction);
    let counts = refuses_syn || (expected != UNKNOWN && segment.header.sequence == expected);
    if !counts {
        return state;
    }
    match (state, segment.direction) {
        (State::SynSent | State::PickedUp | State::Answered | State::Refused, _) => State::Refused,
        (_, Direction::Inbound) => State::ResetInbound,
        (_, Direction::Outbound) => State::ResetOutbound,
    }
}

#[inline(always)]
const fn finish(state: State, direction: Direction) -> State {
    match (state, direction) {
        (State::Established, Direction::Inbound) => State::FinInbound,
        (State::Established, Direction::Outbound) => State::FinOutbound,
        (State::FinInbound, Direction::Outbound) | (State::FinOutbound, Direction::Inbound) => State::Closing,
        (other, _) => other,
    }
}
