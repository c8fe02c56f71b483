//! Records of packets that were dropped: who, to where, why and how often. The counters hold all of them, the records as
//! many as a CPU may write in a tick.

use super::{Context, Tables};
use crate::abi::{DropKey, INTERFACE_MONITOR};
use crate::packet::{Address, Packet};
use crate::verdict::{Reason, Verdict};

/// Records a packet. Of one that could not be parsed, what was not found is zero.
#[inline(never)]
pub fn record<A: Address, T: Tables>(packet: &Packet<A>, reason: Reason, context: &Context<'_, T>) {
    if !context.tables.may_record(context.now) {
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
        direction: context.direction as u8,
        outcome: verdict(reason, context).outcome(),
        family: A::FAMILY as u8,
    };
    context.tables.record(&key, context.now, context.size.packets, context.size.bytes);
}

/// What a reason to drop comes to at an interface.
#[inline(always)]
pub fn verdict<T: Tables>(reason: Reason, context: &Context<'_, T>) -> Verdict {
    if context.interface.has(INTERFACE_MONITOR) { Verdict::WouldDrop(reason) } else { Verdict::Drop(reason) }
}
