//! Odeus on the stage: three integrations, the workspace's own switch, and every kind of write.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use scopeform::config::{self, Config, catalog, world};
use scopeform::model::WorkspaceId;
use scopeform::plan::Plan;
use scopeform::platform::http::Http;
use scopeform::platform::odeus::adapter::Odeus as Adapter;
use scopeform::platform::odeus::client::OdeusClient;
use scopeform::platform::odeus::operation::Operation;
use scopeform::platform::odeus::planner::plan;
use scopeform::platform::odeus::state::{IntegrationState, Snapshot};
use scopeform::platform::odeus::wire::IntegrationResource;
use scopeform::server;
use scopeform::source::SourceMap;
use serde_json::{Value, json};

use super::stage::{Deed, Plane, Stage, inputs};
use crate::planner::naive;

pub(crate) struct Odeus;

const CATALOG: &[(&str, &str)] = &[
    (
        "notes",
        "
  - {key: find_note, name: Find note, required_scopes: [notes.read], native: true, features: [folder_sync]}
  - {key: read_note, name: Read note, required_scopes: [notes.read, notes.meta]}
  - {key: write_note, name: Write note, required_scopes: [notes.write]}
  - {key: share_note, name: Share note, required_scopes: [notes.share]}
  - {key: print_note, name: Print note, required_scopes: [notes.read]}
",
    ),
    (
        "files",
        "
  - {key: read_file, name: Read file, required_scopes: [files.read]}
  - {key: write_file, name: Write file, required_scopes: [files.write]}
  - {key: sync_file, name: Sync file, required_scopes: [files.sync]}
",
    ),
    (
        "mail",
        "
  - {key: read_mail, name: Read mail, required_scopes: [mail.read]}
  - {key: send_mail, name: Send mail, required_scopes: [mail.send]}
",
    ),
];

const WORLD: &str = "
    users: {ana@acme.example: admin, ben@acme.example: member, eva@acme.example: member}
    groups: {sales: [ben@acme.example]}
    new_actions_enabled_by_default: true
    actions: nobody
    integrations:
      notes:
        actions: {read_note: enabled, share_note: enabled}
        pending: [notes.meta]
      files:
        oauth: {mode: fixed, client: {id: f1}, scopes: [profile, files.read, files.write]}
        actions: {read_file: enabled, write_file: enabled}
      mail:
        actions: {read_mail: enabled}
    connections:
      - {integration: notes, users: all}
      - {integration: files, users: all}
";

impl Stage for Odeus {
    type Snapshot = Snapshot;
    type Operation = Operation;
    type Adapter = Adapter;
    type Client = OdeusClient;

    const NAME: &'static str = "odeus";
    const TITLE: &'static str = "Odeus";
    const CREATES_KEYS: bool = false;
    const BASE: &'static str = "/odeus/v1/workspaces/";
    const AUDITED: usize = 50;
    const COLLECTIONS: &'static [&'static str] = &["integrations"];
    const WISHES: &'static str = "
new_actions_enabled_by_default: false
integrations:
  notes:
    access: {groups: [sales]}
    accept_scopes: [notes.meta]
    actions:
      write_note: {groups: [sales]}
      share_note: disabled
  files:
    oauth: {mode: fixed, client: {id: f1}, scopes: [profile, files.read, files.sync]}
    actions:
      sync_file: enabled
      write_file: disabled
  mail:
    oauth: {mode: sync, client: {id: m1}}
    actions: {send_mail: enabled}
";

    fn options(folder: &Path, workspaces: &[String]) -> server::Options {
        let mut catalogs = SourceMap::new();
        for (key, actions) in CATALOG {
            let head = format!(
                "kind: catalog\nintegration: {key}\nname: {key}\nprovider: example\nauth: oauth\nmanaged_client: true\nscope_management: true\nbase_scopes: [profile]\nactions:"
            );
            catalogs.add(format!("{key}.yaml"), format!("{head}{actions}"));
        }
        let (catalog, problems) = catalog::load(&catalogs);
        assert!(!problems.has_errors(), "{problems:?}");
        let mut text = "kind: world\nworkspaces:\n".to_owned();
        for name in workspaces {
            text.push_str(&format!("  {name}:{WORLD}"));
        }
        let mut worlds = SourceMap::new();
        worlds.add("world.yaml", text);
        let (world, problems) = world::load(&worlds);
        assert!(!problems.has_errors(), "{problems:?}");
        server::Options {
            database: folder.join("plane.sqlite"),
            catalog: catalog.into_iter().collect(),
            world: world.odeus,
            trustpager: None,
            reset: false,
            rate_limit: None,
        }
    }

    fn client(http: Arc<Http>, workspace: WorkspaceId, _: &Path) -> OdeusClient {
        OdeusClient::new(http, workspace, BTreeMap::new())
    }

    fn plan(config: &Config, snapshot: &Snapshot, reads: u32) -> Plan {
        let config::Desired::Odeus(desired) = &config.desired else { panic!("another platform") };
        let (plan, problems) = plan(desired, snapshot, inputs(reads));
        plan.unwrap_or_else(|| panic!("{problems:?}"))
    }

    fn describe(observation: &Value) -> Value {
        let items = observation["integrations"].as_array().unwrap();
        items
            .iter()
            .map(|item| json!({ "key": item["facts"]["key"], "state": item["state"] }))
            .collect()
    }

    fn broken(snapshot: &Snapshot, observations: &[Value]) -> Vec<String> {
        let mut sequences: BTreeMap<String, Vec<IntegrationResource>> = BTreeMap::new();
        for observation in observations {
            for item in observation["integrations"].as_array().unwrap() {
                let item: IntegrationResource = serde_json::from_value(item.clone()).unwrap();
                sequences.entry(item.facts.key.to_string()).or_default().push(item);
            }
        }
        let mut broken = Vec::new();
        for (key, sequence) in sequences {
            let mut states: Vec<IntegrationState> =
                sequence.iter().map(|item| item.state.clone()).collect();
            states.dedup();
            let found = naive::broken(&sequence[0].facts, &snapshot.directory, &states);
            broken.extend(found.into_iter().map(|what| format!("{key}: {what}")));
        }
        broken
    }

    /// Turns on an action whose scope is requested anyway, for people who are let in before and after: it moves the
    /// version token and no scope.
    fn foreign(plane: &Plane<Self>, workspace: &str) {
        let (_, now) = plane.admin(workspace, ("GET", "integrations/notes"), None, None);
        let tag = now["etag"].as_str().unwrap();
        let path = "integrations/notes/actions/print_note/access";
        let body = json!({ "access": { "only": [{ "group": "sales" }] } });
        let (status, answer) = plane.admin(workspace, ("PUT", path), Some(tag), Some(&body));
        assert_eq!(status, 200, "{answer}");
    }

    fn without_foreign(description: &mut Value) {
        for item in description.as_array_mut().unwrap() {
            if let Some(actions) = item["state"]["actions"].as_object_mut() {
                actions.remove("print_note");
            }
        }
    }

    /// A member of the group that things are shared with, and one who is not, each run every action.
    fn calls(plane: &Plane<Self>, workspace: &str) -> Vec<Deed> {
        let mut deeds = Vec::new();
        for who in ["ben@acme.example", "eva@acme.example"] {
            let user = json!({ "user": who });
            let (status, minted) = plane.admin(workspace, ("POST", "tokens"), None, Some(&user));
            assert_eq!(status, 201, "{minted}");
            for (integration, actions) in CATALOG {
                let keys = actions.split("{key: ").skip(1).map(|rest| rest.split(',').next());
                deeds.extend(keys.map(|action| Deed {
                    who,
                    token: minted["token"].as_str().unwrap().to_owned(),
                    method: "POST",
                    path: format!(
                        "{}{workspace}/integrations/{integration}/actions/{}/run",
                        Self::BASE,
                        action.unwrap()
                    ),
                }));
            }
        }
        deeds
    }
}
