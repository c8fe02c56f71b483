//! Identifiers of the service's form: a prefix and 8 or 17 hexadecimal digits.

use super::text::serde_by_text;
use rand::Rng;
use std::fmt;
use std::str::FromStr;

/// Digits of an identifier that is made today. The service's first ones had 8, and are still read.
const DIGITS: usize = 17;
/// Digits of the service's first identifiers.
const LEGACY_DIGITS: usize = 8;

/// A text that is no identifier of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The {kind} ID '{text}' is malformed")]
pub struct IdError {
    /// The kind of resource, as messages call it.
    pub kind: &'static str,
    /// What an identifier of the kind begins with, the hyphen included.
    pub prefix: &'static str,
    /// The text given.
    pub text: String,
}

/// The digits of an identifier: ASCII, so that they order as their text does; unused octets at the end are zero.
type Digits = [u8; DIGITS];

fn parse_digits(text: &str) -> Option<Digits> {
    let known_length = matches!(text.len(), DIGITS | LEGACY_DIGITS);
    let is_digit = |octet: u8| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet);
    (known_length && text.bytes().all(is_digit)).then(|| {
        let mut digits = [0; DIGITS];
        digits[..text.len()].copy_from_slice(text.as_bytes());
        digits
    })
}

fn random_digits<R: Rng + ?Sized>(rng: &mut R) -> Digits {
    let mut digits = [0; DIGITS];
    // 64 random bits behind a zero, which is what the service's own look like.
    digits.copy_from_slice(format!("{:017x}", rng.next_u64()).as_bytes());
    digits
}

/// Defines one kind of identifier.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Digits);

        impl $name {
            /// What its text begins with.
            pub const PREFIX: &'static str = concat!($prefix, "-");

            /// Before all that there are, in their order.
            pub const FIRST: Self = Self([0; DIGITS]);
            /// Behind all that there are, in their order.
            pub const LAST: Self = Self([u8::MAX; DIGITS]);

            /// A new one. With 64 random bits, meeting an existing one is not reckoned with.
            #[must_use]
            pub fn random<R: Rng + ?Sized>(rng: &mut R) -> Self {
                Self(random_digits(rng))
            }

            /// Its text behind the prefix: what belongs to it and is nothing by itself is named by the same digits.
            #[must_use]
            pub fn digits(&self) -> String {
                self.0.iter().take_while(|digit| **digit != 0).map(|digit| char::from(*digit)).collect()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = String::with_capacity(Self::PREFIX.len() + DIGITS);
                text.push_str(Self::PREFIX);
                text.extend(self.0.iter().take_while(|digit| **digit != 0).map(|digit| char::from(*digit)));
                formatter.pad(&text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix(Self::PREFIX).and_then(parse_digits).map(Self).ok_or_else(|| IdError {
                    kind: $kind,
                    prefix: Self::PREFIX,
                    text: text.to_owned(),
                })
            }
        }

        serde_by_text!($name);
    )*};
}

ids! {
    /// A virtual private cloud: the address space that groups and interfaces live in.
    VpcId, "vpc", "vpc";
    /// A security group.
    GroupId, "sg", "security group";
    /// A rule of a security group.
    RuleId, "sgr", "security group rule";
    /// A network interface.
    InterfaceId, "eni", "network interface";
    /// A prefix list.
    PrefixListId, "pl", "prefix list";
    /// A subnet of a VPC.
    SubnetId, "subnet", "subnet";
    /// An instance: a machine with its interfaces.
    InstanceId, "i", "instance";
    /// An internet gateway.
    InternetGatewayId, "igw", "internetGateway";
    /// The attachment of an interface to an instance.
    AttachmentId, "eni-attach", "attachment";
    /// The association of a block with a VPC.
    VpcAssociationId, "vpc-cidr-assoc", "vpc CIDR block association";
    /// The association of a block with a subnet.
    SubnetAssociationId, "subnet-cidr-assoc", "subnet CIDR block association";
}

/// An account: 12 decimal digits. A host that names none has the account of zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct AccountId(u64);

/// A text that is no account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The account ID '{text}' is malformed: it has 12 decimal digits")]
pub struct AccountIdError {
    /// The text given.
    pub text: String,
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{:012}", self.0))
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for AccountId {
    type Err = AccountIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = text.len() == 12 && text.bytes().all(|octet| octet.is_ascii_digit());
        let number = if well_formed { text.parse().ok() } else { None };
        number.map(Self).ok_or_else(|| AccountIdError { text: text.to_owned() })
    }
}

serde_by_text!(AccountId);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn identifiers_survive_their_text(text in "(vpc|sg|sgr|eni|pl)-([0-9a-f]{8}|[0-9a-f]{17})") {
            let read = match text.split_once('-').map(|(prefix, _)| prefix) {
                Some("vpc") => text.parse::<VpcId>().map(|id| id.to_string()),
                Some("sg") => text.parse::<GroupId>().map(|id| id.to_string()),
                Some("sgr") => text.parse::<RuleId>().map(|id| id.to_string()),
                Some("eni") => text.parse::<InterfaceId>().map(|id| id.to_string()),
                _ => text.parse::<PrefixListId>().map(|id| id.to_string()),
            };
            prop_assert_eq!(read, Ok(text));
        }

        #[test]
        fn identifiers_order_as_their_texts(a in "sg-([0-9a-f]{8}|[0-9a-f]{17})", b in "sg-([0-9a-f]{8}|[0-9a-f]{17})") {
            let ids: (GroupId, GroupId) = (a.parse().expect("an id"), b.parse().expect("an id"));
            prop_assert_eq!(ids.0.cmp(&ids.1), a.cmp(&b));
        }

        #[test]
        fn whatever_is_read_is_written_the_same(text in ".{0,24}") {
            if let Ok(id) = text.parse::<GroupId>() {
                prop_assert_eq!(id.to_string(), text.clone());
            }
            if let Ok(account) = text.parse::<AccountId>() {
                prop_assert_eq!(account.to_string(), text);
            }
        }

        #[test]
        fn accounts_survive_their_text(text in "[0-9]{12}") {
            prop_assert_eq!(text.parse::<AccountId>().map(|account| account.to_string()), Ok(text));
        }
    }

    #[test]
    fn malformed_identifiers_are_named() {
        for text in
            ["", "foobar", "sg-", "sg-1234567", "sg-123456789", "sg-0123456789ABCDEF0", "sgr-00000000", "sg-0000000g"]
        {
            let error = text.parse::<GroupId>().expect_err("malformed");
            assert_eq!(error.to_string(), format!("The security group ID '{text}' is malformed"));
        }
        for text in ["", "12345678901", "1234567890123", "12345678901a", "+12345678901"] {
            text.parse::<AccountId>().expect_err("malformed");
        }
    }

    #[test]
    fn random_ones_have_17_digits() {
        let id = GroupId::random(&mut rand::rng());
        assert_eq!(id.to_string().len(), GroupId::PREFIX.len() + DIGITS);
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
