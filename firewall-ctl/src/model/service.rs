//! Protocols, and what of them a rule allows.

use super::text::serde_by_text;
use std::fmt;
use std::str::FromStr;

/// The numbers of the protocols that have ports, or types and codes.
mod number {
    pub const ICMP: u8 = 1;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const ICMPV6: u8 = 58;
}

/// A protocol as rules name it: `-1` (or `all`), `tcp`, `udp`, `icmp`, `icmpv6` or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Every protocol.
    All,
    /// The one of this number.
    Number(u8),
}

/// A text that is no protocol. The message is the service's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid value '{text}' for IP protocol. Unknown protocol.")]
pub struct ProtocolError {
    /// The text given.
    pub text: String,
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::All => formatter.pad("-1"),
            Self::Number(number::ICMP) => formatter.pad("icmp"),
            Self::Number(number::TCP) => formatter.pad("tcp"),
            Self::Number(number::UDP) => formatter.pad("udp"),
            Self::Number(number::ICMPV6) => formatter.pad("icmpv6"),
            Self::Number(number) => formatter.pad(&number.to_string()),
        }
    }
}

impl FromStr for Protocol {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = match text.to_ascii_lowercase().as_str() {
            "-1" | "all" => return Ok(Self::All),
            "icmp" => Some(number::ICMP),
            "tcp" => Some(number::TCP),
            "udp" => Some(number::UDP),
            "icmpv6" => Some(number::ICMPV6),
            digits => digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse().ok()).flatten(),
        };
        number.map(Self::Number).ok_or_else(|| ProtocolError { text: text.to_owned() })
    }
}

/// A protocol with ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum L4 {
    /// TCP, protocol 6.
    Tcp,
    /// UDP, protocol 17.
    Udp,
}

/// One of the two ICMPs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IcmpFamily {
    /// ICMP of IPv4, protocol 1.
    V4,
    /// ICMP of IPv6, protocol 58.
    V6,
}

/// What a rule allows of a protocol. Its text is `-1`, `tcp/443`, `udp/0-65535`, `icmp`, `icmp/8`, `icmpv6/1/4` or `47`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Everything.
    All,
    /// Destination ports, both ends included.
    Ports {
        /// The protocol.
        protocol: L4,
        /// The first port.
        from: u16,
        /// The last port, not below the first.
        to: u16,
    },
    /// Messages of ICMP.
    Icmp {
        /// Which ICMP.
        family: IcmpFamily,
        /// The type; none is all of them.
        kind: Option<u8>,
        /// The code; none is all of them, and the only choice when no type is named.
        code: Option<u8>,
    },
    /// Everything of a protocol that is none of the above.
    Other(u8),
}

/// Why protocol and ports make no service. The messages are the service's where it is known to have one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The protocol is none.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// TCP or UDP without both ports.
    #[error("Invalid value for portRange. Must specify both from and to ports with TCP/UDP.")]
    PortsMissing,
    /// ICMP without type or code.
    #[error("Invalid value for portRange. Must specify both from and to ports with ICMP")]
    IcmpMissing,
    /// A port that does not exist.
    #[error("TCP/UDP port ({port}) out of range")]
    PortOutOfRange {
        /// The port given.
        port: i64,
    },
    /// The first port is above the last.
    #[error("Invalid TCP/UDP port range ({from}:{to})")]
    PortOrder {
        /// The first port.
        from: u16,
        /// The last port.
        to: u16,
    },
    /// A type of ICMP that does not exist.
    #[error("ICMP type ({kind}) out of range")]
    TypeOutOfRange {
        /// The type given.
        kind: i64,
    },
    /// A code of ICMP that does not exist.
    #[error("ICMP code ({code}) out of range")]
    CodeOutOfRange {
        /// The code given.
        code: i64,
    },
    /// A code for all types.
    #[error("ICMP code ({code}) must be -1 when the type is -1")]
    CodeWithoutType {
        /// The code given.
        code: i64,
    },
    /// The text of a service is not of the form that it has.
    #[error("Invalid value '{text}' for a service: it is like -1, tcp/443, udp/1000-2000, icmp/8/0 or 47")]
    Malformed {
        /// The text given.
        text: String,
    },
}

impl Service {
    /// A service of the fields of a request: ports for TCP and UDP, type and code for ICMP with -1 for all of them. Other
    /// protocols have no ports, whatever the request says.
    ///
    /// # Errors
    /// Ports, type or code are missing, do not exist, or do not go together.
    pub fn new(protocol: Protocol, from: Option<i64>, to: Option<i64>) -> Result<Self, ServiceError> {
        match protocol {
            Protocol::All => Ok(Self::All),
            Protocol::Number(number::TCP) => Self::ports(L4::Tcp, from, to),
            Protocol::Number(number::UDP) => Self::ports(L4::Udp, from, to),
            Protocol::Number(number::ICMP) => Self::icmp(IcmpFamily::V4, from, to),
            Protocol::Number(number::ICMPV6) => match (from, to) {
                (None, None) => Self::icmp(IcmpFamily::V6, Some(-1), Some(-1)),
                (from, to) => Self::icmp(IcmpFamily::V6, from, to),
            },
            Protocol::Number(number) => Ok(Self::Other(number)),
        }
    }

    fn ports(protocol: L4, from: Option<i64>, to: Option<i64>) -> Result<Self, ServiceError> {
        let (Some(from), Some(to)) = (from, to) else {
            return Err(ServiceError::PortsMissing);
        };
        let port = |port: i64| u16::try_from(port).map_err(|_| ServiceError::PortOutOfRange { port });
        let (from, to) = (port(from)?, port(to)?);
        if from <= to { Ok(Self::Ports { protocol, from, to }) } else { Err(ServiceError::PortOrder { from, to }) }
    }

    fn icmp(family: IcmpFamily, kind: Option<i64>, code: Option<i64>) -> Result<Self, ServiceError> {
        match (kind, code) {
            (Some(-1), Some(-1)) => Ok(Self::Icmp { family, kind: None, code: None }),
            (Some(-1), Some(code)) => Err(ServiceError::CodeWithoutType { code }),
            (Some(kind), Some(code)) => {
                let kind = u8::try_from(kind).map_err(|_| ServiceError::TypeOutOfRange { kind })?;
                let code = match code {
                    -1 => None,
                    code => Some(u8::try_from(code).map_err(|_| ServiceError::CodeOutOfRange { code })?),
                };
                Ok(Self::Icmp { family, kind: Some(kind), code })
            }
            (None, _) | (_, None) => Err(ServiceError::IcmpMissing),
        }
    }

    /// The protocol.
    #[must_use]
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::All => Protocol::All,
            Self::Ports { protocol: L4::Tcp, .. } => Protocol::Number(number::TCP),
            Self::Ports { protocol: L4::Udp, .. } => Protocol::Number(number::UDP),
            Self::Icmp { family: IcmpFamily::V4, .. } => Protocol::Number(number::ICMP),
            Self::Icmp { family: IcmpFamily::V6, .. } => Protocol::Number(number::ICMPV6),
            Self::Other(number) => Protocol::Number(number),
        }
    }

    /// `FromPort` and `ToPort` of an answer: ports, or type and code with -1 for all. Where a protocol has neither, none.
    #[must_use]
    pub fn port_range(self) -> Option<(i32, i32)> {
        let or_all = |octet: Option<u8>| octet.map_or(-1, i32::from);
        match self {
            Self::All | Self::Other(_) => None,
            Self::Ports { from, to, .. } => Some((from.into(), to.into())),
            Self::Icmp { kind, code, .. } => Some((or_all(kind), or_all(code))),
        }
    }

    /// Whether it is what the constructor would have made: the fields are open, and a store may hold anything.
    #[must_use]
    pub fn is_canonical(self) -> bool {
        match self {
            Self::All => true,
            Self::Ports { from, to, .. } => from <= to,
            Self::Icmp { kind, code, .. } => kind.is_some() || code.is_none(),
            Self::Other(number) => !matches!(number, number::TCP | number::UDP | number::ICMP | number::ICMPV6),
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = self.protocol();
        let text = match *self {
            Self::All | Self::Other(_) | Self::Icmp { kind: None, .. } => protocol.to_string(),
            Self::Ports { from, to, .. } if from == to => format!("{protocol}/{from}"),
            Self::Ports { from, to, .. } => format!("{protocol}/{from}-{to}"),
            Self::Icmp { kind: Some(kind), code: None, .. } => format!("{protocol}/{kind}"),
            Self::Icmp { kind: Some(kind), code: Some(code), .. } => format!("{protocol}/{kind}/{code}"),
        };
        formatter.pad(&text)
    }
}

impl FromStr for Service {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || ServiceError::Malformed { text: text.to_owned() };
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
            if plain { digits.parse::<i64>().map_err(|_| malformed()) } else { Err(malformed()) }
        };
        let (protocol, rest) = match text.split_once('/') {
            Some((protocol, rest)) => (protocol.parse()?, Some(rest)),
            None => (text.parse()?, None),
        };
        match (protocol, rest) {
            (Protocol::Number(number::ICMP | number::ICMPV6), None) => Self::new(protocol, Some(-1), Some(-1)),
            (Protocol::Number(number::ICMP | number::ICMPV6), Some(rest)) => match rest.split_once('/') {
                Some((kind, code)) => Self::new(protocol, Some(number(kind)?), Some(number(code)?)),
                None => Self::new(protocol, Some(number(rest)?), Some(-1)),
            },
            (Protocol::Number(number::TCP | number::UDP), Some(rest)) => {
                let (from, to) = rest.split_once('-').unwrap_or((rest, rest));
                Self::new(protocol, Some(number(from)?), Some(number(to)?))
            }
            (Protocol::All | Protocol::Number(_), None) => Self::new(protocol, None, None),
            (Protocol::All | Protocol::Number(_), Some(_)) => Err(malformed()),
        }
    }
}

serde_by_text!(Protocol, Service);

#[cfg(test)]
mod tests {
    use super::super::arbitrary::service;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn services_survive_their_text(service in service()) {
            prop_assert_eq!(service.to_string().parse(), Ok(service));
            let protocol = service.protocol();
            prop_assert_eq!(protocol.to_string().parse(), Ok(protocol));
        }

        #[test]
        fn services_survive_the_fields_of_an_answer(service in service()) {
            let (from, to) = service.port_range().unzip();
            prop_assert_eq!(Service::new(service.protocol(), from.map(i64::from), to.map(i64::from)), Ok(service));
        }

        #[test]
        fn whatever_the_constructor_makes_is_canonical(
            number in any::<u8>(), from in proptest::option::of(-2..70_000_i64), to in proptest::option::of(-2..70_000_i64),
        ) {
            if let Ok(service) = Service::new(Protocol::Number(number), from, to) {
                prop_assert!(service.is_canonical());
                prop_assert_eq!(service.to_string().parse(), Ok(service));
            }
        }

        #[test]
        fn whatever_is_read_is_canonical(text in "(-1|all|tcp|udp|icmp|icmpv6|[0-9]{1,3})(/[0-9]{1,5}([-/][0-9]{1,5})?)?") {
            if let Ok(service) = text.parse::<Service>() {
                prop_assert!(service.is_canonical());
                prop_assert_eq!(service.to_string().parse(), Ok(service));
            }
        }
    }

    #[test]
    fn protocols_are_read_in_any_case_and_by_number() {
        for (text, number) in [("TCP", 6), ("Udp", 17), ("icmp", 1), ("ICMPv6", 58), ("6", 6), ("0", 0), ("255", 255)] {
            assert_eq!(text.parse(), Ok(Protocol::Number(number)));
        }
        assert_eq!("all".parse(), Ok(Protocol::All));
        assert_eq!("-1".parse(), Ok(Protocol::All));
        assert_eq!(Protocol::Number(58).to_string(), "icmpv6");
        for text in ["", "256", "-2", "+6", "sctp", "tcp ", "99999999999"] {
            let error = text.parse::<Protocol>().expect_err("no protocol").to_string();
            assert_eq!(error, format!("Invalid value '{text}' for IP protocol. Unknown protocol."));
        }
    }

    #[test]
    fn ports_that_do_not_go_together() {
        let message = |protocol: &str, from, to| {
            Service::new(protocol.parse().expect("a protocol"), from, to).expect_err("no service").to_string()
        };
        let both = "Invalid value for portRange. Must specify both from and to ports with";
        assert_eq!(message("tcp", Some(80), None), format!("{both} TCP/UDP."));
        assert_eq!(message("udp", None, None), format!("{both} TCP/UDP."));
        assert_eq!(message("icmp", None, None), format!("{both} ICMP"));
        assert_eq!(message("icmpv6", Some(8), None), format!("{both} ICMP"));
        assert_eq!(message("tcp", Some(-1), Some(-1)), "TCP/UDP port (-1) out of range");
        assert_eq!(message("tcp", Some(1), Some(70_000)), "TCP/UDP port (70000) out of range");
        assert_eq!(message("tcp", Some(443), Some(80)), "Invalid TCP/UDP port range (443:80)");
        assert_eq!(message("icmp", Some(8), Some(65_535)), "ICMP code (65535) out of range");
        assert_eq!(message("icmp", Some(256), Some(0)), "ICMP type (256) out of range");
        assert_eq!(message("icmp", Some(-1), Some(0)), "ICMP code (0) must be -1 when the type is -1");
    }

    #[test]
    fn protocols_without_ports_lose_them() {
        assert_eq!(Service::new(Protocol::All, Some(0), Some(0)), Ok(Service::All));
        assert_eq!(Service::new(Protocol::All, Some(-1), None), Ok(Service::All));
        assert_eq!(Service::new(Protocol::Number(47), Some(80), Some(90)), Ok(Service::Other(47)));
        let all = Service::Icmp { family: IcmpFamily::V6, kind: None, code: None };
        assert_eq!(Service::new(Protocol::Number(58), None, None), Ok(all));
    }

    #[test]
    fn texts_that_are_no_service() {
        for text in
            ["tcp", "tcp/", "tcp/80/81", "tcp/80-", "tcp/+80", "-1/0", "47/1", "icmp/", "icmp/8-0", "icmp/-1", ""]
        {
            text.parse::<Service>().expect_err(text);
        }
    }
}
