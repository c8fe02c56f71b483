//! Records of packets that were dropped: who, to where, why and how often. The counters hold all of them, the records as
//! many as a CPU may write in a tick.

use super::{Context, Tables};
use crate::abi::{DropKey, INTERFACE_MONITOR};
use crate::packet::{Address, Packet};
use crate::verdict::Outcome;

/// Records a packet. Of one that could not be parsed, what was not found is zero.
#[inline(always)]
pub fn record<A: Address, T: Tables>(packet: &Packet<A>, outcome: Outcome, context: &Context<'_, T>) {
    if !context.tables.may_record(context.moment.now) {
        return;
    }
    let key = DropKey {
        attachment: context.interface.attachment,
        vlans: packet.vlans,
        source: packet.source.padded(),
        destination: packet.destination.padded(),
        source_port: packet.transport.source_port,
        service: packet.transport.service,
        protocol: packet.protocol,
        direction: context.direction() as u8,
        outcome: enforced(outcome, context).number(),
        family: A::FAMILY as u8,
    };
    context.tables.record(&key, context.moment.now, context.moment.packets(), context.moment.bytes());
}

/// What an outcome comes to at an interface: where nothing is enforced, nothing is dropped.
#[inline(always)]
pub fn enforced<T: Tables>(outcome: Outcome, context: &Context<'_, T>) -> Outcome {
    if context.interface.has(INTERFACE_MONITOR) { outcome.watched() } else { outcome }
}
