//! Forms: `application/x-www-form-urlencoded`, and the tree that names with dots make.

use crate::actions::{ApiError, ErrorCode};
use std::collections::BTreeMap;

/// Most parameters of a request. The largest that the service takes, some thousand rules of five parameters each, stays
/// below; the bound on octets alone would allow a million small ones.
const MAX_PARAMETERS: usize = 20_000;

/// The parameters of a request, by name.
pub type Parameters = BTreeMap<String, String>;

/// Reads the parameters of a form, or of a query string, into what is there already.
///
/// # Errors
/// It is not encoded as it should be, is not UTF-8, holds a character that an answer in XML could not repeat, names a
/// parameter twice, or has too many.
pub fn read(octets: &[u8], parameters: &mut Parameters) -> Result<(), ApiError> {
    for pair in octets.split(|octet| *octet == b'&').filter(|pair| !pair.is_empty()) {
        let (name, value) = match pair.iter().position(|octet| *octet == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[] as &[u8]),
        };
        let name = decoded(name)?;
        let value = decoded(value)?;
        if parameters.len() == MAX_PARAMETERS {
            return Err(malformed(format!("A request has {MAX_PARAMETERS} parameters at most.")));
        }
        if let Some(letter) = value.chars().chain(name.chars()).find(|letter| !is_in_xml(*letter)) {
            let message = format!("The parameter {} has a character that is not allowed.", shown(&name));
            return Err(ApiError::new(ErrorCode::InvalidCharacter, message)
                .with_detail(format!("It is U+{:04X}, which XML cannot hold.", u32::from(letter))));
        }
        if parameters.contains_key(&name) {
            return Err(malformed(format!("The parameter {} is there more than once.", shown(&name))));
        }
        parameters.insert(name, value);
    }
    Ok(())
}

/// Undoes the encoding of one name or value.
pub(super) fn decoded(octets: &[u8]) -> Result<String, ApiError> {
    let mut plain = Vec::with_capacity(octets.len());
    let mut rest = octets.iter();
    while let Some(octet) = rest.next() {
        plain.push(match octet {
            b'+' => b' ',
            b'%' => match (rest.next().and_then(digit), rest.next().and_then(digit)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(malformed("A percent sign is followed by two hexadecimal digits.")),
            },
            other => *other,
        });
    }
    String::from_utf8(plain).map_err(|_| malformed("Names and values are UTF-8."))
}

fn digit(octet: &u8) -> Option<u8> {
    char::from(*octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn malformed(detail: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::MalformedQueryString, "The query string is malformed").with_detail(detail)
}

/// A text that may be long or odd, for a message.
pub fn shown(text: &str) -> String {
    const SHOWN: usize = 100;
    let short: String = text.chars().take(SHOWN).map(|letter| if is_in_xml(letter) { letter } else { '?' }).collect();
    if text.chars().nth(SHOWN).is_some() { short + "…" } else { short }
}

/// Whether XML 1.0 can hold a character, escaped or not.
pub const fn is_in_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// Parameters by the parts of their names: `Filter.1.Value.2` is the 2 in Value in 1 in Filter.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tree<'a> {
    /// The value of the parameter that is named so, if there is one.
    pub value: Option<&'a str>,
    /// What stands behind a further dot.
    pub branches: BTreeMap<&'a str, Tree<'a>>,
}

/// Most dots in a name. No parameter of the service has as many; trees are walked by recursion.
const MAX_DEPTH: usize = 16;

impl<'a> Tree<'a> {
    /// The tree of parameters.
    ///
    /// # Errors
    /// A name has more dots than any parameter has.
    pub fn grow(parameters: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, ApiError> {
        let mut tree = Self::default();
        for (name, value) in parameters {
            if name.split('.').count() > MAX_DEPTH {
                return Err(unknown(name));
            }
            let mut branch = &mut tree;
            for part in name.split('.') {
                branch = branch.branches.entry(part).or_default();
            }
            branch.value = Some(value);
        }
        Ok(tree)
    }
}

/// There is no such parameter.
pub fn unknown(name: &str) -> ApiError {
    ApiError::new(ErrorCode::UnknownParameter, format!("The parameter {} is not recognized", shown(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Parameters, ApiError> {
        let mut parameters = Parameters::new();
        read(text.as_bytes(), &mut parameters).map(|()| parameters)
    }

    #[test]
    fn names_and_values_are_decoded() {
        let parameters = parse("Action=A&B.1=x+y%2B%C3%A4&&C=&D").unwrap();
        let expected = [("Action", "A"), ("B.1", "x y+ä"), ("C", ""), ("D", "")];
        assert_eq!(parameters, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for (text, code) in [
            ("A=%", ErrorCode::MalformedQueryString),
            ("A=%4", ErrorCode::MalformedQueryString),
            ("A=%zz", ErrorCode::MalformedQueryString),
            ("A=%ff", ErrorCode::MalformedQueryString),
            ("A=1&B=2&A=1", ErrorCode::MalformedQueryString),
            ("A=%00", ErrorCode::InvalidCharacter),
            ("%01=1", ErrorCode::InvalidCharacter),
        ] {
            assert_eq!(parse(text).unwrap_err().code, code, "{text}");
        }
    }

    #[test]
    fn a_flood_of_parameters_is_refused() {
        let many: String = (0..=MAX_PARAMETERS).map(|number| format!("a{number}&")).collect();
        assert_eq!(parse(&many).unwrap_err().code, ErrorCode::MalformedQueryString);
    }

    #[test]
    fn a_name_of_many_dots_is_refused() {
        let name = "a.".repeat(MAX_DEPTH) + "a";
        assert_eq!(Tree::grow([(name.as_str(), "")].into_iter()).unwrap_err().code, ErrorCode::UnknownParameter);
    }
}
