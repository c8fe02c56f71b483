//! VPCs.

use super::{Screen, finish, more, name_tag};
use crate::actions::types::{CreateVpcResult, DescribeVpcsResult, VpcDescription};
use comfy_table::Table;

pub(super) fn created(screen: &Screen, CreateVpcResult { vpc }: &CreateVpcResult) -> String {
    finish(&table(screen, std::slice::from_ref(vpc)), "")
}

pub(super) fn listed(screen: &Screen, DescribeVpcsResult { vpcs, next_token }: &DescribeVpcsResult) -> String {
    finish(&table(screen, vpcs), "No VPC.") + &more(next_token)
}

fn table(screen: &Screen, vpcs: &[VpcDescription]) -> Table {
    let mut table = screen.table(["VPC", "Name", "Blocks", "Default", "State"]);
    for vpc in vpcs {
        let ipv4 = vpc.cidr_block_association_set.iter().map(|block| block.cidr_block.as_str());
        let ipv6 = vpc.ipv6_cidr_block_association_set.iter().map(|block| block.ipv6_cidr_block.as_str());
        table.add_row([
            vpc.vpc_id.as_str(),
            name_tag(&vpc.tags),
            &ipv4.chain(ipv6).collect::<Vec<_>>().join("\n"),
            if vpc.is_default { "yes" } else { "no" },
            &vpc.state,
        ]);
    }
    table
}
