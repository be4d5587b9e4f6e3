//! What the inverse plan of a run restores and what it cannot, beside the plan itself.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::neutral::terminal;
use super::text::value;
use crate::apply::{Moved, Unrestored};
use crate::plan::{Plan, count};

/// The version of the JSON document.
pub const FORMAT_VERSION: &str = "1.0";

/// What is said beside an inverse plan.
#[derive(Debug, Clone)]
pub struct Undo<'a> {
    /// The id of the run to undo.
    pub run: &'a str,
    /// The runs of the same plan that it went on with, oldest first: they are undone with it.
    pub went_on: Vec<&'a str>,
    /// The run that the run to undo took back itself, where it was an undo: that one is done again.
    pub again: Option<&'a str>,
    /// The inverse plan.
    pub plan: &'a Plan,
    /// The inverse plan's digest.
    pub digest: &'a str,
    /// What is not brought back.
    pub unrestored: &'a [Unrestored],
    /// What has moved since and is left alone.
    pub moved: &'a [Moved],
    /// Whether the files still ask for some of what is taken back; `None` where nobody knows, since they cannot be planned.
    pub asked_again: Option<bool>,
}

/// Who must reconnect once the plan has been carried out, per unit.
fn reconnect(plan: &Plan) -> impl Iterator<Item = (&crate::model::Address, &[String])> {
    let people = plan.observed.people.iter();
    people
        .filter(|effect| !effect.must_reconnect.is_empty())
        .map(|effect| (&effect.unit, effect.must_reconnect.as_slice()))
}

/// Returns the sections that follow the plan.
#[must_use]
pub fn text(undo: &Undo<'_>) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_text(&mut out, undo);
    out
}

fn write_text(out: &mut String, undo: &Undo<'_>) -> std::fmt::Result {
    match undo.again {
        None => writeln!(out, "\nThis takes back run {}.", terminal(undo.run))?,
        Some(first) => writeln!(
            out,
            "\nThis takes back run {}, itself an undo of run {1}: what run {1} did is done again.",
            terminal(undo.run),
            terminal(first)
        )?,
    }
    if !undo.went_on.is_empty() {
        let runs: Vec<String> = undo.went_on.iter().map(|run| terminal(run).to_string()).collect();
        let runs = runs.join(" and ");
        writeln!(out, "It went on where run {runs} stopped: what that did is taken back too.")?;
    }
    let people: Vec<_> = reconnect(undo.plan).collect();
    if !undo.unrestored.is_empty() || !people.is_empty() {
        writeln!(out, "\nCannot be restored:")?;
        for one in undo.unrestored {
            writeln!(out, "  {}: {}", terminal(one.address.as_str()), terminal(&one.what))?;
        }
        for (unit, users) in people {
            let users = super::table::names(users.iter().map(String::as_str), 10);
            writeln!(
                out,
                "  {}: connections, until these people have reconnected: {}",
                terminal(unit.as_str()),
                terminal(&users)
            )?;
        }
    }
    if !undo.moved.is_empty() {
        writeln!(out, "\nMoved since, left alone:")?;
        for one in undo.moved {
            for (path, left, live) in value::apart(&one.address, &one.left, &one.live) {
                let path = if path.is_empty() { path } else { format!(" {path}") };
                let address = terminal(one.address.as_str());
                writeln!(out, "  {address}{path}: the run left {left}, live is {live}")?;
            }
        }
    }
    match undo.asked_again {
        Some(false) => Ok(()),
        Some(true) => writeln!(
            out,
            "\nThe files still ask for what is taken back: change them too, or the next apply does it again."
        ),
        None => writeln!(
            out,
            "\nWhether the files still ask for what is taken back is not known: they cannot be planned as they are."
        ),
    }
}

/// What undo says and did.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "scopeform undo")]
struct Document {
    /// The version of this format: readers ignore unknown fields of a higher minor version.
    format_version: &'static str,
    #[serde(flatten)]
    told: Told,
    /// The report of apply; `null` when the plan was saved or there was nothing to do.
    report: Option<serde_json::Value>,
}

/// What is taken back, and what cannot be.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Told {
    /// The id of the run to undo.
    run: String,
    /// The runs of the same plan that it went on with, oldest first: they are undone with it.
    went_on: Vec<String>,
    /// The run that the run to undo took back itself, where it was an undo; else `null`.
    again: Option<String>,
    /// The inverse plan's digest.
    digest: String,
    /// How many writes the inverse plan has.
    operations: usize,
    /// What is not brought back.
    cannot_be_restored: Vec<Unrestored>,
    /// Who must reconnect, per unit.
    must_reconnect: Vec<Reconnect>,
    /// What has moved since and is left alone.
    moved: Vec<Moved>,
    /// Whether the files still ask for some of what is taken back: the next apply of them would do it again. `null` where
    /// nobody knows, since they cannot be planned as they are.
    asked_again: Option<bool>,
}

/// Who must reconnect.
#[derive(Debug, Serialize, JsonSchema)]
struct Reconnect {
    /// The integration.
    unit: String,
    /// The users.
    users: Vec<String>,
}

/// Returns what undo says as a value, as its document and the stream of JSON lines hold it.
#[must_use]
pub fn told(undo: &Undo<'_>) -> Told {
    let reconnect = reconnect(undo.plan)
        .map(|(unit, users)| Reconnect { unit: unit.to_string(), users: users.to_vec() });
    Told {
        run: undo.run.to_owned(),
        went_on: undo.went_on.iter().map(|run| (*run).to_owned()).collect(),
        again: undo.again.map(str::to_owned),
        digest: undo.digest.to_owned(),
        operations: undo.plan.bound.operations.len(),
        cannot_be_restored: undo.unrestored.to_vec(),
        must_reconnect: reconnect.collect(),
        moved: undo.moved.to_vec(),
        asked_again: undo.asked_again,
    }
}

/// Returns what undo says as JSON, with the report of apply as JSON text where there is one.
#[must_use]
pub fn json(undo: &Undo<'_>, report: Option<&str>) -> String {
    let document = Document {
        format_version: FORMAT_VERSION,
        told: told(undo),
        report: report.and_then(|text| serde_json::from_str(text).ok()),
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    super::neutral::json(&text).into_owned()
}

/// Says in one line what is taken back, and how much cannot be.
impl std::fmt::Display for Told {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Takes back run {}", self.run)?;
        let lost = self.cannot_be_restored.len() + self.must_reconnect.len();
        let lost =
            (lost > 0).then(|| format!("{} cannot be restored", count(lost, "thing", "things")));
        let left = self.moved.len();
        let left =
            (left > 0).then(|| format!("{} moved since", count(left, "field has", "fields have")));
        let parts: Vec<String> = lost.into_iter().chain(left).collect();
        if parts.is_empty() { write!(out, ".") } else { write!(out, ": {}.", parts.join(", ")) }
    }
}

/// Returns the JSON Schema of what undo says.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}
