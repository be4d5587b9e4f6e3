//! From a world and a catalogue to the first rows of an empty database.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection as Database, Transaction};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::auth::random_hex;
use super::error::ApiError;
use super::store::odeus::{people, rows};
use super::store::{column, trustpager};
use crate::model::{Access, IntegrationKey, UserId, WorkspaceId};
use crate::platform::odeus::state::{Deployment, Directory, Role};
use crate::platform::odeus::world::{World, WorldWorkspace};
use crate::platform::odeus::{catalog, genesis};

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

/// There from the seed to the first write.
const UNTOUCHED: &str = "untouched";

/// Remembers that something was written: what is there is no longer what the world says.
pub(super) fn touch(db: &Database) -> Result<(), rusqlite::Error> {
    db.execute("DELETE FROM meta WHERE key = ?1", [UNTOUCHED]).map(|_| ())
}

/// Returns whether nothing was ever written to what was seeded. Of a database that an earlier version seeded this is not
/// known, and the answer is no.
pub(super) fn is_untouched(db: &Database) -> Result<bool, rusqlite::Error> {
    column::meta(db, UNTOUCHED).map(|found| found.is_some())
}

/// Remembers that nothing was written yet.
pub(super) fn leave_untouched(db: &Database) -> Result<(), rusqlite::Error> {
    column::set_meta(db, UNTOUCHED, "yes")
}

/// Returns the names of those among `now` (key, digest, name) that are not what the database was seeded with; none where it
/// was not seeded.
pub(super) fn changed(
    db: &Database,
    now: &[(&'static str, String, &'static str)],
) -> Result<Vec<&'static str>, rusqlite::Error> {
    let mut changed = Vec::new();
    for (key, digest, name) in now {
        if column::meta(db, key)?.is_some_and(|seeded| seeded != *digest) {
            changed.push(*name);
        }
    }
    Ok(changed)
}

/// Returns what the database would be seeded with now, for [`changed`].
pub(super) fn digests(
    catalog: &BTreeMap<IntegrationKey, catalog::Integration>,
    world: &World,
) -> Result<[(&'static str, String, &'static str); 2], SeedError> {
    Ok([(WORLD, digest(world)?, "world"), (CATALOG, digest(catalog)?, "catalogue")])
}

/// Fills an empty database, once.
pub(super) fn seed(
    db: &Transaction<'_>,
    catalog: &BTreeMap<IntegrationKey, catalog::Integration>,
    world: &World,
    fresh: Fresh,
) -> Result<(), SeedError> {
    if fresh == Fresh::Always {
        // Deleting the rows rather than the file: another process may have it open.
        db.execute_batch("DELETE FROM workspaces; DELETE FROM catalog; DELETE FROM meta;")?;
        trustpager::forget(db)?;
    } else if column::meta(db, WORLD)?.is_some() {
        return Ok(());
    }
    for facts in catalog.values() {
        rows::put_facts(db, facts)?;
    }
    for (id, workspace) in &world.workspaces {
        seed_workspace(db, id, workspace, catalog)?;
    }
    for (key, digest, _) in &digests(catalog, world)? {
        column::set_meta(db, key, digest)?;
    }
    Ok(leave_untouched(db)?)
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
    let first = genesis::snapshot(id, world, catalog)
        .map_err(|problem| SeedError::World { workspace: id.clone(), problem })?;
    let generation = random_hex::<4>().map_err(|error| SeedError::Database(error.to_string()))?;
    rows::insert_workspace(db, id, &first.settings, &world.rollout, &world.suffices, &generation)?;
    for (user, role) in &first.directory.users {
        people::insert_user(db, id, user, *role)?;
    }
    for (group, members) in &first.directory.groups {
        people::insert_group(db, id, group, members)?;
    }
    for (key, live) in &first.integrations {
        rows::insert_integration(db, id, key, &live.state)?;
    }
    for connection in &first.connections {
        rows::put_connection(db, id, connection)?;
    }
    Ok(())
}
