//! What apply tells while it runs, and who listens: whoever cannot note a write keeps it from being sent.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::report::{Outcome, Settled};
use crate::plan::PlannedOperation;
use crate::platform::Found;

/// Why apply reads the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Before the first write: is the plan stale?
    Before,
    /// After a write without a usable answer: was it done?
    Settle,
    /// After the last write: is the end as planned?
    End,
}

/// Something worth telling while apply runs.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The workspace was read.
    Read {
        /// Why.
        purpose: Purpose,
        /// Requests that it took.
        calls: u32,
        /// Before the first write: the state of everything that the plan writes to.
        found: &'a [Found],
        /// Before the first write: places of the operations that had been done already.
        done: &'a BTreeSet<usize>,
    },
    /// A write is about to be sent.
    Started {
        /// Its place in the plan, from 0.
        index: usize,
        /// How many there are.
        total: usize,
        /// The write.
        operation: &'a PlannedOperation,
        /// The version token that it is conditional on.
        revision: &'a str,
    },
    /// A write got no usable answer, and reading showed this.
    Settled {
        /// Its place in the plan, from 0.
        index: usize,
        /// What reading showed.
        settled: &'a Settled,
    },
    /// What became of it is known.
    Finished {
        /// Its place in the plan, from 0.
        index: usize,
        /// How many there are.
        total: usize,
        /// The write.
        operation: &'a PlannedOperation,
        /// What became of it.
        outcome: &'a Outcome,
    },
    /// The end shows more of an operation than what was told when it was finished.
    Revised {
        /// Its place in the plan, from 0.
        index: usize,
        /// What became of it.
        outcome: &'a Outcome,
    },
}

/// Listens while apply runs.
pub trait Observer: Sync {
    /// Takes one event.
    ///
    /// # Errors
    /// In words, when the event cannot be noted. A write that cannot be noted before it is sent is not sent.
    fn on(&self, event: Event<'_>) -> Result<(), String>;

    /// Returns whether it is noted that an earlier run of the same plan took in the answer to the operation at this place
    /// (from 0). What only that answer held went where it belongs then; what became of it since is for others to know.
    fn was_answered(&self, index: usize) -> bool {
        let _ = index;
        false
    }
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {
    fn on(&self, _: Event<'_>) -> Result<(), String> {
        Ok(())
    }
}
