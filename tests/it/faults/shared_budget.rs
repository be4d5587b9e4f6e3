//! What several runs of the program may ask of the platform together: they note it in the data folder.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::budget::waiting;
use super::odeus::Odeus;
use super::stage::{Plane, yaml};
use crate::apply::proxy::{Do, Proxy, gate};
use crate::apply::wire;
use crate::cli::harness::{Lab, Run};

/// How many requests planning takes.
const PLAN: usize = 5;

/// A control plane behind a proxy that counts, and a folder `access` that is about it.
struct Desk {
    plane: Plane<Odeus>,
    proxy: Proxy,
    refused: Arc<AtomicUsize>,
    lab: Lab,
}

impl Desk {
    fn limited(rate_limit: Option<u32>) -> Self {
        let plane = Plane::<Odeus>::limited(1, rate_limit);
        let refused = Arc::new(AtomicUsize::new(0));
        let (address, counted) = (plane.address, Arc::clone(&refused));
        let proxy = Proxy::start(address, move |request, _| {
            let answer = request.send(address).unwrap();
            if wire::split(&answer).0 == 429 {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            Do::Raw(answer)
        });
        let lab = Lab::new();
        lab.write("access/acme.yaml", &yaml::<Odeus>("acme-0", &proxy.url()));
        Self { plane, proxy, refused, lab }
    }

    fn start() -> Self {
        Self::limited(None)
    }

    fn run(&self, args: &str) -> Run {
        self.lab.run(args).env("SCOPEFORM_TOKEN", &self.plane.token)
    }

    fn sent(&self) -> usize {
        self.proxy.requests().len()
    }

    /// The files of the data folder in which requests are noted.
    fn books(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.lab.path("access/.scopeform")) else {
            return Vec::new();
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|p| p.file_name().unwrap().to_str().unwrap().starts_with("budget")).collect()
    }

    fn book(&self) -> PathBuf {
        let books = self.books();
        assert_eq!(books.len(), 1, "{books:?}");
        books[0].clone()
    }
}

/// Mutation `budget-alone` makes it fail. Each run notes its requests in a book of its own.
#[test]
fn a_saved_plan_is_applied_with_what_its_planning_left_of_the_budget() {
    for config in ["access", "access/acme.yaml"] {
        let desk = Desk::limited(Some(7));
        desk.run("plan access --out p --api-budget 7").exits(0);
        assert_eq!(desk.sent(), PLAN);
        let apply = format!("apply p --config {config} --api-budget 7");
        let mut running = desk.run(&apply).begin();
        let line = waiting(&mut running);
        let expected =
            "s: `--api-budget` allows 7 requests a minute, those of other runs included\n";
        assert!(line.ends_with(expected), "{line}");
        assert_eq!(desk.sent(), 7, "{:?}", desk.proxy.requests());
        assert_eq!(desk.refused.load(Ordering::SeqCst), 0);
        drop(running);
    }
}

/// Mutation `budget-alone` makes it fail. Each run notes its requests in a book of its own.
#[test]
fn two_runs_at_once_take_from_one_budget() {
    let desk = Desk::limited(Some(7));
    let begin = || desk.run("plan access --api-budget 7").begin();
    let both = [begin(), begin()];
    // One of them may come to its end, and both may have to wait.
    let said = both.map(|mut running| {
        use std::io::{BufRead as _, BufReader};
        let said = BufReader::new(running.child.stderr.take().unwrap());
        let waits = said.lines().any(|line| line.unwrap().contains("waiting"));
        (waits, running)
    });
    assert!(said.iter().any(|(waits, _)| *waits), "nobody waited");
    assert_eq!(desk.sent(), 7, "{:?}", desk.proxy.requests());
    assert_eq!(desk.refused.load(Ordering::SeqCst), 0);
}

/// Mutation `budget-alone` makes it fail. Each run notes its requests in a book of its own.
#[test]
fn every_command_takes_from_the_budget_that_the_folder_has() {
    let desk = Desk::start();
    desk.run("apply access --auto-approve").exits(0);
    assert_eq!(desk.books(), [""; 0].map(PathBuf::from), "nothing is noted without a budget");
    desk.run("plan access --api-budget 5").exits(0);
    let sent = desk.sent();
    for command in [
        "plan access",
        "status access",
        "export access",
        "snapshot access --out s",
        "apply access --auto-approve",
        "undo access --auto-approve",
    ] {
        let mut running = desk.run(&format!("{command} --api-budget 5")).begin();
        waiting(&mut running);
        assert_eq!(desk.sent(), sent, "{command}");
        drop(running);
    }
    // Another budget counts the same requests.
    let mut running = desk.run("plan access --api-budget 6").begin();
    waiting(&mut running);
    assert_eq!(desk.sent(), sent + 1);
    drop(running);
    // Nobody else is held up: neither a run without a budget, nor another endpoint, nor another folder.
    let direct = format!("http://{}", desk.plane.address);
    desk.lab.write("other/acme.yaml", &yaml::<Odeus>("acme-0", &direct));
    let data = desk.lab.path("access/.scopeform");
    desk.run("status access").exits(0);
    desk.run("status other --api-budget 5").env("SCOPEFORM_DATA_DIR", &data).exits(0);
    assert_eq!(desk.books().len(), 2);
    let other = desk.lab.path("data");
    desk.run("status access --api-budget 5").env("SCOPEFORM_DATA_DIR", &other).exits(0);
}

/// Mutation `budget-alone` makes it fail. Each run notes its requests in a book of its own.
#[test]
fn the_place_of_a_run_that_was_killed_is_taken() {
    let (gate, keeper) = gate();
    let plane = Plane::<Odeus>::start(1);
    let proxy = Proxy::start(plane.address, move |_, _| Do::Gate(gate.clone()));
    let lab = Lab::with(&yaml::<Odeus>("acme-0", &proxy.url()));
    let plan = || lab.run("plan --api-budget 1").env("SCOPEFORM_TOKEN", &plane.token).begin();
    let killed = plan();
    keeper.arrived();
    drop(killed);
    let mut next = plan();
    waiting(&mut next);
    assert_eq!(proxy.requests().len(), 1);
    drop(next);
    // It is the folder that knows it.
    std::fs::remove_dir_all(lab.path(".scopeform")).unwrap();
    let _another = plan();
    keeper.arrived();
    assert_eq!(proxy.requests().len(), 2);
}

#[test]
fn the_book_holds_times_and_stays_out_of_version_control() {
    let desk = Desk::start();
    desk.run("plan access --api-budget 9").exits(0);
    assert_eq!(desk.lab.read("access/.scopeform/.gitignore"), "*\n");
    let text = std::fs::read_to_string(desk.book()).unwrap();
    assert_eq!(text.lines().count(), PLAN);
    for line in text.lines() {
        let times: Vec<u64> = line.split(' ').map(|time| time.parse().unwrap()).collect();
        assert_eq!((line.len(), times[1] - times[0]), (33, 60_100), "a minute from its end on");
    }
    let mine = Lab::with("version: 1\nplatform: odeus\nworkspace: acme\nendpoint: embedded\n");
    mine.run("plan --api-budget 9").exits(0);
    let data = std::fs::read_dir(mine.path(".scopeform")).unwrap();
    let names = data.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let books: Vec<String> = names.filter(|name| name.starts_with("budget")).collect();
    assert_eq!(books, [""; 0], "nobody shares what is inside this program");
}

#[test]
fn a_book_that_cannot_be_used_stops_nobody_and_is_told_of_with_v() {
    let desk = Desk::start();
    let alone = "this run keeps to its budget alone";
    desk.lab.write("access/.scopeform", "in the way");
    let done = desk.run("plan access --api-budget 5 -v").exits(0);
    done.says(&["cannot make the data folder", alone]);
    assert_eq!(desk.lab.read("access/.scopeform"), "in the way");
    std::fs::remove_file(desk.lab.path("access/.scopeform")).unwrap();

    desk.run("plan access --api-budget 5").exits(0);
    let book = desk.book();
    std::fs::write(&book, "not a book").unwrap();
    desk.run("plan access --api-budget 5 -v").exits(0).says(&["budget-", "is damaged"]);

    desk.lab.write("other", "mine");
    std::fs::remove_file(&book).unwrap();
    std::os::unix::fs::symlink(desk.lab.path("other"), &book).unwrap();
    let done = desk.run("plan access --api-budget 5 -v").exits(0);
    done.says(&["it is no regular file", alone]);
    assert_eq!(desk.lab.read("other"), "mine");
    let done = desk.run("plan access --api-budget 5").exits(0);
    assert!(!done.err.contains("alone"), "{}", done.all());
    // Alone it still keeps to it.
    let mut running = desk.run("plan access --api-budget 3").begin();
    let line = waiting(&mut running);
    assert!(line.ends_with("allows 3 requests a minute\n"), "{line}");
}
