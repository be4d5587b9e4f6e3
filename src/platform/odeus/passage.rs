//! One integration from one state to another: what that makes possible, takes away and breaks, whoever wished it.
//!
//! The planner reads its plan off this and adds why; apply reads the same off what is live, to see whether a plan says
//! what its operations do.

use std::collections::{BTreeMap, BTreeSet};

use super::audience::{Audience, NOT_RUNNING};
use super::catalog;
use super::change;
use super::prospect::audience_words;
use super::scope_facts;
use super::state::{Client, IntegrationState, Mode};
use crate::model::{
    ActionKey, Address, Direction, LetsIn, PrivilegeChange, Reach as _, Right, Scope, ScopeDelta,
    ScopeSet,
};
use crate::plan::consequence::Consequences;
use crate::plan::laws::{Facts, Violation};
use crate::plan::{Breakage, Loss, LossKind};

/// Two states of one integration, with what the machine says of each and of the way between them.
#[derive(Debug, Clone, Copy)]
pub struct Passage<'p> {
    /// The integration's address.
    pub unit: &'p Address,
    /// The vendor's facts.
    pub facts: &'p catalog::Integration,
    /// Where it begins.
    pub before: &'p IntegrationState,
    /// Where it ends.
    pub after: &'p IntegrationState,
    /// Who can run what at the beginning.
    pub first: &'p Facts<Audience>,
    /// Who can run what at the end.
    pub last: &'p Facts<Audience>,
    /// Laws that the way breaks.
    pub window: &'p [Violation],
}

/// Something that is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost<'p> {
    /// A scope is no longer requested.
    Scope(Scope),
    /// Fewer people or others can run an action, or it stops.
    Use {
        /// Its address.
        address: &'p Address,
        /// The vendor's facts of it.
        action: &'p catalog::Action,
        /// It runs for nobody.
        stops: bool,
    },
    /// The share list of an action allows less or others.
    Setting(&'p ActionKey),
    /// The access of the integration allows less or others.
    Access,
    /// The OAuth client is another one.
    Client,
    /// Something stops for a moment.
    Moment(Address),
}

impl Lost<'_> {
    /// Returns what loses something and in which way.
    #[must_use]
    pub fn what(&self, unit: &Address) -> (Address, LossKind) {
        match self {
            Self::Scope(scope) => (scope_address(unit, scope), LossKind::Scope),
            Self::Use { address, .. } => ((*address).clone(), LossKind::Use),
            Self::Setting(key) => (unit.child("actions").child(key.as_str()), LossKind::Setting),
            Self::Access => (unit.child("access"), LossKind::Setting),
            Self::Client => (unit.oauth(), LossKind::Client),
            Self::Moment(address) => (address.clone(), LossKind::Moment),
        }
    }
}

fn scope_address(unit: &Address, scope: &Scope) -> Address {
    unit.scope_list().child(scope.as_str())
}

impl<'p> Passage<'p> {
    /// Returns the scopes that come and go.
    #[must_use]
    pub fn scopes(&self) -> ScopeDelta {
        ScopeDelta::between(&self.before.requested, &self.after.requested)
    }

    /// Returns every right gained and lost, scopes first, then the client, then uses, without causes.
    #[must_use]
    pub fn rights(&self) -> Vec<PrivilegeChange> {
        let delta = self.scopes();
        let mut changes = Vec::new();
        // Elsewhere than in a list that is kept by hand, scopes are the vendor's own.
        let by_hand = self.after.client.mode() == Some(Mode::Fixed) && !delta.add.is_empty();
        let catalogue = by_hand.then(|| self.facts.recommended_scopes());
        let doubt = |direction, scope: &Scope| match (direction, &catalogue) {
            (Direction::Widening, Some(catalogue)) => {
                let provider = &self.facts.provider;
                scope_facts::doubt(provider, scope, catalogue)?.unpublished(provider)
            }
            (Direction::Widening | Direction::Narrowing, _) => None,
        };
        for (direction, scopes) in
            [(Direction::Widening, &delta.add), (Direction::Narrowing, &delta.remove)]
        {
            for scope in scopes {
                let fact = scope_facts::known(&self.facts.provider, scope);
                changes.push(PrivilegeChange {
                    unit: self.unit.clone(),
                    direction,
                    right: Right::Scope(scope.clone()),
                    causes: Vec::new(),
                    admin_consent: fact.and_then(|f| f.admin_consent),
                    level: fact.and_then(|f| f.level),
                    access: scope_facts::access(&self.facts.provider, scope),
                    doubt: doubt(direction, scope),
                });
            }
        }
        if self.after.client.is_let_in_after(&self.before.client) {
            let right = Right::Setting { address: self.unit.oauth(), lets_in: LetsIn::Client };
            changes.push(PrivilegeChange {
                unit: self.unit.clone(),
                direction: Direction::Widening,
                right,
                causes: Vec::new(),
                admin_consent: None,
                level: None,
                access: None,
                doubt: None,
            });
        }
        changes.extend(self.uses());
        changes
    }

    /// Iterates the actions with who could and who can run each. All three hold every action of the catalogue, in the order
    /// of the keys ([`Machine::facts`](super::machine::Machine::facts)), so they are walked together.
    fn reaches(
        &self,
    ) -> impl Iterator<Item = (&'p Address, &'p catalog::Action, &'p Audience, &'p Audience)> {
        let both = self.first.reach.iter().zip(self.last.reach.values());
        self.facts.actions.values().zip(both).map(|(action, ((address, first), last))| {
            debug_assert_eq!(address.name(), action.key.as_str());
            (address, action, first, last)
        })
    }

    fn uses(&self) -> impl Iterator<Item = PrivilegeChange> {
        let moved = self.reaches().filter(|(_, _, first, last)| first != last);
        moved.map(|(address, action, first, last)| {
            let words = |reach: &Audience, state| match reach {
                Audience::NotRunning => NOT_RUNNING.to_owned(),
                Audience::Runs(_) => audience_words(state, action),
            };
            let right = Right::Use {
                address: address.clone(),
                before: words(first, self.before),
                after: words(last, self.after),
            };
            let narrows = last.within(first);
            PrivilegeChange {
                unit: self.unit.clone(),
                direction: if narrows { Direction::Narrowing } else { Direction::Widening },
                right,
                causes: Vec::new(),
                admin_consent: None,
                level: None,
                access: None,
                doubt: None,
            }
        })
    }

    /// Returns what stops working, or is on and will not run.
    #[must_use]
    pub fn broken(&self) -> Vec<Breakage> {
        let mut found = Vec::new();
        let mut features: BTreeMap<String, (BTreeSet<Address>, ScopeSet)> = BTreeMap::new();
        for (address, action, first, last) in self.reaches() {
            if *last != Audience::NotRunning {
                continue;
            }
            let ran = *first != Audience::NotRunning;
            let address = address.clone();
            let missing = action.required_scopes.not_covered_by(&self.after.requested);
            let on = |state: &IntegrationState| action.native || state.is_on(&action.key);
            if missing.is_empty() || !on(self.after) {
                continue;
            }
            if action.native && ran {
                for feature in &action.features {
                    let (actions, scopes) = features.entry(feature.title().to_owned()).or_default();
                    actions.insert(address.clone());
                    scopes.extend_from(&missing);
                }
            } else if !action.native && ran && on(self.before) {
                found.push(Breakage::StopsRunning { address, missing });
            } else if !action.native && !on(self.before) {
                found.push(Breakage::WillNotRun { address, missing });
            }
        }
        found.extend(features.into_iter().map(|(feature, (actions, missing))| {
            Breakage::FeatureBreaks { unit: self.unit.clone(), feature, actions, missing }
        }));
        found
    }

    /// Returns the actions that newly rely on a claim that scopes are not needed, without the reason.
    pub fn unverified(&self) -> impl Iterator<Item = Breakage> {
        let accepts = self.after.actions.iter().filter_map(|(key, own)| {
            let was = self.before.actions.get(key).map(|own| &own.accepted_missing);
            let newly = was.is_none_or(|was| !own.accepted_missing.is_subset(was));
            (newly && !own.accepted_missing.is_empty()).then_some((key, &own.accepted_missing))
        });
        accepts.map(|(key, accepted)| Breakage::Unverified {
            address: self.unit.child("actions").child(key.as_str()),
            accepted: accepted.clone(),
            reason: String::new(),
        })
    }

    /// Returns everything that something is taken from, for good or for a moment.
    #[must_use]
    pub fn losses(&self) -> Vec<Lost<'p>> {
        let (before, after) = (self.before, self.after);
        let mut losses: Vec<Lost<'p>> = self.scopes().remove.into_iter().map(Lost::Scope).collect();
        for (address, action, first, last) in self.reaches() {
            if !first.within(last) {
                let stops = *last == Audience::NotRunning;
                losses.push(Lost::Use { address, action, stops });
            }
        }
        for (key, own) in &before.actions {
            let new = after.actions.get(key);
            if new.is_some_and(|new| !own.access.is_within(&new.access)) {
                losses.push(Lost::Setting(key));
            }
        }
        if !before.access.is_within(&after.access) {
            losses.push(Lost::Access);
        }
        let another = before.client.identity() != after.client.identity();
        if before.client != Client::Unconfigured && another {
            losses.push(Lost::Client);
        }
        losses.extend(self.window.iter().filter_map(|violation| match violation {
            Violation::Outage(address) => Some(Lost::Moment(address.clone())),
            Violation::Churn(scope) => Some(Lost::Moment(scope_address(self.unit, scope))),
            // More than either state allows takes nothing; a scope that leaves for good is a loss above.
            Violation::ExcessUse(_) | Violation::ExcessScope(_) | Violation::LockedScope(_) => None,
        }));
        losses
    }

    /// Returns all of it, as apply holds it against a plan.
    #[must_use]
    pub fn consequences(&self) -> Consequences {
        let losses = self.losses().into_iter().map(|lost| {
            let (address, kind) = lost.what(self.unit);
            Loss::of(address, kind)
        });
        Consequences {
            privilege: self.rights(),
            breakage: self.broken().into_iter().chain(self.unverified()).collect(),
            losses: losses.collect(),
            window: self.window.iter().map(|law| (self.unit.clone(), law.clone())).collect(),
            changes: change::own(self.unit, self.before, self.after)
                .into_iter()
                .chain(change::actions(self.unit, self.before, self.after).map(|(_, line)| line))
                .collect(),
        }
    }
}
