//! TrustPager on the stage: a client that is saved, tokens that end, keys that are created, changed and revoked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use scopeform::config::{self, Config, world};
use scopeform::model::WorkspaceId;
use scopeform::plan::Plan;
use scopeform::platform::http::Http;
use scopeform::platform::trustpager::adapter::Trustpager as Adapter;
use scopeform::platform::trustpager::client::TrustpagerClient;
use scopeform::platform::trustpager::deliver::Files;
use scopeform::platform::trustpager::operation::Operation;
use scopeform::platform::trustpager::planner::plan;
use scopeform::platform::trustpager::state::{KeyGrants, Snapshot};
use scopeform::platform::trustpager::wire::{ClientResource, KeyResource};
use scopeform::server::{self, TrustpagerSeed};
use scopeform::source::SourceMap;
use serde_json::{Value, json};

use super::stage::{Deed, Plane, Stage, inputs};
use crate::apply::wire;
use crate::trustpager::oracle::{self, Deeds, Facts};
use crate::trustpager::translate;
use crate::trustpager_plane::plane::CATALOG;

pub(crate) struct Trustpager;

const RESOURCES: &[&str] = &["contacts", "deals", "billing", "email", "tasks", "sms"];

static FACTS: LazyLock<Facts> = LazyLock::new(|| translate::facts(&CATALOG));

const WORLD: &str = "
    users:
      olga@acme.example: owner
      emil@acme.example: member
      vera@acme.example: read_only_viewer
      left@acme.example: member
    oauth_clients:
      Claude Connection:
        resources: {contacts: write_with_approval, email: send_automatically}
        tokens:
          - {user: olga@acme.example, issued: 2026-03-01, last_used: 2026-11-20}
          - {user: vera@acme.example, issued: 2026-03-01, last_used: 2026-11-20}
          - {user: left@acme.example, issued: 2026-02-14, last_used: 2026-10-30}
      Zapier:
        tokens:
          - {user: emil@acme.example, issued: 2026-09-01, last_used: 2026-11-21}
    api_keys:
      nightly export:
        resources: {contacts: read, billing: read}
      old importer:
        full_access: true
";

impl Stage for Trustpager {
    type Snapshot = Snapshot;
    type Operation = Operation;
    type Adapter = Adapter;
    type Client = TrustpagerClient;

    const NAME: &'static str = "trustpager";
    const TITLE: &'static str = "TrustPager";
    const CREATES_KEYS: bool = true;
    const BASE: &'static str = "/trustpager/v1/workspaces/";
    const AUDITED: usize = 100;
    const COLLECTIONS: &'static [&'static str] = &["oauth-clients", "api-keys"];
    const WISHES: &'static str = "
oauth_clients:
  Claude Connection:
    resources: {contacts: delete_with_approval, email: send_with_approval}
    tokens:
      holders: {users: [olga@acme.example, vera@acme.example]}
  Zapier:
    resources: {email: read}
api_keys:
  nightly export:
    resources: {contacts: read, deals: read}
  old importer:
    revoke: replaced by nightly export
  ticket sync:
    resources: {contacts: read}
    deliver: {file: ticket-sync.key}
";

    fn options(folder: &Path, workspaces: &[String]) -> server::Options {
        let mut text = "kind: world\nplatform: trustpager\nworkspaces:\n".to_owned();
        for name in workspaces {
            text.push_str(&format!("  {name}:{WORLD}"));
        }
        let mut worlds = SourceMap::new();
        worlds.add("world.yaml", text);
        let (world, problems) = world::load(&worlds);
        assert!(!problems.has_errors(), "{problems:?}");
        server::Options {
            database: folder.join("plane.sqlite"),
            catalog: BTreeMap::new(),
            world: Default::default(),
            trustpager: Some(TrustpagerSeed {
                catalog: CATALOG.as_ref().clone(),
                world: world.trustpager,
            }),
            reset: false,
            rate_limit: None,
        }
    }

    fn client(http: Arc<Http>, workspace: WorkspaceId, folder: &Path) -> TrustpagerClient {
        TrustpagerClient::new(http, workspace, Box::new(Files::below(folder.to_owned())))
    }

    fn plan(config: &Config, snapshot: &Snapshot, reads: u32) -> Plan {
        let config::Desired::Trustpager(desired) = &config.desired else {
            panic!("another platform")
        };
        let (plan, problems) = plan(desired, snapshot, inputs(reads));
        plan.unwrap_or_else(|| panic!("{problems:?}"))
    }

    /// Tokens have names and dates of their own; whose they are is what counts.
    fn describe(observation: &Value) -> Value {
        let clients = observation["oauth-clients"].as_array().unwrap().iter().map(|item| {
            let tokens = item["state"]["tokens"].as_object().unwrap().values();
            let users: BTreeSet<&str> = tokens.map(|t| t["user"].as_str().unwrap()).collect();
            json!({ "name": item["name"], "access": item["state"]["access"], "tokens": users })
        });
        let keys = observation["api-keys"].as_array().unwrap().iter();
        let keys = keys.map(|item| json!({ "name": item["name"], "grants": item["grants"] }));
        json!({ "clients": clients.collect::<Value>(), "keys": keys.collect::<Value>() })
    }

    fn broken(snapshot: &Snapshot, observations: &[Value]) -> Vec<String> {
        let mut facts = FACTS.clone();
        // Asking about every resource in every state takes long; these are the ones in the wishes, and one beside.
        facts.resources.retain(|name, _| RESOURCES.contains(&name.as_str()));
        assert_eq!(facts.resources.len(), RESOURCES.len());
        let roles = translate::roles(&snapshot.users);
        let mut distinct: Vec<&Value> = observations.iter().collect();
        distinct.dedup();
        let sequence: Vec<BTreeMap<String, Deeds>> =
            distinct.into_iter().map(|one| able(&facts, &roles, one)).collect();
        let (Some(first), Some(last)) = (sequence.first(), sequence.last()) else {
            return Vec::new();
        };
        let all: BTreeSet<&String> = sequence.iter().flat_map(BTreeMap::keys).collect();
        let none = Deeds::new();
        let mut broken = Vec::new();
        for who in all {
            let at = |state: &BTreeMap<String, Deeds>, verb: &str| match state
                .get(who)
                .unwrap_or(&none)
                .get(verb)
                .map(String::as_str)
            {
                None => 0,
                Some("approval") => 1,
                Some(_) => 2,
            };
            let verbs: BTreeSet<&String> =
                sequence.iter().flat_map(|s| s.get(who).unwrap_or(&none).keys()).collect();
            for verb in verbs {
                let (a, b) = (at(first, verb), at(last, verb));
                for (n, state) in sequence.iter().enumerate() {
                    let now = at(state, verb);
                    if now < a.min(b) {
                        broken.push(format!("outage at {n}: {who} {verb}"));
                    }
                    if now > a.max(b) {
                        broken.push(format!("excess at {n}: {who} {verb}"));
                    }
                }
            }
        }
        broken
    }

    /// Gives a client a tier that no line mentions.
    fn foreign(plane: &Plane<Self>, workspace: &str) {
        give(plane, workspace, "tasks", "no_access");
    }

    fn without_foreign(description: &mut Value) {
        for client in description["clients"].as_array_mut().unwrap() {
            client["access"]["tiers"].as_object_mut().unwrap().remove("tasks");
        }
    }

    /// Tokens of three roles, one of somebody who may hold none, and a key. Few calls each, since the vendor answers no
    /// more than 60 a minute to one token.
    fn calls(plane: &Plane<Self>, workspace: &str) -> Vec<Deed> {
        let mut deeds = Vec::new();
        let mut all = |who: &'static str, token: &Value, calls: &[(&'static str, &str)]| {
            let token = token.as_str().unwrap();
            deeds.extend(calls.iter().map(|(method, resource)| Deed {
                who,
                token: token.to_owned(),
                method,
                path: format!("/trustpager/v1/resources/{resource}"),
            }));
        };
        let claude = "Claude%20Connection";
        for (who, client, calls) in [
            (
                "olga@acme.example",
                claude,
                &[("DELETE", "contacts"), ("POST", "email/send"), ("GET", "tasks")][..],
            ),
            ("vera@acme.example", claude, &[("GET", "contacts"), ("POST", "contacts")]),
            ("left@acme.example", claude, &[("GET", "contacts")]),
            ("emil@acme.example", "Zapier", &[("GET", "email"), ("POST", "tasks")]),
        ] {
            let user = json!({ "user": who });
            let (status, session) = plane.admin(workspace, ("POST", "sessions"), None, Some(&user));
            assert_eq!(status, 201, "{session}");
            let session = session["token"].as_str().unwrap();
            let path = format!("{}{workspace}/oauth-clients/{client}/authorize", Self::BASE);
            let (status, issued) = wire::call(plane.address, session, "POST", &path, None, None);
            assert_eq!(status, 201, "{issued}");
            all(who, &issued["value"], calls);
        }
        let seen = plane.look(workspace);
        let mut keys = seen["api-keys"].as_array().unwrap().iter();
        let key = keys.find(|item| item["name"] == "nightly export").unwrap();
        let rotate = ("POST", "api-keys/nightly%20export/rotate");
        let (status, issued) = plane.admin(workspace, rotate, key["etag"].as_str(), None);
        assert_eq!(status, 200, "{issued}");
        let calls = [("GET", "contacts"), ("GET", "billing"), ("GET", "deals")];
        all("nightly export", &issued["value"], &calls);
        deeds
    }
}

/// Gives the client of the wishes a tier, confirming whatever that does.
pub(super) fn give(plane: &Plane<Trustpager>, workspace: &str, resource: &str, tier: &str) {
    let seen = plane.look(workspace);
    let mut clients = seen["oauth-clients"].as_array().unwrap().iter();
    let client = clients.find(|item| item["name"] == "Claude Connection").unwrap();
    let tag = client["etag"].as_str().unwrap();
    let mut access = client["state"]["access"].clone();
    access["tiers"][resource] = json!(tier);
    let path = "oauth-clients/Claude%20Connection/access";
    let put = |body: Value| plane.admin(workspace, ("PUT", path), Some(tag), Some(&body));
    let (mut status, mut answer) = put(json!({ "access": access }));
    if status == 409 {
        let confirm = &answer["error"]["confirmation"];
        (status, answer) = put(json!({ "access": access, "confirm": confirm }));
    }
    assert_eq!(status, 200, "{answer}");
}

/// What every token and every key may do to every resource, by the second opinion.
fn able(
    facts: &Facts,
    roles: &BTreeMap<String, String>,
    observation: &Value,
) -> BTreeMap<String, Deeds> {
    let mut able = BTreeMap::new();
    for item in observation["oauth-clients"].as_array().unwrap() {
        let item: ClientResource = serde_json::from_value(item.clone()).unwrap();
        let client = translate::client(&item.state);
        for token in client.tokens.keys() {
            for resource in facts.resources.keys() {
                let deeds = oracle::now(facts, &client, roles, token, resource);
                able.insert(format!("{token} on {resource}"), deeds);
            }
        }
    }
    for item in observation["api-keys"].as_array().unwrap() {
        let item: KeyResource = serde_json::from_value(item.clone()).unwrap();
        let KeyGrants::Custom(list) = &item.grants else {
            able.insert(item.name.to_string(), [("*".to_owned(), "automatic".to_owned())].into());
            continue;
        };
        let list = translate::list(list);
        for resource in facts.resources.keys() {
            let deeds = oracle::key(facts, &list, resource);
            able.insert(format!("{} on {resource}", item.name), deeds);
        }
    }
    able
}
