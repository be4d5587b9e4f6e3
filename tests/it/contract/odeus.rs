//! Odeus under the contract.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use reqwest::Method;
use scopeform::model::{Access, Effect, Principal};
use scopeform::platform::http::Http;
use scopeform::platform::odeus::adapter;
use scopeform::platform::odeus::client::OdeusClient;
use scopeform::platform::odeus::course::Resource;
use scopeform::platform::odeus::machine::{self, Context};
use scopeform::platform::odeus::operation::{ClientSpec, IntegrationOperation, Operation};
use scopeform::platform::odeus::state::{Role, SecretLabel, Snapshot};
use scopeform::platform::odeus::wire::{MAX_PAGE, path};
use secrecy::SecretString;
use serde_json::json;

use super::{Platform, Request, Start};
use crate::control_plane::plane::{ANA, BEN, Plane, action, key, scopes, user, workspace, world};

pub(crate) struct Odeus(Plane);

fn set_action(access: Access, accept: &[&str]) -> IntegrationOperation {
    IntegrationOperation::SetActionAccess {
        action: action("create_list"),
        access,
        accept: scopes(accept),
    }
}

fn own(fixed: Option<&[&str]>) -> IntegrationOperation {
    IntegrationOperation::SetClient {
        client: ClientSpec::Custom {
            id: "app-1".try_into().unwrap(),
            tenant: Some("acme.onmicrosoft.com".to_owned()),
            secret: Some(SecretLabel("env:SP".to_owned())),
            fixed: fixed.map(scopes),
        },
    }
}

impl Platform for Odeus {
    type Snapshot = Snapshot;
    type Operation = Operation;
    type Resource = Resource;
    type Client = OdeusClient;
    type Adapter = adapter::Odeus;

    const PAGE: usize = MAX_PAGE as usize;

    async fn start(with: Start) -> Self {
        let mut world = world();
        let acme = world.workspaces.get_mut("acme").unwrap();
        for n in 0..with.more_users {
            acme.directory.users.insert(user(&format!("more{n}@acme.example")), Role::Member);
        }
        Self(Plane::limited(world, with.rate_limit).await)
    }

    fn endpoint(&self) -> String {
        self.0.endpoint()
    }

    fn folder(&self) -> &Path {
        self.0.dir.path()
    }

    fn admin(&self) -> String {
        use secrecy::ExposeSecret as _;
        self.0.running.admin_token.expose_secret().to_owned()
    }

    async fn reader(&self) -> String {
        self.0.mint(json!({ "user": ANA, "read_only": true })).await
    }

    async fn member(&self) -> String {
        self.0.token(BEN).await
    }

    async fn send(&self, request: &Request, if_match: Option<&str>) -> u16 {
        let call = self.0.raw_path(request.method.clone(), &request.path).admin();
        let call = call.json(&request.body);
        match if_match {
            Some(version) => call.if_match(version).send().await.status,
            None => call.send().await.status,
        }
    }

    async fn audit(&self) -> Vec<String> {
        let log = self.0.read(path::AUDIT, &["acme"]).await.body;
        assert_eq!(log["has_more"], false);
        let entries = log["items"].as_array().unwrap().iter();
        entries.map(|entry| entry["entity_id"].as_str().unwrap().to_owned()).collect()
    }

    fn client(http: Arc<Http>, place: &str, _: &Path) -> OdeusClient {
        let secret = (SecretLabel("env:SP".to_owned()), SecretString::from("hunter2"));
        OdeusClient::new(http, workspace(place), BTreeMap::from([secret]))
    }

    fn users(snapshot: &Snapshot) -> usize {
        snapshot.directory.users.len()
    }

    fn write(n: usize, _: &Snapshot) -> Option<Operation> {
        let ana = Access::only([Principal::User(user(ANA))]);
        let list = scopes(&["User.Read", "Files.Read.All"]);
        let changes = [
            set_action(Access::Everyone, &[]),
            IntegrationOperation::SetIntegrationAccess { access: ana },
            set_action(Access::Nobody, &[]),
            own(Some(&["offline_access", "User.Read"])),
            set_action(Access::Everyone, &["Sites.Manage.All"]),
            IntegrationOperation::SetFixedScopes { scopes: list },
            own(None),
            IntegrationOperation::SetClient { client: ClientSpec::Managed },
        ];
        if n == changes.len() {
            return Some(Operation::SetNewActionsDefault { enabled: true });
        }
        let change = changes.get(n).cloned()?;
        Some(Operation::Integration { integration: key("sharepoint"), change })
    }

    fn request(_: &Snapshot) -> Request {
        Request {
            method: Method::PUT,
            path: path::fill(path::ACTION_ACCESS, &["acme", "sharepoint", "create_list"]).unwrap(),
            body: json!({ "access": "everyone", "confirm": { "add": ["Sites.Manage.All"] } }),
        }
    }

    fn to_nothing() -> Operation {
        let change = IntegrationOperation::SetIntegrationAccess { access: Access::Nobody };
        Operation::Integration { integration: key("no_such"), change }
    }

    fn address(operation: &Operation) -> String {
        operation.address().to_string()
    }

    fn predict(snapshot: &Snapshot, operation: &Operation) -> (Snapshot, Effect) {
        let mut after = snapshot.clone();
        match operation {
            Operation::SetNewActionsDefault { enabled } => {
                after.settings.new_actions_enabled_by_default = *enabled;
                (after, Effect::default())
            }
            Operation::Integration { integration, change } => {
                let live = &snapshot.integrations[integration];
                let context = Context {
                    facts: &live.facts,
                    settings: &snapshot.settings,
                    directory: &snapshot.directory,
                };
                let (state, effect) = machine::transition(context, &live.state, change).unwrap();
                after.integrations.get_mut(integration).unwrap().state = state;
                (after, effect)
            }
        }
    }

    fn predictable(snapshot: &Snapshot) -> Snapshot {
        let mut rest = snapshot.clone();
        rest.settings_revision.clear();
        rest.integrations.values_mut().for_each(|live| live.revision.clear());
        rest
    }

    fn answered(snapshot: &Snapshot, operation: &Operation) -> Option<String> {
        Some(match operation {
            Operation::SetNewActionsDefault { .. } => snapshot.settings_revision.clone(),
            Operation::Integration { integration, .. } => {
                snapshot.integrations[integration].revision.clone()
            }
        })
    }

    fn reached(_: &Snapshot, _: &Operation) -> Option<u64> {
        // Nobody is reached before they reconnect.
        None
    }

    fn first_answer() -> (&'static str, String) {
        ("/settings", settings("acme"))
    }

    fn wrong_first_answers() -> Vec<(String, &'static str)> {
        vec![
            ("{\"workspace\":\"acme\"}".to_owned(), "missing field"),
            (settings("other"), "`other`"),
        ]
    }

    fn user_item(name: &str) -> String {
        json!({ "user": name, "role": "member" }).to_string()
    }
}

fn settings(workspace: &str) -> String {
    json!({
        "workspace": workspace, "new_actions_enabled_by_default": false,
        "deployment": "multi_tenant", "etag": "\"1\"",
    })
    .to_string()
}
