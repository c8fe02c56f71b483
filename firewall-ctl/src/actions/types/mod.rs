//! What travels: requests and answers, as the EC2 API names their members.
//!
//! Requests are raw: ids, addresses and names are text here, so that a wrong one gets the error of the service and not that
//! of a parser. An absent member and an empty one mean the same.

mod daemon;
mod device;
mod explain;
mod flow;
mod gateway;
mod group;
mod instance;
mod interface;
mod key;
mod observe;
mod permission;
mod prefix_list;
mod rule;
mod shared;
mod subnet;
mod surroundings;
mod tag;
mod vpc;

pub use daemon::*;
pub use device::*;
pub use explain::*;
pub use flow::*;
pub use gateway::*;
pub use group::*;
pub use instance::*;
pub use interface::*;
pub use key::*;
pub use observe::*;
pub use permission::*;
pub use prefix_list::*;
pub use rule::*;
pub use shared::*;
pub use subnet::*;
pub use surroundings::*;
pub use tag::*;
pub use vpc::*;

/// Whether a member can be left out when it is sent.
pub(crate) fn is_absent<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Defines request structures: every member optional on the wire, absent ones not sent, unknown ones refused.
macro_rules! request {
    ($($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
        pub struct $name {
            $(
                $(#[$member_doc])*
                #[serde(skip_serializing_if = "crate::actions::types::is_absent")]
                pub $member: $type,
            )*
        }
    )*};
}

/// Defines structures of answers. Members that the service leaves out say so with `#[serde(skip_serializing_if)]`.
macro_rules! answer {
    ($($(#[$doc:meta])* $name:ident { $($(#[$member_meta:meta])* $member:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $name {
            $(
                $(#[$member_meta])*
                pub $member: $type,
            )*
        }
    )*};
}

pub(crate) use {answer, request};
