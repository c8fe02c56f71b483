//! From the model to the tables of this host. Pure.
//!
//! [`compile`] says what should hold ([`Desired`]), and [`Desired::follow`] what should hold after a change of the model;
//! [`layout`] finds places for it and the order in which to write it ([`Plan`]); [`MemoryTables`] holds the result in
//! ordinary collections, for tests and for explaining verdicts.
//!
//! All of them are persistent values, cheap to clone, so that a change that is refused is dropped, and the work that a
//! change takes is proportional to what it changes.

mod adopt;
mod desired;
mod filter;
mod intern;
pub mod layout;
mod limits;
mod linger;
mod lists;
mod members;
pub mod memory;
pub mod owners;
mod plan;
mod policy;
mod services;
mod sets;

pub use adopt::Observed;
pub(crate) use desired::timeouts;
pub use desired::{Desired, DesiredInterface};
pub use layout::{Layout, Usage};
pub use limits::Limits;
pub use linger::LingerPrefix;
pub use lists::ListEntries;
pub use memory::MemoryTables;
pub use plan::{Change, Plan, Removal, TableFull, Write};
pub use policy::{FamilyPolicy, Policy};
pub use services::Traffic;

use crate::model::{InterfaceId, Model, PrefixListId, RuleId};
use firewall_common::abi;
use firewall_common::verdict::Direction;
use std::net::IpAddr;

/// Key of a member: number of the VPC, and the address.
type MemberKey = (u32, IpAddr);

/// A model that has no tables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The groups of an interface have more rules together than a policy holds.
    #[error(
        "the groups of an interface have {rules} {} rules for {}, and a policy holds at most {limit}: \
         take rules or groups away",
        direction.name(), if *family == abi::V4 { "IPv4" } else { "IPv6" }
    )]
    TooManyRules {
        /// Direction of the rules.
        direction: Direction,
        /// [`abi::V4`] or [`abi::V6`].
        family: usize,
        /// How many there are.
        rules: usize,
        /// How many there can be.
        limit: usize,
    },
    /// A rule names a prefix list that does not exist.
    #[error("rule {rule} names {list}, which does not exist: the state is inconsistent")]
    NoList {
        /// The rule.
        rule: RuleId,
        /// The list.
        list: PrefixListId,
    },
    /// The model names something that it does not hold.
    #[error("interface {interface} names {missing}, which does not exist: the state is inconsistent")]
    Dangling {
        /// The interface.
        interface: InterfaceId,
        /// What it names.
        missing: String,
    },
}

/// Compiles what concerns this host: the policies of its attached interfaces, the members of the groups and the entries of
/// the prefix lists that those name.
///
/// # Errors
/// An interface has more rules than a policy holds, or something names what does not exist.
pub fn compile(model: &Model) -> Result<Desired, CompileError> {
    Desired::default().follow(model)
}

#[cfg(test)]
mod tests;
