//! The seed's two views of one integration before and after a plan, row by row, so that a report can show both sides.
//!
//! Both sides come from [`super::view`], which `status` prints: what a plan promises reads as what will be live.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalog::{self, Feature};
use super::effective;
use super::operation::{IntegrationOperation, Operation};
use super::state::{Client, IntegrationState, ScopePolicy};
use super::value;
use super::view::{self, Enabled, Remedy, Requested, Usable, View};
use crate::model::{Access, ActionKey, Address, Scope, ScopeSet, Sides};
use crate::plan::{PlannedOperation, shown};
use crate::platform;

/// One integration on both sides of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The integration.
    pub unit: Address,
    /// Its title. The vendor's text.
    pub title: String,
    /// Who may connect and use it.
    pub access: Sides<Access>,
    /// Whose OAuth client is used and where its scopes come from, in words.
    pub client: Sides<String>,
    /// Whether there is no client at all. Left out where both sides have one.
    #[serde(default = "Comparison::connects", skip_serializing_if = "Comparison::is_connected")]
    pub clientless: Sides<bool>,
    /// *Scope view*: every scope that is requested or declared on either side, in byte order.
    pub scopes: Vec<ScopeSides>,
    /// *Action view*: every action, in key order.
    pub actions: Vec<ActionSides>,
}

/// One scope. The actions that declare it are those whose `declares` holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeSides {
    /// The scope.
    pub scope: Scope,
    /// Whether every connection asks for it, whatever the actions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub base: bool,
    /// Whether a native action declares it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub native: bool,
    /// The green check or the red cross.
    pub requested: Sides<Requested>,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionSides {
    /// Its key.
    pub key: ActionKey,
    /// Its title. The vendor's text.
    pub title: String,
    /// Who may run it.
    pub enabled: Sides<Enabled>,
    /// The scopes that it declares.
    pub declares: ScopeSet,
    /// The declared scopes that are not requested, and what to do about each. None missing: the badge says
    /// *Scope configured*; else *Missing scope*.
    pub missing: Sides<BTreeMap<Scope, Remedy>>,
    /// The features that it powers, when it is native.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub features: BTreeSet<Feature>,
}

/// Returns both sides of one integration.
#[must_use]
pub fn compare(
    unit: &Address,
    facts: &catalog::Integration,
    before: &IntegrationState,
    after: &IntegrationState,
) -> Comparison {
    let (old, new) = (view::of_state(facts, before), view::of_state(facts, after));
    Comparison {
        unit: unit.clone(),
        title: old.name.clone(),
        access: Sides::new(old.access.clone(), new.access.clone()),
        client: Sides::new(client(&old.client), client(&new.client)),
        clientless: Sides::new(clientless(&old), clientless(&new)),
        scopes: scopes(&old, &new),
        actions: actions(old, new),
    }
}

/// A row that only one side has is a scope that a hand-written list names and nothing else does, or a placeholder that
/// a list fills in: on the other side it is not requested.
fn scopes(old: &View, new: &View) -> Vec<ScopeSides> {
    let mut rows: BTreeMap<&Scope, ScopeSides> = BTreeMap::new();
    for row in &old.scopes {
        rows.insert(&row.scope, sides(row, row.requested, Requested::No));
    }
    for row in &new.scopes {
        let known =
            rows.entry(&row.scope).or_insert_with(|| sides(row, Requested::No, row.requested));
        known.requested = Sides::new(known.requested.before, row.requested);
        known.base |= row.base;
        known.native |= row.native;
    }
    rows.into_values().collect()
}

fn sides(row: &view::ScopeRow, before: Requested, after: Requested) -> ScopeSides {
    ScopeSides {
        scope: row.scope.clone(),
        base: row.base,
        native: row.native,
        requested: Sides::new(before, after),
    }
}

/// Both views list the actions of the same catalogue in the same order.
fn actions(old: View, new: View) -> Vec<ActionSides> {
    let pairs = old.actions.into_iter().zip(new.actions);
    pairs
        .map(|(before, after)| ActionSides {
            key: before.key,
            title: before.name,
            enabled: Sides::new(before.enabled, after.enabled),
            declares: before.required,
            missing: Sides::new(before.missing, after.missing),
            features: before.features,
        })
        .collect()
}

fn clientless(view: &View) -> bool {
    matches!(view.client, Client::Unconfigured)
}

fn client(client: &Client) -> String {
    match client {
        Client::Unconfigured => "none: nobody can connect".to_owned(),
        Client::Managed => "managed: the platform's client, scopes follow the actions".to_owned(),
        Client::Custom(custom) => {
            let scopes = match custom.scopes {
                ScopePolicy::Sync => "sync: own client",
                ScopePolicy::Fixed => "fixed: own client",
            };
            let how = match custom.scopes {
                ScopePolicy::Sync => "scopes follow the actions",
                ScopePolicy::Fixed => "a hand-written list",
            };
            format!("{scopes} {}, {how}", custom.id)
        }
    }
}

impl Comparison {
    /// Returns whether both sides show what the operations of the integration do to it.
    #[must_use]
    pub fn shows(&self, own: &[&PlannedOperation]) -> bool {
        let (added, removed) = shown::net(own);
        let rows: BTreeMap<&Scope, &ScopeSides> =
            self.scopes.iter().map(|row| (&row.scope, row)).collect();
        let moves = |scope: &Scope, from: bool| {
            rows.get(scope).is_some_and(|row| {
                let is = |requested: &Requested| *requested == Requested::Yes;
                is(&row.requested.before) == from && is(row.requested.after()) != from
            })
        };
        let scopes = added.iter().all(|scope| moves(scope, false))
            && removed.iter().all(|scope| moves(scope, true));
        let actions: BTreeMap<&ActionKey, &ActionSides> =
            self.actions.iter().map(|row| (&row.key, row)).collect();
        let requested = self.scopes.iter().filter(|row| *row.requested.after() == Requested::Yes);
        let requested: ScopeSet = requested.map(|row| row.scope.clone()).collect();
        let accepted = effective::accepted(own);
        // The last write to a field leaves it as it will be.
        let mut left: BTreeMap<&Address, bool> = BTreeMap::new();
        for planned in own {
            if let platform::Operation::Odeus(Operation::Integration { change, .. }) =
                &planned.operation
            {
                let as_left = match change {
                    IntegrationOperation::SetIntegrationAccess { access } => {
                        self.access.after() == access
                    }
                    IntegrationOperation::SetActionAccess { action, access, .. } => {
                        let accepted = accepted.get(action);
                        actions.get(action).zip(accepted).is_some_and(|(row, accepted)| {
                            matches!(row.enabled.after(), Enabled::For(own) if own == access)
                                && row.lacks(&requested, accepted)
                        })
                    }
                    IntegrationOperation::SetClient { client: spec } => {
                        *self.client.after() == client(&spec.client())
                    }
                    // What they do is in the scopes that come and go.
                    IntegrationOperation::SetFixedScopes { .. }
                    | IntegrationOperation::ConfirmPending { .. } => true,
                };
                left.insert(&planned.address, as_left);
            }
        }
        scopes && left.values().all(|as_left| *as_left) && self.begins(own, &actions)
    }

    /// Returns whether the side before is what the first write to each field was computed on.
    fn begins(
        &self,
        own: &[&PlannedOperation],
        actions: &BTreeMap<&ActionKey, &ActionSides>,
    ) -> bool {
        let mut seen = BTreeSet::new();
        own.iter().filter(|planned| seen.insert(&planned.address)).all(|planned| {
            let platform::Operation::Odeus(Operation::Integration { change, .. }) =
                &planned.operation
            else {
                return true;
            };
            let was = |access: &Access| {
                let who = value::access(access);
                planned.before == who || planned.before.get("access") == Some(&who)
            };
            match change {
                IntegrationOperation::SetIntegrationAccess { .. } => was(&self.access.before),
                IntegrationOperation::SetActionAccess { action, .. } => {
                    match actions.get(action).map(|row| &row.enabled.before) {
                        Some(Enabled::For(access)) => was(access),
                        Some(Enabled::Always) | None => false,
                    }
                }
                IntegrationOperation::SetClient { .. }
                | IntegrationOperation::SetFixedScopes { .. }
                | IntegrationOperation::ConfirmPending { .. } => true,
            }
        })
    }

    /// Returns who can use an action before and after: both access gates together, its scopes aside.
    #[must_use]
    pub fn usable(&self, action: &ActionSides) -> (Usable, Usable) {
        let before = action.enabled.before.within(&self.access.before);
        (before, action.enabled.after().within(self.access.after()))
    }

    /// Returns whether an OAuth client is there, before and after.
    #[must_use]
    pub fn has_client(&self) -> (bool, bool) {
        (!self.clientless.before, !self.clientless.after())
    }

    const fn connects() -> Sides<bool> {
        Sides { before: false, after: None }
    }

    fn is_connected(clientless: &Sides<bool>) -> bool {
        *clientless == Self::connects()
    }
}

impl ActionSides {
    /// Returns whether the side after lacks what it declares and is not `requested`, and says the truth of each: whether it
    /// is accepted as missing.
    fn lacks(&self, requested: &ScopeSet, accepted: &ScopeSet) -> bool {
        let missing = self.missing.after();
        let declared = self.declares.not_covered_by(requested);
        declared.iter().eq(missing.keys())
            && missing.iter().all(|(scope, remedy)| match remedy {
                Remedy::Accepted => accepted.contains(scope),
                Remedy::AddToClient => !accepted.contains(scope),
                Remedy::EnableAction
                | Remedy::ConfirmPending
                | Remedy::ConfigureClient
                | Remedy::AskVendor => true,
            })
    }

    /// Returns whether the action is on, before and after.
    #[must_use]
    pub fn is_on(&self) -> (bool, bool) {
        let on = |enabled: &Enabled| match enabled {
            Enabled::Always => true,
            Enabled::For(access) => access.is_on(),
        };
        (on(&self.enabled.before), on(self.enabled.after()))
    }

    /// Returns whether the plan moves the switch, the sharing or the badge. Another advice alone moves nothing.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.enabled.moves() || self.missing.before.keys().ne(self.missing.after().keys())
    }
}
