//! Controller and command line of the firewall: security groups for network interfaces.
//!
//! A change flows one way: `api` decodes a request, `actions` answers it with a response and the next model, `store`
//! makes it durable, `compile` turns it into tables, `dataplane` publishes them; `daemon` wires these together.

pub mod actions;
pub mod api;
pub mod cli;
pub mod compile;
pub mod daemon;
pub mod dataplane;
pub mod ec2;
pub mod lock;
pub mod model;
pub mod probe;
pub mod store;
