//! Whether a plan has been carried out in part already, and how far.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::adapter::{self, Trustpager, gone, machine, moved_fact, not_as_planned, not_left, own};
use super::name::ClientName;
use super::operation::Operation;
use super::planner::client_of;
use super::prospect::planned_key;
use super::state::Snapshot;
use crate::apply::{Adapter as _, Stale, Unexplained};
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
                moved.extend(adapter::moved(planned, &now));
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
        let Some((reached, odd)) = least(all) else { continue };
        moved.extend(odd);
        let first = operations.iter().take(reached);
        let own = first.filter(|(_, _, operation)| !has_ended(operation, snapshot, today));
        done.extend(own.map(|(index, ..)| *index));
    }
    if moved.is_empty() {
        return Ok(done);
    }
    Stale::in_order(&mut moved);
    Err(Unexplained { moved, done: done.len() })
}

/// Returns where a plan explains most of what is live, and what it does not explain then: the first where several explain
/// as much. Whoever explains everything ends the search.
fn least(all: impl Iterator<Item = (usize, Vec<Stale>)>) -> Option<(usize, Vec<Stale>)> {
    let mut least: Option<(usize, Vec<Stale>)> = None;
    for (reached, odd) in all {
        if odd.is_empty() {
            return Some((reached, odd));
        }
        if least.as_ref().is_none_or(|(_, so_far)| odd.len() < so_far.len()) {
            least = Some((reached, odd));
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
