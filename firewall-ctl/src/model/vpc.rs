//! Virtual private clouds.

use super::{AccountId, SubnetAssociationId, Tags, VpcAssociationId, VpcId};
use ipnet::{Ipv4Net, Ipv6Net};
use rand::Rng;
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
    /// Its IPv4 blocks, the first one first; no two overlap.
    pub cidr_blocks: Vec<Associated<VpcAssociationId, Ipv4Net>>,
    /// Its IPv6 blocks; no two overlap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ipv6_cidr_blocks: Vec<Associated<VpcAssociationId, Ipv6Net>>,
    /// Whether requests that name no VPC mean this one.
    pub is_default: bool,
    /// What clients set and read back.
    #[serde(default)]
    pub attributes: VpcAttributes,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// A block of addresses, with the identifier of its association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Associated<I, N> {
    /// The association.
    pub id: I,
    /// The block.
    pub block: N,
    /// Whether the block was made up for the one who asked, and not given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provided: bool,
}

/// What clients set and read back; nothing on this host depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VpcAttributes {
    /// Whether names are resolved.
    pub enable_dns_support: bool,
    /// Whether instances get names.
    pub enable_dns_hostnames: bool,
    /// Whether the use of addresses is measured.
    pub enable_network_address_usage_metrics: bool,
}

impl Default for VpcAttributes {
    /// What a VPC has that is not the default one.
    fn default() -> Self {
        Self { enable_dns_support: true, enable_dns_hostnames: false, enable_network_address_usage_metrics: false }
    }
}

impl<N> Associated<VpcAssociationId, N> {
    /// A block that was given to a VPC.
    pub fn new<R: Rng + ?Sized>(block: N, rng: &mut R) -> Self {
        Self { id: VpcAssociationId::random(rng), block, provided: false }
    }

    /// A block that was made up for a VPC.
    pub fn provided<R: Rng + ?Sized>(block: N, rng: &mut R) -> Self {
        Self { provided: true, ..Self::new(block, rng) }
    }
}

impl<N> Associated<SubnetAssociationId, N> {
    /// A block that was given to a subnet.
    pub fn of_subnet<R: Rng + ?Sized>(block: N, rng: &mut R) -> Self {
        Self { id: SubnetAssociationId::random(rng), block, provided: false }
    }
}
