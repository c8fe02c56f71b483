//! Commands on the rules of groups.

use super::call::{Call, Changing, Listing, TagSpecifications};
use super::group::GroupChoice;
use super::permission::Permissions;
use clap::ArgGroup;

/// What rules a command is about has to be said in one of the ways.
fn rules_to_add() -> ArgGroup {
    ArgGroup::new("rules").args(["protocol", "type", "ip_permissions"]).required(true)
}

fn rules_to_remove() -> ArgGroup {
    ArgGroup::new("rules").args(["protocol", "type", "ip_permissions", "security_group_rule_ids"]).required(true)
}

/// Allow what may come in: add ingress rules to a group, all or none
#[derive(clap::Args, Debug)]
#[command(group = rules_to_add(), after_help = r"Examples:
  firewall-ctl authorize-security-group-ingress \
      --group-id sg-0123456789abcdef0 --protocol tcp --port 443 \
      --cidr 0.0.0.0/0
  firewall-ctl authorize-security-group-ingress --group-name db \
      --type postgres --source-group sg-0123456789abcdef0
  firewall-ctl authorize-security-group-ingress --group-name web \
      --type ssh --prefix-list-id pl-0123456789abcdef0
  firewall-ctl authorize-security-group-ingress \
      --group-id sg-0123456789abcdef0 --protocol icmp --port 8--1 \
      --cidr 10.0.0.0/8
  firewall-ctl authorize-security-group-ingress \
      --group-id sg-0123456789abcdef0 \
      --ip-permissions \
      'IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=10.0.0.0/8}]'")]
pub(super) struct AuthorizeSecurityGroupIngress {
    #[command(flatten)]
    group: GroupChoice,
    #[command(flatten)]
    permissions: Permissions,
    #[command(flatten)]
    tags: TagSpecifications,
    #[command(flatten)]
    change: Changing,
}

impl AuthorizeSecurityGroupIngress {
    pub(super) fn call(self) -> Call {
        let Self { group, permissions, tags, change } = self;
        let call = group.add_to(Call::new("AuthorizeSecurityGroupIngress"));
        permissions.add_to(call).with_tags(&tags).changing(change)
    }
}

/// Allow what may go out: add egress rules to a group, all or none
#[derive(clap::Args, Debug)]
#[command(group = rules_to_add(), after_help = r"Example:
  firewall-ctl authorize-security-group-egress \
      --group-id sg-0123456789abcdef0 --protocol udp --port 53 \
      --cidr 2001:db8::53/128")]
pub(super) struct AuthorizeSecurityGroupEgress {
    /// The group
    #[arg(long, value_name = "GROUP")]
    group_id: String,
    #[command(flatten)]
    permissions: Permissions,
    #[command(flatten)]
    tags: TagSpecifications,
    #[command(flatten)]
    change: Changing,
}

impl AuthorizeSecurityGroupEgress {
    pub(super) fn call(self) -> Call {
        let Self { group_id, permissions, tags, change } = self;
        let call = Call::new("AuthorizeSecurityGroupEgress").with("GroupId", group_id);
        permissions.add_to(call).with_tags(&tags).changing(change)
    }
}

/// Take ingress rules away from a group
///
/// Rules are named by what they say, which must match exactly but for the description, or by their ids. Tracked
/// connections that a rule let in go on until they are idle, as with the service.
#[derive(clap::Args, Debug)]
#[command(group = rules_to_remove(), after_help = r"Examples:
  firewall-ctl revoke-security-group-ingress --group-id sg-0123456789abcdef0 \
      --protocol tcp --port 22 --cidr 0.0.0.0/0 --confirm-within 2m
  firewall-ctl revoke-security-group-ingress --group-id sg-0123456789abcdef0 \
      --security-group-rule-ids sgr-0123456789abcdef0 --cut-flows")]
pub(super) struct RevokeSecurityGroupIngress {
    #[command(flatten)]
    group: GroupChoice,
    #[command(flatten)]
    permissions: Permissions,
    #[command(flatten)]
    ids: RuleIds,
    #[command(flatten)]
    cut: CutFlows,
    #[command(flatten)]
    change: Changing,
}

impl RevokeSecurityGroupIngress {
    pub(super) fn call(self) -> Call {
        let Self { group, permissions, ids, cut, change } = self;
        let call = group.add_to(Call::new("RevokeSecurityGroupIngress"));
        cut.add_to(ids.add_to(permissions.add_to(call))).changing(change)
    }
}

/// Take egress rules away from a group
///
/// Rules are named by what they say, which must match exactly but for the description, or by their ids.
#[derive(clap::Args, Debug)]
#[command(group = rules_to_remove(), after_help = r"Example:
  firewall-ctl revoke-security-group-egress --group-id sg-0123456789abcdef0 \
      --protocol all --cidr 0.0.0.0/0")]
pub(super) struct RevokeSecurityGroupEgress {
    /// The group
    #[arg(long, value_name = "GROUP")]
    group_id: String,
    #[command(flatten)]
    permissions: Permissions,
    #[command(flatten)]
    ids: RuleIds,
    #[command(flatten)]
    cut: CutFlows,
    #[command(flatten)]
    change: Changing,
}

impl RevokeSecurityGroupEgress {
    pub(super) fn call(self) -> Call {
        let Self { group_id, permissions, ids, cut, change } = self;
        let call = Call::new("RevokeSecurityGroupEgress").with("GroupId", group_id);
        cut.add_to(ids.add_to(permissions.add_to(call))).changing(change)
    }
}

/// Whether flows go with their rule.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(super) struct CutFlows {
    /// Cut the flows at once that the rules admitted; they are not restored when the change is undone
    #[arg(long, help_heading = None)]
    cut_flows: bool,
}

impl CutFlows {
    pub(super) fn add_to(self, call: Call) -> Call {
        let Self { cut_flows } = self;
        call.with_flag("CutFlows", cut_flows)
    }
}

/// Rules by their ids.
#[derive(clap::Args, Debug)]
struct RuleIds {
    /// The rules by their ids
    #[arg(
        long,
        value_name = "RULE",
        num_args = 1..,
        conflicts_with_all = ["service", "port", "cidr", "source_group", "prefix_list_id", "group_owner", "ip_permissions"],
    )]
    security_group_rule_ids: Vec<String>,
}

impl RuleIds {
    fn add_to(self, call: Call) -> Call {
        let Self { security_group_rule_ids } = self;
        call.with_list("SecurityGroupRuleIds", &security_group_rule_ids)
    }
}

/// List rules one by one, with their ids
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl describe-security-group-rules \
      --filters Name=group-id,Values=sg-0123456789abcdef0")]
pub(super) struct DescribeSecurityGroupRules {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "RULE", num_args = 1..)]
    security_group_rule_ids: Vec<String>,
    #[command(flatten)]
    list: Listing,
}

impl DescribeSecurityGroupRules {
    pub(super) fn call(self) -> Call {
        let Self { security_group_rule_ids, list } = self;
        Call::new("DescribeSecurityGroupRules")
            .with_list("SecurityGroupRuleIds", &security_group_rule_ids)
            .listing(list)
    }
}
