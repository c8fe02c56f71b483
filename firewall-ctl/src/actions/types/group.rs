//! Actions on security groups.

use super::{Filter, IpPermission, Tag, TagSpecification, answer, request};

request! {
    /// Makes a group: nothing may come in, everything may go out.
    CreateSecurityGroup {
        /// Its name, unique in the VPC whatever the case.
        group_name: Option<String>,
        /// Its description.
        description: Option<String>,
        /// Its VPC; the default VPC when absent.
        vpc_id: Option<String>,
        /// Tags of type `security-group`.
        tag_specifications: Vec<TagSpecification>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists groups with their rules.
    DescribeSecurityGroups {
        /// These only; an unknown one is an error.
        group_ids: Vec<String>,
        /// These names in the default VPC only; an unknown one is an error.
        group_names: Vec<String>,
        /// Filters: `description`, `group-id`, `group-name`, `owner-id`, `vpc-id`, `tag:KEY`, `tag-key`, and
        /// `ip-permission.X` and `egress.ip-permission.X` where X is `cidr`, `from-port`, `group-id`, `group-name`,
        /// `ipv6-cidr`, `prefix-list-id`, `protocol`, `to-port` or `user-id`.
        filters: Vec<Filter>,
        /// Only so many, from 5 to 1000; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Ours: changes the name of a group, or its description.
    ModifySecurityGroup {
        /// The group.
        group_id: Option<String>,
        /// Its new name, unique in the VPC whatever the case.
        group_name: Option<String>,
        /// Its new description.
        description: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Deletes a group that no interface carries and no other group's rule names.
    DeleteSecurityGroup {
        /// The group.
        group_id: Option<String>,
        /// Or its name in the default VPC.
        group_name: Option<String>,
        /// Ours: or several, all or none; they may name each other.
        group_ids: Vec<String>,
        /// Only checks the permission.
        dry_run: bool,
    }
}

answer! {
    /// Answer of CreateSecurityGroup.
    CreateSecurityGroupResult {
        /// The new group.
        group_id: String,
        /// Its tags.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tags: Vec<Tag>,
        /// Its ARN.
        security_group_arn: String,
    }

    /// Answer of DescribeSecurityGroups.
    DescribeSecurityGroupsResult {
        /// The groups, by id.
        security_groups: Vec<SecurityGroupDescription>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// A group with its rules.
    SecurityGroupDescription {
        /// Its id.
        group_id: String,
        /// Its egress rules, those with one protocol and port range together.
        ip_permissions_egress: Vec<IpPermission>,
        /// Its tags.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tags: Vec<Tag>,
        /// Its VPC.
        vpc_id: String,
        /// Its ARN.
        security_group_arn: String,
        /// Its owner.
        owner_id: String,
        /// Its name.
        group_name: String,
        /// Its description.
        description: String,
        /// Its ingress rules, those with one protocol and port range together.
        ip_permissions: Vec<IpPermission>,
    }

    /// Answer of DeleteSecurityGroup.
    DeleteSecurityGroupResult {
        /// Always true.
        r#return: bool,
        /// The group that is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group_id: Option<String>,
        /// Ours, where several were named: the groups that are gone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        group_ids: Vec<String>,
    }
}
