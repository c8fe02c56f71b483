//! Commands on flows: `describe-flows`, `flush-flows`.

use super::call::{Call, Filters, Guard};

/// List the flows that are remembered: who talks to whom, and by which rule
///
/// Filters: peer (an address or a block), port (the one that was asked for, or a range), protocol, state (also `denied`:
/// passes only because nothing is enforced), rule-id (also `revoked`), direction (ingress or egress: the way of the first
/// packet).
#[derive(clap::Args, Debug)]
#[command(after_help = r"Examples:
  firewall-ctl describe-flows
  firewall-ctl describe-flows eth0 \
      --filters Name=peer,Values=10.0.0.0/8 Name=port,Values=22,8000-8100")]
pub(super) struct DescribeFlows {
    /// This device only
    #[arg(value_name = "DEV", conflicts_with = "network_interface_ids")]
    device: Option<String>,
    /// These interfaces only
    #[arg(long, value_name = "INTERFACE", num_args = 1..)]
    network_interface_ids: Vec<String>,
    #[command(flatten)]
    filters: Filters,
    /// The most flows that are listed: up to 10000 [default: 1000]
    #[arg(long, value_name = "NUMBER")]
    max_items: Option<u32>,
    /// Go on where the last list ended: the NextToken that it had
    #[arg(long, value_name = "TOKEN")]
    starting_token: Option<String>,
}

impl DescribeFlows {
    pub(super) fn call(self) -> Call {
        let Self { device, network_interface_ids, filters, max_items, starting_token } = self;
        Call::new("DescribeFlows")
            .with_some("Device", device)
            .with_list("NetworkInterfaceIds", &network_interface_ids)
            .with_filters(&filters)
            .with_some("MaxResults", max_items)
            .with_some("NextToken", starting_token)
    }
}

/// Cut flows: what comes by them is dropped, either way, until their ends give up
///
/// A new connection is judged by the rules as ever. Flows that begin while this goes on are left alone.
#[derive(clap::Args, Debug)]
#[command(
    group = clap::ArgGroup::new("choice").required(true).multiple(true).args([
        "device", "network_interface_id", "peer", "port", "protocol", "rule_id", "all",
    ]),
    after_help = r"Examples:
  firewall-ctl flush-flows --peer 203.0.113.0/24 --dry-run
  firewall-ctl flush-flows eth0 --protocol tcp --port 8000-8100
  firewall-ctl flush-flows --rule-id revoked"
)]
pub(super) struct FlushFlows {
    /// Of this device only
    #[arg(value_name = "DEV", conflicts_with = "network_interface_id")]
    device: Option<String>,
    /// Of this interface only
    #[arg(long, value_name = "INTERFACE")]
    network_interface_id: Option<String>,
    /// With a peer in this block, or at this address
    #[arg(long, value_name = "CIDR")]
    peer: Option<String>,
    /// About this port, or a range of them: the one that was asked for
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
    /// Of this protocol: tcp, udp, icmp, icmpv6 or a number
    #[arg(long, value_name = "PROTOCOL")]
    protocol: Option<String>,
    /// Admitted by this rule, or by one that is `revoked`
    #[arg(long, value_name = "RULE")]
    rule_id: Option<String>,
    /// All flows of all devices
    #[arg(long, conflicts_with_all = ["device", "network_interface_id", "peer", "port", "protocol", "rule_id"])]
    all: bool,
    /// Say how many would be cut, and cut none
    #[arg(long)]
    dry_run: bool,
    /// Cut even the connection that you come by (SSH_CONNECTION)
    #[arg(long)]
    force: bool,
}

impl FlushFlows {
    pub(super) fn call(self) -> Call {
        let Self { device, network_interface_id, peer, port, protocol, rule_id, all, dry_run, force } = self;
        Call::new("FlushFlows")
            .with_some("Device", device)
            .with_some("NetworkInterfaceId", network_interface_id)
            .with_some("Peer", peer)
            .with_some("Port", port)
            .with_some("Protocol", protocol)
            .with_some("SecurityGroupRuleId", rule_id)
            .with_flag("All", all)
            .with_flag("DryRun", dry_run)
            // What is cut cannot be undone, so there is nothing to confirm.
            .guarded(Guard { force, confirm_within: None })
    }
}
