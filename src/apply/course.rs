//! One unit on its way through a run: what the writes so far make of it by the platform's own machine, and where what the
//! platform shows is something else.
//!
//! The machine that made the plan goes along with the writes. What is compared is the whole unit and not only the field that
//! a write names: a write that does something else besides is no write of the plan.

use serde_json::{Value, json};

use super::report::Difference;
use crate::model::Address;

/// One unit on its way. Pure.
pub trait Course<'s>: Sized {
    /// What one read returns.
    type Snapshot: 's;
    /// One write.
    type Operation;
    /// What an answer shows of the unit.
    type Resource;

    /// Returns the unit that `operation` writes to, as `snapshot` shows it; `None` where it is not there.
    fn of(operation: &Self::Operation, snapshot: &'s Self::Snapshot) -> Option<Self>;

    /// Goes on to where `operation` leads.
    ///
    /// # Errors
    /// In words, when the platform would refuse it.
    fn go(&mut self, operation: &Self::Operation) -> Result<(), String>;

    /// Returns where the answer to the last write is not what the writes lead to. The write was conditional, so nobody else
    /// has come in between: left out is only what moves without moving the version token.
    fn answered(&self, shown: &Self::Resource) -> Vec<Difference>;

    /// Returns where a reading that settles the last write is not what the writes lead to. Its version token is the next
    /// write's condition, so that all counts that would have moved the token.
    fn settled(&self, reading: &Self::Snapshot) -> Vec<Difference>;

    /// Returns where the end is not what the writes lead to. Left out is what moves by itself, whether somebody writes or
    /// not: the vendor publishes, people join, leave and authorise.
    fn ended(&self, end: &Self::Snapshot) -> Vec<Difference>;
}

/// How many differences a sentence names. The end is read back and says them all.
const NAMED: usize = 8;

/// Says which fields are not as expected, each with what was expected and what was found; `None` where all are.
#[must_use]
pub(super) fn unlike(differences: &[Difference]) -> Option<String> {
    if differences.is_empty() {
        return None;
    }
    let mut parts: Vec<String> = differences.iter().take(NAMED).map(ToString::to_string).collect();
    let more = differences.len().saturating_sub(NAMED);
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    Some(parts.join("; "))
}

/// Returns that an answer shows something else than the unit that was written to.
#[must_use]
pub fn elsewhere(unit: &Address) -> Vec<Difference> {
    let (planned, live) = (json!("an answer about it"), Value::Null);
    vec![Difference { address: unit.clone(), planned, live }]
}
