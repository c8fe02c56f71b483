//! The model as a whole: whatever operations do, its invariants hold, and differences lead from one to the other.

use super::arbitrary::{Operation, model, operation, run};
use super::*;
use firewall_common::verdict::Direction;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::mem::Discriminant;

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

/// A pool with room.
fn pool(busy: &BTreeSet<u32>) -> NumberPool<'_> {
    NumberPool { last: 65_535, busy }
}

fn group(model: &Model, name: &str, vpc: VpcId, rng: &mut StdRng) -> SecurityGroup {
    let owner = model.vpcs[&vpc].owner;
    SecurityGroup {
        id: GroupId::random(rng),
        name: name.parse().expect("a name"),
        description: "for a test".parse().expect("a description"),
        vpc,
        owner,
        tags: Tags::default(),
        rules: BTreeMap::new(),
    }
}

fn interface(vpc: VpcId, groups: Vec<GroupId>, rng: &mut StdRng) -> NetworkInterface {
    NetworkInterface {
        id: InterfaceId::random(rng),
        vpc,
        owner: AccountId::default(),
        description: String::new(),
        groups,
        addresses: BTreeSet::new(),
        mac_address: None,
        attachment: None,
        device: None,
        tags: Tags::default(),
        timeouts: ConnectionTracking::default(),
        source_dest_check: true,
        subnet: None,
        primary: None,
        instance: None,
        client_token: None,
    }
}

fn attachment(device: &str, number: u32) -> Attachment {
    Attachment {
        device: device.to_owned(),
        side: Side::Host,
        hook: HookWish::Auto,
        addresses: AddressSource::Kernel,
        mac_source: MacSource::Auto,
        strict_l2: false,
        enforce: true,
        number,
        adopt: true,
        by_tag: false,
    }
}

fn prefix_list(name: &str, family: Family, max_entries: u32, entries: &[&str], rng: &mut StdRng) -> PrefixList {
    let (id, name) = (PrefixListId::random(rng), name.parse().expect("a name"));
    let entries = entries.iter().map(|net| (net.parse().expect("a block"), None)).collect();
    PrefixList::new(id, name, AccountId::default(), family, max_entries, entries)
}

/// The host's first model, its VPC and its default group.
fn first() -> (Model, VpcId, GroupId, StdRng) {
    let mut rng = rng();
    let model = Model::new_with_default_vpc(&mut rng);
    let vpc = model.default_vpc(AccountId::default()).expect("a default VPC").id;
    let group = model.default_group(vpc).expect("a default group").id;
    (model, vpc, group, rng)
}

fn rule(key: RuleKey, number: u32, rng: &mut StdRng) -> Rule {
    Rule { id: RuleId::random(rng), key, description: None, tags: Tags::default(), number }
}

fn ingress(service: &str, peer: &str) -> RuleKey {
    let (service, peer) = (service.parse().expect("a service"), peer.parse().expect("a peer"));
    RuleKey { direction: Direction::Inbound, service, peer }
}

#[test]
fn a_host_starts_with_an_open_default_group() {
    let (model, vpc, group, _) = first();
    assert_eq!(model.check(), Ok(()));
    let vpc = &model.vpcs[&vpc];
    let [block] = vpc.cidr_blocks.as_slice() else { panic!("one IPv4 block: {vpc:?}") };
    assert_eq!(block.block, "172.31.0.0/16".parse().expect("a block"));
    let [ula] = vpc.ipv6_cidr_blocks.as_slice() else { panic!("one IPv6 block: {vpc:?}") };
    assert!(ula.provided);
    let ula = ula.block;
    assert_eq!((ula.addr().octets()[0], ula.prefix_len()), (0xfd, 56));
    let group = &model.groups[&group];
    assert_eq!((group.name.as_str(), group.description.as_str()), ("default", "default VPC security group"));
    let text = |direction| -> BTreeSet<String> {
        group.rules(direction).map(|rule| format!("{} {}", rule.key.service, rule.key.peer)).collect()
    };
    assert_eq!(text(Direction::Inbound), BTreeSet::from([format!("-1 {}", group.id)]));
    assert_eq!(text(Direction::Outbound), BTreeSet::from(["-1 0.0.0.0/0".to_owned(), "-1 ::/0".to_owned()]));
    let numbers: BTreeSet<u32> = group.rules.values().map(|rule| rule.number).collect();
    assert_eq!(numbers, BTreeSet::from([1, 2, 3]));
    assert_eq!(model.numbers.next_rule, 4);
}

#[test]
fn a_group_in_use_stays() {
    let (mut model, vpc, default, mut rng) = first();
    let (web, db) = (group(&model, "web", vpc, &mut rng), group(&model, "db", vpc, &mut rng));
    let (web_id, db_id) = (web.id, db.id);
    model.put_group(web).expect("web is new");
    model.put_group(db).expect("db is new");
    model.put_rules(db_id, [rule(ingress("tcp/5432", &web_id.to_string()), 10, &mut rng)]).expect("a new rule");
    let member = interface(vpc, vec![web_id], &mut rng);
    let member_id = member.id;
    model.put_interface(member).expect("web is a group of the VPC");

    let in_use = ModelError::GroupInUse { id: web_id, interfaces: vec![member_id], groups: vec![db_id] };
    assert_eq!(model.remove_group(web_id), Err(in_use));
    assert_eq!(model.remove_group(default), Err(ModelError::DefaultGroup { id: default }));
    let in_use = model.remove_vpc(vpc).expect_err("the VPC is in use");
    let mut groups = vec![web_id, db_id];
    groups.sort_unstable();
    let subnets: Vec<SubnetId> = model.subnets.keys().copied().collect();
    let parts = subnets.clone();
    assert_eq!(
        in_use,
        ModelError::VpcInUse { id: vpc, subnets: parts, interfaces: vec![member_id], groups, gateway: None }
    );

    // A group that names itself does not hold itself back, and a group can go once nothing names it.
    model.put_rules(db_id, [rule(ingress("-1", &db_id.to_string()), 11, &mut rng)]).expect("a new rule");
    model.remove_group(db_id).expect("only db itself names db");
    model.remove_interface(member_id).expect("it is there");
    model.remove_group(web_id).expect("nothing names web");
    for subnet in subnets {
        model.remove_subnet(subnet).expect("nothing is in it");
    }
    model.remove_vpc(vpc).expect("only the default group is left");
    assert_eq!((model.vpcs.len(), model.groups.len()), (0, 0));
}

#[test]
fn rules_are_put_whole_or_not_at_all() {
    let (mut model, vpc, default, mut rng) = first();
    let before = model.clone();
    let fine = rule(ingress("tcp/80", "10.0.0.0/8"), 20, &mut rng);
    let again = rule(fine.key, 21, &mut rng);
    let refused = model.put_rules(default, [fine.clone(), again]).expect_err("two that allow the same");
    assert!(matches!(refused, ModelError::RuleExists { key, .. } if key == fine.key), "{refused:?}");
    let stranger = GroupId::random(&mut rng);
    let unknown = rule(ingress("tcp/81", &stranger.to_string()), 21, &mut rng);
    let refused = model.put_rules(default, [fine.clone(), unknown]);
    assert_eq!(refused, Err(ModelError::UnknownGroup { id: stranger }));
    let list: PrefixListId = "pl-12345678".parse().expect("an identifier");
    let refused = model.put_rules(default, [rule(ingress("tcp/81", "pl-12345678"), 21, &mut rng)]);
    assert_eq!(refused, Err(ModelError::UnknownPrefixList { id: list }));
    let taken = rule(ingress("tcp/81", "10.0.0.0/8"), 1, &mut rng);
    assert!(matches!(model.put_rules(default, [taken]), Err(ModelError::RuleTaken { number: 1, .. })));
    let foreign = format!("123456789012/{default}");
    let refused = model.put_rules(default, [rule(ingress("tcp/81", &foreign), 21, &mut rng)]);
    assert!(matches!(refused, Err(ModelError::NotTheOwner { .. })), "{refused:?}");

    let new = NewVpc {
        owner: AccountId::default(),
        cidr_blocks: vec!["10.0.0.0/16".parse().expect("a block")],
        ipv6_cidr_blocks: vec![],
        ipv6_provided: false,
        is_default: false,
        tags: Tags::default(),
    };
    let other = before.clone().add_vpc(NewVpc { is_default: true, ..new.clone() }, pool(&BTreeSet::new()), &mut rng);
    assert_eq!(other, Err(ModelError::DefaultVpcExists { holder: vpc }));
    assert_eq!(model, before);
    let owner: AccountId = "123456789012".parse().expect("an account");
    let mut shared = before.clone();
    let of_another = NewVpc { is_default: true, owner, ..new.clone() };
    let of_another = shared.add_vpc(of_another, pool(&BTreeSet::new()), &mut rng).expect("each account has its own");
    assert_eq!(shared.default_vpc(owner).map(|vpc| vpc.id), Some(of_another));
    assert_eq!(shared.default_vpc(AccountId::default()).map(|found| found.id), Some(vpc));
    assert_eq!(shared.check(), Ok(()));

    let other = model.add_vpc(new, pool(&BTreeSet::new()), &mut rng).expect("a second VPC");
    let other_default = model.default_group(other).expect("a default group").id;
    assert_eq!(model.groups[&other_default].rules.len(), 2, "no IPv6 egress without an IPv6 block");
    let crossing = rule(ingress("tcp/81", &other_default.to_string()), 30, &mut rng);
    let refused = model.put_rules(default, [crossing]);
    assert_eq!(refused, Err(ModelError::OtherNetwork { group: other_default, group_vpc: other, vpc }));
    let refused = model.put_interface(interface(vpc, vec![other_default], &mut rng));
    assert_eq!(refused, Err(ModelError::OtherNetwork { group: other_default, group_vpc: other, vpc }));
}

#[test]
fn two_rules_can_swap_what_they_allow() {
    let (mut model, _, default, mut rng) = first();
    let (a, b) = (ingress("tcp/80", "10.0.0.0/8"), ingress("tcp/81", "10.0.0.0/8"));
    let (first, second) = (rule(a, 20, &mut rng), rule(b, 21, &mut rng));
    model.put_rules(default, [first.clone(), second.clone()]).expect("new rules");
    let swapped = [Rule { key: b, ..first.clone() }, Rule { key: a, ..second.clone() }];
    model.put_rules(default, swapped).expect("no two are the same at the end");
    assert_eq!(model.rule(first.id).map(|(_, rule)| rule.key), Some(b));
    assert_eq!(model.groups[&default].rule_by_key(&a).map(|rule| rule.id), Some(second.id));
}

#[test]
fn names_are_unique_whatever_their_case() {
    let (mut model, vpc, default, mut rng) = first();
    let web = group(&model, "web", vpc, &mut rng);
    let holder = web.id;
    model.put_group(web).expect("web is new");
    for (name, holder) in [("WEB", holder), ("web ", holder), ("Default", default)] {
        let again = group(&model, name, vpc, &mut rng);
        let name = again.name.clone();
        assert_eq!(model.put_group(again), Err(ModelError::GroupNameTaken { name, vpc, holder }));
    }
    assert_eq!(model.group_by_name(vpc, "wEb").map(|group| group.id), Some(holder));
    let mut renamed = SecurityGroup::clone(&model.groups[&default]);
    renamed.name = "other".parse().expect("a name");
    assert_eq!(model.put_group(renamed), Err(ModelError::GroupIdentity { id: default }));
}

#[test]
fn interfaces_share_neither_address_nor_device() {
    let (mut model, vpc, default, mut rng) = first();
    let mut web = interface(vpc, vec![default], &mut rng);
    web.addresses = BTreeSet::from(["172.31.0.1".parse().expect("an address")]);
    web.device = Some("eth0".to_owned());
    web.attachment = Some(attachment("eth0", 1));
    let mut rival = web.clone();
    rival.id = InterfaceId::random(&mut rng);
    model.put_interface(web.clone()).expect("a new interface");
    let address = "172.31.0.1".parse().expect("an address");
    assert_eq!(model.put_interface(rival.clone()), Err(ModelError::AddressTaken { address, holder: web.id }));
    rival.addresses.clear();
    let device = "eth0".to_owned();
    assert_eq!(model.put_interface(rival.clone()), Err(ModelError::DeviceTaken { device, holder: web.id }));
    rival.attachment = Some(attachment("eth1", 1));
    rival.device = Some("eth1".to_owned());
    assert_eq!(model.put_interface(rival.clone()), Err(ModelError::AttachmentForm { id: rival.id }));
    rival.attachment = Some(attachment("eth1", 2));
    model.put_interface(rival.clone()).expect("a device and a number of its own");
    assert_eq!(model.interface_by_number(2).map(|interface| interface.id), Some(rival.id));

    // Detached, the record is still found by its device, until another one is attached there.
    web.attachment = None;
    model.put_interface(web.clone()).expect("less than before");
    assert_eq!(model.interface_by_device("eth0").map(|interface| interface.id), Some(web.id));
    rival.attachment = Some(attachment("eth0", 2));
    rival.device = Some("eth0".to_owned());
    model.put_interface(rival.clone()).expect("the device is free");
    assert_eq!(model.interface_by_device("eth0").map(|interface| interface.id), Some(rival.id));
    assert_eq!(model.check(), Ok(()));

    assert_eq!(model.put_interface(interface(vpc, vec![], &mut rng)), Err(ModelError::NoGroups));
    let twice = interface(vpc, vec![default, default], &mut rng);
    assert_eq!(model.put_interface(twice), Err(ModelError::RepeatedGroup { id: default }));
}

#[test]
fn the_rules_of_an_interface_fit_into_a_policy() {
    let (mut model, vpc, default, mut rng) = first();
    let mut ids = Vec::new();
    for name in ["a", "b"] {
        let mut group = group(&model, name, vpc, &mut rng);
        let base = if name == "a" { 1000 } else { 2000 };
        for port in 0..500 {
            let rule = rule(ingress(&format!("tcp/{port}"), "0.0.0.0/0"), base + port, &mut rng);
            group.rules.insert(rule.id, rule);
        }
        ids.push(group.id);
        model.put_group(group).expect("a new group");
    }
    let member = interface(vpc, ids.clone(), &mut rng);
    model.put_interface(member.clone()).expect("1000 rules fit");
    let one_more = rule(ingress("tcp/600", "0.0.0.0/0"), 3000, &mut rng);
    let refused = model.put_rules(ids[0], [one_more]);
    assert_eq!(refused, Err(ModelError::TooManyRules { interface: member.id, count: 1001 }));
    // The other family has room, a group counts in both.
    model.put_rules(ids[0], [rule(ingress("tcp/600", "::/0"), 3000, &mut rng)]).expect("another family");
    let of_group = rule(ingress("tcp/601", &default.to_string()), 3001, &mut rng);
    assert!(matches!(model.put_rules(ids[0], [of_group]), Err(ModelError::TooManyRules { .. })));
    let crowded = NetworkInterface { groups: vec![ids[0], ids[1], default], ..member };
    assert!(matches!(model.put_interface(crowded), Err(ModelError::TooManyRules { .. })));
}

#[test]
fn a_prefix_list_counts_for_what_it_is_made_for() {
    let (mut model, vpc, default, mut rng) = first();
    let mut offices = prefix_list("offices", Family::Ipv4, 900, &["10.0.0.0/8"], &mut rng);
    let peer = offices.id.to_string();
    model.put_prefix_list(offices.clone()).expect("a new list");
    let member = interface(vpc, vec![default], &mut rng);
    model.put_interface(member.clone()).expect("a new interface");
    model.put_rules(default, [rule(ingress("tcp/80", &peer), 10, &mut rng)]).expect("900 and one fit");
    assert_eq!(model.groups[&default].rule_count(Direction::Inbound, Family::Ipv4, &model.prefix_lists), 901);
    assert_eq!(model.groups[&default].rule_count(Direction::Inbound, Family::Ipv6, &model.prefix_lists), 1);
    let again = model.put_rules(default, [rule(ingress("tcp/81", &peer), 11, &mut rng)]);
    assert_eq!(again, Err(ModelError::TooManyRules { interface: member.id, count: 1801 }));

    // It grows as far as its rules leave room, and shrinks as far as its entries do.
    offices.max_entries = 999;
    model.put_prefix_list(offices.clone()).expect("999 and one fit");
    offices.max_entries = 1000;
    let before = model.clone();
    let refused = model.put_prefix_list(offices.clone());
    assert_eq!(refused, Err(ModelError::TooManyRules { interface: member.id, count: 1001 }));
    offices.max_entries = 0;
    assert!(matches!(model.put_prefix_list(offices.clone()), Err(ModelError::PrefixList(_))));
    offices.max_entries = 1;
    let turned = PrefixList { family: Family::Ipv6, entries: BTreeMap::new(), ..offices.clone() };
    assert_eq!(model.put_prefix_list(turned), Err(ModelError::PrefixListIdentity { id: offices.id }));
    assert_eq!(model, before);
    model.put_prefix_list(offices.clone()).expect("one entry is all that it has");

    let in_use = ModelError::PrefixListInUse { id: offices.id, groups: vec![default] };
    assert_eq!(model.remove_prefix_list(offices.id), Err(in_use));
    let named = model.clone();
    let rules: BTreeSet<RuleId> = model.groups[&default].rules.keys().copied().collect();
    model.remove_rules(default, &rules).expect("they are there");
    assert_eq!(model.remove_prefix_list(offices.id).map(|list| list.id), Ok(offices.id));
    assert_eq!(model.remove_prefix_list(offices.id), Err(ModelError::UnknownPrefixList { id: offices.id }));

    let mut orphan = named;
    orphan.prefix_lists.clear();
    assert!(orphan.check().expect_err("broken").contains("which does not exist"));
    let mut overfull = model.clone();
    offices.max_entries = 0;
    overfull.prefix_lists.insert(offices.id, Arc::new(offices));
    assert!(overfull.check().expect_err("broken").contains("between 1 and 1000"));
}

#[test]
fn numbers_rest_before_they_come_again() {
    let (mut model, _, default, mut rng) = first();
    let busy = BTreeSet::from([5]);
    let pool = NumberPool { last: 8, busy: &busy };
    assert_eq!(model.take_rule_numbers(2, pool), Ok(vec![4, 6]));
    // Neither was used, and still they come last.
    assert_eq!(model.take_rule_numbers(3, pool), Ok(vec![7, 8, 4]));
    let before = model.numbers;
    assert_eq!(model.take_rule_numbers(5, pool), Err(OutOfNumbers { last: 8 }));
    assert_eq!(model.numbers, before);
    model.put_rules(default, [rule(ingress("tcp/80", "10.0.0.0/8"), 6, &mut rng)]).expect("a new rule");
    assert_eq!(model.take_rule_numbers(3, pool), Ok(vec![7, 8, 4]));
    assert_eq!(model.take_rule_numbers(4, pool), Err(OutOfNumbers { last: 8 }));
}

#[test]
fn the_check_sees_what_operations_refuse() {
    let (model, vpc, default, mut rng) = first();
    let broken = |change: &dyn Fn(&mut SecurityGroup)| {
        let mut model = model.clone();
        let mut group = SecurityGroup::clone(&model.groups[&default]);
        change(&mut group);
        model.groups.insert(default, Arc::new(group));
        model.check().expect_err("broken")
    };
    assert!(broken(&|group| group.vpc = "vpc-00000000".parse().expect("an id")).contains("does not exist"));
    assert!(broken(&|group| group.name = "web".parse().expect("a name")).contains("has no default group"));
    assert!(broken(&|group| group.id = "sg-00000000".parse().expect("an id")).contains("stored as"));
    let each = |change: fn(&mut Rule)| broken(&|group| group.rules.values_mut().for_each(change));
    assert!(each(|rule| rule.number = 7).contains("taken"));
    assert!(each(|rule| rule.number = 0).contains("0 or taken"));
    assert!(each(|rule| rule.key = ingress("tcp/80", "10.0.0.0/8")).contains("allows the same"));
    let one = |change: fn(&mut Rule)| broken(&|group| group.rules.values_mut().take(1).for_each(change));
    assert!(one(|rule| rule.key.peer = "sg-00000000".parse().expect("a peer")).contains("does not exist"));
    assert!(one(|rule| rule.key.service = Service::Other(6)).contains("not canonical"));
    let host_bits = |rule: &mut Rule| rule.key.peer = Peer::Ipv4("10.0.0.1/8".parse().expect("a block"));
    assert!(one(host_bits).contains("not canonical"));

    let mut orphan = model.clone();
    let stray = interface(vpc, vec![GroupId::random(&mut rng)], &mut rng);
    orphan.interfaces.insert(stray.id, Arc::new(stray));
    assert!(orphan.check().expect_err("broken").contains("does not exist"));
    let mut second = model.clone();
    let mut twin = Vpc::clone(&model.vpcs[&vpc]);
    twin.id = VpcId::random(&mut rng);
    second.vpcs.insert(twin.id, Arc::new(twin));
    assert!(second.check().is_err());
}

#[test]
fn operations_keep_the_invariants_or_change_nothing() {
    let seen = RefCell::new((BTreeMap::<&str, (u32, u32)>::new(), HashSet::<Discriminant<ModelError>>::new()));
    let config = ProptestConfig { cases: 256, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&vec(operation(), 0..60), |operations| {
        let mut rng = rng();
        let mut model = Model::new_with_default_vpc(&mut rng);
        for operation in operations {
            let before = model.clone();
            let result = run(&mut model, operation.clone(), &mut rng);
            prop_assert_eq!(model.check(), Ok(()), "after {:?}", operation);
            let (outcomes, errors) = &mut *seen.borrow_mut();
            let (done, refused) = outcomes.entry(kind(&operation)).or_default();
            match result {
                Ok(()) => *done += 1,
                Err(error) => {
                    *refused += 1;
                    errors.insert(std::mem::discriminant(&error));
                    prop_assert_eq!(&model, &before, "refused with {:?}, and changed", error);
                }
            }
        }
        Ok(())
    });
    result.expect("the invariants hold");
    let (outcomes, errors) = seen.into_inner();
    assert_eq!(outcomes.len(), 11);
    for (name, (done, refused)) in outcomes {
        assert!(done > 0, "{name} was never done");
        // To detach or to remove what is there cannot be refused.
        let always = ["detach", "remove-rules", "remove-interface"].contains(&name);
        assert!(always || refused > 0, "{name} was never refused");
    }
    assert!(errors.len() >= 10, "only {} kinds of refusal", errors.len());
}

fn kind(operation: &Operation) -> &'static str {
    match operation {
        Operation::AddVpc { .. } => "add-vpc",
        Operation::RemoveVpc { .. } => "remove-vpc",
        Operation::PutGroup { .. } => "put-group",
        Operation::RemoveGroup { .. } => "remove-group",
        Operation::PutRule(_) => "put-rule",
        Operation::RemoveRules { .. } => "remove-rules",
        Operation::PutPrefixList(_) => "put-prefix-list",
        Operation::RemovePrefixList { .. } => "remove-prefix-list",
        Operation::PutInterface(_) => "put-interface",
        Operation::Detach { .. } => "detach",
        Operation::RemoveInterface { .. } => "remove-interface",
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn changes_lead_from_one_model_to_the_other(before in model(), after in model()) {
        let mut model = before.clone();
        model.apply_changes(&before.changes(&after));
        prop_assert_eq!(&model, &after);
        prop_assert!(after.changes(&model).is_empty());
        model.apply_changes(&after.changes(&before));
        prop_assert_eq!(model, before);
    }

    #[test]
    fn changes_survive_json(before in model(), after in model()) {
        let changes = before.changes(&after);
        let text = serde_json::to_string(&changes).expect("changes have a JSON form");
        prop_assert_eq!(serde_json::from_str::<Vec<Change>>(&text).expect("its own JSON"), changes);
    }
}
