//! Listening for requests: connections, TLS, and bounds on what a peer can make us hold.

use super::gate::{Answer, Gate, Incoming};
use super::tls::Tls;
use super::xml;
use crate::actions::ErrorCode;
use crate::api::WARNING_HEADER;
use crate::api::server::Service;
use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming as HyperBody};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::sys::socket::{setsockopt, sockopt};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

/// Longest body. The largest legitimate ones, some thousand rules, have some hundred thousand octets.
pub const BODY_LIMIT: usize = 1 << 20;
/// Most octets of the head of a request, and most headers.
const HEAD_LIMIT: usize = 64 << 10;
const HEADERS: usize = 64;
/// Connections at once, of all listeners; others wait to be accepted.
const CONNECTIONS: usize = 512;
/// How long answers that are under way may take when the daemon stops.
const STOP_TIME: Duration = Duration::from_secs(5);
/// How long nothing is accepted after the system could not: it has run out of something.
const PAUSE: Duration = Duration::from_millis(100);

/// How long peers may take: who takes longer is cut.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// For a TLS handshake.
    handshake: Duration,
    /// For the head of a request, from the answer before it: this ends idle connections, too.
    head: Duration,
    /// For a body.
    body: Duration,
    /// For taking anything of an answer.
    answer: Duration,
}

const PATIENCE: Patience = Patience {
    handshake: Duration::from_secs(10),
    head: Duration::from_secs(30),
    body: Duration::from_secs(30),
    answer: Duration::from_secs(30),
};

/// What all listeners share.
#[derive(Debug)]
pub struct Shared<S> {
    /// What answers.
    pub gate: Gate<S>,
    /// TLS, if there is a certificate.
    pub tls: Option<Arc<Tls>>,
    patience: Patience,
    connections: Arc<Semaphore>,
}

impl<S: Service> Shared<S> {
    /// Waits until nobody is connected, for as long as those who stop may take.
    pub async fn until_idle(&self) {
        let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        // Whoever is still connected by then is cut.
        drop(timeout(STOP_TIME, self.connections.acquire_many(all)).await);
    }

    /// Nobody is connected yet.
    #[must_use]
    pub fn new(gate: Gate<S>, tls: Option<Arc<Tls>>) -> Self {
        Self { gate, tls, patience: PATIENCE, connections: Arc::new(Semaphore::new(CONNECTIONS)) }
    }
}

/// Answers on a listener until told to stop, and then what is under way.
pub async fn serve<S: Service>(listener: TcpListener, shared: Arc<Shared<S>>, mut stop: watch::Receiver<bool>) {
    loop {
        // Taken before a connection is: one that waits in the kernel costs nothing here.
        let Ok(permit) = Arc::clone(&shared.connections).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (shared, stop) = (Arc::clone(&shared), stop.clone());
                tokio::spawn(async move {
                    let _permit = permit;
                    if let Err(error) = connection(stream, peer, shared, stop).await {
                        tracing::debug!(%peer, %error, "a connection failed");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// One connection, to its end.
async fn connection<S: Service>(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared<S>>,
    stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let local = stream.local_addr()?;
    stream.set_nodelay(true)?;
    let Patience { handshake, head: _, body: _, answer } = shared.patience;
    // The kernel sees whether anything of what is sent is taken.
    setsockopt(&stream, sockopt::TcpUserTimeout, &u32::try_from(answer.as_millis()).unwrap_or(u32::MAX))?;
    let tls = shared.tls.as_ref().map(|tls| tls.acceptor());
    match tls {
        Some(acceptor) => {
            let stream = timeout(handshake, acceptor.accept(stream)).await.map_err(io::Error::other)??;
            talk(stream, peer, local, shared, stop).await
        }
        None => talk(stream, peer, local, shared, stop).await,
    }
}

async fn talk<S: Service>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    peer: SocketAddr,
    local: SocketAddr,
    shared: Arc<Shared<S>>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let head_time = shared.patience.head;
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(&shared, request, peer, local).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .max_buf_size(HEAD_LIMIT)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended.map_err(io::Error::other),
        _ = stop.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    // What takes longer is cut; a change that is under way is finished in a task of its own.
    timeout(STOP_TIME, connection).await.map_err(io::Error::other)?.map_err(io::Error::other)
}

/// Answers a request, once its body is here.
async fn answer<S: Service>(
    shared: &Shared<S>,
    request: Request<HyperBody>,
    peer: SocketAddr,
    local: SocketAddr,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = match whole(body, shared.patience.body).await {
        Ok(body) => body,
        Err(code) => return not_whole(code, shared.patience.body),
    };
    let incoming = Incoming {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
        peer,
        local,
    };
    response(&shared.gate.answer(incoming).await)
}

/// The body, if it is not too long and comes in time.
fn whole(body: HyperBody, time: Duration) -> impl Future<Output = Result<Bytes, ErrorCode>> {
    // One that says that it is too long is not waited for.
    let is_too_long = body.size_hint().lower() > BODY_LIMIT as u64;
    let collected = timeout(time, Limited::new(body, BODY_LIMIT).collect());
    async move {
        if is_too_long {
            return Err(ErrorCode::RequestEntityTooLarge);
        }
        match collected.await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ErrorCode::RequestEntityTooLarge),
            Ok(Err(_)) | Err(_) => Err(ErrorCode::MalformedQueryString),
        }
    }
}

fn not_whole(code: ErrorCode, time: Duration) -> Response<Full<Bytes>> {
    let message = format!("The body of a request has {BODY_LIMIT} octets at most, and comes within {time:?}.");
    let answer = Answer {
        status: code.http_status(),
        body: xml::error(code.as_str(), &message, None, ""),
        request_id: String::new(),
        warnings: Vec::new(),
    };
    let mut response = response(&answer);
    // The rest of the body is not waited for.
    response.headers_mut().insert(hyper::header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn response(answer: &Answer) -> Response<Full<Bytes>> {
    let Answer { status, body, request_id, warnings } = answer;
    let mut response = Response::new(Full::new(Bytes::from(body.clone())));
    *response.status_mut() = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml;charset=UTF-8"));
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", value);
    }
    for warning in warnings {
        if let Some(value) = crate::api::server::line(warning) {
            headers.append(WARNING_HEADER, value);
        }
    }
    response
}

#[cfg(test)]
mod tests;
