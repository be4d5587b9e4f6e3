//! Whether a plan has been carried out in part already, and how far.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::adapter::{Trustpager, machine, own};
use super::name::ClientName;
use super::operation::Operation;
use super::planner::{client_of, fact};
use super::prospect::{planned_key, replay};
use super::state::Snapshot;
use crate::apply::Adapter as _;
use crate::plan::{Bound, PlannedOperation};

/// Returns the places of the operations that have been done already, or `None` when the live state is none that the
/// plan goes through. A token or key that has ended is not among them: its write is a named skip, whoever ended it.
#[must_use]
pub fn resumed(bound: &Bound, snapshot: &Snapshot, today: Date) -> Option<BTreeSet<usize>> {
    let moved = |relied: &&crate::plan::Reliance| {
        fact(&relied.address, snapshot).as_ref() != Some(&relied.value)
    };
    if bound.relied_on.iter().any(|relied| moved(&relied)) {
        return None;
    }
    let mut done = BTreeSet::new();
    let mut units: BTreeMap<&ClientName, Vec<(usize, &PlannedOperation, &Operation)>> =
        BTreeMap::new();
    for (index, planned) in bound.operations.iter().enumerate() {
        let operation = own(planned)?;
        if let Some(client) = client_of(&planned.operation) {
            units.entry(client).or_default().push((index, planned, operation));
        } else if has_ended(operation, snapshot, today) {
            // Nothing is left to do, and nothing of ours to report as done.
        } else if left(operation, snapshot) {
            done.insert(index);
        } else if planned_key(operation.clone(), snapshot).before != planned.before {
            return None;
        }
    }
    for (client, operations) in units {
        let live = &snapshot.clients.get(client)?.state;
        let reached = (0..=operations.len()).find(|reached| {
            let (before, after) = operations.split_at(*reached);
            let over = |op: &Operation| has_ended(op, snapshot, today) || left(op, snapshot);
            if !before.iter().all(|(_, _, operation)| over(operation)) {
                return false;
            }
            let rest: Vec<_> = after
                .iter()
                .filter(|(_, _, operation)| !has_ended(operation, snapshot, today))
                .collect();
            let operations: Vec<Operation> = rest.iter().map(|(_, _, op)| (*op).clone()).collect();
            let folded = replay(machine(snapshot, client, live), &operations);
            folded.is_ok_and(|(now, _)| {
                rest.iter().zip(&now).all(|((_, planned, _), now)| {
                    planned.before == now.before && planned.effect == now.effect
                })
            })
        })?;
        let first = operations.iter().take(reached);
        let own = first.filter(|(_, _, operation)| !has_ended(operation, snapshot, today));
        done.extend(own.map(|(index, ..)| *index));
    }
    Some(done)
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
