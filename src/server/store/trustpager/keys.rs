//! API keys as rows, each by the hash of its value.

use jiff::civil::Date;
use rusqlite::{Connection as Database, OptionalExtension, Row, params};

use super::Workspace;
use crate::model::WorkspaceId;
use crate::platform::trustpager::name::KeyName;
use crate::platform::trustpager::state::KeyGrants;
use crate::platform::trustpager::wire::KeyResource;
use crate::server::error::ApiError;
use crate::server::store::column::{from_json, stored, to_json};

type KeyRow = (String, String, String, i64, Option<String>, i64);

const KEY: &str =
    "SELECT name, grants, prefix, revision, last_used, requests FROM tp_keys WHERE workspace = ?1";

fn key_row(row: &Row<'_>) -> rusqlite::Result<KeyRow> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn lift(
    workspace: &Workspace,
    (name, grants, prefix, revision, last_used, requests): KeyRow,
) -> Result<KeyResource, ApiError> {
    Ok(KeyResource {
        name: stored("API key name", &name)?,
        grants: from_json("API key", &grants)?,
        prefix,
        last_used: last_used.as_deref().map(super::date).transpose()?,
        requests: requests.unsigned_abs(),
        etag: workspace.etag(revision),
    })
}

pub(in crate::server) fn find(
    db: &Database,
    workspace: &Workspace,
    name: &KeyName,
) -> Result<Option<KeyResource>, ApiError> {
    let row = db
        .query_row(&format!("{KEY} AND name = ?2"), [workspace.id.as_str(), name.as_str()], key_row)
        .optional()?;
    row.map(|row| lift(workspace, row)).transpose()
}

pub(in crate::server) fn get(
    db: &Database,
    workspace: &Workspace,
    name: &KeyName,
) -> Result<KeyResource, ApiError> {
    find(db, workspace, name)?.ok_or_else(|| ApiError::not_found("API key", name.as_str()))
}

/// Returns up to `limit` keys whose name is greater than `after`.
pub(in crate::server) fn list(
    db: &Database,
    workspace: &Workspace,
    after: &str,
    limit: u32,
) -> Result<Vec<KeyResource>, ApiError> {
    let mut query = db.prepare(&format!("{KEY} AND name > ?2 ORDER BY name LIMIT ?3"))?;
    let rows = query.query_map(params![workspace.id.as_str(), after, limit], key_row)?;
    rows.map(|row| lift(workspace, row?)).collect()
}

/// Stores a new key by the hash of its value.
pub(in crate::server) fn insert(
    db: &Database,
    workspace: &Workspace,
    name: &KeyName,
    grants: &KeyGrants,
    prefix: &str,
    hash: &[u8],
) -> Result<(), ApiError> {
    let revision = workspace.next_revision(db)?;
    db.execute(
        "INSERT INTO tp_keys (workspace, name, grants, prefix, hash, requests, revision) \
         VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)",
        params![workspace.id.as_str(), name.as_str(), to_json(grants)?, prefix, hash, revision],
    )?;
    Ok(())
}

pub(in crate::server) fn set_grants(
    db: &Database,
    workspace: &Workspace,
    name: &KeyName,
    grants: &KeyGrants,
) -> Result<(), ApiError> {
    let revision = workspace.next_revision(db)?;
    db.execute(
        "UPDATE tp_keys SET grants = ?3, revision = ?4 WHERE workspace = ?1 AND name = ?2",
        params![workspace.id.as_str(), name.as_str(), to_json(grants)?, revision],
    )?;
    Ok(())
}

/// Stores a new value of a key; the old one is worth nothing from then on.
pub(in crate::server) fn set_value(
    db: &Database,
    workspace: &Workspace,
    name: &KeyName,
    prefix: &str,
    hash: &[u8],
) -> Result<(), ApiError> {
    let revision = workspace.next_revision(db)?;
    db.execute(
        "UPDATE tp_keys SET prefix = ?3, hash = ?4, revision = ?5 WHERE workspace = ?1 AND name = ?2",
        params![workspace.id.as_str(), name.as_str(), prefix, hash, revision],
    )?;
    Ok(())
}

pub(in crate::server) fn remove(
    db: &Database,
    workspace: &Workspace,
    name: &KeyName,
) -> Result<(), ApiError> {
    db.execute(
        "DELETE FROM tp_keys WHERE workspace = ?1 AND name = ?2",
        [workspace.id.as_str(), name.as_str()],
    )?;
    Ok(())
}

/// Returns the workspace and the name of the key with this hash.
pub(in crate::server) fn bearer(
    db: &Database,
    hash: &[u8],
) -> Result<Option<(WorkspaceId, KeyName)>, ApiError> {
    let row = db
        .query_row("SELECT workspace, name FROM tp_keys WHERE hash = ?1", [hash], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    let Some((workspace, name)) = row else { return Ok(None) };
    Ok(Some((stored("workspace name", &workspace)?, stored("API key name", &name)?)))
}

/// Counts one more call of a key.
pub(in crate::server) fn count_call(
    db: &Database,
    workspace: &Workspace,
    name: &KeyName,
    today: Date,
) -> Result<(), ApiError> {
    db.execute(
        "UPDATE tp_keys SET requests = requests + 1, last_used = ?3 WHERE workspace = ?1 AND name = ?2",
        [workspace.id.as_str(), name.as_str(), &today.to_string()],
    )?;
    Ok(())
}
