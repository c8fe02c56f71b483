//! Flows: listing, removing, and taking up those that were alive before.

use super::Dataplane;
use super::clock::now;
use super::error::DataplaneError;
use super::maps::{for_each, ignore_missing, is};
use super::programs::Programs;
use super::sys::plain::Plain;
use crate::compile::TableFull;
use crate::compile::memory::FlowKey;
use aya::{TestRun as _, TestRunOptions};
use firewall_common::abi::{
    AnyFlowKey, Flow, FlowGauge, FlowKeyV4, FlowKeyV6, SWEEP_CUT, SWEEP_EXPIRED, Sweep, Timeouts, map,
};
use firewall_common::flow::{State, Word, class, is_expired};
use firewall_common::packet::protocol;
use firewall_common::verdict::Direction;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Flag of `BPF_MAP_UPDATE_ELEM`: only if it is not there.
const NO_EXIST: u64 = 1;
/// Octets of a run over keys: what fits into a frame of the kernel's test harness with room to spare.
const RUN_OCTETS: usize = 1400;

/// A connection that is alive when an interface is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AdoptedFlow {
    /// IP protocol.
    pub protocol: u8,
    /// Address behind the interface.
    pub local: IpAddr,
    /// Its port.
    pub local_port: u16,
    /// Address beyond the interface, of the same family.
    pub remote: IpAddr,
    /// Its port.
    pub remote_port: u16,
    /// Who opened it.
    pub opened: Direction,
    /// TCP: one side has said that it sends no more.
    pub closing: bool,
}

/// What the collector found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// Expired flows that were removed.
    pub removed: u64,
    /// Flows that are left, by attachment number.
    pub live: BTreeMap<u32, FlowCounts>,
    /// Flows that are left, by family.
    pub families: [u64; 2],
    /// Host-wide numbers of the rules that flows left or fragments name: they cannot be given to other rules yet.
    pub rules: BTreeSet<u32>,
}

/// Flows of an attachment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowCounts {
    /// Flows whose opener has not proved yet that it sees the answers.
    pub embryonic: u64,
    /// Flows whose opener has.
    pub established: u64,
    /// Tombstones of flows that were cut.
    pub cut: u64,
}

impl FlowCounts {
    /// Those that let packets pass.
    #[must_use]
    pub const fn alive(&self) -> u64 {
        let Self { embryonic, established, cut: _ } = *self;
        embryonic + established
    }
}

/// What is known of the keys of a family beside what is in them.
trait Key: AnyFlowKey + FromBytes + IntoBytes + Immutable + 'static {
    const TABLE: &'static str;
    const FAMILY: usize;
    fn wrap(self) -> FlowKey;
}

impl Key for FlowKeyV4 {
    const TABLE: &'static str = map::FLOWS_V4;
    const FAMILY: usize = firewall_common::abi::V4;

    fn wrap(self) -> FlowKey {
        FlowKey::V4(self)
    }
}

impl Key for FlowKeyV6 {
    const TABLE: &'static str = map::FLOWS_V6;
    const FAMILY: usize = firewall_common::abi::V6;

    fn wrap(self) -> FlowKey {
        FlowKey::V6(self)
    }
}

impl Dataplane {
    /// All flows, or those of an attachment.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn flows(&self, number: Option<u32>) -> Result<BTreeMap<FlowKey, Flow>, DataplaneError> {
        let mut flows = BTreeMap::new();
        self.list::<FlowKeyV4>(number, &mut flows)?;
        self.list::<FlowKeyV6>(number, &mut flows)?;
        Ok(flows)
    }

    fn list<K: Key>(&self, number: Option<u32>, flows: &mut BTreeMap<FlowKey, Flow>) -> Result<(), DataplaneError> {
        for_each(&self.pins, K::TABLE, |key: K, flow: Flow| {
            if number.is_none_or(|number| key.attachment() == number) {
                flows.insert(key.wrap(), flow);
            }
        })
    }

    /// Removes all flows of an attachment, and what is remembered of its fragments.
    pub(super) fn purge_flows(&mut self, number: u32) -> Result<(), DataplaneError> {
        self.purge::<FlowKeyV4>(|attachment| attachment == number)?;
        self.purge::<FlowKeyV6>(|attachment| attachment == number)?;
        self.purge_fragments(|attachment| attachment == number)?;
        self.gauges.clear(number);
        Ok(())
    }

    /// Removes flows and fragments of attachments that do not exist, and has them begin with no flow.
    pub(super) fn purge_orphans(&mut self) -> Result<(), DataplaneError> {
        let known: BTreeSet<u32> = self.entries.keys().copied().collect();
        self.purge::<FlowKeyV4>(|attachment| !known.contains(&attachment))?;
        self.purge::<FlowKeyV6>(|attachment| !known.contains(&attachment))?;
        let gone = (1..=self.config.limits.attachments).filter(|number| !known.contains(number));
        gone.for_each(|number| self.gauges.clear(number));
        self.purge_fragments(|attachment| !known.contains(&attachment))
    }

    fn purge<K: Key>(&mut self, is_gone: impl Fn(u32) -> bool) -> Result<(), DataplaneError> {
        let mut keys = Vec::new();
        for_each(&self.pins, K::TABLE, |key: K, _: Flow| {
            if is_gone(key.attachment()) {
                keys.push(key);
            }
        })?;
        for key in keys {
            let removed = match key.wrap() {
                FlowKey::V4(key) => self.tables.maps.flows_v4.remove(&Plain(key)),
                FlowKey::V6(key) => self.tables.maps.flows_v6.remove(&Plain(key)),
            };
            ignore_missing(removed).map_err(DataplaneError::map("remove from", K::TABLE))?;
        }
        Ok(())
    }

    /// Writes flows for connections that are alive, and says how many. Flows that are there already stay as they are.
    ///
    /// # Errors
    /// The kernel refuses; the flows written before stay.
    pub fn adopt_flows(&mut self, number: u32, connections: &[AdoptedFlow]) -> Result<u64, DataplaneError> {
        let maps = &mut self.tables.maps;
        let mut adopted = 0;
        for (nonce, connection) in connections.iter().enumerate() {
            let flow = Plain(alive(connection, nonce as u16));
            let (result, table) = match key(number, connection) {
                Some(FlowKey::V4(key)) => (maps.flows_v4.insert(Plain(key), flow, NO_EXIST), map::FLOWS_V4),
                Some(FlowKey::V6(key)) => (maps.flows_v6.insert(Plain(key), flow, NO_EXIST), map::FLOWS_V6),
                None => continue,
            };
            if is(&result, libc::EEXIST) {
                continue;
            }
            if is(&result, libc::E2BIG) {
                let limit = self.config.limits.max_entries(table).unwrap_or_default();
                return Err(TableFull { table, limit }.into());
            }
            result.map_err(DataplaneError::map("write to", table))?;
            self.gauges.add(number, class(connection.protocol));
            adopted += 1;
        }
        Ok(adopted)
    }

    /// Removes expired flows, and says what is left.
    ///
    /// Candidates are found here and judged once more by a program in the kernel, which claims a flow before it removes it:
    /// a packet that comes meanwhile keeps its flow.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn collect(&mut self) -> Result<Collected, DataplaneError> {
        let time = now();
        self.drop_linger(|_, until| until <= time)?;
        let mut collected = Collected::default();
        self.collect_family::<FlowKeyV4>(&mut collected)?;
        self.collect_family::<FlowKeyV6>(&mut collected)?;
        self.rules_of_fragments(&mut collected.rules)?;
        Ok(collected)
    }

    fn collect_family<K: Key>(&mut self, collected: &mut Collected) -> Result<(), DataplaneError> {
        let now = now();
        let mut candidates: BTreeMap<[u8; size_of::<Sweep>()], Vec<K>> = BTreeMap::new();
        for_each(&self.pins, K::TABLE, |key: K, flow: Flow| {
            let timeouts =
                self.entries.get(&key.attachment()).map_or_else(Timeouts::default, |(_, entry)| entry.timeouts);
            let word = Word::from_bits(flow.word);
            if is_expired(word, key.protocol(), &timeouts, now) {
                let sweep = Sweep { timeouts, mode: SWEEP_EXPIRED, reserved: 0 };
                candidates.entry(zerocopy::transmute!(sweep)).or_default().push(key);
                return;
            }
            collected.families[K::FAMILY] += 1;
            let counts = collected.live.entry(key.attachment()).or_default();
            *(match word.state() {
                State::Cut => &mut counts.cut,
                state if state.is_established() => &mut counts.established,
                _ => &mut counts.embryonic,
            }) += 1;
            collected.rules.insert(flow.rule);
        })?;
        collected.rules.remove(&0);
        for (header, keys) in candidates {
            collected.removed += self.sweep(header, &keys)?;
        }
        Ok(())
    }

    /// Runs the program over keys, and says how many flows have changed.
    fn sweep<K: Key>(&self, header: [u8; size_of::<Sweep>()], keys: &[K]) -> Result<u64, DataplaneError> {
        let mut changed = 0;
        let name = if K::FAMILY == firewall_common::abi::V4 { Programs::NAMES[3] } else { Programs::NAMES[4] };
        for keys in keys.chunks((RUN_OCTETS - header.len()) / size_of::<K>()) {
            let mut frame = header.to_vec();
            keys.iter().for_each(|key| frame.extend_from_slice(key.as_bytes()));
            let options = TestRunOptions { data_in: Some(&frame), ..TestRunOptions::new() };
            let run = self.programs.sweep[K::FAMILY].test_run(options);
            let failed = |error| DataplaneError::Run { program: name, source: Box::new(error) };
            changed += u64::from(run.map_err(failed)?.return_value);
        }
        Ok(changed)
    }

    /// Cuts flows: they become tombstones, which drop what comes either way until nothing does. Says how many were alive.
    ///
    /// # Errors
    /// The kernel refuses; the flows before are cut.
    pub fn cut_flows(&mut self, flows: &[FlowKey]) -> Result<u64, DataplaneError> {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for key in flows {
            match key {
                FlowKey::V4(key) => v4.push(*key),
                FlowKey::V6(key) => v6.push(*key),
            }
        }
        // Time-outs mean nothing to this mode.
        let header: [u8; size_of::<Sweep>()] =
            zerocopy::transmute!(Sweep { timeouts: Timeouts::default(), mode: SWEEP_CUT, reserved: 0 });
        Ok(self.sweep(header, &v4)? + self.sweep(header, &v6)?)
    }

    /// Established flows of an attachment, as the programs count them, and how many it may have, by class.
    #[must_use]
    pub fn flow_gauge(&self, number: u32) -> (FlowGauge, [u32; 2]) {
        let allowance = self.entries.get(&number).map_or([0; 2], |(_, entry)| entry.allowance);
        (self.gauges.read(number), allowance)
    }
}

/// The key of a connection; `None` when its ends are of different families.
fn key(attachment: u32, connection: &AdoptedFlow) -> Option<FlowKey> {
    let AdoptedFlow { protocol, local, local_port, remote, remote_port, opened: _, closing: _ } = *connection;
    match (local.to_canonical(), remote.to_canonical()) {
        (IpAddr::V4(local), IpAddr::V4(remote)) => Some(FlowKey::V4(FlowKeyV4 {
            attachment,
            vlans: 0,
            local: local.octets(),
            remote: remote.octets(),
            local_port,
            remote_port,
            protocol,
            reserved: [0; 3],
        })),
        (IpAddr::V6(local), IpAddr::V6(remote)) => Some(FlowKey::V6(FlowKeyV6 {
            attachment,
            vlans: 0,
            local: local.octets(),
            remote: remote.octets(),
            local_port,
            remote_port,
            protocol,
            reserved: [0; 3],
        })),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

/// A flow of which nothing is known but that it lives.
fn alive(connection: &AdoptedFlow, nonce: u16) -> Flow {
    let state = match (connection.protocol, connection.closing) {
        (protocol::TCP, false) => State::Established,
        (protocol::TCP, true) => State::FinInbound,
        (_, _) => State::Stream,
    };
    let now = now();
    Flow {
        word: Word::new(state, nonce, now).bits(),
        created: now,
        opened: connection.opened as u32,
        ..Flow::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adopted_connections_are_keyed_as_their_packets_are() {
        let connection = AdoptedFlow {
            protocol: protocol::TCP,
            local: "::ffff:10.0.0.1".parse().unwrap(),
            local_port: 22,
            remote: "10.0.0.2".parse().unwrap(),
            remote_port: 50_000,
            opened: Direction::Inbound,
            closing: false,
        };
        let Some(FlowKey::V4(key)) = key(7, &connection) else { panic!("mapped addresses are of IPv4") };
        assert_eq!((key.attachment, key.local, key.local_port, key.remote_port), (7, [10, 0, 0, 1], 22, 50_000));
        let flow = alive(&connection, 3);
        assert_eq!(Word::from_bits(flow.word).state(), State::Established);
        assert_eq!(flow.rule, 0);
        let mixed = AdoptedFlow { remote: "2001:db8::1".parse().unwrap(), ..connection };
        assert_eq!(super::key(7, &mixed), None);
    }
}
