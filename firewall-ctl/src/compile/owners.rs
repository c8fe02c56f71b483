//! Whose addresses are whose on this host: what packets are held against by the source and destination check.

use super::desired::{entry, vpc_number};
use super::{CompileError, Desired, DesiredInterface};
use crate::model::{NetworkInterface, Side};
use firewall_common::abi::{
    INTERFACE_ALWAYS, INTERFACE_NEIGHBOURS, INTERFACE_SOURCE_CHECK, Interface, MemberKeyV4, MemberKeyV6, NO_VPC,
};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// The attachment that each address belongs to, by number of the VPC and address.
pub type Owners = BTreeMap<(u32, IpAddr), u32>;

/// What stands for the attachment of an address that is let through always. No attachment has this number.
const NOBODY: u32 = 0;

/// Key of an address in the table of its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerKey {
    /// IPv4.
    V4(MemberKeyV4),
    /// IPv6.
    V6(MemberKeyV6),
}

impl From<(u32, IpAddr)> for OwnerKey {
    fn from((vpc, address): (u32, IpAddr)) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(MemberKeyV4 { vpc, address: address.octets() }),
            IpAddr::V6(address) => Self::V6(MemberKeyV6 { vpc, address: address.octets() }),
        }
    }
}

impl Desired {
    /// Notes the addresses of all attached interfaces, and what their entries say of them. It goes through all of these,
    /// since what one of them has changes the entries of the others; so it is for changes of attached interfaces only.
    pub(super) fn follow_owners(&mut self) -> Result<(), CompileError> {
        let mut owners: Owners = self.always.iter().map(|address| ((NO_VPC, *address), NOBODY)).collect();
        for (number, wanted) in &self.interfaces {
            let Some(interface) = self.model.interfaces.get(&wanted.id) else { continue };
            let vpc = vpc_number(&self.model, interface)?;
            owners.extend(interface.addresses.iter().map(|address| ((vpc, address.to_canonical()), *number)));
        }
        let mut changed = Vec::new();
        for (number, wanted) in &self.interfaces {
            let Some(interface) = self.model.interfaces.get(&wanted.id) else { continue };
            let mut entry = owning_entry(entry(&self.model, interface)?, interface, &owners);
            if !self.always.is_empty() {
                entry.flags |= INTERFACE_ALWAYS;
            }
            if entry != wanted.entry {
                changed.push((*number, DesiredInterface { entry, ..DesiredInterface::clone(wanted) }));
            }
        }
        for (number, wanted) in changed {
            self.interfaces.insert(number, Arc::new(wanted));
        }
        self.owners = Arc::new(owners);
        Ok(())
    }
}

/// The entry of an attached interface, with what it says of addresses.
fn owning_entry(mut entry: Interface, interface: &NetworkInterface, owners: &Owners) -> Interface {
    for address in interface.addresses.iter().rev() {
        match address.to_canonical() {
            IpAddr::V4(address) => entry.own_v4 = address.octets(),
            IpAddr::V6(address) => entry.own_v6 = address.octets(),
        }
    }
    if interface.source_dest_check {
        entry.flags |= INTERFACE_SOURCE_CHECK;
    }
    // Only what is not in the entry itself is worth a look-up for every packet that a host receives.
    let is_elsewhere = |(key, owner): (&(u32, IpAddr), &u32)| {
        key.0 == entry.vpc && (*owner != entry.attachment || !is_in_entry(&entry, key.1))
    };
    let is_host = interface.attachment.as_ref().is_some_and(|attachment| attachment.side == Side::Host);
    if is_host && owners.iter().any(is_elsewhere) {
        entry.flags |= INTERFACE_NEIGHBOURS;
    }
    entry
}

/// Whether an address is the one that an entry has of its family.
fn is_in_entry(entry: &Interface, address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => entry.own_v4 == address.octets(),
        IpAddr::V6(address) => entry.own_v6 == address.octets(),
    }
}

/// The way from some owners to others: what is to be written before the change is in force, and what to be removed after.
#[must_use]
pub fn changes(before: &Owners, after: &Owners) -> (Vec<(OwnerKey, u32)>, Vec<OwnerKey>) {
    let come = after.iter().filter(|(key, owner)| before.get(*key) != Some(*owner));
    let go = before.keys().filter(|key| !after.contains_key(*key));
    (come.map(|(key, owner)| ((*key).into(), *owner)).collect(), go.map(|key| (*key).into()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile;
    use crate::model::{
        AccountId, AddressSource, Attachment, ConnectionTracking, HookWish, InterfaceId, MacSource, Model, Tags,
    };
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;
    use std::collections::BTreeSet;

    /// Attaches interfaces of the default VPC, numbered from 1.
    fn model(interfaces: &[(Side, &[&str])]) -> Model {
        let mut rng = StdRng::seed_from_u64(1);
        let mut model = Model::new_with_default_vpc_of(AccountId::default(), &mut rng);
        let vpc = model.vpcs.values().next().unwrap().id;
        let group = model.default_group(vpc).unwrap().id;
        for (number, (side, addresses)) in (1..).zip(interfaces) {
            let device = format!("eth{number}");
            let attachment = Attachment {
                device: device.clone(),
                side: *side,
                hook: HookWish::Auto,
                addresses: AddressSource::Given,
                mac_source: MacSource::Auto,
                strict_l2: false,
                enforce: true,
                number,
                adopt: false,
                by_tag: false,
            };
            let interface = NetworkInterface {
                id: InterfaceId::random(&mut rng),
                vpc,
                owner: AccountId::default(),
                description: String::new(),
                groups: vec![group],
                addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
                mac_address: None,
                attachment: Some(attachment),
                device: Some(device),
                tags: Tags::default(),
                timeouts: ConnectionTracking::default(),
                source_dest_check: true,
                subnet: None,
                primary: None,
                instance: None,
                client_token: None,
            };
            model.put_interface(interface).unwrap();
        }
        model
    }

    fn entry_of(desired: &Desired, number: u32) -> Interface {
        desired.interfaces()[&number].entry
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_belong_to_their_attachment_and_the_first_of_a_family_lies_in_the_entry() {
        let desired = compile(&model(&[(Side::Workload, &["10.0.0.2", "10.0.0.1", "fd00::1"])])).unwrap();
        let all = ["10.0.0.1", "10.0.0.2", "fd00::1"].map(|text| ((1, address(text)), 1));
        assert_eq!(*desired.owners(), Owners::from(all));
        let entry = entry_of(&desired, 1);
        assert_eq!((entry.own_v4, entry.own_v6[15]), ([10, 0, 0, 1], 1));
        assert!(entry.has(INTERFACE_SOURCE_CHECK) && !entry.has(INTERFACE_NEIGHBOURS) && !entry.has(INTERFACE_ALWAYS));
    }

    #[test]
    fn a_host_looks_for_others_only_where_there_are_some() {
        let has_neighbours = |interfaces: &[(Side, &[&str])]| {
            entry_of(&compile(&model(interfaces)).unwrap(), 1).has(INTERFACE_NEIGHBOURS)
        };
        assert!(!has_neighbours(&[(Side::Host, &["10.0.0.1", "fd00::1"])]));
        assert!(!has_neighbours(&[(Side::Host, &["10.0.0.1"]), (Side::Workload, &[])]));
        assert!(has_neighbours(&[(Side::Host, &["10.0.0.1", "10.0.0.2"])]));
        assert!(has_neighbours(&[(Side::Host, &["10.0.0.1"]), (Side::Workload, &["10.0.0.2"])]));
        assert!(!has_neighbours(&[(Side::Workload, &["10.0.0.1"]), (Side::Workload, &["10.0.0.2"])]));
    }

    #[test]
    fn entries_of_others_follow_when_an_interface_goes() {
        let both = model(&[(Side::Host, &["10.0.0.1"]), (Side::Workload, &["10.0.0.2"])]);
        let one = model(&[(Side::Host, &["10.0.0.1"])]);
        let before = compile(&both).unwrap();
        let after = before.follow(&one).unwrap();
        assert!(entry_of(&before, 1).has(INTERFACE_NEIGHBOURS) && !entry_of(&after, 1).has(INTERFACE_NEIGHBOURS));
        let (come, go) = changes(before.owners(), after.owners());
        assert_eq!((come, go), (Vec::new(), vec![OwnerKey::from((1, address("10.0.0.2")))]));
    }

    #[test]
    fn an_address_that_changes_hands_is_written_and_not_removed() {
        let before = compile(&model(&[(Side::Workload, &["10.0.0.1"]), (Side::Workload, &[])])).unwrap();
        let after = before.follow(&model(&[(Side::Workload, &[]), (Side::Workload, &["10.0.0.1"])])).unwrap();
        let (come, go) = changes(before.owners(), after.owners());
        assert_eq!((come, go), (vec![(OwnerKey::from((1, address("10.0.0.1"))), 2)], Vec::new()));
    }

    #[test]
    fn addresses_that_are_let_through_always_stay_while_the_model_changes() {
        let always = BTreeSet::from([address("169.254.169.253"), address("fd00:ec2::253")]);
        let none = Desired::default().allowing(&always).unwrap();
        let some = none.follow(&model(&[(Side::Host, &["10.0.0.1"])])).unwrap();
        for desired in [&none, &some] {
            let kept = always.iter().all(|address| desired.owners().contains_key(&(NO_VPC, *address)));
            assert!(
                kept && desired.lets_through(address("169.254.169.253")) && !desired.lets_through(address("10.0.0.1"))
            );
        }
        assert!(entry_of(&some, 1).has(INTERFACE_ALWAYS) && !entry_of(&some, 1).has(INTERFACE_NEIGHBOURS));
        let taken_back = some.allowing(&BTreeSet::new()).unwrap();
        assert!(!entry_of(&taken_back, 1).has(INTERFACE_ALWAYS));
        assert_eq!(taken_back.owners().len(), 1);
    }
}
