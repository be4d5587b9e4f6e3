//! Whether a plan has been carried out in part already, and how far.
//!
//! A unit's operations are carried out in order, so an interrupted plan leaves some first operations done. Their values
//! before are gone, but what they leave is not: every field that they wrote holds exactly what the last write to it
//! leaves, every scope that they moved is where they moved it, and the machine folds the rest over what is live with the
//! sealed values and effects.

use std::collections::{BTreeMap, BTreeSet};

use super::adapter::{Own, by_integration, compare, context};
use super::machine::Machine;
use super::operation::{ClientSpec, IntegrationOperation, Operation};
use super::planner::fact;
use super::prospect::replay;
use super::state::{ActionState, Client, IntegrationState, Mode, Snapshot};
use super::value;
use crate::model::{Access, ActionKey, Address, Scope, ScopeSet};
use crate::plan::Bound;
use crate::platform;

/// Returns the places of the operations that have been done already, or `None` when the live state is none that the
/// plan goes through.
#[must_use]
pub fn resumed(bound: &Bound, snapshot: &Snapshot) -> Option<BTreeSet<usize>> {
    let mut done = BTreeSet::new();
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
                return None;
            }
        }
    }
    // A fact that the plan itself has changed is where the plan left it.
    let facts = bound.relied_on.iter().filter(|relied| !written.contains(&relied.address));
    for relied in facts {
        if fact(&relied.address, snapshot).as_ref() != Some(&relied.value) {
            return None;
        }
    }
    for (key, operations) in by_integration(bound) {
        let (context, live) = context(snapshot, key)?;
        let reached = (0..=operations.len()).find(|reached| {
            let (before, after) = operations.split_at(*reached);
            // Cheap first: the next write finds the value that it was planned on.
            let next = after.first();
            if next.is_some_and(|(_, planned, change)| value::field(change, live) != planned.before)
            {
                return false;
            }
            if !Left::by(before).is_in(live) {
                return false;
            }
            let changes: Vec<IntegrationOperation> =
                after.iter().map(|(_, _, change)| (*change).clone()).collect();
            let folded = replay(Machine::new(context, live.clone()), key, &changes);
            folded.is_ok_and(|(now, _)| {
                after.iter().zip(&now).all(|((_, planned, _), now)| compare(planned, now).is_none())
            })
        })?;
        done.extend(operations.iter().take(reached).map(|(index, ..)| *index));
    }
    Some(done)
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
}
