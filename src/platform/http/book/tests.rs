#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::*;

const LIMIT: Duration = Duration::from_secs(30);

/// A folder with a book in it, a clock, and what was said.
struct Desk {
    folder: TempDir,
    now: Arc<AtomicU64>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Desk {
    fn new() -> Self {
        let now = Arc::new(AtomicU64::new(1_750_000_000_000));
        Self { folder: tempfile::tempdir().unwrap(), now, said: Arc::default() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("budget")
    }

    /// The book as another run opens it.
    fn run(&self) -> Book {
        let (now, said) = (Arc::clone(&self.now), Arc::clone(&self.said));
        Book::at(
            self.path(),
            LIMIT,
            Box::new(move || Duration::from_millis(now.load(Ordering::SeqCst))),
            Box::new(move |what| said.lock().unwrap().push(what.to_owned())),
        )
    }

    fn pass(&self, time: Duration) {
        self.now.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.said.lock().unwrap())
    }
}

fn noted(turn: Turn) -> Entry {
    match turn {
        Turn::Noted(entry) => entry,
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_runs_take_from_one_budget() {
    let desk = Desk::new();
    let (mut one, mut other) = (desk.run(), desk.run());
    let first = noted(one.take(2));
    let second = noted(other.take(2));
    assert!(matches!(one.take(2), Turn::Wait(wait) if wait > BUSY));
    one.over(first);
    drop(one);
    desk.pass(Duration::from_secs(40));
    other.over(second);
    let wait = Duration::from_millis(20_100);
    assert_eq!(other.take(2), Turn::Wait(wait), "a minute after the first was over");
    desk.pass(wait);
    noted(other.take(2));
    noted(desk.run().take(3));
    assert_eq!(desk.text().lines().count(), 3);
    assert_eq!(desk.said(), [""; 0]);
}

#[test]
fn the_file_holds_times_only_for_its_owner() {
    let desk = Desk::new();
    let entry = noted(desk.run().take(1));
    assert_eq!(desk.text(), "0001750000000000 0001750000090100\n");
    desk.run().over(entry);
    assert_eq!(desk.text(), "0001750000000000 0001750000060100\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = desk.path().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn places_of_a_run_that_was_killed_end_by_themselves() {
    let desk = Desk::new();
    noted(desk.run().take(1));
    let mut next = desk.run();
    assert!(matches!(next.take(1), Turn::Wait(_)));
    desk.pass(LIMIT + Duration::from_secs(60));
    assert!(matches!(next.take(1), Turn::Wait(wait) if wait < Duration::from_secs(1)));
    desk.pass(Duration::from_secs(1));
    noted(next.take(1));
}

#[test]
fn what_cannot_be_read_of_the_file_does_not_count_and_is_said_once() {
    let desk = Desk::new();
    let good = "0001750000000000 0001750000060000\n";
    for (damage, lines) in [
        ("not a book".to_owned(), 1),
        (format!("{good}0001750000000000 00017"), 2),
        ("\0".repeat(100), 1),
        // A line more than there may be is no book.
        (good.repeat(LARGEST / good.len() + 1), 1),
    ] {
        std::fs::write(desk.path(), &damage).unwrap();
        noted(desk.run().take(2));
        assert_eq!(desk.text().lines().count(), lines);
        let said = desk.said();
        assert!(said.len() == 1 && said[0].contains("is damaged"), "{said:?}");
        noted(desk.run().take(9));
        assert_eq!(desk.said(), [""; 0], "it was put right");
    }
}

#[test]
fn a_file_that_cannot_be_used_leaves_the_run_alone_and_is_not_touched() {
    let desk = Desk::new();
    let alone = |why: &str| {
        let mut book = desk.run();
        assert_eq!((book.take(1), book.take(1)), (Turn::Alone, Turn::Alone), "{why}");
        let said = desk.said();
        assert!(said.len() == 1 && said[0].contains(why), "{said:?}");
        assert!(said[0].ends_with("; this run keeps to its budget alone"), "{said:?}");
    };
    std::fs::create_dir(desk.path()).unwrap();
    alone("it is no regular file");
    std::fs::remove_dir(desk.path()).unwrap();
    #[cfg(unix)]
    {
        let other = desk.folder.path().join("other");
        std::fs::write(&other, "mine").unwrap();
        std::os::unix::fs::symlink(&other, desk.path()).unwrap();
        alone("it is no regular file");
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "mine");
        std::fs::remove_file(&other).unwrap();
        alone("it is no regular file");
        assert!(!other.exists(), "a link that leads nowhere leads nowhere still");
        std::fs::remove_file(desk.path()).unwrap();
    }
    std::fs::remove_dir(desk.folder.path()).unwrap();
    alone("No such file");
    std::fs::create_dir(desk.folder.path()).unwrap();
}

#[test]
fn whoever_holds_the_file_is_waited_for_but_not_for_ever() {
    let desk = Desk::new();
    let mut book = desk.run();
    let first = noted(book.take(2));
    let held = File::open(desk.path()).unwrap();
    held.lock().unwrap();
    assert_eq!(book.take(2), Turn::Wait(BUSY));
    // What is over meanwhile is noted with the next request, as of when it was over.
    book.over(first);
    desk.pass(Duration::from_secs(1));
    held.unlock().unwrap();
    noted(book.take(2));
    assert!(desk.text().starts_with("0001750000000000 0001750000060100\n"), "{}", desk.text());
    held.lock().unwrap();
    assert_eq!(book.take(2), Turn::Wait(BUSY));
    desk.pass(PATIENCE);
    assert_eq!(book.take(2), Turn::Alone);
    assert!(desk.said()[0].contains("another program holds it"));
    held.unlock().unwrap();
    assert_eq!(book.take(2), Turn::Alone, "what it sent meanwhile is not in the book");
}

#[test]
fn a_file_that_was_removed_is_made_again() {
    let desk = Desk::new();
    let mut book = desk.run();
    let first = noted(book.take(1));
    std::fs::remove_file(desk.path()).unwrap();
    book.over(first);
    assert!(matches!(desk.run().take(1), Turn::Wait(_)), "it counts all the same");
}
