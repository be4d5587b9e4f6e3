//! Writing: who may, in which order things are checked, and what must be confirmed (SEMANTICS section 3).

#![expect(clippy::disallowed_methods, reason = "the test looks into the database file")]

use reqwest::Method;
use scopeform::platform::odeus::wire::path;
use serde_json::{Value, json};

use super::plane::{ANA, BEN, EVA, Plane, fixed_world, names, set, start_in, world};

const CREATE_LIST: [&str; 3] = ["acme", "sharepoint", "create_list"];

fn enable(add: &[&str]) -> Value {
    json!({ "access": "everyone", "confirm": { "add": add } })
}

/// A request that is wrong in every way, made right one step at a time: each answer is the first check that still fails.
#[tokio::test]
async fn checks_come_in_the_order_of_the_protocol() {
    let plane = Plane::start().await;
    let before = plane.integration("sharepoint").await;
    let member = plane.token(BEN).await;
    let stale = "\"stale-0\"";
    let unconfirmed = r#"{"access": "everyone"}"#;
    let rows = [
        ("", "check_access", "not json", "", 401, "unauthenticated"),
        ("wrong", "check_access", "not json", stale, 401, "unauthenticated"),
        (member.as_str(), "check_access", "not json", "", 403, "admin_required"),
        ("admin", "check_access", "not json", "", 400, "invalid_json"),
        ("admin", "check_access", r#"{"access": "everybody"}"#, "", 422, "invalid_request"),
        ("admin", "check_access", unconfirmed, "", 422, "native_action"),
        ("admin", "check_access", unconfirmed, stale, 422, "native_action"),
        ("admin", "no_such", unconfirmed, stale, 422, "unknown_action"),
        ("admin", "create_list", unconfirmed, "", 428, "precondition_required"),
        ("admin", "create_list", unconfirmed, "*", 428, "precondition_required"),
        ("admin", "create_list", unconfirmed, stale, 412, "precondition_failed"),
        ("admin", "create_list", unconfirmed, &before.etag, 409, "confirmation_required"),
    ];
    for (token, action, body, if_match, status, code) in rows {
        let place = ["acme", "sharepoint", action];
        let mut call = plane.call(Method::PUT, path::ACTION_ACCESS, &place).raw(body.to_owned());
        call = match token {
            "" => call,
            "admin" => call.admin(),
            other => call.token(other),
        };
        if !if_match.is_empty() {
            call = call.if_match(if_match);
        }
        call.send().await.refused(status, code);
        assert_eq!(plane.integration("sharepoint").await.body, before.body, "{code}");
    }
    let done = plane
        .call(Method::PUT, path::ACTION_ACCESS, &CREATE_LIST)
        .admin()
        .if_match(&before.etag)
        .json(&enable(&["Sites.Manage.All"]))
        .send()
        .await
        .ok();
    assert_ne!(done.etag, before.etag);
    assert_eq!(done.body["integration"]["etag"], Value::String(done.etag));
    assert_eq!(done.body["effect"]["scopes"]["add"], json!(["Sites.Manage.All"]));
}

#[tokio::test]
async fn case_45_only_the_exact_delta_is_consent_and_declining_changes_nothing() {
    let plane = Plane::start().await;
    let before = plane.integration("sharepoint").await.body;
    let wrong = [
        json!({}),
        json!({ "add": ["Sites.Manage.All", "Mail.Send"] }),
        json!({ "add": ["sites.manage.all"] }),
        json!({ "add": ["Sites.Manage.All"], "remove": ["User.Read"] }),
        json!({ "add": ["Sites.Manage.All"], "accept_missing": ["Sites.Manage.All"] }),
        json!({ "remove": ["Sites.Manage.All"] }),
    ];
    for confirm in wrong {
        let body = json!({ "access": "everyone", "confirm": confirm });
        let refused = plane.put(path::ACTION_ACCESS, &["sharepoint", "create_list"], body).await;
        let refused = refused.refused(409, "confirmation_required");
        let exactly = json!({ "add": ["Sites.Manage.All"], "remove": [], "accept_missing": [] });
        assert_eq!(refused.body["error"]["confirmation"], exactly);
        assert_eq!(plane.integration("sharepoint").await.body, before);
    }
    // Compared as sets: order and repetition carry no meaning.
    let body = enable(&["Sites.Manage.All", "Sites.Manage.All"]);
    plane.put(path::ACTION_ACCESS, &["sharepoint", "create_list"], body).await.ok();
    let body = json!({ "access": "nobody" });
    let off = plane.put(path::ACTION_ACCESS, &["sharepoint", "create_list"], body).await;
    let exactly = &off.refused(409, "confirmation_required").body["error"]["confirmation"];
    assert_eq!(
        *exactly,
        json!({ "add": [], "remove": ["Sites.Manage.All"], "accept_missing": [] })
    );
}

#[tokio::test]
async fn a_change_without_a_delta_needs_no_confirmation() {
    let plane = Plane::start().await;
    let body = json!({ "access": { "only": [{ "user": BEN }] } });
    plane.put(path::ACTION_ACCESS, &["sharepoint", "create_page"], body).await.ok();
    let body = json!({ "access": "nobody" });
    let shut = plane.put(path::ACCESS, &["sharepoint"], body).await.ok();
    assert_eq!(shut.body["effect"]["scopes"], json!({ "add": [], "remove": [] }));
}

#[tokio::test]
async fn case_35_enabling_with_missing_scopes_asks_although_the_delta_is_empty() {
    let plane = Plane::with(fixed_world(&["offline_access", "User.Read", "Files.Read.All"])).await;
    let place = ["sharepoint", "create_list"];
    let ask = json!({ "add": [], "remove": [], "accept_missing": ["Sites.Manage.All"] });
    for body in [
        json!({ "access": "everyone" }),
        json!({ "access": "everyone", "confirm": { "accept_missing": ["Sites.Manage.All"] } }),
        json!({ "access": "everyone", "accept": ["Sites.Manage.All"] }),
    ] {
        let refused = plane.put(path::ACTION_ACCESS, &place, body).await;
        let refused = refused.refused(409, "confirmation_required");
        assert_eq!(refused.body["error"]["confirmation"], ask);
    }
    let more = json!({ "access": "everyone", "accept": ["Sites.Manage.All", "Mail.Send"] });
    plane.put(path::ACTION_ACCESS, &place, more).await.refused(422, "cannot_accept");
    let body = json!({
        "access": "everyone", "accept": ["Sites.Manage.All"],
        "confirm": { "accept_missing": ["Sites.Manage.All"] },
    });
    let done = plane.put(path::ACTION_ACCESS, &place, body).await.ok();
    assert_eq!(done.body["effect"]["accepts"], json!(["Sites.Manage.All"]));
    assert_eq!(done.body["effect"]["scopes"], json!({ "add": [], "remove": [] }));
    let badge = &done.body["integration"]["view"]["actions"]["create_list"];
    assert_eq!(badge["status"], "missing_scope");
}

#[tokio::test]
async fn one_etag_covers_an_integration_and_only_it() {
    let plane = Plane::start().await;
    let sharepoint = plane.integration("sharepoint").await.etag;
    let todo = plane.integration("todo").await.etag;
    let settings = plane.read(path::SETTINGS, &["acme"]).await.etag;
    let put = |template, place: Vec<&'static str>, etag: String, body: Value| {
        plane.call(Method::PUT, template, &place).admin().if_match(&etag).json(&body).send()
    };
    let shared = json!({ "access": { "only": [{ "group": "content" }] } });
    let download = vec!["acme", "sharepoint", "download_file"];
    let done = put(path::ACTION_ACCESS, download, sharepoint.clone(), shared).await.ok();
    assert_ne!(done.etag, sharepoint);
    let stale =
        put(path::ACTION_ACCESS, CREATE_LIST.to_vec(), sharepoint, enable(&["Sites.Manage.All"]));
    stale.await.refused(412, "precondition_failed");
    let weak = format!("W/{}", done.etag);
    let access = json!({ "access": "nobody" });
    let place = vec!["acme", "sharepoint"];
    put(path::ACCESS, place.clone(), weak, access.clone())
        .await
        .refused(412, "precondition_failed");
    // Another integration and the settings have not moved.
    put(path::ACCESS, vec!["acme", "todo"], todo, access.clone()).await.ok();
    let on = json!({ "enabled": true });
    put(path::NEW_ACTIONS, vec!["acme"], settings, on.clone()).await.ok();
    let list = format!("\"other\", {}", done.etag);
    let again = put(path::ACCESS, place.clone(), list, access.clone()).await.ok();
    // Writing what is there already moves nothing.
    assert_eq!(put(path::ACCESS, place, again.etag.clone(), access).await.ok().etag, again.etag);
    put(path::NEW_ACTIONS, vec!["acme"], again.etag, on).await.refused(412, "precondition_failed");
}

#[tokio::test]
async fn a_client_is_one_write_and_its_secret_goes_nowhere() {
    let plane = Plane::start().await;
    let list = ["offline_access", "User.Read", "Files.Read.All"];
    let client = json!({ "custom": { "id": "app-7", "secret": "env:SP_SECRET", "fixed": list } });
    let confirm = json!({ "remove": ["Sites.ReadWrite.All"] });
    for secret in [json!(""), json!("  \n")] {
        let body = json!({ "client": client, "client_secret": secret, "confirm": confirm });
        plane.put(path::CLIENT, &["sharepoint"], body).await.refused(422, "invalid_secret");
    }
    let body = json!({ "client": "managed", "client_secret": "hunter2-hunter2" });
    plane.put(path::CLIENT, &["sharepoint"], body).await.refused(422, "invalid_secret");
    let body = json!({ "client": client, "client_secret": "hunter2-hunter2", "confirm": confirm });
    let done = plane.put(path::CLIENT, &["sharepoint"], body).await.ok();
    let state = &done.body["integration"]["state"];
    assert_eq!(state["client"]["custom"]["secret"], "env:SP_SECRET");
    assert_eq!(set(&state["requested"]), names(&list));
    let audit = plane.read(path::AUDIT, &["acme"]).await;
    assert!(!audit.body.to_string().contains("hunter2"));
    for file in std::fs::read_dir(plane.dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(7).any(|seen| seen == b"hunter2"));
    }
    let body = json!({ "scopes": ["User.Read"], "confirm": { "remove": ["offline_access", "Files.Read.All"] } });
    plane.put(path::CLIENT_SCOPES, &["sharepoint"], body).await.ok();
}

#[tokio::test]
async fn what_the_platform_refuses_it_refuses_with_a_code() {
    let plane = Plane::start().await;
    let custom = |fixed: Value| json!({ "client": { "custom": { "id": "x", "fixed": fixed } } });
    let shared = |who: Value| json!({ "access": { "only": [who] } });
    let rows = [
        (path::CLIENT, vec!["excel"], json!({ "client": "managed" }), "no_managed_client"),
        (path::CLIENT, vec!["todo"], custom(json!(["A"])), "scopes_not_managed"),
        (path::CLIENT, vec!["weather"], custom(json!(["A"])), "not_oauth"),
        (path::CLIENT, vec!["sharepoint"], custom(json!([])), "empty_list"),
        (path::CLIENT, vec!["sharepoint"], custom(json!(["{org}/x"])), "unresolved_placeholder"),
        (path::CLIENT_SCOPES, vec!["sharepoint"], json!({ "scopes": ["A"] }), "not_fixed"),
        (path::ACCESS, vec!["todo"], shared(json!({ "user": "x@y.example" })), "unknown_principal"),
        (
            path::ACTION_ACCESS,
            vec!["todo", "create_task"],
            shared(json!({ "group": "no" })),
            "unknown_principal",
        ),
    ];
    for (template, place, body, code) in rows {
        plane.put(template, &place, body).await.refused(422, code);
    }
    let etag = plane.integration("sharepoint").await.etag;
    let pending = plane.call(Method::POST, path::CONFIRM_PENDING, &["acme", "sharepoint"]);
    let body = json!({ "scopes": ["Mail.Send"] });
    pending.admin().if_match(&etag).json(&body).send().await.refused(422, "not_pending");
}

#[tokio::test]
async fn two_workspaces_never_share_a_client() {
    let plane = Plane::start().await;
    let other = plane.read(path::INTEGRATION, &["globex", "sharepoint"]).await;
    let body = json!({
        "client": { "custom": { "id": "app-7", "fixed": ["User.Read"] } },
        "confirm": { "remove": ["Sites.ReadWrite.All", "Files.Read.All", "offline_access"] },
    });
    plane.put(path::CLIENT, &["sharepoint"], body).await.ok();
    let after = plane.read(path::INTEGRATION, &["globex", "sharepoint"]).await;
    assert_eq!(after.body, other.body);
    let mine = plane.token(ANA).await;
    let theirs = plane.call(Method::GET, path::SETTINGS, &["globex"]).token(&mine).send().await;
    theirs.refused(403, "other_workspace");
    let nowhere = plane.call(Method::GET, path::SETTINGS, &["initech"]).token(&mine).send().await;
    nowhere.refused(403, "other_workspace");
}

#[tokio::test]
async fn roles_decide_who_may_read_and_write() {
    let plane = Plane::start().await;
    let admin = plane.token(ANA).await;
    let reader = plane.mint(json!({ "user": ANA, "read_only": true })).await;
    let expired = plane.mint(json!({ "user": ANA, "expires_in_seconds": 0 })).await;
    let editor = plane.token(EVA).await;
    let member = plane.token(BEN).await;
    let vendor = {
        use secrecy::ExposeSecret;
        plane.running.vendor_token.expose_secret().to_owned()
    };
    let body = json!({ "access": "everyone" });
    let rows = [
        (&admin, "", "", "user_token"),
        (&reader, "", "read_only_token", "read_only_token"),
        (&expired, "token_expired", "token_expired", "token_expired"),
        (&editor, "admin_required", "admin_required", "user_token"),
        (&member, "admin_required", "admin_required", "user_token"),
        (&vendor, "admin_required", "admin_required", "user_token_required"),
    ];
    for (token, read, write, connect) in rows {
        let place = ["acme", "sharepoint"];
        let answer = plane.call(Method::GET, path::INTEGRATION, &place).token(token).send().await;
        assert_eq!(answer.code(), read, "{}", answer.body);
        let etag = plane.integration("sharepoint").await.etag;
        let put = plane.call(Method::PUT, path::ACCESS, &place).token(token);
        let answer = put.if_match(&etag).json(&body).send().await;
        assert_eq!(answer.code(), write, "{}", answer.body);
        let answer = plane.connect(token).await;
        let expected = if connect == "user_token" { "" } else { connect };
        assert_eq!(answer.code(), expected, "{}", answer.body);
    }
    let publish = plane.call(Method::PUT, path::CATALOG, &["sharepoint"]).admin().raw("{}");
    publish.send().await.refused(403, "vendor_token_required");
    let browser = plane.call(Method::GET, path::SETTINGS, &["acme"]).admin();
    browser.header("origin", "https://evil.example").send().await.refused(403, "browser_origin");
    let too_long = json!({ "user": ANA, "expires_in_seconds": 999_999_999_u32 });
    let mint = plane.call(Method::POST, path::TOKENS, &["acme"]).admin().json(&too_long);
    mint.send().await.refused(422, "invalid_request");
}

#[tokio::test]
async fn bodies_and_rates_have_limits() {
    let plane = Plane::limited(world(), Some(20)).await;
    let large = vec![b' '; 1024 * 1024 + 1];
    let put = plane.call(Method::PUT, path::ACCESS, &["acme", "sharepoint"]).admin().raw(large);
    put.send().await.refused(413, "body_too_large");
    let mut last = plane.call(Method::GET, path::SETTINGS, &["acme"]).admin().send().await;
    for _ in 0..40 {
        if last.status != 200 {
            break;
        }
        last = plane.call(Method::GET, path::SETTINGS, &["acme"]).admin().send().await;
    }
    let limited = last.refused(429, "rate_limited");
    assert_eq!(limited.body["error"]["type"], "rate_limit_error");
    assert!((1..=3).contains(&limited.retry_after.unwrap()));
}

#[tokio::test]
async fn routes_that_are_not_there_say_so_in_the_same_shape() {
    let plane = Plane::start().await;
    plane.raw_path(Method::GET, "/nothing").admin().send().await.refused(404, "not_found");
    let patch = plane.call(Method::PATCH, path::SETTINGS, &["acme"]).admin().send().await;
    patch.refused(405, "method_not_allowed");
    let missing = plane.call(Method::GET, path::INTEGRATION, &["acme", "no_such"]).admin();
    missing.send().await.refused(404, "not_found");
    let odd = plane.raw_path(Method::GET, "/odeus/v1/workspaces/acme/integrations/A%20b").admin();
    odd.send().await.refused(404, "not_found");
    let document = plane.raw_path(Method::GET, "/openapi.json").send().await.ok();
    assert_eq!(document.body, scopeform::server::openapi_document());
}

#[tokio::test]
async fn collections_come_in_pages() {
    let plane = Plane::start().await;
    let base = path::fill(path::USERS, &["acme"]).unwrap();
    let mut cursor = String::new();
    let mut seen = Vec::new();
    for _ in 0..10 {
        let path = format!("{base}?limit=3{cursor}");
        let page = plane.raw_path(Method::GET, &path).admin().send().await.ok().body;
        let items = page["items"].as_array().unwrap().clone();
        assert!(items.len() <= 3);
        seen.extend(items.iter().map(|item| item["user"].as_str().unwrap().to_owned()));
        assert_eq!(page["has_more"].as_bool().unwrap(), page["next_cursor"].is_string());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["ana", "ben", "cleo", "eva"].map(|name| format!("{name}@acme.example")));
    let rows = [
        ("limit=0", 400, "invalid_limit"),
        ("limit=201", 400, "invalid_limit"),
        ("limit=many", 400, "invalid_limit"),
        ("cursor=zz", 400, "invalid_cursor"),
        ("cursor=5b5d", 400, "invalid_cursor"),
        ("cursor=%C3%A4%C3%A4", 400, "invalid_cursor"),
        ("page=2", 422, "invalid_request"),
    ];
    for (query, status, code) in rows {
        let answer = plane.raw_path(Method::GET, &format!("{base}?{query}")).admin().send().await;
        answer.refused(status, code);
    }
    for template in [path::INTEGRATIONS, path::GROUPS, path::CONNECTIONS, path::AUDIT] {
        let page = plane.read(template, &["acme"]).await.body;
        assert_eq!(page["has_more"], false, "{template}");
    }
    let nowhere = plane.call(Method::GET, path::USERS, &["initech"]).admin().send().await;
    nowhere.refused(404, "not_found");
}

#[tokio::test]
async fn every_write_leaves_one_line_in_the_audit_log() {
    let plane = Plane::start().await;
    let ana = plane.token(ANA).await;
    let etag = plane.integration("sharepoint").await.etag;
    let put = plane.call(Method::PUT, path::ACTION_ACCESS, &CREATE_LIST).token(&ana);
    put.if_match(&etag)
        .json(&json!({ "access": "everyone" }))
        .send()
        .await
        .refused(409, "confirmation_required");
    let put = plane.call(Method::PUT, path::ACTION_ACCESS, &CREATE_LIST).token(&ana);
    put.if_match(&etag).json(&enable(&["Sites.Manage.All"])).send().await.ok();
    let log = plane.read(path::AUDIT, &["acme"]).await.body;
    let entries = log["items"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "the token and the one write that happened: {log}");
    let entry = &entries[1];
    assert_eq!(entry["id"], 2);
    assert_eq!(entry["actor_type"], "USER");
    assert_eq!(entry["actor_id"], ANA);
    assert_eq!(entry["action"], "integration_action.updated");
    assert_eq!(entry["entity_id"], "sharepoint/actions/create_list");
    assert_eq!(entry["scopes"]["add"], json!(["Sites.Manage.All"]));
    assert_eq!(entry["before"]["access"], "nobody");
    assert_eq!(entry["after"]["access"], "everyone");
    assert!(!log.to_string().contains(&ana));
}

#[tokio::test]
async fn a_database_is_seeded_once_and_says_when_the_world_has_moved() {
    let dir = tempfile::tempdir().unwrap();
    let first = start_in(&dir, world(), None, false).await.unwrap();
    assert_eq!(first.notices, Vec::<String>::new());
    let plane = Plane::around(first, dir);
    plane.put(path::ACCESS, &["todo"], json!({ "access": "nobody" })).await.ok();
    let old = plane.integration("todo").await;
    let Plane { running, dir, .. } = plane;
    running.shutdown().await;

    let same = start_in(&dir, world(), None, false).await.unwrap();
    assert_eq!(same.notices, Vec::<String>::new());
    same.shutdown().await;
    let moved = start_in(&dir, fixed_world(&["User.Read"]), None, false).await.unwrap();
    let folder = dir.path().display().to_string();
    for part in ["the world has changed", "not read again", "removing the folder", &folder] {
        assert!(moved.notices[0].contains(part), "{part}: {:?}", moved.notices);
    }
    let plane = Plane::around(moved, dir);
    assert_eq!(plane.integration("todo").await.body, old.body);
    let Plane { running, dir, .. } = plane;
    running.shutdown().await;

    let anew = start_in(&dir, fixed_world(&["User.Read"]), None, true).await.unwrap();
    let plane = Plane::around(anew, dir);
    let now = plane.integration("todo").await;
    assert_eq!(now.body["state"]["access"], "everyone");
    assert_ne!(now.etag, old.etag, "a version token never survives a reset");
    assert_eq!(
        plane.integration("sharepoint").await.body["state"]["requested"],
        json!(["User.Read"])
    );
}

/// Whoever corrects the first world has not begun yet.
#[tokio::test]
async fn a_world_is_read_again_until_something_is_written() {
    let dir = tempfile::tempdir().unwrap();
    start_in(&dir, world(), None, false).await.unwrap().shutdown().await;
    let corrected = start_in(&dir, fixed_world(&["User.Read"]), None, false).await.unwrap();
    assert!(corrected.notices[0].contains("it begins anew"), "{:?}", corrected.notices);
    let plane = Plane::around(corrected, dir);
    let requested = plane.integration("sharepoint").await.body["state"]["requested"].clone();
    assert_eq!(requested, json!(["User.Read"]));
    // Neither reading nor a write that is refused is a write.
    let refused =
        plane.call(Method::PUT, path::ACCESS, &["acme", "todo"]).admin().if_match("\"x\"");
    let refused = refused.json(&json!({ "access": "nobody" })).send().await;
    assert_eq!(refused.status, 412);
    let Plane { running, dir, .. } = plane;
    running.shutdown().await;

    let back = start_in(&dir, world(), None, false).await.unwrap();
    assert!(back.notices[0].contains("it begins anew"), "{:?}", back.notices);
    let plane = Plane::around(back, dir);
    plane.put(path::ACCESS, &["todo"], json!({ "access": "nobody" })).await.ok();
    let Plane { running, dir, .. } = plane;
    running.shutdown().await;
    let late = start_in(&dir, fixed_world(&["User.Read"]), None, false).await.unwrap();
    assert!(late.notices[0].contains("not read again"), "{:?}", late.notices);
    let plane = Plane::around(late, dir);
    assert_eq!(plane.integration("todo").await.body["state"]["access"], "nobody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writes_on_one_etag_exactly_one_happens() {
    let plane = std::sync::Arc::new(Plane::start().await);
    // Another process on the same file takes part.
    let second = start_in(&plane.dir, world(), None, false).await.unwrap();
    let second = std::sync::Arc::new(Plane::around(second, tempfile::tempdir().unwrap()));
    let etag = plane.integration("sharepoint").await.etag;
    let writes: Vec<_> = (0..12)
        .map(|n| {
            let plane = std::sync::Arc::clone(if n % 2 == 0 { &plane } else { &second });
            let etag = etag.clone();
            tokio::spawn(async move {
                let put = plane.call(Method::PUT, path::ACTION_ACCESS, &CREATE_LIST).admin();
                put.if_match(&etag).json(&enable(&["Sites.Manage.All"])).send().await.status
            })
        })
        .collect();
    let mut statuses = Vec::new();
    for write in writes {
        statuses.push(write.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(statuses[1..].iter().all(|status| *status == 412), "{statuses:?}");
    let log = plane.read(path::AUDIT, &["acme"]).await.body;
    assert_eq!(log["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        second.integration("sharepoint").await.body,
        plane.integration("sharepoint").await.body
    );
}
