//! What apply did, for people and for programs.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::neutral::terminal;
use super::palette::{Paint, Palette};
use crate::apply::{Difference, Outcome, Report};
use crate::plan::count;

/// The version of the JSON report.
pub const FORMAT_VERSION: &str = "1.0";

/// Returns the report as text: one line per operation that needs attention, then the sum.
#[must_use]
pub fn text(report: &Report, palette: Palette) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_text(&mut out, report, palette);
    out
}

fn write_text(out: &mut String, report: &Report, palette: Palette) -> std::fmt::Result {
    let (done, total) = (report.applied(), report.steps.len());
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
                writeln!(
                    out,
                    "  ! {}: planned {}, live is {}",
                    terminal(difference.address.as_str()),
                    terminal(&difference.planned.to_string()),
                    terminal(&difference.live.to_string())
                )?;
            }
        }
    }
    let requests = count(report.calls as usize, "request", "requests");
    if report.is_complete() {
        let (already, not_needed) = (report.already_done(), report.not_needed());
        let sum = sum(total, already, not_needed);
        writeln!(out, "Applied: {sum}, read back as planned, {requests}.")
    } else if !report.may_have_written() {
        let operations = count(total, "operation was", "operations were");
        writeln!(out, "Nothing was applied: {operations} planned, {requests}.")
    } else {
        writeln!(
            out,
            "Applied in part: {done} of {}, {requests}. {}",
            count(total, "operation", "operations"),
            advice(report)
        )
    }
}

/// Returns how many operations of a complete run it did itself, and what became of the others.
pub(super) fn sum(total: usize, already: usize, not_needed: usize) -> String {
    let own = total.saturating_sub(already).saturating_sub(not_needed);
    let mut others = Vec::new();
    if already > 0 {
        others.push(format!("{already} already done before"));
    }
    if not_needed > 0 {
        others.push(format!("{not_needed} not needed"));
    }
    let operations = count(own, "operation", "operations");
    if others.is_empty() { operations } else { format!("{operations} ({})", others.join(", ")) }
}

/// Says how to go on after a run that was applied in part: what the platform refuses it refuses again.
fn advice(report: &Report) -> &'static str {
    let any = |wanted: fn(&Outcome) -> bool| report.steps.iter().any(|step| wanted(&step.outcome));
    let moved = |outcome: &Outcome| matches!(outcome, Outcome::Conflict(_) | Outcome::Diverged(_));
    let refused =
        |outcome: &Outcome| matches!(outcome, Outcome::Failed(_) | Outcome::NotAllowed(_));
    let open = |outcome: &Outcome| matches!(outcome, Outcome::Interrupted | Outcome::Unknown(_));
    let differs = report.differences.as_ref().is_some_and(|all| !all.is_empty());
    if any(moved) || (differs && !any(open) && !any(refused)) {
        "Something is not as planned: plan again."
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
        Outcome::Failed(_)
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
        Outcome::AppliedUnanswered => Some("applied; no answer came, reading showed it".to_owned()),
        Outcome::NotNeeded(why) => Some(format!("not needed: {why}")),
        Outcome::Failed(why) => Some(format!("failed, not done: {why}")),
        Outcome::NotAllowed(why) => Some(format!("not allowed, not done: {why}")),
        Outcome::Conflict(why) => Some(format!("conflict, not done: {why}")),
        Outcome::Diverged(why) => Some(format!("did something else than planned: {why}")),
        Outcome::Unknown(why) => Some(format!("unknown whether it was done: {why}")),
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
    /// One per operation, in plan order.
    operations: Vec<Operation>,
    /// Fields that are not what the plan leads to; `null` when the end could not be read.
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
    /// `applied`, `already_done`, `applied_unanswered`, `not_needed`, `failed`, `not_allowed`, `conflict`, `diverged`, `unknown`, `skipped` or
    /// `interrupted`.
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
