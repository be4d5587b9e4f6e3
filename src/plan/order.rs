//! Which operation comes before which, proven by the machine.
//!
//! A platform proposes one or more orders of the same operations, the best first. Each is folded over the live state and
//! every prefix is checked against the four laws; the first order that keeps them is taken. Only when none does are other
//! orders searched, and only of the operations that get in each other's way (`search.rs`); what is found is folded and
//! checked like any other. What is then left is a genuine swap: the plan names the window.

mod search;

use self::search::{Searched, search};
use super::laws::{Facts, Step, Violation, check_step};
use crate::model::{Address, Reach};

/// A platform's state machine as the planner folds it.
pub trait Machine: Clone {
    /// One write.
    type Operation: Clone + PartialEq + std::fmt::Debug;
    /// How far things reach.
    type Reach: Reach;
    /// Why a write is refused.
    type Rejected;

    /// Carries out one write.
    ///
    /// # Errors
    /// When the platform would refuse it.
    fn step(&mut self, operation: &Self::Operation) -> Result<Step<Self::Reach>, Self::Rejected>;

    /// Returns what the laws compare.
    fn facts(&self) -> Facts<Self::Reach>;

    /// Returns the address of the field that `operation` writes.
    fn field(&self, operation: &Self::Operation) -> Address;

    /// Returns the value of the field that `operation` would write now, for the stale check.
    fn before(&self, operation: &Self::Operation) -> serde_json::Value;
}

/// What an admin said to accept when no order is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tolerance {
    /// Nothing: the plan is blocked.
    Nothing,
    /// A moment without something that works before and after.
    Outage,
    /// A moment with something that is allowed neither before nor after.
    Excess,
}

impl Tolerance {
    fn allows(self, violation: &Violation) -> bool {
        match violation {
            Violation::Outage(_) | Violation::Churn(_) => self == Self::Outage,
            Violation::ExcessUse(_) | Violation::ExcessScope(_) => self == Self::Excess,
            Violation::LockedScope(_) => false,
        }
    }
}

/// One operation in its place.
#[derive(Debug, Clone)]
pub struct Taken<M: Machine> {
    /// The write.
    pub operation: M::Operation,
    /// The value that it replaces.
    pub before: serde_json::Value,
    /// What it does.
    pub step: Step<M::Reach>,
}

/// Operations in the order in which they are carried out.
#[derive(Debug, Clone)]
pub struct Ordered<M: Machine> {
    /// Each operation with what it does.
    pub steps: Vec<Taken<M>>,
    /// What held before the first.
    pub before: Facts<M::Reach>,
    /// What holds after the last.
    pub after: Facts<M::Reach>,
    /// Where the machine ends.
    pub end: M,
    /// The laws that this order breaks; empty unless the swap is genuine.
    pub window: Vec<Violation>,
    /// Whether everything in the window is tolerated.
    pub tolerated: bool,
    /// How many operations are in each other's way, where they are too many for their orders to be searched: then there
    /// may be a lawful order after all.
    pub unsearched: Option<usize>,
}

/// Returns the first of `orders` that keeps every law on every prefix, another order of the same operations when none
/// does, or the order with the smallest window.
///
/// # Errors
/// The machine's refusal, when it refuses an operation in every order.
pub fn order<M: Machine>(
    start: &M,
    orders: &[Vec<M::Operation>],
    tolerance: Tolerance,
) -> Result<Ordered<M>, M::Rejected> {
    let before = start.facts();
    let mut unlawful: Vec<Ordered<M>> = Vec::new();
    let mut refusal = None;
    for candidate in orders {
        match prove(start, &before, candidate) {
            Ok(ordered) if ordered.window.is_empty() => return Ok(ordered),
            Ok(ordered) => unlawful.push(ordered),
            Err(rejected) => refusal = refusal.or(Some(rejected)),
        }
    }
    // The smallest window first; of equal ones the first proposed, as the sort is stable.
    unlawful.sort_by_key(|ordered| badness(ordered, tolerance));
    let mut searched: Vec<Vec<&M::Operation>> = Vec::new();
    let mut unsearched = None;
    for (n, candidate) in unlawful.iter().enumerate() {
        let operations = by_field(start, candidate);
        if searched.contains(&operations) {
            continue;
        }
        match search(start, candidate) {
            Searched::Found(positions) => {
                let steps = positions.iter().filter_map(|position| candidate.steps.get(*position));
                let found: Vec<M::Operation> = steps.map(|taken| taken.operation.clone()).collect();
                if let Ok(ordered) = prove(start, &before, &found)
                    && ordered.window.is_empty()
                {
                    return Ok(ordered);
                }
            }
            Searched::TooMany(conflicting) if n == 0 => unsearched = Some(conflicting),
            Searched::TooMany(_) | Searched::Nothing => {}
        }
        searched.push(operations);
    }
    match (unlawful.into_iter().next(), refusal) {
        (Some(mut best), _) => {
            best.tolerated = best.window.iter().all(|violation| tolerance.allows(violation));
            best.unsearched = unsearched;
            Ok(best)
        }
        (None, Some(rejected)) => Err(rejected),
        // Nothing was proposed: nothing is done.
        (None, None) => prove(start, &before, &[]),
    }
}

/// Returns operations in the order in which they stand, with the laws that it breaks.
///
/// # Errors
/// The first refusal.
pub fn as_given<M: Machine>(
    start: &M,
    operations: &[M::Operation],
) -> Result<Ordered<M>, M::Rejected> {
    prove(start, &start.facts(), operations)
}

/// How many laws an order breaks that nobody tolerates, then how many it breaks at all.
fn badness<M: Machine>(ordered: &Ordered<M>, tolerance: Tolerance) -> (usize, usize) {
    let untolerated = ordered.window.iter().filter(|v| !tolerance.allows(v)).count();
    (untolerated, ordered.window.len())
}

/// Returns the operations of an order by the field they write: the same for two orders of the same operations.
fn by_field<'o, M: Machine>(start: &M, ordered: &'o Ordered<M>) -> Vec<&'o M::Operation> {
    let mut operations: Vec<&M::Operation> =
        ordered.steps.iter().map(|taken| &taken.operation).collect();
    operations.sort_by_cached_key(|operation| start.field(operation));
    operations
}

/// Carries out `operations` one after the other; notes before each the value that it replaces, and after each what it did.
/// Orders are proven with it, and apply's stale check goes the same steps over what is live by then.
///
/// # Errors
/// The first refusal.
pub fn walk<M: Machine>(
    mut machine: M,
    operations: &[M::Operation],
) -> Result<(Vec<Taken<M>>, M), M::Rejected> {
    let mut steps = Vec::with_capacity(operations.len());
    for operation in operations {
        let before = machine.before(operation);
        let step = machine.step(operation)?;
        steps.push(Taken { operation: operation.clone(), before, step });
    }
    Ok((steps, machine))
}

/// Walks through `operations` from `start` and checks every prefix.
fn prove<M: Machine>(
    start: &M,
    before: &Facts<M::Reach>,
    operations: &[M::Operation],
) -> Result<Ordered<M>, M::Rejected> {
    let (steps, machine) = walk(start.clone(), operations)?;
    let after = machine.facts();
    let mut window: Vec<Violation> =
        steps.iter().flat_map(|taken| check_step(before, &after, &taken.step)).collect();
    window.sort();
    window.dedup();
    let tolerated = window.is_empty();
    Ok(Ordered {
        steps,
        before: before.clone(),
        after,
        end: machine,
        window,
        tolerated,
        unsearched: None,
    })
}

#[cfg(test)]
mod tests;

/// Returns whether the operation at `index` (from 0) of `total` is carried out in its turn.
#[must_use]
pub const fn in_turn(planned: &super::PlannedOperation, index: usize, total: usize) -> bool {
    use crate::platform::Turn;
    match planned.operation.turn() {
        Turn::First => index == 0,
        Turn::Any => true,
        Turn::Last => index + 1 == total,
    }
}
