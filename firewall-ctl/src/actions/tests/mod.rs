//! The actions as callers use them: members in, members out.

mod authorize;
mod device;
mod group;
mod instance;
mod interface;
mod network;
mod page;
mod prefix_list;
mod property;
mod property_lists;
mod property_networks;
mod replace;
mod revoke;
mod rule_edit;
mod tag;
mod vpc;

use super::{ApiError, Context, ErrorCode, Outcome, Request, apply, register_host};
use crate::model::{AccountId, Model, NumberPool, Quotas};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The name of the host that the actions are done on.
const HOST: &str = "here";

/// A model that lives on from action to action.
struct World {
    model: Model,
    quotas: Quotas,
    rng: StdRng,
    busy_rules: BTreeSet<u32>,
    busy_attachments: BTreeSet<u32>,
    last_number: u32,
    now: jiff::Timestamp,
}

impl World {
    fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(7);
        let model = Model::new_with_default_vpc(&mut rng);
        let owner = AccountId::default();
        let registered = register_host(&model, HOST, owner, jiff::Timestamp::UNIX_EPOCH, &mut rng).unwrap();
        Self {
            model: registered.unwrap_or(model),
            quotas: Quotas::default(),
            rng,
            busy_rules: BTreeSet::new(),
            busy_attachments: BTreeSet::new(),
            last_number: 65536,
            now: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    /// Does an action, and holds what there is afterwards against the invariants.
    fn attempt(&mut self, request: Request) -> Result<Outcome, ApiError> {
        let is_read_only = request.is_read_only();
        let outcome = self.with_context(|context| apply(request, context))?;
        if let Some(model) = &outcome.model {
            assert!(!is_read_only);
            assert_ne!(*model, self.model, "a model that is no different was given");
            model.check().unwrap();
            self.model = model.clone();
        }
        Ok(outcome)
    }

    /// Works something out from what there is.
    fn with_context<T>(&mut self, work: impl FnOnce(Context<'_>) -> T) -> T {
        work(Context {
            model: &self.model,
            quotas: &self.quotas,
            account: AccountId::default(),
            region: "local",
            rng: &mut self.rng,
            now: self.now,
            host: HOST,
            rule_numbers: NumberPool { last: self.last_number, busy: &self.busy_rules },
            attachment_numbers: NumberPool { last: self.last_number, busy: &self.busy_attachments },
        })
    }

    fn outcome(&mut self, operation: &str, body: Value) -> Outcome {
        self.attempt(Request::parse(operation, body).unwrap()).unwrap()
    }

    /// The answer of an action that is done.
    fn done(&mut self, operation: &str, body: Value) -> Value {
        serde_json::to_value(self.outcome(operation, body).response).unwrap()
    }

    /// The error of an action that is refused.
    fn refused(&mut self, operation: &str, body: Value) -> ApiError {
        let result = Request::parse(operation, body).and_then(|request| self.attempt(request));
        match result {
            Err(error) => error,
            Ok(outcome) => panic!("{operation} was not refused: {outcome:?}"),
        }
    }

    /// Asserts code, message and detail of an action that is refused.
    #[track_caller]
    fn refuses(&mut self, operation: &str, body: Value, code: ErrorCode, message: &str, detail: Option<&str>) {
        let error = self.refused(operation, body);
        assert_eq!((error.code, error.message.as_str(), error.detail.as_deref()), (code, message, detail));
    }

    fn default_vpc(&self) -> String {
        self.model.default_vpc(AccountId::default()).unwrap().id.to_string()
    }

    fn default_group(&self) -> String {
        let vpc = self.model.default_vpc(AccountId::default()).unwrap().id;
        self.model.default_group(vpc).unwrap().id.to_string()
    }

    /// Another VPC, of IPv4 only.
    fn vpc(&mut self) -> String {
        text(&self.done("CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["Vpc"]["VpcId"])
    }

    /// A group of the default VPC.
    fn group(&mut self, name: &str) -> String {
        let body = json!({"GroupName": name, "Description": "for a test"});
        text(&self.done("CreateSecurityGroup", body)["GroupId"])
    }

    fn group_in(&mut self, vpc: &str, name: &str) -> String {
        let body = json!({"GroupName": name, "Description": "for a test", "VpcId": vpc});
        text(&self.done("CreateSecurityGroup", body)["GroupId"])
    }

    fn describe_group(&mut self, id: &str) -> Value {
        self.done("DescribeSecurityGroups", json!({"GroupIds": [id]}))["SecurityGroups"][0].clone()
    }
}

/// A member that is text.
#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A well-formed id of nothing.
const NO_GROUP: &str = "sg-00000000";
const NO_RULE: &str = "sgr-00000000";
const NO_VPC: &str = "vpc-00000000";
const NO_INTERFACE: &str = "eni-00000000";
const NO_SUBNET: &str = "subnet-00000000";
const NO_INSTANCE: &str = "i-00000000";
const NO_GATEWAY: &str = "igw-00000000";
const NO_PLACE: &str = "eni-attach-00000000";

const MALFORMED_GROUP: &str = "It is sg- and 17 digits 0-9 and a-f, or 8 for an old one.";

#[test]
fn dry_run_asks_for_the_permission_only() {
    let mut world = World::new();
    for operation in Request::OPERATIONS {
        if *operation == "AttachDevice" || Request::parse(operation, json!({"DryRun": true})).is_err() {
            continue;
        }
        let message = "Request would have succeeded, but DryRun flag is set.";
        world.refuses(operation, json!({"DryRun": true}), ErrorCode::DryRunOperation, message, None);
    }
    assert_eq!(ErrorCode::DryRunOperation.http_status(), 412);
}

#[test]
fn what_the_controller_answers_is_not_answered_here() {
    let mut world = World::new();
    for operation in Request::OPERATIONS {
        let request = Request::parse(operation, json!({})).unwrap();
        if request.is_for_controller() {
            assert_eq!(world.attempt(request).unwrap_err().code, ErrorCode::InternalError);
        }
    }
}
