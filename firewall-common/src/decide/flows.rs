//! Flows: finding the one that a packet belongs to, keeping it, and beginning a new one.

use super::{Context, FlowEntry, InsertError, Tables, rings};
use crate::abi::{AnyFlowKey as _, Flow, INTERFACE_LINGER, LingerKey};
use crate::flow::{self, State, TcpSegment, Word};
use crate::packet::{Address, Packet, RST, SYN, protocol};
use crate::verdict::{Direction, Reason};

/// What the flow table says of a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Packets of this kind have no flow: the rules judge it.
    Untracked,
    /// There is no flow: the rules judge it, and it may begin one.
    Absent,
    /// It belongs to a flow that lives, and passes.
    Live,
    /// It asks for a connection that lives already: the rules judge it, and the flow goes on.
    Taken,
    /// It asks for a connection in the place of one that is over, cut or denied: the rules judge it, and it begins a new
    /// one.
    Over,
    /// It belongs to a flow that was cut.
    Cut,
    /// It belongs to a flow that began with a packet that would have been dropped, and answers such a packet.
    Denied,
    /// It comes from the opener of such a flow: the rules judge it, and may have changed their mind.
    DeniedOpener,
}

/// A look-up in the flow table: small enough to stay in registers, and every field is set whatever the status. A copy
/// through the stack would cost the verifier what it knows of the pointer, and it refuses registers that are set only
/// sometimes.
#[derive(Clone, Copy)]
pub struct Lookup<F> {
    pub status: Status,
    entry: Option<F>,
    word: Word,
}

impl<F: FlowEntry> Lookup<F> {
    /// Finds the flow of a packet that goes in a direction, by its key. One that has expired is as good as absent, and is
    /// removed.
    #[inline(always)]
    pub fn of<A, T>(key: &Key<A>, packet: &Packet<A>, direction: Direction, context: &Context<'_, T>) -> Self
    where
        A: Address,
        T: Tables<Flow = F>,
    {
        let entry = if key.tracked { A::flow(&context.tables, &key.key) } else { None };
        let word = Word::from_bits(entry.map_or(0, |entry| entry.word()));
        let state = word.state();
        let status = if !key.tracked {
            Status::Untracked
        } else if matches!(state, State::Claimed) {
            Status::Absent
        } else if flow::is_expired(word, packet.protocol, &context.interface.timeouts, context.moment.now) {
            remove_found(key, entry, word, context);
            Status::Absent
        } else if packet.protocol == protocol::TCP && packet.transport.is_pure_syn() {
            // A SYN is judged anew, always. Only when it is allowed may it take the place of what is over.
            if state.yields_to_syn() || word.is_denied() { Status::Over } else { Status::Taken }
        } else if matches!(state, State::Cut) {
            Status::Cut
        } else if word.is_denied() {
            let by_opener = entry.is_some_and(|entry| entry.opened() == direction);
            if by_opener { Status::DeniedOpener } else { Status::Denied }
        } else {
            Status::Live
        };
        Self { status, entry, word }
    }

    /// Lets a packet pass by the flow: its state, its time and its counters move. Says which rule has admitted the flow.
    #[inline(always)]
    pub fn pass<A, T>(self, packet: &Packet<A>, context: &Context<'_, T>) -> u32
    where
        A: Address,
        T: Tables<Flow = F>,
    {
        let Some(entry) = self.entry else { return 0 };
        self.track(packet, self.word, context);
        entry.rule()
    }

    /// Takes the mark off a flow that the rules allow by now.
    #[inline(always)]
    pub fn redeem<A, T>(self, packet: &Packet<A>, context: &Context<'_, T>, rule: u32)
    where
        A: Address,
        T: Tables<Flow = F>,
    {
        let Some(entry) = self.entry else { return };
        entry.set_rule(rule);
        self.track(packet, self.word.denied(false), context);
    }

    /// Follows a packet: the flow gets the state that it is in afterwards, and what else `word` says of it.
    #[inline(always)]
    pub fn track<A, T>(self, packet: &Packet<A>, word: Word, context: &Context<'_, T>)
    where
        A: Address,
        T: Tables<Flow = F>,
    {
        if let Some(entry) = self.entry {
            follow(entry, self.word, word, packet, context);
        }
    }

    /// Keeps a tombstone for as long as packets come.
    #[inline(always)]
    pub fn rest<T: Tables>(self, context: &Context<'_, T>) {
        if let Some(entry) = self.entry {
            touch(entry, self.word, self.word.at(self.word.state(), context.moment.now), context);
        }
    }

    /// The state, nonce and time that it was found with.
    #[inline(always)]
    pub const fn word(&self) -> Word {
        self.word
    }

    /// Begins the flow of a packet, where there is one to begin, and says whether it did.
    #[inline(always)]
    pub fn begin<A, T>(
        self,
        key: &Key<A>,
        packet: &Packet<A>,
        context: &Context<'_, T>,
        admission: Admission,
    ) -> Result<bool, Reason>
    where
        A: Address,
        T: Tables<Flow = F>,
    {
        match self.status {
            Status::Untracked | Status::Live | Status::Cut | Status::Denied | Status::DeniedOpener => return Ok(false),
            Status::Taken => {
                self.rest(context);
                return Ok(false);
            }
            Status::Over => remove_found(key, self.entry, self.word, context),
            Status::Absent => {}
        }
        let Some(state) = initial(packet, context) else { return Ok(false) };
        if lingers(packet, context) {
            return Ok(false);
        }
        if !has_room(packet.protocol, context) {
            return Err(Reason::AllowanceExceeded);
        }
        let word = Word::new(state, context.tables.nonce(), context.moment.now).denied(admission.denied);
        // Whoever has to make room does so first: the table may be full.
        rings::enter::<A, T>(&key.key, word.nonce(), flow::class(packet.protocol), context);
        match insert(key, packet, context, word, admission.rule) {
            Ok(()) => Ok(true),
            // The same packet of the same connection on another CPU, judged by the same rules.
            Err(InsertError::Exists) => Ok(false),
            Err(InsertError::Full) => Err(Reason::AllowanceExceeded),
        }
    }
}

/// Moves the state of a flow on. `found` is its word as it was found, and `word` what it is to be besides the state.
///
/// Not inlined: it happens in several places.
#[inline(never)]
fn follow<A, T>(entry: T::Flow, found: Word, word: Word, packet: &Packet<A>, context: &Context<'_, T>)
where
    A: Address,
    T: Tables,
{
    let state = word.state();
    let next = if packet.protocol == protocol::TCP {
        let segment = TcpSegment { header: &packet.transport, direction: context.direction() };
        flow::track_tcp(&entry, state, &segment)
    } else {
        flow::track_other(state, context.direction() == entry.opened())
    };
    let promotes = next.is_established() && !state.is_established();
    // Without room it stays half-open, and may have to make room for others of its kind.
    let next = if promotes && !has_room(packet.protocol, context) { state } else { next };
    if touch(entry, found, word.at(next, context.moment.now), context) && promotes && next.is_established() {
        context.tables.add_established(context.interface.attachment, flow::class(packet.protocol), 1);
    }
}

/// Moves the time and the counters of a flow, and says whether its word has changed.
#[inline(always)]
fn touch<F: FlowEntry, T: Tables>(entry: F, found: Word, word: Word, context: &Context<'_, T>) -> bool {
    // Lost to another CPU: that packet was as recent, and the next one tells the rest.
    let is_changed = word != found && entry.swap(found.bits(), word.bits());
    entry.account(context.direction(), context.moment.packets(), context.moment.bytes());
    is_changed
}

/// Why a flow begins.
#[derive(Clone, Copy)]
pub struct Admission {
    /// Host-wide number of the rule; 0 if there is none.
    pub rule: u32,
    /// Whether the packet would have been dropped.
    pub denied: bool,
}

/// Not inlined: the flow is on the stack only here.
#[inline(never)]
fn insert<A: Address, T: Tables>(
    key: &Key<A>,
    packet: &Packet<A>,
    context: &Context<'_, T>,
    word: Word,
    rule: u32,
) -> Result<(), InsertError> {
    A::insert_flow(&context.tables, &key.key, &first(packet, context, word, rule))
}

/// Whether the interface may have another established flow of a protocol's class. Of as many CPUs as ask at the same
/// moment, each may get the last place.
#[inline(always)]
fn has_room<T: Tables>(number: u8, context: &Context<'_, T>) -> bool {
    let class = flow::class(number);
    context.tables.established(context.interface.attachment, class) < u64::from(context.interface.allowance[class])
}

/// Whether a packet leaves from a port of UDP that was untracked until lately (spec, D4).
#[inline(always)]
fn lingers<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> bool {
    if !context.interface.has(INTERFACE_LINGER)
        || packet.protocol != protocol::UDP
        || !matches!(context.direction(), Direction::Outbound)
    {
        return false;
    }
    let key = LingerKey::new(context.interface.attachment, A::FAMILY, packet.transport.source_port);
    context.tables.linger(&key).is_some_and(|until| context.moment.now < until)
}

#[inline(always)]
fn remove_found<A, T>(key: &Key<A>, entry: Option<T::Flow>, word: Word, context: &Context<'_, T>)
where
    A: Address,
    T: Tables,
{
    if let Some(entry) = entry {
        remove::<A, T>(&context.tables, &key.key, entry, word, context.moment.now);
    }
}

/// Removes a flow, if nobody else has changed it since it was found, and says whether it did. Who claims it by
/// compare-and-swap removes it, and nobody else: under its key another one may have begun.
#[inline(always)]
pub fn remove<A: Address, T: Tables>(tables: &T, key: &A::FlowKey, entry: T::Flow, word: Word, now: u64) -> bool {
    let is_claimed = entry.swap(word.bits(), word.at(State::Claimed, now).bits());
    if is_claimed {
        A::remove_flow(tables, key);
        end_established::<A, T>(tables, key, word);
    }
    is_claimed
}

/// Gives back the room of a flow that was established.
#[inline(always)]
pub fn end_established<A: Address, T: Tables>(tables: &T, key: &A::FlowKey, word: Word) {
    if word.state().is_established() {
        tables.add_established(key.attachment(), flow::class(key.protocol()), -1);
    }
}

/// The key of the flow that a packet may belong to.
pub struct Key<A: Address> {
    key: A::FlowKey,
    /// Whether packets of this kind have a flow.
    tracked: bool,
}

impl<A: Address> Key<A> {
    /// Of a packet that goes in a direction, seen from the interface.
    #[inline(always)]
    pub fn of<T: Tables>(packet: &Packet<A>, direction: Direction, context: &Context<'_, T>) -> Self {
        let ports = flow::key_ports::<A>(packet.protocol, &packet.transport, direction);
        let ((local_port, remote_port), tracked) = match ports {
            Some(ports) => (ports, true),
            None => ((0, 0), false),
        };
        let (local, remote) = match direction {
            Direction::Inbound => (packet.destination, packet.source),
            Direction::Outbound => (packet.source, packet.destination),
        };
        let attachment = context.interface.attachment;
        let (local, remote) = ((local, local_port), (remote, remote_port));
        Self { key: A::flow_key(attachment, packet.vlans, packet.protocol, local, remote), tracked }
    }
}

/// The state in which a packet that is allowed begins a flow; `None` when it begins none.
#[inline(always)]
fn initial<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> Option<State> {
    let transport = &packet.transport;
    if packet.protocol == protocol::TCP {
        if transport.is_pure_syn() {
            return Some(State::SynSent);
        }
        // Without a SYN only what comes to the protected side may be taken up again: it has to answer before the flow
        // is worth anything. A RST is about something that is over.
        let may_pick_up = matches!(context.direction(), Direction::Inbound) || adopts(packet, context);
        return (may_pick_up && transport.flags & RST == 0).then_some(State::PickedUp);
    }
    if packet.protocol == A::ICMP && !matches!(flow::icmp_role::<A>(transport.icmp_type()), flow::IcmpRole::Request) {
        return None;
    }
    Some(State::Single)
}

/// Whether a segment that a workload sends takes up a connection that was alive when the firewall was attached.
#[inline(always)]
pub fn adopts<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>) -> bool {
    packet.protocol == protocol::TCP
        && packet.transport.flags & (SYN | RST) == 0
        && matches!(context.direction(), Direction::Outbound)
        && context.interface.is_workload()
        && context.moment.now < context.interface.adopt_until
}

/// The flow that a packet begins.
#[inline(always)]
fn first<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>, word: Word, rule: u32) -> Flow {
    let (direction, moment) = (context.direction(), context.moment);
    let mut flow =
        Flow { word: word.bits(), created: context.moment.now, rule, opened: direction as u32, ..Flow::default() };
    let (own, other) = (direction as usize, direction.reverse() as usize);
    flow.packets[own] = moment.packets();
    flow.bytes[own] = moment.bytes();
    if packet.protocol == protocol::TCP {
        flow.expected[own] = packet.transport.sequence.wrapping_add(packet.transport.extent);
        flow.expected[other] = packet.transport.acknowledgement;
    }
    flow
}
