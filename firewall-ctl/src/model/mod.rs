//! What there is: VPCs with their subnets and gateways, security groups with their rules, prefix lists, network interfaces and
//! the instances that have them. Pure values, no I/O.
//!
//! A [`Model`] is cheap to clone and compares by content: a change is made on a clone, and what became of it is the
//! difference of the two. Its operations keep the invariants that [`Model::check`] spells out, or refuse.
//!
//! Each concept that has a text has one `FromStr` and one `Display`, and serde goes through them.

#[cfg(test)]
pub(crate) mod arbitrary;
mod change;
mod check;
mod cidr;
mod client_token;
mod edit;
mod error;
mod gateway;
mod group;
mod ids;
mod instance;
mod interface;
mod list_history;
mod mac;
mod name;
mod network;
mod numbers;
mod prefix_list;
mod query;
mod quota;
mod rule;
mod service;
mod subnet;
mod table;
#[cfg(test)]
mod table_tests;
mod tags;
#[cfg(test)]
mod tests;
mod text;
mod vpc;

pub use change::{Change, Edit};
pub use cidr::{CidrError, parse_ipv4_cidr, parse_ipv6_cidr};
pub use client_token::{ClientToken, MAX_CLIENT_TOKEN_LENGTH};
pub use edit::NewVpc;
pub use error::ModelError;
pub use gateway::InternetGateway;
pub use group::SecurityGroup;
pub use ids::{
    AccountId, AccountIdError, AttachmentId, GroupId, IdError, InstanceId, InterfaceId, InternetGatewayId,
    PrefixListId, RuleId, SubnetAssociationId, SubnetId, VpcAssociationId, VpcId,
};
pub use instance::{Instance, InstanceAttachment};
pub use interface::{
    AddressSource, Attachment, ConnectionTracking, HookWish, MacSource, NetworkInterface, Side, TimeoutError,
};
pub use list_history::{MAX_PAST_ENTRIES, MAX_PREFIX_LIST_VERSIONS, PastVersions};
pub use mac::{MacAddress, MacAddressError};
pub use name::{
    DEFAULT_GROUP_DESCRIPTION, DEFAULT_GROUP_NAME, GroupDescription, GroupName, MAX_NAME_LENGTH, NameError,
    RuleDescription, is_allowed_in_names,
};
pub use network::Addresses;
pub use numbers::{NumberPool, Numbers, OutOfNumbers};
pub use prefix_list::{
    EntryDescription, MAX_PREFIX_LIST_ENTRIES, PrefixList, PrefixListEntries, PrefixListError, PrefixListName,
    PrefixListState, PrefixListTextError, PrefixLists, RESERVED_PREFIX_LIST_NAME,
};
pub use quota::{MAX_GROUPS_PER_INTERFACE, MAX_RULES_PER_INTERFACE, QuotaError, Quotas};
pub use rule::{Family, Peer, PeerError, Rule, RuleKey};
pub use service::{IcmpFamily, L4, Protocol, ProtocolError, Service, ServiceError};
pub use subnet::{FormerBlock, HostnameType, RESERVED_ADDRESSES, Subnet, SubnetAttributes};
pub use table::{Groups, Interfaces, Row, Table};
pub use tags::{CONTROLLER_TAG_PREFIX, MAX_TAG_KEY_LENGTH, MAX_TAG_VALUE_LENGTH, MAX_TAGS, TagError, Tags};
pub use text::WordError;
pub use vpc::{Associated, Vpc, VpcAttributes};

use imbl::OrdMap;
use ipnet::{Ipv4Net, Ipv6Net};
use rand::Rng;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Everything that is stored. A clone shares all that is equal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Model {
    /// The VPCs.
    pub vpcs: OrdMap<VpcId, Arc<Vpc>>,
    /// The subnets of all VPCs.
    pub subnets: OrdMap<SubnetId, Arc<Subnet>>,
    /// The groups of all VPCs, with their rules.
    pub groups: Groups,
    /// The prefix lists.
    pub prefix_lists: PrefixLists,
    /// The interfaces of all VPCs, attached or not.
    pub interfaces: Interfaces,
    /// The instances, that of this host among them.
    pub instances: OrdMap<InstanceId, Arc<Instance>>,
    /// The internet gateways.
    pub internet_gateways: OrdMap<InternetGatewayId, Arc<InternetGateway>>,
    /// Where to look for the next free numbers.
    pub numbers: Numbers,
}

impl Model {
    /// What a host has at its first start: a default VPC with its default group and its default subnet, owned by
    /// the account of zeros.
    #[must_use]
    pub fn new_with_default_vpc<R: Rng + ?Sized>(rng: &mut R) -> Self {
        Self::new_with_default_vpc_of(AccountId::default(), rng)
    }

    /// The same, owned by an account.
    #[must_use]
    pub fn new_with_default_vpc_of<R: Rng + ?Sized>(owner: AccountId, rng: &mut R) -> Self {
        let mut model = Self::default();
        let numbers = NumberPool { last: u32::MAX, busy: &BTreeSet::new() };
        model.add_default_vpc(owner, numbers, rng).expect("nothing is in the way of a first VPC");
        model
    }
}

/// The IPv4 block of a default VPC, as in the service.
const DEFAULT_VPC_BLOCK: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(172, 31, 0, 0), 16);

/// A block of 56 bits of unique local addresses (RFC 4193: `fd`, then 40 random bits), which is the service's size of a
/// VPC's IPv6 block.
pub(crate) fn random_ula<R: Rng + ?Sized>(rng: &mut R) -> Ipv6Net {
    let mut octets = [0; 16];
    rng.fill_bytes(&mut octets[1..7]);
    octets[0] = 0xfd;
    Ipv6Net::new_assert(Ipv6Addr::from(octets), 56).trunc()
}
