//! The HTTP client against the embedded control plane: what TrustPager has beyond the contract of every provider.

use std::path::PathBuf;
use std::sync::Arc;

use scopeform::model::{Effect, WorkspaceId};
use scopeform::platform::http::{Http, HttpOptions};
use scopeform::platform::provider::{ProviderError, Read, Write};
use scopeform::platform::trustpager::client::TrustpagerClient;
use scopeform::platform::trustpager::deliver::{Deliver, Files, Nowhere, Reserved};
use scopeform::platform::trustpager::key;
use scopeform::platform::trustpager::operation::Operation;
use scopeform::platform::trustpager::state::{KeyGrants, Snapshot};
use scopeform::platform::trustpager::wire::path;
use secrecy::SecretString;
use serde_json::json;

use super::plane::{CATALOG, CLAUDE, MAX, OLGA, Plane, list};

fn client_as(
    plane: &Plane,
    token: &str,
    place: &str,
    deliver: Box<dyn Deliver>,
) -> TrustpagerClient {
    let token = SecretString::from(token.to_owned());
    let http = Http::new(&plane.endpoint(), token, HttpOptions::default()).unwrap();
    TrustpagerClient::new(Arc::new(http), WorkspaceId::try_from(place).unwrap(), deliver)
}

fn client(plane: &Plane) -> TrustpagerClient {
    client_as(plane, &plane.admin, "acme", Box::new(Nowhere))
}

fn delivering(plane: &Plane) -> TrustpagerClient {
    let files = Files::below(plane.dir.path().to_owned());
    client_as(plane, &plane.admin, "acme", Box::new(files))
}

fn grants(tiers: &serde_json::Value) -> KeyGrants {
    KeyGrants::Custom(list(json!({ "tiers": tiers })))
}

/// What a write to a key does.
fn key_effect(snapshot: &Snapshot, name: &str, after: Option<&KeyGrants>) -> Effect {
    let before = snapshot.keys.get(name).map(|live| &live.grants);
    Effect { scopes: key::delta(&snapshot.catalog, before, after), ..Effect::default() }
}

fn create(name: &str, file: &str) -> Operation {
    Operation::CreateKey {
        key: name.try_into().unwrap(),
        grants: grants(&json!({ "contacts": "read" })),
        deliver: file.to_owned(),
    }
}

#[tokio::test]
async fn a_snapshot_holds_everything_and_counts_its_calls() {
    let plane = Plane::start().await;
    let (max, token) = plane.authorize(MAX, "Zapier").await;
    plane.act(&max, "send", "email").await.ok();
    let reading = client(&plane).read().await.unwrap();
    assert_eq!(reading.calls, 6, "the catalogue and one page of five collections");
    let snapshot = reading.snapshot;
    assert_eq!(*snapshot.catalog, **CATALOG);
    assert_eq!(snapshot.users.len(), 4);
    assert_eq!(snapshot.users[MAX].as_str(), "member");
    assert_eq!(snapshot.groups["ops"].len(), 2);
    let names: Vec<&str> = snapshot.clients.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, [CLAUDE, "Zapier"]);
    let claude = &snapshot.clients[CLAUDE];
    assert_eq!(claude.state.access.unknown.len(), 1);
    assert_eq!(claude.state.tokens.len(), 2);
    assert_eq!(claude.revision, plane.oauth_client(CLAUDE).await["etag"].as_str().unwrap());
    let held = &snapshot.clients["Zapier"].state.tokens[token["id"].as_str().unwrap()];
    assert_eq!((held.user.as_str(), held.requests), (MAX, 1));
    assert_eq!(snapshot.keys["root"].grants, KeyGrants::FullAccess);
    assert_eq!(snapshot.keys_revision, plane.read(path::KEYS).await.etag);
    assert_eq!(snapshot.queue.len(), 1);
    assert_eq!(snapshot.queue[0].verb.as_str(), "send");
}

#[tokio::test]
async fn a_new_key_is_delivered_to_its_file_and_nowhere_else() {
    let plane = Plane::start().await;
    let client = delivering(&plane);
    let before = client.read().await.unwrap().snapshot;
    let operation = create("sync", "sync.key");
    let wanted = grants(&json!({ "contacts": "read" }));
    let expected = key_effect(&before, "sync", Some(&wanted));
    let written = client.write(&operation, &before.keys_revision, &expected).await.unwrap();
    assert_eq!(written.scopes, expected.scopes);
    let path = plane.dir.path().join("sync.key");
    let text = std::fs::read_to_string(&path).unwrap();
    plane.act(text.trim_end(), "read", "contacts").await.ok();
    let after = client.read().await.unwrap().snapshot;
    assert_eq!(written.revision, after.keys["sync"].revision);
    assert!(!format!("{client:?} {written:?} {after:?}").contains(text.trim_end()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_file_that_is_there_is_never_overwritten_and_no_key_is_made() {
    let plane = Plane::start().await;
    let client = delivering(&plane);
    let before = client.read().await.unwrap().snapshot;
    std::fs::write(plane.dir.path().join("taken"), "precious").unwrap();
    let expected = key_effect(&before, "sync", Some(&grants(&json!({ "contacts": "read" }))));
    for (file, why) in
        [("taken", "exists and is not overwritten"), ("taken/below", "cannot create")]
    {
        let operation = create("sync", file);
        let error = client.write(&operation, &before.keys_revision, &expected).await.unwrap_err();
        assert!(matches!(error, ProviderError::Refused { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(why) && text.contains("nothing was sent"), "{text}");
    }
    assert_eq!(std::fs::read_to_string(plane.dir.path().join("taken")).unwrap(), "precious");
    assert_eq!(client.read().await.unwrap().snapshot, before);
}

#[tokio::test]
async fn a_refused_key_leaves_no_file() {
    let plane = Plane::start().await;
    let client = delivering(&plane);
    let before = client.read().await.unwrap().snapshot;
    let error =
        client.write(&create("root", "root.key"), &before.keys_revision, &Effect::default()).await;
    assert!(matches!(error.unwrap_err(), ProviderError::Refused { status: 409, .. }));
    let stale = client.write(&create("sync", "sync.key"), "\"old\"", &Effect::default()).await;
    assert!(matches!(stale.unwrap_err(), ProviderError::PreconditionFailed { .. }));
    for file in ["root.key", "sync.key"] {
        assert!(!plane.dir.path().join(file).exists(), "{file}");
    }
}

/// A place that can be made and not written.
#[derive(Debug)]
struct FullDisk(PathBuf);

impl Deliver for FullDisk {
    fn reserve(&self, _: &str) -> Result<Box<dyn Reserved>, String> {
        Ok(Box::new(Self(self.0.clone())))
    }

    fn holds(&self, _: &str) -> bool {
        false
    }
}

impl Reserved for FullDisk {
    fn fill(self: Box<Self>, _: &SecretString) -> Result<(), String> {
        Err(format!("cannot write {}: no space is left", self.0.display()))
    }

    fn cancel(self: Box<Self>) {}
}

#[tokio::test]
async fn a_key_whose_value_cannot_be_delivered_is_revoked_again() {
    let plane = Plane::start().await;
    let disk = Box::new(FullDisk(PathBuf::from("sync.key")));
    let client = client_as(&plane, &plane.admin, "acme", disk);
    let before = client.read().await.unwrap().snapshot;
    let expected = key_effect(&before, "sync", Some(&grants(&json!({ "contacts": "read" }))));
    let error = client.write(&create("sync", "sync.key"), &before.keys_revision, &expected).await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("no space is left"), "{text}");
    assert!(text.contains("the key was revoked again"), "{text}");
    assert_eq!(client.read().await.unwrap().snapshot, before);
    let log = plane.read(path::AUDIT).await.body;
    let actions: Vec<&str> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["api_key.created", "api_key.revoked"]);
}

#[tokio::test]
async fn a_tier_beside_the_ladder_is_refused_with_the_ladder() {
    let plane = Plane::start().await;
    let client = client(&plane);
    let before = client.read().await.unwrap().snapshot;
    let live = &before.clients["Zapier"];
    let mut access = live.state.access.clone();
    access.tiers.insert("billing".try_into().unwrap(), "send_automatically".try_into().unwrap());
    let save = Operation::SetClientAccess { client: "Zapier".try_into().unwrap(), access };
    let error = client.write(&save, &live.revision, &Effect::default()).await.unwrap_err();
    let ProviderError::Refused { status: 400, message } = error else { panic!("{error}") };
    assert!(message.contains("its ladder is no_access < read"), "{message}");
    assert_eq!(client.read().await.unwrap().snapshot, before);
}

#[tokio::test]
async fn a_token_of_an_integration_and_a_user_of_another_tenant_see_nothing() {
    let plane = Plane::start().await;
    let read = |token: String, place: &'static str| {
        let client = client_as(&plane, &token, place, Box::new(Nowhere));
        async move { client.read().await.unwrap_err() }
    };
    let (token, _) = plane.authorize(OLGA, CLAUDE).await;
    let error = read(token, "acme").await;
    assert!(matches!(error, ProviderError::Forbidden { .. }), "{error}");
    let error = read(plane.session(OLGA).await, "globex").await;
    assert!(matches!(error, ProviderError::NotFound { .. }), "{error}");
}
