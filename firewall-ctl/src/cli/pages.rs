//! Lists in pages, as the AWS CLI has them: by default the whole list, however many calls that takes.

use super::call::Call;
use super::failure::Failure;
use super::output::Format;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Flags of commands that list.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Pages")]
pub(super) struct Pages {
    /// Print so many at most, and where to go on; everything if left out
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    max_items: Option<u64>,
    /// Go on where a list of `--max-items` ended: the NextToken that it had, with the same flags as before
    #[arg(long, value_name = "TOKEN", value_parser = Start::parse)]
    starting_token: Option<Start>,
    /// Ask for so many a call; what is printed is the same
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    page_size: Option<i64>,
    /// Make one call only, whatever is left then
    #[arg(long, conflicts_with_all = ["max_items", "starting_token"])]
    no_paginate: bool,
    /// Make one call, for so many at most: what the API itself has
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, conflicts_with_all = PAGING)]
    max_results: Option<i64>,
    /// Make one call, from where another one ended: the NextToken that it had, with the same flags as before
    #[arg(long, value_name = "TOKEN", conflicts_with_all = PAGING)]
    next_token: Option<String>,
}

/// Flags that do not go with those of the API itself.
const PAGING: [&str; 4] = ["max_items", "starting_token", "page_size", "no_paginate"];

/// How a list is put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    max_items: Option<u64>,
    start: Start,
}

/// Where a list begins: a page, and items of it that were printed before. The AWS CLI writes it in the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Start {
    #[serde(rename = "NextToken")]
    token: Option<String>,
    #[serde(rename = "boto_truncate_amount", default, skip_serializing_if = "Option::is_none")]
    skip: Option<u64>,
}

impl Start {
    fn parse(text: &str) -> Result<Self, String> {
        let json = STANDARD.decode(text).ok();
        let start = json.and_then(|json| serde_json::from_slice(&json).ok());
        start.ok_or_else(|| "not a NextToken of a list that --max-items has cut".to_owned())
    }

    fn text(&self) -> Result<String, Failure> {
        let json = serde_json::to_vec(self).map_err(|error| Failure::new("the token has no JSON form", error))?;
        Ok(STANDARD.encode(json))
    }
}

impl Pages {
    /// Puts what the flags ask for into a call.
    pub(super) fn add_to(self, call: Call) -> Call {
        let Self { max_items, starting_token, page_size, no_paginate, max_results, next_token } = self;
        let is_one_call = no_paginate || max_results.is_some() || next_token.is_some();
        let call = call.with_some("MaxResults", max_results.or(page_size)).with_some("NextToken", next_token);
        if is_one_call {
            return call;
        }
        call.paged(Paging { max_items, start: starting_token.unwrap_or_default() })
    }
}

/// Puts a list together: pages, one after the other, up to as many items as are wanted.
pub(super) fn gather(
    paging: &Paging,
    call: &Call,
    mut answer: impl FnMut(&Call) -> Result<Value, Failure>,
) -> Result<Value, Failure> {
    let Paging { max_items, start } = paging;
    let mut skip = start.skip.unwrap_or(0);
    let mut token = start.token.clone();
    let mut whole: Option<Value> = None;
    let mut count = 0;
    loop {
        let mut page = answer(&call.clone().with_some("NextToken", token.clone()))?;
        let next = page.as_object_mut().and_then(|members| members.remove("NextToken"));
        let next = next.and_then(|token| token.as_str().map(str::to_owned));
        let Some(items) = items(&mut page) else { return Ok(page) };
        let passed = usize::try_from(skip).unwrap_or(usize::MAX).min(items.len());
        items.drain(..passed);
        let room = max_items.map_or(usize::MAX, |most| usize::try_from(most - count).unwrap_or(usize::MAX));
        let is_cut = items.len() > room;
        items.truncate(room);
        count += items.len() as u64;
        let of_page = (passed + items.len()) as u64;
        let whole = match &mut whole {
            Some(whole) => {
                let more = std::mem::take(items);
                if let Some(items) = self::items(whole) {
                    items.extend(more);
                }
                whole
            }
            None => whole.insert(page),
        };
        let end = match next {
            _ if is_cut => Some(Start { token, skip: Some(of_page) }),
            Some(next) if Some(count) == *max_items => Some(Start { token: Some(next), skip: None }),
            Some(next) => {
                (token, skip) = (Some(next), 0);
                continue;
            }
            None => None,
        };
        if let (Some(end), Some(members)) = (end, whole.as_object_mut()) {
            members.insert("NextToken".to_owned(), end.text()?.into());
        }
        return Ok(std::mem::take(whole));
    }
}

/// What is printed behind a list that `--max-items` has cut, in the place of the token in it. In JSON it stays there.
pub(super) fn rest(format: Format, whole: &mut Value) -> Option<String> {
    let mut token = || whole.as_object_mut()?.remove("NextToken")?.as_str().map(str::to_owned);
    match format {
        Format::Json => None,
        Format::Text => token().map(|token| format!("NEXTTOKEN\t{token}\n")),
        Format::Table => token().map(|token| {
            format!("There are more: narrow the list with --filters, or go on with --starting-token {token}\n")
        }),
    }
}

/// The list that an answer is about: its only one.
fn items(answer: &mut Value) -> Option<&mut Vec<Value>> {
    answer.as_object_mut()?.values_mut().find_map(Value::as_array_mut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A list of seven, in pages of three at most.
    fn serve(call: &Call) -> Value {
        let from: u64 = call.body.get("NextToken").map_or(0, |token| token.as_str().unwrap().parse().unwrap());
        let size = call.body.get("MaxResults").map_or(7, |size| size.as_u64().unwrap());
        let to = (from + size).min(7);
        let items: Vec<u64> = (from..to).collect();
        if to < 7 { json!({"Items": items, "NextToken": to.to_string()}) } else { json!({"Items": items}) }
    }

    fn list(flags: Pages) -> (Value, u32) {
        let call = flags.add_to(Call::new("DescribeSecurityGroups"));
        let mut calls = 0;
        let mut answer = |call: &Call| {
            calls += 1;
            Ok(serve(call))
        };
        let whole = match call.paging.clone() {
            Some(paging) => gather(&paging, &call, &mut answer),
            None => answer(&call),
        };
        (whole.expect("a list"), calls)
    }

    #[test]
    fn pages_make_the_whole_list() {
        assert_eq!(list(Pages::default()), (json!({"Items": [0, 1, 2, 3, 4, 5, 6]}), 1));
        let pages = Pages { page_size: Some(3), ..Pages::default() };
        assert_eq!(list(pages.clone()), (json!({"Items": [0, 1, 2, 3, 4, 5, 6]}), 3));
        let one = Pages { no_paginate: true, ..pages };
        assert_eq!(list(one), (json!({"Items": [0, 1, 2], "NextToken": "3"}), 1));
        let of_the_api = Pages { max_results: Some(2), next_token: Some("5".into()), ..Pages::default() };
        assert_eq!(list(of_the_api), (json!({"Items": [5, 6]}), 1));
    }

    #[test]
    fn what_is_cut_goes_on_where_it_ended() {
        for page_size in [None, Some(1), Some(2), Some(3), Some(7)] {
            for most in 1..=8 {
                let (mut seen, mut starting_token) = (Vec::new(), None);
                loop {
                    let flags = Pages { max_items: Some(most), page_size, starting_token, ..Pages::default() };
                    let (whole, _) = list(flags);
                    let items = whole["Items"].as_array().expect("a list").clone();
                    assert!(items.len() as u64 <= most);
                    seen.extend(items);
                    match whole.get("NextToken") {
                        Some(token) => {
                            assert_eq!(seen.len() as u64 % most, 0, "{page_size:?} {most}");
                            starting_token = Some(Start::parse(token.as_str().expect("text")).expect("a token"));
                        }
                        None => break,
                    }
                }
                assert_eq!(json!(seen), json!([0, 1, 2, 3, 4, 5, 6]), "{page_size:?} {most}");
            }
        }
    }

    #[test]
    fn where_to_go_on_stands_behind_a_list() {
        let cut = || json!({"Items": [1], "NextToken": "abc"});
        let rest = |format| {
            let mut whole = cut();
            (rest(format, &mut whole), whole)
        };
        assert_eq!(rest(Format::Json), (None, cut()));
        assert_eq!(rest(Format::Text), (Some("NEXTTOKEN\tabc\n".to_owned()), json!({"Items": [1]})));
        let (told, whole) = rest(Format::Table);
        assert!(told.expect("a line").contains("--starting-token abc\n"));
        assert_eq!(whole, json!({"Items": [1]}));
        assert_eq!(super::rest(Format::Text, &mut json!({"Items": [1]})), None);
    }

    #[test]
    fn tokens_are_those_of_the_aws_cli() {
        // Made with botocore's own encoder.
        let token = "eyJOZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAyfQ==";
        assert_eq!(Start::parse(token), Ok(Start { token: None, skip: Some(2) }));
        assert!(Start::parse("sg-1").is_err());
    }
}
