//! Commands that change rules which are there, or all of them at once.

use super::call::{Call, Changing, TagSpecifications};
use super::group::GroupChoice;
use super::rule::CutFlows;
use super::values::structure::{self, Structures};

/// Change what rules of a group say; they keep their ids and directions
///
/// Each rule is given with all that it is to say from then on. Its peer stays of its kind. A description that is left out is
/// kept, an empty one is taken away.
#[derive(clap::Args, Debug)]
#[command(after_help = r#"Example:
  firewall-ctl modify-security-group-rules --group-id sg-0123456789abcdef0 \
      --security-group-rules "SecurityGroupRuleId=sgr-0123456789abcdef0,\
SecurityGroupRule={IpProtocol=tcp,FromPort=22,ToPort=22,CidrIpv4=10.0.0.0/8}""#)]
pub(super) struct ModifySecurityGroupRules {
    /// The group
    #[arg(long, value_name = "GROUP")]
    group_id: String,
    /// The rules: SecurityGroupRuleId=RULE,SecurityGroupRule={IpProtocol=..,FromPort=..,ToPort=..,CidrIpv4=..} as
    /// shorthand, JSON, or file://PATH. The peer is CidrIpv4, CidrIpv6, PrefixListId or ReferencedGroupId
    #[arg(long, value_name = "RULE", num_args = 1.., required = true, value_parser = structure::rule_updates)]
    security_group_rules: Vec<Structures>,
    #[command(flatten)]
    change: Changing,
}

impl ModifySecurityGroupRules {
    pub(super) fn call(self) -> Call {
        let Self { group_id, security_group_rules, change } = self;
        Call::new("ModifySecurityGroupRules")
            .with("GroupId", group_id)
            .with_structures("SecurityGroupRules", &security_group_rules)
            .changing(change)
    }
}

/// Rules with their new descriptions.
#[derive(clap::Args, Debug)]
struct Notes {
    /// The rules by what they say, with their new descriptions, as in authorize-security-group-ingress
    #[arg(long, value_name = "PERMISSION", num_args = 1.., value_parser = structure::ip_permissions)]
    ip_permissions: Vec<Structures>,
    /// The rules by their ids: SecurityGroupRuleId=RULE,Description=TEXT as shorthand, JSON, or file://PATH
    #[arg(
        long,
        value_name = "NOTE",
        num_args = 1..,
        value_parser = structure::rule_notes,
        conflicts_with = "ip_permissions",
        required_unless_present = "ip_permissions",
    )]
    security_group_rule_descriptions: Vec<Structures>,
}

impl Notes {
    fn add_to(&self, call: Call) -> Call {
        let Self { ip_permissions, security_group_rule_descriptions } = self;
        call.with_structures("IpPermissions", ip_permissions)
            .with_structures("SecurityGroupRuleDescriptions", security_group_rule_descriptions)
    }
}

/// Change the descriptions of ingress rules; one that is left out is taken away
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl update-security-group-rule-descriptions-ingress \
      --group-id sg-0123456789abcdef0 --security-group-rule-descriptions \
      SecurityGroupRuleId=sgr-0123456789abcdef0,Description=office")]
pub(super) struct UpdateSecurityGroupRuleDescriptionsIngress {
    #[command(flatten)]
    group: GroupChoice,
    #[command(flatten)]
    notes: Notes,
    #[command(flatten)]
    change: Changing,
}

impl UpdateSecurityGroupRuleDescriptionsIngress {
    pub(super) fn call(self) -> Call {
        let Self { group, notes, change } = self;
        let call = group.add_to(Call::new("UpdateSecurityGroupRuleDescriptionsIngress"));
        notes.add_to(call).changing(change)
    }
}

/// Change the descriptions of egress rules; one that is left out is taken away
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl update-security-group-rule-descriptions-egress \
      --group-id sg-0123456789abcdef0 --ip-permissions \
      'IpProtocol=-1,IpRanges=[{CidrIp=0.0.0.0/0,Description=anywhere}]'")]
pub(super) struct UpdateSecurityGroupRuleDescriptionsEgress {
    #[command(flatten)]
    group: GroupChoice,
    #[command(flatten)]
    notes: Notes,
    #[command(flatten)]
    change: Changing,
}

impl UpdateSecurityGroupRuleDescriptionsEgress {
    pub(super) fn call(self) -> Call {
        let Self { group, notes, change } = self;
        let call = group.add_to(Call::new("UpdateSecurityGroupRuleDescriptionsEgress"));
        notes.add_to(call).changing(change)
    }
}

/// Give a group exactly these rules in one step, without a moment in which it has less
///
/// The service has no such action. Rules that say the same as before keep their ids, tags and counters, and get the
/// descriptions given here. A direction that is named, and for which no rule is given, allows nothing from then on.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl replace-security-group-rules --group-name web \
      --direction ingress --ip-permissions \
      'IpProtocol=tcp,FromPort=443,ToPort=443,IpRanges=[{CidrIp=0.0.0.0/0}]'
  firewall-ctl replace-security-group-rules \
      --group-id sg-0123456789abcdef0 --direction egress \
      --confirm-within 2m")]
pub(super) struct ReplaceSecurityGroupRules {
    #[command(flatten)]
    group: GroupChoice,
    /// Which rules are replaced: ingress, egress or both
    #[arg(long, value_name = "DIRECTION", value_parser = ["ingress", "egress", "both"])]
    direction: String,
    /// The ingress rules from then on, as in authorize-security-group-ingress
    #[arg(long, value_name = "PERMISSION", num_args = 1.., value_parser = structure::ip_permissions)]
    ip_permissions: Vec<Structures>,
    /// The egress rules from then on
    #[arg(long, value_name = "PERMISSION", num_args = 1.., value_parser = structure::ip_permissions)]
    ip_permissions_egress: Vec<Structures>,
    #[command(flatten)]
    tags: TagSpecifications,
    #[command(flatten)]
    cut: CutFlows,
    #[command(flatten)]
    change: Changing,
}

impl ReplaceSecurityGroupRules {
    pub(super) fn call(self) -> Call {
        let Self { group, direction, ip_permissions, ip_permissions_egress, tags, cut, change } = self;
        let call = group
            .add_to(Call::new("ReplaceSecurityGroupRules"))
            .with("Direction", direction)
            .with_structures("IpPermissions", &ip_permissions)
            .with_structures("IpPermissionsEgress", &ip_permissions_egress)
            .with_tags(&tags);
        cut.add_to(call).changing(change)
    }
}
