//! Virtual private clouds.

use super::{AccountId, Tags, VpcId};
use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// An address space that groups and interfaces live in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// Its identifier.
    pub id: VpcId,
    /// Its number on this host, from 1.
    pub number: u32,
    /// The account that made it.
    pub owner: AccountId,
    /// Its IPv4 blocks, the first one first.
    pub cidr_blocks: Vec<Ipv4Net>,
    /// Its IPv6 blocks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ipv6_cidr_blocks: Vec<Ipv6Net>,
    /// Whether requests that name no VPC mean this one.
    pub is_default: bool,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}
