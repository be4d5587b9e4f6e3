//! From a TrustPager world and its catalogue to the first rows.

use std::collections::BTreeMap;

use rusqlite::{Connection as Database, Transaction};
use sha2::{Digest, Sha256};

use super::TrustpagerSeed;
use super::issue::{self, Issued};
use crate::model::{UserId, WorkspaceId};
use crate::platform::trustpager::catalog::Catalog;
use crate::platform::trustpager::machine::check_list;
use crate::platform::trustpager::name::{ClientName, RoleKey, TokenId};
use crate::platform::trustpager::state::{AccessList, KeyGrants, Token};
use crate::platform::trustpager::world::{World, WorldToken, WorldWorkspace};
use crate::server::auth::random_hex;
use crate::server::seed::{Begun, Digests, SeedError, digest, world_digest};
use crate::server::store::trustpager as store;

/// Returns a world for people who have written none: one workspace with one owner and nothing connected.
#[must_use]
pub fn default_world(workspace: &WorkspaceId) -> World {
    let owner = UserId::try_from(format!("owner@{workspace}.example")).ok();
    let users = owner.zip(RoleKey::try_from("owner").ok()).into_iter().collect();
    let only = WorldWorkspace {
        users,
        groups: BTreeMap::new(),
        clients: BTreeMap::new(),
        keys: BTreeMap::new(),
    };
    World { workspaces: BTreeMap::from([(workspace.clone(), only)]) }
}

/// Returns whether somebody has written a world: it says more than that there are workspaces.
fn is_written(world: &World) -> bool {
    world.workspaces.iter().any(|(id, own)| default_world(id).workspaces.get(id) != Some(own))
}

const WORLD: &str = "trustpager_world_digest";
const CATALOG: &str = "trustpager_catalog_digest";

/// Returns what the tables of TrustPager would be filled with now.
pub(in crate::server) fn digests(seed: &TrustpagerSeed) -> Result<Digests, SeedError> {
    let TrustpagerSeed { catalog, world } = seed;
    Ok(Digests([
        (WORLD, world_digest(world, is_written(world))?, "TrustPager world"),
        (CATALOG, digest(catalog)?, "TrustPager catalogue"),
    ]))
}

/// Fills the tables of TrustPager where they are empty. A workspace that begins by itself is added as soon as it is declared.
pub(in crate::server) fn seed(
    db: &Transaction<'_>,
    seed: &TrustpagerSeed,
) -> Result<(), SeedError> {
    let digests = digests(seed)?;
    let begun = digests.begun(db)?;
    if begun == Begun::Otherwise {
        return Ok(());
    }
    let TrustpagerSeed { catalog, world } = seed;
    if begun == Begun::Not {
        store::put_catalog(db, catalog)?;
    }
    for (id, workspace) in &world.workspaces {
        if !store::has_workspace(db, id)? {
            seed_workspace(db, id, workspace, catalog)?;
        }
    }
    if begun == Begun::Not { digests.store(db) } else { Ok(()) }
}

fn seed_workspace(
    db: &Database,
    id: &WorkspaceId,
    world: &WorldWorkspace,
    catalog: &Catalog,
) -> Result<(), SeedError> {
    let wrong = |problem: String| SeedError::World { workspace: id.clone(), problem };
    let generation = random_hex::<4>()?;
    let workspace = store::insert_workspace(db, id, &generation)?;
    let known = |role: &RoleKey| {
        if catalog.roles.contains_key(role) {
            Ok(())
        } else {
            Err(wrong(format!("the catalogue has no role `{role}`")))
        }
    };
    for (user, role) in &world.users {
        known(role)?;
        store::put_user(db, &workspace, user, role)?;
    }
    for (group, members) in &world.groups {
        if let Some(stranger) = members.iter().find(|m| !world.users.contains_key(*m)) {
            return Err(wrong(format!(
                "group `{group}` names `{stranger}`, who is not among the users"
            )));
        }
        store::insert_group(db, &workspace, group, members)?;
    }
    for (name, client) in &world.clients {
        let access = beside_defaults(catalog, &client.access);
        check_list(catalog, &access)
            .map_err(|problem| wrong(format!("OAuth client `{name}`: {problem}")))?;
        store::clients::put(db, &workspace, name, &access)?;
        for (n, world_token) in client.tokens.iter().enumerate() {
            let WorldToken { user, role, issued, last_used, requests } = world_token;
            let Some(current) = world.users.get(user) else {
                return Err(wrong(format!(
                    "`{user}` has authorised `{name}` but is not among the users"
                )));
            };
            let role = role.as_ref().unwrap_or(current);
            known(role)?;
            let mark = mark(id, name, user, n);
            let Issued { value, prefix, suffix } = issue::token_like(&mark)?;
            let token = Token {
                id: TokenId::try_from(format!("tok_{}", mark.get(..12).unwrap_or(&mark)))
                    .map_err(|error| SeedError::Database(error.to_string()))?,
                user: user.clone(),
                role_at_authorisation: role.clone(),
                prefix,
                suffix,
                issued: *issued,
                last_used: *last_used,
                requests: *requests,
            };
            store::clients::insert_token(db, &workspace, name, &token, value.hash().bytes())?;
        }
    }
    for (name, grants) in &world.keys {
        if let KeyGrants::Custom(list) = grants {
            check_list(catalog, list)
                .map_err(|problem| wrong(format!("API key `{name}`: {problem}")))?;
        }
        let Issued { value, prefix, suffix: _ } = issue::key()?;
        store::keys::insert(db, &workspace, name, grants, &prefix, value.hash().bytes())?;
    }
    Ok(())
}

/// Returns the default policy with what the world says otherwise.
fn beside_defaults(catalog: &Catalog, own: &AccessList) -> AccessList {
    let mut list = AccessList::platform_default(catalog);
    list.tiers.extend(own.tiers.clone());
    list.verbs.extend(own.verbs.clone());
    list.verbs.retain(|_, verbs| !verbs.is_empty());
    list.unknown = own.unknown.clone();
    list
}

/// Names a token of the world the same way on every machine, so that files can name it. It is no part of its value.
fn mark(workspace: &WorkspaceId, client: &ClientName, user: &UserId, n: usize) -> String {
    let text = format!("{workspace}/{client}/{user}/{n}");
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
