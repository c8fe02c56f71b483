//! A request from its octets to its answer: what it says, who says it, whether that is so, and what the controller answers.

use super::credentials::KeyRing;
use super::form::{self, Parameters, Tree};
use super::limits::{Buckets, Freshness, Signatures, party};
use super::shapes::Shapes;
use super::signature::{Claim, Received};
use super::{VERSION, decode, local, sts, xml};
use crate::actions::access::Principal;
use crate::actions::{ApiError, ErrorCode, Request};
use crate::api::ApiErrorBody;
use crate::api::server::{Call, Reply, Service};
use axum::body::Bytes;
use hyper::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use rand::Rng as _;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Requests of one key at once, and how soon another one is allowed: somewhat more than the service allows.
const BURST: u32 = 500;
const REFILL: Duration = Duration::from_millis(10);
/// Failed authentications from one address at once, and how soon another one is told what was wrong.
const FAILURES: u32 = 20;
const FAILURE_REFILL: Duration = Duration::from_secs(3);
/// Keys and addresses that are remembered for it.
const PARTIES: usize = 10_000;
/// Signatures that are remembered: what several keys can send in half an hour at their highest rate, some 50 MB.
const SIGNATURES: usize = 500_000;

/// A request, as it came.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// `GET` or `POST`, or what else it may be.
    pub method: String,
    /// The path.
    pub path: String,
    /// What stands behind the question mark.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Where it came in.
    pub local: SocketAddr,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP's status.
    pub status: u16,
    /// XML.
    pub body: String,
    /// The number under which the log has it.
    pub request_id: String,
    /// What the caller should know beside it.
    pub warnings: Vec<String>,
}

/// Which service a request is for, told by its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// EC2.
    Ec2,
    /// STS, which tells who one is.
    Sts,
}

/// What a request asks, as far as it can be said without knowing who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The name of the action; there may be none of that name.
    pub action: String,
    /// Which service it is for.
    pub target: Target,
    /// The parameters of the action.
    pub parameters: Parameters,
}

impl Asked {
    /// Reads it.
    ///
    /// # Errors
    /// The request is no form, names no action, or another version.
    pub fn read(incoming: &Incoming) -> Result<Self, ApiError> {
        let mut parameters = parameters(incoming)?;
        let action = parameters.remove("Action").filter(|action| !action.is_empty());
        let action = action.ok_or_else(|| {
            ApiError::new(ErrorCode::MissingAction, "The request is missing an action or a required parameter.")
                .with_detail("Say Action=DescribeSecurityGroups, for example.")
        })?;
        let target = target(parameters.remove("Version").as_deref())?;
        // Those of the signature say nothing to the action.
        parameters.retain(|name, _| !name.starts_with("X-Amz-"));
        Ok(Self { action, target, parameters })
    }
}

/// The request of an action of EC2, as JSON and read.
///
/// # Errors
/// There is no such action here, or one of the parameters is not of it.
pub fn understood(action: &str, parameters: &Parameters) -> Result<(Value, Request), ApiError> {
    let shapes = Shapes::get();
    let operation = shapes.operation(action).filter(|_| Request::OPERATIONS.contains(&action));
    let operation = operation.ok_or_else(|| no_action(action))?;
    let tree = Tree::grow(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    let body = decode::members(shapes, operation.input, &tree)?;
    let request = parse(action, body.clone())?;
    Ok((body, request))
}

/// Lets requests in to the controller.
#[derive(Debug)]
pub struct Gate<S> {
    service: Arc<S>,
    keys: Arc<KeyRing>,
    region: String,
    /// Signatures from before are not remembered.
    started: Timestamp,
    signatures: Mutex<Signatures>,
    requests: Mutex<Buckets<String>>,
    failures: Mutex<Buckets<IpAddr>>,
}

impl<S: Service> Gate<S> {
    /// A gate to a service.
    #[must_use]
    pub fn new(service: Arc<S>, keys: Arc<KeyRing>, region: String, started: Timestamp) -> Self {
        Self {
            service,
            keys,
            region,
            started,
            signatures: Mutex::new(Signatures::new(SIGNATURES)),
            requests: Mutex::new(Buckets::new(BURST, REFILL, PARTIES)),
            failures: Mutex::new(Buckets::new(FAILURES, FAILURE_REFILL, PARTIES)),
        }
    }

    /// Answers a request.
    pub async fn answer(&self, incoming: Incoming) -> Answer {
        let request_id = request_id();
        let mut target = Target::Ec2;
        let answered = self.try_answer(&incoming, &request_id, &mut target).await;
        let (status, body, warnings) = match answered {
            Ok((body, warnings)) => (200, body, warnings),
            Err(refusal) => {
                let ApiErrorBody { code, message, detail } = &refusal;
                tracing::debug!(request_id, peer = %incoming.peer, code, message, "refused");
                let body = match target {
                    Target::Ec2 => xml::error(code, message, detail.as_deref(), &request_id),
                    Target::Sts => sts::error(code, message, detail.as_deref(), &request_id),
                };
                (ErrorCode::status_of(code), body, Vec::new())
            }
        };
        Answer { status, body, request_id, warnings }
    }

    async fn try_answer(
        &self,
        incoming: &Incoming,
        request_id: &str,
        target: &mut Target,
    ) -> Result<(String, Vec<String>), ApiErrorBody> {
        let Asked { action, target: asked, parameters } = Asked::read(incoming)?;
        *target = asked;
        let now = Timestamp::now();
        let (claim, principal) = self.authenticate(incoming, *target, now)?;
        if !lock(&self.requests).take(&principal.access_key_id, Instant::now()) {
            return Err(too_many("This key may send 100 requests a second.").into());
        }
        if *target == Target::Sts {
            return Ok((sts::answer(&action, &principal, &self.region, request_id)?, Vec::new()));
        }
        let (body, request) = understood(&action, &parameters)?;
        if !request.is_read_only() && !request.dry_run() {
            self.refuse_replay(&claim, now).await?;
        }
        let call = Call {
            operation: action.clone(),
            body,
            // The next connection of a client is guarded like that of a login.
            ssh_connection: Some(format!(
                "{} {} {} {}",
                incoming.peer.ip(),
                incoming.peer.port(),
                incoming.local.ip(),
                incoming.local.port()
            )),
            force: false,
            confirm_within: None,
            principal: Some(principal),
        };
        // A task of its own: a caller that goes away must not leave a change half done.
        let service = Arc::clone(&self.service);
        let answered = tokio::spawn(async move { service.call(call).await }).await;
        let Reply { body, warnings } = answered.map_err(|error| {
            tracing::error!(%error, request_id, action, "a call failed");
            ApiErrorBody::new("InternalError", "An internal error has occurred")
        })??;
        let text = answer(&action, &body, request_id)?;
        Ok((text, warnings))
    }

    /// Who sent a request, if that is so. Whoever fails too often is told no more than that; a request that is signed as it
    /// should be is taken all the same, since others may have failed at the same address.
    fn authenticate(
        &self,
        incoming: &Incoming,
        target: Target,
        now: Timestamp,
    ) -> Result<(Claim, Principal), ApiError> {
        self.check(incoming, target, now).map_err(|error| {
            if lock(&self.failures).take(&party(incoming.peer.ip()), Instant::now()) {
                return error;
            }
            too_many("Too many requests from this address were not signed as they should be.")
        })
    }

    fn check(&self, incoming: &Incoming, target: Target, now: Timestamp) -> Result<(Claim, Principal), ApiError> {
        let Incoming { method, path, query, headers, body, peer: _, local: _ } = incoming;
        let received = Received { method, path, query, headers, body };
        let claim = Claim::read(&received)?;
        claim.check_scope(&self.region, target.name())?;
        let key = self.keys.active(&claim.access_key_id).ok_or_else(|| target.unknown_key())?;
        claim.check_signature(&received, key.secret_access_key.reveal())?;
        // Only whoever holds the secret learns what the clock here says.
        claim.check_time(now)?;
        Ok((claim, key.principal()))
    }

    /// A request that changes something is taken once. SDKs sign nothing that tells two equal requests of the same second
    /// apart; they try again what is answered so, signed anew.
    async fn refuse_replay(&self, claim: &Claim, now: Timestamp) -> Result<(), ApiError> {
        let detail = if claim.time < self.started {
            "It was signed before this controller started, which knows nothing of what came before."
        } else {
            match lock(&self.signatures).note(claim.signature, claim.until(), now) {
                Freshness::First => return Ok(()),
                Freshness::Again => "A request with this very signature has come already: sign it anew.",
                Freshness::TooMany => "There are too many requests to remember which have come already.",
            }
        };
        // What is signed anew within the same second would be the same again.
        let next_second = claim.time.max(self.started) + SignedDuration::from_secs(1);
        let wait = next_second.duration_since(now).min(SignedDuration::from_secs(1));
        tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
        Err(too_many(detail))
    }
}

impl Target {
    const fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Sts => "sts",
        }
    }

    /// No active key has the id that the request names. Each service has its own word for it.
    fn unknown_key(self) -> ApiError {
        let (code, message) = match self {
            Self::Ec2 => (ErrorCode::AuthFailure, "AWS was not able to validate the provided access credentials"),
            Self::Sts => (ErrorCode::InvalidClientTokenId, "The security token included in the request is invalid."),
        };
        ApiError::new(code, message)
            .with_detail("No active key has this id: `firewall-ctl list-access-keys` lists them.")
    }
}

fn target(version: Option<&str>) -> Result<Target, ApiError> {
    match version {
        Some(VERSION) => Ok(Target::Ec2),
        Some(sts::VERSION) => Ok(Target::Sts),
        other => {
            let shown = form::shown(other.unwrap_or_default());
            Err(ApiError::new(ErrorCode::NoSuchVersion, format!("The requested version ({shown}) is not valid."))
                .with_detail(format!("The version is {VERSION}.")))
        }
    }
}

/// All parameters of a request, from query string and body.
fn parameters(incoming: &Incoming) -> Result<Parameters, ApiError> {
    let Incoming { method, path, query, headers, body, peer: _, local: _ } = incoming;
    if path != "/" {
        return Err(malformed("The path is /."));
    }
    let mut parameters = Parameters::new();
    form::read(query.as_bytes(), &mut parameters)?;
    match method.as_str() {
        "GET" if body.is_empty() => {}
        "GET" => return Err(malformed("A request by GET has no body.")),
        "POST" => {
            let kind = headers.get(hyper::header::CONTENT_TYPE).map_or("", |value| value.to_str().unwrap_or("?"));
            let kind = kind.split(';').next().unwrap_or_default().trim();
            if !kind.is_empty() && !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
                return Err(malformed("The body is of the type application/x-www-form-urlencoded."));
            }
            form::read(body, &mut parameters)?;
        }
        _ => return Err(malformed("Requests come by GET or POST.")),
    }
    Ok(parameters)
}

/// The request of an action. Its members are known to the service, so what is refused here is what we do not have.
fn parse(action: &str, body: Value) -> Result<Request, ApiError> {
    Request::parse(action, body).map_err(|error| {
        if error.code != ErrorCode::UnknownParameter {
            return error;
        }
        let message = error.message.replace("is not recognized", "is not supported here");
        ApiError { code: ErrorCode::UnsupportedOperation, message, detail: error.detail }
    })
}

/// The answer of an action of EC2 in XML.
///
/// # Errors
/// It has none, which is a mistake of ours.
pub fn answer(action: &str, body: &Value, request_id: &str) -> Result<String, ApiErrorBody> {
    let shapes = Shapes::get();
    let operation = shapes.operation(action).ok_or_else(|| no_action(action))?;
    xml::answer(shapes, action, operation, body, request_id).map_err(|error| {
        tracing::error!(%error, request_id, action, "an answer has no XML form");
        ApiErrorBody::new("InternalError", "An internal error has occurred")
            .with_detail("The action was done, and its answer could not be written; see the log.")
    })
}

fn no_action(action: &str) -> ApiError {
    let shown = form::shown(action);
    let error =
        ApiError::new(ErrorCode::InvalidAction, format!("The action {shown} is not valid for this web service."));
    if local::ACTIONS.contains(&action) {
        return error.with_detail("It is an action of this machine: call it by firewall-ctl there.");
    }
    error
}

fn malformed(detail: &str) -> ApiError {
    ApiError::new(ErrorCode::MalformedQueryString, "The query string is malformed").with_detail(detail)
}

fn too_many(detail: &str) -> ApiError {
    ApiError::new(ErrorCode::RequestLimitExceeded, "Request limit exceeded.").with_detail(detail)
}

/// Nobody panics while holding one of these; what they hold is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A random UUID.
fn request_id() -> String {
    let mut octets = [0; 16];
    rand::rng().fill_bytes(&mut octets);
    let bits = u128::from_be_bytes(octets) & !(0xf000 << 64) & !(0b11 << 62) | (4 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests;
