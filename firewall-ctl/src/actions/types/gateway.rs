//! Actions on internet gateways.

use super::{Filter, Tag, TagSpecification, answer, request};

request! {
    /// Makes an internet gateway. No packet goes through it: clients make one beside a VPC, and find it again.
    CreateInternetGateway {
        /// Tags of type `internet-gateway`.
        tag_specifications: Vec<TagSpecification>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Lists internet gateways.
    DescribeInternetGateways {
        /// These only; an unknown one is an error.
        internet_gateway_ids: Vec<String>,
        /// Filters: `attachment.state`, `attachment.vpc-id`, `internet-gateway-id`, `owner-id`, `tag:KEY`, `tag-key`.
        filters: Vec<Filter>,
        /// Only so many, from 5 to 1000; all of them when absent.
        max_results: Option<i64>,
        /// Where to go on: the token of the answer before, to the same request.
        next_token: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Attaches an internet gateway to a VPC, which has no other.
    AttachInternetGateway {
        /// The gateway.
        internet_gateway_id: Option<String>,
        /// The VPC.
        vpc_id: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Detaches an internet gateway from a VPC.
    DetachInternetGateway {
        /// The gateway.
        internet_gateway_id: Option<String>,
        /// The VPC.
        vpc_id: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }

    /// Deletes an internet gateway that is attached to no VPC.
    DeleteInternetGateway {
        /// The gateway.
        internet_gateway_id: Option<String>,
        /// Only checks the permission.
        dry_run: bool,
    }
}

answer! {
    /// Answer of CreateInternetGateway.
    CreateInternetGatewayResult {
        /// What was made.
        internet_gateway: InternetGatewayDescription,
    }

    /// Answer of DescribeInternetGateways.
    DescribeInternetGatewaysResult {
        /// The gateways, by id.
        internet_gateways: Vec<InternetGatewayDescription>,
        /// There are more: where to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// An internet gateway.
    InternetGatewayDescription {
        /// The VPC that it is attached to.
        attachments: Vec<InternetGatewayAttachment>,
        /// Its id.
        internet_gateway_id: String,
        /// Its owner.
        owner_id: String,
        /// Its tags.
        tags: Vec<Tag>,
    }

    /// The attachment of a gateway to a VPC.
    InternetGatewayAttachment {
        /// `available`, which is what the service says of a gateway that is attached.
        state: String,
        /// The VPC.
        vpc_id: String,
    }
}
