//! `--protocol` and `--port`, as the AWS CLI understands them.

/// The protocol as the API names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Protocol(String);

impl Protocol {
    /// One that the API names so.
    pub(super) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn has_ports(&self) -> bool {
        matches!(self.0.as_str(), "tcp" | "udp" | "6" | "17")
    }

    pub(crate) fn is_icmp(&self) -> bool {
        matches!(self.0.as_str(), "icmp" | "icmpv6" | "1" | "58")
    }
}

/// The two numbers of `--port`: ports, or ICMP type and code. `-1` is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) from: i32,
    pub(crate) to: i32,
}

impl Ports {
    pub(crate) const ANY: Self = Self { from: -1, to: -1 };
}

/// Parser of `--protocol`.
pub(crate) fn protocol(text: &str) -> Result<Protocol, String> {
    let name = text.to_ascii_lowercase();
    match name.as_str() {
        "all" | "-1" => Ok(Protocol("-1".to_owned())),
        "tcp" | "udp" | "icmp" | "icmpv6" => Ok(Protocol(name)),
        other => match other.parse::<u8>() {
            Ok(number) => Ok(Protocol(number.to_string())),
            Err(_) => Err("not one of tcp, udp, icmp, icmpv6, all, -1 or a protocol number from 0 to 255".to_owned()),
        },
    }
}

/// Parser of `--port`. Whether the numbers are in range depends on the protocol and is the controller's to say.
pub(crate) fn ports(text: &str) -> Result<Ports, String> {
    let numbers = match text {
        "all" | "-1" => Some(Ports::ANY),
        single if single.parse::<i32>().is_ok() => single.parse().ok().map(|number| Ports { from: number, to: number }),
        range => range
            .split_once('-')
            .and_then(|(from, to)| Some(Ports { from: from.trim().parse().ok()?, to: to.trim().parse().ok()? })),
    };
    numbers.ok_or_else(|| {
        "not of the form PORT, FROM-TO, all or -1 (for ICMP: TYPE-CODE, with -1 for every code, as in 8--1)".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols() {
        for (text, wanted) in
            [("tcp", "tcp"), ("UDP", "udp"), ("icmpv6", "icmpv6"), ("all", "-1"), ("-1", "-1"), ("47", "47")]
        {
            assert_eq!(protocol(text), Ok(Protocol(wanted.to_owned())), "{text}");
        }
        for text in ["", "256", "-2", "http", "6.0", "tcp "] {
            assert!(protocol(text).is_err(), "{text}");
        }
    }

    #[test]
    fn port_ranges() {
        let cases = [
            ("80", 80, 80),
            ("8000-8100", 8000, 8100),
            ("all", -1, -1),
            ("-1", -1, -1),
            ("8-0", 8, 0),
            ("8--1", 8, -1),
            ("0", 0, 0),
            ("70000", 70000, 70000),
            ("90-80", 90, 80),
        ];
        for (text, from, to) in cases {
            assert_eq!(ports(text), Ok(Ports { from, to }), "{text}");
        }
        for text in ["", "http", "80-", "-80-90", "80,90", "99999999999"] {
            assert!(ports(text).is_err(), "{text}");
        }
    }
}
