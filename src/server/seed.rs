//! What seeding is on every platform: once, from a world and a catalogue, into tables that are empty.

use rusqlite::Transaction;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::error::ApiError;
use super::store::column;
use crate::model::WorkspaceId;

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

impl From<getrandom::Error> for SeedError {
    fn from(error: getrandom::Error) -> Self {
        Self::Database(error.to_string())
    }
}

/// What a platform is seeded with, by digest: the name that the digest is stored under, the digest, and what it is of. The
/// first one tells whether the platform has been seeded.
pub(super) struct Digests(pub(super) [(&'static str, String, &'static str); 2]);

impl Digests {
    /// Returns what has changed since the platform was seeded; `None` when it never was.
    pub(super) fn notices(&self, db: &Transaction<'_>) -> Result<Option<Vec<String>>, SeedError> {
        let Self([(first, _, _), _]) = self;
        if column::meta(db, first)?.is_none() {
            return Ok(None);
        }
        let mut notices = Vec::new();
        for (key, now, what) in &self.0 {
            if column::meta(db, key)?.as_ref() != Some(now) {
                notices.push(format!(
                    "the {what} has changed since the database was seeded and is not read again; \
                     `scopeform serve --reset` seeds anew and loses what was applied"
                ));
            }
        }
        Ok(Some(notices))
    }

    /// Remembers them, once everything is there.
    pub(super) fn store(&self, db: &Transaction<'_>) -> Result<(), SeedError> {
        for (key, digest, _) in &self.0 {
            column::set_meta(db, key, digest)?;
        }
        Ok(())
    }
}

pub(super) fn digest<T: serde::Serialize>(of: &T) -> Result<String, SeedError> {
    let text = serde_json::to_vec(of).map_err(|error| SeedError::Database(error.to_string()))?;
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}
