//! The answering half of the local API.

use super::peer::{PeerCredentials, firewall_group};
use super::{
    ApiErrorBody, BODY_LIMIT, CONFIRM_WITHIN_HEADER, FORCE_HEADER, LONGEST_CONFIRMATION, SSH_CONNECTION_HEADER,
    WARNING_HEADER,
};
use crate::actions::ErrorCode;
use crate::actions::access::Principal;
use axum::Router;
use axum::body::Bytes;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::IncomingStream;
use nix::unistd::{Gid, Uid};
use serde_json::Value;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;

/// A call as it came in: the operation and its fields are not looked at yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Name of the operation.
    pub operation: String,
    /// Its fields.
    pub body: Value,
    /// The caller's `SSH_CONNECTION`.
    pub ssh_connection: Option<String>,
    /// Apply the change even where it locks the caller out.
    pub force: bool,
    /// Undo the change after this time unless it is confirmed.
    pub confirm_within: Option<Duration>,
    /// Who calls by a key; nobody in particular on the socket, where all who may call may do everything.
    pub principal: Option<Principal>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The response of the operation.
    pub body: Value,
    /// What the caller should know beside it.
    pub warnings: Vec<String>,
}

/// Whoever answers calls.
pub trait Service: Send + Sync + 'static {
    /// Answers a call.
    fn call(&self, call: Call) -> impl Future<Output = Result<Reply, ApiErrorBody>> + Send;
}

/// Answers calls until `stop` completes, and then those that are under way.
///
/// # Errors
/// When the listener fails.
pub async fn serve<S: Service>(
    listener: UnixListener,
    service: Arc<S>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/v1/{operation}", post(answer::<S>))
        .fallback(async || not_found())
        .method_not_allowed_fallback(async || not_found())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(App { service, daemon: Uid::effective(), group: firewall_group() });
    axum::serve(listener, router.into_make_service_with_connect_info::<Caller>()).with_graceful_shutdown(stop).await
}

/// What every request needs.
struct App<S> {
    service: Arc<S>,
    daemon: Uid,
    group: Option<Gid>,
}

impl<S> Clone for App<S> {
    fn clone(&self) -> Self {
        Self { service: Arc::clone(&self.service), daemon: self.daemon, group: self.group }
    }
}

/// Who calls; `None` when the kernel did not say.
#[derive(Debug, Clone)]
struct Caller(Option<PeerCredentials>);

impl Connected<IncomingStream<'_, UnixListener>> for Caller {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self(PeerCredentials::of(stream.io()).ok())
    }
}

async fn answer<S: Service>(
    State(app): State<App<S>>,
    ConnectInfo(Caller(caller)): ConnectInfo<Caller>,
    Path(operation): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if !caller.is_some_and(|caller| caller.may_call(app.daemon, app.group)) {
        let message = "You are not authorized to perform this operation.";
        let body = ApiErrorBody::new("UnauthorizedOperation", message)
            .with_detail("Call as root, or as a member of the group `firewall`.");
        return refusal(StatusCode::FORBIDDEN, &body);
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            let body = ApiErrorBody::new("InvalidParameterValue", rejection.body_text());
            return refusal(rejection.status(), &body);
        }
    };
    let call = match decode(operation, &headers, &body) {
        Ok(call) => call,
        Err(body) => return refusal(StatusCode::BAD_REQUEST, &body),
    };
    // A task of its own: a caller that goes away must not leave a change half done.
    let service = Arc::clone(&app.service);
    match tokio::spawn(async move { service.call(call).await }).await {
        Ok(Ok(reply)) => success(reply),
        Ok(Err(body)) => refusal(status_of(&body.code), &body),
        Err(error) => {
            tracing::error!(%error, "a call failed");
            refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                &ApiErrorBody::new("InternalError", "The call failed; see the log."),
            )
        }
    }
}

/// Reads headers and body.
fn decode(operation: String, headers: &HeaderMap, body: &[u8]) -> Result<Call, ApiErrorBody> {
    let body = if body.is_empty() { Ok(Value::Object(serde_json::Map::new())) } else { serde_json::from_slice(body) };
    let body = body.map_err(|error| {
        ApiErrorBody::new("MalformedQueryString", format!("The body of the request is not JSON: {error}"))
    })?;
    let force = match header(headers, FORCE_HEADER)? {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(bad_header(FORCE_HEADER, other, "true or false")),
    };
    let confirm_within = match header(headers, CONFIRM_WITHIN_HEADER)? {
        None => None,
        Some(text) => match text.parse() {
            Ok(seconds @ 1..=LONGEST_CONFIRMATION) => Some(Duration::from_secs(seconds)),
            Ok(_) | Err(_) => {
                let expected = format!("from 1 to {LONGEST_CONFIRMATION} seconds");
                return Err(bad_header(CONFIRM_WITHIN_HEADER, text, &expected));
            }
        },
    };
    let ssh_connection = header(headers, SSH_CONNECTION_HEADER)?.map(str::to_owned);
    Ok(Call { operation, body, ssh_connection, force, confirm_within, principal: None })
}

/// A header as text.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiErrorBody> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    value.to_str().map(Some).map_err(|_| bad_header(name, &String::from_utf8_lossy(value.as_bytes()), "plain ASCII"))
}

fn bad_header(name: &str, value: &str, expected: &str) -> ApiErrorBody {
    ApiErrorBody::new("InvalidParameterValue", format!("Value ({value}) for header {name} is invalid: {expected}."))
}

fn success(reply: Reply) -> Response {
    let mut response = axum::Json(reply.body).into_response();
    for warning in reply.warnings {
        if let Some(value) = line(&warning) {
            response.headers_mut().append(HeaderName::from_static(WARNING_HEADER), value);
        }
    }
    response
}

/// A warning as a header: a line, so whatever is not ASCII or is a control character is replaced.
pub(crate) fn line(warning: &str) -> Option<HeaderValue> {
    let line: String = warning.chars().map(|c| if c.is_ascii_graphic() { c } else { ' ' }).collect();
    HeaderValue::from_str(&line).ok()
}

fn refusal(status: StatusCode, body: &ApiErrorBody) -> Response {
    (status, axum::Json(body)).into_response()
}

fn not_found() -> Response {
    let body = ApiErrorBody::new("InvalidAction", "The path is not POST /v1/{Operation}.");
    refusal(StatusCode::NOT_FOUND, &body)
}

/// The status that goes with a code.
fn status_of(code: &str) -> StatusCode {
    StatusCode::from_u16(ErrorCode::status_of(code)).unwrap_or(StatusCode::BAD_REQUEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::client::{CallOptions, Client, ClientError};
    use serde_json::json;

    struct Echo;

    impl Service for Echo {
        async fn call(&self, call: Call) -> Result<Reply, ApiErrorBody> {
            match call.operation.as_str() {
                "Refuse" => Err(ApiErrorBody::new("InvalidGroup.NotFound", "no").with_detail("do this")),
                "Panic" => panic!("for the test"),
                _ => Ok(Reply {
                    body: json!({
                        "Operation": call.operation, "Body": call.body, "Ssh": call.ssh_connection, "Force": call.force,
                        "Within": call.confirm_within.map(|time| time.as_secs()),
                    }),
                    warnings: vec!["first\nline".to_owned(), "second".to_owned()],
                }),
            }
        }
    }

    async fn with_echo<F: Future<Output = ()>>(test: impl FnOnce(Client) -> F) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let listener = crate::api::bind(&path).unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, Arc::new(Echo), async { drop(stopped.await) }));
        test(Client::new(path)).await;
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn what_is_sent_arrives() {
        with_echo(|client| async move {
            let options = CallOptions {
                ssh_connection: Some("192.0.2.1 5 192.0.2.2 22".to_owned()),
                force: true,
                confirm_within: Some(Duration::from_secs(60)),
            };
            let answer = client.call("Test", &json!({"A": 1}), &options).await.unwrap();
            let expected = json!({
                "Operation": "Test", "Body": {"A": 1}, "Ssh": "192.0.2.1 5 192.0.2.2 22", "Force": true, "Within": 60,
            });
            assert_eq!(answer.body, expected);
            assert_eq!(answer.warnings, ["first line", "second"]);
        })
        .await;
    }

    #[tokio::test]
    async fn refusals_and_failures_have_a_body() {
        with_echo(|client| async move {
            let options = CallOptions::default();
            let Err(ClientError::Refused(body)) = client.call("Refuse", &json!({}), &options).await else { panic!() };
            assert_eq!(body.detail.as_deref(), Some("do this"));
            let Err(ClientError::Refused(body)) = client.call("Panic", &json!({}), &options).await else { panic!() };
            assert_eq!(body.code, "InternalError");
            let Err(ClientError::Refused(body)) = client.call("a/b", &json!({}), &options).await else { panic!() };
            assert_eq!(body.code, "InvalidAction");
            let big = json!({"A": "x".repeat(BODY_LIMIT)});
            let Err(ClientError::Refused(body)) = client.call("Test", &big, &options).await else { panic!() };
            assert_eq!(body.code, "InvalidParameterValue");
            let options = CallOptions { confirm_within: Some(Duration::ZERO), ..options };
            let Err(ClientError::Refused(body)) = client.call("Test", &json!({}), &options).await else { panic!() };
            assert!(body.message.contains("86400"), "{}", body.message);
        })
        .await;
    }

    #[test]
    fn no_controller_is_told_apart() {
        let client = Client::new("/nonexistent/firewall.sock");
        let error = client.call_blocking("Test", &json!({}), &CallOptions::default()).unwrap_err();
        assert!(matches!(error, ClientError::NoController(_)), "{error}");
    }
}
