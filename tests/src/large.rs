//! A host of the largest size that the project is made for, and single changes of it: what a change costs must follow from
//! the change, and not from the host.

use firewall_common::verdict::Direction;
use firewall_ctl::compile::{Change, Desired, Layout, Limits, Plan, Removal, Write};
use firewall_ctl::model::{
    AccountId, AddressSource, Attachment, ConnectionTracking, Family, GroupId, HookWish, InterfaceId, L4, MacSource,
    Model, NetworkInterface, Peer, PrefixList, PrefixListId, Rule, RuleId, RuleKey, SecurityGroup, Service, Side, Tags,
    Vpc,
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub mod probe;

/// Groups that interfaces share stand on so many shelves: an interface carries those of one, and a group of its own.
pub const SHELVES: u32 = 3;
/// Rules of a shared group in each direction.
const SHARED_RULES: u32 = 60;
/// Groups that rules name as peers.
const TIERS: u32 = 16;

/// How large a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Its interfaces, up to some thousands.
    pub interfaces: u32,
    /// Groups that each interface shares with others, beside one of its own: up to 15, of 60 rules a direction.
    pub shared_groups: u32,
    /// Rules of an interface's own group in each direction, from 12 to 100.
    pub own_rules: u32,
    /// Entries of the prefix list that an interface's own group names, up to 100.
    pub entries: u32,
    /// Members for each interface, which live elsewhere, in groups that rules name: up to 1 000.
    pub members: u32,
}

impl Scale {
    /// Interfaces with 16 groups and 1 000 rules a direction, 100 entries of prefix lists and 1 000 members each.
    #[must_use]
    pub const fn full(interfaces: u32) -> Self {
        Self { interfaces, shared_groups: 15, own_rules: 100, entries: 100, members: 1000 }
    }

    /// Rules of an interface in each direction.
    #[must_use]
    pub const fn rules(&self) -> u32 {
        self.shared_groups * SHARED_RULES + self.own_rules
    }
}

/// The host.
#[derive(Debug)]
pub struct LargeHost {
    /// Its model.
    pub model: Model,
    scale: Scale,
    vpc: Arc<Vpc>,
}

/// What a change of the model came to.
#[derive(Debug, Clone)]
pub struct Step {
    /// Of the change.
    pub name: &'static str,
    /// What the model took to make it.
    pub edit: Duration,
    /// What it took to find out what is wanted.
    pub follow: Duration,
    /// What it took to find out what has to be written.
    pub plan: Duration,
    /// What has to be written.
    pub counts: Counts,
}

/// How much a plan writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Policies.
    pub policies: usize,
    /// What belongs to these, and rules for sets of groups or lists.
    pub others: usize,
    /// Members that come, go or change.
    pub members: usize,
    /// Entries of prefix lists that come, go or change.
    pub entries: usize,
}

impl Counts {
    fn of(plan: &Plan) -> Self {
        let policies = plan.writes.iter().filter(|write| matches!(write, Write::Slot { .. })).count();
        let is_entry = |change: &&Change| {
            matches!(
                change,
                Change::Write(Write::ListV4 { .. } | Write::ListV6 { .. })
                    | Change::Remove(Removal::ListV4 { .. } | Removal::ListV6 { .. })
            )
        };
        let changes = || plan.members.iter().chain(&plan.late_members);
        let entries = changes().filter(is_entry).count();
        Self { policies, others: plan.writes.len() - policies, members: changes().count() - entries, entries }
    }
}

impl LargeHost {
    /// A host of some size. Its first interface has rules for [`probe`].
    ///
    /// # Panics
    /// If the size is larger than the numbers have room for.
    #[must_use]
    pub fn new(scale: Scale) -> Self {
        let model = Model::new_with_default_vpc(&mut StdRng::seed_from_u64(1));
        let vpc = Arc::clone(model.default_vpc(AccountId::default()).expect("a new model has a default VPC"));
        let mut host = Self { model, scale, vpc };
        let Scale { interfaces, shared_groups, own_rules, entries, members } = scale;
        for tier in 0..TIERS {
            host.add_group(tier_group(tier), Vec::new());
        }
        let shared = SHELVES * shared_groups;
        for number in 0..shared {
            host.add_group(shared_group(number), rules(number, SHARED_RULES, None));
        }
        host.add_list(probe::list_v6(), (0..entries).map(probe::entry_v6).collect());
        for number in 0..interfaces {
            host.add_list(list(number), (number * entries..(number + 1) * entries).map(entry).collect());
            let mut rules = rules(shared + number, own_rules, Some(list(number)));
            if number == 0 {
                probe::prepend(&mut rules);
            }
            host.add_group(own_group(number), rules);
            host.add_interface(number);
            for member in number * members..(number + 1) * members {
                let member = host.member(member, member % TIERS);
                host.model.interfaces.insert(member.id, Arc::new(member));
            }
        }
        host
    }

    /// Room for it, and for what a change has besides while it is published.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let Scale { interfaces, shared_groups, own_rules, entries, members } = self.scale;
        Limits {
            attachments: interfaces,
            slots: 4 * interfaces + 64,
            pages: 65_536,
            rule_sets: 131_072,
            cidrs_v4: interfaces * 2 * self.scale.rules() + 65_536,
            cidrs_v6: interfaces * 2 * self.scale.rules() + 65_536,
            members_v4: interfaces * members + 1024,
            group_rules: interfaces * 4 * (2 * TIERS) + 1024,
            lists_v4: interfaces * entries + 1024,
            rule_numbers: 2 * (own_rules * interfaces + SHARED_RULES * SHELVES * shared_groups) + 1024,
            ..Limits::default()
        }
    }

    /// Single changes, each of the host as it was made, and what each came to.
    ///
    /// # Panics
    /// If something does not fit.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let begun = Instant::now();
        let desired = firewall_ctl::compile::compile(&self.model).unwrap_or_else(|error| panic!("{error}"));
        let follow = begun.elapsed();
        let begun = Instant::now();
        let (mut layout, plan) = Layout::new(self.limits()).plan(&desired).unwrap_or_else(|error| panic!("{error}"));
        let all = Step {
            name: "everything, from nothing",
            edit: Duration::ZERO,
            follow,
            plan: begun.elapsed(),
            counts: Counts::of(&plan),
        };
        layout.reclaim();
        let step = |name, edit: &dyn Fn(&mut Model)| self.step(name, &desired, &layout, edit);
        vec![
            all,
            step("an address joins a group", &|model| {
                let mut member = self.member(0, 0);
                member.addresses.insert(Ipv4Addr::new(9, 9, 9, 9).into());
                model.put_interface(member).expect("an address of its own");
            }),
            step("a member goes", &|model| drop(model.remove_interface(member_id(1)).expect("a member"))),
            step("a member changes its group", &|model| {
                model.put_interface(self.member(2, 3)).expect("the same with another group");
            }),
            step("a rule of one interface", &|model| add_rule(model, own_group(0))),
            step("a rule of a third of all interfaces", &|model| add_rule(model, shared_group(0))),
            step("an entry that covers four of another list", &|model| {
                let mut changed = PrefixList::clone(&model.prefix_lists[&list(1)]);
                let last = changed.entries.keys().next_back().copied().expect("it has entries");
                changed.entries.remove(&last);
                changed.entries.insert(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from_bits(ENTRY_BASE), 18)), None);
                model.put_prefix_list(changed).expect("as many entries as before");
            }),
        ]
    }

    fn step(&self, name: &'static str, desired: &Desired, layout: &Layout, edit: &dyn Fn(&mut Model)) -> Step {
        let mut model = self.model.clone();
        let begun = Instant::now();
        edit(&mut model);
        let edit = begun.elapsed();
        let begun = Instant::now();
        let next = desired.follow(&model).unwrap_or_else(|error| panic!("{error}"));
        let follow = begun.elapsed();
        let begun = Instant::now();
        let (_, plan) = layout.plan(&next).unwrap_or_else(|error| panic!("{error}"));
        Step { name, edit, follow, plan: begun.elapsed(), counts: Counts::of(&plan) }
    }

    fn add_group(&mut self, id: GroupId, rules: Vec<RuleKey>) {
        let first = self.model.numbers.next_rule;
        self.model.numbers.next_rule += rules.len() as u32;
        let rule = |(number, key): (u32, RuleKey)| {
            let id: RuleId = format!("sgr-{number:08x}").parse().expect("an id");
            (id, Rule { id, key, description: None, tags: Tags::default(), number })
        };
        let group = SecurityGroup {
            id,
            name: format!("group {id}").parse().expect("a name"),
            description: "of a large host".parse().expect("a description"),
            vpc: self.vpc.id,
            owner: self.vpc.owner,
            tags: Tags::default(),
            rules: (first..).zip(rules).map(rule).collect(),
        };
        self.model.groups.insert(id, Arc::new(group));
    }

    fn add_list(&mut self, id: PrefixListId, entries: Vec<IpNet>) {
        let is_v4 = entries.iter().all(|entry| entry.addr().is_ipv4());
        let family = if is_v4 { Family::Ipv4 } else { Family::Ipv6 };
        let name = "of a large host".parse().expect("a name");
        let entries = entries.into_iter().map(|entry| (entry, None)).collect();
        let value = PrefixList::new(id, name, self.vpc.owner, family, self.scale.entries, entries);
        self.model.prefix_lists.insert(value.id, Arc::new(value));
    }

    fn add_interface(&mut self, number: u32) {
        let device = format!("eth{number}");
        let attachment = Attachment {
            device: device.clone(),
            side: Side::Host,
            hook: HookWish::Auto,
            addresses: AddressSource::Given,
            mac_source: MacSource::Auto,
            strict_l2: false,
            number: number + 1,
            adopt: false,
            by_tag: false,
            enforce: true,
        };
        let shelf = number % SHELVES;
        let on_shelf = self.scale.shared_groups;
        let shared = (shelf * on_shelf..(shelf + 1) * on_shelf).map(shared_group);
        let value = NetworkInterface {
            groups: shared.chain([own_group(number)]).collect(),
            addresses: BTreeSet::from([
                Ipv4Addr::from_bits(0xac1f_0000 + number).into(),
                Ipv6Addr::from_bits((0xfd00 << 112) + u128::from(number)).into(),
            ]),
            attachment: Some(attachment),
            device: Some(device),
            ..self.bare(format!("eni-{number:08x}").parse().expect("an id"))
        };
        self.model.interfaces.insert(value.id, Arc::new(value));
    }

    /// A member of two neighbouring tiers, who lives elsewhere.
    fn member(&self, number: u32, tier: u32) -> NetworkInterface {
        NetworkInterface {
            groups: vec![tier_group(tier), tier_group((tier + 1) % TIERS)],
            addresses: BTreeSet::from([Ipv4Addr::from_bits(0x0a00_0000 + number).into()]),
            ..self.bare(member_id(number))
        }
    }

    fn bare(&self, id: InterfaceId) -> NetworkInterface {
        NetworkInterface {
            id,
            vpc: self.vpc.id,
            owner: self.vpc.owner,
            description: String::new(),
            groups: Vec::new(),
            addresses: BTreeSet::new(),
            mac_address: None,
            attachment: None,
            device: None,
            tags: Tags::default(),
            source_dest_check: true,
            subnet: None,
            primary: None,
            instance: None,
            client_token: None,
            timeouts: ConnectionTracking::default(),
        }
    }
}

/// Where the IPv4 blocks of rules begin.
const BLOCK_BASE: u32 = 0x8000_0000;
/// Where the entries of the lists begin, which have 16 addresses of each 4 096: among the blocks, so that the filters let an
/// address through to both.
const ENTRY_BASE: u32 = BLOCK_BASE;

fn entry(number: u32) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from_bits(ENTRY_BASE + (number << 12)), 28))
}

/// Rules of a group in both directions: for anyone, for groups and a list, and for blocks of IPv4 and IPv6 in turn.
fn rules(group: u32, count: u32, list: Option<PrefixListId>) -> Vec<RuleKey> {
    let peer = |number: u32, direction: Direction| {
        let block = (group << 8) | number << 1 | u32::from(direction == Direction::Outbound);
        let segments = [0x2001, 0xdb8, (block >> 16) as u16, block as u16, 0, 0, 0, 0];
        match (number, list) {
            (0, Some(list)) => Peer::PrefixList(list),
            (0, None) | (1, Some(_)) => Peer::Group { id: tier_group(group % TIERS), owner: AccountId::default() },
            (number, _) if number & 1 == 0 => {
                Peer::Ipv4(Ipv4Net::new_assert(Ipv4Addr::from_bits(BLOCK_BASE + (block << 8)), 24))
            }
            (_, _) => Peer::Ipv6(Ipv6Net::new_assert(Ipv6Addr::from(segments), 64)),
        }
    };
    let key = |number: u32, direction| {
        let port =
            if list.is_some() { 20_000 + (group * 7 + number) % 997 } else { 1000 + (group * 31 + number) % 500 };
        let service = Service::Ports { protocol: L4::Tcp, from: port as u16, to: port as u16 };
        RuleKey { direction, service, peer: peer(number, direction) }
    };
    let directions = [Direction::Inbound, Direction::Outbound];
    directions.into_iter().flat_map(|direction| (0..count).map(move |number| key(number, direction))).collect()
}

fn add_rule(model: &mut Model, group: GroupId) {
    let id: RuleId = "sgr-ffffffff".parse().expect("an id");
    let service = Service::Ports { protocol: L4::Udp, from: 53, to: 53 };
    let key = RuleKey { direction: Direction::Inbound, service, peer: Peer::ANYONE_IPV4 };
    let number = model.numbers.next_rule;
    let rule = Rule { id, key, description: None, tags: Tags::default(), number };
    // An outbound one goes for it: interfaces have all the rules that the quota allows.
    let mut changed = SecurityGroup::clone(&model.groups[&group]);
    changed.rules.pop_last();
    changed.rules.insert(id, rule);
    model.put_group(changed).expect("a rule of its own");
}

fn tier_group(number: u32) -> GroupId {
    format!("sg-1{number:07x}").parse().expect("an id")
}

fn shared_group(number: u32) -> GroupId {
    format!("sg-2{number:07x}").parse().expect("an id")
}

fn own_group(number: u32) -> GroupId {
    format!("sg-3{number:07x}").parse().expect("an id")
}

fn list(number: u32) -> PrefixListId {
    format!("pl-{number:08x}").parse().expect("an id")
}

fn member_id(number: u32) -> InterfaceId {
    format!("eni-1{number:07x}").parse().expect("an id")
}
