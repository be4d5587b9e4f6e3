//! The protocol: who may come in, in which order a write is checked, pages, limits, the vendor's words.

use reqwest::Method;
use scopeform::platform::trustpager::wire::path;
use serde_json::{Value, json};

use super::plane::{ADA, CLAUDE, MAX, OLGA, Plane, user, world};

#[tokio::test]
async fn a_write_is_checked_in_the_published_order() {
    let plane = Plane::start().await;
    let live = plane.oauth_client("Zapier").await;
    let etag = live["etag"].as_str().unwrap().to_owned();
    let mut access = live["state"]["access"].clone();
    access["tiers"]["email"] = json!("send_automatically");
    let member = plane.session(MAX).await;
    let put = |token: Option<&str>, etag: Option<&str>, body: &Value| {
        let mut call = plane.call(Method::PUT, path::CLIENT_ACCESS, &["Zapier"]).json(body);
        if let Some(token) = token {
            call = call.token(token);
        }
        if let Some(etag) = etag {
            call = call.if_match(etag);
        }
        call.send()
    };
    let confirm = json!({ "add": ["email:send"], "remove": ["email:send-approval"] });
    let superset = json!({ "add": ["email:send", "sms:send"], "remove": ["email:send-approval"] });
    let unconfirmed = json!({ "access": access });
    let mut off_ladder = unconfirmed.clone();
    off_ladder["access"]["tiers"]["billing"] = json!("delete_automatically");
    let admin = Some(plane.admin.as_str());

    put(None, None, &json!({})).await.refused(401, "UNAUTHORIZED");
    put(Some(&member), None, &json!({})).await.refused(403, "INSUFFICIENT_SCOPE");
    put(admin, None, &json!({})).await.refused(400, "MISSING_FIELDS");
    put(admin, None, &json!({ "access": 7 })).await.refused(400, "VALIDATION_ERROR");
    put(admin, None, &off_ladder).await.refused(400, "VALIDATION_ERROR");
    put(admin, None, &unconfirmed).await.refused(428, "PRECONDITION_REQUIRED");
    put(admin, Some("*"), &unconfirmed).await.refused(428, "PRECONDITION_REQUIRED");
    put(admin, Some("\"old\""), &unconfirmed).await.refused(412, "PRECONDITION_FAILED");
    let asked = put(admin, Some(&etag), &unconfirmed).await.refused(409, "CONFLICT");
    assert_eq!(asked.body["error"]["confirmation"], confirm);
    let body = json!({ "access": access, "confirm": superset });
    put(admin, Some(&etag), &body).await.refused(409, "CONFLICT");
    assert_eq!(plane.oauth_client("Zapier").await, live, "nothing has changed");

    let body = json!({ "access": access, "confirm": confirm });
    let saved = put(admin, Some(&etag), &body).await.ok();
    assert_ne!(saved.etag, etag);
    assert_eq!(saved.etag, saved.body["client"]["etag"].as_str().unwrap());
    put(admin, Some(&etag), &body).await.refused(412, "PRECONDITION_FAILED");
}

#[tokio::test]
async fn every_write_of_an_admin_needs_the_version_it_was_decided_on() {
    let plane = Plane::start().await;
    let (_, token) = plane.authorize(OLGA, CLAUDE).await;
    let id = token["id"].as_str().unwrap();
    let grants = json!({ "grants": "full_access" });
    let list = json!({ "custom": { "tiers": {} } });
    let writes = [
        (Method::POST, path::REVOKE_TOKEN, vec![CLAUDE, id], json!({})),
        (Method::POST, path::KEYS, vec![], json!({ "name": "new", "grants": list })),
        (Method::PUT, path::KEY_ACCESS, vec!["nightly export"], grants),
        (Method::POST, path::ROTATE_KEY, vec!["root"], json!({})),
        (Method::POST, path::REVOKE_KEY, vec!["root"], json!({})),
        (Method::PATCH, path::USER_ROLE, vec![MAX], json!({ "role": "admin" })),
        (Method::DELETE, path::USER, vec![MAX], json!({})),
    ];
    for (method, template, names, body) in writes {
        let call = || plane.by_admin(method.clone(), template, &names).json(&body);
        call().send().await.refused(428, "PRECONDITION_REQUIRED");
        let stale = call().if_match("\"0-0\"").send().await;
        stale.refused(412, "PRECONDITION_FAILED");
    }
}

#[tokio::test]
async fn callers_are_told_apart() {
    let plane = Plane::start().await;
    let (token, _) = plane.authorize(OLGA, CLAUDE).await;
    let key = plane.create_key("all", &json!("full_access")).await;
    for caller in [&token, &key] {
        let read = plane.call(Method::GET, path::CLIENTS, &[]).token(caller).send().await;
        read.refused(403, "INSUFFICIENT_SCOPE");
        let own = plane.call(Method::POST, path::AUTHORIZE, &[CLAUDE]).token(caller).send().await;
        own.refused(403, "INSUFFICIENT_SCOPE");
    }
    let session = plane.session(ADA).await;
    for caller in [&session, &plane.admin] {
        plane.act(caller, "read", "contacts").await.refused(403, "INSUFFICIENT_SCOPE");
    }
    plane.call(Method::GET, path::CLIENTS, &[]).token(&session).send().await.ok();

    // A token that may only read.
    let body = json!({ "user": ADA, "read_only": true });
    let mint = plane.by_admin(Method::POST, path::SESSIONS, &[]).json(&body).send().await.ok();
    let reader = mint.body["token"].as_str().unwrap();
    plane.call(Method::GET, path::KEYS, &[]).token(reader).send().await.ok();
    plane.call(Method::GET, path::APPROVALS, &[]).token(reader).send().await.ok();
    let write =
        plane.call(Method::POST, path::SESSIONS, &[]).token(reader).json(&body).send().await;
    write.refused(403, "INSUFFICIENT_SCOPE");
    let write = plane.call(Method::POST, path::AUTHORIZE, &[CLAUDE]).token(reader).send().await;
    write.refused(403, "INSUFFICIENT_SCOPE");

    // One that has ended, and one of nobody.
    let body = json!({ "user": ADA, "expires_in_seconds": 0 });
    let mint = plane.by_admin(Method::POST, path::SESSIONS, &[]).json(&body).send().await.ok();
    let ended = mint.body["token"].as_str().unwrap();
    let read = plane.call(Method::GET, path::KEYS, &[]).token(ended).send().await;
    read.refused(401, "UNAUTHORIZED");
    let body = json!({ "user": "nobody@acme.example" });
    let mint = plane.by_admin(Method::POST, path::SESSIONS, &[]).json(&body).send().await;
    mint.refused(400, "VALIDATION_ERROR");

    // A web page, whoever it is.
    let page =
        plane.by_admin(Method::GET, path::KEYS, &[]).header("origin", "https://evil.example");
    page.send().await.refused(403, "INSUFFICIENT_SCOPE");
}

#[tokio::test]
async fn another_tenant_is_as_if_it_were_not_there() {
    let plane = Plane::start().await;
    let session = plane.session(ADA).await;
    let get = |template: &str, place: &str| {
        let path = template.replace("{workspace}", place);
        plane.raw_path(Method::GET, &path).token(&session).send()
    };
    get(path::CLIENTS, "globex").await.refused(404, "NOT_FOUND");
    get(path::CLIENTS, "initech").await.refused(404, "NOT_FOUND");
    get(path::APPROVALS, "globex").await.refused(404, "NOT_FOUND");
    plane
        .by_admin(Method::GET, path::APPROVAL, &["apr_000000001"])
        .send()
        .await
        .refused(404, "NOT_FOUND");
    let nothing = path::CLIENTS.replace("{workspace}", "initech");
    let nothing = plane.raw_path(Method::GET, &nothing).token(&plane.admin).send().await;
    nothing.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn refusals_have_the_vendors_shape_also_where_no_route_answers() {
    let plane = Plane::start().await;
    let nowhere = plane.raw_path(Method::GET, "/trustpager/v1/nowhere").send().await;
    nowhere.refused(404, "NOT_FOUND");
    let method = plane.by_admin(Method::DELETE, path::CLIENTS, &[]).send().await;
    method.refused(405, "METHOD_NOT_ALLOWED");
    let text = plane.by_admin(Method::POST, path::SESSIONS, &[]).raw("{").send().await;
    text.refused(400, "INVALID_BODY");
    let big = plane
        .by_admin(Method::POST, path::SESSIONS, &[])
        .json(&json!({ "user": "x".repeat(1 << 20) }));
    big.send().await.refused(413, "INVALID_BODY");
    let key = plane.create_key("all", &json!("full_access")).await;
    let big = json!({ "request_body": "x".repeat(1 << 20) });
    plane.act_with(&key, "write", "contacts", &big).await.refused(413, "INVALID_BODY");
    let surplus = json!({ "colour": "red" });
    plane.act_with(&key, "write", "contacts", &surplus).await.refused(400, "VALIDATION_ERROR");
    let odeus = plane.raw_path(Method::GET, "/odeus/v1/nowhere").send().await;
    assert_eq!((odeus.status, &odeus.body["type"]), (404, &json!("error")));
}

#[tokio::test]
async fn pages_hold_25_and_at_most_100_and_lead_to_the_end() {
    let mut world = world();
    let acme = world.workspaces.get_mut("acme").unwrap();
    for n in 0..56 {
        let role = scopeform::platform::trustpager::name::RoleKey::try_from("member").unwrap();
        acme.users.insert(user(&format!("user{n:02}@acme.example")), role);
    }
    let plane = Plane::with(world, None).await;
    let base = path::USERS.replace("{workspace}", "acme");
    let get = |query: String| {
        plane.raw_path(Method::GET, &format!("{base}?{query}")).token(&plane.admin).send()
    };
    let (mut seen, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = get(format!("cursor={cursor}")).await.ok().body;
        let items = page["items"].as_array().unwrap();
        sizes.push(items.len());
        seen.extend(items.iter().map(|item| item["user"].as_str().unwrap().to_owned()));
        assert_eq!(page["has_more"], !page["next_cursor"].is_null());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(sizes, [25, 25, 10]);
    assert!(seen.is_sorted() && seen.len() == 60);
    assert_eq!(get("limit=100".to_owned()).await.ok().body["items"].as_array().unwrap().len(), 60);
    for query in ["limit=0", "limit=101", "limit=x", "cursor=zz", "color=red", "status=all"] {
        get(query.to_owned()).await.refused(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn a_token_calls_60_times_a_minute_and_is_then_told_to_wait() {
    let plane = Plane::start().await;
    let (olga, token) = plane.authorize(OLGA, CLAUDE).await;
    let mut limited = None;
    // Time refills the bucket while we call, so a few more than 60 may pass.
    for n in 0..90 {
        let reply = plane.act(&olga, "read", "contacts").await;
        if reply.status == 429 {
            assert!(n >= 60, "only {n} calls passed");
            limited = Some(reply);
            break;
        }
    }
    let limited = limited.unwrap().refused(429, "RATE_LIMITED");
    assert!((1..=60).contains(&limited.retry_after.unwrap()));
    // Another token of the same user has a limit of its own, and the portal has none here.
    let (other, _) = plane.authorize(OLGA, CLAUDE).await;
    plane.act(&other, "read", "contacts").await.ok();
    let counted =
        &plane.oauth_client(CLAUDE).await["state"]["tokens"][token["id"].as_str().unwrap()];
    assert!(counted["requests"].as_u64().unwrap() >= 60);
}

#[tokio::test]
async fn the_portal_shares_the_limit_of_the_control_plane() {
    let plane = Plane::with(world(), Some(3)).await;
    for _ in 0..3 {
        plane.read(path::USERS).await;
    }
    let limited = plane.by_admin(Method::GET, path::USERS, &[]).send().await;
    let limited = limited.refused(429, "RATE_LIMITED");
    assert!(limited.retry_after.is_some());
}

#[tokio::test]
async fn every_write_leaves_one_entry_in_the_audit_log() {
    let plane = Plane::start().await;
    let (olga, token) = plane.authorize(OLGA, "Zapier").await;
    plane.set_tiers("Zapier", &[("email", "send_with_approval"), ("tasks", "read")]).await.ok();
    plane.act(&olga, "send", "email").await.ok();
    plane.revoke("Zapier", token["id"].as_str().unwrap()).await.ok();
    plane.set_role(MAX, "admin").await.ok();
    plane.set_role(MAX, "owner").await.ok();
    plane.create_key("sync", &json!({ "custom": { "tiers": { "contacts": "read" } } })).await;
    let log = plane.read(path::AUDIT).await.body;
    let entries = log["items"].as_array().unwrap();
    let actions: Vec<&str> =
        entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "portal_token.created",
            "oauth_token.issued",
            "oauth_client.updated",
            "approval.queued",
            "oauth_token.revoked",
            "user.role_changed",
            "user.role_changed",
            "api_key.created",
        ]
    );
    let saved = &entries[2];
    assert_eq!(saved["entity_id"], "oauth_clients/Zapier/resources");
    assert_eq!(saved["scopes"], json!({ "add": ["tasks:read"], "remove": ["tasks:write"] }));
    assert_eq!(entries[1]["actor_id"], OLGA);
    assert_eq!(entries[4]["after"], json!({ "revoked": "left" }));
}

#[tokio::test]
async fn of_two_saves_decided_on_the_same_version_one_is_refused() {
    let plane = Plane::start().await;
    let live = plane.oauth_client("Zapier").await;
    let etag = live["etag"].as_str().unwrap().to_owned();
    let put = |resource: &'static str| {
        let mut access = live["state"]["access"].clone();
        let before = access["tiers"][resource].clone();
        assert_eq!(before, "write_automatically");
        access["tiers"][resource] = json!("read");
        let confirm = json!({
            "add": [format!("{resource}:read")], "remove": [format!("{resource}:write")],
        });
        let body = json!({ "access": access, "confirm": confirm });
        plane
            .by_admin(Method::PUT, path::CLIENT_ACCESS, &["Zapier"])
            .if_match(&etag)
            .json(&body)
            .send()
    };
    let (one, two) = tokio::join!(put("tasks"), put("products"));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}
