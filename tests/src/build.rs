//! Models, written briefly: for tests that judge packets without a daemon.

use crate::netns::unique;
use firewall_common::verdict::Direction;
use firewall_ctl::model::{
    AccountId, AddressSource, Attachment, ConnectionTracking, Family, GroupId, HookWish, InterfaceId, MacSource, Model,
    NetworkInterface, NumberPool, PrefixList, PrefixListId, RuleKey, SecurityGroup, Side, Tags, Vpc,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Builds a model in its default VPC. Identifiers are the same in every run.
#[derive(Debug)]
pub struct ModelBuilder {
    model: Model,
    vpc: Arc<Vpc>,
    rng: StdRng,
}

impl Default for ModelBuilder {
    fn default() -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        let model = Model::new_with_default_vpc(&mut rng);
        let vpc = Arc::clone(model.default_vpc(AccountId::default()).expect("a new model has a default VPC"));
        Self { model, vpc, rng }
    }
}

impl ModelBuilder {
    /// A default VPC with its default group, and nothing else.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A group without rules.
    ///
    /// # Panics
    /// If the name is taken or no name.
    pub fn group(&mut self, name: &str) -> GroupId {
        let group = SecurityGroup {
            id: GroupId::random(&mut self.rng),
            name: name.parse().expect("a group name"),
            description: "of a test".parse().expect("a description"),
            vpc: self.vpc.id,
            owner: self.vpc.owner,
            tags: Tags::default(),
            rules: BTreeMap::new(),
        };
        let id = group.id;
        self.model.put_group(group).expect("a new group");
        id
    }

    /// A rule, with service and peer in their texts: `tcp/80-90` and `10.0.0.0/8`, `icmp/8`, `all`, `sg-…`. Gives its number.
    ///
    /// # Panics
    /// If a text is none, or the group has the rule.
    pub fn rule(&mut self, group: GroupId, direction: Direction, service: &str, peer: &str) -> u32 {
        let service = service.parse().unwrap_or_else(|error| panic!("{service}: {error}"));
        let peer = peer.parse().unwrap_or_else(|error| panic!("{peer}: {error}"));
        self.rule_of(group, RuleKey { direction, service, peer })
    }

    /// A rule. Gives its number.
    ///
    /// # Panics
    /// If the group has the rule.
    pub fn rule_of(&mut self, group: GroupId, key: RuleKey) -> u32 {
        let pool = NumberPool { last: 65_535, busy: &BTreeSet::new() };
        let rules = self.model.new_rules(vec![key], pool, &mut self.rng).expect("a number for a rule");
        let number = rules.values().map(|rule| rule.number).sum();
        self.model.put_rules(group, rules.into_values()).unwrap_or_else(|error| panic!("{key:?}: {error}"));
        number
    }

    /// A prefix list, with its entries in their texts.
    ///
    /// # Panics
    /// If an entry is no block of the family.
    pub fn prefix_list(&mut self, family: Family, entries: &[&str]) -> PrefixListId {
        let (id, name) = (PrefixListId::random(&mut self.rng), "of a test".parse().expect("a name"));
        let size = entries.len().max(1) as u32;
        let entries = entries.iter().map(|text| (text.parse().expect("a block"), None)).collect();
        let list = PrefixList::new(id, name, self.vpc.owner, family, size, entries);
        self.model.put_prefix_list(list).unwrap_or_else(|error| panic!("prefix list: {error}"));
        id
    }

    /// An interface that is attached with a number, and has a device of a name that no other has.
    ///
    /// # Panics
    /// If an address is none or taken.
    pub fn interface(&mut self, number: u32, side: Side, groups: &[GroupId], addresses: &[&str]) -> InterfaceId {
        let device = format!("test{}", unique());
        let attachment = Attachment {
            device: device.clone(),
            side,
            hook: HookWish::Auto,
            addresses: AddressSource::Given,
            mac_source: MacSource::Auto,
            strict_l2: false,
            enforce: true,
            number,
            adopt: false,
            by_tag: false,
        };
        self.put(groups, addresses, Some(attachment), Some(device))
    }

    /// A member of groups that lives elsewhere.
    ///
    /// # Panics
    /// If an address is none or taken.
    pub fn member(&mut self, groups: &[GroupId], addresses: &[&str]) -> InterfaceId {
        self.put(groups, addresses, None, None)
    }

    fn put(
        &mut self,
        groups: &[GroupId],
        addresses: &[&str],
        attachment: Option<Attachment>,
        device: Option<String>,
    ) -> InterfaceId {
        let id = InterfaceId::random(&mut self.rng);
        let addresses = addresses.iter().map(|text| text.parse().expect("an address")).collect();
        let interface = NetworkInterface {
            id,
            vpc: self.vpc.id,
            owner: self.vpc.owner,
            description: String::new(),
            groups: groups.to_vec(),
            addresses,
            mac_address: None,
            attachment,
            device,
            tags: Tags::default(),
            timeouts: ConnectionTracking::default(),
            source_dest_check: true,
            subnet: None,
            primary: None,
            instance: None,
            client_token: None,
        };
        self.model.put_interface(interface).unwrap_or_else(|error| panic!("interface: {error}"));
        id
    }

    /// Changes something that the other words have no word for.
    pub fn change(&mut self, change: impl FnOnce(&mut Model)) {
        change(&mut self.model);
    }

    /// The model, whose invariants hold.
    ///
    /// # Panics
    /// If they do not.
    #[must_use]
    pub fn model(&self) -> Model {
        self.model.check().unwrap_or_else(|error| panic!("the model contradicts itself: {error}"));
        self.model.clone()
    }
}
