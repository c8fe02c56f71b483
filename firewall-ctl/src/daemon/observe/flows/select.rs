//! Which flows a request means.

use super::{Interfaces, Seen, at_most, chosen, rule_id, token};
use crate::actions::types::{FLOW_FILTERS, Filter, FlushFlows};
use crate::actions::{ApiError, ErrorCode};
use crate::compile::memory::FlowKey;
use crate::daemon::enforcer::Observer;
use crate::daemon::lockout::SshConnection;
use crate::model::{Model, Protocol, RuleId};
use firewall_common::flow::State;
use firewall_common::verdict::Direction;
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Flows that are cut in one go, unless the request says otherwise: some milliseconds of work.
const CHUNK: u32 = 8_192;
/// The most that are.
const LARGEST_CHUNK: u32 = 65_536;

/// Flows to be cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// How many were chosen.
    pub matched: u64,
    /// Of these, those to be cut now.
    pub keys: Vec<FlowKey>,
    /// The one that the caller comes by, if it is chosen.
    pub own: Option<SshConnection>,
    /// Where to go on after these.
    pub next_token: Option<String>,
    /// Nothing is to be cut.
    pub dry_run: bool,
}

/// Chooses flows to be cut; those that are cut already are left out.
///
/// # Errors
/// The request is malformed, chooses nothing, or names what is not there, or the kernel refuses.
pub fn select(
    model: &Model,
    observer: &dyn Observer,
    request: FlushFlows,
    caller: Option<&SshConnection>,
) -> Result<Selected, ApiError> {
    let FlushFlows {
        device,
        network_interface_id,
        peer,
        port,
        protocol,
        security_group_rule_id,
        all,
        dry_run,
        max_results,
        next_token,
    } = request;
    let texts = [("peer", peer), ("port", port), ("protocol", protocol), ("rule-id", security_group_rule_id)];
    let chooses = device.is_some() || network_interface_id.is_some() || texts.iter().any(|(_, text)| text.is_some());
    match (chooses, all) {
        (false, false) => {
            return Err(ApiError::new(ErrorCode::MissingParameter, "Nothing says which flows are meant.")
                .with_detail("Name a device, a peer, a port, a protocol or a rule, or say that all are meant: --all"));
        }
        (true, true) => {
            let message = "The parameter All cannot be used with one that chooses flows";
            return Err(ApiError::new(ErrorCode::InvalidParameterCombination, message));
        }
        (true, false) | (false, true) => {}
    }
    let ids: Vec<String> = network_interface_id.into_iter().collect();
    let interfaces = Interfaces::new(chosen(model, device.as_deref(), &ids)?);
    let filters = texts
        .into_iter()
        .filter_map(|(name, text)| text.map(|text| Filter { name: Some(name.to_owned()), values: vec![text] }));
    let tests = Tests::of_filters(filters.collect(), model)?;
    let room = at_most(max_results, CHUNK, LARGEST_CHUNK)?;
    let now = observer.now();
    let until = next_token.as_deref().map_or(Ok(now), token::tick)?;
    let mut selected = Selected { matched: 0, keys: Vec::new(), own: None, next_token: None, dry_run };
    observer.each_flow(&mut |key, flow| {
        let seen = Seen::new(&key, &flow);
        let is_meant = seen.created <= until
            && seen.word.state() != State::Cut
            && interfaces.alive(&seen, now).is_some()
            && tests.accept(&seen, model);
        if !is_meant {
            return;
        }
        selected.matched += 1;
        if selected.keys.len() < room {
            selected.keys.push(key);
        }
        if let Some(caller) = caller.filter(|caller| seen.is_of(caller)) {
            selected.own = Some(*caller);
        }
    })?;
    let has_more = selected.matched > selected.keys.len() as u64;
    selected.next_token = (has_more && !dry_run).then(|| token::of_tick(until));
    Ok(selected)
}

/// What flows have to be: each of these.
pub(super) struct Tests(Vec<Test>);

/// One of several values.
enum Test {
    Peer(Vec<IpNet>),
    Port(Vec<RangeInclusive<u16>>),
    Protocol(Vec<u8>),
    State(Vec<String>),
    Rule(Vec<RuleWish>),
    Direction(Vec<Direction>),
}

/// Which rule admitted a flow.
enum RuleWish {
    /// This one.
    Is(RuleId),
    /// One that there is no more.
    Revoked,
}

/// Word of the filter `state` for flows that no rule allows.
const DENIED: &str = "denied";
/// Word of the filter `rule-id` for flows whose rule is gone.
const REVOKED: &str = "revoked";

impl Tests {
    /// Reads filters.
    pub(super) fn of_filters(filters: Vec<Filter>, model: &Model) -> Result<Self, ApiError> {
        filters.into_iter().map(|filter| test(filter, model)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a flow is meant.
    pub(super) fn accept(&self, seen: &Seen, model: &Model) -> bool {
        self.0.iter().all(|test| match test {
            Test::Peer(nets) => nets.iter().any(|net| net.contains(&seen.remote.0)),
            Test::Port(ranges) => seen.service().is_some_and(|port| ranges.iter().any(|range| range.contains(&port))),
            Test::Protocol(numbers) => numbers.contains(&seen.protocol),
            Test::State(words) => {
                words.iter().any(|word| word == seen.word.state().name() || (word == DENIED && seen.word.is_denied()))
            }
            Test::Rule(wishes) => wishes.iter().any(|wish| match wish {
                RuleWish::Is(id) => rule_id(model, seen.rule) == Some(*id),
                RuleWish::Revoked => seen.rule != 0 && rule_id(model, seen.rule).is_none(),
            }),
            Test::Direction(directions) => directions.contains(&seen.opened),
        })
    }
}

fn test(filter: Filter, model: &Model) -> Result<Test, ApiError> {
    let Filter { name, values } = filter;
    let name = name.unwrap_or_default();
    if !FLOW_FILTERS.contains(&name.as_str()) {
        let message = format!("The filter '{name}' is invalid");
        let detail = format!("Filters here: {}.", FLOW_FILTERS.join(", "));
        return Err(ApiError::new(ErrorCode::InvalidFilter, message).with_detail(detail));
    }
    if values.is_empty() {
        return Err(ApiError::new(ErrorCode::InvalidFilter, format!("The filter '{name}' has no values")));
    }
    let values = values.iter().map(String::as_str);
    Ok(match name.as_str() {
        "peer" => Test::Peer(values.map(peer).collect::<Result<_, _>>()?),
        "port" => Test::Port(values.map(ports).collect::<Result<_, _>>()?),
        "protocol" => Test::Protocol(values.map(protocol).collect::<Result<_, _>>()?),
        "state" => Test::State(values.map(state).collect::<Result<_, _>>()?),
        "rule-id" => Test::Rule(values.map(|value| rule(value, model)).collect::<Result<_, _>>()?),
        _ => Test::Direction(values.map(direction).collect::<Result<_, _>>()?),
    })
}

fn wrong(what: &str, value: &str, remedy: impl Into<String>) -> ApiError {
    ApiError::value(format!("Value ({value}) for {what} is invalid.")).with_detail(remedy)
}

fn peer(value: &str) -> Result<IpNet, ApiError> {
    let address = value.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    let net = address.or_else(|_| value.parse::<IpNet>());
    net.map_err(|_| wrong("a peer", value, "It is an address, or a block such as 10.0.0.0/8."))
}

fn ports(value: &str) -> Result<RangeInclusive<u16>, ApiError> {
    let (first, last) = value.split_once('-').unwrap_or((value, value));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok(first..=last),
        (_, _) => Err(wrong("a port", value, "It is a port, or a range such as 8000-8100.")),
    }
}

fn protocol(value: &str) -> Result<u8, ApiError> {
    match value.parse() {
        Ok(Protocol::Number(number)) => Ok(number),
        Ok(Protocol::All) | Err(_) => {
            Err(wrong("a protocol", value, "It is tcp, udp, icmp, icmpv6 or the number of another one."))
        }
    }
}

fn state(value: &str) -> Result<String, ApiError> {
    let states = State::ALL.iter().filter(|state| **state != State::Claimed).map(|state| state.name());
    let words: Vec<&str> = states.chain([DENIED]).collect();
    if !words.contains(&value) {
        return Err(wrong("a state", value, format!("It is one of {}.", words.join(", "))));
    }
    Ok(value.to_owned())
}

fn rule(value: &str, model: &Model) -> Result<RuleWish, ApiError> {
    if value == REVOKED {
        return Ok(RuleWish::Revoked);
    }
    let id: RuleId = value.parse().map_err(|_| {
        let message = format!("The security group rule ID '{value}' is malformed");
        ApiError::new(ErrorCode::InvalidSecurityGroupRuleIdMalformed, message)
    })?;
    match model.rule(id) {
        Some(_) => Ok(RuleWish::Is(id)),
        None => {
            let message = format!("The security group rule ID '{id}' does not exist");
            Err(ApiError::new(ErrorCode::InvalidSecurityGroupRuleIdNotFound, message)
                .with_detail(format!("Flows of rules that were revoked are found by `{REVOKED}`.")))
        }
    }
}

fn direction(value: &str) -> Result<Direction, ApiError> {
    let directions = [Direction::Inbound, Direction::Outbound];
    let found = directions.into_iter().find(|direction| direction.name() == value);
    found.ok_or_else(|| wrong("a direction", value, "It is ingress or egress: the way that the first packet went."))
}

/// The flows that rules admitted, by the rules' host-wide numbers; with a caller, only those that it comes by.
///
/// # Errors
/// The kernel refuses.
pub fn admitted_by(
    observer: &dyn Observer,
    rules: &BTreeSet<u32>,
    caller: Option<&SshConnection>,
) -> Result<Vec<FlowKey>, ApiError> {
    let mut keys = Vec::new();
    observer.each_flow(&mut |key, flow| {
        let seen = Seen::new(&key, &flow);
        let is_alive = !matches!(seen.word.state(), State::Claimed | State::Cut);
        if is_alive && rules.contains(&seen.rule) && caller.is_none_or(|caller| seen.is_of(caller)) {
            keys.push(key);
        }
    })?;
    Ok(keys)
}
