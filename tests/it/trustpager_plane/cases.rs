//! The numbered cases of TrustPager, observed from outside: 200 done, 202 queued, 403 refused, 401 ended.

use reqwest::Method;
use scopeform::platform::trustpager::wire::path;
use serde_json::{Value, json};

use super::plane::{ADA, CLAUDE, MAX, OLGA, Plane, VERA};

/// What a token is answered for each `verb resource`.
async fn answers(plane: &Plane, token: &str, expected: &[(&str, &str, u16)]) {
    for (verb, resource, status) in expected {
        let reply = plane.act(token, verb, resource).await;
        assert_eq!(reply.status, *status, "{verb} {resource}: {}", reply.body);
        match status {
            200 => assert_eq!(reply.body["outcome"], "executed"),
            202 => assert_eq!(reply.body["outcome"], "queued"),
            403 => assert_eq!(reply.code(), "INSUFFICIENT_SCOPE"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn case_53_a_client_above_the_role_is_held_by_the_role() {
    let plane = Plane::start().await;
    // The ceiling says `send_automatically`; a Read-Only Viewer reads all the same (the seed's own example).
    let (vera, _) = plane.authorize(VERA, CLAUDE).await;
    answers(
        &plane,
        &vera,
        &[
            ("read", "email", 200),
            ("send", "email", 403),
            ("read", "contacts", 200),
            ("write", "contacts", 403),
            ("use", "ai", 403),
            ("initiate", "calls", 403),
            ("read", "billing", 403),
        ],
    )
    .await;
    let (olga, _) = plane.authorize(OLGA, CLAUDE).await;
    answers(&plane, &olga, &[("send", "email", 200), ("initiate", "calls", 200)]).await;
}

#[tokio::test]
async fn case_54_a_role_above_the_client_is_held_by_the_client() {
    let plane = Plane::start().await;
    let (olga, _) = plane.authorize(OLGA, "Zapier").await;
    answers(
        &plane,
        &olga,
        &[
            ("read", "billing", 200),
            ("write", "users", 403),
            ("delete", "contacts", 202),
            ("send", "email", 202),
            // A verb beside the ladder that the default policy does not grant.
            ("write", "email", 403),
        ],
    )
    .await;
}

#[tokio::test]
async fn case_55_approval_is_narrower_than_automatic() {
    let plane = Plane::start().await;
    plane.set_tiers("Zapier", &[("contacts", "write_with_approval")]).await.ok();
    let (max, _) = plane.authorize(MAX, "Zapier").await;
    answers(&plane, &max, &[("write", "contacts", 202), ("delete", "contacts", 403)]).await;
    // A member may not delete deals at all, whatever the default policy lets queue.
    answers(&plane, &max, &[("write", "deals", 200), ("delete", "deals", 403)]).await;
}

#[tokio::test]
async fn case_56_from_write_to_delete_with_approval_writes_become_automatic() {
    let plane = Plane::start().await;
    let (olga, _) = plane.authorize(OLGA, "Zapier").await;
    plane.set_tiers("Zapier", &[("contacts", "write_with_approval")]).await.ok();
    answers(&plane, &olga, &[("write", "contacts", 202), ("delete", "contacts", 403)]).await;
    let saved = plane.set_tiers("Zapier", &[("contacts", "delete_with_approval")]).await.ok();
    assert_eq!(
        saved.body["effect"]["scopes"],
        json!({
            "add": ["contacts:delete-approval"], "remove": ["contacts:write-approval"],
        })
    );
    answers(&plane, &olga, &[("write", "contacts", 200), ("delete", "contacts", 202)]).await;
}

#[tokio::test]
async fn case_57_a_tier_beside_the_ladder_is_refused() {
    let plane = Plane::start().await;
    for (resource, tier, why) in [
        ("contacts", "send_automatically", "no_access < read < write_with_approval"),
        ("billing", "delete_automatically", "its ladder is no_access < read"),
        ("spaceships", "read", "no resource `spaceships`"),
    ] {
        let reply = plane.set_tiers("Zapier", &[(resource, tier)]).await;
        let reply = reply.refused(400, "VALIDATION_ERROR");
        let message = reply.body["error"]["message"].as_str().unwrap();
        assert!(message.contains(why), "{message}");
    }
    let mut access = plane.oauth_client("Zapier").await["state"]["access"].clone();
    access["verbs"]["contacts"] = json!(["initiate"]);
    plane.set_access("Zapier", &access).await.refused(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn case_58_no_access_is_a_permission_error_and_not_an_unknown_token() {
    let plane = Plane::start().await;
    let (olga, _) = plane.authorize(OLGA, CLAUDE).await;
    answers(&plane, &olga, &[("read", "sms", 403), ("send", "sms", 403)]).await;
    plane.act("tp_oauth_made_up", "read", "sms").await.refused(401, "UNAUTHORIZED");
    plane.act(&olga, "read", "spaceships").await.refused(404, "NOT_FOUND");
    plane.act(&olga, "teleport", "contacts").await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn case_59_a_revoked_token_is_401_alone_and_for_good() {
    let plane = Plane::start().await;
    let (olga, token) = plane.authorize(OLGA, CLAUDE).await;
    let (other, _) = plane.authorize(OLGA, CLAUDE).await;
    answers(&plane, &olga, &[("read", "contacts", 200)]).await;
    let id = token["id"].as_str().unwrap();
    let before = plane.oauth_client(CLAUDE).await["state"]["tokens"].as_object().unwrap().len();

    let revoked = plane.revoke(CLAUDE, id).await.ok();
    assert_eq!(revoked.body["token"], id);
    assert_eq!(revoked.body["effect"]["scopes"], json!({ "add": [], "remove": [] }));
    let tokens = revoked.body["client"]["state"]["tokens"].as_object().unwrap();
    assert_eq!(tokens.len(), before - 1);
    plane.act(&olga, "read", "contacts").await.refused(401, "UNAUTHORIZED");
    answers(&plane, &other, &[("read", "contacts", 200)]).await;

    // A save re-resolves active tokens only, and counts them.
    let saved = plane.set_tiers(CLAUDE, &[("contacts", "delete_automatically")]).await.ok();
    assert_eq!(saved.body["tokens_re_resolved"], before - 1);
    plane.act(&olga, "read", "contacts").await.refused(401, "UNAUTHORIZED");
    answers(&plane, &other, &[("delete", "contacts", 200)]).await;
    plane.revoke(CLAUDE, id).await.refused(404, "NOT_FOUND");

    // The user may authorise again and gets another token.
    let (again, new) = plane.authorize(OLGA, CLAUDE).await;
    assert_ne!(new["id"], token["id"]);
    answers(&plane, &again, &[("read", "contacts", 200)]).await;
}

#[tokio::test]
async fn case_60_a_save_that_changes_nothing_changes_nothing() {
    let plane = Plane::start().await;
    let before = plane.oauth_client(CLAUDE).await;
    let saved = plane.set_access(CLAUDE, &before["state"]["access"]).await.ok();
    assert_eq!(saved.body["effect"]["scopes"], json!({ "add": [], "remove": [] }));
    assert_eq!(saved.body["tokens_re_resolved"], 2);
    assert_eq!(plane.oauth_client(CLAUDE).await, before, "the ETag too");
}

#[tokio::test]
async fn case_61_the_current_role_decides_and_the_old_one_is_shown() {
    let plane = Plane::start().await;
    let (max, token) = plane.authorize(MAX, CLAUDE).await;
    assert_eq!(token["role_at_authorisation"], "member");
    answers(&plane, &max, &[("write", "contacts", 200), ("send", "email", 200)]).await;

    plane.set_role(MAX, "read_only_viewer").await.ok();
    answers(&plane, &max, &[("write", "contacts", 403), ("send", "email", 403)]).await;
    answers(&plane, &max, &[("read", "contacts", 200)]).await;
    let id = token["id"].as_str().unwrap();
    let shown = &plane.oauth_client(CLAUDE).await["state"]["tokens"][id];
    assert_eq!(shown["role_at_authorisation"], "member");

    plane.set_role(MAX, "owner").await.ok();
    answers(&plane, &max, &[("delete", "contacts", 202)]).await;
}

#[tokio::test]
async fn case_62_a_queued_call_that_is_no_longer_allowed_is_not_carried_out() {
    let plane = Plane::start().await;
    let (olga, _) = plane.authorize(OLGA, "Zapier").await;
    let queued = plane.act(&olga, "send", "email").await.ok();
    let id = queued.body["approval_id"].as_str().unwrap().to_owned();
    let approve = || plane.by_admin(Method::POST, path::APPROVE, &[&id]).send();

    plane.set_tiers("Zapier", &[("email", "read")]).await.ok();
    approve().await.refused(403, "INSUFFICIENT_SCOPE");
    let waiting = plane.by_admin(Method::GET, path::APPROVAL, &[&id]).send().await.ok();
    assert_eq!(waiting.body["status"], "pending");

    // The role counts as well, and so does a wider tier: what is allowed at all is carried out.
    plane.set_tiers("Zapier", &[("email", "send_automatically")]).await.ok();
    plane.set_role(OLGA, "read_only_viewer").await.ok();
    approve().await.refused(403, "INSUFFICIENT_SCOPE");
    plane.set_role(OLGA, "member").await.ok();
    let done = approve().await.ok();
    assert_eq!(done.body["status"], "approved");
    assert_eq!(done.body["execution_status"], "succeeded");
}

#[tokio::test]
async fn case_62_a_queued_call_of_a_revoked_token_is_not_carried_out() {
    let plane = Plane::start().await;
    let (olga, token) = plane.authorize(OLGA, "Zapier").await;
    let queued = plane.act(&olga, "delete", "contacts").await.ok();
    let id = queued.body["approval_id"].as_str().unwrap().to_owned();
    plane.revoke("Zapier", token["id"].as_str().unwrap()).await.ok();
    let reply = plane.by_admin(Method::POST, path::APPROVE, &[&id]).send().await;
    reply.refused(403, "INSUFFICIENT_SCOPE");
}

#[tokio::test]
async fn case_64_an_old_name_and_a_new_one_are_the_same_resource() {
    let plane = Plane::start().await;
    let (olga, _) = plane.authorize(OLGA, "Zapier").await;
    answers(&plane, &olga, &[("write", "opportunities", 200), ("write", "deals", 200)]).await;
    let mut access = plane.oauth_client("Zapier").await["state"]["access"].clone();
    let tiers = access["tiers"].as_object_mut().unwrap();
    let tier = tiers.remove("deals").unwrap();
    tiers.insert("opportunities".to_owned(), tier.clone());
    let saved = plane.set_access("Zapier", &access).await.ok();
    assert_eq!(saved.body["effect"]["scopes"], json!({ "add": [], "remove": [] }));
    assert_eq!(saved.body["client"]["state"]["access"]["tiers"]["deals"], tier);
    access["tiers"]["deals"] = json!("read");
    plane.set_access("Zapier", &access).await.refused(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn a_new_client_gets_the_default_policy() {
    let plane = Plane::start().await;
    let session = plane.session(MAX).await;
    let register = || {
        let body = json!({ "name": "Make" });
        plane.call(Method::POST, path::REGISTER, &[]).token(&session).json(&body).send()
    };
    let made = register().await.ok();
    assert_eq!(made.status, 201);
    let tiers = &made.body["state"]["access"]["tiers"];
    for (resource, tier) in [
        ("contacts", "delete_with_approval"),
        ("pipelines", "write_automatically"),
        ("email", "send_with_approval"),
        ("ai", "use_automatically"),
        ("billing", "read"),
        ("permissions", "read"),
        ("approvals", "no_access"),
    ] {
        assert_eq!(tiers[resource], tier, "{resource}");
    }
    let verbs = &made.body["state"]["access"]["verbs"];
    assert_eq!(verbs, &json!({ "automations": ["trigger"], "calls": ["initiate"] }));
    register().await.refused(409, "CONFLICT");

    let (max, _) = plane.authorize(MAX, "Make").await;
    answers(
        &plane,
        &max,
        &[
            ("read", "contacts", 200),
            ("write", "contacts", 200),
            ("send", "sms", 202),
            ("use", "ai", 200),
            ("initiate", "calls", 200),
            ("trigger", "automations", 200),
            ("read", "integrations", 200),
            ("write", "integrations", 403),
        ],
    )
    .await;
}

#[tokio::test]
async fn unknown_scope_values_survive_a_save_that_does_not_name_them() {
    let plane = Plane::start().await;
    let mut access = plane.oauth_client(CLAUDE).await["state"]["access"].clone();
    assert_eq!(access["unknown"], json!(["legacy:sync"]));
    access.as_object_mut().unwrap().remove("unknown");
    access["tiers"]["tasks"] = json!("read");
    let saved = plane.set_access(CLAUDE, &access).await.ok();
    assert_eq!(
        saved.body["effect"]["scopes"],
        json!({
            "add": ["tasks:read"], "remove": ["tasks:write"],
        })
    );
    let live = plane.oauth_client(CLAUDE).await;
    assert_eq!(live["state"]["access"]["unknown"], json!(["legacy:sync"]));
    let scopes = live["scopes"].as_array().unwrap();
    assert!(scopes.contains(&json!("legacy:sync")));
    access["unknown"] = json!(["newer:thing"]);
    let saved = plane.set_access(CLAUDE, &access).await.ok();
    assert_eq!(saved.body["effect"]["scopes"]["add"], json!(["newer:thing"]));
    let live = plane.oauth_client(CLAUDE).await;
    assert_eq!(live["state"]["access"]["unknown"], json!(["legacy:sync", "newer:thing"]));
}

#[tokio::test]
async fn a_call_is_counted_and_dated_also_when_it_is_refused() {
    let plane = Plane::start().await;
    let (olga, token) = plane.authorize(OLGA, CLAUDE).await;
    assert_eq!((&token["requests"], &token["last_used"]), (&json!(0), &Value::Null));
    let etag = plane.oauth_client(CLAUDE).await["etag"].clone();
    answers(
        &plane,
        &olga,
        &[("read", "contacts", 200), ("read", "sms", 403), ("send", "email", 200)],
    )
    .await;
    let live = plane.oauth_client(CLAUDE).await;
    let token = &live["state"]["tokens"][token["id"].as_str().unwrap()];
    assert_eq!(token["requests"], 3);
    assert_eq!(token["last_used"], token["issued"]);
    assert!(olga.starts_with(token["prefix"].as_str().unwrap()));
    assert!(olga.ends_with(token["suffix"].as_str().unwrap()));
    assert_eq!(live["etag"], etag, "a call is no change");
}

#[tokio::test]
async fn a_user_who_leaves_takes_their_tokens_along() {
    let plane = Plane::start().await;
    let (ada, _) = plane.authorize(ADA, CLAUDE).await;
    let (max, _) = plane.authorize(MAX, CLAUDE).await;
    let session = plane.session(ADA).await;
    let before = plane.oauth_client(CLAUDE).await;
    let etag = plane.item(path::USERS, "user", ADA).await["etag"].as_str().unwrap().to_owned();
    let remove =
        plane.by_admin(Method::DELETE, path::USER, &[ADA]).if_match(&etag).send().await.ok();
    assert_eq!(remove.body, json!({ "user": ADA, "tokens_ended": 1 }));
    plane.act(&ada, "read", "contacts").await.refused(401, "UNAUTHORIZED");
    let read = plane.call(Method::GET, path::CLIENTS, &[]).token(&session).send().await;
    read.refused(401, "UNAUTHORIZED");
    answers(&plane, &max, &[("read", "contacts", 200)]).await;
    let after = plane.oauth_client(CLAUDE).await;
    assert_ne!(after["etag"], before["etag"], "its tokens have changed");
    assert_eq!(after["state"]["tokens"].as_object().unwrap().len(), 3);

    // Olga is the last admin now.
    let etag = plane.item(path::USERS, "user", OLGA).await["etag"].as_str().unwrap().to_owned();
    let remove = plane.by_admin(Method::DELETE, path::USER, &[OLGA]).if_match(&etag).send().await;
    remove.refused(400, "VALIDATION_ERROR");
    plane.set_role(OLGA, "member").await.refused(400, "VALIDATION_ERROR");
}
