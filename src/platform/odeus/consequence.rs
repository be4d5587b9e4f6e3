//! What a prospect makes possible, takes away and breaks, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog;
use super::desired::DesiredList;
use super::desired::DesiredOauth;
use super::machine::pending;
use super::prospect::Prospect;
use super::state::{Client, IntegrationState, Mode};
use crate::model::{
    Access, ActionKey, Address, Cause, CauseKind, Direction, PrivilegeChange, Right, Scope,
    ScopeDelta, ScopeSet, TierMove,
};
use crate::plan::{Breakage, Unreviewed};

/// Returns every right gained and lost, scopes first, each with its causes.
#[must_use]
pub fn privilege(prospect: &Prospect<'_>) -> Vec<PrivilegeChange> {
    let Some(passage) = prospect.passage() else { return Vec::new() };
    let delta = passage.scopes();
    let needs = declarers(prospect.facts(), &delta);
    let waiting = if delta.add.is_empty() {
        ScopeSet::new()
    } else {
        pending(prospect.facts(), prospect.before())
    };
    let mut changes = passage.rights();
    for change in &mut changes {
        change.causes = match &change.right {
            Right::Scope(scope) => causes(
                prospect,
                scope,
                change.direction,
                needs.get(scope).map_or(&[], Vec::as_slice),
                waiting.contains(scope),
            ),
            Right::Use { address, .. } => use_causes(prospect, address, change.direction),
            Right::Tier(TierMove { address, .. })
            | Right::Credential { address, .. }
            | Right::Setting { address, .. } => {
                vec![Cause { kind: CauseKind::Declared, address: Some(address.clone()) }]
            }
        };
    }
    changes
}

/// Returns why more or fewer people can run an action: what moves in the same direction of its own access and of the
/// integration's; and only where its own stays, its scopes, since those of an action that is turned on or off follow it.
fn use_causes(prospect: &Prospect<'_>, address: &Address, direction: Direction) -> Vec<Cause> {
    let (before, after) = (prospect.before(), &prospect.after);
    let Some(action) = prospect.facts().actions.get(address.name()) else { return Vec::new() };
    let moves = |old: &Access, new: &Access| match direction {
        Direction::Widening => !new.is_within(old),
        Direction::Narrowing => !old.is_within(new),
    };
    let own = |state: &IntegrationState| state.actions.get(&action.key).cloned();
    let own = own(before).zip(own(after)).filter(|_| !action.native);
    let cause = |kind, address: &Address| Cause { kind, address: Some(address.clone()) };
    let mut causes = Vec::new();
    if let Some((old, new)) = own.as_ref().filter(|(old, new)| moves(&old.access, &new.access)) {
        let toggled = old.access.is_on() != new.access.is_on();
        causes.push(cause(if toggled { CauseKind::Action } else { CauseKind::Shared }, address));
        if toggled && direction == Direction::Narrowing {
            return causes;
        }
    }
    if moves(&before.access, &after.access) {
        causes.push(cause(CauseKind::IntegrationAccess, &prospect.address.child("access")));
    }
    if causes.iter().any(|cause| cause.kind != CauseKind::IntegrationAccess) {
        return causes;
    }
    if before.client == Client::Unconfigured && direction == Direction::Widening {
        causes.push(cause(CauseKind::Client, &prospect.address.oauth()));
        return causes;
    }
    // Scopes that it needs and that are neither requested nor accepted as missing.
    let lacks = |state: &IntegrationState| {
        let missing = action.required_scopes.not_covered_by(&state.requested);
        match state.actions.get(&action.key) {
            Some(own) => missing.minus(&own.accepted_missing),
            None => missing,
        }
    };
    let (lacked, lacks) = (lacks(before), lacks(after));
    let moved = match direction {
        Direction::Widening if lacks.is_empty() => lacked,
        Direction::Narrowing if lacked.is_empty() => lacks,
        Direction::Widening | Direction::Narrowing => ScopeSet::new(),
    };
    let accepted = own.map(|(_, new)| new.accepted_missing).unwrap_or_default();
    if direction == Direction::Widening && !moved.intersection(&accepted).is_empty() {
        causes.push(cause(CauseKind::AcceptedMissing, address));
    }
    let list = prospect.address.scope_list();
    let needed = moved.iter().filter(|scope| !accepted.contains(scope));
    causes.extend(needed.map(|scope| cause(CauseKind::NeededScope, &list.child(scope.as_str()))));
    causes
}

fn declarers<'a>(
    facts: &'a catalog::Integration,
    delta: &ScopeDelta,
) -> BTreeMap<Scope, Vec<&'a catalog::Action>> {
    let mut needs: BTreeMap<Scope, Vec<&catalog::Action>> = BTreeMap::new();
    for action in facts.actions.values() {
        for scope in &action.required_scopes {
            if delta.add.contains(scope) || delta.remove.contains(scope) {
                needs.entry(scope.clone()).or_default().push(action);
            }
            if scope.placeholder().is_some() {
                let moved = delta.add.iter().chain(&delta.remove);
                for filled in moved.filter(|moved| scope.becomes(moved)) {
                    needs.entry(filled.clone()).or_default().push(action);
                }
            }
        }
    }
    needs
}

fn causes(
    prospect: &Prospect<'_>,
    scope: &Scope,
    direction: Direction,
    declarers: &[&catalog::Action],
    was_pending: bool,
) -> Vec<Cause> {
    let (before, after) = (prospect.before(), &prospect.after);
    let on = |state: &IntegrationState, action: &catalog::Action| state.is_on(&action.key);
    let mut causes = BTreeSet::new();
    let mut because = |kind, address: Option<Address>| {
        causes.insert(Cause { kind, address });
    };
    let fixed = after.client.mode() == Some(Mode::Fixed);
    for action in declarers {
        let address = Some(prospect.action(&action.key));
        match direction {
            Direction::Widening => {
                if action.native {
                    because(CauseKind::NativeAction, address);
                } else if on(after, action) && !on(before, action) {
                    because(CauseKind::Action, address);
                } else if on(after, action) {
                    because(CauseKind::LiveAction, address);
                }
            }
            Direction::Narrowing => {
                if !action.native && on(before, action) && !on(after, action) {
                    because(CauseKind::Action, address);
                }
            }
        }
    }
    if direction == Direction::Widening && prospect.facts().base_scopes.contains(scope) {
        because(CauseKind::BaseScope, None);
    }
    if fixed {
        because(CauseKind::FixedList, Some(prospect.address.scope_list()));
    }
    if direction == Direction::Widening && was_pending {
        because(CauseKind::CatalogChange, None);
    }
    if direction == Direction::Narrowing && !fixed {
        because(CauseKind::NoLongerNeeded, None);
    }
    causes.into_iter().collect()
}

/// Returns what stops working, is on and will not run, or cannot be verified.
#[must_use]
pub fn breakage(prospect: &Prospect<'_>) -> Vec<Breakage> {
    let mut found = Vec::new();
    for (key, missing) in &prospect.proposal.unacknowledged {
        let address = prospect.action(key);
        found.push(Breakage::WillNotRun { address, missing: missing.clone() });
    }
    let Some(passage) = prospect.passage() else { return found };
    found.extend(passage.broken());
    let reasons: BTreeMap<Address, &str> = prospect
        .proposal
        .acknowledged
        .iter()
        .map(|(key, acknowledged)| (prospect.action(key), acknowledged.reason.as_str()))
        .collect();
    found.extend(passage.unverified().map(|breakage| match breakage {
        Breakage::Unverified { address, accepted, .. } => {
            let reason = reasons.get(&address).copied().unwrap_or_default().to_owned();
            Breakage::Unverified { address, accepted, reason }
        }
        other => other,
    }));
    found
}

/// Returns the scopes that the plan would request because the vendor added them and that no line names.
#[must_use]
pub fn unreviewed(prospect: &Prospect<'_>) -> Vec<Unreviewed> {
    if !prospect.after.client.mode().is_some_and(Mode::follows_actions) {
        return Vec::new();
    }
    let added = prospect.after.requested.minus(&prospect.before().requested);
    if added.is_empty() {
        return Vec::new();
    }
    let pending = pending(prospect.facts(), prospect.before());
    let enabled: ScopeSet = prospect
        .target
        .actions
        .iter()
        .filter(|(key, _)| newly_on(prospect, key))
        .filter_map(|(key, _)| prospect.facts().actions.get(*key))
        .flat_map(|action| action.required_scopes.iter().cloned())
        .collect();
    pending
        .intersection(&added)
        .into_iter()
        .filter(|scope| !prospect.target.desired.accept_scopes.contains(scope))
        .filter(|scope| !enabled.contains(scope))
        .map(|scope| Unreviewed { unit: prospect.address.clone(), scope })
        .collect()
}

fn newly_on(prospect: &Prospect<'_>, key: &ActionKey) -> bool {
    prospect.after.is_on(key) && !prospect.before().is_on(key)
}

/// Returns whether the declared list is the platform's recommendation rather than hand-written.
#[must_use]
pub fn follows_recommendation(prospect: &Prospect<'_>) -> bool {
    matches!(
        prospect.target.desired.oauth,
        Some(DesiredOauth::Fixed { scopes: DesiredList::Recommended, .. })
    )
}
