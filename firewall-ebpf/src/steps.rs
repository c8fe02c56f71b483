//! The steps of the decision, each a global function: the verifier looks at it once, by itself. So it takes pointers that
//! may be null, and its callers know nothing of its answer.

use crate::tables::Maps;
use firewall_common::abi::Interface;
use firewall_common::decide::{Judged, Moment, Steps, steps};
use firewall_common::packet::{Ipv4, Ipv6, Packet};
use firewall_common::verdict::{Outcome, Reason};

impl Steps for Maps {
    #[inline(always)]
    fn judge_v4(&self, packet: &Packet<Ipv4>, interface: &Interface, moment: &Moment) -> Judged {
        Judged::from_bits(firewall_judge_v4(packet, interface, moment))
    }

    #[inline(always)]
    fn check_v4(&self, packet: &Packet<Ipv4>, interface: &Interface, moment: &Moment, is_for_link: bool) -> Outcome {
        Outcome::from_number(firewall_check_v4(packet, interface, moment, is_for_link.into()) as u8)
    }

    #[inline(always)]
    fn owns_v4(&self, address: &Ipv4, interface: &Interface) -> bool {
        firewall_owns_v4(address, interface) != 0
    }

    #[inline(always)]
    fn follow_v4(&self, packet: &Packet<Ipv4>, interface: &Interface, moment: &Moment) -> Outcome {
        Outcome::from_number(firewall_follow_v4(packet, interface, moment) as u8)
    }

    #[inline(always)]
    fn remember_v4(&self, packet: &Packet<Ipv4>, interface: &Interface, moment: &Moment, rule: u32) {
        firewall_remember_v4(packet, interface, moment, rule);
    }

    #[inline(always)]
    fn judge_v6(&self, packet: &Packet<Ipv6>, interface: &Interface, moment: &Moment) -> Judged {
        Judged::from_bits(firewall_judge_v6(packet, interface, moment))
    }

    #[inline(always)]
    fn check_v6(&self, packet: &Packet<Ipv6>, interface: &Interface, moment: &Moment, is_for_link: bool) -> Outcome {
        Outcome::from_number(firewall_check_v6(packet, interface, moment, is_for_link.into()) as u8)
    }

    #[inline(always)]
    fn owns_v6(&self, address: &Ipv6, interface: &Interface) -> bool {
        firewall_owns_v6(address, interface) != 0
    }

    #[inline(always)]
    fn follow_v6(&self, packet: &Packet<Ipv6>, interface: &Interface, moment: &Moment) -> Outcome {
        Outcome::from_number(firewall_follow_v6(packet, interface, moment) as u8)
    }

    #[inline(always)]
    fn remember_v6(&self, packet: &Packet<Ipv6>, interface: &Interface, moment: &Moment, rule: u32) {
        firewall_remember_v6(packet, interface, moment, rule);
    }

    #[inline(always)]
    fn knows_v4(&self, quoted: &Packet<Ipv4>, interface: &Interface, moment: &Moment) -> bool {
        firewall_knows_v4(quoted, interface, moment) != 0
    }

    #[inline(always)]
    fn knows_v6(&self, quoted: &Packet<Ipv6>, interface: &Interface, moment: &Moment) -> bool {
        firewall_knows_v6(quoted, interface, moment) != 0
    }

    #[inline(always)]
    fn record_v4(&self, packet: &Packet<Ipv4>, interface: &Interface, moment: &Moment, outcome: Outcome) {
        firewall_record_v4(packet, interface, moment, outcome.number().into());
    }

    #[inline(always)]
    fn record_v6(&self, packet: &Packet<Ipv6>, interface: &Interface, moment: &Moment, outcome: Outcome) {
        firewall_record_v6(packet, interface, moment, outcome.number().into());
    }
}

/// Defines the global functions of a family. A null pointer, which no caller hands over, is a contradiction.
macro_rules! global {
    ($address:ty, $judge:ident, $knows:ident, $record:ident, $check:ident, $owns:ident, $follow:ident, $remember:ident) => {
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $judge(
            packet: *const Packet<$address>,
            interface: *const Interface,
            moment: *const Moment,
        ) -> u64 {
            // SAFETY: the callers have references.
            let (packet, interface, moment) = unsafe { (packet.as_ref(), interface.as_ref(), moment.as_ref()) };
            let judged = match (packet, interface, moment) {
                (Some(packet), Some(interface), Some(moment)) => steps::judge(Maps, packet, interface, moment),
                (None, _, _) | (_, None, _) | (_, _, None) => Judged { outcome: Reason::Internal.into(), rule: 0 },
            };
            judged.to_bits()
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $check(
            packet: *const Packet<$address>,
            interface: *const Interface,
            moment: *const Moment,
            is_for_link: u32,
        ) -> u32 {
            // SAFETY: as above.
            let (packet, interface, moment) = unsafe { (packet.as_ref(), interface.as_ref(), moment.as_ref()) };
            let outcome = match (packet, interface, moment) {
                (Some(packet), Some(interface), Some(moment)) => {
                    steps::check(Maps, packet, interface, moment, is_for_link != 0)
                }
                (None, _, _) | (_, None, _) | (_, _, None) => Reason::Internal.into(),
            };
            outcome.number().into()
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $owns(address: *const $address, interface: *const Interface) -> u32 {
            // SAFETY: as above.
            let (address, interface) = unsafe { (address.as_ref(), interface.as_ref()) };
            match (address, interface) {
                (Some(address), Some(interface)) => steps::owns(Maps, address, interface).into(),
                (None, _) | (_, None) => 0,
            }
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $follow(
            packet: *const Packet<$address>,
            interface: *const Interface,
            moment: *const Moment,
        ) -> u32 {
            // SAFETY: as above.
            let (packet, interface, moment) = unsafe { (packet.as_ref(), interface.as_ref(), moment.as_ref()) };
            let outcome = match (packet, interface, moment) {
                (Some(packet), Some(interface), Some(moment)) => steps::follow(Maps, packet, interface, moment),
                (None, _, _) | (_, None, _) | (_, _, None) => Reason::Internal.into(),
            };
            outcome.number().into()
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $remember(
            packet: *const Packet<$address>,
            interface: *const Interface,
            moment: *const Moment,
            rule: u32,
        ) -> u32 {
            // SAFETY: as above.
            let (packet, interface, moment) = unsafe { (packet.as_ref(), interface.as_ref(), moment.as_ref()) };
            if let (Some(packet), Some(interface), Some(moment)) = (packet, interface, moment) {
                steps::remember(Maps, packet, interface, moment, rule);
            }
            0
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $knows(
            quoted: *const Packet<$address>,
            interface: *const Interface,
            moment: *const Moment,
        ) -> u32 {
            // SAFETY: as above.
            let (quoted, interface, moment) = unsafe { (quoted.as_ref(), interface.as_ref(), moment.as_ref()) };
            match (quoted, interface, moment) {
                (Some(quoted), Some(interface), Some(moment)) => steps::knows(Maps, quoted, interface, moment).into(),
                (None, _, _) | (_, None, _) | (_, _, None) => 0,
            }
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $record(
            packet: *const Packet<$address>,
            interface: *const Interface,
            moment: *const Moment,
            outcome: u32,
        ) -> u32 {
            // SAFETY: as above.
            let (packet, interface, moment) = unsafe { (packet.as_ref(), interface.as_ref(), moment.as_ref()) };
            if let (Some(packet), Some(interface), Some(moment)) = (packet, interface, moment) {
                steps::record(Maps, packet, interface, moment, Outcome::from_number(outcome as u8));
            }
            0
        }
    };
}

global!(
    Ipv4,
    firewall_judge_v4,
    firewall_knows_v4,
    firewall_record_v4,
    firewall_check_v4,
    firewall_owns_v4,
    firewall_follow_v4,
    firewall_remember_v4
);
global!(
    Ipv6,
    firewall_judge_v6,
    firewall_knows_v6,
    firewall_record_v6,
    firewall_check_v6,
    firewall_owns_v6,
    firewall_follow_v6,
    firewall_remember_v6
);
