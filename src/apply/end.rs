//! The end of a run: where what is read back is neither what the plan leads to nor what its steps, as they came out,
//! explain.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::Adapter;
use super::course::Course as _;
use super::report::{Difference, Outcome, Settled, Step};
use crate::model::Address;
use crate::plan::{Bound, PlannedOperation};

/// What is said of a write that was sent and refused, where the end shows it as done: a gateway may refuse what the platform
/// behind it has carried out.
const BY_WHOM: &str = "reading at the end shows it as done, by whom is unknown";

/// What is said of a write that was not sent, where the end shows it as done: not against us.
const BY_ANOTHER: &str = "reading shows that somebody else has done just this";

/// Returns what becomes of an operation that was not applied where the end shows it as done all the same; `None` where there
/// is nothing more to say of it. `refused` says that its request left and was refused.
pub(super) fn shown_done<A: Adapter>(
    outcome: &Outcome,
    planned: &PlannedOperation,
    refused: bool,
    end: &A::Snapshot,
) -> Option<Outcome> {
    let not_done = matches!(
        outcome,
        Outcome::Conflict(_)
            | Outcome::Failed(_)
            | Outcome::NotAllowed(_)
            | Outcome::Unreachable(_)
    );
    let operation = A::operation(&planned.operation).filter(|_| not_done)?;
    if A::settle(operation, end) == Settled::NotDone {
        return None;
    }
    Some(match outcome {
        Outcome::Failed(why) | Outcome::NotAllowed(why) if refused => {
            Outcome::Unknown(format!("{why}; {BY_WHOM}"))
        }
        // A conflict stays one: another version is there than the plan knows.
        other => {
            let shows = if refused { BY_WHOM } else { BY_ANOTHER };
            other.clone().reworded(|why| format!("{why}; {shows}"))
        }
    })
}

/// Returns where the end is neither what the plan leads to nor what its steps, as they came out, explain.
pub(super) fn unexplained<A: Adapter>(
    (bound, done): (&Bound, &BTreeSet<usize>),
    steps: &[Step],
    sides: (&A::Snapshot, &A::Snapshot),
    today: Date,
) -> Vec<Difference> {
    let written = written(bound, steps);
    let mut found = differences::<A>((bound, done), &written, sides, today);
    // What may or may not have been done explains both.
    for unknown_is_done in [false, true] {
        let undone = steps.iter().enumerate().filter(|(_, step)| match &step.outcome {
            Outcome::Diverged(_) => false,
            Outcome::Unknown(_) => !unknown_is_done,
            outcome => !outcome.is_applied(),
        });
        let left_out: BTreeSet<usize> =
            done.iter().copied().chain(undone.map(|(at, _)| at)).collect();
        if left_out != *done {
            let others = differences::<A>((bound, &left_out), &written, sides, today);
            let others: BTreeSet<&Address> = others.iter().map(|other| &other.address).collect();
            found.retain(|one| others.contains(&one.address));
        }
    }
    found
}

/// The writes to one unit, each with its place in the plan.
type Writes<'p> = Vec<(usize, &'p PlannedOperation)>;

/// Returns the writes to every unit that a write of this run may have reached.
fn written<'p>(bound: &'p Bound, steps: &[Step]) -> BTreeMap<&'p Address, Writes<'p>> {
    let reached = steps.iter().filter(|step| step.outcome.may_have_written());
    let reached: BTreeSet<&Address> = reached.map(|step| &step.unit).collect();
    let mut units: BTreeMap<&Address, Writes<'_>> = BTreeMap::new();
    for (index, planned) in bound.operations.iter().enumerate() {
        if reached.contains(&planned.unit) {
            units.entry(&planned.unit).or_default().push((index, planned));
        }
    }
    units
}

/// Returns what differs in the fields that the plan writes, and in units that were written, in everything else.
fn differences<A: Adapter>(
    (bound, left_out): (&Bound, &BTreeSet<usize>),
    written: &BTreeMap<&Address, Writes<'_>>,
    (before, end): (&A::Snapshot, &A::Snapshot),
    today: Date,
) -> Vec<Difference> {
    let mut found = A::differences(bound, left_out, before, end, today);
    let mut seen: BTreeSet<Address> = found.iter().map(|one| one.address.clone()).collect();
    for writes in written.values() {
        let beside = ended::<A>(writes, left_out, (before, end), today);
        found.extend(beside.into_iter().filter(|one| seen.insert(one.address.clone())));
    }
    found
}

/// Returns where one unit is not what its writes lead to, without those that are left out.
fn ended<A: Adapter>(
    writes: &Writes<'_>,
    left_out: &BTreeSet<usize>,
    (before, end): (&A::Snapshot, &A::Snapshot),
    today: Date,
) -> Vec<Difference> {
    let own = writes.iter();
    let own = own.filter_map(|(index, planned)| Some((*index, A::operation(&planned.operation)?)));
    let own: Vec<(usize, &A::Operation)> = own.collect();
    let Some((_, first)) = own.first() else { return Vec::new() };
    let Some(mut course) = A::Course::of(first, before) else { return Vec::new() };
    for (index, operation) in own {
        let carried_out =
            !left_out.contains(&index) && A::not_needed(operation, before, today).is_none();
        // A unit stops at the first write that is not applied, so what is carried out is what the plan was proven on.
        if carried_out && course.go(operation).is_err() {
            return Vec::new();
        }
    }
    course.ended(end)
}
