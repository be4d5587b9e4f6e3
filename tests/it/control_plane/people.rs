//! The user surface: connecting, refreshing, running; and people who leave.

use reqwest::Method;
use scopeform::platform::odeus::wire::path;
use serde_json::{Value, json};

use super::plane::{ANA, BEN, CLEO, EVA, Plane, Reply, fixed_world, names, set};

#[track_caller]
fn lacks(reply: Reply, missing: &[&str]) {
    let reply = reply.refused(403, "insufficient_scope");
    assert_eq!(set(&reply.body["error"]["missing_scopes"]), names(missing));
}

async fn set_action(plane: &Plane, action: &str, access: Value, confirm: Value) {
    let body = json!({ "access": access, "confirm": confirm });
    plane.put(path::ACTION_ACCESS, &["sharepoint", action], body).await.ok();
}

#[tokio::test]
async fn case_47_a_grant_moves_only_when_its_user_reconnects_or_the_token_ends() {
    let plane = Plane::start().await;
    let ben = plane.token(BEN).await;
    plane.run(&ben, "download_file").await.ok();
    plane.run(&ben, "create_list").await.refused(403, "not_shared");

    // Added: requested now, not granted before Ben connects again.
    set_action(&plane, "create_list", json!("everyone"), json!({ "add": ["Sites.Manage.All"] }))
        .await;
    lacks(plane.run(&ben, "create_list").await, &["Sites.Manage.All"]);
    let granted = plane.connect(&ben).await.ok().body;
    assert!(set(&granted["granted"]).contains("Sites.Manage.All"));
    plane.run(&ben, "create_list").await.ok();

    // Removed: still granted until the token ends.
    let gone = json!({ "remove": ["Sites.Manage.All"] });
    set_action(&plane, "create_list", json!("nobody"), gone).await;
    let held = plane.read(path::CONNECTIONS, &["acme"]).await.body;
    assert!(set(&held["items"][0]["granted"]).contains("Sites.Manage.All"));
    let place = ["acme", "sharepoint"];
    let ended = plane.call(Method::POST, path::EXPIRE, &place).token(&ben).send().await.ok();
    assert!(!set(&ended.body["granted"]).contains("Sites.Manage.All"));

    // Expiry narrows and never widens.
    set_action(&plane, "create_list", json!("everyone"), json!({ "add": ["Sites.Manage.All"] }))
        .await;
    let ended = plane.call(Method::POST, path::EXPIRE, &place).token(&ben).send().await.ok();
    assert!(!set(&ended.body["granted"]).contains("Sites.Manage.All"));
}

#[tokio::test]
async fn case_39_both_access_gates_must_let_a_person_through() {
    let plane = Plane::start().await;
    let (ben, cleo) = (plane.token(BEN).await, plane.token(CLEO).await);
    let only_cleo = json!({ "access": { "only": [{ "user": CLEO }] } });
    plane.put(path::ACCESS, &["sharepoint"], only_cleo).await.ok();
    // Shared with Ben's group, in an integration that Ben may not use; still requested.
    plane.run(&ben, "create_page").await.refused(403, "not_shared");
    plane.connect(&ben).await.refused(403, "not_shared");
    plane.connect(&cleo).await.ok();
    plane.run(&cleo, "create_page").await.refused(403, "not_shared");
    plane.run(&cleo, "download_file").await.ok();
    let state = plane.integration("sharepoint").await.body;
    assert!(set(&state["state"]["requested"]).contains("Sites.ReadWrite.All"));
}

#[tokio::test]
async fn case_40_an_integration_for_nobody_still_requests_its_scopes() {
    let plane = Plane::start().await;
    let before = plane.integration("sharepoint").await.body;
    plane.put(path::ACCESS, &["sharepoint"], json!({ "access": "nobody" })).await.ok();
    let after = plane.integration("sharepoint").await.body;
    assert_eq!(after["state"]["requested"], before["state"]["requested"]);
    let (ana, eva) = (plane.token(ANA).await, plane.token(EVA).await);
    plane.connect(&ana).await.ok();
    plane.run(&ana, "download_file").await.ok();
    plane.run(&eva, "download_file").await.refused(403, "not_shared");
}

#[tokio::test]
async fn case_41_an_admin_may_call_a_disabled_action_and_lacks_its_scope() {
    let plane = Plane::start().await;
    let ana = plane.token(ANA).await;
    plane.connect(&ana).await.ok();
    lacks(plane.run(&ana, "create_list").await, &["Sites.Manage.All"]);
    plane.run(&ana, "get_profile").await.ok();
    plane.run(&ana, "no_such").await.refused(404, "not_found");
}

#[tokio::test]
async fn running_needs_a_connection_made_with_the_client_of_today() {
    let plane = Plane::start().await;
    let (ben, cleo) = (plane.token(BEN).await, plane.token(CLEO).await);
    plane.run(&cleo, "download_file").await.refused(409, "not_connected");
    let place = ["acme", "sharepoint"];
    let expire = plane.call(Method::POST, path::EXPIRE, &place).token(&cleo).send().await;
    expire.refused(409, "not_connected");
    // Case 34: another client id, the same scopes: everybody reconnects.
    let client = json!({ "client": { "custom": { "id": "app-2" } } });
    let done = plane.put(path::CLIENT, &["sharepoint"], client).await.ok();
    assert_eq!(done.body["effect"]["scopes"], json!({ "add": [], "remove": [] }));
    plane.run(&ben, "download_file").await.refused(409, "reconnect_required");
    plane.connect(&ben).await.ok();
    plane.run(&ben, "download_file").await.ok();

    let excel = ["acme", "excel"];
    let connect = plane.call(Method::POST, path::CONNECTION, &excel).token(&ben).send().await;
    connect.refused(409, "not_configured");
    let weather = ["acme", "weather"];
    let connect = plane.call(Method::POST, path::CONNECTION, &weather).token(&ben).send().await;
    connect.refused(422, "not_oauth");
    let today = ["acme", "weather", "today"];
    let run = plane.call(Method::POST, path::RUN, &today).token(&ben).send().await;
    run.refused(403, "not_shared");
    let ana = plane.token(ANA).await;
    plane.call(Method::POST, path::RUN, &today).token(&ana).send().await.ok();
}

/// Seed, *Work with custom scopes*: `Sites.Selected` in place of `Sites.ReadWrite.All`.
#[tokio::test]
async fn sites_selected_suffices_once_it_is_accepted_and_granted() {
    let list = ["offline_access", "User.Read", "Files.Read.All", "Sites.Selected"];
    let plane = Plane::with(fixed_world(&list)).await;
    let ben = plane.token(BEN).await;
    plane.connect(&ben).await.ok();
    // Enabled and not accepted: it appears enabled and does not run.
    lacks(plane.run(&ben, "create_page").await, &["Sites.ReadWrite.All"]);
    let content = json!({ "only": [{ "group": "content" }] });
    let accept = json!(["Sites.ReadWrite.All"]);
    let body = json!({
        "access": content, "accept": accept, "confirm": { "accept_missing": accept },
    });
    let done = plane.put(path::ACTION_ACCESS, &["sharepoint", "create_page"], body).await.ok();
    let view = &done.body["integration"]["view"]["actions"]["create_page"];
    assert_eq!(view["status"], "missing_scope", "the badge stays");
    plane.run(&ben, "create_page").await.ok();

    // It suffices for what the world says and for nothing else.
    let accept = json!(["Sites.Manage.All"]);
    let body = json!({
        "access": "everyone", "accept": accept, "confirm": { "accept_missing": accept },
    });
    plane.put(path::ACTION_ACCESS, &["sharepoint", "create_list"], body).await.ok();
    lacks(plane.run(&ben, "create_list").await, &["Sites.Manage.All"]);

    // Without the scope that suffices, the provider refuses although the platform lets it through.
    let fewer = json!({
        "scopes": ["offline_access", "User.Read", "Files.Read.All"],
        "confirm": { "remove": ["Sites.Selected"] },
    });
    plane.put(path::CLIENT_SCOPES, &["sharepoint"], fewer).await.ok();
    plane.run(&ben, "create_page").await.ok();
    plane.connect(&ben).await.ok();
    lacks(plane.run(&ben, "create_page").await, &["Sites.ReadWrite.All"]);
}

#[tokio::test]
async fn case_42_a_share_list_without_its_last_group_is_off() {
    let plane = Plane::start().await;
    let before = plane.integration("sharepoint").await;
    let place = ["acme", "content"];
    let gone = plane.call(Method::DELETE, path::GROUP, &place).admin().send().await.ok();
    assert_eq!(gone.body["changed"], json!({ "acme": ["sharepoint"] }));
    let after = plane.integration("sharepoint").await;
    assert_ne!(after.etag, before.etag);
    assert_eq!(after.body["state"]["actions"]["create_page"]["access"], "nobody");
    assert!(!set(&after.body["state"]["requested"]).contains("Sites.ReadWrite.All"));
    let other = plane.read(path::INTEGRATION, &["globex", "sharepoint"]).await.body;
    assert!(set(&other["state"]["requested"]).contains("Sites.ReadWrite.All"));
    let log = plane.read(path::AUDIT, &["acme"]).await.body;
    let entries = log["items"].as_array().unwrap();
    let by = |n: usize| (entries[n]["actor_type"].as_str(), entries[n]["entity_id"].as_str());
    assert_eq!(by(0), (Some("API_KEY"), Some("groups/content")));
    assert_eq!(by(1), (Some("SYSTEM"), Some("sharepoint/actions/create_page")));
    assert_eq!(entries[2]["scopes"]["remove"], json!(["Sites.ReadWrite.All"]));
    assert_eq!(entries[0]["request_id"], entries[2]["request_id"]);
    plane.call(Method::DELETE, path::GROUP, &place).admin().send().await.refused(404, "not_found");
}

#[tokio::test]
async fn a_user_leaves_with_tokens_and_connections_and_a_group_may_be_empty() {
    let plane = Plane::start().await;
    let ben = plane.token(BEN).await;
    let place = ["acme", "Ben@ACME.example"];
    let gone = plane.call(Method::DELETE, path::USER, &place).admin().send().await.ok();
    assert_eq!(gone.body["changed"], json!({ "acme": [] }), "the group is still shared with");
    plane.run(&ben, "download_file").await.refused(401, "unauthenticated");
    let connections = plane.read(path::CONNECTIONS, &["acme"]).await.body;
    assert_eq!(connections["items"], json!([]));
    let groups = plane.read(path::GROUPS, &["acme"]).await.body;
    assert_eq!(groups["items"], json!([{ "group": "content", "members": [] }]));
    let last = plane.call(Method::DELETE, path::USER, &["acme", ANA]).admin().send().await;
    last.refused(422, "last_admin");
}
