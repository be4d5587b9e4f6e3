//! The embedded control plane: the documented semantics of Odeus and TrustPager behind HTTP, over a real database.
//!
//! ```text
//! start(listener, options) -> Running { address, tokens, notices }      axum over SQLite
//!   auth, request   who is asking, and with what
//!   error           why something is refused, and each platform's words for it
//!   odeus/          one file per surface; every write: transition() by the machine, one transaction, one audit entry
//!   trustpager/     the same for TrustPager
//!   store/          the only SQL
//!   seed            what begins, and begins anew until something was written
//!   held            who else has the database open
//!   openapi         route tables: router and document are built from them
//!   record          what a write says about itself in the audit log
//! ```
//!
//! What may happen is decided by `platform::odeus::machine`, `event` and `platform::trustpager::machine`, not here. The
//! platforms share the process, the file, the admin's token and the reasons for a refusal; each tells them in its own
//! words.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use rusqlite::{Connection as Database, Transaction};
use secrecy::SecretString;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower_http::catch_panic::CatchPanicLayer;

use crate::model::IntegrationKey;
use crate::platform::odeus::catalog;
use crate::platform::odeus::world::World;
use crate::platform::wire::MAX_BODY;

mod auth;
mod error;
mod held;
mod limit;
mod odeus;
mod openapi;
mod record;
mod request;
mod seed;
mod store;
mod trustpager;

pub use odeus::openapi::document as openapi_document;
pub use odeus::seed::default_world;
pub use seed::SeedError;
pub use store::StoreError;
pub use trustpager::TrustpagerSeed;
pub use trustpager::openapi::document as trustpager_openapi_document;
pub use trustpager::seed::default_world as default_trustpager_world;

use error::{ApiError, Reason};
use held::Held;

/// What the control plane is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database file; created when it is not there. Its folder must be there.
    pub database: PathBuf,
    /// The vendor's catalogue, read as long as nothing was written.
    pub catalog: BTreeMap<IntegrationKey, catalog::Integration>,
    /// The first day, read as long as nothing was written.
    pub world: World,
    /// TrustPager beside it, seeded in the same way. Without a seed it is what it was, or nothing.
    pub trustpager: Option<TrustpagerSeed>,
    /// Forget everything and seed anew.
    pub reset: bool,
    /// How many requests a caller may make per minute.
    pub rate_limit: Option<u32>,
}

/// Why the control plane does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error("{}: {source}", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// It is to begin anew, and another process serves it.
    #[error("another process uses {}, so it cannot begin anew", .0.display())]
    InUse(PathBuf),
    /// The world cannot be made live.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The listener has no address.
    #[error("cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    /// The system gives no random bytes.
    #[error("cannot make a token: {0}")]
    Random(#[from] getrandom::Error),
}

/// A running control plane. Ends when dropped; [`Running::shutdown`] waits for the requests in hand.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Admin of every workspace, for as long as this process lives. Never stored.
    pub admin_token: SecretString,
    /// May publish, for as long as this process lives. Never stored.
    pub vendor_token: SecretString,
    /// What somebody should know, such as a world that has changed since the database was seeded.
    pub notices: Vec<String>,
    held: Held,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops listening and waits, for a few seconds at most, until the requests in hand are answered.
    pub async fn shutdown(self) {
        let Self { stop, mut task, held, address: _, admin_token: _, vendor_token: _, notices: _ } =
            self;
        drop(stop);
        if tokio::time::timeout(Duration::from_secs(5), &mut task).await.is_err() {
            task.abort();
        }
        drop(held);
    }
}

/// Starts the control plane on a listener that the caller has bound.
///
/// # Errors
/// [`StartError`] when the database cannot be used or the world cannot be made live.
pub async fn start(listener: TcpListener, options: Options) -> Result<Running, StartError> {
    let address = listener.local_addr()?;
    let admin_token = auth::new_token("odeus_admin_")?;
    let vendor_token = auth::new_token("odeus_vendor_")?;
    let tokens = auth::ProcessTokens::of(&admin_token, &vendor_token);
    let opened = tokio::task::spawn_blocking(move || open(options, tokens)).await;
    let (state, notices, held) = opened.map_err(std::io::Error::other)??;
    let (stop, stopped) = oneshot::channel::<()>();
    // Made into a service once: of a router as it is, `serve` would make one for every connection.
    let router = app(Arc::new(state)).into_make_service();
    let task = tokio::spawn(async move {
        // Ends when told to, or when the sender is dropped with `Running`.
        let until = async move {
            let _ = stopped.await;
        };
        let served = axum::serve(listener, router).with_graceful_shutdown(until).await;
        debug_assert!(served.is_ok(), "axum::serve never returns an error");
    });
    Ok(Running { address, admin_token, vendor_token, notices, held, stop, task })
}

type Opened = (App, Vec<String>, Held);

fn open(options: Options, tokens: auth::ProcessTokens) -> Result<Opened, StartError> {
    let Options { database, catalog, world, trustpager, reset, rate_limit } = options;
    let folder = database.parent().unwrap_or(Path::new(".")).to_owned();
    let cannot = |source| StartError::Store { path: database.clone(), source };
    let mut held = Held::take(&database).map_err(|error| cannot(StoreError::File(error)))?;
    if reset && !held.alone() {
        return Err(StartError::InUse(database));
    }
    let store = store::Store::open(&database).map_err(cannot)?;
    let notices = store.write(|db| {
        let mut changed = odeus::seed::digests(&catalog, &world)?.changed(db)?;
        if let Some(own) = &trustpager {
            changed.extend(trustpager::seed::digests(own)?.changed(db)?);
        }
        // Where nothing was written, nothing is lost: whoever corrects a world has not begun yet.
        let end = match seed::is_untouched(db)? {
            false => End::Kept,
            true if held.alone() => End::Anew,
            true => End::InUse,
        };
        if reset || (!changed.is_empty() && end == End::Anew) {
            store::forget(db)?;
        }
        odeus::seed::seed(db, &catalog, &world)?;
        if let Some(own) = &trustpager {
            trustpager::seed::seed(db, own)?;
        }
        let notice = (!changed.is_empty() && !reset).then(|| moved(&changed, end, &folder));
        Ok::<_, SeedError>(notice.into_iter().collect())
    })?;
    held.share();
    let limiter = rate_limit.map(limit::Limiter::new);
    let calls = limit::Limiter::new(crate::platform::trustpager::wire::CALLS_PER_MINUTE);
    Ok((App { store, tokens, limiter, calls }, notices, held))
}

/// What becomes of a database whose world or catalogue has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is emptied and seeded.
    Anew,
    /// It would be, but for another process that serves it.
    InUse,
    /// Something was written to it, and it stays.
    Kept,
}

/// Says that what the database was seeded with has changed since, and what that means.
fn moved(changed: &[&str], end: End, folder: &Path) -> String {
    let what = changed.join(" and the ");
    let have = if changed.len() == 1 { "has" } else { "have" };
    let is = if changed.len() == 1 { "is" } else { "are" };
    match end {
        End::Anew => format!(
            "the {what} {have} changed; nothing was written to the embedded control plane yet, so it begins anew"
        ),
        End::InUse => format!(
            "the {what} {have} changed and {is} not read again as long as another process uses the embedded control plane"
        ),
        End::Kept => format!(
            "the {what} {have} changed since the embedded control plane was seeded and {is} not read again; `scopeform serve --reset` begins anew and loses what was applied; removing the folder {} loses its journals, used approvals and delivered keys as well",
            folder.display()
        ),
    }
}

/// What every request shares.
#[derive(Debug)]
pub struct App {
    store: store::Store,
    tokens: auth::ProcessTokens,
    limiter: Option<limit::Limiter>,
    /// What the tokens and keys of TrustPager may call: the vendor's own limit.
    calls: limit::Limiter,
}

impl App {
    /// Reads in one consistent view, off the threads that serve connections.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Database) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let app = Arc::clone(self);
        tokio::task::spawn_blocking(move || app.store.read(work))
            .await
            .unwrap_or_else(|failed| Err(ApiError::internal(failed)))
    }

    /// Writes in one transaction, off the threads that serve connections.
    async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let app = Arc::clone(self);
        let touching = |db: &Transaction<'_>| {
            let done = work(db)?;
            seed::touch(db)?;
            Ok(done)
        };
        tokio::task::spawn_blocking(move || app.store.write(touching))
            .await
            .unwrap_or_else(|failed| Err(ApiError::internal(failed)))
    }
}

/// Returns the whole service: the routes, and around them the layers that limit, catch and explain.
pub fn app(state: Arc<App>) -> Router {
    odeus::openapi::router()
        .merge(trustpager::openapi::router())
        .fallback(|| async { ApiError::new(Reason::NotFound, "there is no such route") })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CatchPanicLayer::custom(caught))
        .layer(from_fn(request::envelope))
        .with_state(state)
}

/// Answers for a handler that panicked. What it said has gone to the log already.
fn caught(_: Box<dyn std::any::Any + Send>) -> Response {
    ApiError::internal("a handler panicked; this is a bug").into_response()
}

#[cfg(all(test, feature = "http"))]
mod tests;
