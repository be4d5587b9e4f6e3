//! Queued calls as rows.
//!
//! Nothing runs when a call expires: whoever looks finds a pending call past its time expired.

use rusqlite::{Connection as Database, OptionalExtension, Row, params};

use super::Workspace;
use crate::platform::trustpager::wire::{ApprovalResource, Status};
use crate::server::error::ApiError;
use crate::server::store::column::{from_json, to_json};

/// A queued call as it is stored.
#[derive(Debug, Clone)]
pub(in crate::server) struct Queued {
    pub(in crate::server) resource: ApprovalResource,
    /// Seconds since 1970, UTC.
    pub(in crate::server) expires_at: i64,
}

fn row(row: &Row<'_>) -> rusqlite::Result<(String, i64)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn lift((record, expires_at): (String, i64), now: i64) -> Result<Queued, ApiError> {
    let mut resource: ApprovalResource = from_json("queued call", &record)?;
    if resource.status == Status::Pending && expires_at <= now {
        resource.status = Status::Expired;
    }
    Ok(Queued { resource, expires_at })
}

/// Stores a queued call, new or not.
pub(in crate::server) fn put(
    db: &Database,
    workspace: &Workspace,
    queued: &Queued,
) -> Result<(), ApiError> {
    db.execute(
        "INSERT OR REPLACE INTO tp_approvals (workspace, id, status, expires_at, record) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            workspace.id.as_str(),
            queued.resource.item.id,
            queued.resource.status.word(),
            queued.expires_at,
            to_json(&queued.resource)?
        ],
    )?;
    Ok(())
}

pub(in crate::server) fn get(
    db: &Database,
    workspace: &Workspace,
    id: &str,
    now: i64,
) -> Result<Queued, ApiError> {
    let found = db
        .query_row(
            "SELECT record, expires_at FROM tp_approvals WHERE workspace = ?1 AND id = ?2",
            [workspace.id.as_str(), id],
            row,
        )
        .optional()?;
    match found {
        Some(found) => lift(found, now),
        None => Err(ApiError::not_found("queued call", id)),
    }
}

/// Returns up to `limit` queued calls after `after`, those of one status or all.
pub(in crate::server) fn list(
    db: &Database,
    workspace: &Workspace,
    status: Option<Status>,
    (after, limit): (&str, u32),
    now: i64,
) -> Result<Vec<Queued>, ApiError> {
    let mut query = db.prepare(
        "SELECT record, expires_at FROM tp_approvals WHERE workspace = ?1 AND id > ?2 AND (?3 IS NULL OR ?3 = \
         CASE WHEN status = 'pending' AND expires_at <= ?4 THEN 'expired' ELSE status END) ORDER BY id LIMIT ?5",
    )?;
    let word = status.map(Status::word);
    let rows = query.query_map(params![workspace.id.as_str(), after, word, now, limit], row)?;
    rows.map(|row| lift(row?, now)).collect()
}
