//! `--type`: kinds of rules by the names of the service's console, each a protocol and ports.

use super::port::{Ports, Protocol};
use clap::ValueEnum;
use clap::builder::PossibleValue;

/// A kind of rule. The table has its name, protocol, first and last port, and what the help says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    name: &'static str,
    protocol: &'static str,
    ports: Option<(i32, i32)>,
    help: &'static str,
}

const fn tcp(name: &'static str, port: i32, help: &'static str) -> Kind {
    Kind { name, protocol: "tcp", ports: Some((port, port)), help }
}

const fn all(name: &'static str, protocol: &'static str, ports: Option<(i32, i32)>, help: &'static str) -> Kind {
    Kind { name, protocol, ports, help }
}

/// The kinds in the order of their ports, those of a whole protocol last.
const KINDS: &[Kind] = &[
    tcp("ssh", 22, "TCP 22"),
    tcp("telnet", 23, "TCP 23"),
    tcp("smtp", 25, "TCP 25"),
    Kind { name: "dns-udp", protocol: "udp", ports: Some((53, 53)), help: "UDP 53" },
    tcp("dns-tcp", 53, "TCP 53"),
    tcp("http", 80, "TCP 80"),
    tcp("pop3", 110, "TCP 110"),
    tcp("imap", 143, "TCP 143"),
    tcp("ldap", 389, "TCP 389"),
    tcp("https", 443, "TCP 443"),
    tcp("smb", 445, "TCP 445"),
    tcp("smtps", 465, "TCP 465"),
    tcp("imaps", 993, "TCP 993"),
    tcp("pop3s", 995, "TCP 995"),
    tcp("mssql", 1433, "TCP 1433"),
    tcp("oracle", 1521, "TCP 1521"),
    tcp("nfs", 2049, "TCP 2049"),
    tcp("mysql", 3306, "TCP 3306"),
    tcp("rdp", 3389, "TCP 3389"),
    tcp("postgres", 5432, "TCP 5432"),
    tcp("redshift", 5439, "TCP 5439"),
    tcp("winrm-http", 5985, "TCP 5985"),
    tcp("winrm-https", 5986, "TCP 5986"),
    tcp("cassandra", 9042, "TCP 9042"),
    all("all-tcp", "tcp", Some((0, 65535)), "TCP, every port"),
    all("all-udp", "udp", Some((0, 65535)), "UDP, every port"),
    all("all-icmp", "icmp", Some((-1, -1)), "ICMP, every type"),
    all("all-icmpv6", "icmpv6", Some((-1, -1)), "ICMPv6, every type"),
    all("all-traffic", "-1", None, "Every protocol"),
];

impl Kind {
    pub(crate) fn protocol(self) -> Protocol {
        Protocol::named(self.protocol)
    }

    pub(crate) fn ports(self) -> Option<Ports> {
        self.ports.map(|(from, to)| Ports { from, to })
    }
}

impl ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Self] {
        KINDS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_whatever_their_case() {
        for kind in KINDS {
            assert_eq!(Kind::from_str(&kind.name.to_ascii_uppercase(), true), Ok(*kind));
        }
        let error = Kind::from_str("gopher", true).expect_err("no such kind");
        assert_eq!(error, "invalid variant: gopher");
    }
}
