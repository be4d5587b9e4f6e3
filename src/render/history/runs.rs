//! All runs of a folder as one document, a short entry each: `show --runs --json`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{FORMAT_VERSION, already_done, applied, stopped_at, word};
use crate::apply::journal::Run;

/// A run as it is listed.
#[derive(Debug)]
pub enum Listed {
    /// Its journal can be read.
    Read {
        /// The run.
        run: Box<Run>,
        /// Whether it still goes on.
        running: bool,
    },
    /// Its journal cannot be read.
    Unreadable {
        /// The run's id, from the name of the file.
        run: String,
        /// Why.
        why: String,
    },
}

/// Runs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "scopeform runs")]
struct Document {
    /// The version of this format: readers ignore unknown fields of a higher minor version.
    format_version: &'static str,
    /// The runs that are noted, the last first.
    runs: Vec<Entry>,
    /// The runs whose journals cannot be read, the last first.
    not_readable: Vec<Unreadable>,
}

/// One run in short; `show --run ID --json` has the rest.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Run")]
pub(super) struct Entry {
    /// The run's id.
    run: String,
    /// When it began (UTC, RFC 3339).
    time: String,
    /// The platform.
    platform: &'static str,
    /// The workspace.
    workspace: String,
    /// Where the live system answers.
    endpoint: String,
    /// The plan's digest.
    digest: String,
    /// The run that this one took back, where it was an undo; else `null`.
    takes_back: Option<String>,
    /// The run of the same plan that this one went on with; else `null`.
    went_on_with: Option<String>,
    /// `complete`, `in_part`, `crashed`, `nothing_written` or `running`.
    verdict: &'static str,
    /// With `crashed`: at which operation, from 1.
    stopped_at: Option<usize>,
    /// Operations applied, by this run or before it.
    applied: usize,
    /// Those of them that had been done before this run began.
    already_done: usize,
    /// Operations planned.
    total: usize,
    /// The program's exit code; `null` when it did not come to an end.
    exit: Option<u8>,
    /// Why it ended early, where it says so.
    error: Option<String>,
}

/// A run of which no more is known.
#[derive(Debug, Serialize, JsonSchema)]
struct Unreadable {
    /// The run's id.
    run: String,
    /// Why its journal cannot be read.
    why: String,
}

impl Entry {
    pub(super) fn of(run: &Run, running: bool) -> Self {
        let begin = &run.begin;
        Self {
            run: begin.run.clone(),
            time: begin.time.clone(),
            platform: begin.platform.name(),
            workspace: begin.workspace.to_string(),
            endpoint: begin.endpoint.clone(),
            digest: begin.digest.to_string(),
            takes_back: begin.takes_back.clone(),
            went_on_with: begin.continues.clone().filter(|_| run.went_on()),
            verdict: word(run.verdict(running)),
            stopped_at: stopped_at(run, running),
            applied: applied(run),
            already_done: already_done(run),
            total: run.known.len(),
            exit: run.end.as_ref().map(|end| end.exit),
            error: run.end.as_ref().and_then(|end| end.error.clone()),
        }
    }
}

/// Returns runs, the last first, as JSON.
#[must_use]
pub fn list(runs: &[Listed]) -> String {
    let mut document =
        Document { format_version: FORMAT_VERSION, runs: Vec::new(), not_readable: Vec::new() };
    for listed in runs {
        match listed {
            Listed::Read { run, running } => document.runs.push(Entry::of(run, *running)),
            Listed::Unreadable { run, why } => {
                let (run, why) = (run.clone(), why.clone());
                document.not_readable.push(Unreadable { run, why });
            }
        }
    }
    super::page(&document)
}

/// Returns the JSON Schema of a list of runs.
#[must_use]
pub fn list_schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}
