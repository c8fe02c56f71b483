//! Flows: finding the one that a packet belongs to, keeping it, and beginning a new one.

use super::{Context, FlowEntry, InsertError, Tables};
use crate::abi::Flow;
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
    /// It asks for a connection in the place of one that is over: the rules judge it, and it begins a new one.
    Over,
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
    /// Finds the flow of a packet by its key. One that has expired is as good as absent, and is removed.
    #[inline(always)]
    pub fn of<A, T>(key: &Key<A>, packet: &Packet<A>, context: &Context<'_, T>) -> Self
    where
        A: Address,
        T: Tables<Flow = F>,
    {
        let entry = if key.tracked { A::flow(context.tables, &key.key) } else { None };
        let word = Word::from_bits(entry.map_or(0, |entry| entry.word()));
        let status = if !key.tracked {
            Status::Untracked
        } else if matches!(word.state(), State::Claimed) {
            Status::Absent
        } else if flow::is_expired(word, packet.protocol, &context.interface.timeouts, context.now) {
            remove(key, entry, word, context);
            Status::Absent
        } else if packet.protocol != protocol::TCP || !packet.transport.is_pure_syn() {
            Status::Live
        } else if word.state().yields_to_syn() {
            // A SYN is judged anew, always. Only when it is allowed may it take the place of what is over.
            Status::Over
        } else {
            Status::Taken
        };
        Self { status, entry, word }
    }

    /// Lets a packet pass by the flow: its state, its time and its counters move. Gives the number of the rule that admitted it.
    #[inline(always)]
    pub fn pass<A, T>(self, packet: &Packet<A>, context: &Context<'_, T>) -> u32
    where
        A: Address,
        T: Tables<Flow = F>,
    {
        let Some(entry) = self.entry else { return 0 };
        let state = self.word.state();
        let next = if packet.protocol == protocol::TCP {
            let segment = TcpSegment { header: &packet.transport, direction: context.direction };
            flow::track_tcp(&entry, state, &segment)
        } else {
            flow::track_other(state, context.direction == entry.opened())
        };
        self.touch(entry, next, context);
        let rule = entry.rule();
        context.count_rule(rule, false);
        rule
    }

    /// Moves the time and the counters of the flow.
    #[inline(always)]
    fn touch<T: Tables>(self, entry: F, state: State, context: &Context<'_, T>) {
        let word = self.word.at(state, context.now);
        if word != self.word {
            // Lost to another CPU: that packet was as recent, and the next one tells the rest.
            entry.swap(self.word.bits(), word.bits());
        }
        entry.account(context.direction, context.size.packets, context.size.bytes);
    }

    /// Begins the flow of a packet that is allowed, where there is one to begin, and says whether it did.
    #[inline(always)]
    pub fn begin<A, T>(
        self,
        key: &Key<A>,
        packet: &Packet<A>,
        context: &Context<'_, T>,
        rule: u32,
    ) -> Result<bool, Reason>
    where
        A: Address,
        T: Tables<Flow = F>,
    {
        match self.status {
            Status::Untracked | Status::Live => return Ok(false),
            Status::Taken => {
                if let Some(entry) = self.entry {
                    self.touch(entry, self.word.state(), context);
                }
                return Ok(false);
            }
            Status::Over => remove(key, self.entry, self.word, context),
            Status::Absent => {}
        }
        let Some(state) = initial(packet, context) else { return Ok(false) };
        match A::insert_flow(context.tables, &key.key, &first(packet, context, state, rule)) {
            Ok(()) => Ok(true),
            // The same packet of the same connection on another CPU, judged by the same rules.
            Err(InsertError::Exists) => Ok(false),
            Err(InsertError::Full) => Err(Reason::AllowanceExceeded),
        }
    }
}

/// Removes a flow, if nobody else has changed it since it was found.
#[inline(always)]
fn remove<A, T>(key: &Key<A>, entry: Option<T::Flow>, word: Word, context: &Context<'_, T>)
where
    A: Address,
    T: Tables,
{
    let Some(entry) = entry else { return };
    if entry.swap(word.bits(), word.at(State::Claimed, context.now).bits()) {
        A::remove_flow(context.tables, &key.key);
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
        let may_pick_up = matches!(context.direction, Direction::Inbound) || adopts(packet, context);
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
        && matches!(context.direction, Direction::Outbound)
        && context.interface.is_workload()
        && context.now < context.interface.adopt_until
}

/// The flow that a packet begins.
#[inline(always)]
fn first<A: Address, T: Tables>(packet: &Packet<A>, context: &Context<'_, T>, state: State, rule: u32) -> Flow {
    let (direction, size) = (context.direction, context.size);
    let mut flow = Flow {
        word: Word::new(state, context.tables.nonce(), context.now).bits(),
        created: context.now,
        rule,
        opened: direction as u32,
        ..Flow::default()
    };
    let (own, other) = (direction as usize, direction.reverse() as usize);
    flow.packets[own] = size.packets;
    flow.bytes[own] = size.bytes;
    if packet.protocol == protocol::TCP {
        flow.expected[own] = packet.transport.sequence.wrapping_add(packet.transport.extent);
        flow.expected[other] = packet.transport.acknowledgement;
    }
    flow
}
