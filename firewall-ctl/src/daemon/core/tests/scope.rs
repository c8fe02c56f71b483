//! What a caller with a key sees and may change.

use super::*;
use crate::actions::ErrorCode;
use crate::actions::access::Scope;
use crate::model::VpcId;
use serde_json::Value;

/// A core with a default VPC and another one, and who asks it.
struct Site {
    core: Core<Fake, Fake>,
    default: VpcId,
    other: VpcId,
}

const STRANGER: &str = "999999999999";

impl Site {
    fn new() -> Self {
        let mut core = open(&Fake::default());
        let default = core.model.default_vpc(AccountId::default()).unwrap().id;
        ask(&mut core, &host(), &Caller::default(), "CreateVpc", json!({"CidrBlock": "10.1.0.0/16"})).unwrap();
        let other = *core.model.vpcs.keys().find(|id| **id != default).unwrap();
        Self { core, default, other }
    }

    fn ask(&mut self, scope: Scope, operation: &str, body: Value) -> Result<Value, ApiError> {
        let caller = Caller { scope: Some(scope), ..Caller::default() };
        let outcome = ask(&mut self.core, &host(), &caller, operation, body)?;
        Ok(serde_json::to_value(&outcome.response).unwrap())
    }

    fn code(&mut self, scope: Scope, operation: &str, body: Value) -> ErrorCode {
        let before = Arc::clone(&self.core.model);
        let code = self.ask(scope, operation, body).unwrap_err().code;
        assert_eq!(self.core.model, before);
        code
    }

    /// A key for the other VPC only.
    fn narrow(&self) -> Scope {
        Scope { account: AccountId::default(), vpc: Some(self.other) }
    }

    fn stranger() -> Scope {
        Scope { account: STRANGER.parse().unwrap(), vpc: None }
    }
}

fn ids(answer: &Value, list: &str, member: &str) -> Vec<String> {
    answer[list].as_array().unwrap().iter().map(|each| each[member].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_account_of_a_key_sees_all_that_is_its_own() {
    let mut site = Site::new();
    let own = Scope { account: AccountId::default(), vpc: None };
    assert_eq!(own.part(&site.core.model), None);
    let seen = site.ask(own, "DescribeVpcs", json!({})).unwrap();
    assert_eq!(seen["Vpcs"].as_array().unwrap().len(), 2);
    site.ask(own, "CreateVpc", json!({"CidrBlock": "10.2.0.0/16"})).unwrap();
}

#[test]
fn a_key_for_a_vpc_sees_nothing_else() {
    let mut site = Site::new();
    let (scope, other, default) = (site.narrow(), site.other.to_string(), site.default.to_string());
    let seen = site.ask(scope, "DescribeVpcs", json!({})).unwrap();
    assert_eq!(ids(&seen, "Vpcs", "VpcId"), [other.as_str()]);
    let seen = site.ask(scope, "DescribeSecurityGroups", json!({})).unwrap();
    assert_eq!(ids(&seen, "SecurityGroups", "VpcId"), [other.as_str()]);
    let code = site.code(scope, "DescribeVpcs", json!({"VpcIds": [default]}));
    assert_eq!(code, ErrorCode::InvalidVpcIdNotFound);
}

#[test]
fn a_key_for_a_vpc_changes_nothing_else() {
    let mut site = Site::new();
    let (scope, other, default) = (site.narrow(), site.other.to_string(), site.default.to_string());
    let group = |vpc: &str| json!({"GroupName": "mine", "Description": "mine", "VpcId": vpc});
    let made = site.ask(scope, "CreateSecurityGroup", group(&other)).unwrap();
    assert_eq!(site.code(scope, "CreateSecurityGroup", group(&default)), ErrorCode::InvalidVpcIdNotFound);
    // Made by one who sees everything.
    let foreign = ask(&mut site.core, &host(), &Caller::default(), "CreateSecurityGroup", group(&default)).unwrap();
    let foreign = serde_json::to_value(&foreign.response).unwrap()["GroupId"].clone();
    assert_eq!(site.code(scope, "DeleteSecurityGroup", json!({"GroupId": foreign})), ErrorCode::InvalidGroupNotFound);
    let peer = json!({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": foreign}]});
    let rule = json!({"GroupId": made["GroupId"], "IpPermissions": [peer]});
    assert_eq!(site.code(scope, "AuthorizeSecurityGroupIngress", rule), ErrorCode::InvalidGroupNotFound);
    let vpc = json!({"CidrBlock": "10.3.0.0/16"});
    assert_eq!(site.code(scope, "CreateVpc", vpc), ErrorCode::UnauthorizedOperation);
    site.ask(scope, "DeleteSecurityGroup", json!({"GroupId": made["GroupId"]})).unwrap();
    assert_eq!(site.code(scope, "DeleteVpc", json!({"VpcId": other})), ErrorCode::UnauthorizedOperation);
}

#[test]
fn a_key_owns_what_it_makes_and_sees_nothing_of_other_accounts() {
    let mut site = Site::new();
    let (scope, other) = (Site::stranger(), site.other.to_string());
    let seen = site.ask(scope, "DescribeVpcs", json!({})).unwrap();
    assert_eq!(seen["Vpcs"], json!([]));
    assert_eq!(site.code(scope, "DeleteVpc", json!({"VpcId": other})), ErrorCode::InvalidVpcIdNotFound);
    let made = site.ask(scope, "CreateVpc", json!({"CidrBlock": "10.4.0.0/16"})).unwrap();
    assert_eq!(made["Vpc"]["OwnerId"], STRANGER);
    let seen = site.ask(scope, "DescribeVpcs", json!({})).unwrap();
    assert_eq!(seen["Vpcs"].as_array().unwrap().len(), 1);
    site.ask(scope, "DeleteVpc", json!({"VpcId": made["Vpc"]["VpcId"]})).unwrap();
}

#[test]
fn a_key_changes_a_group_whose_rules_name_a_list_of_another_account() {
    let mut site = Site::new();
    let scope = Site::stranger();
    let vpc = site.ask(scope, "CreateVpc", json!({"CidrBlock": "10.4.0.0/16"})).unwrap()["Vpc"]["VpcId"].clone();
    let group = json!({"GroupName": "web", "Description": "d", "VpcId": vpc});
    let group = site.ask(scope, "CreateSecurityGroup", group).unwrap()["GroupId"].clone();
    let mut on_socket = |operation: &str, body: Value| {
        let done = ask(&mut site.core, &host(), &Caller::default(), operation, body).unwrap();
        serde_json::to_value(&done.response).unwrap()
    };
    let list = json!({"PrefixListName": "offices", "MaxEntries": 2, "AddressFamily": "IPv4"});
    let list = on_socket("CreateManagedPrefixList", list)["PrefixList"]["PrefixListId"].clone();
    let rule = |peer: Value| {
        let mut item = json!({"IpProtocol": "-1"});
        item.as_object_mut().unwrap().extend(peer.as_object().unwrap().clone());
        json!({"GroupId": group, "IpPermissions": [item]})
    };
    let naming = rule(json!({"PrefixListIds": [{"PrefixListId": list}]}));
    on_socket("AuthorizeSecurityGroupIngress", naming);
    assert_eq!(scope.part(&site.core.model).unwrap().check(), Ok(()));
    let open = rule(json!({"IpRanges": [{"CidrIp": "10.0.0.0/8"}]}));
    site.ask(scope, "AuthorizeSecurityGroupIngress", open).unwrap();
    // It is seen, and not the key's to change.
    let rename = json!({"PrefixListId": list, "PrefixListName": "mine"});
    assert_eq!(site.code(scope, "ModifyManagedPrefixList", rename), ErrorCode::UnauthorizedOperation);
}

#[test]
fn each_account_has_a_default_vpc_of_its_own() {
    let mut site = Site::new();
    let scope = Site::stranger();
    let group = json!({"GroupName": "web", "Description": "d"});
    assert_eq!(site.code(scope, "CreateSecurityGroup", group.clone()), ErrorCode::VpcIdNotSpecified);
    let made = site.ask(scope, "CreateDefaultVpc", json!({})).unwrap()["Vpc"]["VpcId"].clone();
    assert_ne!(made, site.default.to_string());
    assert_eq!(site.core.model.check(), Ok(()));
    let group = site.ask(scope, "CreateSecurityGroup", group).unwrap()["GroupId"].clone();
    let named = json!({"GroupNames": ["web"]});
    let seen = site.ask(scope, "DescribeSecurityGroups", named.clone()).unwrap();
    assert_eq!(ids(&seen, "SecurityGroups", "VpcId"), [made.as_str().unwrap()]);
    // Names mean the default VPC of whoever says them, and in each what is not there is only told.
    let own = Scope { account: AccountId::default(), vpc: None };
    assert_eq!(site.code(own, "DescribeSecurityGroups", named), ErrorCode::InvalidGroupNotFound);
    let rule = json!({"GroupName": "web", "IpPermissions": [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupName": "web"}]}]});
    let told = site.ask(scope, "RevokeSecurityGroupIngress", rule.clone()).unwrap();
    assert_eq!(told["UnknownIpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"], group);
    site.ask(scope, "AuthorizeSecurityGroupIngress", rule).unwrap();
    assert_eq!(site.code(scope, "CreateDefaultVpc", json!({})), ErrorCode::DefaultVpcAlreadyExists);
    site.ask(scope, "DeleteSecurityGroup", json!({"GroupName": "web"})).unwrap();
}

#[test]
fn a_refusal_names_nothing_that_is_not_seen() {
    let mut site = Site::new();
    let (scope, other, default) = (site.narrow(), site.other.to_string(), site.default.to_string());
    let mut on_socket = |operation: &str, body: Value| {
        let done = ask(&mut site.core, &host(), &Caller::default(), operation, body).unwrap();
        serde_json::to_value(&done.response).unwrap()
    };
    let instance = on_socket("RegisterInstance", json!({}))["Instance"]["InstanceId"].clone();
    let mut interface = |vpc: &str| {
        on_socket("CreateNetworkInterface", json!({"VpcId": vpc}))["NetworkInterface"]["NetworkInterfaceId"].clone()
    };
    let (foreign, own) = (interface(&default), interface(&other));
    let at = |interface: &Value| json!({"NetworkInterfaceId": interface, "InstanceId": instance, "DeviceIndex": 0});
    on_socket("AttachNetworkInterface", at(&foreign));
    let refused = [("AttachNetworkInterface", at(&own)), ("CreateDefaultVpc", json!({}))];
    for (operation, body) in refused {
        let error = site.ask(scope, operation, body).unwrap_err();
        let words = format!("{} {}", error.message, error.detail.unwrap_or_default());
        assert!(!words.contains(foreign.as_str().unwrap()) && !words.contains(&default), "{operation}: {words}");
        assert!(words.ends_with("is not among what this key sees."), "{operation}: {words}");
    }
}
