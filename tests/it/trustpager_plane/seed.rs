//! The first day: seeded beside Odeus, and kept.

use scopeform::platform::trustpager::wire::path;
use scopeform::server::default_trustpager_world;
use serde_json::{Value, json};

use super::plane::{CLAUDE, MAX, Plane, list, seed_of, start_in, world};

#[tokio::test]
async fn a_world_says_what_differs_from_the_default_policy() {
    let plane = Plane::start().await;
    let claude = plane.oauth_client(CLAUDE).await;
    let access = &claude["state"]["access"];
    assert_eq!(access["tiers"]["email"], "send_automatically");
    assert_eq!(access["tiers"]["sms"], "no_access");
    assert_eq!(access["tiers"]["contacts"], "delete_with_approval", "the default");
    assert_eq!(access["verbs"]["calls"], json!(["initiate"]), "the default");
    let tokens: Vec<&Value> = claude["state"]["tokens"].as_object().unwrap().values().collect();
    let of = |user: &str| *tokens.iter().find(|token| token["user"] == user).unwrap();
    assert_eq!(of("vera@acme.example")["role_at_authorisation"], "member");
    assert_eq!(of("olga@acme.example")["last_used"], "2026-03-01");
    assert_eq!(of("olga@acme.example")["requests"], 7);

    // Files can name a token of the world: it has the same id everywhere.
    let other = Plane::start().await;
    let again = other.oauth_client(CLAUDE).await;
    assert_eq!(again["state"]["tokens"], claude["state"]["tokens"]);
    assert_ne!(again["etag"], claude["etag"]);
}

#[tokio::test]
async fn what_was_done_outlives_the_process_and_a_reset_forgets_it() {
    let plane = Plane::start().await;
    plane.set_tiers("Zapier", &[("email", "read")]).await.ok();
    let (token, _) = plane.authorize(MAX, "Zapier").await;
    let queued = plane.act(&token, "write", "contacts").await;
    assert_eq!(queued.status, 200);
    let before = plane.oauth_client("Zapier").await;
    let Plane { running, dir, .. } = plane;
    running.shutdown().await;

    let running = start_in(&dir, None, None, false).await.unwrap();
    let plane = Plane::around(running, dir);
    assert_eq!(plane.oauth_client("Zapier").await, before, "also without a seed");
    plane.act(&token, "read", "contacts").await.ok();
    let Plane { running, dir, .. } = plane;
    running.shutdown().await;

    let mut other = world();
    other.workspaces.remove("globex");
    let running = start_in(&dir, seed_of(other.clone()), None, false).await.unwrap();
    assert_eq!(running.notices.len(), 1, "{:?}", running.notices);
    assert!(running.notices[0].contains("TrustPager world has changed"));
    running.shutdown().await;

    let running = start_in(&dir, seed_of(other), None, true).await.unwrap();
    assert_eq!(running.notices, Vec::<String>::new());
    let plane = Plane::around(running, dir);
    let after = plane.oauth_client("Zapier").await;
    assert_eq!(after["state"]["access"]["tiers"]["email"], "send_with_approval");
    assert_ne!(after["etag"], before["etag"]);
    plane.act(&token, "read", "contacts").await.refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn worlds_that_cannot_be_are_refused_whole() {
    let acme = |change: fn(&mut scopeform::platform::trustpager::world::WorldWorkspace)| {
        let mut world = world();
        change(world.workspaces.get_mut("acme").unwrap());
        world
    };
    let cases = [
        (
            acme(|acme| {
                let role = "pirate".try_into().unwrap();
                acme.users.insert("zoe@acme.example".try_into().unwrap(), role);
            }),
            "the catalogue has no role `pirate`",
        ),
        (
            acme(|acme| {
                acme.users.remove("vera@acme.example");
                acme.groups.clear();
            }),
            "`vera@acme.example` has authorised `Claude Connection` but is not among the users",
        ),
        (
            acme(|acme| {
                acme.users.remove("vera@acme.example");
            }),
            "group `ops` names `vera@acme.example`, who is not among the users",
        ),
        (
            acme(|acme| {
                let access = list(json!({ "tiers": { "billing": "delete_automatically" } }));
                acme.clients.get_mut("Zapier").unwrap().access = access;
            }),
            "OAuth client `Zapier`: `billing` has no tier `delete_automatically`",
        ),
    ];
    for (world, why) in cases {
        let dir = tempfile::tempdir().unwrap();
        let error = start_in(&dir, seed_of(world), None, false).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        // Nothing of it was kept: the next start seeds.
        let running = start_in(&dir, seed_of(super::plane::world()), None, false).await.unwrap();
        assert_eq!(running.notices, Vec::<String>::new());
        running.shutdown().await;
    }
}

#[tokio::test]
async fn without_a_world_there_is_one_owner() {
    let workspace = "acme".try_into().unwrap();
    let plane = Plane::with(default_trustpager_world(&workspace), None).await;
    let users = plane.read(path::USERS).await.body;
    assert_eq!(users["items"][0]["user"], "owner@acme.example");
    assert_eq!(users["items"][0]["role"], "owner");
    let session = plane.session("owner@acme.example").await;
    let read = plane.call(reqwest::Method::GET, path::CLIENTS, &[]).token(&session).send().await;
    assert_eq!(read.ok().body["items"], json!([]));
}
