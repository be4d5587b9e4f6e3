//! Whether a plan has been carried out in part already, and how far.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::adapter::{self, Trustpager, gone, machine, moved_fact, not_as_planned, not_left, own};
use super::name::ClientName;
use super::operation::Operation;
use super::planner::client_of;
use super::prospect::planned_key;
use super::state::Snapshot;
use crate::apply::{Adapter as _, Halfway, Settled, Stale, Unexplained};
use crate::plan::{Bound, PlannedOperation};

/// One write to a client or key: its place in the plan, the write as planned, and the write itself.
type Own<'p> = (usize, &'p PlannedOperation, &'p Operation);

/// Returns the places of the operations that have been done already. A token or key that has ended is not among them: its
/// write is a named skip, whoever ended it.
///
/// # Errors
/// When the live state is none that the plan goes through: what is not explained by it.
pub fn resumed(
    bound: &Bound,
    snapshot: &Snapshot,
    today: Date,
) -> Result<BTreeSet<usize>, Unexplained> {
    let facts = bound.relied_on.iter().filter_map(|relied| moved_fact(relied, snapshot));
    let mut moved: Vec<Stale> = facts.collect();
    let mut done = BTreeSet::new();
    let mut halfway = Vec::new();
    let mut units: BTreeMap<&ClientName, Vec<Own<'_>>> = BTreeMap::new();
    for (index, planned) in bound.operations.iter().enumerate() {
        let Some(operation) = own(planned) else { continue };
        if let Some(client) = client_of(&planned.operation) {
            units.entry(client).or_default().push((index, planned, operation));
        } else if has_ended(operation, snapshot, today) {
            // Nothing is left to do, and nothing of ours to report as done.
        } else if left(operation, snapshot) {
            done.insert(index);
        } else {
            let now = planned_key(operation.clone(), snapshot).before;
            if now != planned.before {
                let on = adapter::moved(planned, &now);
                halfway.push(of_key((index, planned, operation), on, snapshot));
            }
        }
    }
    for (client, operations) in units {
        let Some(live) = snapshot.clients.get(client) else {
            moved.push(gone(client));
            continue;
        };
        let odd = |reached: usize| {
            let (before, after) = operations.split_at(reached);
            let over = |op: &Operation| has_ended(op, snapshot, today) || left(op, snapshot);
            let before = before.iter().filter(|(_, _, operation)| !over(operation));
            let mut odd: Vec<Stale> = before
                .flat_map(|(_, planned, operation)| not_left(planned, operation, snapshot))
                .collect();
            let rest: Vec<&PlannedOperation> = after
                .iter()
                .filter(|(_, _, operation)| !has_ended(operation, snapshot, today))
                .map(|(_, planned, _)| *planned)
                .collect();
            odd.extend(not_as_planned(&rest, machine(snapshot, client, &live.state)));
            odd
        };
        let all = (0..=operations.len()).map(|reached| (reached, odd(reached)));
        let first = |reached: usize| -> Vec<usize> {
            let first = operations.iter().take(reached);
            let own = first.filter(|(_, _, operation)| !has_ended(operation, snapshot, today));
            own.map(|(index, ..)| *index).collect()
        };
        let Some([fewest, most]) = least(all) else { continue };
        if fewest.1.is_empty() {
            done.extend(first(fewest.0));
        } else {
            halfway.push(Halfway {
                fewest: first(fewest.0),
                by_fewest: fewest.1,
                most: first(most.0),
                by_most: most.1,
            });
        }
    }
    let unexplained = Unexplained::of(done.len(), moved, halfway);
    unexplained.map_or(Ok(done), |unexplained| {
        // A token or key that is not there any more may have been ended by this plan or by anybody.
        let mut own = bound.operations.iter().filter_map(own);
        let ended = own.any(|operation| {
            let ends =
                matches!(operation, Operation::RevokeToken { .. } | Operation::RevokeKey { .. });
            ends && Trustpager::settle(operation, snapshot) == Settled::Done
        });
        Err(Unexplained { at_least: unexplained.at_least || ended, ..unexplained })
    })
}

/// Says how far the write to a key has come that is neither as it was, which `on` says, nor as planned: it was done where
/// more of its fields are as it leaves them than as it found them.
fn of_key((index, planned, operation): Own<'_>, on: Vec<Stale>, snapshot: &Snapshot) -> Halfway {
    let left = not_left(planned, operation, snapshot);
    let order = match operation {
        // A key that is there has not been ended.
        Operation::RevokeKey { .. } => Ordering::Less,
        _ => on.len().cmp(&left.len()),
    };
    let place = vec![index];
    match order {
        Ordering::Less => Halfway { by_fewest: on.clone(), by_most: on, ..Halfway::default() },
        Ordering::Equal => {
            Halfway { by_fewest: on, most: place, by_most: left, ..Halfway::default() }
        }
        Ordering::Greater => {
            Halfway { fewest: place.clone(), by_fewest: left.clone(), most: place, by_most: left }
        }
    }
}

/// Returns where a plan explains most of what is live, and what it does not explain then: the first and the last where
/// several explain as much. Whoever explains everything ends the search.
fn least(all: impl Iterator<Item = (usize, Vec<Stale>)>) -> Option<[(usize, Vec<Stale>); 2]> {
    let mut least: Option<[(usize, Vec<Stale>); 2]> = None;
    for (reached, odd) in all {
        if odd.is_empty() {
            return Some([(reached, odd.clone()), (reached, odd)]);
        }
        match &mut least {
            Some([(_, so_far), _]) if odd.len() > so_far.len() => {}
            Some([(_, so_far), last]) if odd.len() == so_far.len() => *last = (reached, odd),
            _ => least = Some([(reached, odd.clone()), (reached, odd)]),
        }
    }
    least
}

fn has_ended(operation: &Operation, snapshot: &Snapshot, today: Date) -> bool {
    Trustpager::not_needed(operation, snapshot, today).is_some()
}

/// Returns whether what `operation` writes is what is live.
fn left(operation: &Operation, snapshot: &Snapshot) -> bool {
    match operation {
        Operation::SetClientAccess { client, access } => {
            let live = snapshot.clients.get(client);
            live.is_some_and(|live| live.state.access.allows_the_same(access, &snapshot.catalog))
        }
        Operation::CreateKey { key, grants, .. } | Operation::SetKeyAccess { key, grants } => {
            let live = snapshot.keys.get(key);
            live.is_some_and(|live| live.grants.allows_the_same(grants, &snapshot.catalog))
        }
        Operation::RevokeToken { .. } | Operation::RevokeKey { .. } => false,
    }
}
