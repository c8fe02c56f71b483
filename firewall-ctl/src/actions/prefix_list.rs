//! Actions on prefix lists.
//!
//! The service does these in the background, and tells in a list's state whether it could. Here an action is done when it is
//! answered, and one that can't be done is refused.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::filter::Filters;
use super::page::Page;
use super::request::Response;
use super::types::*;
use super::{convert, idempotency, lookup, quota, refusal, wire};
use crate::model::{
    EntryDescription, Family, MAX_PREFIX_LIST_ENTRIES, Model, PrefixList, PrefixListEntries, PrefixListId,
    PrefixListName, PrefixListState, Quotas, parse_ipv4_cidr, parse_ipv6_cidr,
};
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most entries that come or go with one request, as in the service.
const ENTRIES_PER_REQUEST: usize = 100;

pub(super) fn create(mut request: CreateManagedPrefixList, context: Context<'_>) -> Result<Outcome, ApiError> {
    let client_token = idempotency::token(&mut request)?;
    let CreateManagedPrefixList {
        prefix_list_name,
        entries,
        max_entries,
        tag_specifications,
        address_family,
        client_token: _,
        dry_run: _,
    } = request;
    let Context { model, quotas, account, region, rng, .. } = context;
    let name: PrefixListName = lookup::required("PrefixListName", prefix_list_name)?.parse()?;
    let size = size(max_entries.ok_or_else(|| ApiError::missing("MaxEntries"))?, quotas)?;
    let family = family(&lookup::required("AddressFamily", address_family)?)?;
    check_count(entries.len())?;
    let tags = convert::tags(tag_specifications, "prefix-list")?;
    let own = model.prefix_lists.values().filter(|list| list.owner == account);
    if let Some(list) = idempotency::made_before(client_token.as_ref(), own, |list| list.client_token.as_ref())? {
        return Ok(Outcome::unchanged(answer(list, region)));
    }
    let entries = added(PrefixListEntries::new(), family, entries)?;
    check_room(&entries, size)?;
    if model.prefix_lists.len() >= quotas.prefix_lists as usize {
        let detail = format!("There are {}; the limit is {}.", model.prefix_lists.len(), quotas.prefix_lists);
        let message = "The maximum number of prefix lists has been reached.";
        return Err(ApiError::new(ErrorCode::PrefixListLimitExceeded, message).with_detail(detail));
    }
    let mut list = PrefixList::new(PrefixListId::random(rng), name, account, family, size, entries);
    list.tags = tags;
    list.client_token = client_token;
    put(model, list, region)
}

pub(super) fn modify(request: ModifyManagedPrefixList, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let ModifyManagedPrefixList {
        prefix_list_id,
        current_version,
        prefix_list_name,
        add_entries,
        remove_entries,
        max_entries,
        dry_run: _,
    } = request;
    let Context { model, quotas, region, .. } = context;
    let id = lookup::required("PrefixListId", prefix_list_id)?;
    let name = lookup::present(prefix_list_name).map(|name| name.parse::<PrefixListName>()).transpose()?;
    let has_entries = !add_entries.is_empty() || !remove_entries.is_empty();
    if has_entries && max_entries.is_some() {
        let message = "You cannot modify the entries and the maximum entries for the prefix list in the same request.";
        return Err(ApiError::new(ErrorCode::InvalidParameterCombination, message)
            .with_detail("Make it larger first, and add the entries then; or take entries away first."));
    }
    if !has_entries && max_entries.is_none() && name.is_none() {
        return Err(ApiError::missing("PrefixListName, AddEntries, RemoveEntries or MaxEntries"));
    }
    check_count(add_entries.len())?;
    check_count(remove_entries.len())?;
    let size = max_entries.map(|size| self::size(size, quotas)).transpose()?;
    let current_version = current_version.map(version).transpose()?;
    let list = lookup::prefix_list(model, &id)?;
    check_version(list, current_version)?;
    let mut next = PrefixList::clone(list);
    if has_entries {
        let entries = removed(list.entries.clone(), list.family, remove_entries)?;
        let entries = added(entries, list.family, add_entries)?;
        check_room(&entries, list.max_entries)?;
        next = list.with_entries(entries, quotas.versions_per_prefix_list);
    }
    if let Some(size) = size {
        if list.entries.len() > size as usize {
            let message = format!("The list has {} entries and can't be made for {size}.", list.entries.len());
            return Err(ApiError::value(message));
        }
        quota::list_size(model, quotas, list.id, size)?;
        next.max_entries = size;
    }
    next.name = name.unwrap_or(next.name);
    next.state = PrefixListState::ModifyComplete;
    put(model, next, region)
}

pub(super) fn restore(request: RestoreManagedPrefixListVersion, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let RestoreManagedPrefixListVersion { prefix_list_id, previous_version, current_version, dry_run: _ } = request;
    let Context { model, quotas, region, .. } = context;
    let id = lookup::required("PrefixListId", prefix_list_id)?;
    let previous = version(previous_version.ok_or_else(|| ApiError::missing("PreviousVersion"))?)?;
    let current = version(current_version.ok_or_else(|| ApiError::missing("CurrentVersion"))?)?;
    let list = lookup::prefix_list(model, &id)?;
    check_version(list, Some(current))?;
    let entries = entries_of(list, previous)?;
    check_room(&entries, list.max_entries)?;
    let mut next = list.with_entries(entries, quotas.versions_per_prefix_list);
    next.state = PrefixListState::RestoreComplete;
    put(model, next, region)
}

pub(super) fn delete(request: DeleteManagedPrefixList, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DeleteManagedPrefixList { prefix_list_id, dry_run: _ } = request;
    let model = context.model;
    let id = lookup::prefix_list(model, &lookup::required("PrefixListId", prefix_list_id)?)?.id;
    let mut next = model.clone();
    let list = next.remove_prefix_list(id).map_err(|error| refusal::refused(model, error))?;
    let mut list = PrefixList::clone(&list);
    list.state = PrefixListState::DeleteComplete;
    Ok(Outcome::changed(answer(&list, context.region), next))
}

/// The list in the place of the one that has its id.
fn put(model: &Model, list: PrefixList, region: &str) -> Result<Outcome, ApiError> {
    let response = answer(&list, region);
    if model.prefix_lists.get(&list.id).is_some_and(|known| **known == list) {
        return Ok(Outcome::unchanged(response));
    }
    let mut next = model.clone();
    next.put_prefix_list(list).map_err(|error| refusal::refused(model, error))?;
    Ok(Outcome::changed(response, next))
}

fn answer(list: &PrefixList, region: &str) -> Response {
    Response::ManagedPrefixList(ManagedPrefixListResult { prefix_list: wire::prefix_list(list, region) })
}

fn size(size: i64, quotas: &Quotas) -> Result<u32, ApiError> {
    let most = quotas.entries_per_prefix_list.min(MAX_PREFIX_LIST_ENTRIES);
    let refusal = || ApiError::value(format!("Must specify a max size between 1 and {most}"));
    u32::try_from(size).ok().filter(|size| (1..=most).contains(size)).ok_or_else(refusal)
}

fn family(text: &str) -> Result<Family, ApiError> {
    text.parse().map_err(|_| {
        let message = format!("Value ({text}) for parameter AddressFamily is invalid.");
        ApiError::value(message).with_detail("It is IPv4 or IPv6.")
    })
}

/// A number that can be a version.
fn version(number: i64) -> Result<u64, ApiError> {
    let message = "The specified value for version is not valid. The value must be greater than (1).";
    u64::try_from(number).ok().filter(|number| *number > 0).ok_or_else(|| {
        ApiError::value(message).with_detail(format!("It is {number}, and the first version of a list is 1."))
    })
}

fn check_version(list: &PrefixList, current: Option<u64>) -> Result<(), ApiError> {
    let Some(given) = current.filter(|given| *given != list.version) else { return Ok(()) };
    let message = "The prefix list has the incorrect version number.";
    let detail = format!("It has version {}, not {given}: somebody else has changed it.", list.version);
    Err(ApiError::new(ErrorCode::PrefixListVersionMismatch, message).with_detail(detail))
}

fn check_count(count: usize) -> Result<(), ApiError> {
    if count <= ENTRIES_PER_REQUEST {
        return Ok(());
    }
    let message = format!("The number of entries per request cannot exceeds limit ({ENTRIES_PER_REQUEST}).");
    Err(ApiError::value(message).with_detail(format!("There are {count}: add the rest with further requests.")))
}

fn check_room(entries: &PrefixListEntries, size: u32) -> Result<(), ApiError> {
    if entries.len() <= size as usize {
        return Ok(());
    }
    let message = "The maximum number of entries for the prefix list has been reached.";
    let detail = format!("It would have {} entries and is made for {size}: MaxEntries changes that.", entries.len());
    Err(ApiError::new(ErrorCode::PrefixListMaxEntriesExceeded, message).with_detail(detail))
}

/// The entries of a version that is kept.
fn entries_of(list: &PrefixList, version: u64) -> Result<PrefixListEntries, ApiError> {
    list.entries_of(version).ok_or_else(|| {
        let known = list.versions();
        let message = format!("The version {version} of the prefix list '{}' does not exist.", list.id);
        ApiError::value(message).with_detail(format!("Known are {} to {}.", known.start(), known.end()))
    })
}

fn removed(
    mut entries: PrefixListEntries,
    family: Family,
    wanted: Vec<RemovePrefixListEntry>,
) -> Result<PrefixListEntries, ApiError> {
    let mut seen = BTreeSet::new();
    for RemovePrefixListEntry { cidr } in wanted {
        let net = block(cidr, family)?;
        once(&mut seen, net)?;
        if entries.remove(&net).is_none() {
            let message = format!("An entry with the CIDR ({net}) does not exist.");
            return Err(ApiError::new(ErrorCode::InvalidPrefixListModification, message));
        }
    }
    Ok(entries)
}

fn added(
    mut entries: PrefixListEntries,
    family: Family,
    wanted: Vec<AddPrefixListEntry>,
) -> Result<PrefixListEntries, ApiError> {
    let mut seen = BTreeSet::new();
    for AddPrefixListEntry { cidr, description } in wanted {
        let net = block(cidr, family)?;
        let description = lookup::present(description).map(|text| text.parse::<EntryDescription>()).transpose()?;
        once(&mut seen, net)?;
        if let Some(known) = entries.get(&net) {
            let has = known.as_ref().map(ToString::to_string).unwrap_or_default();
            let message = format!("An entry with the CIDR ({net}) and description ({has}) already exists.");
            let detail = "To change its description, name it in RemoveEntries, too.";
            return Err(ApiError::new(ErrorCode::InvalidPrefixListModification, message).with_detail(detail));
        }
        entries.insert(net, description);
    }
    Ok(entries)
}

fn once(seen: &mut BTreeSet<IpNet>, net: IpNet) -> Result<(), ApiError> {
    if seen.insert(net) {
        Ok(())
    } else {
        Err(ApiError::value(format!("The entry with the CIDR ({net}) is specified more than once.")))
    }
}

/// A block of a list's family, without bits behind its prefix.
fn block(cidr: Option<String>, family: Family) -> Result<IpNet, ApiError> {
    let text = lookup::required("Cidr", cidr)?;
    let net = match family {
        Family::Ipv4 => parse_ipv4_cidr(&text).map(IpNet::V4),
        Family::Ipv6 => parse_ipv6_cidr(&text).map(IpNet::V6),
    };
    net.map_err(|error| {
        let of_other = match family {
            Family::Ipv4 => parse_ipv6_cidr(&text).is_ok(),
            Family::Ipv6 => parse_ipv4_cidr(&text).is_ok(),
        };
        let refusal = convert::malformed_cidr(&error, family == Family::Ipv6);
        if of_other { refusal.with_detail(format!("The list is of {family}.")) } else { refusal }
    })
}

/// Filters of DescribeManagedPrefixLists.
const FILTERS: [&str; 3] = ["owner-id", "prefix-list-id", "prefix-list-name"];

pub(super) fn describe(mut request: DescribeManagedPrefixLists, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let DescribeManagedPrefixLists { prefix_list_ids, filters, max_results: _, next_token: _, dry_run: _ } = request;
    let lists = listed(context.model, &prefix_list_ids, Filters::new(filters, &FILTERS)?)?;
    let (lists, next_token) = page.cut(lists, |list| list.id);
    let prefix_lists = lists.into_iter().map(|list| wire::prefix_list(list, context.region)).collect();
    let answer = DescribeManagedPrefixListsResult { next_token, prefix_lists };
    Ok(Outcome::unchanged(Response::DescribeManagedPrefixLists(answer)))
}

/// Filters of DescribePrefixLists.
const BLOCK_FILTERS: [&str; 2] = ["prefix-list-id", "prefix-list-name"];

pub(super) fn describe_blocks(mut request: DescribePrefixLists, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let DescribePrefixLists { prefix_list_ids, filters, max_results: _, next_token: _, dry_run: _ } = request;
    let lists = listed(context.model, &prefix_list_ids, Filters::new(filters, &BLOCK_FILTERS)?)?;
    let (lists, next_token) = page.cut(lists, |list| list.id);
    let prefix_lists = lists.into_iter().map(|list| wire::prefix_list_blocks(list)).collect();
    Ok(Outcome::unchanged(Response::DescribePrefixLists(DescribePrefixListsResult { next_token, prefix_lists })))
}

/// The lists that a request asks for, by id.
fn listed<'a>(
    model: &'a Model,
    ids: &[String],
    filters: Filters,
) -> Result<impl Iterator<Item = &'a Arc<PrefixList>>, ApiError> {
    let wanted = ids.iter().map(|id| lookup::prefix_list(model, id).map(|list| list.id));
    let wanted = wanted.collect::<Result<BTreeSet<_>, _>>()?;
    let lists = model.prefix_lists.values().filter(move |list| wanted.is_empty() || wanted.contains(&list.id));
    Ok(lists.filter(move |list| filters.accept(&list.tags, |name| values(list, name))))
}

fn values(list: &PrefixList, filter: &str) -> Vec<String> {
    match filter {
        "owner-id" => vec![list.owner.to_string()],
        "prefix-list-id" => vec![list.id.to_string()],
        "prefix-list-name" => vec![list.name.to_string()],
        _ => Vec::new(),
    }
}

pub(super) fn entries(mut request: GetManagedPrefixListEntries, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let GetManagedPrefixListEntries { prefix_list_id, target_version, max_results: _, next_token: _, dry_run: _ } =
        request;
    let id = lookup::required("PrefixListId", prefix_list_id)?;
    let target = target_version.map(version).transpose()?;
    let list = lookup::prefix_list(context.model, &id)?;
    let entries = entries_of(list, target.unwrap_or(list.version))?;
    let (entries, next_token) = page.cut(entries, |(net, _)| *net);
    let entries = entries.into_iter().map(|(net, description)| PrefixListEntry {
        cidr: net.to_string(),
        description: description.as_ref().map(ToString::to_string),
    });
    let answer = GetManagedPrefixListEntriesResult { entries: entries.collect(), next_token };
    Ok(Outcome::unchanged(Response::GetManagedPrefixListEntries(answer)))
}

pub(super) fn associations(
    mut request: GetManagedPrefixListAssociations,
    context: &Context<'_>,
) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let GetManagedPrefixListAssociations { prefix_list_id, max_results: _, next_token: _, dry_run: _ } = request;
    let model = context.model;
    let list = lookup::prefix_list(model, &lookup::required("PrefixListId", prefix_list_id)?)?;
    let (groups, next_token) = page.cut(model.groups_naming(list.id), |group| group.id);
    let association = |group: &Arc<crate::model::SecurityGroup>| PrefixListAssociation {
        resource_id: group.id.to_string(),
        resource_owner: group.owner.to_string(),
    };
    let answer = GetManagedPrefixListAssociationsResult {
        prefix_list_associations: groups.into_iter().map(association).collect(),
        next_token,
    };
    Ok(Outcome::unchanged(Response::GetManagedPrefixListAssociations(answer)))
}
