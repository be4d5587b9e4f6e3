//! Whether a plan has been carried out in part already, and how far.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::adapter::{self, Trustpager, gone, machine, moved_fact, not_as_planned, not_left, own};
use super::name::ClientName;
use super::operation::Operation;
use super::planner::client_of;
use super::prospect::{self, planned_key};
use super::state::{ClientState, Snapshot};
use crate::apply::{Adapter as _, Halfway, Settled, Stale, Unexplained};
use crate::model::Address;
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
        // A token that has ended is no part of it: its write is skipped wherever the plan stands.
        let ended = |operation: &Operation| has_ended(operation, snapshot, today);
        let own = operations.into_iter().filter(|(_, _, operation)| !ended(operation));
        let own: Vec<Own<'_>> = own.collect();
        let start = machine(snapshot, client, &live.state);
        let rest = |after: &[Own<'_>]| {
            let after: Vec<&PlannedOperation> = after.iter().map(|(_, own, _)| *own).collect();
            not_as_planned(&after, start.clone())
        };
        match furthest(&own, (start.state(), snapshot), rest) {
            Ok(reached) => done.extend(first(&own, reached)),
            Err(unit) => halfway.push(unit),
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

/// Returns the places of some first operations.
fn first(operations: &[Own<'_>], reached: usize) -> Vec<usize> {
    operations.iter().take(reached).map(|(index, ..)| *index).collect()
}

/// Returns after how many operations on one client the plan explains all that is live, or else after how many it explains
/// most. `rest` carries some last operations out on what is live and says what they do not find as planned: there may be as
/// many as the client has tokens, so it is asked only where all fields fit, and of what is told in the end.
fn furthest(
    operations: &[Own<'_>],
    (state, snapshot): (&ClientState, &Snapshot),
    mut rest: impl FnMut(&[Own<'_>]) -> Vec<Stale>,
) -> Result<usize, Halfway> {
    let odd = odd(operations, state, snapshot);
    let least = odd.iter().min().copied().unwrap_or_default();
    let closest = || odd.iter().enumerate().filter(|(_, odd)| **odd == least).map(|(at, _)| at);
    let mut by = |reached: usize| {
        let (before, after) = operations.split_at(reached);
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for (_, planned, operation) in before.iter().rev() {
            if seen.insert(&planned.address) && !left(operation, snapshot) {
                found.extend(not_left(planned, operation, snapshot));
            }
        }
        found.extend(rest(after));
        found
    };
    if least == 0
        && let Some(reached) = closest().find(|reached| by(*reached).is_empty())
    {
        return Ok(reached);
    }
    let fewest = closest().next().unwrap_or_default();
    let most = closest().next_back().unwrap_or(fewest);
    let by_fewest = by(fewest);
    let by_most = if most == fewest { by_fewest.clone() } else { by(most) };
    let (fewest, most) = (first(operations, fewest), first(operations, most));
    Err(Halfway { fewest, by_fewest, most, by_most })
}

/// Counts, for each number of first operations that may have been done, the fields that are not as these leave them and
/// those that are not as the others were planned on.
fn odd(operations: &[Own<'_>], state: &ClientState, snapshot: &Snapshot) -> Vec<usize> {
    let not_left = |(_, planned, operation): &Own<'_>| match left(operation, snapshot) {
        true => 0,
        false => not_left(planned, operation, snapshot).len(),
    };
    let not_before = |(_, planned, operation): &Own<'_>| {
        adapter::moved(planned, &prospect::before(operation, state)).len()
    };
    let left = sums(operations.iter(), not_left);
    let before = sums(operations.iter().rev(), not_before);
    left.into_iter().zip(before.into_iter().rev()).map(|(left, before)| left + before).collect()
}

/// Adds up what `count` says of none of the operations, of the first, of the first two, and so on; of a field that several
/// of them write, the last one counts.
fn sums<'o, 'p: 'o>(
    operations: impl Iterator<Item = &'o Own<'p>>,
    count: impl Fn(&Own<'p>) -> usize,
) -> Vec<usize> {
    let mut of_field: BTreeMap<&Address, usize> = BTreeMap::new();
    let mut sum = 0;
    let mut sums = vec![sum];
    for own in operations {
        let count = count(own);
        let earlier = of_field.insert(&own.1.address, count).unwrap_or_default();
        sum = sum + count - earlier;
        sums.push(sum);
    }
    sums
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::catalog::Catalog;
    use super::super::operation::RevokeReason;
    use super::super::state::{AccessList, LiveClient, Token};
    use super::super::value;
    use super::*;
    use crate::model::Effect;
    use crate::platform;

    const TODAY: Date = jiff::civil::date(2026, 11, 22);

    fn list(tier: &str) -> AccessList {
        let tiers = BTreeMap::from([("deals".try_into().unwrap(), tier.try_into().unwrap())]);
        AccessList { tiers, ..AccessList::default() }
    }

    /// Returns a client with so many tokens.
    fn client(tokens: usize) -> ClientState {
        let token = |n: usize| Token {
            id: format!("t{n}").as_str().try_into().unwrap(),
            user: "ana@acme.example".try_into().unwrap(),
            role_at_authorisation: "member".try_into().unwrap(),
            prefix: "tp".to_owned(),
            suffix: n.to_string(),
            issued: TODAY,
            last_used: None,
            requests: 0,
        };
        let tokens = (0..tokens).map(|n| (token(n).id.clone(), token(n))).collect();
        ClientState { access: list("read"), tokens }
    }

    fn snapshot(state: ClientState) -> Snapshot {
        let live = LiveClient { state, revision: String::new() };
        let catalog = Catalog {
            version: String::new(),
            ladders: BTreeMap::new(),
            resources: BTreeMap::new(),
            roles: BTreeMap::new(),
            renames: BTreeMap::new(),
        };
        Snapshot {
            workspace: "acme".try_into().unwrap(),
            catalog: Arc::new(catalog),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            clients: BTreeMap::from([("Claude".try_into().unwrap(), live)]),
            keys: BTreeMap::new(),
            queue: Vec::new(),
            keys_revision: String::new(),
        }
    }

    /// A plan that ends all tokens and saves one ceiling, the ceiling changed since: how often the rest is carried out does
    /// not depend on how many tokens there are.
    #[test]
    fn the_rest_of_a_stale_plan_is_carried_out_once_or_twice_however_long_it_is() {
        for tokens in [1, 40, 800] {
            let mut state = client(tokens);
            let name: ClientName = "Claude".try_into().unwrap();
            let why = RevokeReason::NotAHolder;
            let revokes = state.tokens.keys().map(|token| Operation::RevokeToken {
                client: name.clone(),
                token: token.clone(),
                why: why.clone(),
            });
            let save = Operation::SetClientAccess { client: name.clone(), access: list("write") };
            let planned: Vec<PlannedOperation> = revokes
                .chain([save])
                .map(|operation| PlannedOperation {
                    unit: operation.unit(),
                    address: operation.address(),
                    before: prospect::before(&operation, &state),
                    effect: Effect::default(),
                    operation: platform::Operation::Trustpager(operation),
                })
                .collect();
            let operations: Vec<Own<'_>> = planned
                .iter()
                .enumerate()
                .map(|(at, planned)| (at, planned, own(planned).unwrap()))
                .collect();
            assert_eq!(planned[tokens].before, value::access(&state.access));

            let asked = |state: &ClientState| {
                let mut lengths = Vec::new();
                let snapshot = snapshot(state.clone());
                let found = furthest(&operations, (state, &snapshot), |after| {
                    lengths.push(after.len());
                    Vec::new()
                });
                (found, lengths)
            };
            let (found, lengths) = asked(&state);
            assert_eq!((found, lengths), (Ok(0), vec![tokens + 1]));
            state.access = list("unknown");
            let (found, lengths) = asked(&state);
            let halfway = found.unwrap_err();
            assert_eq!((halfway.fewest.len(), halfway.most.len()), (0, 0));
            assert_eq!(lengths, [tokens + 1]);
            // Without tokens to end, the plan may have saved or not.
            state.tokens.clear();
            let (found, lengths) = asked(&state);
            assert!(found.is_err());
            assert!(lengths.len() <= 2, "{lengths:?}");
        }
    }
}
