//! The members of our requests are those of the service. What a structure has, serde tells when it is asked for a member
//! that it does not have.

use crate::actions::{ErrorCode, Request};
use crate::ec2::local;
use crate::ec2::shapes::{Form, Shapes, StructureIndex};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// No member is named so.
const NOBODY: &str = "?";

/// Members of one request, as paths such as `IpPermissions.FromPort`.
struct Walk<'a> {
    operation: &'a str,
    ours: BTreeSet<String>,
    missing: BTreeSet<String>,
}

impl Walk<'_> {
    fn structure(&mut self, index: StructureIndex, path: &[&str], wrap: &dyn Fn(Value) -> Value) {
        let structure = Shapes::get().structure(index);
        let Some(names) = self.names(wrap) else { return };
        for name in &names {
            let of = [path, &[name.as_str()]].concat();
            let Some(member) = structure.members.iter().find(|member| member.name == *name) else {
                assert!(
                    local::ASKED.contains(&(self.operation, &of.join("."))),
                    "{}: the service has no {}",
                    self.operation,
                    of.join(".")
                );
                continue;
            };
            self.ours.insert(of.join("."));
            let in_place = |value: Value| wrap(json!({ name: value }));
            match member.form {
                Form::Structure(index) => self.structure(index, &of, &in_place),
                Form::List(list) => match Shapes::get().list(list).of {
                    Form::Structure(index) => self.structure(index, &of, &|value| in_place(json!([value]))),
                    form => self.value(&of, in_place(json!([sample(form)]))),
                },
                form => self.value(&of, in_place(sample(form))),
            }
        }
        let missing = structure.members.iter().filter(|member| !names.contains(&member.name));
        self.missing.extend(missing.map(|member| [path, &[member.name.as_str()]].concat().join(".")));
    }

    /// The members of a structure, as serde tells them.
    fn names(&self, wrap: &dyn Fn(Value) -> Value) -> Option<BTreeSet<String>> {
        let error = Request::parse(self.operation, wrap(json!({ NOBODY: 1 }))).expect_err("nobody has this member");
        assert_eq!(error.code, ErrorCode::UnknownParameter, "{}: {error}", self.operation);
        let detail = error.detail?;
        Some(detail.split('`').skip(1).step_by(2).map(str::to_owned).collect())
    }

    /// A value of the service's form is taken.
    fn value(&self, path: &[&str], body: Value) {
        let parsed = Request::parse(self.operation, body);
        assert!(parsed.is_ok(), "{}: {}: {}", self.operation, path.join("."), parsed.unwrap_err());
    }
}

fn sample(form: Form) -> Value {
    match form {
        Form::Text | Form::Timestamp | Form::Blob => json!("1"),
        Form::Integer => json!(1),
        Form::Double => json!(1.5),
        Form::Boolean => json!(true),
        Form::Structure(_) => json!({}),
        Form::List(_) => json!([]),
    }
}

fn walk(operation: &str) -> Option<Walk<'_>> {
    // Whatever it is asked for, it is refused as a whole.
    if operation == "RunInstances" {
        return None;
    }
    let index = Shapes::get().operation(operation)?.input?;
    let mut walk = Walk { operation, ours: BTreeSet::new(), missing: BTreeSet::new() };
    walk.structure(index, &[], &|value| value);
    Some(walk)
}

#[test]
fn members_of_requests_are_those_of_the_service() {
    let mut count = 0;
    for walk in Request::OPERATIONS.iter().filter_map(|operation| walk(operation)) {
        assert!(!walk.missing.contains("DryRun"), "{}: every action can be tried", walk.operation);
        count += walk.ours.len();
    }
    assert!(count > 100, "{count}");
}

#[test]
fn members_that_are_ours_alone_are_there() {
    for (operation, path) in local::ASKED {
        let error = Request::parse(operation, json!({ *path: {} })).unwrap_err();
        assert_ne!(error.code, ErrorCode::UnknownParameter, "{operation} has no {path}");
    }
}

#[test]
fn what_we_do_not_have_is_refused() {
    let mut count = 0;
    for walk in Request::OPERATIONS.iter().filter_map(|operation| walk(operation)) {
        for path in walk.missing.iter().filter(|path| !path.contains('.')) {
            let error = Request::parse(walk.operation, json!({ path.as_str(): "1" })).unwrap_err();
            let refusals = [ErrorCode::UnknownParameter, ErrorCode::UnsupportedOperation];
            assert!(refusals.contains(&error.code), "{}: {path}: {error}", walk.operation);
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}
