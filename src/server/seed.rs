//! From a world and a catalogue to the first rows of an empty database.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection as Database, Transaction};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::auth::random_hex;
use super::error::ApiError;
use super::store::{people, rows, trustpager};
use crate::model::{Access, IntegrationKey, Scope, ScopeSet, UserId, WorkspaceId};
use crate::platform::odeus::catalog::{self, Auth};
use crate::platform::odeus::event;
use crate::platform::odeus::machine::needed;
use crate::platform::odeus::operation::ClientSpec;
use crate::platform::odeus::state::{
    ActionState, Client, Connection, Deployment, Directory, IntegrationState, Mode, Role, Settings,
};
use crate::platform::odeus::world::{World, WorldConnection, WorldIntegration, WorldWorkspace};

/// Why a world cannot be made live.
#[derive(Debug, Error)]
pub enum SeedError {
    /// The world contradicts itself or the catalogue.
    #[error("the world cannot be: in workspace `{workspace}`, {problem}")]
    World {
        /// Where.
        workspace: WorkspaceId,
        /// What is the matter.
        problem: String,
    },
    /// The database refused.
    #[error("cannot seed the database: {0}")]
    Database(String),
}

impl From<ApiError> for SeedError {
    fn from(error: ApiError) -> Self {
        let text = error.cause().map_or_else(|| error.message().to_owned(), str::to_owned);
        Self::Database(text)
    }
}

impl From<rusqlite::Error> for SeedError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

/// Returns a world for people who have written none: one workspace with one admin, every integration as the vendor
/// delivers it, every action off.
#[must_use]
pub fn default_world(workspace: &WorkspaceId) -> World {
    let admin = UserId::try_from(format!("admin@{workspace}.example"));
    let users = admin.into_iter().map(|user| (user, Role::Admin)).collect();
    let only = WorldWorkspace {
        deployment: Deployment::MultiTenant,
        new_actions_enabled_by_default: false,
        rollout: BTreeSet::new(),
        directory: Directory { users, groups: BTreeMap::new() },
        actions: Access::Nobody,
        integrations: BTreeMap::new(),
        connections: Vec::new(),
        suffices: Vec::new(),
    };
    World { workspaces: BTreeMap::from([(workspace.clone(), only)]) }
}

const WORLD: &str = "world_digest";
const CATALOG: &str = "catalog_digest";

/// Fills an empty database, once. For one that is not empty, says what has changed since.
pub(super) fn seed(
    db: &Transaction<'_>,
    catalog: &BTreeMap<IntegrationKey, catalog::Integration>,
    world: &World,
    fresh: Fresh,
) -> Result<Vec<String>, SeedError> {
    let digests = [(WORLD, digest(world)?, "world"), (CATALOG, digest(catalog)?, "catalogue")];
    if fresh == Fresh::Always {
        // Deleting the rows rather than the file: another process may have it open.
        db.execute_batch("DELETE FROM workspaces; DELETE FROM catalog; DELETE FROM meta;")?;
        trustpager::forget(db)?;
    } else if rows::meta(db, WORLD)?.is_some() {
        let mut notices = Vec::new();
        for (key, now, what) in &digests {
            if rows::meta(db, key)?.as_ref() != Some(now) {
                notices.push(format!(
                    "the {what} has changed since the database was seeded and is not read again; \
                     `scopeform serve --reset` seeds anew and loses what was applied"
                ));
            }
        }
        return Ok(notices);
    }
    for facts in catalog.values() {
        rows::put_facts(db, facts)?;
    }
    for (id, workspace) in &world.workspaces {
        seed_workspace(db, id, workspace, catalog)?;
    }
    for (key, digest, _) in &digests {
        rows::set_meta(db, key, digest)?;
    }
    Ok(Vec::new())
}

/// When to seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fresh {
    /// Only an empty database.
    WhenEmpty,
    /// After deleting everything.
    Always,
}

pub(super) fn digest<T: serde::Serialize>(of: &T) -> Result<String, SeedError> {
    let text = serde_json::to_vec(of).map_err(|error| SeedError::Database(error.to_string()))?;
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn seed_workspace(
    db: &Database,
    id: &WorkspaceId,
    world: &WorldWorkspace,
    catalog: &BTreeMap<IntegrationKey, catalog::Integration>,
) -> Result<(), SeedError> {
    let wrong = |problem: String| SeedError::World { workspace: id.clone(), problem };
    let settings = Settings {
        new_actions_enabled_by_default: world.new_actions_enabled_by_default,
        deployment: world.deployment,
    };
    let generation = random_hex::<4>().map_err(|error| SeedError::Database(error.to_string()))?;
    rows::insert_workspace(db, id, &settings, &world.rollout, &world.suffices, &generation)?;
    for (user, role) in &world.directory.users {
        people::insert_user(db, id, user, *role)?;
    }
    for (group, members) in &world.directory.groups {
        if let Some(stranger) = members.iter().find(|m| !world.directory.users.contains_key(*m)) {
            return Err(wrong(format!(
                "group `{group}` names `{stranger}`, who is not among the users"
            )));
        }
        people::insert_group(db, id, group, members)?;
    }
    let named = world.integrations.keys().chain(&world.rollout);
    if let Some(unknown) = named.into_iter().find(|key| !catalog.contains_key(*key)) {
        return Err(wrong(format!("the catalogue has no integration `{unknown}`")));
    }
    let mut states = BTreeMap::new();
    for (key, facts) in catalog {
        let mut facts = facts.clone();
        facts.scope_management |= world.rollout.contains(key);
        let state = first_state(&facts, &settings, world, world.integrations.get(key))
            .map_err(|problem| wrong(format!("integration `{key}`: {problem}")))?;
        rows::insert_integration(db, id, key, &state)?;
        states.insert(key, state);
    }
    for connection in &world.connections {
        let WorldConnection { integration, user, granted } = connection;
        let Some(state) = states.get(integration) else {
            return Err(wrong(format!("the catalogue has no integration `{integration}`")));
        };
        if !world.directory.users.contains_key(user) {
            return Err(wrong(format!("`{user}` is connected but not among the users")));
        }
        if state.client == Client::Unconfigured {
            return Err(wrong(format!(
                "`{user}` is connected to `{integration}`, which has no OAuth client"
            )));
        }
        let connection = Connection {
            integration: integration.clone(),
            user: user.clone(),
            client: state.client.identity(),
            granted: granted.clone().unwrap_or_else(|| state.requested.clone()),
        };
        rows::put_connection(db, id, &connection)?;
    }
    Ok(())
}

/// Returns what an integration is on the first day: as the vendor delivers it, but for what the world says.
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
