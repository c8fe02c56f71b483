//! The actions of the API: request and model in, response and model out. Pure.
//!
//! What is checked comes in one order: the form of the request, the group, ids of rules, each rule in the order of the list
//! (protocol, ports, number of peers, peer, description), repetitions in the request, rules that are there already,
//! quotas. An action is done whole or not at all.

mod error;
mod request;
pub mod types;

pub use error::{ApiError, ErrorCode};
pub use request::{Request, Response};
