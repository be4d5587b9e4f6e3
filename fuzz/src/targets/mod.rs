//! What is fuzzed, and what has to hold for whatever comes in. The fuzzer and the bounded run in the test suite call the
//! same functions.
//!
//! | function | reads |
//! | --- | --- |
//! | [`yaml`] | configuration, worlds and catalogues: up to four files, separated by byte 0x1e |
//! | [`plan_file`] | plan files, damaged ones and ones whose digests somebody has made right again |
//! | [`bodies`] | every request and answer of both platforms, as values |
//! | [`router`] | requests to the embedded control plane, over a socket |
//! | [`answers`] | a platform's answers, as the HTTP client gets them, and what is printed of them |
//! | [`journal`] | journals of runs, and the way back from what they say |
//! | [`approvals`] | allowed-signers files, statements and SSH signatures, separated by byte 0x1e |
//! | [`snapshot`] | snapshot files, also with digests made right again, and plans from them |
//! | [`rego`] | up to three files of Rego rules, separated by byte 0x1e, and their answers about a plan |

mod approvals;
mod journal;
mod rego;
mod snapshot;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use scopeform::diag::Diagnostics;
use scopeform::plan::Plan;
use scopeform::plan::assemble::Inputs;
use scopeform::platform::http::{Http, HttpOptions};
use scopeform::platform::odeus::client::OdeusClient;
use scopeform::platform::provider::{ProviderError, Read};
use scopeform::platform::trustpager::client::TrustpagerClient;
use scopeform::platform::trustpager::deliver::Nowhere;
use scopeform::platform::{Kind, odeus, trustpager};
use scopeform::render::neutral::{is_deceptive, terminal};
use scopeform::render::palette::Palette;
use scopeform::render::{csv, diagnostic, diff, json, markdown, status, text};
use scopeform::seal::{Digest, SealedPlan, document};
use scopeform::server::{self, Options, TrustpagerSeed};
use scopeform::source::{Origin, SourceMap};
use scopeform::{config, source};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Runtime;

pub use approvals::approvals;
pub use journal::journal;
pub use rego::rego;
pub use snapshot::snapshot;

/// Separates the files of one input, and the answers of one platform.
const SEPARATOR: u8 = 0x1e;

/// Text for a terminal: nothing in it acts, hides or reorders.
#[track_caller]
fn harmless(text: &str) {
    let found = text.chars().find(|c| is_deceptive(*c) && *c != '\n');
    assert!(found.is_none(), "{found:?} got through: {text:?}");
}

/// One JSON document, also harmless.
#[track_caller]
fn one_document(text: &str) -> Value {
    harmless(text);
    serde_json::from_str(text).unwrap()
}

// --- configuration ---------------------------------------------------------------------------------------------------

/// Loads the bytes as every kind of file there is.
pub fn yaml(data: &[u8]) {
    let mut sources = SourceMap::new();
    for (n, file) in data.split(|byte| *byte == SEPARATOR).take(4).enumerate() {
        let _ = config::classify(file);
        sources.add(format!("{n}.yaml"), file);
    }
    let (configs, diagnostics) = config::load(&sources);
    told(&diagnostics, &sources);
    assert!(configs.is_empty() || !diagnostics.has_errors(), "planned without what was wrong");
    for config in &configs {
        for (_, origin) in config.origins.iter() {
            inside(origin, &sources);
        }
    }
    assert_eq!(config::load(&sources), (configs, diagnostics), "two runs differ");
    let (_, diagnostics) = config::world::load(&sources);
    told(&diagnostics, &sources);
    let (_, diagnostics) = config::catalog::load(&sources);
    told(&diagnostics, &sources);
    let (_, diagnostics) = config::trustpager::catalog::load(&sources);
    told(&diagnostics, &sources);
}

#[track_caller]
fn inside(origin: Origin, sources: &SourceMap) {
    let file = sources.file(origin.file).expect("an origin of another map");
    let source::Span { start, end } = origin.span;
    assert!(start <= end && end <= file.text().len(), "{start}..{end} of {}", file.text().len());
    assert!(file.text().is_char_boundary(start) && file.text().is_char_boundary(end));
}

/// How many bytes one diagnostic may take: two excerpts of the longest lines that are shown, escaped, and its words.
const MOST_PER_DIAGNOSTIC: usize = 128 * 1024;

fn told(diagnostics: &Diagnostics, sources: &SourceMap) {
    let size: usize = sources.iter().map(|(_, file)| file.text().len()).sum();
    let count = diagnostics.iter().count();
    assert!(count <= 4 * size + 8, "{count} diagnostics about {size} bytes");
    for diagnostic in diagnostics.iter() {
        assert!(!diagnostic.message.is_empty());
        for label in diagnostic.primary.iter().chain(&diagnostic.related) {
            inside(label.origin, sources);
        }
    }
    let mut text = String::new();
    diagnostic::text(diagnostics, sources, diagnostic::Colour::Never, &mut text).unwrap();
    harmless(&text);
    assert!(text.len() <= (count.min(1000) + 1) * MOST_PER_DIAGNOSTIC, "{} bytes", text.len());
    let mut document = String::new();
    diagnostic::json(diagnostics, sources, &mut document).unwrap();
    one_document(&document);
    for origin in diagnostics.redacted() {
        inside(origin, sources);
        let Some(secret) = sources.file(origin.file).map(|file| file.slice(origin.span)) else {
            continue;
        };
        // What also stands elsewhere, or is a word of ours, is no secret.
        let times: usize = sources.iter().map(|(_, f)| f.text().matches(secret).count()).sum();
        let telling = secret.len() >= 12
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && secret.bytes().any(|byte| byte.is_ascii_digit());
        if telling && times == 1 {
            assert!(!text.contains(secret) && !document.contains(secret), "{secret} is printed");
        }
    }
}

// --- plans -----------------------------------------------------------------------------------------------------------

/// Reads the bytes as a plan file; when they hold a plan at all, seals it anew and reads that.
pub fn plan_file(data: &[u8]) {
    if let Ok(sealed) = document::read(data) {
        let read: Value = serde_json::from_slice(data).unwrap();
        let version = read["tool_version"].as_str().unwrap();
        assert_eq!(document::write(&sealed, version).as_bytes(), data, "not what was read");
    }
    let Ok(found) = serde_json::from_slice::<document::Document>(data) else { return };
    let sealed = SealedPlan::seal(Plan { bound: found.bound, observed: found.observed });
    let written = document::write(&sealed, "0.0.0");
    assert!(written.len() <= 64 * data.len() + 4096, "{} of {}", written.len(), data.len());
    let again = match document::read(written.as_bytes()) {
        Ok(again) => again,
        // A digest can be made right again; an operation that stands where it does not belong is refused all the same.
        Err(document::DocumentError::Misfiled(_) | document::DocumentError::Misshown(_)) => return,
        Err(why) => panic!("{why}: {written}"),
    };
    assert_eq!(again.digest(), sealed.digest());
    assert_eq!(again.plan(), sealed.plan());
    assert_eq!(Digest::of_bytes(written.as_bytes()), Digest::of_bytes(written.as_bytes()));
    printed(sealed.plan(), sealed.digest().as_str());
}

/// Prints a plan in every format.
fn printed(plan: &Plan, digest: &str) {
    for full in [false, true] {
        let options = text::Options {
            palette: Palette::PLAIN,
            full,
            diff: full,
            apply_with: "",
            given: None,
        };
        let mut page = String::new();
        text::plan(&mut page, plan, digest, options).unwrap();
        harmless(&page);
    }
    let mut page = String::new();
    diff::plan(&mut page, plan, Palette::PLAIN).unwrap();
    harmless(&page);
    let mut page = String::new();
    json::plan(&mut page, plan, digest).unwrap();
    one_document(&page);
    harmless(&markdown::plan(plan, digest, markdown::Options::default()).unwrap());
}

// --- values of the protocols -----------------------------------------------------------------------------------------

/// What can be read can be written, and is the same when it is read again.
fn stable<T: DeserializeOwned + Serialize + PartialEq + Debug>(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(data) else { return };
    let written = serde_json::to_vec(&value).unwrap();
    assert!(written.len() <= 64 * data.len() + 4096, "{} of {}", written.len(), data.len());
    let again: T = serde_json::from_slice(&written)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&written)));
    assert_eq!(again, value);
}

/// Reads the bytes as every request and every answer.
pub fn bodies(data: &[u8]) {
    use odeus::wire as o;
    use trustpager::wire as t;
    stable::<o::WorkspaceResource>(data);
    stable::<o::Page<o::IntegrationResource>>(data);
    stable::<o::Page<o::UserResource>>(data);
    stable::<o::Page<o::GroupResource>>(data);
    stable::<o::Page<odeus::state::Connection>>(data);
    stable::<o::Page<o::AuditEntry>>(data);
    stable::<o::SetNewActionsDefault>(data);
    stable::<o::SetIntegrationAccess>(data);
    stable::<o::SetActionAccess>(data);
    stable::<o::SetClient>(data);
    stable::<o::SetFixedScopes>(data);
    stable::<o::ConfirmPending>(data);
    stable::<o::IntegrationWritten>(data);
    stable::<o::SettingsWritten>(data);
    stable::<o::MintToken>(data);
    stable::<odeus::catalog::Integration>(data);
    stable::<trustpager::catalog::Catalog>(data);
    stable::<o::Page<t::ClientResource>>(data);
    stable::<o::Page<t::KeyResource>>(data);
    stable::<o::Page<t::ApprovalResource>>(data);
    stable::<t::SetClientAccess>(data);
    stable::<t::ClientWritten>(data);
    stable::<t::CreateKey>(data);
    stable::<t::KeyIssued>(data);
    stable::<t::SetKeyAccess>(data);
    stable::<t::Register>(data);
    stable::<t::Call>(data);
    stable::<t::CallAnswer>(data);
    stable::<t::TokenRevoked>(data);
    stable::<t::Assign>(data);
}

// --- the embedded control plane --------------------------------------------------------------------------------------

struct Plane {
    _runtime: Runtime,
    address: SocketAddr,
    admin: String,
    vendor: String,
    _running: server::Running,
    _data: tempfile::TempDir,
}

fn workspace() -> scopeform::model::WorkspaceId {
    "acme".try_into().unwrap()
}

fn plane() -> &'static Plane {
    static PLANE: OnceLock<Plane> = OnceLock::new();
    PLANE.get_or_init(|| {
        let data = tempfile::tempdir().unwrap();
        let runtime = runtime();
        let world = server::default_world(&workspace());
        let options = Options {
            database: data.path().join("control-plane.db"),
            catalog: config::bundled_catalog().into_iter().take(2).collect(),
            world,
            trustpager: Some(TrustpagerSeed {
                catalog: config::bundled_trustpager_catalog(),
                world: server::default_trustpager_world(&workspace()),
            }),
            reset: false,
            rate_limit: None,
        };
        let running = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            server::start(listener, options).await.unwrap()
        });
        Plane {
            address: running.address,
            admin: running.admin_token.expose_secret().to_owned(),
            vendor: running.vendor_token.expose_secret().to_owned(),
            _running: running,
            _runtime: runtime,
            _data: data,
        }
    })
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// The routes that take a body: method, path, and where the state is read that a refusal must not move.
const ROUTES: &[(&str, &str, &str)] = &[
    ("PUT", "settings/new-actions-default", "settings"),
    ("PUT", "integrations/dynamics-365/access", "integrations/dynamics-365"),
    ("PUT", "integrations/entra/access", "integrations/entra"),
    ("PUT", "integrations/dynamics-365/actions/find_record/access", "integrations/dynamics-365"),
    ("PUT", "integrations/dynamics-365/client", "integrations/dynamics-365"),
    ("PUT", "integrations/dynamics-365/client/scopes", "integrations/dynamics-365"),
    ("POST", "integrations/dynamics-365/client/confirm-pending", "integrations/dynamics-365"),
    ("PUT", "users/olga@acme.example", "users"),
    ("PUT", "groups/sales", "groups"),
    ("POST", "tokens", "users"),
    ("PUT", "catalog", "integrations/entra"),
    ("POST", "oauth-clients/register", "oauth-clients"),
    ("PUT", "oauth-clients/Reporting/access", "oauth-clients"),
    ("POST", "api-keys", "api-keys"),
    ("PUT", "api-keys/sync/access", "api-keys"),
    ("POST", "api-keys/sync/revoke", "api-keys"),
    ("PUT", "users/olga@acme.example/role", "users"),
];

/// How many of the routes are Odeus's.
const ODEUS_ROUTES: usize = 11;

/// Sends the bytes behind the first one as the body of a request to the route that the first one chooses.
pub fn router(data: &[u8]) {
    static TURN: Mutex<()> = Mutex::new(());
    let Some((choice, body)) = data.split_first() else { return };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let plane = plane();
    let n = usize::from(*choice) % ROUTES.len();
    let (method, route, state) = ROUTES[n];
    let platform = if n < ODEUS_ROUTES { "odeus" } else { "trustpager" };
    let below = |route: &str| match route {
        "catalog" => "/odeus/v1/catalog/entra".to_owned(),
        route => format!("/{platform}/v1/workspaces/acme/{route}"),
    };
    let token = if route == "catalog" { &plane.vendor } else { &plane.admin };
    let (status, tag, before) = send(plane, "GET", &below(state), &plane.admin, None, b"");
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&before));
    let (status, _, answer) = send(plane, method, &below(route), token, tag.as_deref(), body);
    assert!((200..500).contains(&status), "{status} {}", String::from_utf8_lossy(&answer));
    let value: Value = serde_json::from_slice(&answer).unwrap_or(Value::Null);
    if status >= 400 {
        assert!(value["error"]["message"].is_string() || value["message"].is_string(), "{value}");
        // What is refused is repeated to a bounded length only.
        assert!(answer.len() <= 4 * body.len() + 16 * 1024, "{} bytes", answer.len());
        let (_, _, after) = send(plane, "GET", &below(state), &plane.admin, None, b"");
        assert!(before == after, "a refused request changed something: {value}");
    }
}

/// One request on a connection that is kept.
fn send(
    plane: &Plane,
    method: &str,
    path: &str,
    token: &str,
    tag: Option<&str>,
    body: &[u8],
) -> (u16, Option<String>, Vec<u8>) {
    thread_local! {
        static KEPT: std::cell::RefCell<Option<BufReader<TcpStream>>> =
            const { std::cell::RefCell::new(None) };
    }
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    if let Some(tag) = tag {
        head.push_str(&format!("if-match: {tag}\r\n"));
    }
    head.push_str("\r\n");
    let mut request = head.into_bytes();
    request.extend_from_slice(body);
    KEPT.with_borrow_mut(|kept| {
        for _ in 0..2 {
            let stream = kept.get_or_insert_with(|| {
                let stream = TcpStream::connect(plane.address).unwrap();
                stream.set_nodelay(true).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                BufReader::new(stream)
            });
            if stream.get_mut().write_all(&request).is_ok()
                && let Some(answer) = receive(stream)
            {
                return answer;
            }
            *kept = None;
        }
        panic!("no answer to {method} {path}")
    })
}

fn receive(stream: &mut BufReader<TcpStream>) -> Option<(u16, Option<String>, Vec<u8>)> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let (mut length, mut tag) = (0, None);
    loop {
        line.clear();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "etag" => tag = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((status, tag, body))
}

// --- a platform's answers --------------------------------------------------------------------------------------------

/// The token that the client sends. Where an answer holds byte 0x1d, the server puts the token it was sent.
const TOKEN: &str = "t0k3n-9f27c1e4ab58d603";
const ECHO: u8 = 0x1d;

type Script = Arc<Mutex<VecDeque<Vec<u8>>>>;

struct Liar {
    runtime: Runtime,
    script: Script,
    http: Arc<Http>,
}

/// The statuses that the first byte of an answer chooses from.
const STATUSES: [u16; 12] = [200, 200, 200, 401, 403, 404, 409, 412, 422, 429, 500, 302];

fn liar() -> &'static Liar {
    static LIAR: OnceLock<Liar> = OnceLock::new();
    LIAR.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let script = Script::default();
        let lines = Arc::clone(&script);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let lines = Arc::clone(&lines);
                thread::spawn(move || lie(stream, &lines));
            }
        });
        // Nothing is repeated: the deadline has passed before the first pause.
        let options = HttpOptions { deadline: Duration::ZERO, ..HttpOptions::default() };
        let http = Http::new(&format!("http://{address}"), SecretString::from(TOKEN), options);
        Liar { runtime: runtime(), script, http: Arc::new(http.unwrap()) }
    })
}

fn lie(stream: TcpStream, script: &Script) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut token = String::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some((name, value)) = line.trim_end().split_once(':')
                && name.eq_ignore_ascii_case("authorization")
            {
                token = value.trim().trim_start_matches("Bearer ").to_owned();
            }
            if line.trim_end().is_empty() {
                break;
            }
        }
        let next = script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let next = next.unwrap_or_else(|| b"8{}".to_vec());
        let (choice, body) = next.split_first().map_or((b'0', &[][..]), |(c, b)| (*c, b));
        let status = STATUSES[usize::from(choice) % STATUSES.len()];
        let mut told = Vec::with_capacity(body.len());
        for byte in body {
            match *byte {
                ECHO => told.extend_from_slice(token.as_bytes()),
                byte => told.push(byte),
            }
        }
        let mut answer = format!(
            "HTTP/1.1 {status} X\r\netag: \"{token}\"\r\nlocation: https://elsewhere.example/?t={token}\r\ncontent-length: {}\r\n\r\n",
            told.len()
        )
        .into_bytes();
        answer.extend_from_slice(&told);
        stream.get_mut().write_all(&answer).ok()?;
    }
}

const ODEUS_WISHES: &str = "version: 1\nplatform: odeus\nworkspace: acme\nintegrations:\n  notes:\n    actions: {read_note: enabled, write_note: disabled}\n";
const TRUSTPAGER_WISHES: &str = "version: 1\nplatform: trustpager\nworkspace: acme\noauth_clients:\n  Reporting: {resources: {tasks: read}}\n";

fn wishes(text: &str) -> config::Desired {
    let mut sources = SourceMap::new();
    sources.add("scopeform.yaml", text);
    let (configs, diagnostics) = config::load(&sources);
    configs.into_iter().next().unwrap_or_else(|| panic!("{diagnostics:?}")).desired
}

fn inputs() -> Inputs<'static> {
    Inputs {
        today: jiff::civil::date(2026, 11, 22),
        endpoint: "https://platform.example",
        reads: 0,
        sources: Vec::new(),
        only: None,
        both_sides: true,
    }
}

/// Answers the requests of one read with the pieces of `data` and prints what comes of it. The first byte chooses the
/// platform, the first byte of each piece its status.
pub fn answers(data: &[u8]) {
    static TURN: Mutex<()> = Mutex::new(());
    let Some((platform, rest)) = data.split_first() else { return };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let liar = liar();
    let script = rest.split(|byte| *byte == SEPARATOR).take(16).map(<[u8]>::to_vec).collect();
    *liar.script.lock().unwrap_or_else(PoisonError::into_inner) = script;
    if platform % 2 == 0 {
        let client = OdeusClient::new(Arc::clone(&liar.http), workspace(), BTreeMap::new());
        let snapshot = match liar.runtime.block_on(client.read()) {
            Ok(reading) => reading.snapshot,
            Err(error) => return refused(&error),
        };
        shown(&snapshot);
        let config::Desired::Odeus(desired) = wishes(ODEUS_WISHES) else { return };
        let (plan, problems) = odeus::planner::plan(&desired, &snapshot, inputs());
        sealed(plan, &problems);
    } else {
        let nowhere = Box::new(Nowhere);
        let client = TrustpagerClient::new(Arc::clone(&liar.http), workspace(), nowhere);
        let snapshot = match liar.runtime.block_on(client.read()) {
            Ok(reading) => reading.snapshot,
            Err(error) => return refused(&error),
        };
        tiers_shown(&snapshot);
        let config::Desired::Trustpager(desired) = wishes(TRUSTPAGER_WISHES) else { return };
        let (plan, problems) = trustpager::planner::plan(&desired, &snapshot, inputs());
        sealed(plan, &problems);
    }
}

/// What is said about an answer that is of no use: short, one line, and never what the platform was told in confidence.
fn refused(error: &ProviderError) {
    let text = error.to_string();
    assert!(text.chars().count() <= 2_000, "{} characters", text.chars().count());
    assert!(!text.contains('\n'), "{text:?}");
    secretive(&text);
    secretive(&format!("{error:?}"));
    harmless(&terminal(&text).to_string());
}

#[track_caller]
fn secretive(text: &str) {
    assert!(!text.contains(TOKEN), "the token is told: {text}");
}

/// Shows a snapshot in every format.
fn shown(snapshot: &odeus::state::Snapshot) {
    let views = odeus::view::views(snapshot);
    let options = status::Options { palette: Palette::PLAIN, full: true };
    let mut page = String::new();
    status::overview(&mut page, snapshot, &views, options).unwrap();
    for view in &views {
        status::integration(&mut page, view, options).unwrap();
    }
    harmless(&page);
    secretive(&page);
    let mut page = String::new();
    status::json(&mut page, snapshot, &views).unwrap();
    one_document(&page);
    secretive(&page);
    let mut page = String::new();
    csv::export(&mut page, snapshot, None).unwrap();
    secretive(&page);
    let actions = snapshot.integrations.values().map(|live| live.facts.actions.len());
    let rows = cells(&page);
    assert_eq!(rows.len(), actions.sum::<usize>() + 1, "{page:?}");
    table(rows, 7);
}

/// The same for a workspace of TrustPager.
fn tiers_shown(snapshot: &trustpager::state::Snapshot) {
    let today = inputs().today;
    let views = trustpager::view::views(snapshot, today);
    let keys = trustpager::view::keys(snapshot, today);
    let options = status::Options { palette: Palette::PLAIN, full: true };
    let mut page = String::new();
    let workspace = &snapshot.workspace;
    status::trustpager::overview(&mut page, workspace, &views, &keys, options).unwrap();
    for view in &views {
        status::trustpager::client(&mut page, view, options).unwrap();
    }
    harmless(&page);
    secretive(&page);
    let mut page = String::new();
    status::trustpager::json(&mut page, workspace, &views, &keys).unwrap();
    one_document(&page);
    secretive(&page);
    let mut pages = [const { String::new() }; 3];
    csv::tiers(&mut pages[0], &views, &keys).unwrap();
    csv::tokens(&mut pages[1], &views).unwrap();
    csv::effective(&mut pages[2], &views).unwrap();
    for (page, columns) in pages.iter().zip([7, 10, 10]) {
        secretive(page);
        table(cells(page), columns);
    }
    let tokens = snapshot.clients.values().map(|live| live.state.tokens.len());
    assert_eq!(cells(&pages[1]).len(), tokens.sum::<usize>() + 1, "{}", pages[1]);
}

#[track_caller]
fn table(rows: Vec<Vec<String>>, columns: usize) {
    for row in rows {
        assert_eq!(row.len(), columns, "{row:?}");
        row.iter().for_each(|cell| inert(cell));
    }
}

/// What no spreadsheet calculates.
#[track_caller]
pub fn inert(cell: &str) {
    let first = cell.trim_start().chars().next();
    let formula = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    assert!(!first.is_some_and(|c| formula.contains(&c)), "{cell:?} is a formula");
    let found = cell.chars().find(|c| is_deceptive(*c) && !matches!(c, '\n' | '\r' | '\t'));
    assert!(found.is_none(), "{found:?} in {cell:?}");
}

/// Reads CSV as RFC 4180 has it, sharing nothing with the writer.
#[must_use]
pub fn cells(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    let cell = |rows: &mut Vec<Vec<String>>, c: char| {
        rows.last_mut().unwrap().last_mut().unwrap().push(c);
    };
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => {
                chars.next();
                cell(&mut rows, '"');
            }
            (_, '"') => quoted = !quoted,
            (true, c) => cell(&mut rows, c),
            (false, ',') => rows.last_mut().unwrap().push(String::new()),
            (false, '\r') if chars.peek() == Some(&'\n') => {
                chars.next();
                rows.push(vec![String::new()]);
            }
            (false, c) => cell(&mut rows, c),
        }
    }
    assert!(!quoted, "a quote is open: {text:?}");
    assert_eq!(rows.pop(), Some(vec![String::new()]), "no line end: {text:?}");
    rows
}

fn sealed(plan: Option<Plan>, problems: &[scopeform::diag::Problem]) {
    secretive(&format!("{problems:?}"));
    let Some(plan) = plan else { return };
    assert!(matches!(plan.bound.platform, Kind::Odeus | Kind::Trustpager));
    let sealed = SealedPlan::seal(plan);
    let written = document::write(&sealed, "0.0.0");
    secretive(&written);
    let again = document::read(written.as_bytes()).unwrap_or_else(|why| panic!("{why}: {written}"));
    assert_eq!(again.plan(), sealed.plan());
    printed(sealed.plan(), sealed.digest().as_str());
}
