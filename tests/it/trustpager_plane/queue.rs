//! The approval queue: who settles what, and that approved is not executed.

use reqwest::Method;
use scopeform::platform::trustpager::wire::path;
use serde_json::{Value, json};

use super::plane::{ADA, MAX, OLGA, Plane, Reply};

async fn enqueue(plane: &Plane, token: &str, body: Value) -> String {
    let reply = plane.act_with(token, "send", "email", &body).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    reply.body["approval_id"].as_str().unwrap().to_owned()
}

async fn settle(plane: &Plane, token: &str, template: &str, id: &str) -> Reply {
    let call = plane.call(Method::POST, template, &[id]).token(token);
    call.json(&json!({})).send().await
}

async fn ids(plane: &Plane, status: &str) -> Vec<String> {
    let template = format!("{}?status={status}", path::APPROVALS.replace("{workspace}", "acme"));
    let page = plane.raw_path(Method::GET, &template).token(&plane.admin).send().await.ok();
    let items = page.body["items"].as_array().unwrap();
    items.iter().map(|item| item["item"]["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_status_is_reached_and_listed_and_none_is_left() {
    let plane = Plane::start().await;
    let (olga, token) = plane.authorize(OLGA, "Zapier").await;
    let good = enqueue(&plane, &olga, json!({ "target_id": "mail-7" })).await;
    let bad = enqueue(&plane, &olga, json!({ "backend": "fails" })).await;
    let no = enqueue(&plane, &olga, json!({})).await;
    let late = enqueue(&plane, &olga, json!({ "expires_in_seconds": 0 })).await;
    let open = enqueue(&plane, &olga, json!({})).await;

    let done = settle(&plane, &plane.admin, path::APPROVE, &good).await.ok();
    assert_eq!(done.body["execution_status"], "succeeded");
    assert_eq!(done.body["call"]["target_id"], "mail-7");
    assert_eq!(
        done.body["item"]["caller"],
        json!({
            "token": { "client": "Zapier", "token": token["id"] },
        })
    );
    let failed = settle(&plane, &plane.admin, path::APPROVE, &bad).await.ok();
    assert_eq!(
        (&failed.body["status"], &failed.body["execution_status"]),
        (&json!("approved"), &json!("failed"),)
    );
    let call = plane.by_admin(Method::POST, path::REJECT, &[&no]);
    let rejected = call.json(&json!({ "reason": "not now" })).send().await.ok();
    assert_eq!(rejected.body["reason"], "not now");
    assert_eq!(rejected.body["execution_status"], Value::Null);

    for (id, status) in [(&good, "approved"), (&no, "rejected"), (&late, "expired")] {
        for template in [path::APPROVE, path::REJECT] {
            let again = settle(&plane, &plane.admin, template, id).await.refused(409, "CONFLICT");
            assert!(again.body.to_string().contains(&format!("is {status} already")));
        }
    }
    assert_eq!(ids(&plane, "pending").await, [open.as_str()]);
    assert_eq!(ids(&plane, "approved").await, [good.clone(), bad.clone()]);
    assert_eq!(ids(&plane, "rejected").await, [no.as_str()]);
    assert_eq!(ids(&plane, "expired").await, [late.as_str()]);
    assert_eq!(ids(&plane, "all").await, [good, bad, no, late, open]);
    let wrong = path::APPROVALS.replace("{workspace}", "acme") + "?status=lost";
    let reply = plane.raw_path(Method::GET, &wrong).token(&plane.admin).send().await;
    reply.refused(400, "VALIDATION_ERROR");
    let nothing = plane.by_admin(Method::GET, path::APPROVAL, &["apr_9"]).send().await;
    nothing.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn who_may_settle() {
    let plane = Plane::start().await;
    let (olga, _) = plane.authorize(OLGA, "Zapier").await;
    let queue = json!({ "custom": { "tiers": { "email": "send_with_approval" } } });
    let custom = plane.create_key("mailer", &queue).await;
    let full = plane.create_key("boss", &json!("full_access")).await;
    let (member, admin) = (plane.session(MAX).await, plane.session(ADA).await);
    let id = enqueue(&plane, &olga, json!({})).await;
    for token in [&olga, &custom, &member] {
        for template in [path::APPROVE, path::REJECT] {
            let reply = settle(&plane, token, template, &id).await;
            reply.refused(403, "INSUFFICIENT_SCOPE");
        }
        let list = plane.call(Method::GET, path::APPROVALS, &[]).token(token).send().await;
        list.refused(403, "INSUFFICIENT_SCOPE");
    }
    let done = settle(&plane, &full, path::APPROVE, &id).await.ok();
    assert_eq!(done.body["resolved_by"], "api-keys/boss");
    let of_key = enqueue(&plane, &custom, json!({})).await;
    // The reason may be left out, and so may the body.
    let reject = plane.call(Method::POST, path::REJECT, &[&of_key]).token(&admin);
    let done = reject.send().await.ok();
    assert_eq!(done.body["resolved_by"], ADA);
}

#[tokio::test]
async fn a_key_never_approves_what_it_queued_itself() {
    let plane = Plane::start().await;
    let queue = json!({ "custom": { "tiers": { "email": "send_with_approval" } } });
    let key = plane.create_key("mailer", &queue).await;
    let other = plane.create_key("boss", &json!("full_access")).await;
    let id = enqueue(&plane, &key, json!({})).await;
    // It is promoted, and may approve now, but not this.
    let etag = plane.item(path::KEYS, "name", "mailer").await["etag"].as_str().unwrap().to_owned();
    let body = json!({ "grants": "full_access", "confirm": { "remove": ["email:send-approval"] } });
    let put = plane.by_admin(Method::PUT, path::KEY_ACCESS, &["mailer"]).if_match(&etag);
    put.json(&body).send().await.ok();
    settle(&plane, &key, path::APPROVE, &id).await.refused(403, "INSUFFICIENT_SCOPE");
    settle(&plane, &other, path::APPROVE, &id).await.ok();
}

#[tokio::test]
async fn a_call_is_handed_on_by_those_who_may() {
    let plane = Plane::start().await;
    let (olga, _) = plane.authorize(OLGA, "Zapier").await;
    let id = enqueue(&plane, &olga, json!({})).await;
    let grants = json!({ "custom": { "tiers": {}, "verbs": { "approvals": ["reassign"] } } });
    let key = plane.create_key("dispatcher", &grants).await;
    let assign = |token: String, to: &str| {
        let body = json!({ "user": to });
        plane.call(Method::POST, path::ASSIGN, &[&id]).token(&token).json(&body).send()
    };
    assign(olga, ADA).await.refused(403, "INSUFFICIENT_SCOPE");
    let given = assign(key.clone(), ADA).await.ok();
    assert_eq!(given.body["assigned_to"], ADA);
    assign(key, "nobody@acme.example").await.refused(400, "VALIDATION_ERROR");
    settle(&plane, &plane.admin, path::APPROVE, &id).await.ok();
    assign(plane.admin.clone(), MAX).await.refused(409, "CONFLICT");
}
