//! Who must reconnect before everything they may run does run.
//!
//! Source: SEMANTICS section 5, last paragraph; seed FAQ: existing connections keep the scopes granted at connection time.

use std::collections::{BTreeMap, BTreeSet};

use super::audience::{Gates, Others, Resolver};
use super::machine::Context;
use super::state::{ClientIdentity, Connection, IntegrationState, Role};
use crate::model::{Access, Scope, ScopeSet, UserId};

/// The connections of one integration, by what they were granted: few different grants serve many people, so everything
/// below costs as much as the grants differ, after one look at each connection.
#[derive(Debug, Clone, Default)]
pub struct Grants<'a> {
    groups: Vec<Grant<'a>>,
}

#[derive(Debug, Clone)]
struct Grant<'a> {
    client: &'a ClientIdentity,
    granted: &'a ScopeSet,
    users: Vec<&'a UserId>,
}

impl<'a> Grants<'a> {
    /// Groups connections.
    #[must_use]
    pub fn of(connections: &[&'a Connection]) -> Self {
        let mut groups: Vec<Grant<'a>> = Vec::new();
        let mut places: BTreeMap<(&ScopeSet, &ClientIdentity), usize> = BTreeMap::new();
        for connection in connections {
            let (client, granted) = (&connection.client, &connection.granted);
            // Neighbours mostly granted the same, which is told faster than where it belongs.
            if let Some(last) = groups.last_mut()
                && (last.client, last.granted) == (client, granted)
            {
                last.users.push(&connection.user);
                continue;
            }
            let place = *places.entry((granted, client)).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.users.push(&connection.user),
                None => groups.push(Grant { client, granted, users: vec![&connection.user] }),
            }
        }
        Self { groups }
    }

    /// Returns, for every removed scope, the users whose grant still holds it.
    #[must_use]
    pub fn still_hold(&self, removed: &ScopeSet) -> BTreeMap<Scope, BTreeSet<UserId>> {
        let mut held: BTreeMap<Scope, BTreeSet<UserId>> = BTreeMap::new();
        for group in &self.groups {
            for scope in removed.iter().filter(|scope| group.granted.contains(scope)) {
                let users = group.users.iter().map(|user| (*user).clone());
                held.entry(scope.clone()).or_default().extend(users);
            }
        }
        held
    }
}

/// Returns the users who must reconnect once the integration is at `state_after`: those allowed at least one live
/// action whose required scopes they have not granted although all are requested, and everybody whose connection was
/// made with another client (case 34). A scope that is merely removed asks nobody.
#[must_use]
pub fn must_reconnect(
    context: Context<'_>,
    state_after: &IntegrationState,
    grants: &Grants<'_>,
) -> BTreeSet<UserId> {
    let identity = state_after.client.identity();
    let mut people = BTreeSet::new();
    let mut ours: Vec<&Grant<'_>> = Vec::new();
    for group in &grants.groups {
        if *group.client == identity {
            // Who has granted everything lacks nothing.
            if !state_after.requested.is_subset(group.granted) {
                ours.push(group);
            }
        } else {
            people.extend(group.users.iter().map(|user| (*user).clone()));
        }
    }
    if ours.is_empty() {
        return people;
    }

    // What can be run with the requested scopes, by who may run it: few lists serve many actions.
    let mut wanted: BTreeMap<Option<&Access>, BTreeSet<&ScopeSet>> = BTreeMap::new();
    for (action, own) in state_after.beside(context.facts) {
        let own = own.map_or(&Access::Nobody, |own| &own.access);
        let live = action.native || own.is_on();
        if live && action.required_scopes.is_covered_by(&state_after.requested) {
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

    for Grant { client: _, granted, users } in ours {
        let lacking: Vec<&Others> = passes
            .iter()
            .filter(|(_, lists)| lists.iter().any(|scopes| !scopes.is_covered_by(granted)))
            .map(|(others, _)| others)
            .collect();
        if lacking.is_empty() {
            continue;
        }
        for user in users.iter().copied() {
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

#[cfg(test)]
mod tests;
