//! Internet gateways. Packets do not go through one here: clients make it beside a VPC, and find it again.

use super::{AccountId, InternetGatewayId, Tags, VpcId};
use serde::{Deserialize, Serialize};

/// An internet gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternetGateway {
    /// Its identifier.
    pub id: InternetGatewayId,
    /// The account that made it.
    pub owner: AccountId,
    /// The VPC that it is attached to, which has no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc: Option<VpcId>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}
