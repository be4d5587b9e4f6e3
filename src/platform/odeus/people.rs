//! Who must refresh a connection before everything they may run does run.
//!
//! Source: SEMANTICS section 5, last paragraph; seed FAQ: existing connections keep the scopes granted at connection time.

use std::collections::{BTreeMap, BTreeSet};

use super::audience::{Gates, Others, Resolver};
use super::machine::Context;
use super::state::{Connection, IntegrationState, Role};
use crate::model::{Access, Scope, ScopeSet, UserId};

/// Returns the users who must reconnect once the integration is at `state_after`: those allowed at least one live
/// action whose required scopes they have not granted although all are requested, and everybody whose connection was
/// made with another client (case 34). A scope that is merely removed asks nobody.
///
/// Connections with equal grants are decided together, so the cost is that of the different grants, not of the people.
#[must_use]
pub fn must_reconnect(
    context: Context<'_>,
    state_after: &IntegrationState,
    connections: &[&Connection],
) -> BTreeSet<UserId> {
    let identity = state_after.client.identity();
    let mut people = BTreeSet::new();
    let mut by_grant: BTreeMap<&ScopeSet, Vec<&UserId>> = BTreeMap::new();
    for connection in connections {
        if connection.client == identity {
            by_grant.entry(&connection.granted).or_default().push(&connection.user);
        } else {
            people.insert(connection.user.clone());
        }
    }

    // What can be run with the requested scopes, by who may run it: few lists serve many actions.
    let mut wanted: BTreeMap<Option<&Access>, BTreeSet<&ScopeSet>> = BTreeMap::new();
    for action in context.facts.actions.values() {
        let own = state_after.actions.get(&action.key).map_or(&Access::Nobody, |own| &own.access);
        let live = action.native || own.is_on();
        if live && action.required_scopes.is_subset(&state_after.requested) {
            let gate = if action.native { None } else { Some(own) };
            wanted.entry(gate).or_default().insert(&action.required_scopes);
        }
    }
    let mut resolver = Resolver::new(context.directory);
    let passes: Vec<(Others, BTreeSet<&ScopeSet>)> = wanted
        .into_iter()
        .map(|(action, scopes)| {
            let gates = Gates { integration: &state_after.access, action };
            (resolver.passes(&gates), scopes)
        })
        .collect();

    for (granted, users) in by_grant {
        let lacking: Vec<&Others> = passes
            .iter()
            .filter(|(_, lists)| lists.iter().any(|scopes| !scopes.is_subset(granted)))
            .map(|(others, _)| others)
            .collect();
        if lacking.is_empty() {
            continue;
        }
        for user in users {
            // Somebody who has left the workspace may run nothing.
            let allowed = match context.directory.users.get(user) {
                None => false,
                Some(Role::Admin) => true,
                Some(Role::Editor | Role::Member) => lacking.iter().any(|others| match others {
                    Others::Everyone => true,
                    Others::Users(list) => list.contains(user),
                }),
            };
            if allowed {
                people.insert(user.clone());
            }
        }
    }
    people
}

/// Returns, for every removed scope, the users whose grant still holds it.
#[must_use]
pub fn still_hold(
    removed: &ScopeSet,
    connections: &[&Connection],
) -> BTreeMap<Scope, BTreeSet<UserId>> {
    let mut held: BTreeMap<Scope, BTreeSet<UserId>> = BTreeMap::new();
    for connection in connections {
        for scope in removed.iter().filter(|scope| connection.granted.contains(scope)) {
            held.entry(scope.clone()).or_default().insert(connection.user.clone());
        }
    }
    held
}

#[cfg(test)]
mod tests;
