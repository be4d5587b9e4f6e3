//! Which operation comes before which, proven by the machine.
//!
//! A platform proposes one or more orders of the same operations, the best first. Each is folded over the live state and
//! every prefix is checked against the four laws; the first order that keeps them is taken. Only when none does, and the
//! set is small, are other orders searched. What is then left is a genuine swap: the plan names the window.

use super::laws::{Facts, Step, Violation, check_step};
use crate::model::Reach;

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
}

/// How many operations a conflict set may have for its orders to be searched.
const SEARCHABLE: usize = 7;

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
    let mut best: Option<Ordered<M>> = None;
    let mut refusal = None;
    for candidate in orders {
        match fold(start, &before, candidate) {
            Ok(ordered) if ordered.window.is_empty() => return Ok(ordered),
            Ok(ordered) => keep_better(&mut best, ordered, tolerance),
            Err(rejected) => refusal = refusal.or(Some(rejected)),
        }
    }
    let Some(mut best) = best else {
        return match refusal {
            Some(rejected) => Err(rejected),
            None => Ok(Ordered {
                steps: Vec::new(),
                after: before.clone(),
                before,
                end: start.clone(),
                window: Vec::new(),
                tolerated: true,
            }),
        };
    };
    if best.steps.len() <= SEARCHABLE {
        let after = best.after.clone();
        let operations: Vec<M::Operation> =
            best.steps.iter().map(|taken| taken.operation.clone()).collect();
        if let Some(found) = search(start, &before, &after, &operations) {
            return Ok(found);
        }
    }
    best.tolerated = best.window.iter().all(|violation| tolerance.allows(violation));
    Ok(best)
}

fn keep_better<M: Machine>(best: &mut Option<Ordered<M>>, new: Ordered<M>, tolerance: Tolerance) {
    let badness = |ordered: &Ordered<M>| {
        let untolerated = ordered.window.iter().filter(|v| !tolerance.allows(v)).count();
        (untolerated, ordered.window.len())
    };
    if best.as_ref().is_none_or(|old| badness(&new) < badness(old)) {
        *best = Some(new);
    }
}

/// Folds `operations` over `start` and checks every prefix.
fn fold<M: Machine>(
    start: &M,
    before: &Facts<M::Reach>,
    operations: &[M::Operation],
) -> Result<Ordered<M>, M::Rejected> {
    let mut machine = start.clone();
    let mut steps = Vec::with_capacity(operations.len());
    for operation in operations {
        let replaced = machine.before(operation);
        let step = machine.step(operation)?;
        steps.push(Taken { operation: operation.clone(), before: replaced, step });
    }
    let after = machine.facts();
    let mut window: Vec<Violation> =
        steps.iter().flat_map(|taken| check_step(before, &after, &taken.step)).collect();
    window.sort();
    window.dedup();
    let tolerated = window.is_empty();
    Ok(Ordered { steps, before: before.clone(), after, end: machine, window, tolerated })
}

/// Looks for any order of a small set that keeps every law, depth first, in the given order where there is a choice.
fn search<M: Machine>(
    start: &M,
    before: &Facts<M::Reach>,
    after: &Facts<M::Reach>,
    operations: &[M::Operation],
) -> Option<Ordered<M>> {
    if operations.is_empty() {
        if start.facts() != *after {
            return None;
        }
        return Some(Ordered {
            steps: Vec::new(),
            before: before.clone(),
            after: after.clone(),
            end: start.clone(),
            window: Vec::new(),
            tolerated: true,
        });
    }
    for (n, operation) in operations.iter().enumerate() {
        let mut machine = start.clone();
        let replaced = machine.before(operation);
        let Ok(step) = machine.step(operation) else { continue };
        if !check_step(before, after, &step).is_empty() {
            continue;
        }
        let rest: Vec<M::Operation> = operations
            .iter()
            .enumerate()
            .filter(|(m, _)| *m != n)
            .map(|(_, operation)| operation.clone())
            .collect();
        if let Some(mut found) = search(&machine, before, after, &rest) {
            let operation = operation.clone();
            found.steps.insert(0, Taken { operation, before: replaced, step });
            return Some(found);
        }
    }
    None
}

#[cfg(test)]
mod tests;
