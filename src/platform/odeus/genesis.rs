//! The first day: from a world and a catalogue to the snapshot that they stand for.
//!
//! Pure. The embedded control plane stores what comes out, and tests plan against it without a database.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalog::{self, Auth};
use super::event;
use super::machine::needed;
use super::operation::ClientSpec;
use super::state::{
    ActionState, Client, Connection, Deployment, IntegrationState, LiveIntegration, Mode, Settings,
    Snapshot,
};
use super::world::{WorldConnection, WorldIntegration, WorldWorkspace};
use crate::model::{IntegrationKey, Scope, ScopeSet, WorkspaceId};

/// Returns a workspace on its first day: every integration as the vendor delivers it, but for what the world says.
/// Revisions are empty: nothing has been written yet.
///
/// # Errors
/// What is the matter, in words, when the world contradicts itself or the catalogue.
pub fn snapshot(
    workspace: &WorkspaceId,
    world: &WorldWorkspace,
    catalog: &BTreeMap<IntegrationKey, catalog::Integration>,
) -> Result<Snapshot, String> {
    let settings = Settings {
        new_actions_enabled_by_default: world.new_actions_enabled_by_default,
        deployment: world.deployment,
    };
    for (group, members) in &world.directory.groups {
        if let Some(stranger) = members.iter().find(|m| !world.directory.users.contains_key(*m)) {
            return Err(format!("group `{group}` names `{stranger}`, who is not among the users"));
        }
    }
    let named = world.integrations.keys().chain(&world.rollout);
    if let Some(unknown) = named.into_iter().find(|key| !catalog.contains_key(*key)) {
        return Err(format!("the catalogue has no integration `{unknown}`"));
    }
    let mut integrations = BTreeMap::new();
    for (key, facts) in catalog {
        let mut facts = facts.clone();
        facts.scope_management |= world.rollout.contains(key);
        let state = first_state(&facts, &settings, world, world.integrations.get(key))
            .map_err(|problem| format!("integration `{key}`: {problem}"))?;
        let live = LiveIntegration { facts: Arc::new(facts), state, revision: String::new() };
        integrations.insert(key.clone(), live);
    }
    let mut connections = Vec::new();
    for WorldConnection { integration, user, granted } in &world.connections {
        let Some(LiveIntegration { state, .. }) = integrations.get(integration) else {
            return Err(format!("the catalogue has no integration `{integration}`"));
        };
        if !world.directory.users.contains_key(user) {
            return Err(format!("`{user}` is connected but not among the users"));
        }
        if state.client == Client::Unconfigured {
            return Err(format!(
                "`{user}` is connected to `{integration}`, which has no OAuth client"
            ));
        }
        connections.push(Connection {
            integration: integration.clone(),
            user: user.clone(),
            client: state.client.identity(),
            granted: granted.clone().unwrap_or_else(|| state.requested.clone()),
        });
    }
    connections.sort();
    Ok(Snapshot {
        workspace: workspace.clone(),
        settings,
        settings_revision: String::new(),
        directory: world.directory.clone(),
        integrations,
        connections,
    })
}

fn first_state(
    facts: &catalog::Integration,
    settings: &Settings,
    workspace: &WorldWorkspace,
    own: Option<&WorldIntegration>,
) -> Result<IntegrationState, String> {
    let mut state = event::first_state(facts, settings, &workspace.actions);
    let Some(WorldIntegration { access, client, actions, accepted_missing, pending }) = own else {
        return Ok(state);
    };
    if let Some(access) = access {
        state.access = access.clone();
    }
    for (key, access) in actions {
        if facts.actions.get(key).is_none_or(|action| action.native) {
            return Err(format!("`{key}` is no action that can be switched"));
        }
        state.actions.insert(key.clone(), ActionState::with_access(access.clone()));
    }
    if let Some(spec) = client {
        state.client = spec.client();
        set_client(facts, settings, spec, &mut state)?;
    }
    state.requested = event::settled_scopes(facts, &state);
    for (key, scopes) in accepted_missing {
        let required = facts.actions.get(key).map(|action| &action.required_scopes);
        let acceptable = required.is_some_and(|required| scopes.is_subset(required));
        let own = state.actions.get_mut(key).filter(|own| own.access.is_on());
        match own {
            Some(own) if acceptable && state.client.mode() == Some(Mode::Fixed) => {
                own.accepted_missing = scopes.clone();
            }
            _ => return Err(format!("`{key}` cannot have {scopes} accepted as missing")),
        }
    }
    leave_pending(facts, pending, &mut state)?;
    Ok(state)
}

fn set_client(
    facts: &catalog::Integration,
    settings: &Settings,
    spec: &ClientSpec,
    state: &mut IntegrationState,
) -> Result<(), String> {
    if facts.auth != Auth::Oauth {
        return Err("it does not use OAuth and has no client".to_owned());
    }
    match spec {
        ClientSpec::Managed if !facts.managed_client => {
            Err("the vendor offers no managed client".to_owned())
        }
        ClientSpec::Managed if settings.deployment == Deployment::Dedicated => {
            Err("dedicated deployments have no managed client".to_owned())
        }
        ClientSpec::Managed | ClientSpec::Custom { fixed: None, .. } => Ok(()),
        ClientSpec::Custom { fixed: Some(list), .. } => {
            if list.is_empty() {
                return Err("a list of fixed scopes cannot be empty".to_owned());
            }
            state.requested = list.clone();
            Ok(())
        }
    }
}

fn leave_pending(
    facts: &catalog::Integration,
    pending: &ScopeSet,
    state: &mut IntegrationState,
) -> Result<(), String> {
    if pending.is_empty() {
        return Ok(());
    }
    let needed = needed(facts, state);
    let follows = state.client.mode().is_some_and(Mode::follows_actions) && facts.scope_management;
    let wrong: Vec<&Scope> = pending.iter().filter(|s| !follows || !needed.contains(s)).collect();
    if let Some(scope) = wrong.first() {
        return Err(format!("`{scope}` cannot be pending: no action that is on needs it"));
    }
    state.requested = state.requested.minus(pending);
    Ok(())
}
