//! Actions of our own on flows: what is remembered of connections, and cutting them.

use super::{Filter, answer, request};

request! {
    /// Lists flows that are alive.
    DescribeFlows {
        /// Of this device only.
        device: Option<String>,
        /// Of these interfaces only.
        network_interface_ids: Vec<String>,
        /// Those that pass; see [`FLOW_FILTERS`].
        filters: Vec<Filter>,
        /// The most that are listed at once: 1 to 10 000; 1 000 when absent.
        max_results: Option<u32>,
        /// Where to go on: the token of the answer before.
        next_token: Option<String>,
    }

    /// Cuts flows: what comes either way is dropped until nothing does any more, or a new connection is allowed.
    FlushFlows {
        /// Of this device only.
        device: Option<String>,
        /// Of this interface only.
        network_interface_id: Option<String>,
        /// With a peer in this block, or at this address.
        peer: Option<String>,
        /// About these ports: one, or the first and last of a range.
        port: Option<String>,
        /// Of this protocol.
        protocol: Option<String>,
        /// Admitted by this rule, or `revoked`.
        security_group_rule_id: Option<String>,
        /// All that are left, without anything that chooses.
        all: bool,
        /// Say how many would be cut, and cut none.
        dry_run: bool,
        /// The most that are cut before the answer: 1 to 65 536; 8 192 when absent.
        max_results: Option<u32>,
        /// Where to go on: the token of the answer before. Flows that began after its first call are left alone.
        next_token: Option<String>,
    }
}

/// Names of the filters of DescribeFlows.
pub const FLOW_FILTERS: &[&str] = &["peer", "port", "protocol", "state", "rule-id", "direction"];

answer! {
    /// Answer of DescribeFlows.
    DescribeFlowsResult {
        /// The flows, by interface and addresses.
        flows: Vec<FlowDescription>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// A flow.
    FlowDescription {
        /// Its interface.
        network_interface_id: String,
        /// The interface's device.
        device: String,
        /// The protocol, as rules name it.
        protocol: String,
        /// The address behind the interface.
        local_address: String,
        /// Its port, where the protocol has ports.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        local_port: Option<u16>,
        /// The address beyond the interface.
        remote_address: String,
        /// Its port, where the protocol has ports.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remote_port: Option<u16>,
        /// Type of the request, of ICMP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        icmp_type: Option<u8>,
        /// Identifier of the request, of ICMP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        icmp_identifier: Option<u16>,
        /// The way that its first packet went: `ingress` or `egress`.
        direction: String,
        /// How far it has come.
        state: String,
        /// Whether it passes only because nothing is enforced: it began with a packet that no rule allows.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        denied: bool,
        /// The rule that admitted it; absent for one that was alive before the attachment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        security_group_rule_id: Option<String>,
        /// Whether the rule that admitted it has been revoked.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        rule_revoked: bool,
        /// VLAN identifiers, the outer one first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        vlans: Vec<u16>,
        /// Seconds since it began.
        age_seconds: u64,
        /// Seconds since its last packet.
        idle_seconds: u64,
        /// Seconds that it goes on without another packet.
        timeout_seconds: u64,
        /// Packets towards the interface's side.
        ingress_packets: u64,
        /// Their octets.
        ingress_bytes: u64,
        /// Packets from the interface's side.
        egress_packets: u64,
        /// Their octets.
        egress_bytes: u64,
    }

    /// Answer of FlushFlows.
    FlushFlowsResult {
        /// Flows that were chosen, those that are cut now among them.
        matched: u64,
        /// Flows that were cut.
        cut: u64,
        /// Whether this only says what would be cut.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        dry_run: bool,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }
}
