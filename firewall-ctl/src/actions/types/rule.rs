//! Actions on rules.

use super::{Filter, IpPermission, Tag, TagSpecification, answer, request};

request! {
    /// Adds ingress rules, all or none.
    AuthorizeSecurityGroupIngress {
        /// The group.
        group_id: Option<String>,
        /// Or its name in the default VPC.
        group_name: Option<String>,
        /// The rules.
        ip_permissions: Vec<IpPermission>,
        /// Older form, one rule: the protocol.
        ip_protocol: Option<String>,
        /// Older form: the first port, or the ICMP type.
        from_port: Option<i64>,
        /// Older form: the last port, or the ICMP code.
        to_port: Option<i64>,
        /// Older form: the IPv4 block.
        cidr_ip: Option<String>,
        /// Older form: the name of the peer group, in the default VPC.
        source_security_group_name: Option<String>,
        /// Older form: the owner of the peer group.
        source_security_group_owner_id: Option<String>,
        /// Tags of type `security-group-rule`, for each new rule.
        tag_specifications: Vec<TagSpecification>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Adds egress rules, all or none.
    AuthorizeSecurityGroupEgress {
        /// The group.
        group_id: Option<String>,
        /// The rules.
        ip_permissions: Vec<IpPermission>,
        /// Tags of type `security-group-rule`, for each new rule.
        tag_specifications: Vec<TagSpecification>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Takes ingress rules away, by what they say or by their ids.
    RevokeSecurityGroupIngress {
        /// The group.
        group_id: Option<String>,
        /// Or its name in the default VPC.
        group_name: Option<String>,
        /// The rules; descriptions are not compared.
        ip_permissions: Vec<IpPermission>,
        /// Or their ids.
        security_group_rule_ids: Vec<String>,
        /// Older form, one rule: the protocol.
        ip_protocol: Option<String>,
        /// Older form: the first port, or the ICMP type.
        from_port: Option<i64>,
        /// Older form: the last port, or the ICMP code.
        to_port: Option<i64>,
        /// Older form: the IPv4 block.
        cidr_ip: Option<String>,
        /// Older form: the name of the peer group, in the default VPC.
        source_security_group_name: Option<String>,
        /// Older form: the owner of the peer group.
        source_security_group_owner_id: Option<String>,
        /// Ours: cut the flows at once that the rules admitted.
        cut_flows: bool,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Takes egress rules away, by what they say or by their ids.
    RevokeSecurityGroupEgress {
        /// The group.
        group_id: Option<String>,
        /// The rules; descriptions are not compared.
        ip_permissions: Vec<IpPermission>,
        /// Or their ids.
        security_group_rule_ids: Vec<String>,
        /// Ours: cut the flows at once that the rules admitted.
        cut_flows: bool,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Changes what rules of a group say, all or none. They keep their ids and directions.
    ModifySecurityGroupRules {
        /// The group.
        group_id: Option<String>,
        /// The rules, each with all that it is to say.
        security_group_rules: Vec<SecurityGroupRuleUpdate>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// A rule and what it is to say.
    SecurityGroupRuleUpdate {
        /// The rule.
        security_group_rule_id: Option<String>,
        /// What it is to say.
        security_group_rule: Option<SecurityGroupRuleRequest>,
    }

    /// A rule with one peer. The peer is of the kind that the rule has.
    SecurityGroupRuleRequest {
        /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
        ip_protocol: Option<String>,
        /// The first port, or the ICMP type; -1 for all types.
        from_port: Option<i64>,
        /// The last port, or the ICMP code; -1 for all codes.
        to_port: Option<i64>,
        /// An IPv4 block.
        cidr_ipv4: Option<String>,
        /// An IPv6 block.
        cidr_ipv6: Option<String>,
        /// A prefix list.
        prefix_list_id: Option<String>,
        /// The members of a group.
        referenced_group_id: Option<String>,
        /// A note. The old one is kept when absent, and goes when empty.
        description: Option<String>,
    }

    /// Changes the notes on ingress rules, all or none. A note that is absent goes.
    UpdateSecurityGroupRuleDescriptionsIngress {
        /// The group.
        group_id: Option<String>,
        /// Or its name in the default VPC.
        group_name: Option<String>,
        /// The rules, with their new notes.
        ip_permissions: Vec<IpPermission>,
        /// Or their ids, with their new notes.
        security_group_rule_descriptions: Vec<RuleNote>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// A rule by its id, with its new note.
    RuleNote {
        /// The rule.
        security_group_rule_id: Option<String>,
        /// The note; none when absent or empty.
        description: Option<String>,
    }

    /// Ours: gives a group exactly these rules in one step, without a moment in which it has less. Rules that say the same as
    /// before keep their ids, numbers and tags.
    ReplaceSecurityGroupRules {
        /// The group.
        group_id: Option<String>,
        /// Or its name in the default VPC.
        group_name: Option<String>,
        /// Which rules are replaced: `ingress`, `egress` or `both`.
        direction: Option<String>,
        /// The ingress rules from now on.
        ip_permissions: Vec<IpPermission>,
        /// The egress rules from now on.
        ip_permissions_egress: Vec<IpPermission>,
        /// Tags of type `security-group-rule`, for each new rule.
        tag_specifications: Vec<TagSpecification>,
        /// Cut the flows at once that the rules admitted that go.
        cut_flows: bool,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists rules one by one.
    DescribeSecurityGroupRules {
        /// Filters: `group-id`, `security-group-rule-id`, `tag:KEY`, `tag-key`.
        filters: Vec<Filter>,
        /// Only so many, from 5 to 1000; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// These only; an unknown one is an error.
        security_group_rule_ids: Vec<String>,
        /// Only checks the permission.
        dry_run: bool,
    }
}

/// Changes the notes on egress rules as that one does on ingress rules.
pub type UpdateSecurityGroupRuleDescriptionsEgress = UpdateSecurityGroupRuleDescriptionsIngress;

answer! {
    /// Answer of the authorize actions.
    AuthorizeResult {
        /// Always true.
        r#return: bool,
        /// The new rules, in the order of the request.
        security_group_rules: Vec<SecurityGroupRuleDescription>,
    }

    /// Answer of the revoke actions.
    RevokeResult {
        /// Always true.
        r#return: bool,
        /// In a default VPC: what named no rule.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unknown_ip_permissions: Vec<IpPermission>,
        /// The rules that are gone.
        revoked_security_group_rules: Vec<RevokedSecurityGroupRule>,
        /// Ours, where it was asked for: how many flows were cut. Filled in by the controller.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cut_flows: Option<u64>,
    }

    /// Answer of ReplaceSecurityGroupRules.
    ReplaceResult {
        /// Always true.
        r#return: bool,
        /// The rules from now on, in the order of the request, ingress before egress.
        security_group_rules: Vec<SecurityGroupRuleDescription>,
        /// The rules that are gone.
        revoked_security_group_rules: Vec<RevokedSecurityGroupRule>,
        /// Where it was asked for: how many flows were cut. Filled in by the controller.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cut_flows: Option<u64>,
    }

    /// The answer of actions that say no more than that they did it.
    Confirmation {
        /// Always true.
        r#return: bool,
    }

    /// Answer of DescribeSecurityGroupRules.
    DescribeSecurityGroupRulesResult {
        /// The rules, by group and id.
        security_group_rules: Vec<SecurityGroupRuleDescription>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// A rule.
    SecurityGroupRuleDescription {
        /// Its id.
        security_group_rule_id: String,
        /// Its group.
        group_id: String,
        /// The group's owner.
        group_owner_id: String,
        /// Whether it is about what goes out.
        is_egress: bool,
        /// The protocol.
        ip_protocol: String,
        /// The first port, or the ICMP type; -1 where there is none.
        from_port: i64,
        /// The last port, or the ICMP code; -1 where there is none.
        to_port: i64,
        /// The peer, when an IPv4 block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cidr_ipv4: Option<String>,
        /// The peer, when an IPv6 block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cidr_ipv6: Option<String>,
        /// The peer, when a prefix list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prefix_list_id: Option<String>,
        /// The peer, when a group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        referenced_group_info: Option<ReferencedGroupInfo>,
        /// Its note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// Its tags.
        tags: Vec<Tag>,
        /// Its ARN.
        security_group_rule_arn: String,
    }

    /// A group that a rule names as its peer.
    ReferencedGroupInfo {
        /// The group.
        group_id: String,
        /// Its owner.
        user_id: String,
    }

    /// A rule that is gone.
    RevokedSecurityGroupRule {
        /// The id it had.
        security_group_rule_id: String,
        /// Its group.
        group_id: String,
        /// Whether it was about what goes out.
        is_egress: bool,
        /// The protocol.
        ip_protocol: String,
        /// The first port, or the ICMP type; -1 where there is none.
        from_port: i64,
        /// The last port, or the ICMP code; -1 where there is none.
        to_port: i64,
        /// The peer, when an IPv4 block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cidr_ipv4: Option<String>,
        /// The peer, when an IPv6 block.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cidr_ipv6: Option<String>,
        /// The peer, when a prefix list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prefix_list_id: Option<String>,
        /// The peer, when a group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        referenced_group_id: Option<String>,
        /// Its note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    }
}
