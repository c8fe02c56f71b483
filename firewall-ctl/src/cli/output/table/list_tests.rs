//! Prefix lists, tags, and rules that were replaced.

use super::tests::shown;
use insta::assert_snapshot;
use serde_json::json;

#[test]
fn prefix_lists_and_tags() {
    let list = json!({"PrefixListId": "pl-01", "AddressFamily": "IPv4", "State": "modify-complete",
        "PrefixListArn": "arn", "PrefixListName": "offices", "MaxEntries": 10, "Version": 3,
        "Tags": [{"Key": "Name", "Value": "all of them"}], "OwnerId": "000000000000"});
    let answer = json!({"PrefixLists": [list], "NextToken": "00ff"});
    assert_snapshot!(shown("DescribeManagedPrefixLists", &answer), @r#"
    ┌───────┬─────────┬─────────────┬────────┬──────────┬─────────┬─────────────────┐
    │ List  ┆ Name    ┆ Name tag    ┆ Family ┆ Made for ┆ Version ┆ State           │
    ╞═══════╪═════════╪═════════════╪════════╪══════════╪═════════╪═════════════════╡
    │ pl-01 ┆ offices ┆ all of them ┆ IPv4   ┆ 10       ┆ 3       ┆ modify-complete │
    └───────┴─────────┴─────────────┴────────┴──────────┴─────────┴─────────────────┘
    There are more: narrow the list with --filters, or go on with --next-token 00ff
    "#);
    let one = shown("ModifyManagedPrefixList", &json!({"PrefixList": list}));
    assert_eq!(one, shown("DescribeManagedPrefixLists", &json!({"PrefixLists": [list]})));
    let entries = json!({"Entries": [{"Cidr": "10.0.0.0/8", "Description": "north"}, {"Cidr": "11.0.0.0/8"}]});
    assert_snapshot!(shown("GetManagedPrefixListEntries", &entries), @r#"
    ┌────────────┬─────────────┐
    │ Block      ┆ Description │
    ╞════════════╪═════════════╡
    │ 10.0.0.0/8 ┆ north       │
    │ 11.0.0.0/8 ┆             │
    └────────────┴─────────────┘
    "#);
    let blocks = json!({"PrefixLists": [
        {"Cidrs": ["10.0.0.0/8", "11.0.0.0/8"], "PrefixListId": "pl-01", "PrefixListName": "offices"}]});
    assert_snapshot!(shown("DescribePrefixLists", &blocks), @r#"
    ┌───────┬─────────┬────────────┐
    │ List  ┆ Name    ┆ Blocks     │
    ╞═══════╪═════════╪════════════╡
    │ pl-01 ┆ offices ┆ 10.0.0.0/8 │
    │       ┆         ┆ 11.0.0.0/8 │
    └───────┴─────────┴────────────┘
    "#);
    let naming = json!({"PrefixListAssociations": [{"ResourceId": "sg-01", "ResourceOwner": "000000000000"}]});
    assert_snapshot!(shown("GetManagedPrefixListAssociations", &naming), @r#"
    ┌───────┬──────────────┐
    │ Group ┆ Owner        │
    ╞═══════╪══════════════╡
    │ sg-01 ┆ 000000000000 │
    └───────┴──────────────┘
    "#);
    let tags = json!({"Tags": [
        {"Key": "Name", "ResourceId": "sg-01", "ResourceType": "security-group", "Value": "web"}]});
    assert_snapshot!(shown("DescribeTags", &tags), @r#"
    ┌──────────┬────────────────┬──────┬───────┐
    │ Resource ┆ Type           ┆ Key  ┆ Value │
    ╞══════════╪════════════════╪══════╪═══════╡
    │ sg-01    ┆ security-group ┆ Name ┆ web   │
    └──────────┴────────────────┴──────┴───────┘
    "#);
    for (operation, list, words) in [
        ("DescribeManagedPrefixLists", "PrefixLists", "No prefix list.\n"),
        ("GetManagedPrefixListEntries", "Entries", "No entry.\n"),
        ("GetManagedPrefixListAssociations", "PrefixListAssociations", "No rule names the list.\n"),
        ("DescribePrefixLists", "PrefixLists", "No prefix list.\n"),
        ("DescribeTags", "Tags", "No tag.\n"),
    ] {
        assert_eq!(shown(operation, &json!({ list: [] })), words);
    }
}

#[test]
fn replaced_rules_and_those_that_are_gone() {
    let rule = json!({"SecurityGroupRuleId": "sgr-01", "GroupId": "sg-0a", "GroupOwnerId": "000000000000",
        "IsEgress": false, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "0.0.0.0/0", "Tags": [],
        "SecurityGroupRuleArn": "arn"});
    let gone = json!({"SecurityGroupRuleId": "sgr-02", "GroupId": "sg-0a", "IsEgress": false, "IpProtocol": "tcp",
        "FromPort": 22, "ToPort": 22, "PrefixListId": "pl-01"});
    let answer = json!({"Return": true, "SecurityGroupRules": [rule], "RevokedSecurityGroupRules": [gone],
        "CutFlows": 3});
    assert_snapshot!(shown("ReplaceSecurityGroupRules", &answer), @r#"
    ┌────────┬───────┬───────────┬──────────┬───────┬───────────┬─────────────┐
    │ Rule   ┆ Group ┆ Direction ┆ Protocol ┆ Ports ┆ Peer      ┆ Description │
    ╞════════╪═══════╪═══════════╪══════════╪═══════╪═══════════╪═════════════╡
    │ sgr-01 ┆ sg-0a ┆ in        ┆ tcp      ┆ 443   ┆ 0.0.0.0/0 ┆             │
    └────────┴───────┴───────────┴──────────┴───────┴───────────┴─────────────┘
    No longer there:
    ┌────────┬───────┬───────────┬──────────┬───────┬───────┬─────────────┐
    │ Rule   ┆ Group ┆ Direction ┆ Protocol ┆ Ports ┆ Peer  ┆ Description │
    ╞════════╪═══════╪═══════════╪══════════╪═══════╪═══════╪═════════════╡
    │ sgr-02 ┆ sg-0a ┆ in        ┆ tcp      ┆ 22    ┆ pl-01 ┆             │
    └────────┴───────┴───────────┴──────────┴───────┴───────┴─────────────┘
    3 flows of theirs are cut.
    "#);
    let none = json!({"Return": true, "SecurityGroupRules": [], "RevokedSecurityGroupRules": []});
    assert_eq!(shown("ReplaceSecurityGroupRules", &none), "No rule: nothing is allowed.\n");
}
