//! `--api-budget`: how many requests may be sent, by this run and by others that keep their data in the same folder.
//!
//! A file per origin in the data folder, `budget-` and twelve digits, holds times and nothing else. Without `--api-budget`
//! nothing is written and nothing is read.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::args::Reach;
use super::clock;
use super::folder::make_data_dir;
use super::ui::Ui;
use crate::platform::http::{Book, Budget, Monotonic, Pause, origin};
use crate::seal::Digest;

/// What this run of the program may send: planning and applying take from the same budget.
static BUDGET: OnceLock<Arc<Budget>> = OnceLock::new();

/// Returns the budget of this run for a control plane that no other run reaches.
pub(super) fn alone(reach: Reach, ui: Ui) -> Option<Arc<Budget>> {
    of(reach, ui, || None)
}

/// Returns the budget of this run for an endpoint, which it shares with other runs as far as `data` can be written to.
pub(super) fn shared(endpoint: &str, data: &Path, reach: Reach, ui: Ui) -> Option<Arc<Budget>> {
    of(reach, ui, || book(endpoint, data, reach, ui))
}

fn of(reach: Reach, ui: Ui, book: impl FnOnce() -> Option<Book>) -> Option<Arc<Budget>> {
    let per_minute = reach.api_budget?;
    let told = move |pause: Pause| {
        if pause.wait >= Duration::from_secs(1) {
            let seconds = pause.wait.as_secs_f64().ceil();
            let others = if pause.others { ", those of other runs included" } else { "" };
            ui.say(&format!(
                "waiting {seconds} s: `--api-budget` allows {per_minute} requests a minute{others}"
            ));
        }
    };
    let new = || Arc::new(Budget::new(per_minute, book(), Arc::new(Monotonic), Box::new(told)));
    Some(Arc::clone(BUDGET.get_or_init(new)))
}

fn book(endpoint: &str, data: &Path, reach: Reach, ui: Ui) -> Option<Book> {
    // What is no URL is refused before anything is sent.
    let origin = origin(endpoint)?;
    if let Err(failure) = make_data_dir(data) {
        ui.detail(&format!("{}; this run keeps to its budget alone", failure.message));
        return None;
    }
    let name = format!("budget-{}", Digest::of_bytes(origin.as_bytes()).short());
    let longest = Duration::from_secs(reach.timeout.max(1));
    let says = move |what: &str| ui.detail(what);
    Some(Book::at(data.join(name), longest, Box::new(clock::since_1970), Box::new(says)))
}
