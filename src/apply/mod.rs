//! Carries out an approved plan, exactly that, and says what it did.
//!
//! Nothing is decided here: every operation, its order, its precondition and its expected effect are in the plan. What
//! remains is to notice when the world differs and to stop.
//!
//! The run re-reads the workspace once and refuses a stale plan before the first write; writes unit by unit, operations
//! of one unit one after another; holds every answer against what the platform's machine makes of the whole unit; never
//! repeats a write that may have happened; settles an unanswered write by reading; reads once more at the end and compares. A plan whose beginning has been carried out already goes on where it stopped.

mod course;
mod end;
mod inverse;
pub mod journal;
mod observer;
mod report;
mod run;

pub use course::{Course, elsewhere};
pub use inverse::{Inverse, Moved, Unrestored};
pub use observer::{Event, Observer, Purpose, Silent};
pub use report::{
    Basis, Difference, Halfway, Outcome, Report, Settled, Shown, Stale, Step, Unexplained,
};
pub use run::{ApplyError, Options, run};

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::plan::consequence::Consequences;
use crate::plan::told::Told;
use crate::plan::{Bound, Scale};
use crate::platform;

/// What apply needs to know about a platform: how to compare a plan with a snapshot. Pure.
pub trait Adapter {
    /// What one read returns.
    type Snapshot;
    /// One write.
    type Operation;
    /// What an answer shows of the unit that was written.
    type Resource;
    /// One unit on its way through a run.
    type Course<'s>: Course<
            's,
            Snapshot = Self::Snapshot,
            Operation = Self::Operation,
            Resource = Self::Resource,
        >
    where
        Self::Snapshot: 's;

    /// Returns the platform's own operation, or `None` for another platform's.
    fn operation(operation: &platform::Operation) -> Option<&Self::Operation>;

    /// Returns everything that has moved under the plan: folds all its operations over `snapshot` and compares every
    /// value before and every bound effect, and every fact relied on (SEMANTICS section 4).
    fn stale(bound: &Bound, snapshot: &Self::Snapshot, today: Date) -> Vec<Stale>;

    /// Returns the places of the operations that have been done already, when `snapshot` is a state that the plan itself
    /// goes through: in every unit some first operations have left exactly what they leave, and the machine folds the
    /// others over what is live with the sealed values before and effects.
    ///
    /// # Errors
    /// Any other state is stale: per unit what is not as the plan leaves it after as many operations as explain most.
    fn resumed(
        bound: &Bound,
        snapshot: &Self::Snapshot,
        today: Date,
    ) -> Result<BTreeSet<usize>, Unexplained>;

    /// Returns what the operations that are neither `done` nor unnecessary on `today` do, worked out on `snapshot` and
    /// with nothing taken from the plan but the operations themselves: the plan is held against it.
    fn consequences(
        bound: &Bound,
        done: &BTreeSet<usize>,
        snapshot: &Self::Snapshot,
        today: Date,
    ) -> Consequences;

    /// Returns what a plan with these operations and changes tells rules in Rego of people and scopes, worked out on
    /// `snapshot`; of operations that are unnecessary on `today`, nothing.
    fn told(bound: &Bound, snapshot: &Self::Snapshot, today: Date) -> Told;

    /// Returns the state of everything that the plan writes to, for undoing it.
    fn found(bound: &Bound, snapshot: &Self::Snapshot) -> Vec<platform::Found>;

    /// Returns how many people and things `snapshot` holds the plan against: limits on people, and on shares of what is
    /// there, are evaluated again when the plan is carried out (SEMANTICS section 4). For the snapshot that the plan was
    /// made on this is what the plan says itself.
    fn scale(bound: &Bound, snapshot: &Self::Snapshot, today: Date) -> Scale;

    /// Returns the version token of the resource that `operation` writes.
    fn revision(operation: &Self::Operation, snapshot: &Self::Snapshot) -> String;

    /// Returns what `snapshot` shows of a write that got no usable answer.
    fn settle(operation: &Self::Operation, snapshot: &Self::Snapshot) -> Settled;

    /// Returns why `operation` need not be carried out on `today`, such as a token that was used since: a named skip,
    /// not a stale plan (SEMANTICS section 4).
    fn not_needed(
        operation: &Self::Operation,
        snapshot: &Self::Snapshot,
        today: Date,
    ) -> Option<String>;

    /// Returns, for every field that the plan writes, what differs between where the plan leads from `before` and what
    /// `after` shows. What is left out, since it was `done` before or was not carried out, and what is not needed on
    /// `today`, is no difference as long as it stays.
    fn differences(
        bound: &Bound,
        done: &BTreeSet<usize>,
        before: &Self::Snapshot,
        after: &Self::Snapshot,
        today: Date,
    ) -> Vec<Difference>;
}
