//! TrustPager's rows: the catalogue, workspaces, users, groups and portal tokens here; the rest in rooms of their own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rusqlite::{Connection as Database, OptionalExtension, params};

use super::column::{from_json, stored, to_json};
use crate::model::{GroupKey, UserId, WorkspaceId};
use crate::platform::trustpager::catalog::Catalog;
use crate::platform::trustpager::name::RoleKey;
use crate::platform::trustpager::wire::{GroupResource, UserResource};
use crate::server::error::ApiError;

pub(in crate::server) mod clients;
pub(in crate::server) mod keys;
pub(in crate::server) mod queue;

fn date(text: &str) -> Result<Date, ApiError> {
    text.parse().map_err(|_| ApiError::internal("the database holds a broken date"))
}

/// Forgets everything about TrustPager.
pub(in crate::server) fn forget(db: &Database) -> Result<(), rusqlite::Error> {
    db.execute_batch("DELETE FROM tp_workspaces; DELETE FROM tp_catalog;")
}

pub(in crate::server) fn put_catalog(db: &Database, catalog: &Catalog) -> Result<(), ApiError> {
    db.execute(
        "INSERT OR REPLACE INTO tp_catalog (id, facts) VALUES (1, ?1)",
        [to_json(catalog)?],
    )?;
    Ok(())
}

pub(in crate::server) fn catalog(db: &Database) -> Result<Catalog, ApiError> {
    let text: Option<String> = db
        .query_row("SELECT facts FROM tp_catalog WHERE id = 1", [], |row| row.get(0))
        .optional()?;
    match text {
        Some(text) => from_json("TrustPager catalogue", &text),
        None => Err(ApiError::not_found("platform", "trustpager")),
    }
}

/// A workspace as it is stored.
#[derive(Debug, Clone)]
pub(in crate::server) struct Workspace {
    pub(in crate::server) id: WorkspaceId,
    generation: String,
}

impl Workspace {
    /// Returns the version token of a thing with this revision.
    pub(in crate::server) fn etag(&self, revision: i64) -> String {
        format!("\"{}-{revision}\"", self.generation)
    }

    /// Returns the version token of the list of API keys. It moves with a reset only: keys are made side by side, and a
    /// name that is taken is a conflict of its own.
    pub(in crate::server) fn keys_etag(&self) -> String {
        format!("\"{}-keys\"", self.generation)
    }

    /// Counts one more write and returns the count.
    pub(in crate::server) fn next_revision(&self, db: &Database) -> Result<i64, ApiError> {
        Ok(db.query_row(
            "UPDATE tp_workspaces SET writes = writes + 1 WHERE workspace = ?1 RETURNING writes",
            [self.id.as_str()],
            |row| row.get(0),
        )?)
    }
}

pub(in crate::server) fn insert_workspace(
    db: &Database,
    id: &WorkspaceId,
    generation: &str,
) -> Result<Workspace, ApiError> {
    db.execute(
        "INSERT INTO tp_workspaces (workspace, generation, writes) VALUES (?1, ?2, 0)",
        [id.as_str(), generation],
    )?;
    Ok(Workspace { id: id.clone(), generation: generation.to_owned() })
}

pub(in crate::server) fn has_workspace(
    db: &Database,
    id: &WorkspaceId,
) -> Result<bool, rusqlite::Error> {
    let mut query = db.prepare("SELECT 1 FROM tp_workspaces WHERE workspace = ?1")?;
    query.exists([id.as_str()])
}

pub(in crate::server) fn workspace(db: &Database, id: &WorkspaceId) -> Result<Workspace, ApiError> {
    let generation: Option<String> = db
        .query_row(
            "SELECT generation FROM tp_workspaces WHERE workspace = ?1",
            [id.as_str()],
            |row| row.get(0),
        )
        .optional()?;
    match generation {
        Some(generation) => Ok(Workspace { id: id.clone(), generation }),
        None => Err(ApiError::not_found("workspace", id.as_str())),
    }
}

pub(in crate::server) fn put_user(
    db: &Database,
    workspace: &Workspace,
    user: &UserId,
    role: &RoleKey,
) -> Result<UserResource, ApiError> {
    let revision = workspace.next_revision(db)?;
    db.execute(
        "INSERT INTO tp_users (workspace, user, role, revision) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (workspace, user) DO UPDATE SET role = excluded.role, revision = excluded.revision",
        params![workspace.id.as_str(), user.as_str(), role.as_str(), revision],
    )?;
    let etag = workspace.etag(revision);
    Ok(UserResource { user: user.clone(), role: role.clone(), etag })
}

/// Returns up to `limit` users after `after`.
pub(in crate::server) fn users(
    db: &Database,
    workspace: &Workspace,
    after: &str,
    limit: u32,
) -> Result<Vec<UserResource>, ApiError> {
    let mut query = db.prepare(
        "SELECT user, role, revision FROM tp_users WHERE workspace = ?1 AND user > ?2 \
         ORDER BY user LIMIT ?3",
    )?;
    let rows = query.query_map(params![workspace.id.as_str(), after, limit], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
    })?;
    rows.map(|row| {
        let (user, role, revision) = row?;
        Ok(UserResource {
            user: stored("user", &user)?,
            role: stored("role", &role)?,
            etag: workspace.etag(revision),
        })
    })
    .collect()
}

/// Returns everybody and their current role.
pub(in crate::server) fn roles(
    db: &Database,
    workspace: &Workspace,
) -> Result<BTreeMap<UserId, RoleKey>, ApiError> {
    let all = users(db, workspace, "", u32::MAX)?;
    Ok(all.into_iter().map(|one| (one.user, one.role)).collect())
}

pub(in crate::server) fn user(
    db: &Database,
    workspace: &Workspace,
    user: &UserId,
) -> Result<Option<UserResource>, ApiError> {
    let row = db
        .query_row(
            "SELECT role, revision FROM tp_users WHERE workspace = ?1 AND user = ?2",
            [workspace.id.as_str(), user.as_str()],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)),
        )
        .optional()?;
    let Some((role, revision)) = row else { return Ok(None) };
    let etag = workspace.etag(revision);
    Ok(Some(UserResource { user: user.clone(), role: stored("role", &role)?, etag }))
}

/// Removes a user with everything that is theirs.
pub(in crate::server) fn remove_user(
    db: &Database,
    workspace: &Workspace,
    user: &UserId,
) -> Result<(), ApiError> {
    db.execute(
        "DELETE FROM tp_users WHERE workspace = ?1 AND user = ?2",
        [workspace.id.as_str(), user.as_str()],
    )?;
    Ok(())
}

pub(in crate::server) fn insert_group(
    db: &Database,
    workspace: &Workspace,
    group: &GroupKey,
    members: &BTreeSet<UserId>,
) -> Result<(), ApiError> {
    db.execute(
        "INSERT INTO tp_groups (workspace, name) VALUES (?1, ?2)",
        [workspace.id.as_str(), group.as_str()],
    )?;
    let mut insert =
        db.prepare("INSERT INTO tp_group_members (workspace, name, user) VALUES (?1, ?2, ?3)")?;
    for member in members {
        insert.execute([workspace.id.as_str(), group.as_str(), member.as_str()])?;
    }
    Ok(())
}

/// Returns up to `limit` groups after `after`.
pub(in crate::server) fn groups(
    db: &Database,
    workspace: &Workspace,
    after: &str,
    limit: u32,
) -> Result<Vec<GroupResource>, ApiError> {
    let mut query = db.prepare(
        "SELECT name FROM tp_groups WHERE workspace = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
    )?;
    let mut members =
        db.prepare("SELECT user FROM tp_group_members WHERE workspace = ?1 AND name = ?2")?;
    let names = query
        .query_map(params![workspace.id.as_str(), after, limit], |row| row.get::<_, String>(0))?;
    names
        .map(|name| {
            let name = name?;
            let users = members
                .query_map([workspace.id.as_str(), &name], |row| row.get::<_, String>(0))?
                .map(|user| stored("user", &user?))
                .collect::<Result<BTreeSet<UserId>, ApiError>>()?;
            Ok(GroupResource { group: stored("group", &name)?, members: users })
        })
        .collect()
}

/// A portal token as it is stored.
#[derive(Debug, Clone)]
pub(in crate::server) struct Session {
    pub(in crate::server) workspace: WorkspaceId,
    pub(in crate::server) user: UserId,
    /// The role as it is now.
    pub(in crate::server) role: RoleKey,
    pub(in crate::server) read_only: bool,
    /// Seconds since 1970, UTC.
    pub(in crate::server) expires_at: i64,
}

/// Stores a portal token by the hash of its text.
pub(in crate::server) fn insert_session(
    db: &Database,
    hash: &[u8],
    workspace: &Workspace,
    user: &UserId,
    read_only: bool,
    expires_at: i64,
) -> Result<(), ApiError> {
    db.execute(
        "INSERT INTO tp_sessions (hash, workspace, user, read_only, expires_at) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![hash, workspace.id.as_str(), user.as_str(), read_only, expires_at],
    )?;
    Ok(())
}

/// Returns the portal token with this hash.
pub(in crate::server) fn session(db: &Database, hash: &[u8]) -> Result<Option<Session>, ApiError> {
    let row = db
        .query_row(
            "SELECT s.workspace, s.user, u.role, s.read_only, s.expires_at FROM tp_sessions s \
             JOIN tp_users u ON u.workspace = s.workspace AND u.user = s.user WHERE s.hash = ?1",
            [hash],
            |row| {
                let names: (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((names, row.get(3)?, row.get(4)?))
            },
        )
        .optional()?;
    let Some(((workspace, user, role), read_only, expires_at)) = row else { return Ok(None) };
    Ok(Some(Session {
        workspace: stored("workspace name", &workspace)?,
        user: stored("user", &user)?,
        role: stored("role", &role)?,
        read_only,
        expires_at,
    }))
}
