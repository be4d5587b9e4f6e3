//! A small world, a running control plane, and a way to call it.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use scopeform::model::{
    Access, ActionKey, GroupKey, IntegrationKey, Principal, Scope, ScopeSet, UserId, WorkspaceId,
};
use scopeform::platform::odeus::catalog;
use scopeform::platform::odeus::operation::ClientSpec;
use scopeform::platform::odeus::state::{Deployment, Directory, Role};
use scopeform::platform::odeus::wire::path;
use scopeform::platform::odeus::world::{
    Suffices, World, WorldConnection, WorldIntegration, WorldWorkspace,
};
use scopeform::server::{self, Options, Running};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const ANA: &str = "ana@acme.example";
pub(crate) const BEN: &str = "ben@acme.example";
pub(crate) const CLEO: &str = "cleo@acme.example";
pub(crate) const EVA: &str = "eva@acme.example";

pub(crate) fn key(text: &str) -> IntegrationKey {
    IntegrationKey::try_from(text).unwrap()
}

pub(crate) fn action(text: &str) -> ActionKey {
    ActionKey::try_from(text).unwrap()
}

pub(crate) fn user(text: &str) -> UserId {
    UserId::try_from(text).unwrap()
}

pub(crate) fn workspace(text: &str) -> WorkspaceId {
    WorkspaceId::try_from(text).unwrap()
}

pub(crate) fn scopes(list: &[&str]) -> ScopeSet {
    list.iter().map(|text| Scope::try_from(*text).unwrap()).collect()
}

pub(crate) fn group(text: &str) -> Access {
    Access::only([Principal::Group(GroupKey::try_from(text).unwrap())])
}

/// `(key, required scopes, native)` becomes an action.
fn actions(list: &[(&str, &[&str], bool)]) -> Value {
    let entries = list.iter().map(|(key, required, native)| {
        let features: &[&str] = if *native { &["attachment_access_checks"] } else { &[] };
        let facts = json!({
            "key": key, "name": key, "required_scopes": required, "native": native,
            "features": features,
        });
        ((*key).to_owned(), facts)
    });
    Value::Object(entries.collect())
}

pub(crate) fn sharepoint() -> Value {
    json!({
        "key": "sharepoint", "name": "SharePoint", "provider": "microsoft", "auth": "oauth",
        "managed_client": true, "scope_management": true,
        "base_scopes": ["offline_access", "User.Read"],
        "actions": actions(&[
            ("check_access", &["Files.Read.All"], true),
            ("create_list", &["Sites.Manage.All"], false),
            ("create_page", &["Sites.ReadWrite.All"], false),
            ("download_file", &["Files.Read.All"], false),
            ("get_profile", &["User.Read"], false),
            ("update_page", &["Sites.ReadWrite.All"], false),
        ]),
    })
}

fn others() -> Vec<Value> {
    vec![
        json!({
            "key": "excel", "name": "Excel", "provider": "microsoft", "auth": "oauth",
            "managed_client": false, "scope_management": false, "base_scopes": ["User.Read"],
            "actions": actions(&[
                ("read_sheet", &["Files.Read"], false),
                ("write_sheet", &["Files.ReadWrite"], false),
            ]),
        }),
        json!({
            "key": "todo", "name": "To Do", "provider": "microsoft", "auth": "oauth",
            "managed_client": true, "scope_management": false, "base_scopes": ["User.Read"],
            "actions": actions(&[("create_task", &["Tasks.ReadWrite"], false)]),
        }),
        json!({
            "key": "weather", "name": "Weather", "provider": "none", "auth": "none",
            "managed_client": false, "scope_management": false, "base_scopes": [],
            "actions": actions(&[("today", &[], false)]),
        }),
    ]
}

pub(crate) fn catalog() -> BTreeMap<IntegrationKey, catalog::Integration> {
    let all = std::iter::once(sharepoint()).chain(others());
    all.map(|facts| {
        let facts: catalog::Integration = serde_json::from_value(facts).unwrap();
        (facts.key.clone(), facts)
    })
    .collect()
}

fn tenant(domain: &str) -> WorldWorkspace {
    let at = |name: &str| user(&format!("{name}@{domain}"));
    let sharepoint = WorldIntegration {
        actions: BTreeMap::from([
            (action("download_file"), Access::Everyone),
            (action("create_page"), group("content")),
        ]),
        ..WorldIntegration::default()
    };
    WorldWorkspace {
        deployment: Deployment::MultiTenant,
        new_actions_enabled_by_default: false,
        rollout: BTreeSet::from([key("excel")]),
        directory: Directory {
            users: BTreeMap::from([
                (at("ana"), Role::Admin),
                (at("ben"), Role::Member),
                (at("cleo"), Role::Member),
                (at("eva"), Role::Editor),
            ]),
            groups: BTreeMap::from([(
                GroupKey::try_from("content").unwrap(),
                BTreeSet::from([at("ben")]),
            )]),
        },
        actions: Access::Nobody,
        integrations: BTreeMap::from([(key("sharepoint"), sharepoint)]),
        connections: vec![WorldConnection {
            integration: key("sharepoint"),
            user: at("ben"),
            granted: None,
        }],
        suffices: vec![Suffices {
            scope: Scope::try_from("Sites.Selected").unwrap(),
            stands_for: scopes(&["Sites.ReadWrite.All"]),
        }],
    }
}

pub(crate) fn world() -> World {
    World {
        workspaces: BTreeMap::from([
            (workspace("acme"), tenant("acme.example")),
            (workspace("globex"), tenant("globex.example")),
        ]),
    }
}

/// The world with SharePoint on the workspace's own client with this list.
pub(crate) fn fixed_world(list: &[&str]) -> World {
    let mut world = world();
    let acme = world.workspaces.get_mut("acme").unwrap();
    let sharepoint = acme.integrations.get_mut("sharepoint").unwrap();
    sharepoint.client = Some(ClientSpec::Custom {
        id: "app-1".try_into().unwrap(),
        tenant: None,
        secret: None,
        fixed: Some(scopes(list)),
    });
    world
}

pub(crate) struct Plane {
    pub(crate) running: Running,
    pub(crate) dir: tempfile::TempDir,
    http: reqwest::Client,
    admin: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) etag: String,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or("")
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        self
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        assert_eq!(self.body["type"], "error");
        assert!(self.body["error"]["request_id"].as_str().unwrap().starts_with("req_"));
        self
    }
}

/// One request in the making.
pub(crate) struct Call<'a> {
    plane: &'a Plane,
    request: reqwest::RequestBuilder,
    /// Method and template, where the call was made by template: its answer is held against the published document.
    documented: Option<(Method, String)>,
}

impl Call<'_> {
    pub(crate) fn token(mut self, token: &str) -> Self {
        self.request = self.request.bearer_auth(token);
        self
    }

    pub(crate) fn admin(self) -> Self {
        let token = self.plane.admin.clone();
        self.token(&token)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn if_match(self, etag: &str) -> Self {
        self.header("if-match", etag)
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    pub(crate) fn raw(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.body(body);
        self
    }

    pub(crate) async fn send(self) -> Reply {
        let response = self.request.send().await.unwrap();
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        let reply = Reply {
            status: response.status().as_u16(),
            etag: header("etag").unwrap_or_default(),
            retry_after: header("retry-after").map(|text| text.parse().unwrap()),
            body: response.json().await.unwrap(),
        };
        if let Some((method, template)) = &self.documented {
            super::documented::check(method, template, &reply);
        }
        reply
    }
}

impl Plane {
    pub(crate) async fn start() -> Self {
        Self::with(world()).await
    }

    pub(crate) async fn with(world: World) -> Self {
        Self::limited(world, None).await
    }

    pub(crate) async fn limited(world: World, rate_limit: Option<u32>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let running = start_in(&dir, world, rate_limit, false).await.unwrap();
        Self::around(running, dir)
    }

    pub(crate) fn around(running: Running, dir: tempfile::TempDir) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        let admin = running.admin_token.expose_secret().to_owned();
        Self { running, dir, http, admin }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.running.address)
    }

    pub(crate) fn call(&self, method: Method, template: &str, names: &[&str]) -> Call<'_> {
        let path = path::fill(template, names).unwrap();
        let documented = Some((method.clone(), template.to_owned()));
        Call { documented, ..self.raw_path(method, &path) }
    }

    pub(crate) fn raw_path(&self, method: Method, path: &str) -> Call<'_> {
        let request = self.http.request(method, format!("{}{path}", self.endpoint()));
        Call { plane: self, request, documented: None }
    }

    pub(crate) async fn read(&self, template: &str, names: &[&str]) -> Reply {
        self.call(Method::GET, template, names).admin().send().await.ok()
    }

    pub(crate) async fn integration(&self, name: &str) -> Reply {
        self.read(path::INTEGRATION, &["acme", name]).await
    }

    /// Writes with the ETag of this moment.
    pub(crate) async fn put(&self, template: &str, names: &[&str], body: Value) -> Reply {
        let name = names.first().unwrap();
        let etag = self.integration(name).await.etag;
        let mut all = vec!["acme"];
        all.extend(names);
        self.call(Method::PUT, template, &all).admin().if_match(&etag).json(&body).send().await
    }

    pub(crate) async fn token(&self, of: &str) -> String {
        self.mint(json!({ "user": of })).await
    }

    pub(crate) async fn mint(&self, body: Value) -> String {
        let place = if body["user"].as_str().unwrap().ends_with("globex.example") {
            "globex"
        } else {
            "acme"
        };
        let minted =
            self.call(Method::POST, path::TOKENS, &[place]).admin().json(&body).send().await;
        assert_eq!(minted.status, 201, "{}", minted.body);
        minted.body["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn connect(&self, token: &str) -> Reply {
        let names = ["acme", "sharepoint"];
        self.call(Method::POST, path::CONNECTION, &names).token(token).send().await
    }

    pub(crate) async fn run(&self, token: &str, action: &str) -> Reply {
        let names = ["acme", "sharepoint", action];
        self.call(Method::POST, path::RUN, &names).token(token).send().await
    }

    pub(crate) async fn publish(&self, facts: &Value) -> Reply {
        let token = self.running.vendor_token.expose_secret().to_owned();
        let name = facts["key"].as_str().unwrap();
        self.call(Method::PUT, path::CATALOG, &[name]).token(&token).json(facts).send().await
    }
}

pub(crate) async fn start_in(
    dir: &tempfile::TempDir,
    world: World,
    rate_limit: Option<u32>,
    reset: bool,
) -> Result<Running, server::StartError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let database = dir.path().join("plane.sqlite");
    let options =
        Options { database, catalog: catalog(), world, trustpager: None, reset, rate_limit };
    server::start(listener, options).await
}

/// The set of scopes in a JSON list.
pub(crate) fn set(value: &Value) -> BTreeSet<String> {
    let list = value.as_array().unwrap_or_else(|| panic!("no list: {value}"));
    list.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}
