//! TrustPager under the contract.

use std::path::Path;
use std::sync::Arc;

use reqwest::Method;
use scopeform::model::{Effect, WorkspaceId};
use scopeform::platform::http::Http;
use scopeform::platform::trustpager::adapter;
use scopeform::platform::trustpager::client::TrustpagerClient;
use scopeform::platform::trustpager::course::Resource;
use scopeform::platform::trustpager::deliver::Files;
use scopeform::platform::trustpager::key;
use scopeform::platform::trustpager::machine::{self, Context};
use scopeform::platform::trustpager::operation::{Operation, RevokeReason};
use scopeform::platform::trustpager::state::{KeyGrants, LiveKey, Snapshot};
use scopeform::platform::trustpager::wire::{MAX_PAGE, path};
use serde_json::{Value, json};

use super::{Platform, Request, Start};
use crate::trustpager_plane::plane::{ADA, CATALOG, CLAUDE, MAX, Plane, list, role, user, world};

pub(crate) struct Trustpager(Plane);

fn grants(tiers: &Value) -> KeyGrants {
    KeyGrants::Custom(list(json!({ "tiers": tiers })))
}

impl Platform for Trustpager {
    type Snapshot = Snapshot;
    type Operation = Operation;
    type Resource = Resource;
    type Client = TrustpagerClient;
    type Adapter = adapter::Trustpager;

    const PAGE: usize = MAX_PAGE as usize;

    async fn start(with: Start) -> Self {
        let mut world = world();
        let acme = world.workspaces.get_mut("acme").unwrap();
        for n in 0..with.more_users {
            acme.users.insert(user(&format!("more{n}@acme.example")), role("member"));
        }
        Self(Plane::with(world, with.rate_limit).await)
    }

    fn endpoint(&self) -> String {
        self.0.endpoint()
    }

    fn folder(&self) -> &Path {
        self.0.dir.path()
    }

    fn admin(&self) -> String {
        self.0.admin.clone()
    }

    async fn reader(&self) -> String {
        let body = json!({ "user": ADA, "read_only": true });
        let mint = self.0.by_admin(Method::POST, path::SESSIONS, &[]).json(&body).send().await;
        mint.ok().body["token"].as_str().unwrap().to_owned()
    }

    async fn member(&self) -> String {
        self.0.session(MAX).await
    }

    async fn send(&self, request: &Request, if_match: Option<&str>) -> u16 {
        let call = self.0.raw_path(request.method.clone(), &request.path).token(&self.0.admin);
        let call = call.json(&request.body);
        match if_match {
            Some(version) => call.if_match(version).send().await.status,
            None => call.send().await.status,
        }
    }

    async fn audit(&self) -> Vec<String> {
        let log = self.0.read(path::AUDIT).await.body;
        assert_eq!(log["has_more"], false);
        let entries = log["items"].as_array().unwrap().iter();
        entries.map(|entry| entry["entity_id"].as_str().unwrap().to_owned()).collect()
    }

    fn client(http: Arc<Http>, workspace: &str, folder: &Path) -> TrustpagerClient {
        let workspace = WorkspaceId::try_from(workspace).unwrap();
        TrustpagerClient::new(http, workspace, Box::new(Files::below(folder.to_owned())))
    }

    fn users(snapshot: &Snapshot) -> usize {
        snapshot.users.len()
    }

    fn write(n: usize, snapshot: &Snapshot) -> Option<Operation> {
        let client = CLAUDE.try_into().unwrap();
        let state = &snapshot.clients[CLAUDE].state;
        Some(match n {
            0 => {
                let mut access = state.access.clone();
                access.tiers.insert("email".try_into().unwrap(), "read".try_into().unwrap());
                access.verbs.clear();
                Operation::SetClientAccess { client, access }
            }
            // By the version that the save has answered.
            1 => Operation::RevokeToken {
                client,
                token: state.tokens.keys().next()?.clone(),
                why: RevokeReason::Idle { max_days: 90 },
            },
            2 => Operation::SetKeyAccess {
                key: "nightly export".try_into().unwrap(),
                grants: grants(&json!({ "contacts": "write_automatically" })),
            },
            3 => Operation::CreateKey {
                key: "sync".try_into().unwrap(),
                grants: grants(&json!({ "contacts": "read" })),
                deliver: "sync.key".to_owned(),
            },
            4 => Operation::SetKeyAccess {
                key: "sync".try_into().unwrap(),
                grants: KeyGrants::FullAccess,
            },
            5 => Operation::RevokeKey {
                key: "root".try_into().unwrap(),
                reason: "unused".to_owned(),
            },
            _ => return None,
        })
    }

    fn request(snapshot: &Snapshot) -> Request {
        let operation = Self::write(0, snapshot).unwrap();
        let Operation::SetClientAccess { access, .. } = &operation else { unreachable!() };
        let scopes = Self::predict(snapshot, &operation).1.scopes;
        Request {
            method: Method::PUT,
            path: path::fill(path::CLIENT_ACCESS, &["acme", CLAUDE]).unwrap(),
            body: json!({ "access": access, "confirm": scopes }),
        }
    }

    fn to_nothing() -> Operation {
        Operation::RevokeToken {
            client: "Zapier".try_into().unwrap(),
            token: "tok_0".try_into().unwrap(),
            why: RevokeReason::NotAHolder,
        }
    }

    fn address(operation: &Operation) -> String {
        operation.address().to_string()
    }

    fn predict(snapshot: &Snapshot, operation: &Operation) -> (Snapshot, Effect) {
        let mut after = snapshot.clone();
        let (name, grants) = match operation {
            Operation::SetClientAccess { client, .. } | Operation::RevokeToken { client, .. } => {
                let context = Context { catalog: &snapshot.catalog, users: &snapshot.users };
                let state = &snapshot.clients[client].state;
                let (state, effect) =
                    machine::transition(context, &operation.unit(), state, operation).unwrap();
                after.clients.get_mut(client).unwrap().state = state;
                return (after, effect);
            }
            Operation::SetKeyAccess { key, grants } | Operation::CreateKey { key, grants, .. } => {
                (key, Some(grants.clone()))
            }
            Operation::RevokeKey { key, .. } => (key, None),
        };
        let before = after.keys.remove(name).map(|live| live.grants);
        let scopes = key::delta(&snapshot.catalog, before.as_ref(), grants.as_ref());
        if let Some(grants) = grants {
            let live = LiveKey::of(grants);
            after.keys.insert(name.clone(), live);
        }
        (after, Effect { scopes, ..Effect::default() })
    }

    fn predictable(snapshot: &Snapshot) -> Snapshot {
        let mut rest = snapshot.clone();
        rest.keys_revision.clear();
        rest.clients.values_mut().for_each(|live| live.revision.clear());
        for key in rest.keys.values_mut() {
            key.revision.clear();
            key.prefix.clear();
        }
        rest
    }

    fn answered(snapshot: &Snapshot, operation: &Operation) -> Option<String> {
        match operation {
            Operation::SetClientAccess { client, .. } | Operation::RevokeToken { client, .. } => {
                Some(snapshot.clients[client].revision.clone())
            }
            Operation::SetKeyAccess { key, .. } | Operation::CreateKey { key, .. } => {
                Some(snapshot.keys[key].revision.clone())
            }
            Operation::RevokeKey { .. } => None,
        }
    }

    fn reached(snapshot: &Snapshot, operation: &Operation) -> Option<u64> {
        let Operation::SetClientAccess { client, .. } = operation else { return None };
        Some(snapshot.clients[client].state.tokens.len() as u64)
    }

    fn first_answer() -> (&'static str, String) {
        ("/catalog", serde_json::to_string(&**CATALOG).unwrap())
    }

    fn wrong_first_answers() -> Vec<(String, &'static str)> {
        vec![("{\"version\":\"1\"}".to_owned(), "missing field")]
    }

    fn user_item(name: &str) -> String {
        json!({ "user": name, "role": "member", "etag": "\"1\"" }).to_string()
    }
}
