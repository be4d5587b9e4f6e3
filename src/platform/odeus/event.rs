//! What happens to a workspace without anybody planning it: the vendor publishes, people leave, tokens expire.
//!
//! Source: SEMANTICS section 2, *Events*; the new-action table of facts.md 1.5. Like the machine, pure.

use std::collections::BTreeMap;

use super::catalog::{self, Auth};
use super::machine::needed;
use super::state::{ActionState, Client, Connection, Deployment, IntegrationState, Mode, Settings};
use crate::model::{Access, Principal, ScopeSet};

/// Returns the state in which an integration arrives in a workspace: the managed client where there is one, actions on
/// or off as `actions` says, every needed scope requested.
#[must_use]
pub fn first_state(
    facts: &catalog::Integration,
    settings: &Settings,
    actions: &Access,
) -> IntegrationState {
    let managed = facts.auth == Auth::Oauth
        && facts.managed_client
        && settings.deployment == Deployment::MultiTenant;
    let mut state = IntegrationState {
        access: Access::Everyone,
        client: if managed { Client::Managed } else { Client::Unconfigured },
        requested: ScopeSet::new(),
        actions: facts
            .actions
            .values()
            .map(|action| {
                let access = if action.native { &Access::Everyone } else { actions };
                (action.key.clone(), ActionState::with_access(access.clone()))
            })
            .collect(),
    };
    state.requested = settled_scopes(facts, &state);
    state
}

/// Returns the requested scopes of a state that nobody has narrowed or widened by hand.
#[must_use]
pub fn settled_scopes(facts: &catalog::Integration, state: &IntegrationState) -> ScopeSet {
    match (facts.auth, state.client.mode()) {
        (Auth::ApiKey | Auth::None, _) | (Auth::Oauth, None) => ScopeSet::new(),
        (Auth::Oauth, Some(_)) if !facts.scope_management => facts.recommended_scopes(),
        (Auth::Oauth, Some(Mode::Managed | Mode::Sync)) => needed(facts, state),
        (Auth::Oauth, Some(Mode::Fixed)) => state.requested.clone(),
    }
}

/// Returns what one integration becomes when the vendor publishes `after` in place of `before`.
///
/// Requested scopes narrow by themselves and never widen (cases 22, 23): whatever is new is pending until somebody
/// confirms it. New actions follow the decision table of facts.md 1.5; *covered* is tested against what was requested
/// before the action arrived.
#[must_use]
pub fn publish(
    after: &catalog::Integration,
    state: &IntegrationState,
    settings: &Settings,
) -> IntegrationState {
    let mode = state.client.mode();
    let mut next = IntegrationState {
        access: state.access.clone(),
        client: state.client.clone(),
        requested: state.requested.clone(),
        actions: BTreeMap::new(),
    };
    for action in after.actions.values() {
        let known = std::iter::once(&action.key).chain(&action.renamed_from);
        let own = known.filter_map(|key| state.actions.get(key)).next();
        let mut own = own.cloned().unwrap_or_else(|| {
            let covered = action.required_scopes.is_covered_by(&state.requested);
            let follows = match (after.auth, mode) {
                (Auth::ApiKey | Auth::None, _) => true,
                (Auth::Oauth, Some(_)) if !after.scope_management => true,
                (Auth::Oauth, Some(Mode::Managed | Mode::Sync)) => covered,
                (Auth::Oauth, Some(Mode::Fixed) | None) => false,
            };
            let on = action.native || (follows && settings.new_actions_enabled_by_default);
            ActionState::with_access(if on { Access::Everyone } else { Access::Nobody })
        });
        // A stale acceptance would be a latent consent: if the vendor asks for the scope again, nobody has accepted that.
        own.accepted_missing = own.accepted_missing.intersection(&action.required_scopes);
        next.actions.insert(action.key.clone(), own);
    }
    next.requested = match mode {
        Some(Mode::Managed | Mode::Sync) if after.auth == Auth::Oauth && after.scope_management => {
            next.requested.intersection(&needed(after, &next))
        }
        _ => settled_scopes(after, &next),
    };
    next
}

/// Returns what one integration becomes when a user or a group disappears. A share list that this empties turns its
/// action off, and scopes that only it needed go (case 42).
#[must_use]
pub fn principal_removed(
    facts: &catalog::Integration,
    state: &IntegrationState,
    gone: &Principal,
) -> IntegrationState {
    let mut next = state.clone();
    next.access = state.access.without(gone);
    for own in next.actions.values_mut() {
        own.access = own.access.without(gone);
        if !own.access.is_on() {
            own.accepted_missing = ScopeSet::new();
        }
    }
    if next.client.mode().is_some_and(Mode::follows_actions) && facts.scope_management {
        next.requested = next.requested.intersection(&needed(facts, &next));
    }
    next
}

/// Returns the connection after its user went through consent again: exactly what is requested now is granted.
#[must_use]
pub fn reconnect(connection: &Connection, state: &IntegrationState) -> Connection {
    Connection {
        client: state.client.identity(),
        granted: state.requested.clone(),
        ..connection.clone()
    }
}

/// Returns the connection after its access token expired. Expiry can narrow a grant, never widen it (RFC 6749
/// section 6; facts.md 1.8).
#[must_use]
pub fn token_expired(connection: &Connection, state: &IntegrationState) -> Connection {
    Connection { granted: connection.granted.intersection(&state.requested), ..connection.clone() }
}
