//! Rules: how protocol, ports and peer are written, and the answers that list rules.

use super::{Screen, finish, more};
use crate::actions::types::{
    AuthorizeResult, DescribeSecurityGroupRulesResult, IpPermission, ReplaceResult, RevokeResult,
    RevokedSecurityGroupRule, SecurityGroupRuleDescription,
};
use comfy_table::Table;

pub(super) fn authorized(
    screen: &Screen,
    AuthorizeResult { r#return: _, security_group_rules }: &AuthorizeResult,
) -> String {
    finish(&table(screen, security_group_rules.iter().map(described)), "No rule was added.")
}

pub(super) fn listed(
    screen: &Screen,
    DescribeSecurityGroupRulesResult { security_group_rules, next_token }: &DescribeSecurityGroupRulesResult,
) -> String {
    finish(&table(screen, security_group_rules.iter().map(described)), "No rule.") + &more(next_token)
}

pub(super) fn revoked(screen: &Screen, answer: &RevokeResult) -> String {
    let RevokeResult { r#return: _, unknown_ip_permissions, revoked_security_group_rules, cut_flows } = answer;
    let mut text = finish(&table(screen, revoked_security_group_rules.iter().map(gone)), "No rule was revoked.");
    if let Some(count) = cut_flows {
        text.push_str(&format!("{count} flows of theirs are cut.\n"));
    }
    if !unknown_ip_permissions.is_empty() {
        let mut unknown = screen.table(["Protocol", "Ports", "Peer"]);
        for Part { protocol, ports, peer, note: _ } in unknown_ip_permissions.iter().flat_map(parts) {
            unknown.add_row([protocol, ports, peer]);
        }
        text.push_str(&screen.headline("The group has no such rule:"));
        text.push_str(&finish(&unknown, ""));
    }
    text
}

pub(super) fn replaced(screen: &Screen, answer: &ReplaceResult) -> String {
    let ReplaceResult { r#return: _, security_group_rules, revoked_security_group_rules, cut_flows } = answer;
    let mut text = finish(&table(screen, security_group_rules.iter().map(described)), "No rule: nothing is allowed.");
    if !revoked_security_group_rules.is_empty() {
        text.push_str(&screen.headline("No longer there:"));
        text.push_str(&finish(&table(screen, revoked_security_group_rules.iter().map(gone)), ""));
    }
    if let Some(count) = cut_flows {
        text.push_str(&format!("{count} flows of theirs are cut.\n"));
    }
    text
}

fn table(screen: &Screen, rows: impl Iterator<Item = [String; 7]>) -> Table {
    let mut table = screen.table(["Rule", "Group", "Direction", "Protocol", "Ports", "Peer", "Description"]);
    table.add_rows(rows);
    table
}

fn described(rule: &SecurityGroupRuleDescription) -> [String; 7] {
    let group = rule.referenced_group_info.as_ref().map(|group| &group.group_id);
    let peers = [&rule.cidr_ipv4, &rule.cidr_ipv6, &rule.prefix_list_id];
    [
        rule.security_group_rule_id.clone(),
        rule.group_id.clone(),
        direction(rule.is_egress).to_owned(),
        protocol(&rule.ip_protocol),
        ports(&rule.ip_protocol, Some(rule.from_port), Some(rule.to_port)),
        peers.into_iter().flatten().chain(group).cloned().collect(),
        rule.description.clone().unwrap_or_default(),
    ]
}

fn gone(rule: &RevokedSecurityGroupRule) -> [String; 7] {
    let peers = [&rule.cidr_ipv4, &rule.cidr_ipv6, &rule.prefix_list_id, &rule.referenced_group_id];
    [
        rule.security_group_rule_id.clone(),
        rule.group_id.clone(),
        direction(rule.is_egress).to_owned(),
        protocol(&rule.ip_protocol),
        ports(&rule.ip_protocol, Some(rule.from_port), Some(rule.to_port)),
        peers.into_iter().flatten().cloned().collect(),
        rule.description.clone().unwrap_or_default(),
    ]
}

/// What one rule of a permission says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) protocol: String,
    pub(super) ports: String,
    pub(super) peer: String,
    pub(super) note: String,
}

/// The rules of a permission: one for each peer.
pub(super) fn parts(permission: &IpPermission) -> Vec<Part> {
    let IpPermission { ip_protocol, from_port, to_port, user_id_group_pairs, ip_ranges, ipv6_ranges, prefix_list_ids } =
        permission;
    let name = ip_protocol.as_deref().unwrap_or("-1");
    let ipv4 = ip_ranges.iter().map(|range| (&range.cidr_ip, &range.description));
    let ipv6 = ipv6_ranges.iter().map(|range| (&range.cidr_ipv6, &range.description));
    let lists = prefix_list_ids.iter().map(|list| (&list.prefix_list_id, &list.description));
    let groups = user_id_group_pairs.iter().map(|pair| (&pair.group_id, &pair.description));
    let part = |(peer, note): (&Option<String>, &Option<String>)| Part {
        protocol: protocol(name),
        ports: ports(name, *from_port, *to_port),
        peer: peer.clone().unwrap_or_default(),
        note: note.clone().unwrap_or_default(),
    };
    ipv4.chain(ipv6).chain(lists).chain(groups).map(part).collect()
}

pub(super) fn direction(is_egress: bool) -> &'static str {
    if is_egress { "out" } else { "in" }
}

fn protocol(name: &str) -> String {
    if name == "-1" { "all".to_owned() } else { name.to_owned() }
}

/// Ports, or ICMP type and code, as people say them.
fn ports(protocol: &str, from: Option<i64>, to: Option<i64>) -> String {
    match (protocol, from, to) {
        ("icmp" | "icmpv6", Some(kind), Some(-1) | None) if kind >= 0 => format!("type {kind}"),
        ("icmp" | "icmpv6", Some(kind), Some(code)) if kind >= 0 => format!("type {kind} code {code}"),
        ("tcp" | "udp", Some(from), Some(to)) if from == to => from.to_string(),
        ("tcp" | "udp", Some(from), Some(to)) if (from, to) != (0, 65535) => format!("{from}-{to}"),
        (_, _, _) => "all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::ports;

    #[test]
    fn ports_are_written_for_people() {
        let cases = [
            ("tcp", Some(80), Some(80), "80"),
            ("udp", Some(8000), Some(8100), "8000-8100"),
            ("tcp", Some(0), Some(65535), "all"),
            ("tcp", Some(0), Some(0), "0"),
            ("icmp", Some(8), Some(-1), "type 8"),
            ("icmpv6", Some(128), Some(0), "type 128 code 0"),
            ("icmp", Some(-1), Some(-1), "all"),
            ("-1", None, None, "all"),
            ("-1", Some(-1), Some(-1), "all"),
            ("47", None, None, "all"),
        ];
        for (protocol, from, to, wanted) in cases {
            assert_eq!(ports(protocol, from, to), wanted, "{protocol} {from:?} {to:?}");
        }
    }
}
