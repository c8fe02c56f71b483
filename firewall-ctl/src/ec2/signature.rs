//! Version 4 of the service's signatures: what a request claims, and whether it was signed so. Pure.
//!
//! Both places are read: the header `Authorization`, and the query string of a request that was signed beforehand. A
//! signature covers the method, the path, the query, the headers that it lists and the whole body; `host` and the time are
//! always among them.

use super::form::shown;
use crate::actions::{ApiError, ErrorCode};
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::HeaderMap;
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The algorithm, as requests name it.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What a scope ends in.
const TERMINATOR: &str = "aws4_request";
/// How far the time of a request may be from ours, either way, as in the service.
pub const SKEW: SignedDuration = SignedDuration::from_mins(15);
/// The longest that a request may be signed beforehand: the service has a week. A shorter bound keeps the memory of
/// signatures small.
pub const LONGEST_BEFOREHAND: SignedDuration = SignedDuration::from_hours(1);
/// Most headers that a signature lists.
const MAX_SIGNED_HEADERS: usize = 50;

/// A request, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The path, as it was sent.
    pub path: &'a str,
    /// What stands behind the question mark, as it was sent.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, whole.
    pub body: &'a [u8],
}

/// What a request claims about who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The key.
    pub access_key_id: String,
    /// The day that the signing key is for, as `YYYYMMDD`.
    day: String,
    /// The region of the scope.
    pub region: String,
    /// The service of the scope.
    pub service: String,
    /// The headers that are signed, in order.
    signed_headers: Vec<String>,
    /// When it was signed.
    pub time: Timestamp,
    /// The same, as it was sent.
    time_text: String,
    /// How long it holds, where it was signed beforehand.
    beforehand: Option<SignedDuration>,
    /// The signature.
    pub signature: [u8; 32],
}

impl Claim {
    /// Reads the claim of a request.
    ///
    /// # Errors
    /// There is none, it lacks something or is not well formed, or it names a session.
    pub fn read(received: &Received<'_>) -> Result<Self, ApiError> {
        let claim = match single(received.headers, "authorization")? {
            Some(text) => Self::of_header(received, text)?,
            None => Self::of_query(received)?,
        };
        if claim.signed_headers.len() > MAX_SIGNED_HEADERS {
            return Err(incomplete(format!("A signature lists {MAX_SIGNED_HEADERS} headers at most.")));
        }
        let lists = |name: &str| claim.signed_headers.iter().any(|listed| listed == name);
        if !lists("host") {
            return Err(incomplete("The header host is not among those that are signed."));
        }
        // What is in them may change what is meant, so none comes in unsigned.
        let unsigned =
            received.headers.keys().find(|name| name.as_str().starts_with("x-amz-") && !lists(name.as_str()));
        if let Some(name) = unsigned {
            return Err(incomplete(format!("The header {name} is not among those that are signed.")));
        }
        Ok(claim)
    }

    fn of_header(received: &Received<'_>, text: &str) -> Result<Self, ApiError> {
        let parts = text.strip_prefix(ALGORITHM).filter(|rest| rest.starts_with(' '));
        let parts = parts.ok_or_else(|| incomplete(format!("The algorithm is {ALGORITHM}.")))?;
        let mut named = BTreeMap::new();
        for part in parts.split(',') {
            let (name, value) = part.trim().split_once('=').unwrap_or_default();
            if named.insert(name, value).is_some() {
                return Err(incomplete("The header Authorization names a part twice."));
            }
        }
        let part = |name: &str| {
            let message = || incomplete(format!("Authorization header requires '{name}' parameter."));
            named.get(name).copied().ok_or_else(message)
        };
        let (credential, signed, signature) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
        if received.headers.contains_key("x-amz-security-token") {
            return Err(session());
        }
        let time = single(received.headers, "x-amz-date")?;
        let time = time.ok_or_else(|| incomplete("Authorization header requires the header X-Amz-Date."))?;
        Self::of_parts(credential, signed, signature, time, None)
    }

    fn of_query(received: &Received<'_>) -> Result<Self, ApiError> {
        let pairs = pairs(received.query)?;
        let part = |name: &str| -> Result<Option<&str>, ApiError> {
            let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
            match (values.next(), values.next()) {
                (value, None) => Ok(value),
                (_, Some(_)) => Err(incomplete(format!("The query string names {name} twice."))),
            }
        };
        let needed = |name: &str| {
            part(name)?.ok_or_else(|| incomplete(format!("A request that is signed in its query string names {name}.")))
        };
        let Some(algorithm) = part("X-Amz-Algorithm")? else {
            let message = "Request must contain either a valid (registered) AWS access key ID or X.509 certificate.";
            return Err(ApiError::new(ErrorCode::MissingAuthenticationToken, message)
                .with_detail("Sign it by a key that `firewall-ctl create-access-key` makes."));
        };
        if algorithm != ALGORITHM {
            return Err(incomplete(format!("The algorithm is {ALGORITHM}.")));
        }
        if part("X-Amz-Security-Token")?.is_some() {
            return Err(session());
        }
        let seconds = needed("X-Amz-Expires")?;
        let longest = LONGEST_BEFOREHAND.as_secs();
        let seconds = seconds.parse().ok().filter(|seconds| (1..=longest).contains(seconds));
        let seconds = seconds.ok_or_else(|| incomplete(format!("X-Amz-Expires is 1 to {longest} seconds.")))?;
        Self::of_parts(
            needed("X-Amz-Credential")?,
            needed("X-Amz-SignedHeaders")?,
            needed("X-Amz-Signature")?,
            needed("X-Amz-Date")?,
            Some(SignedDuration::from_secs(seconds)),
        )
    }

    fn of_parts(
        credential: &str,
        signed: &str,
        signature: &str,
        time_text: &str,
        beforehand: Option<SignedDuration>,
    ) -> Result<Self, ApiError> {
        let words: Vec<&str> = credential.split('/').collect();
        let &[access_key_id, day, region, service, TERMINATOR] = words.as_slice() else {
            return Err(incomplete(format!("The credential is of the form KEY/YYYYMMDD/REGION/SERVICE/{TERMINATOR}.")));
        };
        let time = civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time_text).ok();
        let time = time.filter(|_| time_text.len() == 16).and_then(|time| time.to_zoned(TimeZone::UTC).ok());
        let time = time.ok_or_else(|| incomplete("The time is of the form YYYYMMDDTHHMMSSZ."))?.timestamp();
        if time_text.get(..8) != Some(day) {
            return Err(incomplete("The day of the credential is not that of the time."));
        }
        let signed_headers: Vec<String> = signed.split(';').map(str::to_owned).collect();
        let is_lower = |name: &String| !name.is_empty() && !name.bytes().any(|octet| octet.is_ascii_uppercase());
        if !signed_headers.iter().all(is_lower) || !signed_headers.is_sorted_by(|one, other| one < other) {
            return Err(incomplete("The signed headers are in small letters, in order, each once."));
        }
        let signature = octets(signature).ok_or_else(|| incomplete("The signature is 64 hexadecimal digits."))?;
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            day: day.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers,
            time,
            time_text: time_text.to_owned(),
            beforehand,
            signature,
        })
    }

    /// Checks that the request is of now.
    ///
    /// # Errors
    /// It is too old, or from the future.
    pub fn check_time(&self, now: Timestamp) -> Result<(), ApiError> {
        let age = now.duration_since(self.time);
        if (-SKEW..=self.beforehand.unwrap_or(SKEW)).contains(&age) {
            return Ok(());
        }
        let detail = format!("It is of {}, and the clock here says {now:.0}.", self.time);
        Err(ApiError::new(ErrorCode::RequestExpired, "Request has expired.").with_detail(detail))
    }

    /// Until when the same request could come again.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.time.saturating_add(self.beforehand.unwrap_or(SKEW)).unwrap_or(Timestamp::MAX)
    }

    /// Checks that it is meant for us.
    ///
    /// # Errors
    /// Region or service is another one.
    pub fn check_scope(&self, region: &str, service: &str) -> Result<(), ApiError> {
        let message = if self.region != region {
            format!("Credential should be scoped to a valid region, not '{}'.", shown(&self.region))
        } else if self.service != service {
            format!("Credential should be scoped to correct service: '{service}'.")
        } else {
            return Ok(());
        };
        let detail = format!("The region is {region:?}, the service {service:?}.");
        Err(ApiError::new(ErrorCode::SignatureDoesNotMatch, message).with_detail(detail))
    }

    /// Checks that the holder of a secret signed just this request.
    ///
    /// # Errors
    /// That is not so.
    pub fn check_signature(&self, received: &Received<'_>, secret: &str) -> Result<(), ApiError> {
        let request = self.canonical_request(received)?;
        let text = self.string_to_sign(&request);
        let key = signing_key(secret, &self.day, &self.region, &self.service);
        // Takes as long whatever is different.
        keyed(&key, text.as_bytes()).verify_slice(&self.signature).map_err(|_| {
            ApiError::new(
                ErrorCode::SignatureDoesNotMatch,
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details.",
            )
        })
    }

    fn string_to_sign(&self, canonical_request: &str) -> String {
        let Self { day, region, service, time_text, .. } = self;
        let hash = hex(&Sha256::digest(canonical_request.as_bytes()));
        format!("{ALGORITHM}\n{time_text}\n{day}/{region}/{service}/{TERMINATOR}\n{hash}")
    }

    fn canonical_request(&self, received: &Received<'_>) -> Result<String, ApiError> {
        let Received { method, path, query, headers, body } = received;
        let mut query = pairs(query)?;
        if self.beforehand.is_some() {
            query.retain(|(name, _)| name != "X-Amz-Signature");
        }
        let mut query: Vec<(String, String)> =
            query.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
        query.sort();
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut text = format!("{method}\n{path}\n{}\n", query.join("&"));
        for name in &self.signed_headers {
            let values = headers.get_all(name).iter().map(|value| Ok(trimmed(value.to_str().map_err(|_| name)?)));
            let values: Vec<String> = values
                .collect::<Result<_, _>>()
                .map_err(|name: &String| incomplete(format!("The header {} is not plain text.", shown(name))))?;
            if values.is_empty() {
                return Err(incomplete(format!("The header {} is signed and not there.", shown(name))));
            }
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name}:{}", values.join(","));
        }
        let hash = hex(&Sha256::digest(body));
        if let Some(said) = single(headers, "x-amz-content-sha256")?
            && said != hash
        {
            return Err(incomplete("The header x-amz-content-sha256 is not the hash of the body."));
        }
        let _ = write!(text, "\n{}\n{hash}", self.signed_headers.join(";"));
        Ok(text)
    }
}

/// A header that may be there once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map(Some).map_err(|_| incomplete(format!("The header {name} is not plain text.")))
        }
        (Some(_), Some(_)) => Err(incomplete(format!("The header {name} is there twice."))),
    }
}

/// Names and values of a query string.
fn pairs(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((super::form::decoded(name.as_bytes())?, super::form::decoded(value.as_bytes())?))
        })
        .collect()
}

/// As RFC 3986 has it: all but what it calls unreserved.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(octet)),
            // Writing to a string does not fail.
            other => drop(write!(out, "%{other:02X}")),
        }
    }
    out
}

/// Without blanks at the ends, and with one in the place of several.
fn trimmed(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn keyed(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac
}

fn signing_key(secret: &str, day: &str, region: &str, service: &str) -> [u8; 32] {
    let mut key: [u8; 32] = keyed(format!("AWS4{secret}").as_bytes(), day.as_bytes()).finalize().into_bytes().into();
    for part in [region, service, TERMINATOR] {
        key = keyed(&key, part.as_bytes()).finalize().into_bytes().into();
    }
    key
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(2 * octets.len()), |mut out, octet| {
        // Writing to a string does not fail.
        let _ = write!(out, "{octet:02x}");
        out
    })
}

/// 32 octets of 64 digits in small letters.
fn octets(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let is_digit = |octet: &u8| matches!(octet, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != 64 || !digits.iter().all(is_digit) {
        return None;
    }
    let mut octets = [0; 32];
    for (octet, at) in octets.iter_mut().zip((0..64).step_by(2)) {
        *octet = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(octets)
}

fn incomplete(detail: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::IncompleteSignature, "The request signature does not conform to AWS standards.")
        .with_detail(detail)
}

fn session() -> ApiError {
    ApiError::new(ErrorCode::InvalidClientTokenId, "The security token included in the request is invalid.")
        .with_detail("There are no sessions here: sign by a key of `firewall-ctl create-access-key`, without a token.")
}

#[cfg(test)]
pub(super) mod tests;
