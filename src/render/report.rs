//! What apply did, for people and for programs.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::neutral::terminal;
use super::palette::{Paint, Palette};
use super::text::value;
use crate::apply::{Basis, Difference, Outcome, Report, Shown, Stale};
use crate::plan::count;

/// The version of the JSON report.
pub const FORMAT_VERSION: &str = "1.0";

/// Returns the report as text: one line per operation, then what no operation explains, then the sum.
#[must_use]
pub fn text(report: &Report, palette: Palette) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_text(&mut out, report, palette);
    out
}

fn write_text(out: &mut String, report: &Report, palette: Palette) -> std::fmt::Result {
    writeln!(out)?;
    for step in &report.steps {
        let paint = if step.outcome.is_applied() { Paint::Add } else { Paint::Alarm };
        write!(
            out,
            "  {} {}  {}",
            palette.paint(paint, symbol(&step.outcome)),
            terminal(step.unit.as_str()),
            terminal(&step.what)
        )?;
        match detail(&step.outcome) {
            Some(detail) => writeln!(out, ": {}", terminal(&detail))?,
            None => writeln!(out)?,
        }
    }
    match &report.differences {
        None => {
            writeln!(
                out,
                "\nThe end could not be read back; `scopeform plan` tells what is live."
            )?;
        }
        Some(differences) => {
            for difference in differences {
                let Difference { address, planned, live } = difference;
                for (path, planned, live) in value::apart(address, planned, live) {
                    let path = if path.is_empty() { path } else { format!(" {path}") };
                    let address = terminal(address.as_str());
                    writeln!(out, "  ! {address}{path}: planned {planned}, live is {live}")?;
                }
            }
        }
    }
    if !report.accepted.is_empty() {
        let accepted: Vec<String> =
            report.accepted.iter().map(|a| terminal(a).to_string()).collect();
        writeln!(out, "\nLimits passed: {}", accepted.join(", "))?;
    }
    write_sum(out, report)?;
    if report.token_refused { writeln!(out, "help: {TOKEN_HELP}") } else { Ok(()) }
}

/// What to do where the platform does not accept the token.
pub const TOKEN_HELP: &str = "set SCOPEFORM_TOKEN to a token of the workspace that has not expired";

/// Writes how much was done, and how to go on.
fn write_sum(out: &mut String, report: &Report) -> std::fmt::Result {
    let requests = count(report.calls as usize, "request", "requests");
    let total = report.steps.len();
    let sum = Sum::of(total, report.steps.iter().map(|step| &step.outcome));
    if report.is_complete() {
        writeln!(out, "Applied: {}, read back as planned, {requests}.", sum.whole())
    } else if report.is_applied() {
        let whole = sum.whole();
        match &report.differences {
            None => writeln!(out, "Applied: {whole}, {requests}; the end was not read back."),
            Some(_) => {
                writeln!(out, "Applied: {whole}, {requests}, not read back as planned. {ELSE}")
            }
        }
    } else if report.may_have_written() {
        writeln!(out, "Applied in part: {}, {requests}. {}", sum.part_and_rest(), advice(report))
    } else if report.done_before() > 0 {
        let part = sum.part_and_rest();
        let own = "this run wrote nothing";
        writeln!(
            out,
            "Applied in part, by an earlier run: {part}; {own}, {requests}. {}",
            advice(report)
        )
    } else {
        let operations = count(total, "operation was", "operations were");
        writeln!(out, "Nothing was applied: {operations} planned, {requests}.")
    }
}

const ELSE: &str = "Something is not as planned: plan again.";

/// Returns the lines that say what has moved under a plan, in the words of the files.
#[must_use]
pub fn stale(fact: &Stale) -> Vec<String> {
    let on = match fact.basis {
        Basis::MadeOn => "planned on",
        Basis::Left => "the plan left",
        Basis::Refused => {
            let (address, why) = (terminal(fact.address.as_str()), fact.live.to_string());
            return vec![format!("{address}: the platform would refuse: {}", terminal(&why))];
        }
    };
    let line = |path: &str, planned: &str, live: &str| {
        let path = if path.is_empty() { String::new() } else { format!(" {path}") };
        format!("{}{path}: {on} {planned}, live is {live}", terminal(fact.address.as_str()))
    };
    match (&fact.planned, &fact.live) {
        (Shown::Value(planned), Shown::Value(live)) => {
            let parts = value::apart(&fact.address, planned, live);
            parts.iter().map(|(path, planned, live)| line(path, planned, live)).collect()
        }
        (planned, live) => {
            let words = |shown: &Shown| match shown {
                Shown::Value(value) => value::words(value),
                Shown::Words(words) => terminal(words).to_string(),
            };
            vec![line("", &words(planned), &words(live))]
        }
    }
}

/// How many operations became what.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    total: usize,
    /// Done by the run itself.
    own: usize,
    /// Done before it began.
    before: usize,
    not_needed: usize,
    /// Tried, and not done or not as planned.
    failed: usize,
    unknown: usize,
    skipped: usize,
    /// Not begun, because somebody interrupted the run.
    interrupted: usize,
}

impl Sum {
    /// Counts the outcomes of a plan of `total` operations.
    pub(super) fn of<'o>(total: usize, outcomes: impl Iterator<Item = &'o Outcome>) -> Self {
        let mut sum = Self { total, ..Self::default() };
        for outcome in outcomes {
            let one = match outcome {
                Outcome::Applied { .. } | Outcome::AppliedUnanswered => &mut sum.own,
                Outcome::AlreadyDone | Outcome::ValueLost(_) => &mut sum.before,
                Outcome::NotNeeded(_) => &mut sum.not_needed,
                Outcome::Failed(_)
                | Outcome::Unreachable(_)
                | Outcome::NotAllowed(_)
                | Outcome::Conflict(_)
                | Outcome::Diverged(_) => &mut sum.failed,
                Outcome::Unknown(_) => &mut sum.unknown,
                Outcome::Skipped(_) => &mut sum.skipped,
                Outcome::Interrupted => &mut sum.interrupted,
            };
            *one += 1;
        }
        sum
    }

    /// Says how many operations a run did where none is left, and what became of the others.
    pub(super) fn whole(self) -> String {
        let before = format!("{} already done before", self.before);
        self.with_others(&count(self.own, "operation", "operations"), before)
    }

    /// Says how many operations of all are done, by whichever run.
    pub(super) fn part(self) -> String {
        let done = self.own + self.before;
        let operations = count(self.total, "operation", "operations");
        let before = match self.own {
            0 => String::new(),
            _ => format!("{} already done before", self.before),
        };
        self.with_others(&format!("{done} of {operations}"), before)
    }

    /// Says the same, and what became of those that are not done.
    fn part_and_rest(self) -> String {
        let rest = [
            (self.failed, "failed"),
            (self.unknown, "unknown"),
            (self.skipped, "skipped"),
            (self.interrupted, "not begun"),
        ];
        let rest = rest.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
        let rest = rest.collect::<Vec<_>>().join(", ");
        let part = self.part();
        match part.strip_suffix(')') {
            _ if rest.is_empty() => part,
            Some(part) => format!("{part}, {rest})"),
            None => format!("{part} ({rest})"),
        }
    }

    /// Says how many operations of all the run itself did, and what became of the others.
    pub(super) fn own(self) -> String {
        let operations = count(self.total, "operation", "operations");
        let before = format!("{} already done before", self.before);
        self.with_others(&format!("{} of {operations}", self.own), before)
    }

    fn with_others(self, first: &str, before: String) -> String {
        let mut others = Vec::new();
        if self.before > 0 && !before.is_empty() {
            others.push(before);
        }
        if self.not_needed > 0 {
            others.push(format!("{} not needed", self.not_needed));
        }
        if others.is_empty() {
            first.to_owned()
        } else {
            format!("{first} ({})", others.join(", "))
        }
    }
}

/// Says how to go on after a run that was applied in part: what the platform refuses it refuses again.
fn advice(report: &Report) -> &'static str {
    let any = |wanted: fn(&Outcome) -> bool| report.steps.iter().any(|step| wanted(&step.outcome));
    let moved = |outcome: &Outcome| {
        matches!(outcome, Outcome::Conflict(_) | Outcome::Diverged(_) | Outcome::ValueLost(_))
    };
    let refused = |outcome: &Outcome| {
        matches!(outcome, Outcome::Failed(_) | Outcome::Unreachable(_) | Outcome::NotAllowed(_))
    };
    let differs = report.differences.as_ref().is_some_and(|all| !all.is_empty());
    if any(moved) || differs {
        ELSE
    } else if any(refused) {
        "Remedy what failed, then run the same command again to go on."
    } else {
        "Run the same command again to go on."
    }
}

/// Returns the two characters that an outcome is recognised by.
pub(super) fn symbol(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied { .. }
        | Outcome::AlreadyDone
        | Outcome::AppliedUnanswered
        | Outcome::NotNeeded(_) => "ok",
        Outcome::ValueLost(_)
        | Outcome::Failed(_)
        | Outcome::Unreachable(_)
        | Outcome::NotAllowed(_)
        | Outcome::Conflict(_)
        | Outcome::Diverged(_) => "!!",
        Outcome::Unknown(_) => "??",
        Outcome::Skipped(_) | Outcome::Interrupted => "--",
    }
}

/// Says more about an outcome, where there is more to say.
pub(super) fn detail(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Applied { re_resolved: None } => None,
        Outcome::Applied { re_resolved: Some(1) } => {
            Some("1 active token was re-resolved".to_owned())
        }
        Outcome::Applied { re_resolved: Some(n) } => {
            Some(format!("{n} active tokens were re-resolved"))
        }
        Outcome::AlreadyDone => Some("already done".to_owned()),
        Outcome::ValueLost(why) => Some(format!("already done, not by this run: {why}")),
        Outcome::AppliedUnanswered => Some("applied; no answer came, reading showed it".to_owned()),
        Outcome::NotNeeded(why) => Some(format!("not needed: {why}")),
        Outcome::Failed(why) => Some(format!("failed, not done: {why}")),
        Outcome::Unreachable(why) => Some(format!("unreachable, not done: {why}")),
        Outcome::NotAllowed(why) => Some(format!("not allowed, not done: {why}")),
        Outcome::Conflict(why) => Some(format!("conflict: {why}")),
        Outcome::Diverged(why) => Some(format!("did something else than planned: {why}")),
        Outcome::Unknown(why) => Some(format!("unknown whether it was done by this run: {why}")),
        Outcome::Skipped(by) => Some(format!("skipped, because {by} was not applied")),
        Outcome::Interrupted => Some("not begun: interrupted".to_owned()),
    }
}

/// The JSON report.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "scopeform apply report")]
pub struct Document {
    /// The version of this format: readers ignore unknown fields of a higher minor version.
    format_version: &'static str,
    /// Whether everything was applied and read back as planned.
    complete: bool,
    /// Operations applied, by this run or before it.
    pub(super) applied: usize,
    /// Those of them that had been done before this run.
    already_done: usize,
    /// Operations that there was no need for; they are not applied.
    not_needed: usize,
    /// Operations planned.
    pub(super) total: usize,
    /// HTTP calls made, reads and writes.
    calls: u32,
    /// The limits that the plan was allowed to exceed, as they were accepted: `removals@DIGEST`.
    accepted: Vec<String>,
    /// Whether the platform refused the token, of a write or of the read at the end. After that no unit is begun.
    token_refused: bool,
    /// What to set then; else `null`.
    help: Option<&'static str>,
    /// One per operation, in plan order.
    operations: Vec<Operation>,
    /// Fields that are not what the plan leads to, and that no operation explains which was not applied; `null` when the
    /// end could not be read.
    differences: Option<Vec<Differs>>,
}

/// One operation and what became of it.
#[derive(Debug, Serialize, JsonSchema)]
struct Operation {
    /// The integration or client.
    unit: String,
    /// The field written.
    address: String,
    /// The write, in words.
    what: String,
    /// `applied`, `already_done`, `value_lost`, `applied_unanswered`, `not_needed`, `failed`, `unreachable`, `not_allowed`, `conflict`, `diverged`, `unknown`,
    /// `skipped` or `interrupted`.
    outcome: &'static str,
    /// More about it, where there is more to say.
    detail: Option<String>,
}

/// A field that is not what the plan leads to.
#[derive(Debug, Serialize, JsonSchema)]
struct Differs {
    /// The field.
    address: String,
    /// What the plan leads to.
    planned: serde_json::Value,
    /// What is live.
    live: serde_json::Value,
}

/// Returns the report as the document that `--json` prints.
pub(super) fn document(report: &Report) -> Document {
    let differs = |d: &Difference| Differs {
        address: d.address.to_string(),
        planned: d.planned.clone(),
        live: d.live.clone(),
    };
    Document {
        format_version: FORMAT_VERSION,
        complete: report.is_complete(),
        applied: report.applied(),
        already_done: report.already_done(),
        not_needed: report.not_needed(),
        total: report.steps.len(),
        calls: report.calls,
        accepted: report.accepted.iter().cloned().collect(),
        token_refused: report.token_refused,
        help: report.token_refused.then_some(TOKEN_HELP),
        operations: report
            .steps
            .iter()
            .map(|step| Operation {
                unit: step.unit.to_string(),
                address: step.address.to_string(),
                what: step.what.clone(),
                outcome: step.outcome.word(),
                detail: detail(&step.outcome),
            })
            .collect(),
        differences: report.differences.as_ref().map(|all| all.iter().map(differs).collect()),
    }
}

/// Returns the report as JSON.
#[must_use]
pub fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(&document(report)).unwrap_or_default();
    text.push('\n');
    super::neutral::json(&text).into_owned()
}

/// Returns the JSON Schema of the report.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}
