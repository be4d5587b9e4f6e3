//! From an Odeus world and its catalogue to the first rows.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection as Database, Transaction};

use crate::model::{Access, IntegrationKey, UserId, WorkspaceId};
use crate::platform::odeus::state::{Deployment, Directory, Role};
use crate::platform::odeus::world::{World, WorldWorkspace};
use crate::platform::odeus::{catalog, genesis};
use crate::server::auth::random_hex;
use crate::server::seed::{Begun, Digests, SeedError, digest, leave_untouched, world_digest};
use crate::server::store::odeus::{people, rows};

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

/// Returns whether somebody has written a world: it says more than that there are workspaces.
fn is_written(world: &World) -> bool {
    world.workspaces.iter().any(|(id, own)| default_world(id).workspaces.get(id) != Some(own))
}

const WORLD: &str = "world_digest";
const CATALOG: &str = "catalog_digest";

/// Returns what the tables of Odeus would be filled with now.
pub(in crate::server) fn digests(
    catalog: &BTreeMap<IntegrationKey, catalog::Integration>,
    world: &World,
) -> Result<Digests, SeedError> {
    let world = world_digest(world, is_written(world))?;
    Ok(Digests([(WORLD, world, "world"), (CATALOG, digest(catalog)?, "catalogue")]))
}

/// Fills the tables of Odeus where they are empty. A workspace that begins by itself is added as soon as it is declared.
pub(in crate::server) fn seed(
    db: &Transaction<'_>,
    catalog: &BTreeMap<IntegrationKey, catalog::Integration>,
    world: &World,
) -> Result<(), SeedError> {
    let digests = digests(catalog, world)?;
    let begun = digests.begun(db)?;
    if begun == Begun::Otherwise {
        return Ok(());
    }
    let there = rows::workspaces(db)?;
    if begun == Begun::Not {
        for facts in catalog.values() {
            rows::put_facts(db, facts)?;
        }
    }
    for (id, workspace) in world.workspaces.iter().filter(|(id, _)| !there.contains(id)) {
        seed_workspace(db, id, workspace, catalog)?;
    }
    if begun == Begun::Not {
        digests.store(db)?;
        leave_untouched(db)?;
    }
    Ok(())
}

fn seed_workspace(
    db: &Database,
    id: &WorkspaceId,
    world: &WorldWorkspace,
    catalog: &BTreeMap<IntegrationKey, catalog::Integration>,
) -> Result<(), SeedError> {
    let first = genesis::snapshot(id, world, catalog)
        .map_err(|problem| SeedError::World { workspace: id.clone(), problem })?;
    let generation = random_hex::<4>()?;
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
