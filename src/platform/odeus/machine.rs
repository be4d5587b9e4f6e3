//! The Odeus state machine: what one integration becomes after a write, and what people see of it.
//!
//! ```text
//! transition(context, state, operation) -> Ok(state') | Rejected     no IO, no clock, no randomness
//! ```
//!
//! The planner folds candidate operations over the live state with it, the embedded control plane executes it, and the
//! tests hold it against a second opinion. Source: SEMANTICS sections 1 and 2; seed, the two tables *What changes in
//! this mode*.
//!
//! [`Machine`] is the working form: it keeps, for every scope, how many live actions need it, so that a step costs as
//! much as it changes and a plan of ten thousand steps is as linear as it looks. [`transition`] is one step of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::audience::{Audience, Gates, NOT_RUNNING, Resolver};
use super::catalog::{self, Auth, Feature};
use super::operation::IntegrationOperation;
use super::state::{ActionState, Client, Directory, IntegrationState, Mode, Settings};
use crate::model::{Access, ActionKey, Address, Effect, Scope, ScopeSet, UseChange};
use crate::plan::laws::{Facts, Moved, Step};

mod decide;

use self::decide::Next;
pub use self::decide::Rejected;

/// The facts that one integration's transitions depend on and do not change.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The vendor's facts.
    pub facts: &'a catalog::Integration,
    /// Workspace-wide switches.
    pub settings: &'a Settings,
    /// Users, roles, groups.
    pub directory: &'a Directory,
}

/// Returns what one integration becomes after a write and what the write does, or why the platform refuses it.
///
/// # Errors
/// [`Rejected`] when the write breaks a rule of the platform; the state is then unchanged.
pub fn transition(
    context: Context<'_>,
    state: &IntegrationState,
    operation: &IntegrationOperation,
) -> Result<(IntegrationState, Effect), Rejected> {
    let mut machine = Machine::new(context, state.clone());
    let step = machine.step(operation)?;
    Ok((machine.into_state(), step.effect))
}

/// What people see of one integration (seed, *Scope view* and *Action view*).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Who decides the requested scopes; `None` without a client.
    pub mode: Option<Mode>,
    /// The scopes a new connection asks for.
    pub requested: ScopeSet,
    /// What the live actions and the integration itself need.
    pub needed: ScopeSet,
    /// Needed, not requested, waiting for somebody to confirm (managed and sync only).
    pub pending: ScopeSet,
    /// One entry per action.
    pub actions: BTreeMap<ActionKey, ActionView>,
}

/// What people see of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionView {
    /// Native, or not off.
    pub live: bool,
    /// Required scopes that are not requested: the badge is *Scope configured* when there are none and *Missing scope*
    /// with exactly these otherwise.
    pub missing: ScopeSet,
    /// Missing scopes that nobody accepted: the action does not run.
    pub blocking: ScopeSet,
}

/// Returns what people see of `state`.
#[must_use]
pub fn observe(facts: &catalog::Integration, state: &IntegrationState) -> Observation {
    let mode = state.client.mode();
    let needed = needed(facts, state);
    let pending = pending(facts, state);
    let actions = state.beside(facts).map(|(action, own)| {
        let missing = action.required_scopes.not_covered_by(&state.requested);
        let blocking = match own {
            Some(own) => missing.minus(&own.accepted_missing),
            None => missing.clone(),
        };
        let live = action.native || own.is_some_and(ActionState::is_on);
        (action.key.clone(), ActionView { live, missing, blocking })
    });
    Observation {
        mode,
        requested: state.requested.clone(),
        needed: needed.clone(),
        pending,
        actions: actions.collect(),
    }
}

/// Returns base scopes of the integration and required scopes of every live action. A shared action counts like an
/// enabled one (cases 1, 4).
#[must_use]
pub fn needed(facts: &catalog::Integration, state: &IntegrationState) -> ScopeSet {
    let mut needed = facts.base_scopes.clone();
    for action in live(facts, state) {
        needed.extend_from(&action.required_scopes);
    }
    needed
}

/// Returns the scopes that are needed and not requested, waiting for somebody to confirm them (managed and sync only).
#[must_use]
pub fn pending(facts: &catalog::Integration, state: &IntegrationState) -> ScopeSet {
    let follows = state.client.mode().is_some_and(Mode::follows_actions);
    if !follows || !scopes_are_managed(facts) {
        return ScopeSet::new();
    }
    // Nearly always empty, so the needed scopes are looked up one by one and never collected.
    let needed =
        facts.base_scopes.iter().chain(live(facts, state).flat_map(|a| &a.required_scopes));
    needed.filter(|scope| !state.requested.contains(scope)).cloned().collect()
}

/// Iterates the actions that count: native, or not off (cases 1, 4).
fn live<'a>(
    facts: &'a catalog::Integration,
    state: &IntegrationState,
) -> impl Iterator<Item = &'a catalog::Action> {
    let counts = |(action, own): &(&'a catalog::Action, Option<&ActionState>)| {
        action.native || own.is_some_and(ActionState::is_on)
    };
    state.beside(facts).filter(counts).map(|(action, _)| action)
}

fn scopes_are_managed(facts: &catalog::Integration) -> bool {
    facts.auth == Auth::Oauth && facts.scope_management
}

/// The state of one integration in the making.
#[derive(Debug, Clone)]
pub struct Machine<'a> {
    context: Context<'a>,
    state: IntegrationState,
    resolver: Resolver<'a>,
    /// How many live actions need a scope; a base scope counts once more.
    holders: BTreeMap<&'a Scope, usize>,
    index: Arc<Index<'a>>,
}

/// What the catalogue alone says, looked up instead of searched. Shared by the copies of a machine.
#[derive(Debug)]
struct Index<'a> {
    /// Which actions declare a scope.
    declaring: BTreeMap<&'a Scope, Vec<&'a catalog::Action>>,
    /// The declared scopes with a placeholder, which a list fills in (case 18).
    templates: Vec<&'a Scope>,
    /// The native actions: few, and a feature may need several of them.
    natives: Vec<&'a catalog::Action>,
    /// The scopes that native actions declare.
    native_scopes: ScopeSet,
    /// The address of every action.
    addresses: BTreeMap<&'a ActionKey, Address>,
}

impl<'a> Machine<'a> {
    /// Returns the machine at `state`.
    #[must_use]
    pub fn new(context: Context<'a>, state: IntegrationState) -> Self {
        let facts = context.facts;
        let mut holders: BTreeMap<&Scope, usize> = BTreeMap::new();
        let mut declaring: BTreeMap<&Scope, Vec<&catalog::Action>> = BTreeMap::new();
        for scope in &facts.base_scopes {
            *holders.entry(scope).or_default() += 1;
        }
        for (action, own) in state.beside(facts) {
            let on = own.is_some_and(ActionState::is_on);
            for scope in &action.required_scopes {
                declaring.entry(scope).or_default().push(action);
                if action.native || on {
                    *holders.entry(scope).or_default() += 1;
                }
            }
        }
        let address = Address::of(&[facts.key.as_str(), "actions"]);
        let templates = declaring.keys().filter(|scope| scope.placeholder().is_some());
        let index = Index {
            templates: templates.copied().collect(),
            declaring,
            natives: facts.actions.values().filter(|action| action.native).collect(),
            native_scopes: facts.native_scopes(),
            addresses: facts.actions.keys().map(|key| (key, address.child(key.as_str()))).collect(),
        };
        Self {
            context,
            resolver: Resolver::new(context.directory),
            state,
            holders,
            index: Arc::new(index),
        }
    }

    /// Returns the state reached.
    #[must_use]
    pub const fn state(&self) -> &IntegrationState {
        &self.state
    }

    /// Returns the state reached and ends the machine.
    #[must_use]
    pub fn into_state(self) -> IntegrationState {
        self.state
    }

    /// Returns what the laws of apply compare: who can run what, and which scopes are requested.
    #[must_use]
    pub fn facts(&self) -> Facts<Audience> {
        let mut resolver = self.resolver.clone();
        // Both hold every action of the catalogue, in the order of their keys.
        let actions = self.state.beside(self.context.facts).zip(self.index.addresses.values());
        let reach = actions.map(|((action, own), address)| {
            (address.clone(), self.audience_of(action, own, &mut resolver))
        });
        Facts { scopes: self.state.requested.clone(), reach: reach.collect() }
    }

    /// Carries out one write.
    ///
    /// # Errors
    /// [`Rejected`] when the write breaks a rule of the platform; the machine is then where it was.
    pub fn step(&mut self, operation: &IntegrationOperation) -> Result<Step<Audience>, Rejected> {
        let next = self.decide(operation)?;
        let affected = self.affected(&next);
        let before: Vec<Audience> = affected.iter().map(|action| self.reach(action)).collect();
        // The gates as they were, for the words of what moves: only these two can change in one write.
        let old_integration = next.integration_access.as_ref().map(|_| self.state.access.clone());
        let old_action = next
            .action_access
            .as_ref()
            .and_then(|(key, _)| Some((key.clone(), self.state.actions.get(key)?.access.clone())));
        let features: BTreeSet<Feature> = affected
            .iter()
            .filter(|action| action.native)
            .flat_map(|action| action.features.iter().copied())
            .collect();
        let features_before = self.broken_features(&features);
        let accepted_before = next.accepts_for.as_ref().map(|(key, _)| self.accepted(key));

        self.enter(&next);

        let mut moved = Vec::new();
        let mut uses = Vec::new();
        for (action, before) in affected.iter().zip(before) {
            let after = self.reach(action);
            let Some(address) = self.index.addresses.get(&action.key).filter(|_| before != after)
            else {
                continue;
            };
            let now = self.gates(action);
            let was = Gates {
                integration: old_integration.as_ref().unwrap_or(now.integration),
                action: match &old_action {
                    Some((key, access)) if *key == action.key => Some(access),
                    _ => now.action,
                },
            };
            uses.push(UseChange {
                address: address.clone(),
                before: words(&before, &was),
                after: words(&after, &now),
            });
            moved.push(Moved { address: address.clone(), before, after });
        }
        let features_after = self.broken_features(&features);
        let titles = |set: &BTreeSet<Feature>| set.iter().map(|f| f.title().to_owned()).collect();
        let accepts = match (&next.accepts_for, accepted_before) {
            (Some((_, now)), Some(before)) => now.minus(&before),
            _ => ScopeSet::new(),
        };
        let locked_dropped = if self.state.client.mode().is_some_and(Mode::follows_actions) {
            next.scopes.remove.intersection(&self.index.native_scopes)
        } else {
            ScopeSet::new()
        };
        Ok(Step {
            moved,
            locked_dropped,
            effect: Effect {
                scopes: next.scopes,
                accepts,
                uses,
                features_lost: titles(
                    &features_after.difference(&features_before).copied().collect(),
                ),
                features_restored: titles(
                    &features_before.difference(&features_after).copied().collect(),
                ),
            },
        })
    }

    fn accepted(&self, key: &ActionKey) -> ScopeSet {
        self.state.actions.get(key).map(|own| own.accepted_missing.clone()).unwrap_or_default()
    }

    fn is_needed(&self, scope: &Scope) -> bool {
        self.holders.get(scope).is_some_and(|n| *n > 0)
    }

    fn needed_now(&self) -> ScopeSet {
        self.holders.iter().filter(|(_, n)| **n > 0).map(|(s, _)| (*s).clone()).collect()
    }

    /// Returns every action whose audience the change can move.
    fn affected(&self, next: &Next) -> Vec<&'a catalog::Action> {
        let facts: &'a catalog::Integration = self.context.facts;
        let configured = |client: &Client| client.mode().is_some();
        let everything = next.integration_access.is_some()
            || next
                .client
                .as_ref()
                .is_some_and(|c| configured(c) != configured(&self.state.client))
            || next.client.as_ref().is_some_and(|c| c.mode().is_some_and(Mode::follows_actions));
        if everything {
            return facts.actions.values().collect();
        }
        let mut keys: BTreeMap<&ActionKey, &catalog::Action> = BTreeMap::new();
        if let Some((key, _)) = &next.action_access
            && let Some(action) = facts.actions.get(key)
        {
            keys.insert(&action.key, action);
        }
        for scope in next.scopes.add.iter().chain(&next.scopes.remove) {
            let filled_in = self.index.templates.iter().copied().filter(|t| t.becomes(scope));
            for declared in filled_in.chain([scope]) {
                for action in self.index.declaring.get(declared).into_iter().flatten() {
                    keys.insert(&action.key, action);
                }
            }
        }
        keys.into_values().collect()
    }

    /// Makes the change that [`Machine::decide`] allowed.
    fn enter(&mut self, next: &Next) {
        if let Some(access) = &next.integration_access {
            self.state.access = access.clone();
        }
        if let Some((key, access)) = &next.action_access
            && let Some(action) = self.context.facts.actions.get(key)
            && let Some(own) = self.state.actions.get_mut(key)
        {
            let was_on = own.access.is_on();
            own.access = access.clone();
            if was_on != access.is_on() {
                for scope in &action.required_scopes {
                    let held = self.holders.entry(scope).or_default();
                    *held = if access.is_on() { *held + 1 } else { held.saturating_sub(1) };
                }
            }
        }
        if let Some((key, accept)) = &next.accepts_for
            && let Some(own) = self.state.actions.get_mut(key)
        {
            own.accepted_missing = accept.clone();
        }
        if let Some(client) = &next.client {
            self.state.client = client.clone();
            if client.mode().is_some_and(Mode::follows_actions) {
                // Nothing is missing once scopes follow the actions, so nothing stays accepted as missing.
                for own in self.state.actions.values_mut() {
                    own.accepted_missing = ScopeSet::new();
                }
            }
        }
        for scope in &next.scopes.remove {
            self.state.requested.remove(scope);
        }
        self.state.requested.extend_from(&next.scopes.add);
    }

    fn reach(&mut self, action: &catalog::Action) -> Audience {
        let mut resolver =
            std::mem::replace(&mut self.resolver, Resolver::new(self.context.directory));
        let audience = self.audience(action, &mut resolver);
        self.resolver = resolver;
        audience
    }

    fn gates<'s>(&'s self, action: &catalog::Action) -> Gates<'s> {
        self.gates_of(action, self.state.actions.get(&action.key))
    }

    fn gates_of<'s>(&'s self, action: &catalog::Action, own: Option<&'s ActionState>) -> Gates<'s> {
        let access = own.map_or(&Access::Nobody, |own| &own.access);
        Gates {
            integration: &self.state.access,
            action: if action.native { None } else { Some(access) },
        }
    }

    fn audience(&self, action: &catalog::Action, resolver: &mut Resolver<'a>) -> Audience {
        self.audience_of(action, self.state.actions.get(&action.key), resolver)
    }

    fn audience_of(
        &self,
        action: &catalog::Action,
        own: Option<&ActionState>,
        resolver: &mut Resolver<'a>,
    ) -> Audience {
        if runs_with(self.context.facts, &self.state, action, own) {
            Audience::Runs(resolver.passes(&self.gates_of(action, own)))
        } else {
            Audience::NotRunning
        }
    }

    /// The platform gate for scopes: everything required is requested or accepted as missing.
    fn runs(&self, action: &catalog::Action) -> bool {
        runs(self.context.facts, &self.state, action)
    }

    /// Returns which of `features` some native action serves and does not run for. A feature needs all its native
    /// actions, also those that the write at hand does not touch.
    fn broken_features(&self, features: &BTreeSet<Feature>) -> BTreeSet<Feature> {
        if features.is_empty() {
            return BTreeSet::new();
        }
        let broken = self.index.natives.iter().filter(|native| !self.runs(native));
        let broken: BTreeSet<Feature> =
            broken.flat_map(|native| native.features.iter().copied()).collect();
        broken.intersection(features).copied().collect()
    }
}

/// Returns whether an action runs for whoever passes the access gates: everything that it requires is requested or accepted
/// as missing.
#[must_use]
pub fn runs(
    facts: &catalog::Integration,
    state: &IntegrationState,
    action: &catalog::Action,
) -> bool {
    runs_with(facts, state, action, state.actions.get(&action.key))
}

/// [`runs`] where what is stored of the action is at hand.
pub(super) fn runs_with(
    facts: &catalog::Integration,
    state: &IntegrationState,
    action: &catalog::Action,
    own: Option<&ActionState>,
) -> bool {
    if facts.auth != Auth::Oauth {
        return true;
    }
    if state.client.mode().is_none() {
        return false;
    }
    action.required_scopes.iter().all(|scope| {
        state.requested.covers(scope) || own.is_some_and(|own| own.accepted_missing.contains(scope))
    })
}

/// Says who passes the gates, or that it runs for nobody at all because a scope is missing.
fn words(audience: &Audience, gates: &Gates<'_>) -> String {
    match audience {
        Audience::NotRunning => NOT_RUNNING.to_owned(),
        Audience::Runs(_) => gates.to_string(),
    }
}

impl crate::plan::order::Machine for Machine<'_> {
    type Operation = IntegrationOperation;
    type Reach = Audience;
    type Rejected = Rejected;

    fn step(&mut self, operation: &IntegrationOperation) -> Result<Step<Audience>, Rejected> {
        Machine::step(self, operation)
    }

    fn facts(&self) -> Facts<Audience> {
        Machine::facts(self)
    }

    fn field(&self, operation: &IntegrationOperation) -> Address {
        operation.address(&Address::of(&[self.context.facts.key.as_str()]))
    }

    fn before(&self, operation: &IntegrationOperation) -> serde_json::Value {
        super::value::field(operation, &self.state)
    }
}
