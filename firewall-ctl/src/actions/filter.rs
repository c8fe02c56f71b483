//! Filters of describe actions.

use super::error::{ApiError, ErrorCode};
use super::types::Filter;
use crate::model::Tags;

/// Filters that were found to be in order.
pub(super) struct Filters(Vec<(String, Vec<Pattern>)>);

/// A value that is wanted, read once for all the texts that it is held against.
struct Pattern {
    text: String,
    /// None where it has no wildcards.
    tokens: Option<Vec<Token>>,
}

/// Most filters of a request, as the service documents it.
const MAX_FILTERS: usize = 50;
/// Most values of a filter, as the service documents it.
const MAX_VALUES: usize = 200;
/// Most characters of a value, as the service documents it; also a bound to what matching a pattern takes.
const MAX_VALUE_LENGTH: usize = 255;

impl Filters {
    /// Checks names against those that the action knows; `tag:KEY` and `tag-key` are known to all.
    pub(super) fn new(filters: Vec<Filter>, known: &[&str]) -> Result<Self, ApiError> {
        if filters.len() > MAX_FILTERS || filters.iter().any(|filter| filter.values.len() > MAX_VALUES) {
            let message = "The request uses too many filters or too many filter values.";
            return Err(ApiError::new(ErrorCode::FilterLimitExceeded, message)
                .with_detail(format!("There may be {MAX_FILTERS} filters, and {MAX_VALUES} values of each.")));
        }
        filters.into_iter().map(|filter| named(filter, known)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a resource passes: for each filter, one of its values of that name is one of those wanted.
    pub(super) fn accept(&self, tags: &Tags, values: impl Fn(&str) -> Vec<String>) -> bool {
        self.0.iter().all(|(name, wanted)| {
            let has = match name.strip_prefix("tag:") {
                Some(key) => tags.get(key).map(str::to_owned).into_iter().collect(),
                None if name == "tag-key" => tags.iter().map(|(key, _)| key.to_owned()).collect(),
                None => values(name),
            };
            has.iter().any(|value| wanted.iter().any(|pattern| pattern.fits(value)))
        })
    }

    /// Whether the filters of one name let a value pass, and so whatever has no other.
    pub(super) fn accept_value(&self, name: &str, value: &str) -> bool {
        let mut filters = self.0.iter().filter(|(filter, _)| filter == name);
        filters.all(|(_, wanted)| wanted.iter().any(|pattern| pattern.fits(value)))
    }

    /// The values wanted of one name.
    pub(super) fn wanted(&self, name: &str) -> impl Iterator<Item = &str> {
        let filters = self.0.iter().filter(move |(filter, _)| filter == name);
        filters.flat_map(|(_, values)| values).map(|pattern| pattern.text.as_str())
    }
}

fn named(filter: Filter, known: &[&str]) -> Result<(String, Vec<Pattern>), ApiError> {
    let Filter { name, values } = filter;
    let name = name.unwrap_or_default();
    let is_tag = name == "tag-key" || name.strip_prefix("tag:").is_some_and(|key| !key.is_empty());
    if !is_tag && !known.contains(&name.as_str()) {
        let detail = format!("Filters here: {}, tag:KEY, tag-key.", known.join(", "));
        return Err(
            ApiError::new(ErrorCode::InvalidFilter, format!("The filter '{name}' is invalid")).with_detail(detail)
        );
    }
    if values.is_empty() {
        return Err(ApiError::new(ErrorCode::InvalidFilter, format!("The filter '{name}' has no values")));
    }
    if let Some(long) = values.iter().find(|value| value.chars().count() > MAX_VALUE_LENGTH) {
        let detail = format!("It has {} characters; {MAX_VALUE_LENGTH} are the most.", long.chars().count());
        let message = format!("A value of the filter '{name}' is too long");
        return Err(ApiError::new(ErrorCode::InvalidFilter, message).with_detail(detail));
    }
    Ok((name, values.into_iter().map(Pattern::new).collect()))
}

/// Whether a value has wildcards.
pub(super) fn is_pattern(value: &str) -> bool {
    value.contains(['*', '?', '\\'])
}

impl Pattern {
    fn new(text: String) -> Self {
        let tokens = is_pattern(&text).then(|| tokens(&text));
        Self { text, tokens }
    }

    fn fits(&self, text: &str) -> bool {
        match &self.tokens {
            Some(tokens) => matches(tokens, text),
            None => self.text == text,
        }
    }
}

/// Whether a text fits a pattern, where `*` is any number of characters, `?` is one, and a backslash makes the next
/// character plain. Takes steps in the product of the lengths at most.
fn matches(pattern: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut seen) = (0, 0);
    // Where to go on when what follows the last star did not fit: one more character belongs to the star.
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(Token::Many) => {
                star = Some((at + 1, seen));
                at += 1;
            }
            Some(Token::One) => (at, seen) = (at + 1, seen + 1),
            Some(Token::Plain(character)) if *character == text[seen] => (at, seen) = (at + 1, seen + 1),
            Some(Token::Plain(_)) | None => match star {
                Some((after, taken)) => {
                    star = Some((after, taken + 1));
                    (at, seen) = (after, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|token| matches!(token, Token::Many))
}

enum Token {
    Plain(char),
    One,
    Many,
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut characters = pattern.chars();
    let mut tokens = Vec::new();
    while let Some(character) = characters.next() {
        tokens.push(match character {
            '*' => Token::Many,
            '?' => Token::One,
            '\\' => Token::Plain(characters.next().unwrap_or('\\')),
            plain => Token::Plain(plain),
        });
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_what_they_say() {
        for (pattern, text, expected) in [
            ("web", "web", true),
            ("web", "Web", false),
            ("web", "webs", false),
            ("*", "", true),
            ("?", "", false),
            ("w*b", "wb", true),
            ("w*b*", "web-blue", true),
            ("w*b", "web-blue", false),
            ("w?b", "web", true),
            ("w?b", "wb", false),
            ("*ab*ac", "ababac", true),
            ("**", "x", true),
            (r"\*", "*", true),
            (r"\*", "x", false),
            (r"\?\\", r"?\", true),
            ("größ?", "größe", true),
        ] {
            assert_eq!(Pattern::new(pattern.to_owned()).fits(text), expected, "{pattern:?} {text:?}");
            assert_eq!(matches(&tokens(pattern), text), expected, "{pattern:?} {text:?}");
        }
    }

    #[test]
    fn a_pattern_of_stars_does_not_take_for_ever() {
        assert!(!Pattern::new("*a".repeat(200)).fits(&"a".repeat(199)));
    }

    #[test]
    fn unknown_filters_and_filters_without_values_are_refused() {
        let filter = |name: &str, values: &[&str]| Filter {
            name: Some(name.into()),
            values: values.iter().map(|value| (*value).into()).collect(),
        };
        let refusal = |filter| Filters::new(vec![filter], &["group-id"]).err().unwrap();
        let error = refusal(filter("colour", &["red"]));
        assert_eq!((error.code, &*error.message), (ErrorCode::InvalidFilter, "The filter 'colour' is invalid"));
        assert_eq!(error.detail.as_deref(), Some("Filters here: group-id, tag:KEY, tag-key."));
        let error = refusal(filter("group-id", &[]));
        assert_eq!(error.message, "The filter 'group-id' has no values");
        assert_eq!(refusal(filter("tag:", &["x"])).code, ErrorCode::InvalidFilter);
        assert!(Filters::new(vec![filter("tag:Name", &["x"])], &[]).is_ok());
    }

    #[test]
    fn filters_values_and_their_characters_are_limited() {
        let filter = |count, length| Filter { name: Some("tag-key".into()), values: vec!["x".repeat(length); count] };
        let refusal = |filters| Filters::new(filters, &[]).err().map(|error| (error.code, error.detail.unwrap()));
        assert_eq!(refusal(vec![filter(200, 255); 50]), None);
        let limits = "There may be 50 filters, and 200 values of each.".to_owned();
        let exceeded = Some((ErrorCode::FilterLimitExceeded, limits));
        assert_eq!(refusal(vec![filter(1, 1); 51]), exceeded);
        assert_eq!(refusal(vec![filter(201, 1)]), exceeded);
        let long = "It has 256 characters; 255 are the most.".to_owned();
        assert_eq!(refusal(vec![filter(1, 256)]), Some((ErrorCode::InvalidFilter, long)));
    }
}
