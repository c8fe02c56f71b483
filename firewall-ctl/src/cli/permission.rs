//! What a rule is made of on the command line: `--protocol --port --cidr`, or `--ip-permissions`.

use super::call::Call;
use super::values::kind::Kind;
use super::values::port::{self, Ports, Protocol};
use super::values::structure::{self, Structures};
use clap::ArgGroup;
use serde_json::{Map, Value, json};

/// Rules by their parts (one rule) or as structures (any number).
#[derive(clap::Args, Debug, Default)]
#[command(
    next_help_heading = "Rules",
    group = ArgGroup::new("service").args(["protocol", "type"]),
    group = ArgGroup::new("peer").args(["cidr", "source_group", "prefix_list_id"]),
)]
pub(super) struct Permissions {
    /// Protocol of one rule: tcp, udp, icmp, icmpv6, a number from 0 to 255, or all (-1)
    #[arg(long, value_name = "PROTOCOL", value_parser = port::protocol, allow_hyphen_values = true)]
    protocol: Option<Protocol>,

    /// Protocol and port of one rule by the name of what is served, as the console of the service has them
    #[arg(long = "type", id = "type", value_name = "TYPE", ignore_case = true, conflicts_with = "port")]
    kind: Option<Kind>,

    /// Destination port of the rule: 80, 8000-8100, or all (-1). For ICMP: TYPE-CODE, where 8--1 is every code of
    /// type 8, and all (-1) is every type; a single number stands for both, as in the AWS CLI
    #[arg(long, value_name = "PORT", value_parser = port::ports, allow_hyphen_values = true, requires = "protocol")]
    port: Option<Ports>,

    /// Peer of the rule: an IPv4 or IPv6 block (IPv6 is ours; the AWS CLI takes only IPv4 here)
    #[arg(long, value_name = "CIDR", requires = "service")]
    cidr: Option<String>,

    /// Peer of the rule: the members of a group, by its id; in an egress rule it is the destination
    #[arg(long, value_name = "GROUP", requires = "service")]
    source_group: Option<String>,

    /// Peer of the rule: the blocks of a prefix list (ours; the AWS CLI takes lists only in --ip-permissions)
    #[arg(long, value_name = "LIST", requires = "service")]
    prefix_list_id: Option<String>,

    /// Owner of the group that --source-group names, where it is another account
    #[arg(long, value_name = "ACCOUNT", requires = "source_group")]
    group_owner: Option<String>,

    /// Rules as structures: IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=10.0.0.0/8}] as shorthand, JSON,
    /// or file://PATH. Peers are IpRanges=[{CidrIp=..}], Ipv6Ranges=[{CidrIpv6=..}], UserIdGroupPairs=[{GroupId=..}],
    /// PrefixListIds=[{PrefixListId=..}], each with an optional Description
    #[arg(
        long,
        value_name = "PERMISSION",
        num_args = 1..,
        value_parser = structure::ip_permissions,
        conflicts_with_all = ["service", "port", "peer", "group_owner"],
    )]
    ip_permissions: Vec<Structures>,
}

impl Permissions {
    pub(super) fn add_to(self, call: Call) -> Call {
        let Self { protocol, kind, port, cidr, source_group, prefix_list_id, group_owner, ip_permissions } = self;
        let service = protocol.map(|protocol| (protocol, port));
        let service = service.or_else(|| kind.map(|kind| (kind.protocol(), kind.ports())));
        match service {
            Some((protocol, ports)) => {
                let note = ambiguous_icmp(&protocol, ports);
                let peer = peer(cidr, source_group, prefix_list_id, group_owner);
                call.with("IpPermissions", vec![permission(&protocol, ports, peer)]).noting(note)
            }
            None => call.with_structures("IpPermissions", &ip_permissions),
        }
    }
}

/// One permission of the API.
fn permission(protocol: &Protocol, ports: Option<Ports>, peer: Option<(&str, Value)>) -> Value {
    let mut permission = Map::new();
    permission.insert("IpProtocol".to_owned(), protocol.as_str().into());
    if let Some(Ports { from, to }) = ports.map(|ports| all_ports(protocol, ports)) {
        permission.insert("FromPort".to_owned(), from.into());
        permission.insert("ToPort".to_owned(), to.into());
    }
    if let Some((member, structure)) = peer {
        permission.insert(member.to_owned(), json!([structure]));
    }
    Value::Object(permission)
}

/// For TCP and UDP the service refuses -1, and every port is all that it can mean.
fn all_ports(protocol: &Protocol, ports: Ports) -> Ports {
    if ports == Ports::ANY && protocol.has_ports() { Ports { from: 0, to: 65535 } } else { ports }
}

fn peer(
    cidr: Option<String>,
    group: Option<String>,
    list: Option<String>,
    owner: Option<String>,
) -> Option<(&'static str, Value)> {
    if let Some(cidr) = cidr {
        // Only an IPv6 block has a colon. Whether it is well formed is the controller's to say, in one place.
        return Some(if cidr.contains(':') {
            ("Ipv6Ranges", json!({ "CidrIpv6": cidr }))
        } else {
            ("IpRanges", json!({ "CidrIp": cidr }))
        });
    }
    if let Some(list) = list {
        return Some(("PrefixListIds", json!({ "PrefixListId": list })));
    }
    let group = group?;
    let member = if group.starts_with("sg-") { "GroupId" } else { "GroupName" };
    let mut pair = Map::from_iter([(member.to_owned(), Value::from(group))]);
    pair.extend(owner.map(|owner| ("UserId".to_owned(), Value::from(owner))));
    Some(("UserIdGroupPairs", Value::Object(pair)))
}

/// `--protocol icmp --port 8` is type 8 with code 8 in the AWS CLI, which hardly anyone means.
fn ambiguous_icmp(protocol: &Protocol, ports: Option<Ports>) -> Option<String> {
    let Ports { from, to } = ports?;
    (protocol.is_icmp() && from == to && from > 0).then(|| {
        format!("--port {from} is type {from} with code {from}; every code of type {from} is --port {from}--1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions(protocol: &str, ports: Option<&str>, cidr: Option<&str>, group: Option<&str>) -> Permissions {
        Permissions {
            protocol: Some(port::protocol(protocol).expect("a protocol")),
            port: ports.map(|text| port::ports(text).expect("ports")),
            cidr: cidr.map(str::to_owned),
            source_group: group.map(str::to_owned),
            ..Permissions::default()
        }
    }

    #[test]
    fn flags_become_a_permission() {
        let cases = [
            (
                permissions("tcp", Some("80"), Some("0.0.0.0/0"), None),
                json!({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}),
            ),
            (
                permissions("udp", Some("8000-8100"), Some("2001:db8::/32"), None),
                json!({"IpProtocol": "udp", "FromPort": 8000, "ToPort": 8100,
                    "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]}),
            ),
            (
                permissions("tcp", Some("all"), None, Some("sg-1")),
                json!({"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "UserIdGroupPairs": [{"GroupId": "sg-1"}]}),
            ),
            (
                permissions("all", None, None, Some("web")),
                json!({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupName": "web"}]}),
            ),
            (
                permissions("icmp", Some("8--1"), Some("10.0.0.0/8"), None),
                json!({"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}),
            ),
            (
                permissions("icmpv6", Some("-1"), Some("::/0"), None),
                json!({"IpProtocol": "icmpv6", "FromPort": -1, "ToPort": -1, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}),
            ),
            (permissions("tcp", None, None, None), json!({"IpProtocol": "tcp"})),
        ];
        for (flags, wanted) in cases {
            let call = flags.add_to(Call::new("AuthorizeSecurityGroupIngress"));
            assert_eq!(call.body(), json!({ "IpPermissions": [wanted] }));
        }
    }

    #[test]
    fn an_owner_goes_with_the_group() {
        let mut flags = permissions("-1", None, None, Some("sg-1"));
        flags.group_owner = Some("123456789012".to_owned());
        let wanted = json!({"IpPermissions": [{"IpProtocol": "-1",
            "UserIdGroupPairs": [{"GroupId": "sg-1", "UserId": "123456789012"}]}]});
        assert_eq!(flags.add_to(Call::new("RevokeSecurityGroupEgress")).body(), wanted);
    }

    #[test]
    fn a_single_icmp_number_is_remarked_on() {
        let notes = |protocol, ports| permissions(protocol, Some(ports), None, None).add_to(Call::new("X")).notes;
        assert_eq!(notes("icmp", "8"), ["--port 8 is type 8 with code 8; every code of type 8 is --port 8--1"]);
        for (protocol, ports) in [("icmp", "8--1"), ("icmp", "0"), ("icmp", "-1"), ("tcp", "8")] {
            assert!(notes(protocol, ports).is_empty(), "{protocol} {ports}");
        }
    }
}
