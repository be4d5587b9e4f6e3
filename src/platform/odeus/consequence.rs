//! What a prospect makes possible, takes away and breaks. Computed from the machine's states before and after.

use std::collections::{BTreeMap, BTreeSet};

use super::audience::Audience;
use super::catalog;
use super::desired::DesiredList;
use super::desired::DesiredOauth;
use super::machine::pending;
use super::prospect::{Prospect, audience_words};
use super::scope_facts;
use super::state::Mode;
use crate::model::{
    ActionKey, Address, Cause, CauseKind, Direction, PrivilegeChange, Reach, Right, Scope,
    ScopeDelta, ScopeSet,
};
use crate::plan::{Breakage, Unreviewed};

/// Returns every right gained and lost, scopes first, each with its causes.
#[must_use]
pub fn privilege(prospect: &Prospect<'_>) -> Vec<PrivilegeChange> {
    if prospect.operations.is_empty() {
        return Vec::new();
    }
    let delta = ScopeDelta::between(&prospect.before().requested, &prospect.after.requested);
    let needs = declarers(prospect.facts(), &delta);
    let waiting = if delta.add.is_empty() {
        ScopeSet::new()
    } else {
        pending(prospect.facts(), prospect.before())
    };
    let mut changes = Vec::new();
    for (direction, scopes) in
        [(Direction::Widening, &delta.add), (Direction::Narrowing, &delta.remove)]
    {
        for scope in scopes {
            let fact = scope_facts::known(&prospect.facts().provider, scope);
            changes.push(PrivilegeChange {
                unit: prospect.address.clone(),
                direction,
                right: Right::Scope(scope.clone()),
                causes: causes(
                    prospect,
                    scope,
                    direction,
                    needs.get(scope).map_or(&[], Vec::as_slice),
                    waiting.contains(scope),
                ),
                admin_consent: fact.map(|f| f.admin_consent),
                level: fact.and_then(|f| f.level),
            });
        }
    }
    changes.extend(uses(prospect));
    changes
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
    let on = |state: &super::state::IntegrationState, action: &catalog::Action| {
        state.actions.get(&action.key).is_some_and(|own| own.access.is_on())
    };
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
        because(CauseKind::FixedList, Some(prospect.address.child("oauth").child("scopes")));
    }
    if direction == Direction::Widening && was_pending {
        because(CauseKind::CatalogChange, None);
    }
    if direction == Direction::Narrowing && !fixed {
        because(CauseKind::NoLongerNeeded, None);
    }
    causes.into_iter().collect()
}

fn uses(prospect: &Prospect<'_>) -> Vec<PrivilegeChange> {
    let (Some(before), Some(after)) = (&prospect.before_facts, &prospect.after_facts) else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    // Both hold every action, in the order of their addresses.
    for ((address, first), (_, last)) in before.reach.iter().zip(&after.reach) {
        let Some(action) = prospect.facts().actions.get(address.name()).filter(|_| first != last)
        else {
            continue;
        };
        let words = |reach: &Audience, state| match reach {
            Audience::NotRunning => "nobody".to_owned(),
            Audience::Runs(_) => audience_words(state, action),
        };
        let right = Right::Use {
            address: address.clone(),
            before: words(first, prospect.before()),
            after: words(last, &prospect.after),
        };
        let direction = if last.within(first) { Direction::Narrowing } else { Direction::Widening };
        changes.push(PrivilegeChange {
            unit: prospect.address.clone(),
            direction,
            right,
            causes: vec![Cause { kind: CauseKind::Action, address: Some(address.clone()) }],
            admin_consent: None,
            level: None,
        });
    }
    changes
}

/// Returns what stops working, is on and will not run, or cannot be verified.
#[must_use]
pub fn breakage(prospect: &Prospect<'_>) -> Vec<Breakage> {
    let mut found = Vec::new();
    for (key, missing) in &prospect.proposal.unacknowledged {
        let address = prospect.action(key);
        found.push(Breakage::WillNotRun { address, missing: missing.clone() });
    }
    let (Some(before), Some(after)) = (&prospect.before_facts, &prospect.after_facts) else {
        return found;
    };
    let mut features: BTreeMap<String, (BTreeSet<Address>, ScopeSet)> = BTreeMap::new();
    for ((address, first), (_, last)) in before.reach.iter().zip(&after.reach) {
        let Some(action) = prospect.facts().actions.get(address.name()) else { continue };
        let (ran, runs_still) = (*first != Audience::NotRunning, *last != Audience::NotRunning);
        if runs_still {
            continue;
        }
        let address = address.clone();
        let missing = action.required_scopes.not_covered_by(&prospect.after.requested);
        let on = |state: &super::state::IntegrationState| {
            action.native || state.actions.get(&action.key).is_some_and(|own| own.access.is_on())
        };
        if missing.is_empty() || !on(&prospect.after) {
            continue;
        }
        if action.native && ran {
            for feature in &action.features {
                let (actions, scopes) = features.entry(feature.title().to_owned()).or_default();
                actions.insert(address.clone());
                scopes.extend_from(&missing);
            }
        } else if !action.native && ran && on(prospect.before()) {
            found.push(Breakage::StopsRunning { address, missing });
        } else if !action.native && !on(prospect.before()) {
            found.push(Breakage::WillNotRun { address, missing });
        }
    }
    for (feature, (actions, missing)) in features {
        found.push(Breakage::FeatureBreaks {
            unit: prospect.address.clone(),
            feature,
            actions,
            missing,
        });
    }
    for (key, acknowledged) in &prospect.proposal.acknowledged {
        let accepted = |state: &super::state::IntegrationState| {
            state.actions.get(key).map(|own| own.accepted_missing.clone()).unwrap_or_default()
        };
        let (was, is) = (accepted(prospect.before()), accepted(&prospect.after));
        if was != is {
            found.push(Breakage::Unverified {
                address: prospect.action(key),
                accepted: is,
                reason: acknowledged.reason.clone(),
            });
        }
    }
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
    let on = |state: &super::state::IntegrationState| {
        state.actions.get(key).is_some_and(|own| own.access.is_on())
    };
    on(&prospect.after) && !on(prospect.before())
}

/// Returns whether the declared list is the platform's recommendation rather than hand-written.
#[must_use]
pub fn follows_recommendation(prospect: &Prospect<'_>) -> bool {
    matches!(
        prospect.target.desired.oauth,
        Some(DesiredOauth::Fixed { scopes: DesiredList::Recommended, .. })
    )
}
