//! Established flows of each attachment: the programs and the controller count them in the same memory.

use super::Pins;
use super::error::DataplaneError;
use super::maps::open_raw;
use super::sys::cells::Words;
use firewall_common::abi::{FlowGauge, map};
use std::os::fd::AsFd as _;

/// Classes of flows in a gauge.
const CLASSES: u32 = (size_of::<FlowGauge>() / size_of::<u64>()) as u32;

/// The gauges.
#[derive(Debug)]
pub(super) struct Gauges(Words);

impl Gauges {
    pub(super) fn open(pins: &Pins, attachments: u32) -> Result<Self, DataplaneError> {
        let array = open_raw(pins, map::FLOW_GAUGES)?;
        let words = Words::map(array.as_fd(), (attachments + 1) * CLASSES);
        words.map(Self).map_err(DataplaneError::map("map", map::FLOW_GAUGES))
    }

    /// Established flows of an attachment.
    pub(super) fn read(&self, number: u32) -> FlowGauge {
        let mut gauge = FlowGauge::default();
        for (place, class) in gauge.established.iter_mut().zip(0..CLASSES) {
            *place = self.0.load(number * CLASSES + class);
        }
        gauge
    }

    /// Counts a flow that the controller has added.
    pub(super) fn add(&self, number: u32, class: usize) {
        self.0.add(number * CLASSES + class as u32, 1);
    }

    /// Nothing runs any more, and all flows are gone.
    pub(super) fn clear(&self, number: u32) {
        for class in 0..CLASSES {
            self.0.store(number * CLASSES + class, 0);
        }
    }
}
