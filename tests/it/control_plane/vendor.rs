//! The vendor surface: what a publication does to every workspace.

use reqwest::Method;
use scopeform::platform::odeus::wire::path;
use serde_json::{Value, json};

use super::plane::{Plane, fixed_world, names, set, sharepoint, world};

fn with_action(key: &str, required: &[&str], native: bool) -> Value {
    let mut facts = sharepoint();
    facts["actions"][key] =
        json!({ "key": key, "name": key, "required_scopes": required, "native": native });
    facts
}

async fn new_actions(plane: &Plane, on: bool) {
    let etag = plane.read(path::SETTINGS, &["acme"]).await.etag;
    let put = plane.call(Method::PUT, path::NEW_ACTIONS, &["acme"]).admin().if_match(&etag);
    put.json(&json!({ "enabled": on })).send().await.ok();
}

/// The decision table of facts.md 1.5: mode, setting, covered, result.
#[tokio::test]
async fn cases_19_20_21_new_actions_follow_the_table() {
    let list = ["offline_access", "User.Read", "Files.Read.All"];
    let rows = [
        ("managed", true, &["Files.Read.All"], "everyone"),
        ("managed", true, &["Mail.Send"], "nobody"),
        ("managed", false, &["Files.Read.All"], "nobody"),
        ("managed", false, &["Mail.Send"], "nobody"),
        ("fixed", true, &["Files.Read.All"], "nobody"),
        ("fixed", true, &["Mail.Send"], "nobody"),
        ("fixed", false, &["Files.Read.All"], "nobody"),
    ];
    for (mode, setting, required, expected) in rows {
        let world = if mode == "fixed" { fixed_world(&list) } else { world() };
        let plane = Plane::with(world).await;
        new_actions(&plane, setting).await;
        let before = plane.integration("sharepoint").await;
        plane.publish(&with_action("brand_new", required, false)).await.ok();
        let after = plane.integration("sharepoint").await;
        let row = format!("{mode} {setting} {required:?}");
        assert_eq!(after.body["state"]["actions"]["brand_new"]["access"], expected, "{row}");
        assert_eq!(after.body["state"]["requested"], before.body["state"]["requested"], "{row}");
        assert_ne!(after.etag, before.etag, "{row}");
    }
}

#[tokio::test]
async fn case_22_a_scope_on_an_existing_action_is_pending_until_confirmed() {
    let plane = Plane::start().await;
    let mut facts = sharepoint();
    facts["actions"]["download_file"]["required_scopes"] = json!(["Files.Read.All", "Mail.Read"]);
    let changed = plane.publish(&facts).await.ok().body;
    assert_eq!(changed["changed"], json!({ "acme": ["sharepoint"], "globex": ["sharepoint"] }));
    let after = plane.integration("sharepoint").await;
    assert_eq!(after.body["state"]["actions"]["download_file"]["access"], "everyone");
    assert!(!set(&after.body["state"]["requested"]).contains("Mail.Read"));
    assert_eq!(set(&after.body["view"]["pending"]), names(&["Mail.Read"]));
    assert_eq!(after.body["view"]["actions"]["download_file"]["status"], "missing_scope");

    // Another action's scope never brings it along.
    let body = json!({ "access": "everyone", "confirm": { "add": ["Sites.Manage.All"] } });
    let done = plane.put(path::ACTION_ACCESS, &["sharepoint", "create_list"], body).await.ok();
    assert_eq!(set(&done.body["integration"]["view"]["pending"]), names(&["Mail.Read"]));

    let confirm = |confirm: Value| {
        let body = json!({ "scopes": ["Mail.Read"], "confirm": confirm });
        let place = ["acme", "sharepoint"];
        let post = plane.call(Method::POST, path::CONFIRM_PENDING, &place).admin();
        post.if_match(&done.etag).json(&body).send()
    };
    confirm(json!({})).await.refused(409, "confirmation_required");
    let confirmed = confirm(json!({ "add": ["Mail.Read"] })).await.ok();
    assert_eq!(confirmed.body["integration"]["view"]["pending"], json!([]));
}

#[tokio::test]
async fn case_23_a_new_native_action_is_on_and_its_scope_pending() {
    let plane = Plane::start().await;
    plane.publish(&with_action("resolve_ids", &["Directory.Read.All"], true)).await.ok();
    let after = plane.integration("sharepoint").await.body;
    assert_eq!(after["view"]["actions"]["resolve_ids"]["live"], true);
    assert_eq!(set(&after["view"]["pending"]), names(&["Directory.Read.All"]));
    assert!(!set(&after["state"]["requested"]).contains("Directory.Read.All"));
}

#[tokio::test]
async fn case_25_a_removed_action_takes_its_scopes_along_under_sync() {
    for (world, narrows) in [
        (world(), true),
        (fixed_world(&["User.Read", "Files.Read.All", "Sites.ReadWrite.All"]), false),
    ] {
        let plane = Plane::with(world).await;
        let mut facts = sharepoint();
        facts["actions"].as_object_mut().unwrap().remove("create_page");
        plane.publish(&facts).await.ok();
        let after = plane.integration("sharepoint").await.body;
        let requested = set(&after["state"]["requested"]);
        assert_eq!(!requested.contains("Sites.ReadWrite.All"), narrows);
        assert!(after["state"]["actions"].get("create_page").is_none());
        let body = json!({ "access": "nobody" });
        let put = plane.put(path::ACTION_ACCESS, &["sharepoint", "create_page"], body).await;
        put.refused(422, "unknown_action");
    }
}

#[tokio::test]
async fn case_26_a_renamed_action_keeps_its_access() {
    let plane = Plane::start().await;
    let before = plane.integration("sharepoint").await.body;
    let mut facts = with_action("write_page", &["Sites.ReadWrite.All"], false);
    facts["actions"]["write_page"]["renamed_from"] = json!(["create_page"]);
    facts["actions"].as_object_mut().unwrap().remove("create_page");
    plane.publish(&facts).await.ok();
    let after = plane.integration("sharepoint").await.body;
    let access = |body: &Value, key: &str| body["state"]["actions"][key]["access"].clone();
    assert_eq!(access(&after, "write_page"), access(&before, "create_page"));
    assert_eq!(after["state"]["requested"], before["state"]["requested"]);
}

#[tokio::test]
async fn case_27_the_switch_never_changes_what_is_there() {
    let plane = Plane::start().await;
    let before = plane.integration("sharepoint").await.body;
    for on in [true, false] {
        new_actions(&plane, on).await;
        assert_eq!(plane.integration("sharepoint").await.body, before);
    }
}

#[tokio::test]
async fn publishing_the_same_again_moves_nothing_and_nonsense_is_refused() {
    let plane = Plane::start().await;
    let before = plane.integration("sharepoint").await;
    let again = plane.publish(&sharepoint()).await.ok();
    assert_eq!(again.body["changed"], json!({}));
    assert_eq!(plane.integration("sharepoint").await.etag, before.etag);

    // New words alone are a new version of the resource, and grant nothing.
    let mut reworded = sharepoint();
    reworded["actions"]["create_page"]["description"] = json!("creates a page");
    plane.publish(&reworded).await.ok();
    let after = plane.integration("sharepoint").await;
    assert_ne!(after.etag, before.etag);
    assert_eq!(after.body["state"], before.body["state"]);

    let mut renamed = with_action("write_page", &[], false);
    renamed["actions"]["write_page"]["renamed_from"] = json!(["create_page"]);
    plane.publish(&renamed).await.refused(422, "invalid_catalog");
    let mut other = sharepoint();
    other["actions"]["create_page"]["key"] = json!("createPage");
    plane.publish(&other).await.refused(422, "invalid_catalog");
}

#[tokio::test]
async fn a_new_integration_arrives_with_its_native_actions_only() {
    let plane = Plane::start().await;
    new_actions(&plane, true).await;
    let mut facts = sharepoint();
    facts["key"] = json!("onedrive");
    plane.publish(&facts).await.ok();
    let found = plane.integration("onedrive").await.body;
    let requested = names(&["offline_access", "User.Read", "Files.Read.All"]);
    assert_eq!(set(&found["state"]["requested"]), requested);
    assert_eq!(found["state"]["actions"]["download_file"]["access"], "nobody");
}
