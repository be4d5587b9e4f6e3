//! Values as columns: JSON text, names checked on the way out, and what belongs to the database as a whole.

use rusqlite::{Connection as Database, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::server::error::ApiError;

pub(in crate::server) fn to_json<T: Serialize>(value: &T) -> Result<String, ApiError> {
    serde_json::to_string(value).map_err(ApiError::internal)
}

pub(in crate::server) fn from_json<T: DeserializeOwned>(
    what: &str,
    text: &str,
) -> Result<T, ApiError> {
    serde_json::from_str(text)
        .map_err(|error| ApiError::internal(format!("the database holds a broken {what}: {error}")))
}

pub(in crate::server) fn stored<N>(what: &str, text: &str) -> Result<N, ApiError>
where
    N: for<'a> TryFrom<&'a str>,
{
    N::try_from(text).map_err(|_| ApiError::internal(format!("the database holds a broken {what}")))
}

/// Returns a value that belongs to the database as a whole.
pub(in crate::server) fn meta(db: &Database, key: &str) -> Result<Option<String>, rusqlite::Error> {
    db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

pub(in crate::server) fn set_meta(
    db: &Database,
    key: &str,
    value: &str,
) -> Result<(), rusqlite::Error> {
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", [key, value])?;
    Ok(())
}

/// Forgets one value of the database as a whole.
pub(in crate::server) fn forget(db: &Database, key: &str) -> Result<(), rusqlite::Error> {
    db.execute("DELETE FROM meta WHERE key = ?1", [key]).map(|_| ())
}

pub(in crate::server) fn forget_meta(db: &Database) -> Result<(), rusqlite::Error> {
    db.execute_batch("DELETE FROM meta;")
}
