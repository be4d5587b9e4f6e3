use super::*;
use crate::platform::odeus::wire::path::{self, fill};

#[test]
fn names_become_one_path_segment_each() {
    let cases = [
        (&["acme", "sharepoint"][..], "/odeus/v1/workspaces/acme/integrations/sharepoint"),
        (&["acme", "a/b?c#d%"], "/odeus/v1/workspaces/acme/integrations/a%2Fb%3Fc%23d%25"),
        (&["acme", "Wörter und"], "/odeus/v1/workspaces/acme/integrations/W%C3%B6rter%20und"),
        (&["acme", "..."], "/odeus/v1/workspaces/acme/integrations/..."),
    ];
    for (names, expected) in cases {
        assert_eq!(fill(path::INTEGRATION, names).as_deref(), Ok(expected));
    }
    for bad in ["", ".", ".."] {
        assert!(fill(path::INTEGRATION, &["acme", bad]).is_err(), "{bad:?}");
    }
}

#[test]
fn a_secret_is_never_printed_nor_quoted() {
    let body: SetClient = serde_json::from_str(
        r#"{"client": {"custom": {"id": "x", "secret": "env:S"}}, "client_secret": "hunter2"}"#,
    )
    .unwrap();
    assert!(!format!("{body:?}").contains("hunter2"));
    let error =
        serde_json::from_str::<SetClient>(r#"{"client": "managed", "client_secret": 4711}"#)
            .unwrap_err();
    assert!(!error.to_string().contains("4711"), "{error}");
}

#[test]
fn requests_refuse_what_they_do_not_know() {
    for bad in [
        r#"{"access": "everyone", "confrim": {}}"#,
        r#"{"access": "everyone", "confirm": {"added": []}}"#,
        r#"{"access": {"only": []}}"#,
        r#"{"access": "everyone", "accept": ["two words"]}"#,
    ] {
        assert!(serde_json::from_str::<SetActionAccess>(bad).is_err(), "{bad}");
    }
    assert!(serde_json::from_str::<SetActionAccess>(r#"{"access": "everyone"}"#).is_ok());
}

#[test]
fn every_code_has_a_status_of_its_kind() {
    for code in Code::ALL {
        let kind = match code.status() {
            400 | 405 | 409 | 412 | 413 | 422 | 428 => ErrorKind::InvalidRequestError,
            401 => ErrorKind::AuthenticationError,
            403 => ErrorKind::PermissionError,
            404 => ErrorKind::NotFoundError,
            429 => ErrorKind::RateLimitError,
            500 | 503 | 507 => ErrorKind::ApiError,
            other => panic!("{code:?} has status {other}"),
        };
        assert_eq!(code.kind(), kind, "{code:?}");
    }
}
