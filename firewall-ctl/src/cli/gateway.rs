//! Commands on internet gateways.

use super::call::{Call, Changing, Listing, TagSpecifications};

/// Make an internet gateway
///
/// No packet goes through it: clients make one beside a VPC, and find it again.
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl create-internet-gateway")]
pub(super) struct CreateInternetGateway {
    #[command(flatten)]
    tags: TagSpecifications,
    #[command(flatten)]
    change: Changing,
}

impl CreateInternetGateway {
    pub(super) fn call(self) -> Call {
        let Self { tags, change } = self;
        Call::new("CreateInternetGateway").with_tags(&tags).changing(change)
    }
}

/// List internet gateways
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl describe-internet-gateways
  firewall-ctl describe-internet-gateways \
      --filters Name=attachment.vpc-id,Values=vpc-0123456789abcdef0")]
pub(super) struct DescribeInternetGateways {
    /// These only; an unknown one is an error
    #[arg(long, value_name = "GATEWAY", num_args = 1..)]
    internet_gateway_ids: Vec<String>,
    #[command(flatten)]
    list: Listing,
}

impl DescribeInternetGateways {
    pub(super) fn call(self) -> Call {
        let Self { internet_gateway_ids, list } = self;
        Call::new("DescribeInternetGateways").with_list("InternetGatewayIds", &internet_gateway_ids).listing(list)
    }
}

/// Attach an internet gateway to a VPC, which has no other
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl attach-internet-gateway --vpc-id vpc-0123456789abcdef0 \
      --internet-gateway-id igw-0123456789abcdef0")]
pub(super) struct AttachInternetGateway {
    /// The gateway
    #[arg(long, value_name = "GATEWAY")]
    internet_gateway_id: String,
    /// The VPC
    #[arg(long, value_name = "VPC")]
    vpc_id: String,
    #[command(flatten)]
    change: Changing,
}

impl AttachInternetGateway {
    pub(super) fn call(self) -> Call {
        let Self { internet_gateway_id, vpc_id, change } = self;
        Call::new("AttachInternetGateway")
            .with("InternetGatewayId", internet_gateway_id)
            .with("VpcId", vpc_id)
            .changing(change)
    }
}

/// Detach an internet gateway from a VPC
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl detach-internet-gateway --vpc-id vpc-0123456789abcdef0 \
      --internet-gateway-id igw-0123456789abcdef0")]
pub(super) struct DetachInternetGateway {
    /// The gateway
    #[arg(long, value_name = "GATEWAY")]
    internet_gateway_id: String,
    /// The VPC
    #[arg(long, value_name = "VPC")]
    vpc_id: String,
    #[command(flatten)]
    change: Changing,
}

impl DetachInternetGateway {
    pub(super) fn call(self) -> Call {
        let Self { internet_gateway_id, vpc_id, change } = self;
        Call::new("DetachInternetGateway")
            .with("InternetGatewayId", internet_gateway_id)
            .with("VpcId", vpc_id)
            .changing(change)
    }
}

/// Delete an internet gateway that is attached to no VPC
#[derive(clap::Args, Debug)]
#[command(after_help = r"Example:
  firewall-ctl delete-internet-gateway \
      --internet-gateway-id igw-0123456789abcdef0")]
pub(super) struct DeleteInternetGateway {
    /// The gateway
    #[arg(long, value_name = "GATEWAY")]
    internet_gateway_id: String,
    #[command(flatten)]
    change: Changing,
}

impl DeleteInternetGateway {
    pub(super) fn call(self) -> Call {
        let Self { internet_gateway_id, change } = self;
        Call::new("DeleteInternetGateway").with("InternetGatewayId", internet_gateway_id).changing(change)
    }
}
