//! Actions of our own that say why: packets that were dropped, and what would become of one.

use super::{answer, request};

request! {
    /// Lists packets that were dropped of late, or would have been.
    DescribeDrops {
        /// On this device only.
        device: Option<String>,
        /// On these interfaces only.
        network_interface_ids: Vec<String>,
        /// For these reasons only.
        reasons: Vec<String>,
        /// The most that are listed, the latest ones: 1 to 10 000; 100 when absent.
        max_results: Option<u32>,
    }
}

answer! {
    /// Answer of DescribeDrops.
    DescribeDropsResult {
        /// What was dropped, the latest first.
        drops: Vec<DropDescription>,
        /// Packets that were dropped without a record, on all interfaces: there were too many of them at once. They are
        /// counted all the same.
        unrecorded_drops: u64,
    }

    /// Packets that were dropped alike. Of those that could not be understood, what was not found is absent.
    DropDescription {
        /// Their interface.
        network_interface_id: String,
        /// The interface's device.
        device: String,
        /// `drop`, or `would-drop` where nothing is enforced.
        verdict: String,
        /// Why, by its name.
        reason: String,
        /// `ingress` or `egress`.
        direction: String,
        /// The protocol, as rules name it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protocol: Option<String>,
        /// Where they came from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_address: Option<String>,
        /// From which port.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_port: Option<u16>,
        /// Where they were to go.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        destination_address: Option<String>,
        /// To which port.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        destination_port: Option<u16>,
        /// Type, of ICMP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        icmp_type: Option<u8>,
        /// Code, of ICMP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        icmp_code: Option<u8>,
        /// VLAN identifiers, the outer one first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        vlans: Vec<u16>,
        /// How many.
        packets: u64,
        /// Their octets.
        bytes: u64,
        /// When the first came, as far back as the record goes.
        first_seen: String,
        /// When the last came.
        last_seen: String,
        /// Where no rule allows it: the rules that come nearest, the nearest first, and what they lack.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        nearest_rules: Vec<String>,
        /// What to do about it, or what the reason means.
        hint: String,
    }
}
