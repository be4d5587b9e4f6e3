use super::answer::{neutral, retry_after};
use super::*;

fn http(endpoint: &str) -> Result<Http, EndpointError> {
    Http::new(endpoint, SecretString::from("t"), HttpOptions::default())
}

#[test]
fn a_token_goes_only_where_nobody_listens() {
    for good in [
        "https://odeus.example.com",
        "https://odeus.example.com:8443/prefix/",
        "http://127.0.0.1:7070",
        "http://127.8.9.1",
        "http://[::1]:7070",
        "http://localhost:7070",
    ] {
        assert!(http(good).is_ok(), "{good}");
    }
    for (bad, expected) in [
        ("odeus.example.com", "the endpoint is not a URL"),
        ("ftp://odeus.example.com", "scheme `ftp`"),
        ("http://odeus.example.com", "in the clear"),
        ("http://localhost.evil.example", "in the clear"),
        ("http://127.0.0.1.evil.example", "in the clear"),
        ("http://0.0.0.0:7070", "in the clear"),
        ("https://user:pw@odeus.example.com", "a user or a password"),
        ("https://odeus.example.com?x=1", "a query"),
        ("https://odeus.example.com#x", "a fragment"),
    ] {
        let error = http(bad).unwrap_err().to_string();
        assert!(error.contains(expected), "{bad}: {error}");
        assert!(!error.contains("pw"), "{error}");
    }
    let insecure = HttpOptions { transport: Transport::AllowInsecure, ..HttpOptions::default() };
    assert!(Http::new("http://odeus.example.com", SecretString::from("t"), insecure).is_ok());
    let broken = Http::new("https://x.example", SecretString::from("a\nb"), HttpOptions::default());
    assert_eq!(broken.unwrap_err(), EndpointError::Token);
}

#[test]
fn the_client_never_prints_its_token() {
    let http = Http::new("https://x.example", SecretString::from("s3cr3t"), HttpOptions::default());
    assert!(!format!("{http:?}").contains("s3cr3t"));
}

#[test]
fn retry_after_is_read_in_every_form() {
    let now: jiff::Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let cases = [
        ("7", Some(7)),
        (" 0 ", Some(0)),
        ("Sun, 22 Nov 2026 12:00:09 GMT", Some(9)),
        ("Sun, 22 Nov 2026 12:00:09 +0000", Some(9)),
        ("Sun, 22 Nov 2026 11:00:00 GMT", Some(0)),
        ("Sunday, 22-Nov-26 12:00:09 GMT", Some(9)),
        ("Sun Nov 22 12:00:09 2026", Some(9)),
        ("Sun Nov  1 12:00:09 2026", Some(0)),
        ("9000000000000000000", Some(9_000_000_000_000_000_000)),
        ("99999999999999999999", Some(u64::MAX)),
        ("+7", None),
        ("", None),
        ("soon", None),
        ("-1", None),
    ];
    for (text, expected) in cases {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(text));
        assert_eq!(retry_after(&headers, now).map(|d| d.as_secs()), expected, "{text}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), now), None);
}

#[test]
fn a_date_to_wait_for_is_by_the_clock_of_who_wrote_it() {
    let now: jiff::Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let wait = |date: &'static str, until: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(until));
        headers.insert(header::DATE, HeaderValue::from_static(date));
        retry_after(&headers, now).map(|wait| wait.as_secs())
    };
    // Ten minutes behind us, and a day ahead.
    assert_eq!(wait("Sun, 22 Nov 2026 11:50:00 GMT", "Sun, 22 Nov 2026 11:50:05 GMT"), Some(5));
    assert_eq!(wait("Monday, 23-Nov-26 12:00:00 GMT", "Mon Nov 23 12:00:07 2026"), Some(7));
    assert_eq!(wait("just now", "Sun, 22 Nov 2026 12:00:09 GMT"), Some(9));
    // Seconds need no clock.
    assert_eq!(wait("Sun, 22 Nov 2026 11:50:00 GMT", "5"), Some(5));
}

#[test]
fn foreign_text_is_short_and_harmless() {
    assert_eq!(neutral("  a\r\nb\tc "), "a  b c");
    assert_eq!(neutral("\u{1b}[31mred\u{202e}x"), "\u{fffd}[31mred\u{fffd}x");
    let long = neutral(&"ä".repeat(500));
    assert_eq!(long.chars().count(), 203);
}
