//! Octets on a connection.

use super::*;
use crate::actions::access::Role;
use crate::api::ApiErrorBody;
use crate::api::server::{Call, Reply};
use crate::ec2::credentials::{KeyRing, NewCredential};
use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

struct Nobody;

impl Service for Nobody {
    async fn call(&self, _: Call) -> Result<Reply, ApiErrorBody> {
        Err(ApiErrorBody::new("InternalError", "nobody is asked here"))
    }
}

struct Server {
    address: SocketAddr,
    shared: Arc<Shared<Nobody>>,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
}

async fn server(directory: &Path, tls: Option<Tls>) -> Server {
    patient_server(directory, tls, PATIENCE).await
}

async fn patient_server(directory: &Path, tls: Option<Tls>, patience: Patience) -> Server {
    let keys = KeyRing::open(directory.join("keys")).unwrap();
    let new = NewCredential {
        user_name: String::new(),
        account: "123456789012".parse().unwrap(),
        role: Role::Admin,
        vpc: None,
    };
    keys.create(new, Timestamp::now()).unwrap();
    let gate = Gate::new(Arc::new(Nobody), Arc::new(keys), "local".to_owned(), Timestamp::now());
    let mut shared = Shared::new(gate, tls.map(Arc::new));
    shared.patience = patience;
    let shared = Arc::new(shared);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(serve(listener, Arc::clone(&shared), stopped));
    Server { address, shared, stop, serving }
}

async fn talked(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &[u8]) -> String {
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // One that ends without a farewell has been answered all the same.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn whatever_comes_is_answered_in_xml_or_cut() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(directory.path(), None).await;
    let long = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", BODY_LIMIT + 1);
    let chunked =
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nA=1\r\n0\r\n\r\n";
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(HEADERS + 1));
    for (request, words) in [
        (long.as_bytes(), &["413", "<Code>RequestEntityTooLarge</Code>"][..]),
        (chunked, &["400", "<Code>MissingAction</Code>", "text/xml;charset=UTF-8"]),
        (b"GET /?Action=A&Version=2016-11-15 HTTP/1.1\r\nConnection: close\r\n\r\n", &["403", "<Code>MissingAuth"]),
        (b"DELETE / HTTP/1.1\r\nConnection: close\r\n\r\n", &["400", "<Code>MalformedQueryString</Code>"]),
        (many_headers.as_bytes(), &["431"]),
        (b"not HTTP\r\n\r\n", &["400"]),
        (b"\x16\x03\x01\x00\x05hello", &["400"]),
    ] {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let answer = talked(stream, request).await;
        for word in words {
            assert!(answer.contains(word), "{}: {answer}", String::from_utf8_lossy(request));
        }
    }
}

#[tokio::test]
async fn who_takes_too_long_is_cut() {
    let directory = tempfile::tempdir().unwrap();
    let [soon, never] = [Duration::from_millis(50), Duration::from_secs(3600)];
    let patient = Patience { handshake: never, head: never, body: never, answer: never };
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
    for (patience, sent, answer) in [
        (Patience { head: soon, ..patient }, &b""[..], ""),
        (Patience { head: soon, ..patient }, b"POST / HTTP/1.1\r\nHost: a\r\n", ""),
        (Patience { head: soon, ..patient }, b"GET /?A=1 HTTP/1.1\r\nHost: a\r\n\r\n", "<Code>MissingAction</Code>"),
        (Patience { body: soon, ..patient }, head, "comes within 50ms"),
    ] {
        let server = patient_server(directory.path(), None, patience).await;
        let stream = TcpStream::connect(server.address).await.unwrap();
        let told = talked(stream, sent).await;
        assert!(told.contains(answer) && told.is_empty() == answer.is_empty(), "{patience:?}: {told}");
    }
    certificate(directory.path(), "host.example");
    let tls = Tls::open(&directory.path().join("certificate.pem"), &directory.path().join("key.pem")).unwrap();
    let server = patient_server(directory.path(), Some(tls), Patience { handshake: soon, ..patient }).await;
    assert_eq!(talked(TcpStream::connect(server.address).await.unwrap(), b"\x16").await, "");
}

#[tokio::test]
async fn who_takes_no_answer_is_cut() {
    let directory = tempfile::tempdir().unwrap();
    let never = Duration::from_secs(3600);
    let patience = Patience { handshake: never, head: never, body: never, answer: Duration::from_millis(50) };
    let server = patient_server(directory.path(), None, patience).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // One question after the other, until neither side's buffers take more; and on, until the connection is gone.
    let question = b"GET /?Action=A HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000);
    while stream.write_all(&question).await.is_ok() {}
    // The listener has one place, for the next connection.
    let others = u32::try_from(CONNECTIONS - 1).unwrap();
    drop(server.shared.connections.acquire_many(others).await.unwrap());
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(directory.path(), None).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /?Action=A HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    server.stop.send_replace(true);
    server.serving.await.unwrap();
    server.shared.until_idle().await;
    assert_eq!(server.shared.connections.available_permits(), CONNECTIONS);
}

fn certificate(directory: &Path, name: &str) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    std::fs::write(directory.join("certificate.pem"), made.cert.pem()).unwrap();
    std::fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

async fn talked_by_tls(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
    name: &'static str,
) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), stream).await?;
    Ok(talked(stream, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await)
}

#[tokio::test]
async fn a_certificate_is_shown_and_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let first = certificate(directory.path(), "first.example");
    let tls = Tls::open(&path("certificate.pem"), &path("key.pem")).unwrap();
    let server = server(directory.path(), Some(tls)).await;
    let answer = talked_by_tls(server.address, &first, "first.example").await.unwrap();
    assert!(answer.contains("<Code>MissingAction</Code>"), "{answer}");
    assert!(talked_by_tls(server.address, &first, "second.example").await.is_err());
    let tls = server.shared.tls.as_ref().unwrap();
    let second = certificate(directory.path(), "second.example");
    tls.reload().unwrap();
    assert!(talked_by_tls(server.address, &second, "second.example").await.is_ok());
    // What cannot be used changes nothing.
    std::fs::write(path("key.pem"), "").unwrap();
    assert!(tls.reload().unwrap_err().to_string().contains("key.pem"));
    assert!(talked_by_tls(server.address, &second, "second.example").await.is_ok());
    let plain = TcpStream::connect(server.address).await.unwrap();
    assert!(!talked(plain, b"GET / HTTP/1.1\r\n\r\n").await.contains("HTTP/1.1 200"));
}
