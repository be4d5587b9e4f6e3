//! The contract, against servers that do not keep the protocol.

use std::time::Duration;

use scopeform::platform::provider::ProviderError;
use tokio::net::TcpListener;

use super::Platform;
use super::rogue::{Act, Rogue, http, ok};

pub(super) async fn an_answer_that_is_no_answer_of_ours_is_a_protocol_error<P: Platform>() {
    let html = "<!doctype html>\u{1b}[31m<title>Sign in</title>".to_owned() + &"x".repeat(5000);
    let mut rows = vec![
        (ok(&html), "<!doctype html>"),
        (ok("{\"broken\":"), "broken"),
        (ok(""), "got ``"),
        (http("302 Found", "location: https://evil.example/\r\n", ""), "redirect"),
    ];
    let wrong = P::wrong_first_answers();
    rows.extend(wrong.iter().map(|(body, expected)| (ok(body), *expected)));
    for (act, expected) in rows {
        let Act::Send(bytes) = act else { unreachable!() };
        let rogue = Rogue::start(move |_, _| Act::Send(bytes.clone())).await;
        let error = rogue.read::<P>().await;
        assert!(matches!(error, ProviderError::Protocol { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(expected), "{text}");
        assert!(text.len() < 1000 && !text.contains('\u{1b}'), "{text}");
        assert_eq!(rogue.seen(), 1, "not repeated: {text}");
    }
}

pub(super) async fn statuses_become_their_errors<P: Platform>() {
    let rows = [
        ("401 Unauthorized", "Unauthorized"),
        ("403 Forbidden", "Forbidden"),
        ("404 Not Found", "NotFound"),
        // A gateway may give up waiting after the platform has begun.
        ("408 Request Timeout", "Server"),
        ("409 Conflict", "Refused"),
        ("412 Precondition Failed", "PreconditionFailed"),
        ("422 Unprocessable Content", "Refused"),
        ("428 Precondition Required", "Refused"),
        ("500 Internal Server Error", "Server"),
        ("504 Gateway Timeout", "Server"),
        ("507 Insufficient Storage", "Server"),
    ];
    for (status, expected) in rows {
        let rogue = Rogue::start(move |_, _| http(status, "", "<html>")).await;
        let error = rogue.write::<P>().await;
        let name = format!("{error:?}");
        assert!(name.starts_with(expected), "{status}: {name}");
        assert_eq!(error.may_come_late(), status.contains("Timeout"), "{status}");
        assert_eq!(rogue.seen(), 1, "a write is sent once: {status}");
    }
}

pub(super) async fn reads_are_repeated_and_writes_are_not<P: Platform>() {
    for kind in ["500", "408", "silence", "hang", "truncated"] {
        let act = move |n: usize, _: &str| match (n, kind) {
            (2.., _) => http("404 Not Found", "", ""),
            (_, "500") => http("503 Service Unavailable", "", ""),
            (_, "408") => http("408 Request Timeout", "", ""),
            (_, "silence") => Act::Silence,
            (_, "truncated") => {
                Act::Send("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{\"work".to_owned())
            }
            _ => Act::Hang,
        };
        let rogue = Rogue::start(act).await;
        let error = rogue.read::<P>().await;
        assert!(matches!(error, ProviderError::NotFound { .. }), "{kind}: {error}");
        assert_eq!(rogue.seen(), 3, "{kind}");

        let rogue = Rogue::start(act).await;
        let error = rogue.write::<P>().await;
        assert!(error.is_unknown(), "{kind}: {error}");
        assert_eq!(rogue.seen(), 1, "{kind}");
    }
}

pub(super) async fn a_refused_rate_is_waited_for_also_by_writes<P: Platform>() {
    let limited = || http("429 Too Many Requests", "retry-after: 0\r\n", "");
    let act = move |n: usize, _: &str| if n < 3 { limited() } else { http("412 X", "", "") };
    let rogue = Rogue::start(act).await;
    let error = rogue.write::<P>().await;
    assert!(matches!(error, ProviderError::PreconditionFailed { .. }), "{error}");
    assert_eq!(rogue.seen(), 4);

    // Longer than anybody would wait: said at once.
    let rogue = Rogue::start(|_, _| http("429 X", "retry-after: 3600\r\n", "")).await;
    let error = rogue.read::<P>().await;
    let ProviderError::RateLimited { retry_after } = error else { panic!("{error}") };
    assert_eq!(retry_after, Some(Duration::from_secs(3600)));
    assert_eq!(rogue.seen(), 1);
}

/// Answers as a platform without anything in it, but for the users.
fn with_users<P: Platform>(
    users: impl Fn(&str) -> Act + Send + Sync + 'static,
) -> impl Fn(usize, &str) -> Act + Send + Sync + 'static {
    let (first, answer) = P::first_answer();
    move |_, path| {
        if path.ends_with(first) {
            ok(&answer)
        } else if path.contains("/users?") {
            users(path)
        } else {
            page("", "null", false)
        }
    }
}

fn page(items: &str, next: &str, more: bool) -> Act {
    ok(&format!(r#"{{"items":[{items}],"next_cursor":{next},"has_more":{more}}}"#))
}

pub(super) async fn pages_are_followed_and_each_is_asked_for_once<P: Platform>() {
    let rogue = Rogue::start(with_users::<P>(|path| match path.split("cursor=").nth(1) {
        None => page(&P::user_item("a@x"), "\"b&c\"", true),
        Some("b%26c") => page(&P::user_item("b@x"), "\"d\"", true),
        Some(_) => page(&P::user_item("c@x"), "null", false),
    }))
    .await;
    let snapshot = rogue.snapshot::<P>().await.unwrap();
    assert_eq!(P::users(&snapshot), 3);
    let mut paths = rogue.paths();
    let pages: Vec<&String> = paths.iter().filter(|path| path.contains("/users?")).collect();
    assert_eq!(pages.len(), 3, "{pages:?}");
    let all = paths.len();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), all, "nothing is asked for twice: {paths:?}");
}

pub(super) async fn pages_without_an_end_are_noticed<P: Platform>() {
    for (items, next, expected) in [
        (P::user_item("a@x"), "\"again\"", "came before"),
        (P::user_item("a@x"), "null", "got none"),
        (String::new(), "\"again\"", "got an empty page"),
    ] {
        let rogue = Rogue::start(with_users::<P>(move |_| page(&items, next, true))).await;
        let error = rogue.read::<P>().await;
        assert!(matches!(error, ProviderError::Protocol { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(rogue.seen() <= 3);
    }
    // Case does not tell users apart, so this is one of them twice.
    let twice = format!("{},{}", P::user_item("a@x"), P::user_item("A@x"));
    let rogue = Rogue::start(with_users::<P>(move |_| page(&twice, "null", false))).await;
    let error = rogue.read::<P>().await;
    assert!(error.to_string().contains("twice"), "{error}");
}

pub(super) async fn nobody_there_is_unreachable_and_nothing_was_sent<P: Platform>() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let rogue = Rogue::at(endpoint);
    for error in [rogue.read::<P>().await, rogue.write::<P>().await] {
        assert!(matches!(error, ProviderError::Unreachable { .. }), "{error}");
        assert!(!error.is_unknown() && error.is_access());
        assert!(!error.to_string().contains("s3cr3t"));
    }
}
