//! A control plane with a workspace for every case, and apply against it without a process of its own.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::civil::{Date, date};
use scopeform::apply::{self, Adapter, ApplyError, Options, Report, Silent};
use scopeform::config::{self, Config};
use scopeform::model::WorkspaceId;
use scopeform::plan::Plan;
use scopeform::plan::assemble::Inputs;
use scopeform::platform::http::{Clock, Http, HttpOptions};
use scopeform::platform::provider::{Read, Write};
use scopeform::seal::{ApprovedPlan, Consent, SealedPlan};
use scopeform::server::{self, Running};
use scopeform::source::SourceMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::apply::wire;

pub(crate) const TODAY: Date = date(2026, 11, 22);

/// What planning takes beside the files and what is live.
pub(crate) const fn inputs(reads: u32) -> Inputs<'static> {
    Inputs {
        today: TODAY,
        endpoint: "embedded",
        reads,
        sources: Vec::new(),
        only: None,
        both_sides: true,
    }
}

/// A platform on the stage: its world, its wishes, and how to look at it.
pub(crate) trait Stage: Send + Sync + 'static {
    type Snapshot: Send + Sync;
    type Operation: Send + Sync;
    type Adapter: Adapter<Snapshot = Self::Snapshot, Operation = Self::Operation>;
    type Client: Read<Snapshot = Self::Snapshot>
        + Write<Operation = Self::Operation, Resource = <Self::Adapter as Adapter>::Resource>
        + Send
        + Sync;

    const NAME: &'static str;
    /// Its name in the documents.
    const TITLE: &'static str;
    /// Whether its plan creates an API key, whose value only one run can get.
    const CREATES_KEYS: bool;
    /// The path of a workspace, without its name.
    const BASE: &'static str;
    /// What the files ask for, below the head that names the workspace.
    const WISHES: &'static str;
    /// How many entries of the audit log come at once, at most.
    const AUDITED: usize;
    /// What an observation reads.
    const COLLECTIONS: &'static [&'static str];

    /// What the control plane is started with: these workspaces, all alike.
    fn options(folder: &Path, workspaces: &[String]) -> server::Options;
    /// A client whose relative paths are below `folder`.
    fn client(http: Arc<Http>, workspace: WorkspaceId, folder: &Path) -> Self::Client;
    fn plan(config: &Config, snapshot: &Self::Snapshot, reads: u32) -> Plan;
    /// What a workspace is, without what differs between two that are alike.
    fn describe(observation: &Value) -> Value;
    /// The laws that a sequence of observations breaks, in words. Not by the engine.
    fn broken(snapshot: &Self::Snapshot, observations: &[Value]) -> Vec<String>;
    /// Something that somebody else does to a thing that the plan writes to, and that the files do not mention.
    fn foreign(plane: &Plane<Self>, workspace: &str)
    where
        Self: Sized;
    /// Takes what [`Stage::foreign`] did out of a description.
    fn without_foreign(description: &mut Value);
    /// What people and programs do all day on the user surface, each with a token of their own. Made before anything is
    /// planned; none of it writes what a plan is about.
    fn calls(plane: &Plane<Self>, workspace: &str) -> Vec<Deed>
    where
        Self: Sized;
}

/// One thing that somebody does on the user surface.
pub(crate) struct Deed {
    pub(crate) who: &'static str,
    pub(crate) token: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
}

/// A running control plane.
pub(crate) struct Plane<S> {
    runtime: Runtime,
    running: Option<Running>,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) vendor: String,
    pub(crate) workspaces: Vec<String>,
    _data: TempDir,
    stage: PhantomData<fn() -> S>,
}

impl<S: Stage> Plane<S> {
    /// Starts one with `count` workspaces.
    pub(crate) fn start(count: usize) -> Self {
        Self::limited(count, None)
    }

    /// The same, which refuses whoever sends more requests a minute.
    pub(crate) fn limited(count: usize, rate_limit: Option<u32>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let workspaces: Vec<String> = (0..count).map(|n| format!("acme-{n}")).collect();
        let options = server::Options { rate_limit, ..S::options(data.path(), &workspaces) };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
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
            workspaces,
            _data: data,
            stage: PhantomData,
        }
    }

    /// Calls the admin surface below a workspace.
    pub(crate) fn admin(
        &self,
        workspace: &str,
        (method, path): (&str, &str),
        if_match: Option<&str>,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let path = format!("{}{workspace}/{path}", S::BASE);
        wire::call(self.address, &self.token, method, &path, if_match, body)
    }

    /// Reads what an observation holds.
    pub(crate) fn look(&self, workspace: &str) -> Value {
        look::<S>(self.address, &self.token, workspace)
    }

    /// A function that looks at one workspace.
    pub(crate) fn looker(&self, workspace: &str) -> Arc<super::proxy::Look> {
        let (address, token, workspace) = (self.address, self.token.clone(), workspace.to_owned());
        Arc::new(move || look::<S>(address, &token, &workspace))
    }

    /// What the audit log says: one entry per write that was done. What users wait for is no write of an admin.
    pub(crate) fn audit(&self, workspace: &str) -> Vec<Value> {
        let path = format!("audit?limit={}", S::AUDITED);
        let (status, page) = self.admin(workspace, ("GET", &path), None, None);
        assert_eq!((status, &page["has_more"]), (200, &Value::Bool(false)), "{page}");
        let entries = page["items"].as_array().unwrap().iter();
        entries.filter(|entry| entry["action"] != "approval.queued").cloned().collect()
    }
}

impl<S> Drop for Plane<S> {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.shutdown());
        }
    }
}

fn look<S: Stage>(address: SocketAddr, token: &str, workspace: &str) -> Value {
    let mut all = serde_json::Map::new();
    for collection in S::COLLECTIONS {
        let path = format!("{}{workspace}/{collection}?limit=100", S::BASE);
        let (status, page) = wire::call(address, token, "GET", &path, None, None);
        assert_eq!((status, &page["has_more"]), (200, &Value::Bool(false)), "{page}");
        all.insert((*collection).to_owned(), page["items"].clone());
    }
    all.into()
}

/// A clock whose time passes at once.
#[derive(Debug, Default)]
pub(crate) struct Virtual {
    waits: Mutex<Vec<Duration>>,
}

impl Virtual {
    pub(crate) fn waited(&self) -> Vec<Duration> {
        self.waits.lock().unwrap().clone()
    }
}

impl Clock for Virtual {
    fn now(&self) -> Duration {
        self.waits.lock().unwrap().iter().sum()
    }

    fn wait(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.waits.lock().unwrap().push(wait);
        Box::pin(std::future::ready(()))
    }
}

/// The files of one workspace.
pub(crate) fn yaml<S: Stage>(workspace: &str, endpoint: &str) -> String {
    let (name, wishes) = (S::NAME, S::WISHES.trim_start());
    format!("version: 1\nplatform: {name}\nworkspace: {workspace}\nendpoint: {endpoint}\n{wishes}")
}

/// The same, as they are read.
pub(crate) fn config<S: Stage>(workspace: &str) -> Config {
    let mut sources = SourceMap::new();
    sources.add("scopeform.yaml", &*yaml::<S>(workspace, "embedded"));
    let (mut configs, problems) = config::load(&sources);
    assert!(!problems.has_errors(), "{problems:?}");
    configs.remove(0)
}

/// One program that applies: its folder, its clock and its way to the platform.
pub(crate) struct Runner<S: Stage> {
    runtime: Runtime,
    config: Config,
    pub(crate) clock: Arc<Virtual>,
    folder: TempDir,
    workspace: String,
    token: String,
    stage: PhantomData<fn() -> S>,
}

impl<S: Stage> Runner<S> {
    pub(crate) fn new(plane: &Plane<S>, workspace: &str) -> Self {
        Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            config: config::<S>(workspace),
            clock: Arc::default(),
            folder: tempfile::tempdir().unwrap(),
            workspace: workspace.to_owned(),
            token: plane.token.clone(),
            stage: PhantomData,
        }
    }

    fn client(&self, url: &str, patience: Duration) -> S::Client {
        let options = HttpOptions {
            read_timeout: patience,
            total_timeout: patience,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            ..HttpOptions::default()
        };
        let http = Http::new(url, SecretString::from(self.token.clone()), options).unwrap();
        let workspace = WorkspaceId::try_from(self.workspace.as_str()).unwrap();
        S::client(Arc::new(http), workspace, self.folder.path())
    }

    /// Reads and plans.
    pub(crate) fn plan(&self, url: &str) -> (Plan, S::Snapshot) {
        let client = self.client(url, PATIENT);
        let reading = self.runtime.block_on(client.read()).unwrap();
        (S::plan(&self.config, &reading.snapshot, reading.calls), reading.snapshot)
    }

    /// Carries out a plan.
    pub(crate) fn apply(
        &self,
        plan: &Plan,
        url: &str,
        patience: Duration,
    ) -> Result<Report, ApplyError> {
        let approved = approve(plan);
        let client = self.client(url, patience);
        let interrupted = AtomicBool::new(false);
        let options = Options { today: TODAY, parallelism: 1, interrupted: &interrupted };
        let run = apply::run::<S::Adapter, _>(&approved, &client, options, &Silent);
        Ok(self.runtime.block_on(run)?.0)
    }
}

/// How long a client waits that is not meant to give up.
pub(crate) const PATIENT: Duration = Duration::from_secs(30);

pub(crate) fn approve(plan: &Plan) -> ApprovedPlan {
    let sealed = SealedPlan::seal(plan.clone());
    let consent = Consent::SavedPlan(sealed.digest().clone());
    ApprovedPlan::new(sealed, consent, Vec::new()).unwrap()
}
