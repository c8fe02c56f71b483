//! Security groups, each with a table of its rules.

use super::rules::{Part, direction, parts};
use super::{Screen, finish, more};
use crate::actions::types::{DescribeSecurityGroupsResult, SecurityGroupDescription};

pub(super) fn listed(
    screen: &Screen,
    DescribeSecurityGroupsResult { security_groups, next_token }: &DescribeSecurityGroupsResult,
) -> String {
    if security_groups.is_empty() {
        return "No security group.\n".to_owned();
    }
    security_groups.iter().map(|group| shown(screen, group)).collect::<Vec<_>>().join("\n") + &more(next_token)
}

fn shown(screen: &Screen, group: &SecurityGroupDescription) -> String {
    let mut table = screen.table(["Direction", "Protocol", "Ports", "Peer", "Description"]);
    for (is_egress, permissions) in [(false, &group.ip_permissions), (true, &group.ip_permissions_egress)] {
        for Part { protocol, ports, peer, note } in permissions.iter().flat_map(parts) {
            let peer = if peer == group.group_id { format!("{peer} (itself)") } else { peer };
            table.add_row([direction(is_egress), &protocol, &ports, &peer, &note]);
        }
    }
    let headline = screen.headline(&format!("{}  {}  in {}", group.group_name, group.group_id, group.vpc_id));
    format!("{headline}{}\n{}", group.description, finish(&table, "No rules: nothing may come in, nothing may go out."))
}
