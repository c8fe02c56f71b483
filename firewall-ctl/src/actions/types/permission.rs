//! Rules as they are sent: one item names a protocol and ports, and any number of peers.

use super::request;
use serde::{Deserialize, Serialize};

/// Rules that share a protocol and ports, one for each peer. Sent in requests and answers alike; the lists of peers are
/// always there in answers, also when empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct IpPermission {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_protocol: Option<String>,
    /// The first port, or the ICMP type; -1 for all types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_port: Option<i64>,
    /// The last port, or the ICMP code; -1 for all codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_port: Option<i64>,
    /// Members of groups.
    pub user_id_group_pairs: Vec<UserIdGroupPair>,
    /// IPv4 blocks.
    pub ip_ranges: Vec<IpRange>,
    /// IPv6 blocks.
    pub ipv6_ranges: Vec<Ipv6Range>,
    /// Prefix lists.
    pub prefix_list_ids: Vec<PrefixListReference>,
}

request! {
    /// An IPv4 block as a peer.
    IpRange {
        /// A note.
        description: Option<String>,
        /// The block; a single address ends in `/32`.
        cidr_ip: Option<String>,
    }

    /// An IPv6 block as a peer.
    Ipv6Range {
        /// A note.
        description: Option<String>,
        /// The block; a single address ends in `/128`.
        cidr_ipv6: Option<String>,
    }

    /// A prefix list as a peer.
    PrefixListReference {
        /// A note.
        description: Option<String>,
        /// The list.
        prefix_list_id: Option<String>,
    }

    /// The members of a group as a peer.
    UserIdGroupPair {
        /// A note.
        description: Option<String>,
        /// The group's owner.
        user_id: Option<String>,
        /// The group's name; only where the service takes names.
        group_name: Option<String>,
        /// The group.
        group_id: Option<String>,
        /// The group's VPC, when it is a peer.
        vpc_id: Option<String>,
        /// The peering, when the group is in a peer VPC.
        vpc_peering_connection_id: Option<String>,
        /// The state of the peering.
        peering_status: Option<String>,
    }
}
