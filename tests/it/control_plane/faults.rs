//! The HTTP client against servers that do not keep the protocol.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use scopeform::model::{Access, Effect};
use scopeform::platform::http::{Http, HttpOptions};
use scopeform::platform::odeus::client::OdeusClient;
use scopeform::platform::odeus::operation::{IntegrationOperation, Operation};
use scopeform::platform::provider::{ProviderError, Read, Write};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::plane::{key, workspace};

/// What the server does with the n-th request for a path.
enum Act {
    /// Sends these bytes and closes.
    Send(String),
    /// Closes without a word.
    Hang,
    /// Keeps the connection open and says nothing.
    Silence,
}

struct Rogue {
    endpoint: String,
    requests: Arc<AtomicU32>,
}

impl Rogue {
    async fn start(act: impl Fn(u32, &str) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&requests);
        let act = Arc::new(act);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (act, count) = (Arc::clone(&act), Arc::clone(&count));
                tokio::spawn(async move { serve(stream, &*act, &count).await });
            }
        });
        Self { endpoint, requests }
    }

    fn seen(&self) -> u32 {
        self.requests.load(Ordering::SeqCst)
    }

    fn client(&self) -> OdeusClient {
        let options = HttpOptions {
            read_timeout: Duration::from_millis(100),
            total_timeout: Duration::from_millis(200),
            deadline: Duration::from_millis(600),
            first_pause: Duration::from_millis(1),
            ..HttpOptions::default()
        };
        let http = Http::new(&self.endpoint, SecretString::from("s3cr3t"), options).unwrap();
        OdeusClient::new(Arc::new(http), workspace("acme"), BTreeMap::new())
    }

    async fn read(&self) -> ProviderError {
        self.client().read().await.unwrap_err()
    }

    async fn write(&self) -> Result<(), ProviderError> {
        let change = IntegrationOperation::SetIntegrationAccess { access: Access::Nobody };
        let operation = Operation::Integration { integration: key("todo"), change };
        self.client().write(&operation, "\"1\"", &Effect::default()).await.map(drop)
    }
}

async fn serve(mut stream: TcpStream, act: &(dyn Fn(u32, &str) -> Act + Sync), count: &AtomicU32) {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    // Requests here are small and come with their body at once.
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(n) => request.extend_from_slice(&chunk[..n]),
        }
    }
    let n = count.fetch_add(1, Ordering::SeqCst);
    let text = String::from_utf8_lossy(&request).into_owned();
    let path = text.split(' ').nth(1).unwrap_or("").to_owned();
    match act(n, &path) {
        Act::Send(bytes) => {
            let _ = stream.write_all(bytes.as_bytes()).await;
            let _ = stream.shutdown().await;
            // Read what is left, so that closing does not reset what was sent.
            while matches!(stream.read(&mut chunk).await, Ok(n) if n > 0) {}
        }
        Act::Hang => {}
        Act::Silence => std::future::pending().await,
    }
}

fn http(status: &str, headers: &str, body: &str) -> Act {
    Act::Send(format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    ))
}

fn ok(body: &str) -> Act {
    http("200 OK", "content-type: application/json\r\n", body)
}

const SETTINGS: &str = r#"{"workspace":"acme","new_actions_enabled_by_default":false,"deployment":"multi_tenant","etag":"\"1\""}"#;

#[tokio::test]
async fn an_answer_that_is_no_answer_of_ours_is_a_protocol_error() {
    let html = "<!doctype html>\u{1b}[31m<title>Sign in</title>".to_owned() + &"x".repeat(5000);
    let rows = [
        (ok(&html), "<!doctype html>"),
        (ok("{\"workspace\":"), "workspace"),
        (ok("{\"workspace\":\"acme\"}"), "missing field"),
        (ok(&SETTINGS.replace("acme", "other")), "`other`"),
        (ok(""), "got ``"),
        (http("302 Found", "location: https://evil.example/\r\n", ""), "redirect"),
    ];
    for (act, expected) in rows {
        let Act::Send(bytes) = act else { unreachable!() };
        let rogue = Rogue::start(move |_, _| Act::Send(bytes.clone())).await;
        let error = rogue.read().await;
        assert!(matches!(error, ProviderError::Protocol { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(expected), "{text}");
        assert!(text.len() < 1000 && !text.contains('\u{1b}'), "{text}");
        assert_eq!(rogue.seen(), 1, "not repeated: {text}");
    }
}

#[tokio::test]
async fn statuses_become_their_errors() {
    let rows = [
        ("401 Unauthorized", "Unauthorized"),
        ("403 Forbidden", "Forbidden"),
        ("404 Not Found", "NotFound"),
        ("409 Conflict", "Refused"),
        ("412 Precondition Failed", "PreconditionFailed"),
        ("422 Unprocessable Content", "Refused"),
        ("428 Precondition Required", "Refused"),
        ("500 Internal Server Error", "Server"),
        ("507 Insufficient Storage", "Server"),
    ];
    for (status, expected) in rows {
        let rogue = Rogue::start(move |_, _| http(status, "", "<html>")).await;
        let error = rogue.write().await.unwrap_err();
        let name = format!("{error:?}");
        assert!(name.starts_with(expected), "{status}: {name}");
        assert_eq!(rogue.seen(), 1, "a write is sent once: {status}");
    }
}

#[tokio::test]
async fn reads_are_repeated_and_writes_are_not() {
    for kind in ["500", "silence", "hang", "truncated"] {
        let act = move |n: u32, _: &str| match (n, kind) {
            (2.., _) => http("404 Not Found", "", ""),
            (_, "500") => http("503 Service Unavailable", "", ""),
            (_, "silence") => Act::Silence,
            (_, "truncated") => {
                Act::Send("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{\"work".to_owned())
            }
            _ => Act::Hang,
        };
        let rogue = Rogue::start(act).await;
        let error = rogue.read().await;
        assert!(matches!(error, ProviderError::NotFound { .. }), "{kind}: {error}");
        assert_eq!(rogue.seen(), 3, "{kind}");

        let rogue = Rogue::start(act).await;
        let error = rogue.write().await.unwrap_err();
        assert!(error.is_unknown(), "{kind}: {error}");
        assert_eq!(rogue.seen(), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_refused_rate_is_waited_for_also_by_writes() {
    let limited = || http("429 Too Many Requests", "retry-after: 0\r\n", "");
    let act = move |n: u32, _: &str| if n < 3 { limited() } else { http("412 X", "", "") };
    let rogue = Rogue::start(act).await;
    let error = rogue.write().await.unwrap_err();
    assert!(matches!(error, ProviderError::PreconditionFailed { .. }), "{error}");
    assert_eq!(rogue.seen(), 4);

    // Longer than anybody would wait: said at once.
    let rogue = Rogue::start(|_, _| http("429 X", "retry-after: 3600\r\n", "")).await;
    let error = rogue.read().await;
    let ProviderError::RateLimited { retry_after } = error else { panic!("{error}") };
    assert_eq!(retry_after, Some(Duration::from_secs(3600)));
    assert_eq!(rogue.seen(), 1);
}

#[tokio::test]
async fn pages_without_an_end_are_noticed() {
    let page = |items: &str, next: &str| {
        ok(&format!(r#"{{"items":[{items}],"next_cursor":{next},"has_more":true}}"#))
    };
    let user = r#"{"user":"a@x","role":"member"}"#;
    for (items, next, expected) in [
        (user, "\"again\"", "came before"),
        (user, "null", "got none"),
        ("", "\"again\"", "got an empty page"),
    ] {
        let rogue = Rogue::start(move |_, path| {
            if path.ends_with("/settings") { ok(SETTINGS) } else { page(items, next) }
        })
        .await;
        let error = rogue.read().await;
        assert!(matches!(error, ProviderError::Protocol { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(rogue.seen() <= 3);
    }
    let twice = r#"{"items":[{"user":"a@x","role":"member"},{"user":"A@x","role":"admin"}],"next_cursor":null,"has_more":false}"#;
    let rogue = Rogue::start(move |_, path| {
        if path.ends_with("/settings") {
            ok(SETTINGS)
        } else if path.contains("/users") {
            ok(twice)
        } else {
            ok(r#"{"items":[],"next_cursor":null,"has_more":false}"#)
        }
    })
    .await;
    let error = rogue.read().await;
    assert!(error.to_string().contains("twice"), "{error}");
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let rogue = Rogue { endpoint, requests: Arc::default() };
    for error in [rogue.read().await, rogue.write().await.unwrap_err()] {
        assert!(matches!(error, ProviderError::Unreachable { .. }), "{error}");
        assert!(!error.is_unknown() && error.is_access());
        assert!(!error.to_string().contains("s3cr3t"));
    }
}
