//! The vendor's catalogue, a small world, a running control plane, and a way to call it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use reqwest::Method;
use scopeform::model::{GroupKey, UserId, WorkspaceId};
use scopeform::platform::trustpager::catalog::Catalog;
use scopeform::platform::trustpager::name::{ClientName, KeyName, RoleKey};
use scopeform::platform::trustpager::state::{AccessList, KeyGrants};
use scopeform::platform::trustpager::wire::path;
use scopeform::platform::trustpager::world::{World, WorldClient, WorldToken, WorldWorkspace};
use scopeform::server::{self, Options, Running, StartError, TrustpagerSeed};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const OLGA: &str = "olga@acme.example";
pub(crate) const ADA: &str = "ada@acme.example";
pub(crate) const MAX: &str = "max@acme.example";
pub(crate) const VERA: &str = "vera@acme.example";
pub(crate) const CLAUDE: &str = "Claude Connection";

/// Reads the published catalogue with a parser of its own.
pub(crate) static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let read = |name: &str| -> Value {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/catalogs/trustpager");
        serde_yaml::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let (facts, roles) = (read("resources.yaml"), read("roles.yaml"));
    let list = |value: &Value| value.as_array().unwrap().clone();
    let by = |items: Vec<Value>, name: &str| -> Value {
        let entry = |item: Value| (item[name].as_str().unwrap().to_owned(), item);
        items.into_iter().map(entry).collect::<serde_json::Map<_, _>>().into()
    };
    let resources = list(&facts["resources"]).into_iter().map(|mut resource| {
        let ladder = list(&facts["ladders"][resource["ladder"].as_str().unwrap()]);
        let own = resource["tiers"].clone();
        let tiers = ladder.iter().filter_map(|fact| {
            let scope = own.get(fact["tier"].as_str().unwrap())?;
            Some(json!({ "tier": fact["tier"], "scope": scope }))
        });
        resource["tiers"] = tiers.collect();
        resource["extra_verbs"] = by(list(&resource["extra_verbs"]), "verb");
        resource
    });
    let resources = by(resources.collect(), "key");
    let roles = list(&roles["roles"]).into_iter().map(|mut role| {
        for ceiling in role["ceilings"].as_object_mut().unwrap().values_mut() {
            let verbs = ceiling.as_object_mut().unwrap().remove("extra_verbs").unwrap();
            *ceiling = json!({ "tiers": ceiling, "extra_verbs": verbs });
        }
        role
    });
    let renames = list(&facts["renames"]).into_iter().filter(|one| one["kind"] == "resource");
    let renames = renames.map(|one| (one["from"].as_str().unwrap().to_owned(), one["to"].clone()));
    let catalog = json!({
        "version": facts["catalog_version"], "ladders": facts["ladders"], "resources": resources,
        "roles": by(roles.collect(), "key"),
        "renames": renames.collect::<serde_json::Map<_, _>>(),
    });
    Arc::new(serde_json::from_value(catalog).unwrap())
});

pub(crate) fn user(text: &str) -> UserId {
    UserId::try_from(text).unwrap()
}

pub(crate) fn role(text: &str) -> RoleKey {
    RoleKey::try_from(text).unwrap()
}

/// An access list of JSON, such as `{"tiers": {"email": "read"}}`.
pub(crate) fn list(value: Value) -> AccessList {
    serde_json::from_value(value).unwrap()
}

fn tenant(domain: &str) -> WorldWorkspace {
    let at = |name: &str| user(&format!("{name}@{domain}"));
    let token = |name: &str, then: Option<&str>, last_used: Option<&str>| WorldToken {
        user: at(name),
        role: then.map(role),
        issued: "2026-01-05".parse().unwrap(),
        last_used: last_used.map(|date| date.parse().unwrap()),
        requests: 7,
    };
    let claude = WorldClient {
        access: list(json!({
            "tiers": { "email": "send_automatically", "sms": "no_access" },
            "unknown": ["legacy:sync"],
        })),
        tokens: vec![token("olga", None, Some("2026-03-01")), token("vera", Some("member"), None)],
    };
    let plain = WorldClient { access: AccessList::default(), tokens: Vec::new() };
    let key = |name: &str| KeyName::try_from(name).unwrap();
    WorldWorkspace {
        users: BTreeMap::from([
            (at("olga"), role("owner")),
            (at("ada"), role("admin")),
            (at("max"), role("member")),
            (at("vera"), role("read_only_viewer")),
        ]),
        groups: BTreeMap::from([(
            GroupKey::try_from("ops").unwrap(),
            BTreeSet::from([at("max"), at("vera")]),
        )]),
        clients: BTreeMap::from([
            (ClientName::try_from(CLAUDE).unwrap(), claude),
            (ClientName::try_from("Zapier").unwrap(), plain),
        ]),
        keys: BTreeMap::from([
            (
                key("nightly export"),
                KeyGrants::Custom(list(json!({ "tiers": { "contacts": "read" } }))),
            ),
            (key("root"), KeyGrants::FullAccess),
        ]),
    }
}

pub(crate) fn world() -> World {
    let workspace = |text: &str| WorkspaceId::try_from(text).unwrap();
    World {
        workspaces: BTreeMap::from([
            (workspace("acme"), tenant("acme.example")),
            (workspace("globex"), tenant("globex.example")),
        ]),
    }
}

pub(crate) async fn start_in(
    dir: &tempfile::TempDir,
    trustpager: Option<TrustpagerSeed>,
    rate_limit: Option<u32>,
    reset: bool,
) -> Result<Running, StartError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = Options {
        database: dir.path().join("plane.sqlite"),
        catalog: BTreeMap::new(),
        world: Default::default(),
        trustpager,
        reset,
        rate_limit,
    };
    server::start(listener, options).await
}

pub(crate) fn seed_of(world: World) -> Option<TrustpagerSeed> {
    Some(TrustpagerSeed { catalog: CATALOG.as_ref().clone(), world })
}

/// A running control plane.
pub(crate) struct Plane {
    pub(crate) running: Running,
    pub(crate) dir: tempfile::TempDir,
    http: reqwest::Client,
    pub(crate) admin: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) etag: String,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Value,
}

impl Reply {
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.status < 300, "{} {}", self.status, self.body);
        self
    }

    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or("none")
    }

    /// Checks a refusal, and that it has the vendor's shape.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        let error = &self.body["error"];
        assert_eq!(error["status"], status);
        for field in ["message", "fix", "hint"] {
            assert!(!error[field].as_str().unwrap().is_empty(), "{field}: {error}");
        }
        self
    }
}

/// One request in the making.
pub(crate) struct Call {
    request: reqwest::RequestBuilder,
    documented: Option<(Method, String)>,
}

impl Call {
    pub(crate) fn token(mut self, token: &str) -> Self {
        self.request = self.request.bearer_auth(token);
        self
    }

    pub(crate) fn if_match(mut self, etag: &str) -> Self {
        self.request = self.request.header("if-match", etag);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    pub(crate) fn raw(mut self, body: &'static str) -> Self {
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
            check_document(method, template, &reply);
        }
        reply
    }
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(server::trustpager_openapi_document);

/// Holds an answer against the published document: the status, the error code, the body and the ETag.
#[track_caller]
fn check_document(method: &Method, template: &str, reply: &Reply) {
    let verb = method.as_str().to_lowercase();
    let operation = &DOCUMENT["paths"][template][&verb];
    if operation.is_null() {
        assert_eq!(reply.status, 405, "{verb} {template} is not documented");
        return;
    }
    let described = &operation["responses"][reply.status.to_string()];
    assert!(!described.is_null(), "{verb} {template}: {} {}", reply.status, reply.body);
    if reply.status >= 400 {
        let text = described["description"].as_str().unwrap();
        let code = format!("`{}`", reply.code());
        assert!(text.contains(&code), "{verb} {template}: {code} is not in {text:?}");
    }
    let mut schema = described["content"]["application/json"]["schema"].clone();
    schema["components"] = DOCUMENT["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<String> = validator.iter_errors(&reply.body).map(|e| e.to_string()).collect();
    assert!(problems.is_empty(), "{verb} {template}: {problems:?} in {}", reply.body);
    let tagged = described["headers"]["ETag"]["required"] == true;
    assert_eq!(!reply.etag.is_empty(), tagged, "{verb} {template}");
}

impl Plane {
    pub(crate) async fn start() -> Self {
        Self::with(world(), None).await
    }

    pub(crate) async fn with(world: World, rate_limit: Option<u32>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let running = start_in(&dir, seed_of(world), rate_limit, false).await.unwrap();
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

    pub(crate) fn raw_path(&self, method: Method, path: &str) -> Call {
        let request = self.http.request(method, format!("{}{path}", self.endpoint()));
        Call { request, documented: None }
    }

    /// A call in workspace `acme`, by nobody yet.
    pub(crate) fn call(&self, method: Method, template: &str, names: &[&str]) -> Call {
        let mut all = if template.contains("{workspace}") { vec!["acme"] } else { Vec::new() };
        all.extend(names);
        let path = path::fill(template, &all).unwrap();
        let documented = Some((method.clone(), template.to_owned()));
        Call { documented, ..self.raw_path(method, &path) }
    }

    pub(crate) fn by_admin(&self, method: Method, template: &str, names: &[&str]) -> Call {
        self.call(method, template, names).token(&self.admin)
    }

    pub(crate) async fn read(&self, template: &str) -> Reply {
        self.by_admin(Method::GET, template, &[]).send().await.ok()
    }

    /// One item of a collection, by the field that names it.
    pub(crate) async fn item(&self, template: &str, field: &str, name: &str) -> Value {
        let page = self.read(template).await.body;
        let mut items = page["items"].as_array().unwrap().iter();
        items.find(|item| item[field] == name).cloned().unwrap_or(Value::Null)
    }

    pub(crate) async fn oauth_client(&self, name: &str) -> Value {
        self.item(path::CLIENTS, "name", name).await
    }

    /// A portal token.
    pub(crate) async fn session(&self, of: &str) -> String {
        let body = json!({ "user": of });
        let reply = self.by_admin(Method::POST, path::SESSIONS, &[]).json(&body).send().await.ok();
        reply.body["token"].as_str().unwrap().to_owned()
    }

    /// Authorises a client as a user: the token's value and what is known about it.
    pub(crate) async fn authorize(&self, of: &str, client: &str) -> (String, Value) {
        let session = self.session(of).await;
        let call = self.call(Method::POST, path::AUTHORIZE, &[client]).token(&session);
        let body = call.send().await.ok().body;
        (body["value"].as_str().unwrap().to_owned(), body["token"].clone())
    }

    /// Sets some tiers and confirms what that does.
    pub(crate) async fn set_tiers(&self, client: &str, tiers: &[(&str, &str)]) -> Reply {
        let live = self.oauth_client(client).await;
        let mut access = live["state"]["access"].clone();
        for (resource, tier) in tiers {
            access["tiers"][*resource] = json!(tier);
        }
        self.set_access(client, &access).await
    }

    /// Sets a ceiling and confirms what that does: asks first, as the portal does.
    pub(crate) async fn set_access(&self, client: &str, access: &Value) -> Reply {
        let etag = self.oauth_client(client).await["etag"].as_str().unwrap().to_owned();
        let put = |body: Value| {
            self.by_admin(Method::PUT, path::CLIENT_ACCESS, &[client])
                .if_match(&etag)
                .json(&body)
                .send()
        };
        let asked = put(json!({ "access": access })).await;
        if asked.status != 409 {
            return asked;
        }
        let confirm = &asked.body["error"]["confirmation"];
        put(json!({ "access": access, "confirm": confirm })).await
    }

    pub(crate) async fn revoke(&self, client: &str, token: &str) -> Reply {
        let etag = self.oauth_client(client).await["etag"].as_str().unwrap().to_owned();
        self.by_admin(Method::POST, path::REVOKE_TOKEN, &[client, token])
            .if_match(&etag)
            .json(&json!({ "reason": "left" }))
            .send()
            .await
    }

    pub(crate) async fn set_role(&self, of: &str, role: &str) -> Reply {
        let etag = self.item(path::USERS, "user", of).await["etag"].as_str().unwrap().to_owned();
        self.by_admin(Method::PATCH, path::USER_ROLE, &[of])
            .if_match(&etag)
            .json(&json!({ "role": role }))
            .send()
            .await
    }

    /// Does something to a resource.
    pub(crate) async fn act(&self, token: &str, verb: &str, resource: &str) -> Reply {
        self.act_with(token, verb, resource, &json!({})).await
    }

    pub(crate) async fn act_with(
        &self,
        token: &str,
        verb: &str,
        resource: &str,
        body: &Value,
    ) -> Reply {
        let call = match verb {
            "read" => {
                return self
                    .call(Method::GET, path::RESOURCE, &[resource])
                    .token(token)
                    .send()
                    .await;
            }
            "write" => self.call(Method::POST, path::RESOURCE, &[resource]),
            "delete" => self.call(Method::DELETE, path::RESOURCE, &[resource]),
            other => self.call(Method::POST, path::RESOURCE_VERB, &[resource, other]),
        };
        call.token(token).json(body).send().await
    }

    /// Makes a key and returns its value.
    pub(crate) async fn create_key(&self, name: &str, grants: &Value) -> String {
        let etag = self.read(path::KEYS).await.etag;
        let post = |body: Value| {
            self.by_admin(Method::POST, path::KEYS, &[]).if_match(&etag).json(&body).send()
        };
        let mut reply = post(json!({ "name": name, "grants": grants })).await;
        if reply.status == 409 {
            let confirm = &reply.body["error"]["confirmation"];
            reply = post(json!({ "name": name, "grants": grants, "confirm": confirm })).await;
        }
        reply.ok().body["value"].as_str().unwrap().to_owned()
    }
}
