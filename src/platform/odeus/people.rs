//! Who must reconnect, and who still holds what was taken away.
//!
//! Source: SEMANTICS section 5, last paragraph; domain.md 1.8; cases 34, 47. Connections are grouped by what they were
//! granted, so the cost grows with the connections plus the distinct grants times the actions.

use std::collections::{BTreeMap, BTreeSet};

use super::audience::{Gates, Others, Resolver};
use super::machine::Context;
use super::state::{Connection, IntegrationState, Role};
use crate::model::{Access, Scope, ScopeSet, UserId};

/// Returns the users who must reconnect before everything they may run does run: users allowed at least one live action
/// whose required scopes are not all granted to them but are all requested, and everybody whose connection was made with
/// another client.
#[must_use]
pub fn must_reconnect(
    context: Context<'_>,
    state: &IntegrationState,
    connections: &[&Connection],
) -> BTreeSet<UserId> {
    let identity = state.client.identity();
    let mut found = BTreeSet::new();
    let mut by_grant: BTreeMap<&ScopeSet, Vec<&UserId>> = BTreeMap::new();
    for connection in connections {
        if connection.client != identity {
            found.insert(connection.user.clone());
        } else if !state.requested.is_subset(&connection.granted) {
            by_grant.entry(&connection.granted).or_default().push(&connection.user);
        }
    }
    if by_grant.is_empty() {
        return found;
    }
    let mut resolver = Resolver::new(context.directory);
    let runnable: Vec<(&ScopeSet, Others)> = context
        .facts
        .actions
        .values()
        .filter_map(|action| {
            let own = state.actions.get(&action.key)?;
            let live = action.native || own.access.is_on();
            if !live || !action.required_scopes.is_subset(&state.requested) {
                return None;
            }
            let access: Option<&Access> = if action.native { None } else { Some(&own.access) };
            let gates = Gates { integration: &state.access, action: access };
            Some((&action.required_scopes, resolver.passes(&gates)))
        })
        .collect();
    for (granted, users) in by_grant {
        let lacking: Vec<&Others> = runnable
            .iter()
            .filter(|(required, _)| !required.is_subset(granted))
            .map(|(_, others)| others)
            .collect();
        if lacking.is_empty() {
            continue;
        }
        for user in users {
            let admin = context.directory.users.get(user) == Some(&Role::Admin);
            let allowed = |others: &&Others| match others {
                Others::Everyone => true,
                Others::Users(set) => set.contains(user),
            };
            if admin || lacking.iter().any(allowed) {
                found.insert(user.clone());
            }
        }
    }
    found
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
