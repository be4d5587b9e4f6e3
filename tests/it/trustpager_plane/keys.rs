//! API keys: shown once, kept as a hash, changed, rotated and revoked at once.

use reqwest::Method;
use scopeform::platform::trustpager::wire::path;
use serde_json::{Value, json};

use super::plane::Plane;

fn custom(tiers: &Value) -> Value {
    json!({ "custom": { "tiers": tiers } })
}

async fn etag(plane: &Plane, key: &str) -> String {
    plane.item(path::KEYS, "name", key).await["etag"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_is_shown_once_and_stored_as_a_hash() {
    let plane = Plane::start().await;
    let value = plane.create_key("sync", &custom(&json!({ "contacts": "read" }))).await;
    assert!(value.starts_with("tp_live_"));
    for template in [path::KEYS, path::AUDIT] {
        let text = plane.read(template).await.body.to_string();
        assert!(!text.contains(&value), "{template}");
    }
    let shown = plane.item(path::KEYS, "name", "sync").await;
    let prefix = shown["prefix"].as_str().unwrap();
    assert!(value.starts_with(prefix) && prefix.len() < 16, "{prefix}");
    for entry in std::fs::read_dir(plane.dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let found = bytes.windows(value.len()).any(|part| part == value.as_bytes());
        assert!(!found, "the value is on the disk");
    }
    plane.act(&value, "read", "contacts").await.ok();
    plane.act(&value, "write", "contacts").await.refused(403, "INSUFFICIENT_SCOPE");
    plane.act(&value, "read", "email").await.refused(403, "INSUFFICIENT_SCOPE");
    let used = plane.item(path::KEYS, "name", "sync").await;
    assert_eq!(used["requests"], 3, "refused calls count");
    assert_eq!((shown["requests"].as_u64(), &shown["last_used"]), (Some(0), &Value::Null));
    assert!(used["last_used"].is_string());
    assert_eq!(used["etag"], shown["etag"], "a call is no change");
}

#[tokio::test]
async fn the_key_alone_decides_and_full_access_is_everything() {
    let plane = Plane::start().await;
    let list = json!({ "custom": {
        "tiers": { "contacts": "delete_with_approval", "email": "send_automatically" },
        "verbs": { "calls": ["initiate"] },
    }});
    let some = plane.create_key("some", &list).await;
    for (verb, resource, status) in [
        ("write", "contacts", 200),
        ("delete", "contacts", 202),
        ("send", "email", 200),
        ("initiate", "calls", 200),
        ("read", "calls", 403),
        ("trigger", "automations", 403),
    ] {
        let reply = plane.act(&some, verb, resource).await;
        assert_eq!(reply.status, status, "{verb} {resource}: {}", reply.body);
    }
    let all = plane.create_key("all", &json!("full_access")).await;
    for (verb, resource) in [("delete", "contacts"), ("reassign", "approvals"), ("read", "billing")]
    {
        plane.act(&all, verb, resource).await.ok();
    }
}

#[tokio::test]
async fn changes_rotation_and_the_end_of_a_key_hold_at_once() {
    let plane = Plane::start().await;
    let old = plane.create_key("sync", &custom(&json!({ "contacts": "read" }))).await;
    plane.act(&old, "read", "contacts").await.ok();

    let grants = custom(&json!({ "deals": "read" }));
    let put = |etag: String, confirm: Value| {
        let body = json!({ "grants": grants, "confirm": confirm });
        plane.by_admin(Method::PUT, path::KEY_ACCESS, &["sync"]).if_match(&etag).json(&body).send()
    };
    let asked = put(etag(&plane, "sync").await, json!({})).await.refused(409, "CONFLICT");
    let confirm = json!({ "add": ["deals:read"], "remove": ["contacts:read"] });
    assert_eq!(asked.body["error"]["confirmation"], confirm);
    let set = put(etag(&plane, "sync").await, confirm).await.ok();
    plane.act(&old, "read", "contacts").await.refused(403, "INSUFFICIENT_SCOPE");
    plane.act(&old, "read", "deals").await.ok();

    let rotate = |etag: &str| {
        plane.by_admin(Method::POST, path::ROTATE_KEY, &["sync"]).if_match(etag).send()
    };
    let rotated = rotate(&set.etag).await.ok();
    let new = rotated.body["value"].as_str().unwrap();
    assert_ne!(new, old);
    plane.act(&old, "read", "deals").await.refused(401, "UNAUTHORIZED");
    plane.act(new, "read", "deals").await.ok();
    rotate(&set.etag).await.refused(412, "PRECONDITION_FAILED");

    let revoke = |etag: &str| {
        let body = json!({ "reason": "unused" });
        plane.by_admin(Method::POST, path::REVOKE_KEY, &["sync"]).if_match(etag).json(&body).send()
    };
    let gone = revoke(&rotated.etag).await.ok();
    assert_eq!(gone.body["effect"]["scopes"]["remove"], json!(["deals:read"]));
    plane.act(new, "read", "deals").await.refused(401, "UNAUTHORIZED");
    assert_eq!(plane.item(path::KEYS, "name", "sync").await, Value::Null);
    revoke(&rotated.etag).await.refused(404, "NOT_FOUND");

    // A key of the same name is another key: nothing that was decided on the old one fits it.
    plane.create_key("sync", &grants).await;
    revoke(&rotated.etag).await.refused(412, "PRECONDITION_FAILED");
}

#[tokio::test]
async fn a_name_is_taken_once_and_keys_are_made_side_by_side() {
    let plane = Plane::start().await;
    let etag = plane.read(path::KEYS).await.etag;
    let post = |name: &str, etag: &str| {
        let body = json!({
            "name": name, "grants": custom(&json!({ "contacts": "read" })),
            "confirm": { "add": ["contacts:read"] },
        });
        plane.by_admin(Method::POST, path::KEYS, &[]).if_match(etag).json(&body).send()
    };
    let (one, two) = tokio::join!(post("one", &etag), post("two", &etag));
    assert_eq!((one.status, two.status), (201, 201));
    let again = post("one", &etag).await.refused(409, "CONFLICT");
    assert_eq!(again.body["error"]["confirmation"], Value::Null);
    post("three", "\"stale\"").await.refused(412, "PRECONDITION_FAILED");
}
