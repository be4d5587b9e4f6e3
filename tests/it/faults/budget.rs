//! What a run may ask of the platform: so many requests a minute, so many at once, and as many as the plan says.

use std::io::{BufRead as _, BufReader};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scopeform::apply::{self, Options, Silent};
use scopeform::platform::http::{Book, Budget, Clock, Http, HttpOptions};
use scopeform::platform::provider::Read as _;
use secrecy::SecretString;

use super::odeus::Odeus;
use super::stage::{Plane, Stage, TODAY, approve, config, yaml};
use super::trustpager::Trustpager;
use crate::apply::proxy::{Do, Proxy, gate};
use crate::apply::wire;
use crate::cli::harness::{Background, Lab};

/// Fewer than the requests of one plan and its apply, so that a run crosses several minutes.
const PER_MINUTE: u32 = 8;

/// A clock that is the control plane's: waiting moves the time of both.
#[derive(Debug)]
struct Shared {
    passed: Mutex<Duration>,
    plane: tokio::sync::mpsc::UnboundedSender<(Duration, tokio::sync::oneshot::Sender<()>)>,
}

impl Clock for Shared {
    fn now(&self) -> Duration {
        *self.passed.lock().unwrap()
    }

    fn wait(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let (done, is_done) = tokio::sync::oneshot::channel();
            self.plane.send((wait, done)).unwrap();
            is_done.await.unwrap();
            *self.passed.lock().unwrap() += wait;
        })
    }
}

/// Who takes from what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Budgets {
    /// Nobody keeps to any.
    None,
    /// Planning and applying are one run.
    One,
    /// Planning and applying are two runs that know nothing of each other.
    Two,
    /// They are two runs with one book.
    Shared,
}

/// A control plane with a rate limit whose time stands still but for what somebody waits.
struct Scene<S> {
    proxy: Proxy,
    limited: Arc<AtomicUsize>,
    made: Arc<AtomicUsize>,
    clock: Arc<dyn Clock>,
    token: SecretString,
    plane: std::thread::JoinHandle<()>,
    work: tempfile::TempDir,
    stage: std::marker::PhantomData<S>,
}

impl<S: Stage> Scene<S> {
    fn start() -> Self {
        let (advance, mut advanced) = tokio::sync::mpsc::unbounded_channel();
        let (started, has_started) = std::sync::mpsc::channel();
        let folder = tempfile::tempdir().unwrap();
        let options = scopeform::server::Options {
            rate_limit: Some(PER_MINUTE),
            ..S::options(folder.path(), &["acme-0".to_owned()])
        };
        let plane = std::thread::spawn(move || {
            let _folder = folder;
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let running = scopeform::server::start(listener, options).await.unwrap();
                started.send((running.address, running.admin_token.clone())).unwrap();
                while let Some((wait, done)) = advanced.recv().await {
                    tokio::time::advance(wait).await;
                    let _: Result<(), ()> = tokio::sync::oneshot::Sender::send(done, ());
                }
                drop(running);
            });
        });
        let (address, token): (std::net::SocketAddr, SecretString) = has_started.recv().unwrap();
        let limited = Arc::new(AtomicUsize::new(0));
        let made = Arc::new(AtomicUsize::new(0));
        let (counted, seen) = (Arc::clone(&limited), Arc::clone(&made));
        let proxy = Proxy::start(address, move |request, _| {
            let answer = request.send(address).unwrap();
            seen.fetch_add(1, Ordering::SeqCst);
            if wire::split(&answer).0 == 429 {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            Do::Raw(answer)
        });
        let clock: Arc<dyn Clock> = Arc::new(Shared { passed: Mutex::default(), plane: advance });
        let work = tempfile::tempdir().unwrap();
        let stage = std::marker::PhantomData;
        Self { proxy, limited, made, clock, token, plane, work, stage }
    }

    /// What one run may send, with or without a book that other runs have too.
    fn budget(&self, with_book: bool) -> Arc<Budget> {
        let per_minute = NonZeroU32::new(PER_MINUTE).unwrap();
        let book = with_book.then(|| {
            let clock = Arc::clone(&self.clock);
            Book::at(
                self.work.path().join("book"),
                HttpOptions::default().total_timeout,
                Box::new(move || Duration::from_secs(1_750_000_000) + clock.now()),
                Box::new(|what| panic!("{what}")),
            )
        });
        Arc::new(Budget::new(per_minute, book, Arc::clone(&self.clock), Box::new(|_| ())))
    }

    fn client(&self, budget: Option<Arc<Budget>>) -> S::Client {
        let options = HttpOptions {
            budget,
            deadline: Duration::from_secs(300),
            clock: Arc::clone(&self.clock),
            ..HttpOptions::default()
        };
        let http = Http::new(&self.proxy.url(), self.token.clone(), options).unwrap();
        S::client(Arc::new(http), "acme-0".try_into().unwrap(), self.work.path())
    }

    /// Returns how many requests were refused for their rate, and how many were made.
    fn end(self) -> (usize, usize) {
        drop(self.clock);
        self.plane.join().unwrap();
        (self.limited.load(Ordering::SeqCst), self.made.load(Ordering::SeqCst))
    }
}

/// Plans and applies, and returns how many requests were refused for their rate, and how many were made.
fn refused<S: Stage>(budgets: Budgets, parallelism: usize) -> (usize, usize) {
    let scene = Scene::<S>::start();
    let budget = || (budgets != Budgets::None).then(|| scene.budget(budgets == Budgets::Shared));
    let first = budget();
    let second = if budgets == Budgets::One { first.clone() } else { budget() };
    let config = config::<S>("acme-0");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let reading = scene.client(first).read().await.unwrap();
        let plan = S::plan(&config, &reading.snapshot, reading.calls);
        let approved = approve(&plan);
        let interrupted = AtomicBool::new(false);
        let options = Options { today: TODAY, parallelism, interrupted: &interrupted };
        let client = scene.client(second);
        let (report, _) =
            apply::run::<S::Adapter, _>(&approved, &client, options, &Silent).await.unwrap();
        assert!(report.is_complete(), "{report:?}");
    });
    scene.end()
}

fn within_the_budget<S: Stage>() {
    for parallelism in [1, 10] {
        for within in [Budgets::One, Budgets::Shared] {
            let (refusals, made) = refused::<S>(within, parallelism);
            assert_eq!(refusals, 0, "{}: {within:?}, of {made}, {parallelism} at once", S::NAME);
            assert!(made > 2 * PER_MINUTE as usize, "{made} do not cross a minute");
        }
        for beyond in [Budgets::None, Budgets::Two] {
            let (refusals, _) = refused::<S>(beyond, parallelism);
            assert!(refusals > 0, "{}: {beyond:?}: the limit is none", S::NAME);
        }
    }
}

#[test]
fn a_run_within_its_budget_is_never_refused_for_its_rate_on_odeus() {
    within_the_budget::<Odeus>();
}

#[test]
fn a_run_within_its_budget_is_never_refused_for_its_rate_on_trustpager() {
    within_the_budget::<Trustpager>();
}

/// Two runs read at the same time, several times over. Returns how many requests were refused for their rate.
fn refused_at_once<S: Stage>(with_book: bool) -> usize {
    let scene = Scene::<S>::start();
    let (one, other) = (scene.budget(with_book), scene.budget(with_book));
    let read = |budget: Arc<Budget>| async {
        let client = scene.client(Some(budget));
        for _ in 0..5 {
            client.read().await.unwrap();
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::join!(read(one), read(other)) });
    scene.end().0
}

#[test]
fn two_runs_at_once_within_one_budget_are_not_refused_for_their_rate() {
    assert_eq!(refused_at_once::<Odeus>(true), 0);
    assert!(refused_at_once::<Odeus>(false) > 0, "the limit is none");
}

/// Reads what a run says until it says that it waits, and returns that line.
#[track_caller]
pub(super) fn waiting(running: &mut Background) -> String {
    let mut said = BufReader::new(running.child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("waiting") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it never said so");
    }
    line
}

#[test]
fn the_program_keeps_to_its_budget_and_says_that_it_waits() {
    let plane = Plane::<Odeus>::start(1);
    for (args, variable) in [
        ("plan --api-budget 3", None),
        ("status --api-budget 3", None),
        ("apply --auto-approve", Some("3")),
        ("export", Some("3")),
    ] {
        let proxy = Proxy::counting(plane.address);
        let lab = Lab::with(&yaml::<Odeus>("acme-0", &proxy.url()));
        let mut run = lab.run(args).env("SCOPEFORM_TOKEN", &plane.token);
        if let Some(budget) = variable {
            run = run.env("SCOPEFORM_API_BUDGET", budget);
        }
        let mut running = run.begin();
        let line = waiting(&mut running);
        assert!(line.ends_with("s: `--api-budget` allows 3 requests a minute\n"), "{line}");
        assert_eq!(proxy.requests().len(), 3, "{args}: {:?}", proxy.requests());
        // The rest of the minute is nobody's.
        drop(running);
    }
    let lab = Lab::with(&yaml::<Odeus>("acme-0", "embedded"));
    for wrong in ["0", "-1", "many", "4294967296"] {
        lab.run("plan").arg(format!("--api-budget={wrong}")).exits(64).says(&["--api-budget"]);
    }
}

#[test]
fn planning_and_applying_take_from_one_budget() {
    let plane = Plane::<Odeus>::start(1);
    let proxy = Proxy::counting(plane.address);
    let lab = Lab::with(&yaml::<Odeus>("acme-0", &proxy.url()));
    // Five requests plan; the sixth and seventh are apply's, and then it is over for this minute.
    let run = lab.run("apply --auto-approve --api-budget 7").env("SCOPEFORM_TOKEN", &plane.token);
    let mut running = run.begin();
    waiting(&mut running);
    assert_eq!(proxy.requests().len(), 7, "{:?}", proxy.requests());
    drop(running);
}

#[test]
fn no_more_writes_are_in_flight_than_asked_for() {
    for parallelism in [1_usize, 2] {
        let plane = Plane::<Odeus>::start(1);
        let writes = super::cost::<Odeus>(&plane, "acme-0").writes;
        let (gate, keeper) = gate();
        let in_flight = Arc::new(AtomicUsize::new(0));
        let (now, most) = (Arc::clone(&in_flight), Arc::new(AtomicUsize::new(0)));
        let highest = Arc::clone(&most);
        let address = plane.address;
        let proxy = Proxy::start(address, move |request, _| {
            if !request.is_write() {
                return Do::Pass;
            }
            let flying: usize = now.fetch_add(1, Ordering::SeqCst) + 1;
            highest.fetch_max(flying, Ordering::SeqCst);
            assert!(gate.wait());
            let answer = request.send(address).unwrap();
            now.fetch_sub(1, Ordering::SeqCst);
            Do::Raw(answer)
        });
        let lab = Lab::with(&yaml::<Odeus>("acme-0", &proxy.url()));
        let run = lab.run(&format!("apply --auto-approve --parallelism {parallelism}"));
        let running = run.env("SCOPEFORM_TOKEN", &plane.token).begin();
        // The workspace's own switch goes alone; then as many as may stand at the gate together.
        keeper.arrived();
        keeper.release();
        for _ in 0..parallelism {
            keeper.arrived();
        }
        assert_eq!(in_flight.load(Ordering::SeqCst), parallelism);
        // The rest is let through as it comes.
        for _ in 1..writes {
            keeper.release();
        }
        running.done().exits(0);
        assert_eq!(most.load(Ordering::SeqCst), parallelism);
    }
}

fn costs_what_the_plan_says<S: Stage>() {
    let plane = Plane::<S>::start(1);
    let proxy = Proxy::counting(plane.address);
    let lab = Lab::with(&yaml::<S>("acme-0", &proxy.url()));
    let run = |args: &str| lab.run(args).env("SCOPEFORM_TOKEN", &plane.token).exits(0);
    let planned = run("plan --json").json();
    let part = |name: &str| usize::try_from(planned["api_cost"][name].as_u64().unwrap()).unwrap();
    assert_eq!(proxy.requests().len(), part("plan_reads"));
    let before = proxy.requests().len();
    let report = run("apply --auto-approve --json").json();
    let made = proxy.requests().len() - before;
    assert_eq!(made, part("plan_reads") + part("apply_reads") + part("writes"), "{planned}");
    assert_eq!(proxy.writes(), part("writes"));
    assert_eq!(report["calls"], part("apply_reads") + part("writes"), "{report}");
}

#[test]
fn apply_makes_the_calls_that_the_plan_says_on_odeus() {
    costs_what_the_plan_says::<Odeus>();
}

#[test]
fn apply_makes_the_calls_that_the_plan_says_on_trustpager() {
    costs_what_the_plan_says::<Trustpager>();
}
