//! The calling half of the local API.

use super::{ApiErrorBody, CONFIRM_WITHIN_HEADER, FORCE_HEADER, SSH_CONNECTION_HEADER, WARNING_HEADER};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;

/// A caller of the controller that listens on a socket.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

/// What concerns a call and not its operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// The value of `SSH_CONNECTION`, where the caller has one.
    pub ssh_connection: Option<String>,
    /// Apply the change even where it locks the caller out.
    pub force: bool,
    /// Undo the change after this time unless it is confirmed; whole seconds.
    pub confirm_within: Option<Duration>,
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The response of the operation.
    pub body: Value,
    /// What the caller should know beside it.
    pub warnings: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the socket, or there is none.
    #[error("no controller answers on {0}")]
    NoController(PathBuf),
    /// The caller may not use the socket.
    #[error("no access to {0}: run as root, or as a member of the group `firewall`")]
    NoAccess(PathBuf),
    /// The controller refused the operation.
    #[error("{}: {}", .0.code, .0.message)]
    Refused(ApiErrorBody),
    /// Anything else, such as an answer that is not understood.
    #[error("{0}")]
    Other(String),
}

impl Client {
    /// A caller of the controller on this socket. Nothing is connected yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Calls an operation and waits for its answer, on a runtime of its own: for callers that are not asynchronous.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn call_blocking(
        &self,
        operation: &str,
        request: &Value,
        options: &CallOptions,
    ) -> Result<Answer, ClientError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| ClientError::Other(format!("cannot start a runtime: {error}")))?;
        runtime.block_on(self.call(operation, request, options))
    }

    /// Calls an operation.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn call(&self, operation: &str, request: &Value, options: &CallOptions) -> Result<Answer, ClientError> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.connect_error(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| self.broken(&e))?;
        // The connection ends by itself when the sender is dropped.
        tokio::spawn(connection);
        let request = build(operation, request, options)?;
        let response = sender.send_request(request).await.map_err(|e| self.broken(&e))?;
        let status = response.status();
        let warnings = response
            .headers()
            .get_all(WARNING_HEADER)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        let body = response.into_body().collect().await.map_err(|e| self.broken(&e))?.to_bytes();
        if status.is_success() {
            let body = serde_json::from_slice(&body).map_err(|error| {
                ClientError::Other(format!("the controller on {} answered no JSON: {error}", self.socket.display()))
            })?;
            return Ok(Answer { body, warnings });
        }
        match serde_json::from_slice(&body) {
            Ok(refusal) => Err(ClientError::Refused(refusal)),
            Err(_) => Err(ClientError::Other(format!(
                "the controller on {} answered {status}: {}",
                self.socket.display(),
                String::from_utf8_lossy(&body)
            ))),
        }
    }

    /// What a connection that did not come about means.
    fn connect_error(&self, error: &io::Error) -> ClientError {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::NotADirectory => {
                ClientError::NoController(self.socket.clone())
            }
            io::ErrorKind::PermissionDenied => ClientError::NoAccess(self.socket.clone()),
            _ => ClientError::Other(format!("cannot connect to {}: {error}", self.socket.display())),
        }
    }

    /// What a connection that broke means.
    fn broken(&self, error: &hyper::Error) -> ClientError {
        ClientError::Other(format!("the connection to the controller on {} broke: {error}", self.socket.display()))
    }
}

/// The HTTP request of a call.
fn build(operation: &str, body: &Value, options: &CallOptions) -> Result<hyper::Request<Full<Bytes>>, ClientError> {
    let CallOptions { ssh_connection, force, confirm_within } = options;
    let mut builder = hyper::Request::post(format!("/v1/{operation}"))
        .header(hyper::header::HOST, "localhost")
        .header(hyper::header::CONTENT_TYPE, "application/json");
    if let Some(connection) = ssh_connection {
        builder = builder.header(SSH_CONNECTION_HEADER, connection.trim());
    }
    if *force {
        builder = builder.header(FORCE_HEADER, "true");
    }
    if let Some(time) = confirm_within {
        builder = builder.header(CONFIRM_WITHIN_HEADER, time.as_secs());
    }
    builder
        .body(Full::new(Bytes::from(body.to_string())))
        .map_err(|error| ClientError::Other(format!("the request cannot be sent: {error}")))
}
