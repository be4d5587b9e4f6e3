//! The live system behind a configuration: the embedded control plane, started in this process, or a URL.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::TcpListener;

use super::args::{LONGEST_WAIT, Reach};
use super::budget;
use super::env::Env;
use super::exit::Exit;
use super::folder::{Folder, data_dir, make_data_dir};
use super::product::Product;
use super::secret::{self, Secrets};
use super::ui::{Failure, Ui};
use super::workspace::{Tell, report};
use crate::config::{self, world::Worlds};
use crate::diag::Diagnostics;
use crate::model::{IntegrationKey, WorkspaceId};
use crate::platform::http::{
    Budget, EndpointError, Http, HttpOptions, Stop, Tell as Hears, Transport, is_proxy,
};
use crate::platform::provider::ProviderError;
use crate::platform::{Kind, odeus, trustpager};
use crate::render::neutral::terminal;
use crate::render::report::TOKEN_HELP;
use crate::server::{self, Running, default_world};
use crate::source::SourceMap;

/// Where the live system is.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In this process, with its data below a folder.
    Embedded,
    /// Behind a URL.
    Url(String),
}

impl Place {
    /// Reads a place as plans write it.
    #[must_use]
    pub(super) fn of(endpoint: &str) -> Self {
        match endpoint {
            "embedded" => Self::Embedded,
            url => Self::Url(url.to_owned()),
        }
    }

    /// Returns whether the live system is in this process.
    #[must_use]
    pub(super) const fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded)
    }
}

/// Which workspace is meant, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// Where the live system is.
    pub(super) place: &'a Place,
    /// Which platform is meant.
    pub(super) platform: Kind,
    /// Which tenant of it.
    pub(super) workspace: &'a WorkspaceId,
    /// The files that seed an embedded control plane; a small default world without them.
    pub(super) folder: Option<&'a Folder>,
    /// The configuration folder, which the data folder is in.
    pub(super) root: &'a Path,
}

impl<'a> Target<'a> {
    /// Returns the workspace of a configuration at `place`.
    pub(super) fn of(loaded: &'a super::workspace::Loaded, place: &'a Place) -> Self {
        Self {
            place,
            platform: loaded.config.desired.kind(),
            workspace: &loaded.config.workspace,
            folder: Some(&loaded.folder),
            root: &loaded.folder.root,
        }
    }
}

/// A live workspace.
#[derive(Debug)]
pub(super) struct Live<C> {
    /// Reads and writes it.
    pub(super) client: C,
    running: Option<Running>,
}

impl<C> Live<C> {
    /// Ends the embedded control plane, if there is one.
    pub(super) async fn close(self) {
        if let Some(running) = self.running {
            running.shutdown().await;
        }
    }
}

/// Connects to a workspace. The embedded control plane comes up first where it is meant; nothing is read yet.
///
/// # Errors
/// When it does not come up, or there is no token for a URL.
pub(super) async fn connect<P: Product>(
    target: Target<'_>,
    secrets: Secrets,
    reach: Reach,
    env: &Env,
    ui: &Ui,
) -> Result<Live<P::Client>, Failure> {
    let workspace = target.workspace.clone();
    match target.place {
        Place::Embedded => {
            let running = start(target, env, ui).await?;
            let endpoint = format!("http://{}", running.address);
            let budget = budget::alone(reach, *ui);
            let token = running.admin_token.clone();
            let http = http(&endpoint, token, &secrets, (reach, budget), ui)?;
            let client = P::client(Arc::new(http), workspace, secrets, target.root);
            Ok(Live { client, running: Some(running) })
        }
        Place::Url(url) => {
            let token = secret::token(env)?;
            let budget = budget::shared(url, &data_dir(target.root, env), reach, *ui);
            let http = http(url, token, &secrets, (reach, budget), ui)?;
            usable_proxies(&http, env)?;
            ui.detail(&format!("using {}", http.origin()));
            let client = P::client(Arc::new(http), workspace, secrets, target.root);
            Ok(Live { client, running: None })
        }
    }
}

/// Refuses a proxy that the environment names and nobody could reach: the request would go around it without a word. No
/// value is printed, since it may hold a password.
fn usable_proxies(http: &Http, env: &Env) -> Result<(), Failure> {
    for name in http.proxy_variables() {
        let Some(value) = env.get(name).filter(|value| !value.is_empty()) else { continue };
        if !value.to_str().is_some_and(is_proxy) {
            let message =
                format!("the variable `{name}` holds no address of a proxy; nothing was sent");
            return Err(Failure::new(Exit::Usage, message)
                .help("write `http://HOST:PORT`, or unset it where no proxy is meant"));
        }
    }
    Ok(())
}

/// Ends what this run of the program waits for.
static STOP: OnceLock<Stop> = OnceLock::new();

/// Asks every client of this run to wait for nothing any more: not for the budget, and not because the platform asks for it.
pub(super) fn stop_waiting() {
    STOP.get_or_init(Stop::default).ask();
}

/// Says on stderr how long the platform asks to be left alone.
fn patience(ui: Ui) -> Hears {
    Hears(Arc::new(move |wait: Duration| {
        if wait >= Duration::from_secs(1) {
            let seconds = wait.as_secs_f64().ceil();
            ui.say(&format!("waiting {seconds} s: the platform asks for it; `--deadline` says how long it may take"));
        }
    }))
}

fn http(
    endpoint: &str,
    token: secrecy::SecretString,
    secrets: &Secrets,
    (reach, budget): (Reach, Option<Arc<Budget>>),
    ui: &Ui,
) -> Result<Http, Failure> {
    let limit = Duration::from_secs(reach.timeout.max(1));
    let options = HttpOptions {
        connect_timeout: limit.min(Duration::from_secs(10)),
        read_timeout: limit,
        total_timeout: limit,
        deadline: Duration::from_secs(reach.deadline.max(1)),
        told: Some(patience(*ui)),
        stop: STOP.get_or_init(Stop::default).clone(),
        budget,
        transport: if reach.allow_insecure_http {
            Transport::AllowInsecure
        } else {
            Transport::Encrypted
        },
        confidential: secrets.values().cloned().collect(),
        ..HttpOptions::default()
    };
    Http::new(endpoint, token, options).map_err(|error| match error {
        EndpointError::Insecure(_) => Failure::new(Exit::Error, error.to_string())
            .help("`--allow-insecure-http` allows it, for networks that you trust"),
        EndpointError::NotUrl(_)
        | EndpointError::Scheme(_)
        | EndpointError::Superfluous(_)
        | EndpointError::Token => Failure::new(Exit::Error, error.to_string()),
    })
}

/// Starts the embedded control plane for one workspace on a loopback port of its own.
async fn start(target: Target<'_>, env: &Env, ui: &Ui) -> Result<Running, Failure> {
    let Target { place: _, platform, workspace, folder, root } = target;
    let seed = seed(folder, workspace, platform, ui)?;
    let data = data_dir(root, env);
    make_data_dir(&data)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let options = seed.options(&data, false, None);
    let running =
        server::start(listener, options).await.map_err(|error| cannot_start(&error, &data))?;
    tell(&running, ui);
    ui.detail(&format!(
        "embedded control plane on {}, data in {}",
        running.address,
        data.display()
    ));
    Ok(running)
}

/// Says what somebody should know of a control plane that has come up. The name of its folder is a text of somebody's.
pub(super) fn tell(running: &Running, ui: &Ui) {
    for notice in &running.notices {
        ui.say(&format!("notice: {}", terminal(notice)));
    }
}

/// Says why the control plane did not start.
pub(super) fn cannot_start(error: &server::StartError, data: &Path) -> Failure {
    let message = format!("the embedded control plane did not start: {error}");
    if let server::StartError::Seed(server::SeedError::World { .. }) = error {
        return Failure::new(Exit::Error, message).help("correct the world file");
    }
    if let server::StartError::InUse(_) = error {
        return Failure::new(Exit::Error, message)
            .help("end it first, such as the `scopeform serve` of this folder");
    }
    Failure::new(Exit::NoAccess, message).help(format!(
        "free space or fix the data folder; moving control-plane.db away from {} begins anew, and the journals, used approvals and delivered keys beside it stay",
        data.display()
    ))
}

/// What the database is seeded with as long as nothing was written to it.
#[derive(Debug)]
pub(super) struct Seed {
    worlds: Worlds,
    integrations: BTreeMap<IntegrationKey, odeus::catalog::Integration>,
    resources: trustpager::catalog::Catalog,
}

impl Seed {
    /// Returns the options of a server that keeps its data in `data`.
    #[must_use]
    pub(super) fn options(
        self,
        data: &Path,
        reset: bool,
        rate_limit: Option<u32>,
    ) -> server::Options {
        let Worlds { odeus, trustpager } = self.worlds;
        server::Options {
            database: database(data),
            catalog: self.integrations,
            world: odeus,
            trustpager: Some(server::TrustpagerSeed { catalog: self.resources, world: trustpager }),
            reset,
            rate_limit,
        }
    }
}

fn database(data: &Path) -> PathBuf {
    data.join("control-plane.db")
}

/// Returns the world and the catalogue of a folder. Without a world file every workspace that the folder declares is there
/// with one person in it, and so is the one that is asked for; catalogue
/// files add to the twelve integrations that ship with the program, or replace them.
///
/// # Errors
/// When a world or catalogue file is not valid: every diagnostic has been printed then.
pub(super) fn seed(
    folder: Option<&Folder>,
    workspace: &WorkspaceId,
    platform: Kind,
    ui: &Ui,
) -> Result<Seed, Failure> {
    let none = SourceMap::new();
    let (worlds, catalogs) = folder.map_or((&none, &none), |f| (&f.worlds, &f.catalogs));
    let checked = |kind: &str, diagnostics: &Diagnostics, sources: &SourceMap| {
        report(diagnostics, sources, Tell::People, ui)?;
        if diagnostics.has_errors() { Err(not_valid(kind)) } else { Ok(()) }
    };
    let (mut world, diagnostics) = config::world::load(worlds);
    checked("world", &diagnostics, worlds)?;
    let (extra, diagnostics) = config::catalog::load(catalogs);
    checked("catalogue", &diagnostics, catalogs)?;
    let (resources, diagnostics) = config::trustpager::catalog::load(catalogs);
    checked("catalogue", &diagnostics, catalogs)?;
    if worlds.iter().next().is_none() {
        let declared = folder.into_iter().flat_map(Folder::workspaces);
        let declared = declared.map(|(workspace, platform)| (workspace, *platform));
        for (id, platform) in declared.chain([(workspace, platform)]) {
            match platform {
                Kind::Odeus => world.odeus.workspaces.extend(default_world(id).workspaces),
                Kind::Trustpager => {
                    let own = server::default_trustpager_world(id);
                    world.trustpager.workspaces.extend(own.workspaces);
                }
            }
        }
    }
    let mut integrations = config::bundled_catalog();
    integrations.extend(extra);
    Ok(Seed { worlds: world, integrations, resources })
}

/// Says that a file beside the configuration is wrong, once its diagnostics have been printed.
pub(super) fn not_valid(kind: &str) -> Failure {
    Failure::new(Exit::Error, format!("a {kind} file of the embedded control plane is not valid"))
}

/// Says why the live system could not be read.
pub(super) fn no_access(error: &ProviderError, workspace: &WorkspaceId) -> Failure {
    let exit = match error {
        ProviderError::Stopped => Exit::Interrupted,
        error if error.is_access() => Exit::NoAccess,
        _ => Exit::Error,
    };
    let help = match error {
        ProviderError::Unauthorized { .. } => {
            TOKEN_HELP.to_owned()
        }
        ProviderError::Forbidden { .. } => {
            "planning needs a token that may read everything, applying one of an admin".to_owned()
        }
        ProviderError::NotFound { .. } => format!(
            "the live system knows no workspace `{workspace}`: check `workspace` and `endpoint` in the files, and the world file of an embedded control plane"
        ),
        ProviderError::Unreachable { .. } => {
            "check `endpoint`, the network, and that the server runs".to_owned()
        }
        ProviderError::NoAnswer { .. } => {
            "check `endpoint`, the network, and that the server runs; `--timeout SECONDS` waits longer for each answer, `--deadline SECONDS` for all"
                .to_owned()
        }
        ProviderError::Protocol { .. } => {
            "check that `endpoint` is the address of the API and not of a web page or a proxy"
                .to_owned()
        }
        ProviderError::RateLimited { retry_after: Some(wait) } => {
            let wait = wait.as_secs().saturating_add(2);
            let wait = match wait <= LONGEST_WAIT {
                true => format!("`--deadline {wait}` waits that long"),
                false => "that is more than a day: ask whoever runs the platform".to_owned(),
            };
            format!("{wait}; `--api-budget N` stays below a limit of N requests a minute")
        }
        ProviderError::RateLimited { retry_after: None } => {
            "wait, or ask for a higher limit; `--api-budget N` stays below one, `--deadline SECONDS` waits longer"
                .to_owned()
        }
        ProviderError::Server { .. }
        | ProviderError::PreconditionFailed { .. }
        | ProviderError::ConfirmationRequired { .. }
        | ProviderError::Refused { .. }
        | ProviderError::Stopped => "nothing was done; try again".to_owned(),
    };
    Failure::new(exit, error.to_string()).help(help)
}
