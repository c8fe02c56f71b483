//! The published test suite of the signature (awslabs/aws-c-auth, Apache-2.0, of which the crate aws-sigv4 carries a copy): its
//! requests to `/` without a session; and what must not pass.

use super::*;
use hyper::header::{HeaderName, HeaderValue};
use serde::Deserialize;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[derive(Deserialize)]
struct Case {
    name: String,
    header: Side,
    query: Side,
}

#[derive(Deserialize)]
struct Side {
    request: String,
    canonical: String,
    to_sign: String,
}

/// A request that was parsed.
#[derive(Clone)]
struct Request {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        // A line that goes on.
        let head = head.replace("\n ", " ");
        let mut lines = head.lines();
        let (method, rest) = lines.next().unwrap().split_once(' ').unwrap();
        let target = rest.strip_suffix(" HTTP/1.1").unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    fn received(&self) -> Received<'_> {
        let Self { method, path, query, headers, body } = self;
        Received { method, path, query, headers, body }
    }

    fn verdict(&self) -> Result<(), ErrorCode> {
        let claim = Claim::read(&self.received()).map_err(|error| error.code)?;
        claim.check_signature(&self.received(), SECRET).map_err(|error| error.code)
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).unwrap()
}

#[test]
fn the_published_cases_pass() {
    let cases = cases();
    assert!(cases.len() > 15);
    for Case { name, header, query } in &cases {
        for side in [header, query] {
            let request = Request::parse(&side.request);
            let claim = Claim::read(&request.received()).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            let canonical = claim.canonical_request(&request.received()).unwrap();
            assert_eq!(canonical, side.canonical, "{name}");
            assert_eq!(claim.string_to_sign(&canonical), side.to_sign, "{name}");
            assert_eq!(claim.check_signature(&request.received(), SECRET), Ok(()), "{name}");
            assert!(claim.check_signature(&request.received(), "another").is_err(), "{name}");
        }
    }
}

#[test]
fn whatever_is_changed_is_seen() {
    let good = Request::parse(&case("post-x-www-form-urlencoded").header.request);
    assert_eq!(good.verdict(), Ok(()));
    let changes: [fn(&mut Request); 6] = [
        |request| request.method = "GET".to_owned(),
        |request| request.path = "/a".to_owned(),
        |request| request.query = "a=b".to_owned(),
        |request| drop(request.headers.insert("host", HeaderValue::from_static("other"))),
        |request| drop(request.headers.insert("content-type", HeaderValue::from_static("text/plain"))),
        |request| {
            request.headers.append("host", HeaderValue::from_static("other"));
        },
    ];
    for change in changes {
        let mut request = good.clone();
        change(&mut request);
        assert_eq!(request.verdict(), Err(ErrorCode::SignatureDoesNotMatch));
    }
    for at in 0..good.body.len() {
        let mut request = good.clone();
        request.body[at] ^= 1;
        // This case says the hash of the body in a header, too.
        assert!(request.verdict().is_err());
    }
    let plain = Request::parse(&case("post-vanilla").header.request);
    let mut with_body = plain.clone();
    with_body.body = b"a".to_vec();
    assert_eq!((plain.verdict(), with_body.verdict()), (Ok(()), Err(ErrorCode::SignatureDoesNotMatch)));
}

#[test]
fn each_digit_of_the_signature_counts() {
    let good = Request::parse(&case("get-vanilla").header.request);
    let text = good.headers["authorization"].to_str().unwrap().to_owned();
    for at in text.len() - 64..text.len() {
        let digit = if text.as_bytes()[at] == b'0' { "1" } else { "0" };
        let mut request = good.clone();
        let changed = format!("{}{digit}{}", &text[..at], &text[at + 1..]);
        request.headers.insert("authorization", changed.parse().unwrap());
        assert_eq!(request.verdict(), Err(ErrorCode::SignatureDoesNotMatch));
    }
}

#[test]
fn what_has_to_be_signed_is() {
    let good = Request::parse(&case("get-vanilla").header.request);
    for (from, to) in [
        ("host;x-amz-date", "host"),
        ("host;x-amz-date", "x-amz-date"),
        ("host;x-amz-date", "x-amz-date;host"),
        ("host;x-amz-date", "Host;x-amz-date"),
        ("host;x-amz-date", "host;host;x-amz-date"),
        ("host;x-amz-date", "host;missing;x-amz-date"),
        ("host;x-amz-date", ""),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        ("aws4_request", "aws3_request"),
        ("20150830/us", "20150831/us"),
        ("/20150830/", "/"),
        ("Signature=5f", "Signature=5F"),
        ("Signature=5f", "Signature="),
        (", SignedHeaders=host;x-amz-date", ""),
        ("Credential=", "Credential=AKIA/20150830/us-east-1/service/aws4_request, Credential="),
    ] {
        let mut request = good.clone();
        let text = good.headers["authorization"].to_str().unwrap();
        assert!(text.contains(from), "{from}");
        request.headers.insert("authorization", text.replace(from, to).parse().unwrap());
        assert_eq!(request.verdict(), Err(ErrorCode::IncompleteSignature), "{to}");
    }
    let mut request = good.clone();
    request.headers.insert("x-amz-target", HeaderValue::from_static("elsewhere"));
    assert_eq!(request.verdict(), Err(ErrorCode::IncompleteSignature));
    let mut request = good.clone();
    request.headers.insert("x-amz-security-token", HeaderValue::from_static("token"));
    assert_eq!(request.verdict(), Err(ErrorCode::InvalidClientTokenId));
    let mut request = good.clone();
    request.headers.insert("x-amz-date", HeaderValue::from_static("20150830T123600"));
    assert_eq!(request.verdict(), Err(ErrorCode::IncompleteSignature));
    let mut request = good;
    request.headers.remove("authorization");
    assert_eq!(request.verdict(), Err(ErrorCode::MissingAuthenticationToken));
}

#[test]
fn a_query_that_was_signed_is_checked_like_a_header() {
    let good = Request::parse(&case("get-vanilla-query-order-key-case").query.request);
    assert_eq!(good.verdict(), Ok(()));
    for (from, to, code) in [
        ("X-Amz-Expires=3600", "X-Amz-Expires=3599", ErrorCode::SignatureDoesNotMatch),
        ("X-Amz-Expires=3600", "X-Amz-Expires=0", ErrorCode::IncompleteSignature),
        ("X-Amz-Expires=3600", "X-Amz-Expires=604800", ErrorCode::IncompleteSignature),
        ("X-Amz-Expires=3600", "X-Amz-Expires=3600&X-Amz-Expires=3600", ErrorCode::IncompleteSignature),
        ("X-Amz-Expires=3600", "X-Amz-Expires=3600&X-Amz-Security-Token=a", ErrorCode::InvalidClientTokenId),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=", ErrorCode::IncompleteSignature),
        ("Param1=", "Param2=", ErrorCode::SignatureDoesNotMatch),
    ] {
        let mut request = good.clone();
        assert!(request.query.contains(from), "{}", request.query);
        request.query = request.query.replace(from, to);
        assert_eq!(request.verdict(), Err(code), "{to}");
    }
}

#[test]
fn time_and_scope_are_checked() {
    let claim = |side: &Side| Claim::read(&Request::parse(&side.request).received()).unwrap();
    let case = case("get-vanilla");
    let signed: Timestamp = "2015-08-30T12:36:00Z".parse().unwrap();
    let after = |claim: &Claim, seconds: i64| {
        claim.check_time(signed + SignedDuration::from_secs(seconds)).map_err(|error| error.code)
    };
    let expired = Err(ErrorCode::RequestExpired);
    let header = claim(&case.header);
    for (seconds, verdict) in [(0, Ok(())), (900, Ok(())), (901, expired), (-900, Ok(())), (-901, expired)] {
        assert_eq!(after(&header, seconds), verdict, "{seconds}");
    }
    let query = claim(&case.query);
    for (seconds, verdict) in [(0, Ok(())), (3600, Ok(())), (3601, expired), (-901, expired)] {
        assert_eq!(after(&query, seconds), verdict, "{seconds}");
    }
    assert_eq!(header.until(), signed + SKEW);
    assert_eq!(header.check_scope("us-east-1", "service"), Ok(()));
    for (region, service, word) in [("local", "service", "'us-east-1'"), ("us-east-1", "ec2", "'ec2'")] {
        let error = header.check_scope(region, service).unwrap_err();
        assert_eq!(error.code, ErrorCode::SignatureDoesNotMatch);
        assert!(error.message.contains(word), "{error}");
    }
}

/// Signs a request as an SDK does: host, time and, where there is one, the type of the body.
pub(in crate::ec2) fn sign(
    received: &Received<'_>,
    (access_key_id, secret): (&str, &str),
    (region, service): (&str, &str),
    time: Timestamp,
) -> HeaderMap {
    let mut headers = received.headers.clone();
    let time_text = time.strftime("%Y%m%dT%H%M%SZ").to_string();
    headers.insert("x-amz-date", time_text.parse().unwrap());
    let mut signed_headers: Vec<String> = headers.keys().map(ToString::to_string).collect();
    signed_headers.sort();
    let mut claim = Claim {
        access_key_id: access_key_id.to_owned(),
        day: time_text[..8].to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
        signed_headers,
        time,
        time_text,
        beforehand: None,
        signature: [0; 32],
    };
    let canonical = claim.canonical_request(&Received { headers: &headers, ..*received }).unwrap();
    let key = signing_key(secret, &claim.day, region, service);
    claim.signature = keyed(&key, claim.string_to_sign(&canonical).as_bytes()).finalize().into_bytes().into();
    let text = format!(
        "{ALGORITHM} Credential={access_key_id}/{}/{region}/{service}/{TERMINATOR}, SignedHeaders={}, Signature={}",
        claim.day,
        claim.signed_headers.join(";"),
        hex(&claim.signature)
    );
    headers.insert("authorization", text.parse().unwrap());
    headers
}
