//! How an apply ends: what reading shows, what is printed, and the exit code.

use std::collections::BTreeSet;
use std::path::Path;

use super::carry_out::Done;

use crate::apply::journal::{End, Known, Run};
use crate::apply::{Adapter as _, Outcome, Report, Settled};
use crate::cli::args::{Answer, Apply as Args};
use crate::cli::clock;
use crate::cli::commands::plan;
use crate::cli::exit::Exit;
use crate::cli::folder::Folder;
use crate::cli::journal::{self, Journal, Past};
use crate::cli::product::Product;
use crate::cli::rego::Named;
use crate::cli::spent;
use crate::cli::stream;
use crate::cli::ui::{Failure, Ui};
use crate::cli::workspace::{Loaded, Tell};
use crate::plan::{Bound, Plan, count};
use crate::platform::provider::Reading;
use crate::render;
use crate::render::neutral::terminal;

/// Plans once more from what was read at the end: nothing may be left to do.
pub(super) fn verify<P: Product>(
    loaded: &Loaded,
    end: P::Snapshot,
    args: &Args,
    ui: &Ui,
) -> Result<(), Failure> {
    let reading = Reading { snapshot: end, calls: 0 };
    let (target, today) = (&args.target, clock::today());
    let again = plan::make::<P>(loaded, &reading, target, today, Tell::Nobody, ui)?;
    if again.is_empty() {
        return Ok(());
    }
    let left: Vec<String> = again.bound.changes.iter().map(|c| c.address.to_string()).collect();
    Err(Failure::new(
        Exit::Partial,
        format!(
            "everything was applied, and yet planning again finds changes at {}",
            left.join(", ")
        ),
    )
    .help("somebody else may be changing the same fields; plan again"))
}

/// Plans the files at hand from what was read at the end of a saved plan, without a further request, and says what they ask
/// for beyond it: they may have moved on since it was made, or the plan may be one that takes back what they ask for.
pub(super) fn beyond<P: Product>(bound: &Bound, mut folder: Folder, end: P::Snapshot, ui: &Ui) {
    let (configs, diagnostics) = folder.take_declared();
    let ours = configs.into_iter().find(|config| config.workspace == bound.workspace);
    let Some(config) = ours.filter(|config| config.endpoint.to_string() == bound.endpoint) else {
        return;
    };
    if P::desired(&config).is_none() {
        return;
    }
    let policies = Vec::new();
    let (base, new_endpoint, named) = (None, None, Named::default());
    let others = BTreeSet::new();
    let loaded =
        Loaded { folder, config, others, diagnostics, base, policies, named, new_endpoint };
    let reading = Reading { snapshot: end, calls: 0 };
    let again = plan::make::<P>(&loaded, &reading, &[], clock::today(), Tell::Nobody, ui);
    let left = match again {
        Ok(again) if again.is_empty() => return,
        Ok(again) => count(again.bound.changes.len(), "change", "changes"),
        Err(_) => {
            ui.say("notice: the plan was applied as it is; the files at hand cannot be planned now: `scopeform plan` says why");
            return;
        }
    };
    ui.say(&format!(
        "notice: the plan was applied as it is, and the files at hand ask for {left} beyond it: `scopeform plan` shows what"
    ));
}

/// Says what reading shows of the writes that were in flight when a run was cut.
pub(super) fn settle<P: Product>(run: &Run, snapshot: &P::Snapshot, ui: &Ui) {
    for (one, _) in run.operations().filter(|(_, known)| **known == Known::InFlight) {
        let Some(operation) = P::Adapter::operation(&one.planned.operation) else { continue };
        let shows = match P::Adapter::settle(operation, snapshot) {
            Settled::Done => "was done".to_owned(),
            Settled::NotDone => "was not done".to_owned(),
            Settled::Lost(what) => format!("was done: {what}"),
        };
        let (address, what) = (one.planned.address.as_str(), one.what.as_str());
        ui.say(&format!(
            "  {}: {}: reading shows that it {}",
            terminal(address),
            terminal(what),
            terminal(&shows)
        ));
    }
}

/// Ends an apply that has nothing to do. A run that was cut needs nothing more, so it is not told of again.
pub(super) fn nothing(
    plan: &Plan,
    args: &Args,
    data: &Path,
    cut: Option<Past>,
    ui: &Ui,
) -> Result<Exit, Failure> {
    if let Some(past) = cut.filter(|past| !past.running) {
        spent::close(data, &past.run.begin.run)?;
        journal::close(data, &past.run);
    }
    let report = Report::of_nothing();
    match args.answer() {
        Answer::Text => {}
        Answer::Json => ui.out(&render::report::json(&report))?,
        Answer::Lines => stream::end(plan, &report, &Ok(Exit::Done), ui)?,
    }
    Ok(Exit::Done)
}

/// Ends the journal, prints the report and returns how the command ends: by what was done, by whether planning again finds
/// nothing left to do, and by whether used approvals could be remembered.
pub(super) fn finish<S>(
    plan: &Plan,
    done: Done<S>,
    verified: Result<(), Failure>,
    answer: Answer,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let Done { report, journal, remembered, end: _ } = done;
    let end = match &verified {
        Ok(()) => journal::reported(&report, exit_of(&report)),
        Err(failure) => journal::failed(failure, report.calls),
    };
    note_end(journal, end, ui);
    let ended = verified.and(remembered).map(|()| exit_of(&report));
    match answer {
        Answer::Text => ui.out(&render::report::text(&report, ui.palette()))?,
        Answer::Json => ui.out(&render::report::json(&report))?,
        Answer::Lines => return end_of_stream(plan, &report, ended, ui),
    }
    ended
}

/// Prints the last lines of a stream. It has then been told how the command ends; the conversation has not.
pub(in crate::cli::commands) fn end_of_stream(
    plan: &Plan,
    report: &Report,
    ended: Result<Exit, Failure>,
    ui: &Ui,
) -> Result<Exit, Failure> {
    stream::end(plan, report, &ended, ui)?;
    ended.or_else(|failure| {
        ui.say(&failure.text());
        Ok(failure.exit)
    })
}

/// Notes the end. The report says what was done all the same, so a full disk here is no more than worth saying.
pub(super) fn note_end(journal: Journal, end: End, ui: &Ui) {
    if let Err(why) = journal.end(end) {
        ui.say(&format!("warning: {}; `show --last` will not know the end", terminal(&why)));
    }
}

/// Prints a report.
pub(in crate::cli::commands) fn print_report(
    report: &Report,
    json: bool,
    ui: &Ui,
) -> Result<(), Failure> {
    if json {
        ui.out(&render::report::json(report))?;
    } else {
        ui.out(&render::report::text(report, ui.palette()))?;
    }
    Ok(())
}

pub(super) fn exit_of(report: &Report) -> Exit {
    if report.is_complete() {
        return Exit::Done;
    }
    // What an earlier run of this plan wrote stands all the same.
    if report.may_have_written() || report.done_before() > 0 {
        return Exit::Partial;
    }
    if report.was_interrupted() {
        return Exit::Interrupted;
    }
    let any = |wanted: fn(&Outcome) -> bool| report.steps.iter().any(|step| wanted(&step.outcome));
    if any(|outcome| matches!(outcome, Outcome::Conflict(_))) {
        Exit::Stale
    } else if any(|outcome| matches!(outcome, Outcome::Unreachable(_) | Outcome::NotAllowed(_))) {
        Exit::NoAccess
    } else {
        Exit::Error
    }
}
