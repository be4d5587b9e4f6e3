//! The HTTP client against the embedded control plane: what Odeus has beyond the contract of every provider.

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

use super::plane::{Plane, action, fixed_world, key, scopes, workspace};

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
