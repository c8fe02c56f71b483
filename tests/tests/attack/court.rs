//! A judge with its tables in hand: what diaries of frames cannot ask for.
//!
//! A hearing is a test that wants more than frames: another model between two of them, time that goes by, a look into the
//! tables. It is held before each judge there is: the programs with XDP and with TC for received frames, and the host's
//! tables; for each family and each side.

use super::diary::ATTACHMENT;
use super::stage::{Family, families};
use firewall_common::abi::{DropKey, DropRecord, Flow, INTERFACE_LINGER, Interface, ticks};
use firewall_common::verdict::{Direction, Verdict};
use firewall_ctl::compile::memory::FlowKey;
use firewall_ctl::model::{Model, Side};
use firewall_tests::judge::{Hook, Host, Kernel, Moved, entry, small_limits};
use firewall_tests::ledger::Line;
use firewall_tests::packet::Packet;
use std::collections::BTreeMap;

/// Who judges.
#[derive(Debug)]
enum Tables<'a> {
    Kernel(&'a mut Kernel),
    Host(&'a mut Host),
}

/// A judge, an interface and what is known of it.
#[derive(Debug)]
pub struct Court<'a> {
    tables: Tables<'a>,
    receive: Hook,
    /// The entry of the interface as it was placed.
    pub interface: Interface,
    side: Side,
    /// Addresses of the hearing.
    pub family: Family,
    /// What should have been counted.
    tally: BTreeMap<(u32, Direction, u8), Moved>,
}

/// What was heard, and how it ended everywhere.
#[derive(Debug, Clone, Copy)]
pub struct Hearing<'a> {
    /// The case that it shows, or 0.
    pub case: u8,
    /// The variant.
    pub name: &'a str,
    /// What came of it.
    pub result: &'a str,
}

impl Hearing<'_> {
    /// Holds it before each judge, beginning with a model and no flows, and writes down that it went well.
    pub fn hold(self, model: &Model, hear: impl Fn(&mut Court<'_>)) {
        let mut kernel = Kernel::shared();
        let mut host = Host::new(small_limits());
        for (hook, receive, in_kernel) in [
            ("xdp, tc-out", Hook::Xdp, true),
            ("tc-in, tc-out", Hook::TcReceive, true),
            ("host's tables", Hook::TcReceive, false),
        ] {
            for family in families() {
                for (side, side_name) in [(Side::Host, "host"), (Side::Workload, "workload")] {
                    let tables = if in_kernel { Tables::Kernel(&mut kernel) } else { Tables::Host(&mut host) };
                    let interface = entry(ATTACHMENT, side);
                    let mut court = Court { tables, receive, interface, side, family, tally: BTreeMap::new() };
                    court.forget();
                    court.publish(model);
                    court.place(interface);
                    hear(&mut court);
                    court.adjourn();
                    let Self { case, name, result } = self;
                    Line { case, name, hook, family: family.name, side: side_name, result, is_expected: true }.write();
                }
            }
        }
    }
}

impl Court<'_> {
    /// Brings the tables to a model.
    pub fn publish(&mut self, model: &Model) {
        match &mut self.tables {
            Tables::Kernel(kernel) => kernel.publish(model),
            Tables::Host(host) => host.publish(model),
        }
    }

    /// The same as the controller does it: ports of UDP that stop being untracked linger, until a tick.
    pub fn publish_lingering(&mut self, model: &Model, until: u64) {
        match &mut self.tables {
            Tables::Kernel(kernel) => kernel.linger(model, until),
            Tables::Host(host) => host.linger(model, until),
        }
        let interface = Interface { flags: self.interface.flags | INTERFACE_LINGER, ..self.interface };
        self.place(interface);
        self.publish(model);
    }

    /// Sets the entry of the interface.
    pub fn place(&mut self, interface: Interface) {
        self.interface = interface;
        match &mut self.tables {
            Tables::Kernel(kernel) => kernel.place(interface),
            Tables::Host(host) => host.place(interface),
        }
    }

    /// Forgets all flows.
    pub fn forget(&mut self) {
        match &mut self.tables {
            Tables::Kernel(kernel) => kernel.forget(),
            Tables::Host(host) => host.forget(),
        }
    }

    /// A frame to the protected side.
    #[track_caller]
    pub fn inbound(&mut self, packet: Packet, expected: Verdict) -> &mut Self {
        self.expect(Direction::Inbound, &Vec::from(packet), expected)
    }

    /// A frame from the protected side.
    #[track_caller]
    pub fn outbound(&mut self, packet: Packet, expected: Verdict) -> &mut Self {
        self.expect(Direction::Outbound, &Vec::from(packet), expected)
    }

    #[track_caller]
    fn expect(&mut self, direction: Direction, frame: &[u8], expected: Verdict) -> &mut Self {
        let hook = if self.receive.direction(self.side) == direction { self.receive } else { Hook::TcSend };
        let attachment = self.interface.attachment;
        let nothing = Moved { attachment, direction, outcome: expected.outcome(), packets: 0, bytes: 0 };
        let sum = self.tally.entry((attachment, direction, expected.outcome())).or_insert(nothing);
        sum.packets += 1;
        sum.bytes += frame.len() as u64;
        let seen = match &mut self.tables {
            Tables::Kernel(kernel) => {
                let passed = kernel.run(hook, frame).expect("the kernel takes the frame");
                // Reading one counter is quick. What else has moved is looked at when this one has not, and in the end.
                let is_expected =
                    passed == expected.passes() && kernel.moved_at(attachment, direction, sum.outcome) == *sum;
                if is_expected { Ok(expected) } else { Err(format!("passed: {passed}, counted: {:?}", kernel.moved())) }
            }
            Tables::Host(host) => host.judge(hook, frame).verdict(attachment, direction, frame.len()),
        };
        let Self { tables: _, receive, interface: _, side, family, tally: _ } = self;
        assert_eq!(seen, Ok(expected), "{direction:?}, received at {receive:?} of a {side:?}, {}", family.name);
        self
    }

    /// Sees that no counter has moved but those that should.
    fn adjourn(self) {
        let Self { tables, receive, interface: _, side, family, tally } = self;
        if let Tables::Kernel(kernel) = tables {
            let (moved, _rules) = kernel.moved();
            let tally: Vec<Moved> = tally.into_values().collect();
            assert_eq!(moved, tally, "received at {receive:?} of a {side:?}, {}", family.name);
        }
    }

    /// Lets seconds go by without a packet.
    pub fn wait(&mut self, seconds: u32) -> &mut Self {
        let ticks = ticks(seconds).into();
        match &mut self.tables {
            Tables::Kernel(kernel) => kernel.age(ticks),
            Tables::Host(host) => host.age(ticks),
        }
        self
    }

    /// All flows.
    pub fn flows(&mut self) -> BTreeMap<FlowKey, Flow> {
        match &mut self.tables {
            Tables::Kernel(kernel) => kernel.flows(),
            Tables::Host(host) => host.flows(),
        }
    }

    /// Cuts all flows, and says how many were alive.
    pub fn cut_all(&mut self) -> u32 {
        let keys: Vec<FlowKey> = self.flows().into_keys().collect();
        match &mut self.tables {
            Tables::Kernel(kernel) => kernel.cut(keys),
            Tables::Host(host) => host.cut(keys),
        }
    }

    /// Removes all flows that have expired, and says how many.
    pub fn collect(&mut self) -> u32 {
        let keys: Vec<FlowKey> = self.flows().into_keys().collect();
        match &mut self.tables {
            Tables::Kernel(kernel) => kernel.collect(keys),
            Tables::Host(host) => host.collect(keys),
        }
    }

    /// Leaves all flows claimed, as if whoever did so had failed to remove them.
    pub fn claim_all(&mut self) {
        match &mut self.tables {
            Tables::Kernel(kernel) => kernel.claim(),
            Tables::Host(host) => host.claim(),
        }
    }

    /// Established flows, by class.
    pub fn established(&mut self) -> [u64; 2] {
        let number = self.interface.attachment;
        match &mut self.tables {
            Tables::Kernel(kernel) => kernel.established(number),
            Tables::Host(host) => host.established(number),
        }
    }

    /// Records of what was dropped.
    pub fn drops(&mut self) -> BTreeMap<DropKey, DropRecord> {
        match &mut self.tables {
            Tables::Kernel(kernel) => kernel.drops(),
            Tables::Host(host) => host.drops(),
        }
    }
}
