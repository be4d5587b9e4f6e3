//! The contract of a provider, kept by the HTTP client against the embedded control plane.

use std::collections::BTreeMap;
use std::sync::Arc;

use scopeform::model::{Access, Effect, ScopeDelta, ScopeSet};
use scopeform::platform::http::{Http, HttpOptions};
use scopeform::platform::odeus::client::OdeusClient;
use scopeform::platform::odeus::machine::{self, Context};
use scopeform::platform::odeus::operation::{ClientSpec, IntegrationOperation, Operation};
use scopeform::platform::odeus::state::{ClientIdentity, SecretLabel, Snapshot};
use scopeform::platform::odeus::wire::path;
use scopeform::platform::provider::{ProviderError, Read, Write};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::plane::{ANA, Plane, action, fixed_world, key, scopes, user, workspace};

fn client_with(plane: &Plane, token: &str, place: &str) -> OdeusClient {
    let token = SecretString::from(token.to_owned());
    let http = Http::new(&plane.endpoint(), token, HttpOptions::default()).unwrap();
    let secrets =
        BTreeMap::from([(SecretLabel("env:SP".to_owned()), SecretString::from("hunter2"))]);
    OdeusClient::new(Arc::new(http), workspace(place), secrets)
}

fn client(plane: &Plane) -> OdeusClient {
    let token = plane.running.admin_token.expose_secret().to_owned();
    client_with(plane, &token, "acme")
}

fn on(integration: &str, change: IntegrationOperation) -> Operation {
    Operation::Integration { integration: key(integration), change }
}

fn set_action(name: &str, access: Access, accept: &[&str]) -> IntegrationOperation {
    IntegrationOperation::SetActionAccess { action: action(name), access, accept: scopes(accept) }
}

/// What the machine says that the write does.
fn predict(snapshot: &Snapshot, integration: &str, change: &IntegrationOperation) -> Effect {
    let live = &snapshot.integrations[integration];
    let context = Context {
        facts: &live.facts,
        settings: &snapshot.settings,
        directory: &snapshot.directory,
    };
    machine::transition(context, &live.state, change).unwrap().1
}

#[tokio::test]
async fn a_snapshot_holds_everything_and_counts_its_calls() {
    let plane = Plane::start().await;
    let reading = client(&plane).read().await.unwrap();
    assert_eq!(reading.calls, 5, "settings and one page of four collections");
    let snapshot = reading.snapshot;
    assert_eq!(snapshot.workspace, workspace("acme"));
    assert_eq!(snapshot.directory.users.len(), 4);
    assert_eq!(snapshot.directory.groups["content"].len(), 1);
    assert_eq!(
        snapshot.integrations.keys().map(|k| k.as_str()).collect::<Vec<_>>(),
        ["excel", "sharepoint", "todo", "weather"]
    );
    assert!(snapshot.integrations["excel"].facts.scope_management, "rolled out in this world");
    assert!(!snapshot.integrations["todo"].facts.scope_management);
    assert_eq!(snapshot.connections.len(), 1);
    assert_eq!(snapshot.connections[0].client, ClientIdentity::Managed);
    assert_eq!(snapshot.settings_revision, plane.read(path::SETTINGS, &["acme"]).await.etag);
    assert_eq!(snapshot.integrations["todo"].revision, plane.integration("todo").await.etag);
    assert_eq!(client(&plane).read().await.unwrap().snapshot, snapshot);
}

#[tokio::test]
async fn every_operation_does_what_the_machine_predicts() {
    let plane = Plane::start().await;
    let client = client(&plane);
    let own = |fixed: Option<&[&str]>| IntegrationOperation::SetClient {
        client: ClientSpec::Custom {
            id: "app-1".try_into().unwrap(),
            tenant: Some("acme.onmicrosoft.com".to_owned()),
            secret: Some(SecretLabel("env:SP".to_owned())),
            fixed: fixed.map(scopes),
        },
    };
    let ana = Access::only([scopeform::model::Principal::User(user(ANA))]);
    let changes = [
        set_action("create_list", Access::Everyone, &[]),
        IntegrationOperation::SetIntegrationAccess { access: ana },
        set_action("create_list", Access::Nobody, &[]),
        own(Some(&["offline_access", "User.Read"])),
        set_action("create_list", Access::Everyone, &["Sites.Manage.All"]),
        IntegrationOperation::SetFixedScopes { scopes: scopes(&["User.Read", "Files.Read.All"]) },
        own(None),
        IntegrationOperation::SetClient { client: ClientSpec::Managed },
    ];
    for change in changes {
        let before = client.read().await.unwrap().snapshot;
        let expected = predict(&before, "sharepoint", &change);
        let revision = &before.integrations["sharepoint"].revision;
        let written = client
            .write(&on("sharepoint", change.clone()), revision, &expected)
            .await
            .unwrap_or_else(|error| panic!("{change}: {error}"));
        assert_eq!(written.scopes, expected.scopes, "{change}");
        assert_eq!(written.accepts, expected.accepts, "{change}");
        let after = client.read().await.unwrap().snapshot;
        assert_eq!(written.revision, after.integrations["sharepoint"].revision, "{change}");
    }
    let before = client.read().await.unwrap().snapshot;
    let operation = Operation::SetNewActionsDefault { enabled: true };
    let written =
        client.write(&operation, &before.settings_revision, &Effect::default()).await.unwrap();
    let after = client.read().await.unwrap().snapshot;
    assert!(after.settings.new_actions_enabled_by_default);
    assert_eq!(written.revision, after.settings_revision);
}

#[tokio::test]
async fn pending_scopes_are_confirmed_by_name() {
    let plane = Plane::start().await;
    let mut facts = super::plane::sharepoint();
    facts["base_scopes"] = json!(["offline_access", "User.Read", "email"]);
    plane.publish(&facts).await.ok();
    let client = client(&plane);
    let before = client.read().await.unwrap().snapshot;
    let change = IntegrationOperation::ConfirmPending { scopes: scopes(&["email"]) };
    let expected = predict(&before, "sharepoint", &change);
    let revision = &before.integrations["sharepoint"].revision;
    let written = client.write(&on("sharepoint", change), revision, &expected).await.unwrap();
    assert_eq!(written.scopes.add, scopes(&["email"]));
}

#[tokio::test]
async fn refusals_come_back_as_what_they_are() {
    let plane = Plane::with(fixed_world(&["User.Read", "Files.Read.All"])).await;
    let client = client(&plane);
    let snapshot = client.read().await.unwrap().snapshot;
    let revision = snapshot.integrations["sharepoint"].revision.clone();
    let nothing = Effect::default();
    let enable = on("sharepoint", set_action("create_list", Access::Everyone, &[]));

    let error = client.write(&enable, "\"stale\"", &nothing).await.unwrap_err();
    assert!(matches!(error, ProviderError::PreconditionFailed { .. }), "{error}");
    assert!(!error.is_unknown());

    let error = client.write(&enable, &revision, &nothing).await.unwrap_err();
    let ProviderError::ConfirmationRequired { delta, accept_missing, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(delta, ScopeDelta::default());
    assert_eq!(accept_missing, scopes(&["Sites.Manage.All"]));

    let list = IntegrationOperation::SetFixedScopes { scopes: scopes(&["User.Read", "A"]) };
    let error = client.write(&on("sharepoint", list), &revision, &nothing).await.unwrap_err();
    let ProviderError::ConfirmationRequired { delta, accept_missing, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(delta, ScopeDelta { add: scopes(&["A"]), remove: scopes(&["Files.Read.All"]) });
    assert_eq!(accept_missing, ScopeSet::new());

    let native = on("sharepoint", set_action("check_access", Access::Nobody, &[]));
    let error = client.write(&native, &revision, &nothing).await.unwrap_err();
    let ProviderError::Refused { status: 422, message } = error else { panic!("{error}") };
    assert!(message.contains("native"), "{message}");

    let unread = IntegrationOperation::SetClient {
        client: ClientSpec::Custom {
            id: "x".try_into().unwrap(),
            tenant: None,
            secret: Some(SecretLabel("env:OTHER".to_owned())),
            fixed: None,
        },
    };
    let error = client.write(&on("sharepoint", unread), &revision, &nothing).await.unwrap_err();
    assert!(error.to_string().contains("`env:OTHER`"), "{error}");

    let dots = on("sharepoint", set_action("..", Access::Nobody, &[]));
    let error = client.write(&dots, &revision, &nothing).await.unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
    assert_eq!(client.read().await.unwrap().snapshot, snapshot, "nothing has changed");
}

#[tokio::test]
async fn access_errors_are_told_apart() {
    let plane = Plane::start().await;
    let error = client_with(&plane, "wrong", "acme").read().await.unwrap_err();
    assert!(matches!(error, ProviderError::Unauthorized { .. }), "{error}");
    let member = plane.token(super::plane::BEN).await;
    let error = client_with(&plane, &member, "acme").read().await.unwrap_err();
    assert!(matches!(error, ProviderError::Forbidden { .. }), "{error}");
    assert!(!error.to_string().contains(&member));
    let admin = plane.running.admin_token.expose_secret().to_owned();
    let error = client_with(&plane, &admin, "initech").read().await.unwrap_err();
    assert!(matches!(error, ProviderError::NotFound { .. }), "{error}");

    let reader = plane.mint(json!({ "user": ANA, "read_only": true })).await;
    let reader = client_with(&plane, &reader, "acme");
    let snapshot = reader.read().await.unwrap().snapshot;
    let shut = on("todo", IntegrationOperation::SetIntegrationAccess { access: Access::Nobody });
    let revision = &snapshot.integrations["todo"].revision;
    let error = reader.write(&shut, revision, &Effect::default()).await.unwrap_err();
    assert!(matches!(error, ProviderError::Forbidden { .. }), "{error}");
}

#[tokio::test]
async fn a_workspace_of_many_pages_is_read_to_its_end() {
    let mut world = super::plane::world();
    let acme = world.workspaces.get_mut("acme").unwrap();
    for n in 0..450 {
        let name = user(&format!("user{n:03}@acme.example"));
        acme.directory.users.insert(name, scopeform::platform::odeus::state::Role::Member);
    }
    let plane = Plane::with(world).await;
    let reading = client(&plane).read().await.unwrap();
    assert_eq!(reading.snapshot.directory.users.len(), 454);
    assert_eq!(reading.calls, 7);
}
