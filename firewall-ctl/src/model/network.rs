//! Operations on the parts of a VPC beside its groups: subnets, instances, gateways, and where interfaces are among them.
//! Each keeps the invariants that [`Model::check`] spells out, or refuses and changes nothing.

use super::subnet::bits;
use super::table::every;
use super::{
    Family, Instance, InstanceId, InterfaceId, InternetGateway, InternetGatewayId, Model, ModelError, NetworkInterface,
    Subnet, SubnetId, Vpc, VpcId,
};
use ipnet::{Ipv4Net, Ipv6Net};
use rand::Rng;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// The addresses of a VPC's interfaces, from which those of a subnet are counted and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses(BTreeSet<IpAddr>);

impl Addresses {
    /// How many IPv4 addresses a subnet has left.
    #[must_use]
    pub fn available(&self, subnet: &Subnet) -> u32 {
        let block = subnet.cidr_block;
        let within = self.0.range(IpAddr::V4(block.network())..=IpAddr::V4(block.broadcast()));
        let taken = within.filter(|address| !subnet.reserves(**address));
        subnet.capacity().saturating_sub(u32::try_from(taken.count()).unwrap_or(u32::MAX))
    }

    /// Takes an address of a subnet that nobody has: the first one from a random one on, so that one that has just become free
    /// is seldom the next one's. None if there is none, or no block of the family.
    pub fn take<R: Rng + ?Sized>(&mut self, subnet: &Subnet, family: Family, rng: &mut R) -> Option<IpAddr> {
        let block = subnet.block(family)?;
        let (first, last) = (bits(block.network()), bits(block.broadcast()));
        let random = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
        let start = first + random % (last - first).max(1);
        let numbers = (start..=last).chain(first..start);
        let mut free = numbers
            .filter_map(|number| match family {
                Family::Ipv4 => u32::try_from(number).ok().map(|number| Ipv4Addr::from_bits(number).into()),
                Family::Ipv6 => Some(Ipv6Addr::from_bits(number).into()),
            })
            .filter(|address| !subnet.reserves(*address) && !self.0.contains(address));
        let address = free.next()?;
        self.0.insert(address);
        Some(address)
    }

    /// Takes these too.
    pub fn extend(&mut self, addresses: impl IntoIterator<Item = IpAddr>) {
        self.0.extend(addresses);
    }
}

impl Model {
    /// The subnets of a VPC, by identifier.
    pub fn subnets_of(&self, vpc: VpcId) -> impl Iterator<Item = &Arc<Subnet>> {
        self.subnets.values().filter(move |subnet| subnet.vpc == vpc)
    }

    /// The default subnet of a VPC.
    #[must_use]
    pub fn default_subnet(&self, vpc: VpcId) -> Option<&Arc<Subnet>> {
        self.subnets_of(vpc).find(|subnet| subnet.is_default)
    }

    /// The gateway that is attached to a VPC.
    #[must_use]
    pub fn gateway_of(&self, vpc: VpcId) -> Option<&Arc<InternetGateway>> {
        self.internet_gateways.values().find(|gateway| gateway.vpc == Some(vpc))
    }

    /// The addresses of the interfaces of a VPC.
    #[must_use]
    pub fn addresses_of(&self, vpc: VpcId) -> Addresses {
        Addresses(self.interfaces_of(vpc).flat_map(|interface| interface.addresses.iter().copied()).collect())
    }

    /// The interfaces of a subnet, by identifier.
    pub fn interfaces_in(&self, subnet: SubnetId) -> impl Iterator<Item = &Arc<NetworkInterface>> {
        self.interfaces.values().filter(move |interface| interface.subnet == Some(subnet))
    }

    /// The interfaces of an instance, the primary one first.
    #[must_use]
    pub fn interfaces_at(&self, instance: InstanceId) -> Vec<&Arc<NetworkInterface>> {
        let ids = self.interfaces.index().instances.of(instance, every!(InterfaceId));
        let mut interfaces: Vec<_> = ids.filter_map(|id| self.interfaces.get(id)).collect();
        interfaces.sort_by_key(|interface| interface.instance.as_ref().map(|place| place.device_index));
        interfaces
    }

    /// The first place of an instance that no interface has.
    #[must_use]
    pub fn free_device_index(&self, instance: InstanceId) -> u32 {
        let taken: BTreeSet<u32> = self
            .interfaces_at(instance)
            .iter()
            .filter_map(|interface| interface.instance.as_ref().map(|place| place.device_index))
            .collect();
        (0..).find(|index| !taken.contains(index)).unwrap_or(u32::MAX)
    }

    /// The record of a host that has registered itself.
    #[must_use]
    pub fn instance_of_host(&self, host: &str) -> Option<&Arc<Instance>> {
        self.instances.values().find(|instance| instance.host.as_deref() == Some(host))
    }

    /// Puts a subnet in, or another value in the place of one that is there.
    ///
    /// # Errors
    /// Its VPC does not exist, it would change its VPC, its owner or its IPv4 block, its blocks do not lie in the VPC's or
    /// overlap another subnet's, or another one is the default subnet, too.
    pub fn put_subnet(&mut self, subnet: Subnet) -> Result<(), ModelError> {
        let id = subnet.id;
        let vpc = self.vpcs.get(&subnet.vpc).ok_or(ModelError::UnknownVpc { id: subnet.vpc })?;
        if let Some(known) = self.subnets.get(&id)
            && (known.vpc != subnet.vpc || known.owner != subnet.owner || known.cidr_block != subnet.cidr_block)
        {
            return Err(ModelError::SubnetIdentity { id });
        }
        within(vpc, &subnet)?;
        for other in self.subnets_of(subnet.vpc).filter(|other| other.id != id) {
            if let Some(block) = overlap(&subnet, other) {
                return Err(ModelError::SubnetConflict { block, holder: other.id });
            }
            if subnet.is_default && other.is_default {
                return Err(ModelError::DefaultSubnetExists { holder: other.id });
            }
        }
        self.subnets.insert(id, Arc::new(subnet));
        Ok(())
    }

    /// Takes a subnet away.
    ///
    /// # Errors
    /// It does not exist, or has interfaces.
    pub fn remove_subnet(&mut self, id: SubnetId) -> Result<(), ModelError> {
        if !self.subnets.contains_key(&id) {
            return Err(ModelError::UnknownSubnet { id });
        }
        let interfaces: Vec<InterfaceId> = self.interfaces_in(id).map(|interface| interface.id).collect();
        if !interfaces.is_empty() {
            return Err(ModelError::SubnetInUse { id, interfaces });
        }
        self.subnets.remove(&id);
        Ok(())
    }

    /// Puts an instance in, or another value in the place of one that is there.
    ///
    /// # Errors
    /// Another one is of the same host.
    pub fn put_instance(&mut self, instance: Instance) -> Result<(), ModelError> {
        if let Some(host) = &instance.host
            && let Some(holder) = self.instance_of_host(host).filter(|other| other.id != instance.id)
        {
            return Err(ModelError::HostTaken { host: host.clone(), holder: holder.id });
        }
        self.instances.insert(instance.id, Arc::new(instance));
        Ok(())
    }

    /// Takes an instance away.
    ///
    /// # Errors
    /// It does not exist, or has interfaces.
    pub fn remove_instance(&mut self, id: InstanceId) -> Result<(), ModelError> {
        if !self.instances.contains_key(&id) {
            return Err(ModelError::UnknownInstance { id });
        }
        let interfaces: Vec<InterfaceId> = self.interfaces_at(id).iter().map(|interface| interface.id).collect();
        if !interfaces.is_empty() {
            return Err(ModelError::InstanceInUse { id, interfaces });
        }
        self.instances.remove(&id);
        Ok(())
    }

    /// Puts a gateway in, or another value in the place of one that is there.
    ///
    /// # Errors
    /// Its VPC does not exist, or has another one.
    pub fn put_gateway(&mut self, gateway: InternetGateway) -> Result<(), ModelError> {
        if let Some(vpc) = gateway.vpc {
            if !self.vpcs.contains_key(&vpc) {
                return Err(ModelError::UnknownVpc { id: vpc });
            }
            if let Some(holder) = self.gateway_of(vpc).filter(|other| other.id != gateway.id) {
                return Err(ModelError::GatewayExists { vpc, holder: holder.id });
            }
        }
        self.internet_gateways.insert(gateway.id, Arc::new(gateway));
        Ok(())
    }

    /// Takes a gateway away.
    ///
    /// # Errors
    /// It does not exist, or is attached to a VPC.
    pub fn remove_gateway(&mut self, id: InternetGatewayId) -> Result<(), ModelError> {
        let gateway = self.internet_gateways.get(&id).ok_or(ModelError::UnknownGateway { id })?;
        if let Some(vpc) = gateway.vpc {
            return Err(ModelError::GatewayInUse { id, vpc });
        }
        self.internet_gateways.remove(&id);
        Ok(())
    }

    /// Whether the blocks of a VPC overlap nowhere, and hold its subnets.
    pub(super) fn check_blocks_of(&self, vpc: &Vpc) -> Result<(), ModelError> {
        let ipv4: Vec<Ipv4Net> = vpc.cidr_blocks.iter().map(|association| association.block).collect();
        let ipv6: Vec<Ipv6Net> = vpc.ipv6_cidr_blocks.iter().map(|association| association.block).collect();
        if let Some(block) = first_overlap(&ipv4, |a, b| a.contains(b) || b.contains(a)) {
            return Err(ModelError::VpcBlockConflict { vpc: vpc.id, block: (*block).into() });
        }
        if let Some(block) = first_overlap(&ipv6, |a, b| a.contains(b) || b.contains(a)) {
            return Err(ModelError::VpcBlockConflict { vpc: vpc.id, block: (*block).into() });
        }
        self.subnets_of(vpc.id).try_for_each(|subnet| within(vpc, subnet))
    }

    /// Whether subnet, instance and primary address of an interface are there, and go with it.
    pub(super) fn check_network_of(&self, interface: &NetworkInterface) -> Result<(), ModelError> {
        let id = interface.id;
        if let Some(subnet) = interface.subnet {
            let known = self.subnets.get(&subnet).ok_or(ModelError::UnknownSubnet { id: subnet })?;
            if known.vpc != interface.vpc {
                return Err(ModelError::SubnetElsewhere { subnet, vpc: interface.vpc });
            }
        }
        if interface.primary.is_some_and(|primary| !interface.addresses.contains(&IpAddr::V4(primary))) {
            return Err(ModelError::PrimaryAddress { id });
        }
        let Some(place) = &interface.instance else { return Ok(()) };
        if !self.instances.contains_key(&place.instance) {
            return Err(ModelError::UnknownInstance { id: place.instance });
        }
        let (instance, index) = (place.instance, place.device_index);
        let is_there =
            |other: &NetworkInterface| other.instance.as_ref().is_some_and(|other| other.device_index == index);
        match self.interfaces_at(instance).into_iter().find(|other| other.id != id && is_there(other)) {
            Some(other) => Err(ModelError::DeviceIndexTaken { instance, index, holder: other.id }),
            None => Ok(()),
        }
    }
}

/// Whether the blocks of a subnet lie in those of its VPC.
fn within(vpc: &Vpc, subnet: &Subnet) -> Result<(), ModelError> {
    let (id, ipv4) = (subnet.id, subnet.cidr_block);
    if !vpc.cidr_blocks.iter().any(|association| association.block.contains(&ipv4)) {
        return Err(ModelError::SubnetRange { id, vpc: vpc.id, block: ipv4.into() });
    }
    match &subnet.ipv6_cidr_block {
        Some(association) if !vpc.ipv6_cidr_blocks.iter().any(|each| each.block.contains(&association.block)) => {
            Err(ModelError::SubnetRange { id, vpc: vpc.id, block: association.block.into() })
        }
        Some(_) | None => Ok(()),
    }
}

/// The block of a subnet that overlaps one of another subnet.
pub(super) fn overlap(subnet: &Subnet, other: &Subnet) -> Option<ipnet::IpNet> {
    let (a, b) = (subnet.cidr_block, other.cidr_block);
    if a.contains(&b) || b.contains(&a) {
        return Some(a.into());
    }
    let (a, b) = (subnet.ipv6_cidr_block.as_ref()?.block, other.ipv6_cidr_block.as_ref()?.block);
    (a.contains(&b) || b.contains(&a)).then(|| a.into())
}

/// The first that overlaps one before it.
fn first_overlap<N>(blocks: &[N], overlap: impl Fn(&N, &N) -> bool) -> Option<&N> {
    blocks
        .iter()
        .enumerate()
        .find_map(|(at, block)| blocks[..at].iter().any(|before| overlap(before, block)).then_some(block))
}
