//! The TrustPager state machine: what a client's tokens may do, and what a write makes of it.
//!
//! Capability of a token = the narrower, per resource, of the client's tier and what the user's *current* role allows
//! (seed *How scopes interact with user permissions*; cases 53 to 55, 61). Saving re-resolves every active token at
//! once; a revoke ends one token at once and survives later saves (case 59).

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::catalog::{Catalog, Grants, How, NOTHING, Resource};
use super::name::{ResourceKey, RoleKey, Tier, TokenId, Verb};
use super::operation::Operation;
use super::state::{AccessList, ClientState, KeyGrants, Token};
use crate::model::{Address, Effect, Reach as _, ScopeDelta, ScopeSet, UseChange, UserId};
use crate::plan::laws::{Facts, Moved, Step};

/// The facts that one client's transitions depend on and do not change.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The vendor's facts.
    pub catalog: &'a Catalog,
    /// Users and their current role.
    pub users: &'a BTreeMap<UserId, RoleKey>,
}

/// Why the platform refuses a write, whatever is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejected {
    /// The catalogue has no such resource.
    #[error("there is no resource `{0}`")]
    UnknownResource(ResourceKey),
    /// The resource's ladder does not have the tier (case 57).
    #[error("`{resource}` has no tier `{tier}`; its ladder is {ladder}")]
    NotOnLadder {
        /// The resource.
        resource: ResourceKey,
        /// The tier asked for.
        tier: Tier,
        /// The ladder.
        ladder: String,
    },
    /// The resource has no such verb.
    #[error("`{resource}` has no verb `{verb}`")]
    UnknownVerb {
        /// The resource.
        resource: ResourceKey,
        /// The verb asked for.
        verb: Verb,
    },
    /// The client has no such active token.
    #[error("there is no active token `{0}`")]
    NoSuchToken(TokenId),
    /// The operation is about something else than this client.
    #[error("the operation is not about this client")]
    NotThisClient,
}

/// Checks that every tier and verb of a list exists.
///
/// # Errors
/// The first that does not.
pub fn check_list(catalog: &Catalog, list: &AccessList) -> Result<(), Rejected> {
    for (key, tier) in &list.tiers {
        let resource =
            catalog.resource(key).ok_or_else(|| Rejected::UnknownResource(key.clone()))?;
        if !resource.has(tier) {
            return Err(Rejected::NotOnLadder {
                resource: key.clone(),
                tier: tier.clone(),
                ladder: resource.ladder_words(),
            });
        }
    }
    for (key, verbs) in &list.verbs {
        let resource =
            catalog.resource(key).ok_or_else(|| Rejected::UnknownResource(key.clone()))?;
        if let Some(verb) = verbs.iter().find(|verb| !resource.extra_verbs.contains_key(*verb)) {
            return Err(Rejected::UnknownVerb { resource: key.clone(), verb: verb.clone() });
        }
    }
    Ok(())
}

/// Returns what one client becomes after a write and what the write does, or why the platform refuses it.
///
/// # Errors
/// [`Rejected`] when the write breaks a rule of the platform; the state is then unchanged.
pub fn transition(
    context: Context<'_>,
    unit: &Address,
    state: &ClientState,
    operation: &Operation,
) -> Result<(ClientState, Effect), Rejected> {
    let mut machine = Machine::new(context, unit.clone(), state.clone());
    let step = machine.step(operation)?;
    Ok((machine.state, step.effect))
}

/// Which side is the narrower for one token and resource, for `explain access`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// What the token may do.
    pub tier: Tier,
    /// The client's tier.
    pub client: Tier,
    /// The widest tier that the role allows; `None` when it allows none.
    pub role: Option<Tier>,
    /// Which side decides.
    pub decided_by: Side,
}

/// Which side of an intersection decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The client's tier is the narrower.
    Client,
    /// The user's role is the narrower.
    Role,
    /// They allow the same.
    Both,
}

/// Returns the tier of a resource that grants nothing.
pub(super) fn no_access(resource: &Resource) -> Tier {
    // Every ladder begins with the tier that grants nothing.
    resource.tiers.first().map_or_else(|| resource.default_tier.clone(), |own| own.tier.clone())
}

/// Returns what a token of somebody with `role` may do with one resource: the widest tier of its ladder that both the
/// client's tier and the role allow.
#[must_use]
pub fn effective(
    catalog: &Catalog,
    list: &AccessList,
    resource: &Resource,
    role: Option<&RoleKey>,
) -> Effective {
    let client = list.tier(catalog, resource).cloned().unwrap_or_else(|| no_access(resource));
    let role_tier = role.and_then(|role| catalog.role_tier(resource, role));
    let client_grants = catalog.grants(resource, &client);
    let role_grants = role_tier.map_or(&NOTHING, |tier| catalog.grants(resource, tier));
    let both = |tier: &Tier| {
        let grants = catalog.grants(resource, tier);
        grants.within(client_grants) && grants.within(role_grants)
    };
    let tier = resource.tiers.iter().rev().map(|own| &own.tier).find(|tier| both(tier));
    let decided_by = match (client_grants.within(role_grants), role_grants.within(client_grants)) {
        (true, true) => Side::Both,
        (true, false) => Side::Client,
        (false, _) => Side::Role,
    };
    Effective {
        tier: tier.cloned().unwrap_or_else(|| no_access(resource)),
        client,
        role: role_tier.cloned(),
        decided_by,
    }
}

/// Returns how a token may do `verb` to a resource, extra verbs included.
#[must_use]
pub fn token_may(
    catalog: &Catalog,
    list: &AccessList,
    resource: &Resource,
    role: Option<&RoleKey>,
    verb: &Verb,
) -> Option<How> {
    if resource.extra_verbs.contains_key(verb) {
        let allowed = role.is_some_and(|role| catalog.role_has_verbs(resource, role));
        return (allowed && list.has_verb(catalog, resource, verb)).then_some(How::Automatic);
    }
    let effective = effective(catalog, list, resource, role);
    catalog.grants(resource, &effective.tier).how(verb)
}

/// Returns what a token of somebody with `role` may do to a resource before a save, at once or after an approval, and what is
/// refused after it; extra verbs included.
#[must_use]
pub fn token_refused(
    catalog: &Catalog,
    (before, after): (&AccessList, &AccessList),
    resource: &Resource,
    role: Option<&RoleKey>,
) -> BTreeSet<Verb> {
    let ladder = resource.tiers.iter().flat_map(|own| catalog.grants(resource, &own.tier).0.keys());
    let may =
        |list: &AccessList, verb: &Verb| token_may(catalog, list, resource, role, verb).is_some();
    let refused = |verb: &&Verb| may(before, verb) && !may(after, verb);
    ladder.chain(resource.extra_verbs.keys()).filter(refused).cloned().collect()
}

/// Returns whether a token of somebody with `role` may use a verb outside the ladder, and which side decides.
#[must_use]
pub fn verb_decided_by(
    catalog: &Catalog,
    list: &AccessList,
    resource: &Resource,
    role: Option<&RoleKey>,
    verb: &Verb,
) -> (bool, Side) {
    let client = list.has_verb(catalog, resource, verb);
    let role = role.is_some_and(|role| catalog.role_has_verbs(resource, role));
    let side = match (client, role) {
        (false, true) => Side::Client,
        (true, false) => Side::Role,
        (true, true) | (false, false) => Side::Both,
    };
    (client && role, side)
}

/// Returns how an API key may do `verb` to a resource: the key alone decides.
#[must_use]
pub fn key_may(
    catalog: &Catalog,
    grants: &KeyGrants,
    resource: &Resource,
    verb: &Verb,
) -> Option<How> {
    match grants {
        KeyGrants::FullAccess => Some(How::Automatic),
        KeyGrants::Custom(list) if resource.extra_verbs.contains_key(verb) => {
            list.has_verb(catalog, resource, verb).then_some(How::Automatic)
        }
        KeyGrants::Custom(list) => {
            let tier = list.tier(catalog, resource)?;
            catalog.grants(resource, tier).how(verb)
        }
    }
}

/// The state of one client in the making.
#[derive(Debug, Clone)]
pub struct Machine<'a> {
    context: Context<'a>,
    unit: Address,
    state: ClientState,
}

impl<'a> Machine<'a> {
    /// Returns the machine at `state`, its list under the names of the catalogue (case 64).
    #[must_use]
    pub fn new(context: Context<'a>, unit: Address, mut state: ClientState) -> Self {
        state.access = state.access.under_present_names(context.catalog);
        Self { context, unit, state }
    }

    /// Returns the state reached.
    #[must_use]
    pub const fn state(&self) -> &ClientState {
        &self.state
    }

    /// Returns the state reached and ends the machine.
    #[must_use]
    pub fn into_state(self) -> ClientState {
        self.state
    }

    fn ceiling(&self, resource: &ResourceKey) -> Address {
        self.unit.child("resources").child(resource.as_str())
    }

    fn of_token(&self, token: &Token, resource: &ResourceKey) -> Address {
        self.unit.child("tokens").child(token.id.as_str()).child(resource.as_str())
    }

    fn of(&self, list: &AccessList, resource: &Resource, token: &Token) -> Grants {
        let catalog = self.context.catalog;
        let role = self.context.users.get(&token.user);
        let effective = effective(catalog, list, resource, role);
        let mut grants = catalog.grants(resource, &effective.tier).clone();
        if role.is_some_and(|role| catalog.role_has_verbs(resource, role)) {
            for verb in list.verbs.get(&resource.key).into_iter().flatten() {
                grants.0.insert(verb.clone(), How::Automatic);
            }
        }
        grants
    }

    /// Returns what the laws of apply compare: the ceiling of every resource, and what every token may do.
    #[must_use]
    pub fn facts(&self) -> Facts<Grants> {
        let mut reach = BTreeMap::new();
        for resource in self.context.catalog.resources.values() {
            let ceiling = self.state.access.all(self.context.catalog, resource);
            reach.insert(self.ceiling(&resource.key), ceiling);
            for token in self.state.tokens.values() {
                let grants = self.of(&self.state.access, resource, token);
                reach.insert(self.of_token(token, &resource.key), grants);
            }
        }
        Facts { scopes: self.state.access.scopes(self.context.catalog), reach }
    }

    /// Carries out one write.
    ///
    /// # Errors
    /// [`Rejected`] when the write breaks a rule of the platform; the machine is then where it was.
    pub fn step(&mut self, operation: &Operation) -> Result<Step<Grants>, Rejected> {
        match operation {
            Operation::RevokeToken { token, .. } => self.revoke(token),
            Operation::SetClientAccess { access, .. } => self.save(access),
            Operation::CreateKey { .. }
            | Operation::SetKeyAccess { .. }
            | Operation::RevokeKey { .. } => Err(Rejected::NotThisClient),
        }
    }

    fn revoke(&mut self, id: &TokenId) -> Result<Step<Grants>, Rejected> {
        let Some(token) = self.state.tokens.get(id).cloned() else {
            return Err(Rejected::NoSuchToken(id.clone()));
        };
        let resources = self.context.catalog.resources.values();
        let moved = resources.filter_map(|resource| {
            let before = self.of(&self.state.access, resource, &token);
            let address = self.of_token(&token, &resource.key);
            (!before.0.is_empty()).then(|| Moved { address, before, after: Grants::default() })
        });
        let moved = moved.collect();
        self.state.tokens.remove(id);
        let change = UseChange {
            address: self.unit.child("tokens").child(id.as_str()),
            before: format!("active, of {}", token.user),
            after: "revoked".to_owned(),
        };
        let effect = Effect { uses: vec![change], ..Effect::default() };
        Ok(Step { moved, locked_dropped: ScopeSet::new(), effect })
    }

    fn save(&mut self, access: &AccessList) -> Result<Step<Grants>, Rejected> {
        check_list(self.context.catalog, access)?;
        let catalog = self.context.catalog;
        let access = &access.under_present_names(catalog);
        let (mut moved, mut uses) = (Vec::new(), Vec::new());
        for resource in catalog.resources.values() {
            let old = self.state.access.all(self.context.catalog, resource);
            let new = access.all(self.context.catalog, resource);
            if old != new {
                let words = |list: &AccessList| {
                    let tier = list.tiers.get(&resource.key);
                    tier.map_or_else(|| "no_access".to_owned(), ToString::to_string)
                };
                let address = self.ceiling(&resource.key);
                let (before, after) = (words(&self.state.access), words(access));
                if before != after {
                    uses.push(UseChange { address: address.clone(), before, after });
                }
                moved.push(Moved { address, before: old, after: new });
            }
            for token in self.state.tokens.values() {
                let before = self.of(&self.state.access, resource, token);
                let after = self.of(access, resource, token);
                if before != after {
                    moved.push(Moved {
                        address: self.of_token(token, &resource.key),
                        before,
                        after,
                    });
                }
            }
        }
        let scopes =
            ScopeDelta::between(&self.state.access.scopes(catalog), &access.scopes(catalog));
        self.state.access = access.clone();
        let effect = Effect { scopes, uses, ..Effect::default() };
        Ok(Step { moved, locked_dropped: ScopeSet::new(), effect })
    }
}

impl crate::plan::order::Machine for Machine<'_> {
    type Operation = Operation;
    type Reach = Grants;
    type Rejected = Rejected;

    fn step(&mut self, operation: &Operation) -> Result<Step<Grants>, Rejected> {
        Machine::step(self, operation)
    }

    fn facts(&self) -> Facts<Grants> {
        Machine::facts(self)
    }

    fn field(&self, operation: &Operation) -> Address {
        operation.address()
    }

    fn before(&self, operation: &Operation) -> serde_json::Value {
        super::prospect::before(operation, &self.state)
    }
}
