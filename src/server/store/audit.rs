//! The audit log as rows: one entry per write, in the transaction of the write.

use rusqlite::{Connection as Database, params};

use super::column::{from_json, to_json};
use crate::model::WorkspaceId;
use crate::platform::wire::AuditEntry;
use crate::server::error::ApiError;

/// Whose log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Log {
    Odeus,
    Trustpager,
}

impl Log {
    const fn table(self) -> &'static str {
        match self {
            Self::Odeus => "audit",
            Self::Trustpager => "tp_audit",
        }
    }
}

/// Appends an entry; its `id` is handed out here.
pub(in crate::server) fn append(
    db: &Database,
    log: Log,
    workspace: &WorkspaceId,
    mut entry: AuditEntry,
) -> Result<(), ApiError> {
    let table = log.table();
    let last: i64 = db.query_row(
        &format!("SELECT COALESCE(MAX(id), 0) FROM {table} WHERE workspace = ?1"),
        [workspace.as_str()],
        |row| row.get(0),
    )?;
    let id = last + 1;
    entry.id = id.unsigned_abs();
    db.execute(
        &format!("INSERT INTO {table} (workspace, id, entry) VALUES (?1, ?2, ?3)"),
        params![workspace.as_str(), id, to_json(&entry)?],
    )?;
    Ok(())
}

/// Returns up to `limit` entries after the given id, oldest first.
pub(in crate::server) fn entries(
    db: &Database,
    log: Log,
    workspace: &WorkspaceId,
    after: i64,
    limit: u32,
) -> Result<Vec<AuditEntry>, ApiError> {
    let table = log.table();
    let mut query = db.prepare(&format!(
        "SELECT entry FROM {table} WHERE workspace = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    ))?;
    let rows = query
        .query_map(params![workspace.as_str(), after, limit], |row| row.get::<_, String>(0))?;
    rows.map(|row| from_json("audit entry", &row?)).collect()
}
