//! Users, groups and tokens as rows.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection as Database, OptionalExtension, params};

use crate::model::{GroupKey, UserId, WorkspaceId};
use crate::platform::odeus::state::{Directory, Role};
use crate::platform::odeus::wire::{GroupResource, UserResource};
use crate::server::error::ApiError;
use crate::server::store::column::{from_json, stored, to_json};

pub(in crate::server) fn insert_user(
    db: &Database,
    workspace: &WorkspaceId,
    user: &UserId,
    role: Role,
) -> Result<(), ApiError> {
    db.execute(
        "INSERT INTO users (workspace, user, role) VALUES (?1, ?2, ?3)",
        params![workspace.as_str(), user.as_str(), to_json(&role)?],
    )?;
    Ok(())
}

pub(in crate::server) fn insert_group(
    db: &Database,
    workspace: &WorkspaceId,
    group: &GroupKey,
    members: &BTreeSet<UserId>,
) -> Result<(), ApiError> {
    db.execute(
        "INSERT INTO groups (workspace, name) VALUES (?1, ?2)",
        [workspace.as_str(), group.as_str()],
    )?;
    let mut insert =
        db.prepare("INSERT INTO group_members (workspace, name, user) VALUES (?1, ?2, ?3)")?;
    for member in members {
        insert.execute([workspace.as_str(), group.as_str(), member.as_str()])?;
    }
    Ok(())
}

pub(in crate::server) fn role(
    db: &Database,
    workspace: &WorkspaceId,
    user: &UserId,
) -> Result<Option<Role>, ApiError> {
    let text: Option<String> = db
        .query_row(
            "SELECT role FROM users WHERE workspace = ?1 AND user = ?2",
            [workspace.as_str(), user.as_str()],
            |row| row.get(0),
        )
        .optional()?;
    text.map(|text| from_json("role", &text)).transpose()
}

/// Returns up to `limit` users after `after`.
pub(in crate::server) fn users(
    db: &Database,
    workspace: &WorkspaceId,
    after: &str,
    limit: u32,
) -> Result<Vec<UserResource>, ApiError> {
    let mut query = db.prepare(
        "SELECT user, role FROM users WHERE workspace = ?1 AND user > ?2 ORDER BY user LIMIT ?3",
    )?;
    let rows = query.query_map(params![workspace.as_str(), after, limit], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    rows.map(|row| {
        let (user, role) = row?;
        Ok(UserResource { user: stored("user", &user)?, role: from_json("role", &role)? })
    })
    .collect()
}

/// Returns up to `limit` groups after `after`.
pub(in crate::server) fn groups(
    db: &Database,
    workspace: &WorkspaceId,
    after: &str,
    limit: u32,
) -> Result<Vec<GroupResource>, ApiError> {
    let mut query = db.prepare(
        "SELECT name FROM groups WHERE workspace = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
    )?;
    let mut members =
        db.prepare("SELECT user FROM group_members WHERE workspace = ?1 AND name = ?2")?;
    let names = query
        .query_map(params![workspace.as_str(), after, limit], |row| row.get::<_, String>(0))?;
    names
        .map(|name| {
            let name = name?;
            let users = members
                .query_map([workspace.as_str(), &name], |row| row.get::<_, String>(0))?
                .map(|user| stored("user", &user?))
                .collect::<Result<BTreeSet<UserId>, ApiError>>()?;
            Ok(GroupResource { group: stored("group", &name)?, members: users })
        })
        .collect()
}

/// Returns everybody and every group.
pub(in crate::server) fn directory(
    db: &Database,
    workspace: &WorkspaceId,
) -> Result<Directory, ApiError> {
    let everybody = users(db, workspace, "", u32::MAX)?;
    let all_groups = groups(db, workspace, "", u32::MAX)?;
    Ok(Directory {
        users: everybody.into_iter().map(|u| (u.user, u.role)).collect::<BTreeMap<_, _>>(),
        groups: all_groups.into_iter().map(|g| (g.group, g.members)).collect::<BTreeMap<_, _>>(),
    })
}

/// Removes a user with everything that is theirs and returns whether there was one.
pub(in crate::server) fn remove_user(
    db: &Database,
    workspace: &WorkspaceId,
    user: &UserId,
) -> Result<bool, ApiError> {
    let gone = db.execute(
        "DELETE FROM users WHERE workspace = ?1 AND user = ?2",
        [workspace.as_str(), user.as_str()],
    )?;
    Ok(gone > 0)
}

/// Removes a group and returns whether there was one.
pub(in crate::server) fn remove_group(
    db: &Database,
    workspace: &WorkspaceId,
    group: &GroupKey,
) -> Result<bool, ApiError> {
    let gone = db.execute(
        "DELETE FROM groups WHERE workspace = ?1 AND name = ?2",
        [workspace.as_str(), group.as_str()],
    )?;
    Ok(gone > 0)
}

/// A token as it is stored.
#[derive(Debug, Clone)]
pub(in crate::server) struct Token {
    pub(in crate::server) workspace: WorkspaceId,
    pub(in crate::server) user: UserId,
    pub(in crate::server) role: Role,
    pub(in crate::server) read_only: bool,
    /// Seconds since 1970, UTC.
    pub(in crate::server) expires_at: i64,
}

/// Stores a token by the hash of its text.
pub(in crate::server) fn insert_token(
    db: &Database,
    hash: &[u8],
    workspace: &WorkspaceId,
    user: &UserId,
    read_only: bool,
    expires_at: i64,
) -> Result<(), ApiError> {
    db.execute(
        "INSERT INTO tokens (hash, workspace, user, read_only, expires_at) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![hash, workspace.as_str(), user.as_str(), read_only, expires_at],
    )?;
    Ok(())
}

/// Returns the token with this hash, with its user's role as it is now.
pub(in crate::server) fn token(db: &Database, hash: &[u8]) -> Result<Option<Token>, ApiError> {
    let row = db
        .query_row(
            "SELECT t.workspace, t.user, u.role, t.read_only, t.expires_at FROM tokens t \
             JOIN users u ON u.workspace = t.workspace AND u.user = t.user WHERE t.hash = ?1",
            [hash],
            |row| {
                let names: (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((names, row.get(3)?, row.get(4)?))
            },
        )
        .optional()?;
    let Some(((workspace, user, role), read_only, expires_at)) = row else { return Ok(None) };
    Ok(Some(Token {
        workspace: stored("workspace name", &workspace)?,
        user: stored("user", &user)?,
        role: from_json("role", &role)?,
        read_only,
        expires_at,
    }))
}
