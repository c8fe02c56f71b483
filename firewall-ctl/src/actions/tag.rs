//! Actions on tags. What a resource is, its id says: each kind has one line in the table.

use super::context::{Context, Outcome};
use super::error::{ApiError, ErrorCode};
use super::filter::Filters;
use super::page::Page;
use super::request::Response;
use super::types::*;
use super::{convert, lookup, refusal};
use crate::model::{
    GroupId, InstanceId, InterfaceId, InternetGatewayId, Model, PrefixListId, RuleId, SubnetId, TagError, Tags, VpcId,
};

/// Most resources of a request, as in the service.
const MAX_RESOURCES: usize = 1000;
/// Most tags of a deletion, as in the service.
const MAX_TAG_CHOICES: usize = 1000;

/// A resource with its tags.
struct Tagged<'a> {
    kind: &'static str,
    id: String,
    tags: &'a Tags,
}

/// The kinds of resources that have tags: what an id begins with, its type as the service calls it, the table of the model,
/// what finds one there, and what puts another value in its place.
macro_rules! taggable {
    ($($id:ident $kind:literal $table:ident $find:ident $put:ident;)*) => {
        /// What ids of resources with tags begin with.
        const PREFIXES: &[&str] = &[$($id::PREFIX,)* RuleId::PREFIX];

        /// Changes the tags of the resource that an id names.
        fn edit(model: &mut Model, id: &str, change: Change<'_>) -> Result<(), ApiError> {
            $(if id.starts_with($id::PREFIX) {
                let known = lookup::$find(model, id)?;
                let mut tags = known.tags.clone();
                change(&mut tags)?;
                if tags != known.tags {
                    let mut value = known.as_ref().clone();
                    value.tags = tags;
                    model.$put(value).map_err(|error| refusal::refused(model, error))?;
                }
                return Ok(());
            })*
            edit_rule(model, id, change)
        }

        /// All resources.
        fn all(model: &Model) -> impl Iterator<Item = Tagged<'_>> {
            let rules = model.groups.values().flat_map(|group| group.rules.values());
            let rules = rules.map(|rule| tagged("security-group-rule", &rule.id, &rule.tags));
            rules$(.chain(model.$table.values().map(|value| tagged($kind, &value.id, &value.tags))))*
        }
    };
}

taggable! {
    VpcId "vpc" vpcs vpc update_vpc;
    GroupId "security-group" groups group put_group;
    PrefixListId "prefix-list" prefix_lists prefix_list put_prefix_list;
    InterfaceId "network-interface" interfaces interface put_interface;
    SubnetId "subnet" subnets subnet put_subnet;
    InstanceId "instance" instances instance put_instance;
    InternetGatewayId "internet-gateway" internet_gateways gateway put_gateway;
}

/// What becomes of the tags of a resource.
type Change<'a> = &'a dyn Fn(&mut Tags) -> Result<(), TagError>;

fn tagged<'a>(kind: &'static str, id: &dyn ToString, tags: &'a Tags) -> Tagged<'a> {
    // Most of a large model has none, and a text for each id is what listing them would cost.
    let id = if tags.is_empty() { String::new() } else { id.to_string() };
    Tagged { kind, id, tags }
}

/// Changes the tags of a rule, which lives in its group.
fn edit_rule(model: &mut Model, id: &str, change: Change<'_>) -> Result<(), ApiError> {
    if !id.starts_with(RuleId::PREFIX) {
        let detail = format!("Ids of what has tags begin with {}.", PREFIXES.join(", "));
        return Err(ApiError::new(ErrorCode::InvalidId, format!("The ID '{id}' is not valid")).with_detail(detail));
    }
    let id = lookup::rule_id(id)?;
    let (group, rule) = model.rule(id).ok_or_else(|| lookup::rule_not_found(id))?;
    let (group, mut value) = (group.id, rule.clone());
    change(&mut value.tags)?;
    if value != *rule {
        model.put_rules(group, [value]).map_err(|error| refusal::refused(model, error))?;
    }
    Ok(())
}

/// Changes the tags of resources, all or none.
fn edit_all(model: &Model, resources: &[String], change: Change<'_>) -> Result<Outcome, ApiError> {
    let mut next = model.clone();
    // What is not there is told before a limit of what is.
    for id in resources {
        edit(&mut next, id, &|_| Ok(()))?;
    }
    for id in resources {
        edit(&mut next, id, change)?;
    }
    let response = Response::Done(Done {});
    if model.changes(&next).is_empty() {
        Ok(Outcome::unchanged(response))
    } else {
        Ok(Outcome::changed(response, next))
    }
}

fn check_resources(resources: &[String]) -> Result<(), ApiError> {
    if resources.is_empty() {
        return Err(ApiError::missing("Resources"));
    }
    if resources.len() > MAX_RESOURCES {
        let message = format!("The number of resources per request cannot exceed {MAX_RESOURCES}.");
        return Err(ApiError::value(message).with_detail(format!("There are {}.", resources.len())));
    }
    Ok(())
}

pub(super) fn create(request: CreateTags, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let CreateTags { resources, tags, dry_run: _ } = request;
    check_resources(&resources)?;
    if tags.is_empty() {
        return Err(ApiError::missing("Tags"));
    }
    let wanted = convert::tag_set(tags)?;
    let set = |tags: &mut Tags| wanted.iter().try_for_each(|(key, value)| tags.set(key, value));
    edit_all(context.model, &resources, &set)
}

pub(super) fn delete(request: DeleteTags, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let DeleteTags { resources, tags: choices, dry_run: _ } = request;
    check_resources(&resources)?;
    if choices.len() > MAX_TAG_CHOICES {
        let message = format!("The number of tags per request cannot exceed {MAX_TAG_CHOICES}.");
        return Err(ApiError::value(message).with_detail(format!("There are {}.", choices.len())));
    }
    let choice = |TagChoice { key, value }| Ok((lookup::required("Key", key)?, value));
    let choices = choices.into_iter().map(choice).collect::<Result<Vec<(String, Option<String>)>, ApiError>>()?;
    let clear = |tags: &mut Tags| {
        if choices.is_empty() {
            tags.clear();
        }
        for (key, value) in &choices {
            if value.is_none() || tags.get(key) == value.as_deref() {
                tags.remove(key);
            }
        }
        Ok(())
    };
    edit_all(context.model, &resources, &clear)
}

/// Filters of DescribeTags.
const FILTERS: [&str; 4] = ["key", "resource-id", "resource-type", "value"];

pub(super) fn describe(mut request: DescribeTags, context: &Context<'_>) -> Result<Outcome, ApiError> {
    let page = Page::of(&mut request)?;
    let DescribeTags { filters, max_results: _, next_token: _, dry_run: _ } = request;
    let filters = Filters::new(filters, &FILTERS)?;
    let mut found: Vec<TagDescription> = Vec::new();
    for Tagged { kind, id, tags } in all(context.model) {
        for (key, value) in tags.iter() {
            let values = |filter: &str| match filter {
                "key" => vec![key.to_owned()],
                "resource-id" => vec![id.clone()],
                "resource-type" => vec![kind.to_owned()],
                "value" => vec![value.to_owned()],
                _ => Vec::new(),
            };
            // A filter on a tag is about this one, and not about another one of the resource.
            if filters.accept(&Tags::single(key, value), values) {
                let (key, value) = (key.to_owned(), value.to_owned());
                found.push(TagDescription { key, resource_id: id.clone(), resource_type: kind.to_owned(), value });
            }
        }
    }
    found.sort_by(|one, other| key_of(one).cmp(&key_of(other)));
    let (tags, next_token) = page.cut(found, |tag| (tag.resource_id.clone(), tag.key.clone()));
    Ok(Outcome::unchanged(Response::DescribeTags(DescribeTagsResult { next_token, tags })))
}

fn key_of(tag: &TagDescription) -> (&str, &str) {
    (&tag.resource_id, &tag.key)
}
