//! Names and descriptions, with the service's rules for them.

use super::text::serde_by_text;
use std::fmt;
use std::str::FromStr;

/// Most characters of a name or a description.
pub const MAX_NAME_LENGTH: usize = 255;
/// The name that only a VPC's default group has.
pub const DEFAULT_GROUP_NAME: &str = "default";
/// The description of a VPC's default group.
pub const DEFAULT_GROUP_DESCRIPTION: &str = "default VPC security group";

/// Why a text is no name or description. The messages are the service's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left after trailing spaces are taken off.
    #[error("The request must contain the parameter {parameter}")]
    Empty {
        /// The parameter of the request.
        parameter: &'static str,
    },
    /// Characters beyond ASCII.
    #[error("Value ({text}) for parameter {parameter} is invalid. Character sets beyond ASCII are not supported.")]
    NotAscii {
        /// The parameter of the request.
        parameter: &'static str,
        /// The text given.
        text: String,
    },
    /// The name of a group begins like the identifier of one.
    #[error("Value ({text}) for parameter GroupName is invalid. Group names may not be in the format sg-*.")]
    LooksLikeId {
        /// The text given.
        text: String,
    },
    /// `default` for a group that is not a VPC's default group.
    #[error("Cannot use reserved security group name: {text}")]
    Reserved {
        /// The text given.
        text: String,
    },
    /// The name of a group is too long or has another character than those allowed.
    #[error(
        "Invalid security group name. Valid names are strings less than 256 characters from the following set:  \
         a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"
    )]
    GroupName {
        /// The text given.
        text: String,
    },
    /// The description of a group is too long or has another character than those allowed.
    // Two spaces before the set: the service's text has them.
    #[error(
        "Invalid security group description. Valid descriptions are strings less than 256 characters from the \
         following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"
    )]
    GroupDescription {
        /// The text given.
        text: String,
    },
    /// The description of a rule is too long or has another character than those allowed.
    #[error(
        "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: \
         a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"
    )]
    RuleDescription {
        /// The text given.
        text: String,
    },
}

/// Whether names and descriptions can have a character.
#[must_use]
pub fn is_allowed_in_names(character: char) -> bool {
    character.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(character)
}

/// Whether all characters are allowed in names and descriptions, and not too many.
fn is_plain(text: &str) -> bool {
    text.len() <= MAX_NAME_LENGTH && text.chars().all(is_allowed_in_names)
}

/// Defines a validated text.
macro_rules! validated {
    ($($(#[$doc:meta])* $name:ident by $parse:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $parse(text).map(Self)
            }
        }

        serde_by_text!($name);
    )*};
}

validated! {
    /// The name of a group, unique in its VPC whatever the case of its letters. Spaces at its end are taken off.
    GroupName by group_name;
    /// The description of a group.
    GroupDescription by group_description;
    /// The description of a rule; may be empty.
    RuleDescription by rule_description;
}

fn group_name(text: &str) -> Result<String, NameError> {
    let name = text.trim_end_matches(' ');
    if name.is_empty() {
        return Err(NameError::Empty { parameter: "GroupName" });
    }
    if !name.is_ascii() {
        return Err(NameError::NotAscii { parameter: "GroupName", text: text.to_owned() });
    }
    if name.as_bytes().iter().take(3).map(u8::to_ascii_lowercase).eq(*b"sg-") {
        return Err(NameError::LooksLikeId { text: text.to_owned() });
    }
    if is_plain(name) { Ok(name.to_owned()) } else { Err(NameError::GroupName { text: text.to_owned() }) }
}

fn group_description(text: &str) -> Result<String, NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { parameter: "GroupDescription" });
    }
    if !text.is_ascii() {
        return Err(NameError::NotAscii { parameter: "GroupDescription", text: text.to_owned() });
    }
    if is_plain(text) { Ok(text.to_owned()) } else { Err(NameError::GroupDescription { text: text.to_owned() }) }
}

fn rule_description(text: &str) -> Result<String, NameError> {
    if is_plain(text) { Ok(text.to_owned()) } else { Err(NameError::RuleDescription { text: text.to_owned() }) }
}

impl GroupName {
    /// The name that a user chooses for a group: any but the one that is reserved for a VPC's default group.
    ///
    /// # Errors
    /// The text is no name, or is `default` in whatever case.
    pub fn chosen(text: &str) -> Result<Self, NameError> {
        let name: Self = text.parse()?;
        if name.is_default() { Err(NameError::Reserved { text: name.0 }) } else { Ok(name) }
    }

    /// The name of a VPC's default group.
    #[must_use]
    pub fn of_default_group() -> Self {
        Self(DEFAULT_GROUP_NAME.to_owned())
    }

    /// Whether it is the name of a VPC's default group.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.is_same(DEFAULT_GROUP_NAME)
    }

    /// Whether a text is the same name, whatever the case of its letters.
    #[must_use]
    pub fn is_same(&self, text: &str) -> bool {
        self.0.eq_ignore_ascii_case(text)
    }
}

impl GroupDescription {
    /// The description of a VPC's default group.
    #[must_use]
    pub fn of_default_group() -> Self {
        Self(DEFAULT_GROUP_DESCRIPTION.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(text in r"[a-zA-Z0-9 ._:/()#,@\[\]+=&;{}!$*-]{0,260}") {
            if let Ok(name) = text.parse::<GroupName>() {
                prop_assert_eq!(name.as_str(), text.trim_end_matches(' '));
                prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
            let long = text.len() > MAX_NAME_LENGTH;
            let description = text.parse::<GroupDescription>();
            prop_assert_eq!(description.is_err(), text.is_empty() || long);
            let rule = text.parse::<RuleDescription>();
            prop_assert_eq!(rule.is_err(), long);
            prop_assert!(description.is_ok_and(|read| read.as_str() == text) || text.is_empty() || long);
            prop_assert!(rule.is_ok_and(|read| read.as_str() == text) || long);
        }
    }

    #[test]
    fn names_that_break_the_rules() {
        let message = |text: &str| GroupName::chosen(text).expect_err("no name").to_string();
        assert_eq!(message(""), "The request must contain the parameter GroupName");
        assert_eq!(message("   "), "The request must contain the parameter GroupName");
        assert_eq!(
            message("sg-017c251"),
            "Value (sg-017c251) for parameter GroupName is invalid. Group names may not be in the format sg-*."
        );
        assert!(message("SG-web").contains("may not be in the format sg-*"));
        assert_eq!(message("Default "), "Cannot use reserved security group name: Default");
        assert_eq!(
            message("wéb"),
            "Value (wéb) for parameter GroupName is invalid. Character sets beyond ASCII are not supported."
        );
        let set = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
        let charset =
            "Invalid security group name. Valid names are strings less than 256 characters from the following set:  ";
        for text in ["it's", "a<b", "a>b", "100%", "\"", "a\tb", &"x".repeat(256)] {
            assert_eq!(message(text), format!("{charset}{set}"));
        }
        assert!(GroupName::chosen(&"x".repeat(255)).is_ok());
        assert!("sg".parse::<GroupName>().is_ok());
        assert!("default".parse::<GroupName>().is_ok_and(|name| name.is_default()));
    }

    #[test]
    fn descriptions_that_break_the_rules() {
        let group = "it's".parse::<GroupDescription>().expect_err("an apostrophe").to_string();
        assert_eq!(
            group,
            "Invalid security group description. Valid descriptions are strings less than 256 characters from the \
             following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        );
        let rule = "it's".parse::<RuleDescription>().expect_err("an apostrophe").to_string();
        assert_eq!(
            rule,
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following \
             set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        );
        let beyond = "für".parse::<GroupDescription>().expect_err("beyond ASCII").to_string();
        assert_eq!(
            beyond,
            "Value (für) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported."
        );
    }
}
