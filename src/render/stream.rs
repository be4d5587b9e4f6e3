//! What `apply` and `undo` do while they do it, as JSON lines: the shape and the names of `terraform apply -json`.
//!
//! ```text
//! version            who is talking
//! diagnostic         what is wrong or odd, whenever it is found
//! planned_change     one per change
//! change_summary     what is planned, and at the end what was done
//! undo               of `undo`, after the plan: which run is taken back, and what cannot be restored
//! apply_start, apply_progress, apply_complete or apply_errored      of each thing that a write changes
//! report             always the last line: the exit code, and the report of apply where there is one
//! ```
//!
//! As in terraform there is a beginning and an end of each thing that is planned. One write may carry many of them: a save on
//! TrustPager holds all tiers of a client. Their lines say the same of the write, and have its `index` in common.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::diagnostic::Entry;
use super::neutral::{self, terminal};
use super::outline::{Action, Outline};
use super::report::{self, detail};
use super::undo;
use crate::apply::{Outcome, Report, Settled};
use crate::model::Address;
use crate::plan::carried::Carried;
use crate::plan::{Change, Plan, PlannedOperation, count};

/// The version of the stream: readers ignore unknown types and fields of a higher minor version.
pub const FORMAT_VERSION: &str = "1.0";

/// One line.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "scopeform apply stream line")]
pub struct Line {
    /// `error`, `warn` or `info`.
    #[serde(rename = "@level")]
    level: &'static str,
    /// The line in words.
    #[serde(rename = "@message")]
    message: String,
    /// Always `scopeform.ui`.
    #[serde(rename = "@module")]
    module: &'static str,
    /// When it was written (UTC, RFC 3339).
    #[serde(rename = "@timestamp")]
    timestamp: String,
    /// What happened.
    #[serde(flatten)]
    what: What,
}

/// What a line says.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum What {
    /// Who is talking.
    Version {
        /// The version of the tool.
        scopeform: String,
        /// The version of the stream.
        ui: &'static str,
    },
    /// One change of the plan.
    PlannedChange {
        /// The change.
        change: PlannedChange,
    },
    /// How much is planned, or was done.
    ChangeSummary {
        /// The counts.
        changes: Changes,
    },
    /// Of `undo`, before the first write: what is taken back, and what cannot be restored.
    Undo {
        /// What, as `undo --json` has it beside the report.
        undo: undo::Told,
    },
    /// A write is about to be sent; one line for each thing that it changes.
    ApplyStart {
        /// The write.
        hook: Hook,
    },
    /// A write got no usable answer, and reading showed what became of it; one line for each thing that it changes.
    ApplyProgress {
        /// The write.
        hook: Hook,
    },
    /// A write was done, or there was no need of it; one line for each thing that it changes.
    ApplyComplete {
        /// The write.
        hook: Hook,
    },
    /// A write was not done, or not as planned; one line for each thing that it changes.
    ApplyErrored {
        /// The write.
        hook: Hook,
    },
    /// Something is wrong or odd.
    Diagnostic {
        /// What, as `validate --json` has it.
        diagnostic: Entry,
    },
    /// The last line.
    Report {
        /// The program's exit code.
        exit_code: u8,
        /// Its stable name.
        exit: &'static str,
        /// What was done; absent when the program ended before it could tell, and when a plan was only saved.
        #[serde(skip_serializing_if = "Option::is_none")]
        report: Option<report::Document>,
    },
}

/// One change of the plan.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlannedChange {
    /// What changes.
    resource: Resource,
    /// `create`, `update` or `delete`.
    action: &'static str,
}

/// A thing that changes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Resource {
    /// Its address.
    addr: String,
    /// Always empty: there are no modules.
    module: &'static str,
    /// Its address once more, under the name that terraform has for it within a module.
    resource: String,
    /// The platform: `odeus` or `trustpager`.
    implied_provider: &'static str,
    /// The sort of thing, such as `odeus_action`; empty for a write in between that no change asks for.
    resource_type: String,
    /// The last part of the address.
    resource_name: String,
    /// Always `null`: an address names one thing.
    resource_key: Option<String>,
    /// The integration, client or key that it belongs to.
    unit: String,
}

impl Resource {
    fn of(plan: &Plan, address: &Address, unit: &Address, kind: &str) -> Self {
        Self {
            addr: address.to_string(),
            module: "",
            resource: address.to_string(),
            implied_provider: plan.bound.platform.name(),
            resource_type: kind.to_owned(),
            resource_name: address.name().to_owned(),
            resource_key: None,
            unit: unit.to_string(),
        }
    }
}

/// Counts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Changes {
    /// Things that did not exist.
    add: usize,
    /// Things that are another way.
    change: usize,
    /// Things that end.
    remove: usize,
    /// `plan` or `apply`.
    operation: &'static str,
}

/// One write, as far as it changes one thing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Hook {
    /// What it changes: as in the `planned_change`.
    resource: Resource,
    /// `create`, `update` or `delete`.
    action: &'static str,
    /// The write, in words.
    what: String,
    /// The write's place in the plan, from 0; the lines of everything that it changes have it in common.
    index: usize,
    /// How many writes there are.
    total: usize,
    /// Whole seconds since it was begun; absent on `apply_start`, and where nothing was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_seconds: Option<u64>,
    /// What became of it, as in the report; absent before it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    /// More about that, where there is more to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Hook {
    /// Returns the write at a place of the plan, so many seconds after it was begun: once for each change that it carries,
    /// and for what it writes where it carries none.
    #[must_use]
    pub fn all(
        plan: &Plan,
        carried: &Carried,
        (index, total): (usize, usize),
        operation: &PlannedOperation,
        seconds: Option<u64>,
    ) -> Vec<Self> {
        let hook = |resource: Resource, action: &'static str| Self {
            resource,
            action,
            what: operation.operation.to_string(),
            index,
            total,
            elapsed_seconds: seconds,
            outcome: None,
            detail: None,
        };
        let own = carried.by(index).iter().filter_map(|at| plan.bound.changes.get(*at));
        let all: Vec<Self> = own
            .map(|change| {
                let resource = Resource::of(plan, &change.address, &change.unit, &change.kind);
                hook(resource, action(change))
            })
            .collect();
        if all.is_empty() {
            let resource = Resource::of(plan, &operation.address, &operation.unit, "");
            return vec![hook(resource, "update")];
        }
        all
    }
}

/// Returns the first line.
#[must_use]
pub fn version(tool: &str) -> What {
    What::Version { scopeform: tool.to_owned(), ui: FORMAT_VERSION }
}

/// Returns the lines of a plan: its changes, and how many there are.
#[must_use]
pub fn planned(plan: &Plan) -> Vec<What> {
    let outline = Outline::of(plan);
    let changes = outline.changes.iter().map(|change| {
        let resource = Resource::of(plan, &change.address, &change.unit, &change.kind);
        What::PlannedChange { change: PlannedChange { resource, action: action(change) } }
    });
    let counts = outline.counts;
    let (add, change, remove) = (counts.add, counts.change, counts.remove);
    let summary = Changes { add, change, remove, operation: "plan" };
    changes.chain([What::ChangeSummary { changes: summary }]).collect()
}

fn action(change: &Change) -> &'static str {
    match Action::of(change) {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::NoOp => "no-op",
    }
}

/// Returns the line of what is taken back.
#[must_use]
pub fn undo(undo: &undo::Undo<'_>) -> What {
    What::Undo { undo: undo::told(undo) }
}

/// Returns the line before a write.
#[must_use]
pub const fn started(hook: Hook) -> What {
    What::ApplyStart { hook }
}

/// Returns the line of a write that got no usable answer.
#[must_use]
pub fn settled(hook: Hook, settled: &Settled) -> What {
    let detail = match settled {
        Settled::Done => "no answer came; reading shows that it was done".to_owned(),
        Settled::NotDone => "no answer came; reading shows that it was not done".to_owned(),
        Settled::Lost(what) => format!("no answer came; reading shows that it was done: {what}"),
    };
    What::ApplyProgress { hook: Hook { detail: Some(detail), ..hook } }
}

/// Returns the line after a write.
#[must_use]
pub fn finished(hook: Hook, outcome: &Outcome) -> What {
    let hook = Hook { outcome: Some(outcome.word()), detail: detail(outcome), ..hook };
    if outcome.is_applied() { What::ApplyComplete { hook } } else { What::ApplyErrored { hook } }
}

/// Returns the line that counts what was done: changes of which every write that carries them was applied.
#[must_use]
pub fn done(plan: &Plan, report: &Report) -> What {
    let carried = Carried::of(&plan.bound);
    let mut made: BTreeMap<usize, bool> = BTreeMap::new();
    for (at, step) in report.steps.iter().enumerate() {
        for change in carried.by(at) {
            *made.entry(*change).or_insert(true) &= step.outcome.is_applied();
        }
    }
    let mut changes = Changes { add: 0, change: 0, remove: 0, operation: "apply" };
    let all = plan.bound.changes.iter().enumerate();
    for (_, change) in all.filter(|(at, _)| made.get(at) == Some(&true)) {
        match Action::of(change) {
            Action::Create => changes.add += 1,
            Action::Update => changes.change += 1,
            Action::Delete => changes.remove += 1,
            Action::NoOp => {}
        }
    }
    What::ChangeSummary { changes }
}

/// Returns the line of a diagnostic.
#[must_use]
pub const fn diagnostic(diagnostic: Entry) -> What {
    What::Diagnostic { diagnostic }
}

/// Returns the line of an error that no line of the files is to blame for.
#[must_use]
pub fn error(code: &str, summary: &str, detail: &str) -> What {
    What::Diagnostic {
        diagnostic: Entry {
            severity: "error".to_owned(),
            summary: summary.to_owned(),
            detail: detail.to_owned(),
            code: code.to_owned(),
            range: None,
            snippet: None,
            related: Vec::new(),
        },
    }
}

/// Returns the last line.
#[must_use]
pub fn last(exit_code: u8, exit: &'static str, report: Option<&Report>) -> What {
    What::Report { exit_code, exit, report: report.map(report::document) }
}

/// Returns a line as it is printed, with its end. JSON escapes what would break a line.
#[must_use]
pub fn line(what: What, timestamp: &str) -> String {
    let level = match &what {
        What::ApplyErrored { .. } => "error",
        What::Diagnostic { diagnostic } => match diagnostic.severity.as_str() {
            "error" => "error",
            "warning" => "warn",
            _ => "info",
        },
        What::Version { .. }
        | What::PlannedChange { .. }
        | What::ChangeSummary { .. }
        | What::Undo { .. }
        | What::ApplyStart { .. }
        | What::ApplyProgress { .. }
        | What::ApplyComplete { .. }
        | What::Report { .. } => "info",
    };
    let message = terminal(&what.to_string()).to_string();
    let (module, timestamp) = ("scopeform.ui", timestamp.to_owned());
    let line = Line { level, message, module, timestamp, what };
    let text = serde_json::to_string(&line).unwrap_or_default();
    format!("{}\n", neutral::json(&text))
}

/// The line in words.
impl fmt::Display for What {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { scopeform, .. } => write!(out, "scopeform {scopeform}"),
            Self::PlannedChange { change } => {
                write!(out, "{}: plan to {}", change.resource.addr, change.action)
            }
            Self::ChangeSummary { changes } => {
                let Changes { add, change, remove, operation } = changes;
                if *operation == "plan" {
                    write!(out, "Plan: {add} to add, {change} to change, {remove} to remove.")
                } else {
                    write!(out, "Applied: {add} added, {change} changed, {remove} removed.")
                }
            }
            Self::Undo { undo } => undo.fmt(out),
            Self::ApplyStart { hook } => {
                write!(
                    out,
                    "[{}/{}] {}: {}",
                    hook.index + 1,
                    hook.total,
                    hook.resource.addr,
                    hook.what
                )
            }
            Self::ApplyProgress { hook }
            | Self::ApplyComplete { hook }
            | Self::ApplyErrored { hook } => {
                let (at, total) = (hook.index + 1, hook.total);
                write!(out, "[{at}/{total}] {}: {}", hook.resource.addr, hook.what)?;
                match (&hook.detail, hook.outcome) {
                    (Some(detail), _) => write!(out, ": {detail}"),
                    (None, Some(outcome)) => write!(out, ": {outcome}"),
                    (None, None) => Ok(()),
                }
            }
            Self::Diagnostic { diagnostic } => {
                write!(out, "{}: {}", diagnostic.severity, diagnostic.summary)
            }
            Self::Report { report: Some(report), exit_code, exit } => {
                let operations = count(report.total, "operation", "operations");
                let applied = report.applied;
                write!(out, "{applied} of {operations} applied; exit code {exit_code}, {exit}")
            }
            Self::Report { report: None, exit_code, exit } => {
                write!(out, "exit code {exit_code}, {exit}")
            }
        }
    }
}

/// Returns the JSON Schema of a line.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Line).to_value()
}
