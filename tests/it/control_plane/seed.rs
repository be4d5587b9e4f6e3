//! From a world to the first day of a workspace.

use std::collections::BTreeMap;

use scopeform::model::{Access, UserId};
use scopeform::platform::odeus::operation::ClientSpec;
use scopeform::platform::odeus::state::Deployment;
use scopeform::platform::odeus::wire::path;
use scopeform::platform::odeus::world::{World, WorldConnection, WorldWorkspace};
use scopeform::server;
use serde_json::json;

use super::plane::{
    Plane, action, catalog, fixed_world, key, names, scopes, set, start_in, user, workspace, world,
};

fn changed(change: impl FnOnce(&mut WorldWorkspace)) -> World {
    let mut world = world();
    change(world.workspaces.get_mut("acme").unwrap());
    world
}

#[tokio::test]
async fn an_integration_begins_as_the_vendor_delivers_it() {
    let plane = Plane::start().await;
    let sharepoint = plane.integration("sharepoint").await.body;
    let requested =
        names(&["offline_access", "User.Read", "Files.Read.All", "Sites.ReadWrite.All"]);
    assert_eq!(set(&sharepoint["state"]["requested"]), requested);
    assert_eq!(sharepoint["state"]["client"], "managed");
    assert_eq!(sharepoint["view"]["mode"], "managed");
    // No managed client: unconfigured, nothing requested; scope management was rolled out here.
    let excel = plane.integration("excel").await.body;
    assert_eq!(excel["state"]["client"], "unconfigured");
    assert_eq!(excel["state"]["requested"], json!([]));
    assert_eq!(excel["capabilities"], json!({ "managed_client": false, "scope_management": true }));
    // Scopes cannot be managed yet: everything is requested, whatever is on.
    let todo = plane.integration("todo").await.body;
    assert_eq!(set(&todo["state"]["requested"]), names(&["User.Read", "Tasks.ReadWrite"]));
    assert_eq!(todo["view"]["pending"], json!([]));
}

#[tokio::test]
async fn a_dedicated_deployment_has_no_managed_client() {
    let plane = Plane::with(changed(|acme| {
        acme.deployment = Deployment::Dedicated;
        acme.connections.clear();
    }))
    .await;
    let sharepoint = plane.integration("sharepoint").await.body;
    assert_eq!(sharepoint["state"]["client"], "unconfigured");
    assert_eq!(sharepoint["capabilities"]["managed_client"], false);
    let put = plane.put(path::CLIENT, &["sharepoint"], json!({ "client": "managed" })).await;
    put.refused(422, "no_managed_client");
}

#[tokio::test]
async fn a_world_may_begin_with_pending_and_accepted_scopes_and_old_grants() {
    let pending = changed(|acme| {
        let sharepoint = acme.integrations.get_mut("sharepoint").unwrap();
        sharepoint.pending = scopes(&["Sites.ReadWrite.All"]);
        acme.connections[0].granted = Some(scopes(&["User.Read"]));
    });
    let plane = Plane::with(pending).await;
    let body = plane.integration("sharepoint").await.body;
    assert_eq!(set(&body["view"]["pending"]), names(&["Sites.ReadWrite.All"]));
    let connections = plane.read(path::CONNECTIONS, &["acme"]).await.body;
    assert_eq!(connections["items"][0]["granted"], json!(["User.Read"]));

    let mut accepted = fixed_world(&["User.Read"]);
    let acme = accepted.workspaces.get_mut("acme").unwrap();
    let sharepoint = acme.integrations.get_mut("sharepoint").unwrap();
    sharepoint.accepted_missing =
        BTreeMap::from([(action("create_page"), scopes(&["Sites.ReadWrite.All"]))]);
    let plane = Plane::with(accepted).await;
    let body = plane.integration("sharepoint").await.body;
    let own = &body["state"]["actions"]["create_page"];
    assert_eq!(own["accepted_missing"], json!(["Sites.ReadWrite.All"]));
}

#[tokio::test]
async fn a_world_that_cannot_be_is_refused_whole() {
    let connect = |integration: &str, who: &str| WorldConnection {
        integration: key(integration),
        user: user(who),
        granted: None,
    };
    let rows: Vec<(World, &str)> = vec![
        (
            changed(|acme| {
                let group = acme.directory.groups.values_mut().next().unwrap();
                group.insert(UserId::try_from("stranger@x.example").unwrap());
            }),
            "`stranger@x.example`",
        ),
        (
            changed(|acme| {
                acme.rollout.insert(key("nothing"));
            }),
            "no integration `nothing`",
        ),
        (
            changed(|acme| acme.connections.push(connect("excel", "ana@acme.example"))),
            "no OAuth client",
        ),
        (
            changed(|acme| acme.connections.push(connect("todo", "x@y.example"))),
            "not among the users",
        ),
        (
            changed(|acme| {
                let own = acme.integrations.entry(key("excel")).or_default();
                own.client = Some(ClientSpec::Managed);
            }),
            "no managed client",
        ),
        (
            changed(|acme| {
                let own = acme.integrations.entry(key("sharepoint")).or_default();
                own.actions.insert(action("check_access"), Access::Nobody);
            }),
            "`check_access`",
        ),
        (
            changed(|acme| {
                let own = acme.integrations.entry(key("sharepoint")).or_default();
                own.pending = scopes(&["Mail.Send"]);
            }),
            "`Mail.Send` cannot be pending",
        ),
        (
            changed(|acme| {
                let own = acme.integrations.entry(key("sharepoint")).or_default();
                own.accepted_missing.insert(action("create_page"), scopes(&["Sites.Selected"]));
            }),
            "cannot have Sites.Selected accepted",
        ),
    ];
    for (bad, expected) in rows {
        let dir = tempfile::tempdir().unwrap();
        let error = start_in(&dir, bad, None, false).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        // Nothing was kept: the same file takes a good world afterwards.
        let good = start_in(&dir, world(), None, false).await.unwrap();
        assert_eq!(good.notices, Vec::<String>::new());
    }
}

#[tokio::test]
async fn without_a_world_there_is_one_admin_and_nothing_is_on() {
    let plane = Plane::with(server::default_world(&workspace("acme"))).await;
    let users = plane.read(path::USERS, &["acme"]).await.body;
    assert_eq!(users["items"], json!([{ "user": "admin@acme.example", "role": "admin" }]));
    let sharepoint = plane.integration("sharepoint").await.body;
    let requested = names(&["offline_access", "User.Read", "Files.Read.All"]);
    assert_eq!(set(&sharepoint["state"]["requested"]), requested, "base and native scopes");
    let all = plane.read(path::INTEGRATIONS, &["acme"]).await.body;
    assert_eq!(all["items"].as_array().unwrap().len(), catalog().len());
}
