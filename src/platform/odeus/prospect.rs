//! One integration on its way: what is live, what is wanted, the proven steps between, and where they end.
//!
//! Everything that a plan says about an integration is read off a [`Prospect`]; the findings are rules over it.

use super::audience::{Audience, Gates};
use super::catalog;
use super::desired::OnSwap;
use super::diff::{self, Acknowledged, Proposal};
use super::machine::{Context, Machine, Rejected};
use super::operation::{IntegrationOperation, Operation};
use super::passage::Passage;
use super::people::{Grants, must_reconnect};
use super::resolve::Target;
use super::state::{Connection, IntegrationState, Mode, Snapshot};
use crate::model::{Access, ActionKey, Address, Effect, Scope, ScopeSet, UserId};
use crate::plan::PlannedOperation;
use crate::plan::laws::{Facts, Violation};
use crate::plan::order::{self, Tolerance};
use crate::platform;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

/// One integration on its way.
#[derive(Debug)]
pub struct Prospect<'a> {
    /// The integration's address.
    pub address: Address,
    /// The address that those of its actions are below.
    pub actions: Address,
    /// What is wanted and what is live.
    pub target: Target<'a>,
    /// Facts, settings and directory, as they are live.
    pub context: Context<'a>,
    /// The date of the plan.
    pub today: Date,
    /// Acknowledgements and what is blocked.
    pub proposal: Proposal,
    /// The steps, in proven order.
    pub operations: Vec<PlannedOperation>,
    /// Where the steps end.
    pub after: IntegrationState,
    /// Who can run what before; only when there are steps.
    pub before_facts: Option<Facts<Audience>>,
    /// Who can run what after; only when there are steps.
    pub after_facts: Option<Facts<Audience>>,
    /// Laws that the order breaks because none keeps them all.
    pub window: Vec<Violation>,
    /// Whether the files say to accept that.
    pub tolerated: bool,
    /// How many writes are in each other's way, where they are too many for their orders to be searched.
    pub unsearched: Option<usize>,
    /// Why the platform would refuse the target in every order.
    pub rejected: Option<Rejected>,
    /// The integration's connections.
    pub connections: Vec<&'a Connection>,
    /// Who must reconnect and who still holds what; only when there are steps.
    pub people: People,
}

/// What the steps mean for those who are connected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Who had to reconnect anyway.
    pub had_to: BTreeSet<UserId>,
    /// Who must reconnect afterwards.
    pub must: BTreeSet<UserId>,
    /// For every removed scope, those whose grant still holds it.
    pub still_hold: BTreeMap<Scope, BTreeSet<UserId>>,
}

impl<'a> Prospect<'a> {
    /// Works out how to get from what is live to `target`.
    #[must_use]
    pub fn new(
        target: Target<'a>,
        snapshot: &'a Snapshot,
        connections: Vec<&'a Connection>,
        today: Date,
    ) -> Self {
        let live = target.live;
        let context = Context {
            facts: &live.facts,
            settings: &snapshot.settings,
            directory: &snapshot.directory,
        };
        let proposal = diff::propose(&target, &|key, missing, list| {
            acknowledge(&target, key, missing, list, today)
        });
        let mut prospect = Self {
            address: Address::of(&[target.key.as_str()]),
            actions: Address::of(&[target.key.as_str(), "actions"]),
            context,
            today,
            proposal,
            operations: Vec::new(),
            after: live.state.clone(),
            before_facts: None,
            after_facts: None,
            window: Vec::new(),
            tolerated: true,
            unsearched: None,
            rejected: None,
            connections,
            people: People::default(),
            target,
        };
        if prospect.proposal.orders.iter().any(|order| !order.is_empty()) {
            prospect.prove();
        }
        if !prospect.operations.is_empty() && !prospect.connections.is_empty() {
            let grants = Grants::of(&prospect.connections);
            let removed = prospect.before().requested.minus(&prospect.after.requested);
            prospect.people = People {
                had_to: must_reconnect(context, prospect.before(), &grants),
                must: must_reconnect(context, &prospect.after, &grants),
                still_hold: grants.still_hold(&removed),
            };
        }
        prospect
    }

    fn prove(&mut self) {
        let tolerance = match self.target.desired.on_swap {
            None => Tolerance::Nothing,
            Some(OnSwap::Outage) => Tolerance::Outage,
            Some(OnSwap::Excess) => Tolerance::Excess,
        };
        let start = Machine::new(self.context, self.target.live.state.clone());
        match order::order(&start, &self.proposal.orders, tolerance) {
            Err(rejected) => self.rejected = Some(rejected),
            Ok(ordered) => {
                self.before_facts = Some(ordered.before);
                self.after_facts = Some(ordered.after);
                self.window = ordered.window;
                self.tolerated = ordered.tolerated;
                self.unsearched = ordered.unsearched;
                self.after = ordered.end.into_state();
                self.operations = planned_of(self.target.key, &self.address, ordered.steps);
            }
        }
    }

    /// Returns the way that the steps go; `None` without steps.
    #[must_use]
    pub fn passage(&self) -> Option<Passage<'_>> {
        if self.operations.is_empty() {
            return None;
        }
        Some(Passage {
            unit: &self.address,
            facts: self.facts(),
            before: self.before(),
            after: &self.after,
            first: self.before_facts.as_ref()?,
            last: self.after_facts.as_ref()?,
            window: &self.window,
        })
    }

    /// Returns the live state.
    #[must_use]
    pub const fn before(&self) -> &'a IntegrationState {
        &self.target.live.state
    }

    /// Returns the vendor's facts.
    #[must_use]
    pub fn facts(&self) -> &'a catalog::Integration {
        &self.target.live.facts
    }

    /// Returns whether the files declare a client with a hand-written list.
    #[must_use]
    pub fn declares_fixed(&self) -> bool {
        self.target.desired.oauth.as_ref().is_some_and(|oauth| oauth.mode() == Mode::Fixed)
    }

    /// Returns the address of an action.
    #[must_use]
    pub fn action(&self, key: &ActionKey) -> Address {
        self.actions.child(key.as_str())
    }

    /// Returns the line that covers an action, or the integration's own.
    #[must_use]
    pub fn declared_at(&self, key: &ActionKey) -> Address {
        match self.target.actions.get(key) {
            Some(action) => action.declared_at.clone(),
            None => self.address.clone(),
        }
    }
}

/// Carries out operations as a plan says them: with the value that each replaces and what it does. Where they stand in a
/// plan already, this is what they would be now.
///
/// # Errors
/// The first refusal.
pub fn replay(
    machine: Machine<'_>,
    key: &crate::model::IntegrationKey,
    operations: &[IntegrationOperation],
) -> Result<(Vec<PlannedOperation>, IntegrationState), Rejected> {
    let unit = Address::of(&[key.as_str()]);
    let (steps, machine) = order::walk(machine, operations)?;
    Ok((planned_of(key, &unit, steps), machine.into_state()))
}

/// Returns the steps of one integration as a plan says them.
fn planned_of(
    key: &crate::model::IntegrationKey,
    unit: &Address,
    steps: Vec<order::Taken<Machine<'_>>>,
) -> Vec<PlannedOperation> {
    let planned = |taken: order::Taken<Machine<'_>>| {
        planned(key, unit, taken.operation, taken.before, taken.step.effect)
    };
    steps.into_iter().map(planned).collect()
}

fn planned(
    key: &crate::model::IntegrationKey,
    unit: &Address,
    change: IntegrationOperation,
    before: serde_json::Value,
    effect: Effect,
) -> PlannedOperation {
    let address = change.address(unit);
    let operation = Operation::Integration { integration: key.clone(), change };
    PlannedOperation {
        unit: unit.clone(),
        address,
        operation: platform::Operation::Odeus(operation),
        before,
        effect,
    }
}

/// Returns why it is fine that `missing` is missing for one action: its own line says so, or unexpired substitutes that
/// are in the list cover every missing scope (SEMANTICS section 2).
fn acknowledge(
    target: &Target<'_>,
    key: &ActionKey,
    missing: &ScopeSet,
    list: &ScopeSet,
    today: Date,
) -> Option<Acknowledged> {
    if let Some(reason) = target.actions.get(key).and_then(|action| action.accept_missing_scopes) {
        return Some(Acknowledged {
            scopes: missing.clone(),
            reason: reason.to_owned(),
            until: None,
            substitutes: BTreeSet::new(),
        });
    }
    let substitutes = match &target.desired.oauth {
        Some(super::desired::DesiredOauth::Fixed { substitutes, .. }) => substitutes.as_slice(),
        _ => &[],
    };
    let mut left = missing.clone();
    let mut reasons = Vec::new();
    let mut until: Option<Date> = None;
    let mut used = BTreeSet::new();
    for (n, substitute) in substitutes.iter().enumerate() {
        let names = |named: &ActionKey| {
            target.live.facts.find(named).is_some_and(|action| action.key == *key)
        };
        let helps = substitute.actions.iter().any(names)
            && list.contains(&substitute.scope)
            && substitute.holds_on(today)
            && !left.intersection(&substitute.stands_for).is_empty();
        if helps {
            left = left.minus(&substitute.stands_for);
            reasons.push(substitute.reason.as_str());
            used.insert(n);
            until = match (until, substitute.until) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
    }
    left.is_empty().then(|| Acknowledged {
        scopes: missing.clone(),
        reason: reasons.join("; "),
        until,
        substitutes: used,
    })
}

/// Returns who passes the gates of an action in `state`, in words.
#[must_use]
pub fn audience_words(state: &IntegrationState, action: &catalog::Action) -> String {
    let own = state.actions.get(&action.key).map_or(&Access::Nobody, |own| &own.access);
    let action = if action.native { None } else { Some(own) };
    Gates { integration: &state.access, action }.to_string()
}
