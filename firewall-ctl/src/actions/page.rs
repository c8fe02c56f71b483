//! Listings page by page: how many items an answer has, and where the next one goes on.
//!
//! A token is the key of the last item that was listed, with a digest of what was asked for. The controller remembers nothing
//! of a caller, and a listing goes on behind that key whatever has come or gone meanwhile: what stays is listed once.

use super::digest::{self, hex};
use super::error::{ApiError, ErrorCode};
use super::types::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::RangeInclusive;

/// A request that can be answered page by page.
pub(super) trait Paged: Serialize {
    /// The action.
    const OPERATION: &'static str;
    /// The sizes of a page that can be asked for. Without a size there is one page of all.
    const SIZES: RangeInclusive<i64>;

    /// Takes out of the request what is about pages: MaxResults and NextToken.
    fn take_pages(&mut self) -> (Option<i64>, Option<String>);
}

/// Requests that can be answered page by page, and how large their pages may be.
macro_rules! paged {
    ($($request:ident $sizes:expr;)*) => {$(
        impl Paged for $request {
            const OPERATION: &'static str = stringify!($request);
            const SIZES: RangeInclusive<i64> = $sizes;

            fn take_pages(&mut self) -> (Option<i64>, Option<String>) {
                (self.max_results.take(), self.next_token.take())
            }
        }
    )*};
}

paged! {
    DescribeSecurityGroups 5..=1000;
    DescribeSecurityGroupRules 5..=1000;
    DescribeVpcs 5..=1000;
    DescribeSubnets 5..=1000;
    DescribeNetworkInterfaces 5..=1000;
    DescribeInstances 5..=1000;
    DescribeInternetGateways 5..=1000;
    DescribeNetworkAcls 5..=1000;
    DescribeRouteTables 5..=100;
    DescribeManagedPrefixLists 1..=100;
    GetManagedPrefixListEntries 1..=100;
    GetManagedPrefixListAssociations 5..=255;
    DescribePrefixLists 5..=1000;
    DescribeTags 5..=1000;
}

/// Where an answer begins, and how many items it has. `K` is the key that the items are listed by, in ascending order.
pub(super) struct Page<K> {
    size: Option<usize>,
    after: Option<K>,
    digest: String,
}

impl<K: Ord + Serialize + DeserializeOwned> Page<K> {
    /// The page that a request asks for. What is about pages is no longer in the request then.
    pub(super) fn of<R: Paged>(request: &mut R) -> Result<Self, ApiError> {
        let (size, token) = request.take_pages();
        let digest = digest::of(R::OPERATION, request);
        let size = size.map(|size| in_range(size, R::SIZES)).transpose()?;
        let token = token.filter(|token| !token.is_empty());
        let after = token.map(|token| key(&token, &digest)).transpose()?;
        Ok(Self { size, after, digest })
    }

    /// The items of this page, and the token that leads to the next one if there is one.
    pub(super) fn cut<T>(self, items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> (Vec<T>, Option<String>) {
        let Self { size, after, digest } = self;
        let is_here = |item: &T| after.as_ref().is_none_or(|after| key(item) > *after);
        let mut items = items.into_iter().filter(is_here);
        let Some(size) = size else {
            return (items.collect(), None);
        };
        let page: Vec<T> = items.by_ref().take(size).collect();
        let has_more = items.next().is_some();
        let token = page.last().filter(|_| has_more).map(|last| token(&key(last), &digest));
        (page, token)
    }
}

fn in_range(size: i64, sizes: RangeInclusive<i64>) -> Result<usize, ApiError> {
    usize::try_from(size).ok().filter(|_| sizes.contains(&size)).ok_or_else(|| {
        let message = format!("Value ( {size} ) for parameter maxResults is invalid.");
        ApiError::new(ErrorCode::InvalidMaxResults, message).with_detail(format!(
            "It is {} to {}.",
            sizes.start(),
            sizes.end()
        ))
    })
}

fn token<K: Serialize>(key: &K, digest: &str) -> String {
    let key = serde_json::to_vec(key).expect("keys are texts and lists of texts");
    format!("{digest}{}", hex(&key))
}

/// The key in a token of this very request.
fn key<K: DeserializeOwned>(token: &str, digest: &str) -> Result<K, ApiError> {
    let behind = token.strip_prefix(digest);
    let octets = behind.and_then(unhex);
    octets.and_then(|octets| serde_json::from_slice(&octets).ok()).ok_or_else(|| invalid_token(token))
}

/// A token that no answer to this request has had.
pub fn invalid_token(token: &str) -> ApiError {
    let message = format!("Value ({token}) for parameter NextToken is invalid.");
    ApiError::new(ErrorCode::InvalidNextToken, message)
        .with_detail("It is the NextToken of the answer before, as it is, with everything else asked for as before.")
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2));
    pairs.map(|pair| pair.and_then(|digits| u8::from_str_radix(digits, 16).ok())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GroupId;

    fn request(size: Option<i64>, token: Option<&str>) -> DescribeSecurityGroups {
        DescribeSecurityGroups { max_results: size, next_token: token.map(str::to_owned), ..Default::default() }
    }

    fn ids(numbers: std::ops::Range<u32>) -> Vec<GroupId> {
        numbers.map(|number| format!("sg-{number:08x}").parse().unwrap()).collect()
    }

    fn page(mut request: DescribeSecurityGroups, items: &[GroupId]) -> (Vec<GroupId>, Option<String>) {
        Page::of(&mut request).unwrap().cut(items.iter().copied(), |id| *id)
    }

    #[test]
    fn pages_follow_each_other_and_end() {
        let items = ids(0..17);
        let (all, token) = page(request(None, None), &items);
        assert_eq!((all, token), (items.clone(), None));
        let mut seen = Vec::new();
        let mut token: Option<String> = None;
        let mut sizes = Vec::new();
        loop {
            let (listed, next) = page(request(Some(5), token.as_deref()), &items);
            sizes.push(listed.len());
            seen.extend(listed);
            match next {
                Some(next) => token = Some(next),
                None => break,
            }
        }
        assert_eq!((seen, sizes), (items.clone(), vec![5, 5, 5, 2]));
        // The last page is known to be the last.
        assert_eq!(page(request(Some(17), None), &items), (items, None));
    }

    #[test]
    fn what_comes_and_goes_between_pages_neither_hides_nor_repeats_the_rest() {
        let items = ids(0..12);
        let (_, token) = page(request(Some(5), None), &items);
        // The item that the token names is gone, and one came before it.
        let now: Vec<GroupId> = ids(0..12).into_iter().filter(|id| *id != items[4]).collect();
        let (listed, _) = page(request(None, token.as_deref()), &now);
        assert_eq!(listed, items[5..]);
    }

    #[test]
    fn a_token_belongs_to_what_was_asked_for() {
        let (_, token) = page(request(Some(5), None), &ids(0..12));
        let token = token.unwrap();
        let refusal = |mut request: DescribeSecurityGroups| Page::<GroupId>::of(&mut request).err().map(|it| it.code);
        // Another size is no other question.
        assert_eq!(refusal(request(Some(6), Some(&token))), None);
        let other = DescribeSecurityGroups { group_names: vec!["web".into()], ..request(Some(5), Some(&token)) };
        assert_eq!(refusal(other), Some(ErrorCode::InvalidNextToken));
        let mut rules = DescribeSecurityGroupRules { next_token: Some(token.clone()), ..Default::default() };
        assert_eq!(Page::<GroupId>::of(&mut rules).err().map(|it| it.code), Some(ErrorCode::InvalidNextToken));
        for broken in ["x", "00", "ärger", &token[..token.len() - 1], &token[..16], &format!("{token}00")] {
            assert_eq!(refusal(request(None, Some(broken))), Some(ErrorCode::InvalidNextToken), "{broken}");
        }
        // As for every text, an empty one is none.
        assert_eq!(refusal(request(None, Some(""))), None);
    }

    #[test]
    fn sizes_have_a_range() {
        let refusal = |size| Page::<GroupId>::of(&mut request(Some(size), None)).err();
        for size in [i64::MIN, -1, 0, 4, 1001, i64::MAX] {
            let error = refusal(size).unwrap();
            assert_eq!(error.code, ErrorCode::InvalidMaxResults);
            assert_eq!(error.message, format!("Value ( {size} ) for parameter maxResults is invalid."));
            assert_eq!(error.detail.as_deref(), Some("It is 5 to 1000."));
        }
        assert!(refusal(5).is_none() && refusal(1000).is_none());
    }
}
