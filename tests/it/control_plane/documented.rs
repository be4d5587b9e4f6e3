//! Holds every answer of the control plane against the document it publishes: the status, the error code and the body.

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::{Value, json};

use super::plane::Reply;

static DOCUMENT: LazyLock<Value> = LazyLock::new(scopeform::server::openapi_document);

#[track_caller]
pub(crate) fn check(method: &Method, template: &str, reply: &Reply) {
    let verb = method.as_str().to_lowercase();
    let operation = &DOCUMENT["paths"][template][&verb];
    if operation.is_null() {
        assert_eq!(reply.status, 405, "{verb} {template} is not documented");
        return;
    }
    let described = &operation["responses"][reply.status.to_string()];
    assert!(!described.is_null(), "{verb} {template}: {} is not documented", reply.status);
    if reply.status >= 400 {
        let code = format!("`{}`", reply.code());
        let text = described["description"].as_str().unwrap();
        assert!(text.contains(&code), "{verb} {template}: {code} is not in {text:?}");
    }
    let mut schema = described["content"]["application/json"]["schema"].clone();
    schema["components"] = DOCUMENT["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<String> = validator.iter_errors(&reply.body).map(|e| e.to_string()).collect();
    assert_eq!(
        problems,
        Vec::<String>::new(),
        "{verb} {template} {}: {}",
        reply.status,
        reply.body
    );
    let tagged = described["headers"]["ETag"]["required"] == true;
    assert_eq!(!reply.etag.is_empty(), tagged, "{verb} {template}");
}

#[test]
fn the_document_says_that_requests_know_no_other_fields() {
    let body = json!({ "access": "everyone", "surplus": 1 });
    let schema = json!({
        "$ref": "#/components/schemas/SetActionAccess", "components": DOCUMENT["components"],
    });
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(!validator.is_valid(&body));
    assert!(validator.is_valid(&json!({ "access": "everyone" })));
    assert!(validator.is_valid(&json!({ "access": { "only": [{ "user": "a@b.example" }] } })));
    assert!(!validator.is_valid(&json!({ "access": { "only": ["a@b.example"] } })));
}
