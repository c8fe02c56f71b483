//! The table of shapes held against our own types, and both ways through the wire.

mod answers;
mod requests;
mod roundtrip;

use super::local;
use super::shapes::Shapes;
use crate::actions::Request;

#[test]
fn every_action_is_of_the_service_or_ours() {
    let shapes = Shapes::get();
    for operation in Request::OPERATIONS {
        let is_local = local::ACTIONS.contains(operation);
        let is_known = shapes.operation(operation).is_some();
        assert!(
            is_local != is_known,
            "{operation}: name it in tests/clients/shapes.py and run `cargo xtask shapes`, or in ec2/local.rs"
        );
    }
    for (at, operation) in local::ACTIONS.iter().enumerate() {
        assert!(!local::ACTIONS[..at].contains(operation), "{operation} is named twice");
        assert!(Request::OPERATIONS.contains(operation), "{operation} is named and not there");
    }
}
