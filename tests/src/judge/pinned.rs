//! A program that a controller has pinned, run on frames as if a device had received them.

use super::kernel::action;
use aya::TestRunOptions;

use aya::programs::{SchedClassifier, TestRun as _, Xdp};
use aya_obj::programs::XdpAttachType;
use firewall_common::abi::program;
use firewall_ctl::dataplane::Pins;

/// The program for received frames, with the tables that a controller is changing.
#[derive(Debug)]
pub struct Pinned {
    program: Receiver,
    ifindex: u32,
}

#[derive(Debug)]
enum Receiver {
    Xdp(Xdp),
    Tc(SchedClassifier),
}

/// Octets of `struct __sk_buff`, and where the index of the device is in it.
const SKB: usize = 192;
const SKB_IFINDEX: usize = 40;
/// Where the length is that is noted of a frame. Of one that a device has received, the kernel notes it without the Ethernet header; in
/// a test run it takes no length below the frame's, and the program only asks whether they differ.
const SKB_WIRE_LEN: usize = 160;

impl Pinned {
    /// The program of a device that a controller with these pins is attached to.
    ///
    /// # Panics
    /// If there is no such pin.
    #[must_use]
    pub fn open(pins: &Pins, over_xdp: bool, ifindex: u32) -> Self {
        let name = if over_xdp { program::XDP_RX } else { program::TC_RX };
        let path = pins.program(name);
        let program = if over_xdp {
            Xdp::from_pin(&path, XdpAttachType::Interface).map(Receiver::Xdp)
        } else {
            SchedClassifier::from_pin(&path).map(Receiver::Tc)
        };
        let program = program.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { program, ifindex }
    }

    /// Runs a frame in the namespace of the thread, which the device is in, and says whether it has passed.
    ///
    /// # Panics
    /// If the kernel does not run it, or it answers with a code that is none of ours.
    #[must_use]
    pub fn run(&self, frame: &[u8]) -> bool {
        let length = u32::try_from(frame.len()).expect("a short frame");
        match &self.program {
            Receiver::Xdp(program) => {
                // `struct xdp_md`: where the data begins, ends and has its metadata, and where it was received.
                let context: Vec<u8> =
                    [0, length, 0, self.ifindex, 0, 0].iter().flat_map(|word| word.to_ne_bytes()).collect();
                let options = TestRunOptions { data_in: Some(frame), ctx_in: Some(&context), ..TestRunOptions::new() };
                let result = program.test_run(options).unwrap_or_else(|error| panic!("run XDP: {error:?}"));
                match result.return_value {
                    action::XDP_PASS => true,
                    action::XDP_DROP => false,
                    code => panic!("XDP answers {code}"),
                }
            }
            Receiver::Tc(program) => {
                let mut context = [0; SKB];
                context[SKB_IFINDEX..][..4].copy_from_slice(&self.ifindex.to_ne_bytes());
                context[SKB_WIRE_LEN..][..4].copy_from_slice(&(length + 1).to_ne_bytes());
                let options = TestRunOptions { data_in: Some(frame), ctx_in: Some(&context), ..TestRunOptions::new() };
                let result = program.test_run(options).unwrap_or_else(|error| panic!("run TC: {error:?}"));
                match result.return_value {
                    action::TC_NEXT => true,
                    action::TC_SHOT => false,
                    code => panic!("TC answers {code}"),
                }
            }
        }
    }
}
