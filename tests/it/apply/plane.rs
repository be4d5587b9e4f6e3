//! A small control plane in the test's own process, and a configuration that asks it for something.

use std::net::SocketAddr;

use scopeform::config::{catalog, world};
use scopeform::server::{self, Options, Running};
use scopeform::source::SourceMap;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::proxy::Proxy;
use super::wire;
use crate::cli::harness::{Lab, Run};

const NOTES: &str = "
kind: catalog
integration: notes
name: Notes
provider: example
auth: oauth
managed_client: true
scope_management: true
base_scopes: [profile]
actions:
  - {key: find_note, name: Find note, required_scopes: [notes.read], native: true, features: [folder_sync]}
  - {key: read_note, name: Read note, required_scopes: [notes.read]}
  - {key: write_note, name: Write note, required_scopes: [notes.write]}
  - {key: share_note, name: Share note, required_scopes: [notes.share]}
";

const FILES: &str = "
kind: catalog
integration: files
name: Files
provider: example
auth: oauth
managed_client: true
scope_management: true
base_scopes: [profile]
actions:
  - {key: read_file, name: Read file, required_scopes: [files.read]}
  - {key: write_file, name: Write file, required_scopes: [files.write]}
";

const WORLD: &str = "
kind: world
workspaces:
  acme:
    users: {ana@acme.example: admin, ben@acme.example: member}
    groups: {sales: [ben@acme.example]}
    actions: nobody
    integrations:
      files: {actions: {write_file: enabled}}
    connections:
      - {integration: notes, users: all}
";

/// Four writes: three to `notes`, one after another, and one to `files`.
pub(crate) const WISHES: &str = "
integrations:
  notes:
    actions:
      read_note: enabled
      write_note: enabled
      share_note: {groups: [sales]}
  files:
    actions:
      write_file: disabled
";

/// How many writes [`WISHES`] takes on a fresh plane.
pub(crate) const WRITES: usize = 4;

/// A control plane with one workspace, `acme`.
pub(crate) struct Plane {
    runtime: Runtime,
    running: Option<Running>,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    vendor: String,
    _data: TempDir,
}

impl Plane {
    pub(crate) fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let mut catalogs = SourceMap::new();
        catalogs.add("notes.yaml", NOTES.trim_start().as_bytes());
        catalogs.add("files.yaml", FILES.trim_start().as_bytes());
        let mut worlds = SourceMap::new();
        worlds.add("world.yaml", WORLD.trim_start().as_bytes());
        let (catalog, problems) = catalog::load(&catalogs);
        assert!(!problems.has_errors(), "{problems:?}");
        let (world, problems) = world::load(&worlds);
        assert!(!problems.has_errors(), "{problems:?}");
        let options = Options {
            database: data.path().join("control-plane.db"),
            catalog: catalog.into_iter().collect(),
            world: world.odeus,
            trustpager: None,
            reset: false,
            rate_limit: None,
        };
        let running = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            server::start(listener, options).await.unwrap()
        });
        Self {
            address: running.address,
            token: running.admin_token.expose_secret().to_owned(),
            vendor: running.vendor_token.expose_secret().to_owned(),
            running: Some(running),
            runtime,
            _data: data,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A lab whose configuration asks this plane for something.
    pub(crate) fn lab(&self, body: &str) -> Lab {
        lab_at(&self.url(), body)
    }

    /// A lab that reaches this plane through a proxy.
    pub(crate) fn lab_through(&self, proxy: &Proxy, body: &str) -> Lab {
        lab_at(&proxy.url(), body)
    }

    /// A run with the admin's token.
    pub(crate) fn run(&self, lab: &Lab, args: &str) -> Run {
        lab.run(args).env("SCOPEFORM_TOKEN", &self.token)
    }

    /// Calls the admin surface below the workspace.
    pub(crate) fn admin(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let path = format!("/odeus/v1/workspaces/acme/{path}");
        wire::call(self.address, &self.token, method, &path, None, body)
    }

    /// Publishes an integration as the vendor.
    pub(crate) fn publish(&self, integration: &str, facts: &Value) {
        let path = format!("/odeus/v1/catalog/{integration}");
        let (status, answer) =
            wire::call(self.address, &self.vendor, "PUT", &path, None, Some(facts));
        assert_eq!(status, 200, "{answer}");
    }

    /// Switches one action as somebody else would, confirming whatever it does.
    pub(crate) fn switch(&self, integration: &str, action: &str, access: &Value) {
        let (_, now) = self.admin("GET", &format!("integrations/{integration}"), None);
        let tag = now["etag"].as_str().unwrap();
        let path =
            format!("/odeus/v1/workspaces/acme/integrations/{integration}/actions/{action}/access");
        let mut body = serde_json::json!({ "access": access });
        let put = |body: &Value| {
            wire::call(self.address, &self.token, "PUT", &path, Some(tag), Some(body))
        };
        let (mut status, mut answer) = put(&body);
        if status == 409 {
            body["confirm"] = answer["error"]["confirmation"].clone();
            (status, answer) = put(&body);
        }
        assert_eq!(status, 200, "{answer}");
    }

    /// What is live, without what differs from plane to plane.
    pub(crate) fn state(&self) -> Value {
        let (status, mut page) = self.admin("GET", "integrations?limit=100", None);
        assert_eq!(status, 200, "{page}");
        for item in page["items"].as_array_mut().unwrap() {
            item.as_object_mut().unwrap().remove("etag");
        }
        page["items"].clone()
    }

    /// How many entries the audit log holds.
    pub(crate) fn audited(&self) -> usize {
        let (_, page) = self.admin("GET", "audit?limit=50", None);
        page["items"].as_array().unwrap().len()
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.shutdown());
        }
    }
}

/// A lab whose configuration names an endpoint.
pub(crate) fn lab_at(endpoint: &str, body: &str) -> Lab {
    Lab::with(&config_at(endpoint, body))
}

/// A configuration of the workspace `acme` at an endpoint.
pub(crate) fn config_at(endpoint: &str, body: &str) -> String {
    format!(
        "version: 1\nplatform: odeus\nworkspace: acme\nendpoint: {endpoint}\n{}",
        body.trim_start_matches('\n')
    )
}
