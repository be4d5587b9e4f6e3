//! What a prospect takes away, from what and whom, and how much there is to take.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog;
use super::machine::{Context, runs_with};
use super::passage::Lost;
use super::people::{Grants, must_reconnect};
use super::prospect::Prospect;
use super::state::{ActionState, IntegrationState, Mode, Snapshot};
use crate::model::{ActionKey, Address, Scope, UserId};
use crate::plan::Loss;

/// Returns everything that the steps take something from, for good or for a moment, with the line that asks for it.
#[must_use]
pub fn losses(prospect: &Prospect<'_>) -> Vec<Loss> {
    let Some(passage) = prospect.passage() else { return Vec::new() };
    let lines = scope_lines(prospect);
    let facts = prospect.facts();
    let losses = passage.losses().into_iter().map(|lost| {
        let (address, kind) = lost.what(&prospect.address);
        let action = match &lost {
            Lost::Use { action, .. } => Some(*action),
            Lost::Setting(key) => facts.actions.get(*key),
            Lost::Moment(at) => facts
                .actions
                .values()
                .find(|action| *at == prospect.address.child("actions").child(action.key.as_str())),
            Lost::Scope(_) | Lost::Access | Lost::Client => None,
        };
        let names = action.into_iter().flat_map(|action| facts.earlier(action));
        let also_called =
            names.map(|old| prospect.address.child("actions").child(old.as_str())).collect();
        let declared_at = match &lost {
            Lost::Scope(scope) => lines.get(scope).cloned(),
            Lost::Use { address: _, action, stops } => {
                Some(use_line(prospect, &lines, action, *stops))
            }
            Lost::Setting(key) => Some(prospect.declared_at(key)),
            Lost::Access | Lost::Client => None,
            Lost::Moment(_) => Some(prospect.address.child("on_swap")),
        };
        let declared_at = declared_at.unwrap_or_else(|| address.clone());
        Loss { declared_at, address, kind, also_called }
    });
    losses.collect()
}

/// Returns, for every scope that is no longer requested, the line that asks for it: the list where there is one, else that
/// of an action that the plan turns off and that declares it, else the client. One look at each action.
fn scope_lines(prospect: &Prospect<'_>) -> BTreeMap<Scope, Address> {
    let (before, after) = (prospect.before(), &prospect.after);
    let removed = before.requested.minus(&after.requested);
    let oauth = prospect.address.oauth();
    if after.client.mode() == Some(Mode::Fixed) {
        let list = oauth.child("scopes");
        return removed.iter().map(|scope| (scope.clone(), list.clone())).collect();
    }
    let on = |own: Option<&ActionState>| own.is_some_and(ActionState::is_on);
    let mut lines = BTreeMap::new();
    let facts = prospect.facts();
    for ((action, was), (_, is)) in before.beside(facts).zip(after.beside(facts)) {
        if on(was) && !on(is) {
            for scope in action.required_scopes.iter().filter(|scope| removed.contains(scope)) {
                lines.entry(scope.clone()).or_insert_with(|| prospect.declared_at(&action.key));
            }
        }
    }
    for scope in &removed {
        lines.entry(scope.clone()).or_insert_with(|| oauth.clone());
    }
    lines
}

/// Returns the line for which an action is used by fewer people: its own where that narrows, else that of a scope that it
/// loses, else the access of the integration.
fn use_line(
    prospect: &Prospect<'_>,
    lines: &BTreeMap<Scope, Address>,
    action: &catalog::Action,
    stops: bool,
) -> Address {
    let (was, is) = (&prospect.before().actions, &prospect.after.actions);
    match (was.get(&action.key), is.get(&action.key)) {
        (Some(before), Some(after)) if !before.access.is_within(&after.access) => {
            prospect.declared_at(&action.key)
        }
        _ if stops => {
            let line = action.required_scopes.iter().find_map(|scope| lines.get(scope));
            line.cloned().unwrap_or_else(|| prospect.address.oauth())
        }
        _ => prospect.address.child("access"),
    }
}

/// Returns who must reconnect after `after` who need not do so at `before`.
#[must_use]
pub fn newly_reconnecting(
    context: Context<'_>,
    before: &IntegrationState,
    after: &IntegrationState,
    grants: &Grants<'_>,
) -> BTreeSet<UserId> {
    let had_to = must_reconnect(context, before, grants);
    let must = must_reconnect(context, after, grants);
    must.into_iter().filter(|user| !had_to.contains(user)).collect()
}

/// Returns how much there is to take in the whole workspace: requested scopes, and actions that run for somebody, be it
/// for admins alone.
#[must_use]
pub fn rights(snapshot: &Snapshot) -> usize {
    let each = snapshot.integrations.values().map(|live| {
        let running = live.state.beside(&live.facts);
        let running =
            running.filter(|(action, own)| runs_with(&live.facts, &live.state, action, *own));
        live.state.requested.len() + running.count()
    });
    each.sum()
}

/// Returns every address that a protection may name in this workspace, above and below included.
#[must_use]
pub fn addresses(snapshot: &Snapshot) -> Vec<Address> {
    let mut all = vec![Address::workspace().child("new_actions_enabled_by_default")];
    for (key, live) in &snapshot.integrations {
        let unit = Address::of(&[key.as_str()]);
        all.push(unit.child("access"));
        let (scopes, actions) = (unit.scope_list(), unit.child("actions"));
        // Also without a scope in it, so that the list itself can be protected.
        all.push(scopes.clone());
        all.extend(live.state.requested.iter().map(|scope| scopes.child(scope.as_str())));
        all.extend(live.facts.actions.keys().map(|action| actions.child(action.as_str())));
    }
    all
}

/// Returns the addresses that actions had under earlier names, each with the present one.
#[must_use]
pub fn renamed(snapshot: &Snapshot) -> Vec<(Address, Address)> {
    let mut all = Vec::new();
    for (unit, live) in &snapshot.integrations {
        let at = |key: &ActionKey| Address::of(&[unit.as_str(), "actions", key.as_str()]);
        for action in live.facts.actions.values() {
            let earlier = live.facts.earlier(action);
            all.extend(earlier.map(|old| (at(old), at(&action.key))));
        }
    }
    all
}
