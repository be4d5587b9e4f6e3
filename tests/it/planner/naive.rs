//! The laws of apply a second time, in the most obvious way: ask every person about every action, and every scope.
//!
//! Written from DESIGN section 6 and SEMANTICS sections 1, 2 and 5. Uses neither `plan::laws` nor the machine's idea of
//! an audience.

use std::collections::BTreeSet;

use scopeform::model::{Access, Principal, Scope, ScopeSet, UserId};
use scopeform::platform::odeus::catalog::{Auth, Integration};
use scopeform::platform::odeus::state::{
    Client, ClientIdentity, Directory, IntegrationState, LiveIntegration, Role, ScopePolicy,
    Snapshot,
};

/// Somebody who might use the integration. Two of them have not joined yet: an admin and a member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Person {
    Known(UserId),
    FutureAdmin,
    FutureMember,
}

fn people(directory: &Directory) -> Vec<Person> {
    let known = directory.users.keys().cloned().map(Person::Known);
    known.chain([Person::FutureAdmin, Person::FutureMember]).collect()
}

fn is_admin(directory: &Directory, person: &Person) -> bool {
    match person {
        Person::Known(user) => directory.users.get(user) == Some(&Role::Admin),
        Person::FutureAdmin => true,
        Person::FutureMember => false,
    }
}

fn lets_in(directory: &Directory, access: &Access, person: &Person) -> bool {
    if is_admin(directory, person) {
        return true;
    }
    match access {
        Access::Everyone => true,
        Access::Nobody => false,
        Access::Only(list) => {
            let Person::Known(user) = person else { return false };
            list.iter().any(|principal| match principal {
                Principal::User(listed) => listed == user,
                Principal::Group(group) => {
                    directory.groups.get(group).is_some_and(|members| members.contains(user))
                }
            })
        }
    }
}

fn scopes_suffice(facts: &Integration, state: &IntegrationState, action: &str) -> bool {
    if facts.auth != Auth::Oauth {
        return true;
    }
    if state.client == Client::Unconfigured {
        return false;
    }
    facts.actions[action].required_scopes.iter().all(|scope| {
        holds(&state.requested, scope) || state.actions[action].accepted_missing.contains(scope)
    })
}

/// Whether a scope is there, or an address stands in the place that the vendor left open (case 18).
fn holds(list: &ScopeSet, declared: &Scope) -> bool {
    list.iter().any(|own| match declared.as_str().strip_prefix("{organization-url}") {
        Some(end) => own.as_str() == format!("https://acme.example{end}") || own == declared,
        None => own == declared,
    })
}

/// Returns everybody together with every action that runs for them.
pub(crate) fn works(
    facts: &Integration,
    state: &IntegrationState,
    directory: &Directory,
) -> BTreeSet<(Person, String)> {
    let mut pairs = BTreeSet::new();
    for person in people(directory) {
        for (key, action) in &facts.actions {
            let own = action.native || lets_in(directory, &state.actions[key].access, &person);
            let through = lets_in(directory, &state.access, &person) && own;
            if through && scopes_suffice(facts, state, key.as_str()) {
                pairs.insert((person.clone(), key.to_string()));
            }
        }
    }
    pairs
}

pub(crate) fn requested(state: &IntegrationState) -> BTreeSet<String> {
    state.requested.iter().map(ToString::to_string).collect()
}

fn follows_actions(client: &Client) -> bool {
    match client {
        Client::Unconfigured => false,
        Client::Managed => true,
        Client::Custom(custom) => custom.scopes == ScopePolicy::Sync,
    }
}

/// Returns every law that a sequence of states of one integration breaks, in words; empty when it keeps all four.
pub(crate) fn broken(
    facts: &Integration,
    directory: &Directory,
    states: &[IntegrationState],
) -> Vec<String> {
    let (Some(first), Some(last)) = (states.first(), states.last()) else { return Vec::new() };
    let (works_first, works_last) = (works(facts, first, directory), works(facts, last, directory));
    let (asked_first, asked_last) = (requested(first), requested(last));
    let mut broken = Vec::new();
    for (n, state) in states.iter().enumerate() {
        let (now, asked) = (works(facts, state, directory), requested(state));
        for pair in works_first.intersection(&works_last) {
            if !now.contains(pair) {
                broken.push(format!("outage at {n}: {pair:?}"));
            }
        }
        for pair in &now {
            if !works_first.contains(pair) && !works_last.contains(pair) {
                broken.push(format!("excess at {n}: {pair:?}"));
            }
        }
        for scope in &asked {
            if !asked_first.contains(scope) && !asked_last.contains(scope) {
                broken.push(format!("excess scope at {n}: {scope}"));
            }
        }
        for scope in asked_first.intersection(&asked_last) {
            if !asked.contains(scope) {
                broken.push(format!("churn at {n}: {scope}"));
            }
        }
    }
    for (n, pair) in states.windows(2).enumerate() {
        let [before, after] = pair else { continue };
        if !follows_actions(&after.client) {
            continue;
        }
        for action in facts.actions.values().filter(|action| action.native) {
            for scope in &action.required_scopes {
                if before.requested.contains(scope) && !after.requested.contains(scope) {
                    broken.push(format!("native scope lost at {n}: {scope}"));
                }
            }
        }
    }
    broken
}

fn identity(client: &Client) -> ClientIdentity {
    match client {
        Client::Unconfigured => ClientIdentity::None,
        Client::Managed => ClientIdentity::Managed,
        Client::Custom(custom) => ClientIdentity::Custom(custom.id.clone()),
    }
}

/// Returns who must reconnect one integration, person by person (SEMANTICS section 5, last paragraph).
pub(crate) fn must_reconnect(live: &Snapshot, after: &LiveIntegration) -> BTreeSet<String> {
    let mut must = BTreeSet::new();
    for connection in &live.connections {
        if connection.integration != after.facts.key {
            continue;
        }
        let person = Person::Known(connection.user.clone());
        let state = &after.state;
        if connection.client != identity(&state.client) {
            must.insert(connection.user.to_string());
            continue;
        }
        if !live.directory.users.contains_key(&connection.user) {
            continue;
        }
        for (key, action) in &after.facts.actions {
            let own = &state.actions[key].access;
            let on = action.native || *own != Access::Nobody;
            let allowed = lets_in(&live.directory, &state.access, &person)
                && (action.native || lets_in(&live.directory, own, &person));
            let granted =
                action.required_scopes.iter().all(|scope| holds(&connection.granted, scope));
            let asked = action.required_scopes.iter().all(|scope| holds(&state.requested, scope));
            if on && allowed && asked && !granted {
                must.insert(connection.user.to_string());
            }
        }
    }
    must
}
