//! `--json-lines` of `apply` and `undo`: stamps each line with the clock and sends it off at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::clock;
use super::exit::Exit;
use super::ui::{Failure, Ui};
use crate::apply::{Event, Report};
use crate::plan::carried::Carried;
use crate::plan::{Plan, PlannedOperation};
use crate::render::stream::{self as lines, Hook, What};
use crate::render::undo::Undo;

/// Prints one line.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn say(what: What, ui: &Ui) -> std::io::Result<()> {
    ui.out(&lines::line(what, &clock::now().to_string()))
}

/// Prints the first line.
pub(super) fn begin(ui: &Ui) -> std::io::Result<()> {
    say(lines::version(env!("CARGO_PKG_VERSION")), ui)
}

/// Prints what is planned.
pub(super) fn planned(plan: &Plan, ui: &Ui) -> std::io::Result<()> {
    lines::planned(plan).into_iter().try_for_each(|what| say(what, ui))
}

/// Prints which run is taken back, and what cannot be restored.
pub(super) fn undo(undo: &Undo<'_>, ui: &Ui) -> std::io::Result<()> {
    say(lines::undo(undo), ui)
}

/// Prints the last line of a command that saved a plan and was not to carry it out.
pub(super) fn saved(ui: &Ui) -> std::io::Result<()> {
    say(lines::last(Exit::Done.code(), Exit::Done.name(), None), ui)
}

/// Prints why a command ends without a report, and the last line. What has been said already is not said again.
pub(super) fn failed(failure: &Failure, ui: &Ui) {
    // There is nobody left to tell when the stream is gone.
    let _ = error(failure, ui);
    let _ = say(lines::last(failure.exit.code(), failure.exit.name(), None), ui);
}

fn error(failure: &Failure, ui: &Ui) -> std::io::Result<()> {
    if failure.message.is_empty() {
        return Ok(());
    }
    let detail: Vec<&str> =
        failure.details.iter().chain(&failure.help).map(String::as_str).collect();
    say(lines::error(failure.exit.name(), &failure.message, &detail.join("\n")), ui)
}

/// Prints how an apply ended: what went wrong, what was done, and the last line.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn end(
    plan: &Plan,
    report: &Report,
    ended: &Result<Exit, Failure>,
    ui: &Ui,
) -> std::io::Result<()> {
    let exit = match ended {
        Ok(exit) => *exit,
        Err(failure) => failure.exit,
    };
    match ended {
        Err(failure) => error(failure, ui)?,
        Ok(Exit::Done) => {}
        Ok(exit) => {
            let means = Exit::ALL.iter().find(|(known, _)| known == exit).map_or("", |(_, m)| m);
            say(
                lines::error(exit.name(), means, "the last line says what became of each write"),
                ui,
            )?;
        }
    }
    say(lines::done(plan, report), ui)?;
    say(lines::last(exit.code(), exit.name(), Some(report)), ui)
}

/// Prints what happens to each write.
#[derive(Debug)]
pub(super) struct Stream<'p> {
    plan: &'p Plan,
    carried: Carried,
    begun: Mutex<BTreeMap<usize, Timestamp>>,
    ui: Ui,
}

impl<'p> Stream<'p> {
    pub(super) fn new(plan: &'p Plan, ui: Ui) -> Self {
        Self { plan, carried: Carried::of(&plan.bound), begun: Mutex::default(), ui }
    }

    /// Prints an event. A reader that is gone stops no write: the journal holds what happened.
    pub(super) fn on(&self, event: Event<'_>) {
        let all: Vec<What> = match event {
            // The report, which is the last line, says what the end shows.
            Event::Read { .. } | Event::Revised { .. } => return,
            Event::Started { index, total, operation, .. } => {
                let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
                begun.insert(index, clock::now());
                drop(begun);
                let hooks = Hook::all(self.plan, &self.carried, (index, total), operation, None);
                hooks.into_iter().map(lines::started).collect()
            }
            Event::Settled { index, settled } => {
                let operations = &self.plan.bound.operations;
                let Some(operation) = operations.get(index) else { return };
                let hooks = self.hooks(index, operations.len(), operation);
                hooks.into_iter().map(|hook| lines::settled(hook, settled)).collect()
            }
            Event::Finished { index, total, operation, outcome } => {
                let hooks = self.hooks(index, total, operation);
                hooks.into_iter().map(|hook| lines::finished(hook, outcome)).collect()
            }
        };
        for what in all {
            let _ = say(what, &self.ui);
        }
    }

    fn hooks(&self, index: usize, total: usize, operation: &PlannedOperation) -> Vec<Hook> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = begun.get(&index).copied();
        let seconds = |since: Timestamp| clock::now().duration_since(since).as_secs();
        let elapsed = begun.map(|since| u64::try_from(seconds(since)).unwrap_or(0));
        Hook::all(self.plan, &self.carried, (index, total), operation, elapsed)
    }
}
