//! Entries of the maps that change while packets are judged: flows, and places in the rings of half-open ones.

use crate::atomic;
use core::ptr::NonNull;
use firewall_common::abi::{Flow, FlowKeyV4, FlowKeyV6, RingPlace};
use firewall_common::decide::{FlowEntry, PlaceEntry};
use firewall_common::verdict::Direction;

/// A flow in its map.
#[derive(Clone, Copy)]
pub struct MapFlow(NonNull<Flow>);

impl MapFlow {
    /// # Safety
    ///
    /// `flow` points to a value of a flow map, and the program that looked it up still runs.
    #[inline(always)]
    pub(crate) unsafe fn new(flow: *mut Flow) -> Option<Self> {
        NonNull::new(flow).map(Self)
    }

    #[inline(always)]
    const fn pointer(self) -> *mut Flow {
        self.0.as_ptr()
    }
}

impl FlowEntry for MapFlow {
    #[inline(always)]
    fn word(&self) -> u64 {
        // SAFETY: `new` asks for a pointer that is good while the program runs. Others may change the word meanwhile, so
        // it is read once.
        unsafe { (&raw const (*self.pointer()).word).read_volatile() }
    }

    #[inline(always)]
    fn swap(&self, old: u64, new: u64) -> bool {
        // SAFETY: as in `word`; the field is aligned, as the layout asserts.
        unsafe { atomic::compare_exchange(&raw mut (*self.pointer()).word, old, new) }
    }

    #[inline(always)]
    fn rule(&self) -> u32 {
        // SAFETY: as in `expected`.
        unsafe { (*self.pointer()).rule }
    }

    #[inline(always)]
    fn set_rule(&self, rule: u32) {
        // SAFETY: as in `expected`.
        unsafe { (*self.pointer()).rule = rule };
    }

    #[inline(always)]
    fn opened(&self) -> Direction {
        // SAFETY: as in `rule`.
        let opened = unsafe { (*self.pointer()).opened };
        if opened == Direction::Inbound as u32 { Direction::Inbound } else { Direction::Outbound }
    }

    #[inline(always)]
    fn expected(&self, direction: Direction) -> u32 {
        // SAFETY: as in `word`; an aligned load of 32 bits is seen whole.
        unsafe { (*self.pointer()).expected[direction as usize] }
    }

    #[inline(always)]
    fn set_expected(&self, direction: Direction, sequence: u32) {
        // SAFETY: as in `expected`.
        unsafe { (*self.pointer()).expected[direction as usize] = sequence };
    }

    #[inline(always)]
    fn answer(&self) -> u32 {
        // SAFETY: as in `expected`.
        unsafe { (*self.pointer()).answer }
    }

    #[inline(always)]
    fn set_answer(&self, sequence: u32) {
        // SAFETY: as in `expected`.
        unsafe { (*self.pointer()).answer = sequence };
    }

    #[inline(always)]
    fn account(&self, direction: Direction, packets: u64, bytes: u64) {
        // SAFETY: as in `word`; the fields are aligned.
        unsafe { atomic::add(&raw mut (*self.pointer()).packets[direction as usize], packets) };
        // SAFETY: as above.
        unsafe { atomic::add(&raw mut (*self.pointer()).bytes[direction as usize], bytes) };
    }
}

/// A place in a ring of this CPU.
#[derive(Clone, Copy)]
pub struct MapPlace(pub(crate) NonNull<RingPlace>);

/// [`RingPlace::holder`]: a flow of IPv4.
const HOLDER_V4: u16 = 1;
/// [`RingPlace::holder`]: a flow of IPv6.
const HOLDER_V6: u16 = 2;

impl MapPlace {
    #[inline(always)]
    const fn pointer(self) -> *mut RingPlace {
        self.0.as_ptr()
    }
}

impl PlaceEntry for MapPlace {
    #[inline(always)]
    fn nonce(&self) -> u16 {
        // SAFETY: the pointer comes straight from the map, and no other CPU uses this place.
        unsafe { (*self.pointer()).nonce }
    }

    #[inline(always)]
    fn holder_v4(&self) -> Option<&FlowKeyV4> {
        // SAFETY: as in `nonce`; the key is at the beginning of an aligned value, and its type takes any octets.
        unsafe { ((*self.pointer()).holder == HOLDER_V4).then(|| &*self.pointer().cast::<FlowKeyV4>()) }
    }

    #[inline(always)]
    fn holder_v6(&self) -> Option<&FlowKeyV6> {
        // SAFETY: as in `holder_v4`.
        unsafe { ((*self.pointer()).holder == HOLDER_V6).then(|| &*self.pointer().cast::<FlowKeyV6>()) }
    }

    #[inline(always)]
    fn give_v4(&self, key: &FlowKeyV4, nonce: u16) {
        // SAFETY: as in `nonce`.
        unsafe {
            self.pointer().cast::<FlowKeyV4>().write(*key);
            (*self.pointer()).nonce = nonce;
            (*self.pointer()).holder = HOLDER_V4;
        }
    }

    #[inline(always)]
    fn give_v6(&self, key: &FlowKeyV6, nonce: u16) {
        // SAFETY: as in `nonce`.
        unsafe {
            self.pointer().cast::<FlowKeyV6>().write(*key);
            (*self.pointer()).nonce = nonce;
            (*self.pointer()).holder = HOLDER_V6;
        }
    }
}
