//! Whether a plan has been carried out in part already, and how far.
//!
//! A unit's operations are carried out in order, so an interrupted plan leaves some first operations done. Their values
//! before are gone, but what they leave is not: every field that they wrote holds exactly what the last write to it
//! leaves, every scope that they moved is where they moved it, and the machine folds the rest over what is live with the
//! sealed values and effects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::adapter::{
    Own, by_integration, compare, context, gone, moved_fact, not_before, refused,
};
use super::machine::{Context, Machine};
use super::operation::{ClientSpec, IntegrationOperation, Operation};
use super::planner::fact;
use super::prospect::replay;
use super::state::{ActionState, Client, IntegrationState, Mode, Snapshot};
use super::value;
use crate::apply::{Halfway, Stale, Unexplained};
use crate::model::{Access, ActionKey, Address, IntegrationKey, Scope, ScopeSet};
use crate::plan::Bound;
use crate::platform;

/// Returns the places of the operations that have been done already.
///
/// # Errors
/// When the live state is none that the plan goes through: what is not explained by it.
pub fn resumed(bound: &Bound, snapshot: &Snapshot) -> Result<BTreeSet<usize>, Unexplained> {
    let mut done = BTreeSet::new();
    let mut halfway = Vec::new();
    let mut moved = Vec::new();
    let mut written: BTreeSet<&Address> = BTreeSet::new();
    for (index, planned) in bound.operations.iter().enumerate() {
        if let platform::Operation::Odeus(Operation::SetNewActionsDefault { enabled }) =
            &planned.operation
        {
            let live = snapshot.settings.new_actions_enabled_by_default;
            if live == *enabled {
                done.insert(index);
                written.insert(&planned.address);
            } else if planned.before != live {
                let (before, live) = (planned.before.clone(), Value::from(live));
                moved.push(Stale::on(planned.address.clone(), before, live));
            }
        }
    }
    // A fact that the plan itself has changed is where the plan left it.
    let facts = bound.relied_on.iter().filter(|relied| !written.contains(&relied.address));
    for relied in facts {
        let live = fact(&relied.address, snapshot);
        if live.as_ref() != Some(&relied.value) {
            moved.push(moved_fact(relied, live));
        }
    }
    for (key, operations) in by_integration(bound) {
        let Some((context, live)) = context(snapshot, key) else {
            moved.extend(gone(&operations));
            continue;
        };
        let explained = |reached: &usize| {
            let (before, after) = operations.split_at(*reached);
            // Cheap first: the next write finds the value that it was planned on.
            let next = after.first();
            if next.is_some_and(|(_, planned, change)| value::field(change, live) != planned.before)
            {
                return false;
            }
            Left::by(before).is_in(live) && rest(after, (context, live), key).is_empty()
        };
        match (0..=operations.len()).find(explained) {
            Some(reached) => done.extend(first(&operations, reached)),
            None => halfway.push(closest(&operations, (context, live), key)),
        }
    }
    Unexplained::of(done.len(), moved, halfway).map_or(Ok(done), Err)
}

/// Returns the places of some first operations.
fn first(operations: &[Own<'_>], reached: usize) -> Vec<usize> {
    operations.iter().take(reached).map(|(index, ..)| *index).collect()
}

/// What is not as a plan says: the fields themselves, and what follows from other fields.
#[derive(Debug, Default)]
struct Found {
    fields: Vec<Stale>,
    follows: Vec<Stale>,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.follows.is_empty()
    }
}

/// Returns what some last operations do not find as they were planned on.
fn rest(
    after: &[Own<'_>],
    (context, live): (Context<'_>, &IntegrationState),
    key: &IntegrationKey,
) -> Found {
    let changes: Vec<IntegrationOperation> =
        after.iter().map(|(_, _, change)| (*change).clone()).collect();
    match replay(Machine::new(context, live.clone()), key, &changes) {
        Ok((now, _)) => {
            let mut found = Found::default();
            for ((_, planned, _), now) in after.iter().zip(&now) {
                let of = if planned.before == now.before {
                    &mut found.follows
                } else {
                    &mut found.fields
                };
                of.extend(compare(planned, now));
            }
            found
        }
        Err(rejected) => Found {
            fields: not_before(after, live),
            follows: refused(after, &rejected).into_iter().collect(),
        },
    }
}

/// Returns after how many operations the plan explains most of what is live, and what it does not explain then: fields,
/// and where all of them are as planned, what follows from them.
fn closest(
    operations: &[Own<'_>],
    (context, live): (Context<'_>, &IntegrationState),
    key: &IntegrationKey,
) -> Halfway {
    // Counted without the machine: there may be as many of them as the integration has actions.
    let odd = |reached: &usize| {
        let (before, after) = operations.split_at(*reached);
        Left::by(before).not_in(live, before).fields.len() + not_before(after, live).len()
    };
    let all = || (0..=operations.len()).map(|reached| (odd(&reached), reached));
    let (least, fewest) = all().min().unwrap_or_default();
    let most = all().filter(|(odd, _)| *odd == least).map(|(_, reached)| reached).max();
    let most = most.unwrap_or(fewest);
    let by = |reached: usize| {
        let (before, after) = operations.split_at(reached);
        let mut found = Left::by(before).not_in(live, before);
        let rest = rest(after, (context, live), key);
        found.fields.extend(rest.fields);
        found.follows.extend(rest.follows);
        if found.fields.is_empty() { found.follows } else { found.fields }
    };
    Halfway {
        fewest: first(operations, fewest),
        by_fewest: by(fewest),
        most: first(operations, most),
        by_most: by(most),
    }
}

/// What some writes to one integration leave, in the fields that they write.
#[derive(Debug, Default)]
struct Left<'p> {
    access: Option<&'p Access>,
    actions: BTreeMap<&'p ActionKey, ActionState>,
    client: Option<Client>,
    list: Option<&'p ScopeSet>,
    /// Whether a scope that moved is requested.
    scopes: BTreeMap<&'p Scope, bool>,
}

impl<'p> Left<'p> {
    fn by(operations: &[Own<'p>]) -> Self {
        let mut left = Self::default();
        for (_, planned, change) in operations {
            match change {
                IntegrationOperation::SetIntegrationAccess { access } => left.access = Some(access),
                IntegrationOperation::SetActionAccess { action, access, accept } => {
                    let accepted_missing = accept.clone();
                    let state = ActionState { access: access.clone(), accepted_missing };
                    left.actions.insert(action, state);
                }
                IntegrationOperation::SetClient { client } => {
                    left.client = Some(client.client());
                    left.list = match client {
                        ClientSpec::Custom { fixed, .. } => fixed.as_ref(),
                        ClientSpec::Managed => None,
                    };
                    if client.mode().follows_actions() {
                        // Nothing is missing then, so nothing stays accepted as missing.
                        for state in left.actions.values_mut() {
                            state.accepted_missing = ScopeSet::new();
                        }
                    }
                }
                IntegrationOperation::SetFixedScopes { scopes } => left.list = Some(scopes),
                IntegrationOperation::ConfirmPending { .. } => {}
            }
            left.scopes.extend(planned.effect.scopes.add.iter().map(|scope| (scope, true)));
            left.scopes.extend(planned.effect.scopes.remove.iter().map(|scope| (scope, false)));
        }
        left
    }

    fn is_in(&self, live: &IntegrationState) -> bool {
        self.access.is_none_or(|access| *access == live.access)
            && self.actions.iter().all(|(key, state)| live.actions.get(*key) == Some(state))
            && self.client.as_ref().is_none_or(|client| *client == live.client)
            && self.list.is_none_or(|list| {
                live.client.mode() == Some(Mode::Fixed) && *list == live.requested
            })
            && self.scopes.iter().all(|(scope, on)| live.requested.contains(scope) == *on)
    }

    /// Says what is not as these writes, which left this, left it.
    fn not_in(&self, live: &IntegrationState, operations: &[Own<'_>]) -> Found {
        let mut found = Found::default();
        let mut seen = BTreeSet::new();
        for (_, planned, change) in operations {
            let left = match change {
                IntegrationOperation::SetIntegrationAccess { .. } => self.access.map(value::access),
                IntegrationOperation::SetActionAccess { action, .. } => {
                    self.actions.get(action).map(value::action)
                }
                IntegrationOperation::SetClient { .. } => {
                    let list = self.list.unwrap_or(&live.requested);
                    self.client.as_ref().map(|client| value::client(client, list))
                }
                IntegrationOperation::SetFixedScopes { .. } => self.list.map(value::scopes),
                IntegrationOperation::ConfirmPending { .. } => None,
            };
            let now = value::field(change, live);
            if let Some(left) = left.filter(|left| seen.insert(&planned.address) && *left != now) {
                found.fields.push(Stale::left(planned.address.clone(), left, now));
            }
        }
        let Some((_, first, _)) = operations.first() else { return found };
        let requested = first.unit.oauth().child("requested_scopes");
        for (scope, on) in &self.scopes {
            let words =
                |on: bool| format!("{scope} {}", if on { "requested" } else { "not requested" });
            if live.requested.contains(scope) != *on {
                found.follows.push(Stale::left(requested.clone(), words(*on), words(!on)));
            }
        }
        if found.is_empty() && !self.is_in(live) {
            let mode = live.client.mode().map_or("none", Mode::name);
            let own = "the mode that its list of scopes is for";
            found.fields.push(Stale::left(first.unit.oauth(), own, format!("mode {mode}")));
        }
        found
    }
}
