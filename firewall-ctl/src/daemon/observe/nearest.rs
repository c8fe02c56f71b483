//! Which rules would allow a packet, and which nearly do: by the model, in words.

use crate::model::{
    GroupId, IcmpFamily, Model, NetworkInterface, Peer, Protocol, Rule, RuleId, SecurityGroup, Service,
};
use firewall_common::packet::protocol;
use firewall_common::verdict::Direction;
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// What rules are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The way that the packet goes.
    pub direction: Direction,
    /// The IP protocol.
    pub protocol: u8,
    /// The destination port, or type and code of ICMP.
    pub service: u16,
    /// Who is at the other end.
    pub peer: IpAddr,
}

/// A rule of an interface, and how it stands to a packet.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its group.
    pub group: GroupId,
    /// The rule.
    pub rule: Rule,
    /// The one thing that it lacks to allow the packet; none when it does.
    pub lacks: Option<Lack>,
}

/// What a rule lacks. Ordered by how near it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// The peer: bits by which its block misses the address, the most for a group or a list.
    Peer(u8),
    /// The port, or type and code: by how much.
    Port(u16),
    /// The protocol.
    Protocol,
}

/// The rules of an interface's groups that allow a packet or lack one thing, the nearest first.
#[must_use]
pub fn candidates(model: &Model, interface: &NetworkInterface, question: &Question) -> Vec<Candidate> {
    let groups = interface.groups.iter().filter_map(|id| model.groups.get(id));
    let memberships = memberships(model, interface, question.peer);
    let mut found: Vec<Candidate> = groups
        .flat_map(|group| group.rules(question.direction).map(move |rule| (group, rule)))
        .filter_map(|(group, rule)| candidate(model, &memberships, question, group, rule))
        .collect();
    found.sort_by_key(|candidate| (candidate.lacks, candidate.group, candidate.rule.id));
    found
}

/// The groups that an address is a member of, in the VPC of an interface.
fn memberships(model: &Model, interface: &NetworkInterface, address: IpAddr) -> BTreeSet<GroupId> {
    let member = model.interface_by_address(interface.vpc, address);
    member.into_iter().flat_map(|member| member.groups.iter().copied()).collect()
}

fn candidate(
    model: &Model,
    memberships: &BTreeSet<GroupId>,
    question: &Question,
    group: &Arc<SecurityGroup>,
    rule: &Rule,
) -> Option<Candidate> {
    let peer = peer(model, memberships, question.peer, rule.key.peer)?;
    let lacks = match (service(question, rule.key.service), peer) {
        (Ok(lack), None) => lack,
        (Ok(None), Some(bits)) => Some(Lack::Peer(bits)),
        (Ok(Some(_)), Some(_)) | (Err(TooFar), _) => return None,
    };
    Some(Candidate { group: group.id, rule: rule.clone(), lacks })
}

/// It differs in more than one thing.
struct TooFar;

/// What the service of a rule lacks.
fn service(question: &Question, service: Service) -> Result<Option<Lack>, TooFar> {
    let is_of = service.protocol() == Protocol::Number(question.protocol);
    match service {
        Service::All => Ok(None),
        Service::Ports { protocol: _, from, to } => {
            let has_ports = matches!(question.protocol, protocol::TCP | protocol::UDP);
            let distance = from.saturating_sub(question.service).max(question.service.saturating_sub(to));
            match (is_of, distance) {
                (true, 0) => Ok(None),
                (true, distance) => Ok(Some(Lack::Port(distance))),
                (false, 0) if has_ports => Ok(Some(Lack::Protocol)),
                (false, _) => Err(TooFar),
            }
        }
        Service::Icmp { family: IcmpFamily::V4 | IcmpFamily::V6, kind, code } => {
            let [has_kind, has_code] = question.service.to_be_bytes();
            if !is_of {
                return Err(TooFar);
            }
            let differs = kind.is_some_and(|kind| kind != has_kind) || code.is_some_and(|code| code != has_code);
            Ok(differs.then_some(Lack::Port(u16::MAX)))
        }
        Service::Other(_) if is_of => Ok(None),
        Service::Other(_) => Err(TooFar),
    }
}

/// By how many bits the peer of a rule misses an address: none when it holds it. A rule for the other family is no candidate.
fn peer(model: &Model, memberships: &BTreeSet<GroupId>, address: IpAddr, peer: Peer) -> Option<Option<u8>> {
    let block = |net: IpNet| {
        if net.addr().is_ipv4() != address.is_ipv4() {
            return None;
        }
        Some((!net.contains(&address)).then(|| net.prefix_len() - common(net.addr(), address).min(net.prefix_len())))
    };
    match peer {
        Peer::Ipv4(net) => block(net.into()),
        Peer::Ipv6(net) => block(net.into()),
        Peer::Group { id, owner: _ } => Some((!memberships.contains(&id)).then_some(u8::MAX)),
        Peer::PrefixList(id) => {
            let entries = model.prefix_lists.get(&id).into_iter().flat_map(|list| list.entries.keys());
            // Of a list it is told by how much its nearest entry misses; one of the other family is no candidate.
            entries.filter_map(|net| block(*net)).min()
        }
    }
}

/// Bits that two addresses of a family have in common from the front.
fn common(one: IpAddr, other: IpAddr) -> u8 {
    let zeros = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => 0,
    };
    u8::try_from(zeros).unwrap_or(u8::MAX)
}

impl Candidate {
    /// The rule's identifier.
    #[must_use]
    pub const fn id(&self) -> RuleId {
        self.rule.id
    }

    /// What it allows, and what it lacks: *sgr-… of sg-… allows tcp/22, but only from 10.0.0.0/8*.
    #[must_use]
    pub fn sentence(&self, question: &Question) -> String {
        let Self { group, rule, lacks } = self;
        let service = named(rule.key.service);
        let way = match question.direction {
            Direction::Inbound => "from",
            Direction::Outbound => "to",
        };
        let peer = match rule.key.peer {
            Peer::Group { id, owner: _ } => format!("members of {id}"),
            peer @ (Peer::Ipv4(_) | Peer::Ipv6(_) | Peer::PrefixList(_)) => peer.to_string(),
        };
        let who = format!("{} of {group} allows {service}", rule.id);
        match lacks {
            None => format!("{who} {way} {peer}"),
            Some(Lack::Peer(_)) => format!("{who}, but only {way} {peer}"),
            Some(Lack::Port(_) | Lack::Protocol) => {
                format!("{who} {way} {peer}, but not {}", asked(question))
            }
        }
    }
}

/// A service as people say it.
fn named(service: Service) -> String {
    match service {
        Service::All => "everything".to_owned(),
        Service::Ports { .. } | Service::Icmp { .. } => service.to_string(),
        Service::Other(number) => format!("protocol {number}"),
    }
}

/// What a packet is about, as people say it.
#[must_use]
pub fn asked(question: &Question) -> String {
    let name = Protocol::Number(question.protocol).to_string();
    match question.protocol {
        protocol::TCP | protocol::UDP => format!("{name}/{}", question.service),
        protocol::ICMP | protocol::ICMPV6 => {
            let [kind, code] = question.service.to_be_bytes();
            format!("{name}/{kind}/{code}")
        }
        _ => format!("protocol {name}"),
    }
}

/// The command that adds a rule for a packet to the first group of an interface.
#[must_use]
pub fn remedy(interface: &NetworkInterface, question: &Question) -> String {
    let group = interface.groups.first().map(ToString::to_string).unwrap_or_default();
    let name = Protocol::Number(question.protocol);
    let command = format!("firewall-ctl authorize-security-group-{} --group-id {group}", question.direction.name());
    let cidr = IpNet::from(question.peer);
    match question.protocol {
        protocol::TCP | protocol::UDP => {
            format!("{command} --protocol {name} --port {} --cidr {cidr}", question.service)
        }
        protocol::ICMP | protocol::ICMPV6 => {
            let [kind, code] = question.service.to_be_bytes();
            let ranges = if question.peer.is_ipv4() {
                format!("IpRanges=[{{CidrIp={cidr}}}]")
            } else {
                format!("Ipv6Ranges=[{{CidrIpv6={cidr}}}]")
            };
            format!("{command} --ip-permissions 'IpProtocol={name},FromPort={kind},ToPort={code},{ranges}'")
        }
        _ => format!("{command} --protocol {name} --cidr {cidr}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::testing;
    use crate::model::{AccountId, L4, RuleKey, Tags};

    /// The rules that come near, in words without their identifiers.
    fn near(rules: &[(Service, &str)], question: &Question) -> Vec<String> {
        let mut model = testing::model();
        let group = testing::default_group(&model);
        testing::edit_group(&mut model, group, |group| {
            group.rules.clear();
            for (number, (service, peer)) in rules.iter().enumerate() {
                let peer = match *peer {
                    "self" => Peer::Group { id: group.id, owner: AccountId::default() },
                    peer => peer.parse().unwrap(),
                };
                let id: RuleId = testing::id();
                let key = RuleKey { direction: Direction::Inbound, service: *service, peer };
                let number = u32::try_from(number).unwrap() + 1;
                group.rules.insert(id, Rule { id, key, description: None, tags: Tags::default(), number });
            }
        });
        let id = testing::attach(&mut model, "eth0", &["192.0.2.2"]);
        let candidates = candidates(&model, &model.interfaces[&id], question);
        let words = |candidate: &Candidate| {
            let sentence = candidate.sentence(question).replace(&candidate.group.to_string(), "sg");
            sentence.replace(&candidate.id().to_string(), "sgr")
        };
        candidates.iter().map(words).collect()
    }

    fn tcp(port: u16) -> Service {
        Service::Ports { protocol: L4::Tcp, from: port, to: port }
    }

    fn question(protocol: u8, service: u16, peer: &str) -> Question {
        Question { direction: Direction::Inbound, protocol, service, peer: peer.parse().unwrap() }
    }

    #[test]
    fn rules_that_lack_one_thing_are_told_the_nearest_first() {
        let rules = [
            (tcp(22), "172.16.0.0/12"),
            (tcp(22), "10.2.0.0/16"),
            (tcp(22), "2001:db8::/32"),
            (tcp(23), "10.0.0.0/8"),
            (Service::Ports { protocol: L4::Tcp, from: 80, to: 90 }, "10.1.2.3/32"),
            (Service::Ports { protocol: L4::Udp, from: 0, to: 100 }, "10.0.0.0/8"),
            (Service::Ports { protocol: L4::Udp, from: 53, to: 53 }, "10.0.0.0/8"),
            (tcp(443), "192.168.0.0/16"),
            (tcp(22), "self"),
            (Service::Other(47), "10.0.0.0/8"),
        ];
        let expected = [
            "sgr of sg allows tcp/22, but only from 10.2.0.0/16",
            "sgr of sg allows tcp/22, but only from 172.16.0.0/12",
            "sgr of sg allows tcp/22, but only from members of sg",
            "sgr of sg allows tcp/23 from 10.0.0.0/8, but not tcp/22",
            "sgr of sg allows tcp/80-90 from 10.1.2.3/32, but not tcp/22",
            "sgr of sg allows udp/0-100 from 10.0.0.0/8, but not tcp/22",
        ];
        assert_eq!(near(&rules, &question(protocol::TCP, 22, "10.1.2.3")), expected);
    }

    #[test]
    fn rules_that_allow_it_lack_nothing() {
        let rules = [(Service::All, "10.0.0.0/8"), (tcp(22), "self"), (tcp(22), "0.0.0.0/0")];
        let found = near(&rules, &question(protocol::TCP, 22, "192.0.2.2"));
        assert!(found.contains(&"sgr of sg allows tcp/22 from members of sg".to_owned()), "{found:?}");
        assert!(found.contains(&"sgr of sg allows tcp/22 from 0.0.0.0/0".to_owned()), "{found:?}");
        assert_eq!(found.last().unwrap(), "sgr of sg allows everything, but only from 10.0.0.0/8");
    }

    #[test]
    fn icmp_is_told_by_type_and_code() {
        let echo = Service::Icmp { family: IcmpFamily::V4, kind: Some(8), code: None };
        let found = near(&[(echo, "0.0.0.0/0")], &question(protocol::ICMP, 13 << 8, "10.1.2.3"));
        assert_eq!(found, ["sgr of sg allows icmp/8 from 0.0.0.0/0, but not icmp/13/0"]);
        let found = near(&[(echo, "0.0.0.0/0")], &question(protocol::ICMP, 8 << 8, "10.1.2.3"));
        assert_eq!(found, ["sgr of sg allows icmp/8 from 0.0.0.0/0"]);
    }
}
