//! Subnets: parts of a VPC's blocks, from which interfaces get their addresses.

use super::text::words;
use super::{AccountId, Associated, Family, SubnetAssociationId, SubnetId, Tags, Vpc, VpcId};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use jiff::Timestamp;
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Addresses of each block that no interface is given: the first four and the last one, as in the service.
pub const RESERVED_ADDRESSES: u32 = 5;
/// Those of them at the beginning of a block.
const RESERVED_FIRST: u32 = 4;
/// Prefix length of a default subnet, as in the service.
const DEFAULT_LENGTH: u8 = 20;
/// Prefix length of an IPv6 block of a default subnet.
const DEFAULT_IPV6_LENGTH: u8 = 64;

/// A part of a VPC's blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// Its identifier.
    pub id: SubnetId,
    /// Its VPC.
    pub vpc: VpcId,
    /// The account that made it.
    pub owner: AccountId,
    /// Its IPv4 block, within one of the VPC's.
    pub cidr_block: Ipv4Net,
    /// Its IPv6 block, within one of the VPC's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr_block: Option<Associated<SubnetAssociationId, Ipv6Net>>,
    /// The IPv6 block that was taken from it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_ipv6_cidr_block: Option<FormerBlock>,
    /// Whether it is meant where the default VPC is, and no subnet is named.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_default: bool,
    /// What clients set and read back.
    #[serde(default)]
    pub attributes: SubnetAttributes,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// A block that was taken away. Clients wait until they see that it was, so it is shown for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormerBlock {
    /// What it was.
    pub association: Associated<SubnetAssociationId, Ipv6Net>,
    /// When it was taken away.
    pub taken_at: Timestamp,
}

/// What clients set and read back. Only `assign_ipv6_address_on_creation` has an effect here: on new interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubnetAttributes {
    /// Whether new interfaces get an IPv6 address unasked.
    pub assign_ipv6_address_on_creation: bool,
    /// Whether instances would get a public address.
    pub map_public_ip_on_launch: bool,
    /// Whether names that have no IPv6 address would get one.
    pub enable_dns64: bool,
    /// What the names of instances would be made of.
    pub hostname_type: HostnameType,
    /// Whether resource names would resolve to IPv4 addresses.
    pub enable_resource_name_dns_a_record: bool,
    /// Whether resource names would resolve to IPv6 addresses.
    pub enable_resource_name_dns_aaaa_record: bool,
}

words! {
    /// What names of instances are made of.
    HostnameType, "hostname type" {
        /// The IPv4 address.
        IpName = "ip-name",
        /// The identifier.
        ResourceName = "resource-name",
    }
}

#[expect(clippy::derivable_impls, reason = "the words of an enumeration are written by a macro")]
impl Default for HostnameType {
    fn default() -> Self {
        Self::IpName
    }
}

impl Subnet {
    /// The default subnet of a default VPC: the beginning of its blocks. None if its IPv4 block is too small.
    pub fn default_of<R: Rng + ?Sized>(vpc: &Vpc, rng: &mut R) -> Option<Self> {
        let first = vpc.cidr_blocks.first()?.block;
        let ipv6 = vpc.ipv6_cidr_blocks.first().map(|association| association.block);
        let ipv6 =
            ipv6.and_then(|block| Ipv6Net::new(block.network(), DEFAULT_IPV6_LENGTH.max(block.prefix_len())).ok());
        Some(Self {
            id: SubnetId::random(rng),
            vpc: vpc.id,
            owner: vpc.owner,
            cidr_block: Ipv4Net::new(first.network(), DEFAULT_LENGTH.max(first.prefix_len())).ok()?,
            ipv6_cidr_block: ipv6.map(|block| Associated::of_subnet(block, rng)),
            former_ipv6_cidr_block: None,
            is_default: true,
            attributes: SubnetAttributes::default(),
            tags: Tags::default(),
        })
    }

    /// Its block of a family.
    #[must_use]
    pub fn block(&self, family: Family) -> Option<IpNet> {
        match family {
            Family::Ipv4 => Some(self.cidr_block.into()),
            Family::Ipv6 => self.ipv6_cidr_block.map(|association| association.block.into()),
        }
    }

    /// Whether an address of one of its blocks is one that no interface is given.
    #[must_use]
    pub fn reserves(&self, address: IpAddr) -> bool {
        let Some(block) = self.block(Family::of(address)).filter(|block| block.contains(&address)) else {
            return false;
        };
        bits(address) - bits(block.network()) < RESERVED_FIRST.into() || address == block.broadcast()
    }

    /// How many IPv4 addresses it can give out in all.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        let size = 1_u64 << (32 - u32::from(self.cidr_block.prefix_len()));
        u32::try_from(size.saturating_sub(RESERVED_ADDRESSES.into())).unwrap_or(u32::MAX)
    }
}

/// The number that an address is.
pub(super) fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Model;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn the_default_subnet_is_the_beginning_of_the_blocks() {
        let model = Model::new_with_default_vpc(&mut StdRng::seed_from_u64(7));
        let (vpc, subnet) = (model.vpcs.get_min().unwrap().1.as_ref(), model.subnets.get_min().unwrap().1.as_ref());
        assert_eq!((subnet.vpc, subnet.cidr_block.to_string()), (vpc.id, "172.31.0.0/20".to_owned()));
        let (whole, part) = (vpc.ipv6_cidr_blocks[0].block, subnet.ipv6_cidr_block.unwrap().block);
        assert!(whole.contains(&part) && part.prefix_len() == 64, "{whole} {part}");
        assert_eq!(subnet.capacity(), 4091);
    }

    #[test]
    fn five_addresses_are_reserved() {
        let model = Model::new_with_default_vpc(&mut StdRng::seed_from_u64(7));
        let subnet = &model.subnets.get_min().unwrap().1;
        let reserved = |text: &str| subnet.reserves(text.parse().unwrap());
        for text in ["172.31.0.0", "172.31.0.1", "172.31.0.2", "172.31.0.3", "172.31.15.255"] {
            assert!(reserved(text), "{text}");
        }
        for text in ["172.31.0.4", "172.31.15.254", "172.31.16.0", "172.30.0.0"] {
            assert!(!reserved(text), "{text}");
        }
        let block = subnet.ipv6_cidr_block.unwrap().block;
        let at = |offset: u128| std::net::Ipv6Addr::from_bits(block.network().to_bits() + offset).into();
        assert!((0..4).all(|offset| subnet.reserves(at(offset))) && subnet.reserves(block.broadcast().into()));
        assert!(!subnet.reserves(at(4)));
    }
}
