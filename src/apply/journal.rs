//! The journal of one apply: JSON lines, written before and after each write, and read again afterwards.
//!
//! ```text
//! begin                       what is about to be carried out, and by whose consent
//! read     before             what was found, for undoing it
//! started  3                  synced to disk, then the request leaves
//! finished 3  applied
//! read     end
//! end      complete           absent when the program was killed
//! ```
//!
//! It explains; nothing depends on it. Where a plan stands is found out by reading the live system (SEMANTICS section 5),
//! so a machine without any journal comes to the same end.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::observer::Purpose;
use super::report::{Outcome, Settled};
use crate::model::{Address, WorkspaceId, deceptive};
use crate::plan::PlannedOperation;
use crate::platform::{Found, Kind};
use crate::seal::Digest;

/// The version of the format.
pub const FORMAT_VERSION: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "scopeform journal line")]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line {
    /// The first line: what is about to be carried out.
    Begin(Box<Begin>),
    /// The workspace was read.
    Read {
        /// Why.
        purpose: Purpose,
        /// Requests that it took.
        calls: u32,
        /// With `before`: the state of everything that the plan writes to, for undoing it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        found: Vec<Found>,
        /// With `before`: places of the operations that had been done already.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        done: Vec<usize>,
    },
    /// A write is about to be sent. On disk before the request leaves.
    Started {
        /// Its place in the plan, from 0.
        index: usize,
        /// The field.
        address: Address,
        /// The write, in words.
        what: String,
        /// The version token that it is conditional on.
        revision: String,
    },
    /// A write got no usable answer, and reading showed this.
    Settled {
        /// Its place in the plan, from 0.
        index: usize,
        /// What reading showed.
        #[serde(flatten)]
        settled: Settled,
    },
    /// What became of an operation is known. Where the end shows more of it than its answer, a second such line says so, and the
    /// last one counts.
    Finished {
        /// Its place in the plan, from 0.
        index: usize,
        /// What became of it.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// The last line.
    End(End),
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Begin {
    /// The version of the format, as a whole number.
    pub scopeform_journal: u32,
    /// The version of the tool.
    pub tool_version: String,
    /// The run's id, which is the file's name.
    pub run: String,
    /// When it began (UTC, RFC 3339).
    pub time: String,
    /// Which kind of live system.
    pub platform: Kind,
    /// Which tenant.
    pub workspace: WorkspaceId,
    /// Where the live system answers.
    pub endpoint: String,
    /// The plan's digest.
    pub digest: Digest,
    /// How the plan was consented to: `prompt`, `flag` or `saved_plan`.
    pub consent: String,
    /// Who signed the plan, where the rules in force asked for it or somebody did anyway; each once, in byte order.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub approved_by: BTreeSet<String>,
    /// The limits that the plan was allowed to exceed, as they were accepted: `removals@DIGEST`; each once, in byte order.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub accepted: BTreeSet<String>,
    /// The run that this one takes back, where it is an undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_back: Option<String>,
    /// The run of the same plan before this one that did not come to its end: this one goes on where reading shows that
    /// what that one did is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<String>,
    /// The plan's operations, in plan order.
    pub operations: Vec<Planned>,
}

/// An operation of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    /// The write, in words.
    pub what: String,
    /// The write with its value before and its effect.
    #[serde(flatten)]
    pub planned: PlannedOperation,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// Whether every operation was applied and read back as planned.
    pub complete: bool,
    /// Requests made, reads and writes, those sent again included; one that was cut off in flight is not.
    pub calls: u32,
    /// The program's exit code.
    pub exit: u8,
    /// Why the run stopped, where it did not get as far as a report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What that is about, one line each: with a stale plan, the fields that have moved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// Whether the platform refused the token, of a write or of the read at the end. After that no unit is begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub token_refused: bool,
}

impl Line {
    /// Returns the line as the file holds it, without the line's end. Every control character is escaped, so it is one line
    /// whatever the live system's names hold, and so is what reorders or hides.
    ///
    /// # Errors
    /// Never for what apply notes: it holds strings, numbers and lists.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|text| deceptive::json(&text).into_owned())
    }
}

/// Why a journal cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum JournalError {
    /// It does not begin with `begin`.
    #[error("it does not begin as a journal does")]
    NoBegin,
    /// It has another format version.
    #[error("it has journal format {0}, this version reads format {FORMAT_VERSION}")]
    Version(u64),
    /// A line that is not the last makes no sense.
    #[error("line {line} is not readable: {why}")]
    Line {
        /// From 1.
        line: usize,
        /// Why.
        why: String,
    },
}

/// What is known of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It was not begun.
    NotBegun,
    /// It was begun, and nothing more is known: it may still have been waiting for its turn, or for its answer.
    InFlight,
    /// This became of it.
    Finished(Outcome),
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was applied and read back as planned.
    Complete,
    /// Some operations were applied, by this run or by an earlier one of the same plan, others not; or the end was not read
    /// back as planned.
    InPart,
    /// The program was killed, without an end in its journal, while, or after, it carried out the operation at this place (from 0).
    Crashed(usize),
    /// Nothing was written.
    NothingWritten,
    /// It is going on.
    Running,
}

/// A journal that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its first line.
    pub begin: Begin,
    /// What it found before its first write.
    pub found: Vec<Found>,
    /// What is known of each operation, in plan order.
    pub known: Vec<Known>,
    /// Its last line; `None` when it was killed or goes on.
    pub end: Option<End>,
}

impl Run {
    /// Reads a journal. A last line that was cut is as if it had not been written.
    ///
    /// # Errors
    /// When it is none, or a line in it was changed.
    pub fn read(text: &str) -> Result<Self, JournalError> {
        let mut lines = text.split_inclusive('\n').enumerate();
        let first = lines.next().map(|(_, line)| line).filter(|line| line.ends_with('\n'));
        let first = first.ok_or(JournalError::NoBegin)?;
        let value: serde_json::Value =
            serde_json::from_str(first).map_err(|_| JournalError::NoBegin)?;
        match value.get("scopeform_journal").and_then(serde_json::Value::as_u64) {
            None => return Err(JournalError::NoBegin),
            Some(version) if version != u64::from(FORMAT_VERSION) => {
                return Err(JournalError::Version(version));
            }
            Some(_) => {}
        }
        let Ok(Line::Begin(begin)) = serde_json::from_value(value) else {
            return Err(JournalError::NoBegin);
        };
        let known = vec![Known::NotBegun; begin.operations.len()];
        let mut run = Self { begin: *begin, found: Vec::new(), known, end: None };
        for (n, line) in lines {
            if !line.ends_with('\n') {
                break;
            }
            let line = serde_json::from_str(line);
            let line =
                line.map_err(|why| JournalError::Line { line: n + 1, why: why.to_string() })?;
            run.take(line);
        }
        Ok(run)
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Begin(_) | Line::Settled { .. } => {}
            Line::Read { found, done, .. } => {
                self.found.extend(found);
                for index in done {
                    if let Some(known) = self.known.get_mut(index) {
                        *known = Known::Finished(Outcome::AlreadyDone);
                    }
                }
            }
            Line::Started { index, .. } => {
                if let Some(known) = self.known.get_mut(index) {
                    *known = Known::InFlight;
                }
            }
            Line::Finished { index, outcome } => {
                if let Some(known) = self.known.get_mut(index) {
                    *known = Known::Finished(outcome);
                }
            }
            Line::End(end) => self.end = Some(end),
        }
    }

    /// Returns whether a write may have reached the platform.
    #[must_use]
    pub fn may_have_written(&self) -> bool {
        self.known.iter().any(|known| match known {
            Known::NotBegun => false,
            Known::InFlight => true,
            Known::Finished(outcome) => outcome.may_have_written(),
        })
    }

    /// Returns whether the run went on with what an earlier one of the same plan had begun.
    #[must_use]
    pub fn went_on(&self) -> bool {
        self.known.iter().any(|known| match known {
            Known::NotBegun | Known::InFlight => false,
            Known::Finished(outcome) => outcome.was_done_before(),
        })
    }

    /// Returns whether nothing of the plan is left to be carried out, however that came out.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.known.iter().all(|known| match known {
            Known::NotBegun | Known::InFlight => false,
            Known::Finished(outcome) => outcome.is_over(),
        })
    }

    /// Returns whether the run stopped without saying so.
    #[must_use]
    pub const fn was_cut(&self) -> bool {
        self.end.is_none()
    }

    /// Returns whether everything was applied and read back as planned.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.complete)
    }

    /// Returns how the run ended; `running` says that whoever writes it is still there.
    #[must_use]
    pub fn verdict(&self, running: bool) -> Verdict {
        if running {
            return Verdict::Running;
        }
        let in_flight = self.known.iter().position(|known| *known == Known::InFlight);
        match (&self.end, in_flight) {
            (Some(end), _) if end.complete => Verdict::Complete,
            (None, Some(at)) => Verdict::Crashed(at),
            _ if !self.may_have_written() && self.went_on() => Verdict::InPart,
            _ if !self.may_have_written() => Verdict::NothingWritten,
            (Some(_), _) => Verdict::InPart,
            (None, None) => {
                let own = |known: &Known| match known {
                    Known::NotBegun => false,
                    Known::InFlight => true,
                    Known::Finished(outcome) => !outcome.was_done_before(),
                };
                let last = self.known.iter().rposition(own);
                Verdict::Crashed(last.unwrap_or(0))
            }
        }
    }

    /// Iterates the operations with what is known of each.
    pub fn operations(&self) -> impl Iterator<Item = (&Planned, &Known)> {
        self.begin.operations.iter().zip(&self.known)
    }
}

/// Returns the JSON Schema of a line.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Line).to_value()
}
