//! What seeding is on every platform: from a world and a catalogue, into tables that are empty.

use rusqlite::{Connection as Database, Transaction};
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

/// How far a platform has been seeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// Not at all.
    Not,
    /// With what there is now.
    Same,
    /// With something else.
    Otherwise,
}

/// What a platform is seeded with, by digest: the name that the digest is stored under, the digest, and what it is of. The
/// first one tells whether the platform has been seeded.
pub(super) struct Digests(pub(super) [(&'static str, String, &'static str); 2]);

impl Digests {
    /// Returns how far the platform has been seeded.
    pub(super) fn begun(&self, db: &Database) -> Result<Begun, rusqlite::Error> {
        let Self([(first, _, _), _]) = self;
        Ok(match column::meta(db, first)? {
            None => Begun::Not,
            Some(_) if self.changed(db)?.is_empty() => Begun::Same,
            Some(_) => Begun::Otherwise,
        })
    }

    /// Returns what is not what the platform was seeded with; nothing where it was not seeded.
    pub(super) fn changed(&self, db: &Database) -> Result<Vec<&'static str>, rusqlite::Error> {
        let mut changed = Vec::new();
        for (key, now, what) in &self.0 {
            if column::meta(db, key)?.is_some_and(|seeded| seeded != *now) {
                changed.push(*what);
            }
        }
        Ok(changed)
    }

    /// Remembers them, once everything is there.
    pub(super) fn store(&self, db: &Transaction<'_>) -> Result<(), SeedError> {
        for (key, digest, _) in &self.0 {
            column::set_meta(db, key, digest)?;
        }
        Ok(())
    }
}

/// There from the seed to the first write.
const UNTOUCHED: &str = "untouched";

/// Remembers that something was written: what is there is no longer what the world says.
pub(super) fn touch(db: &Database) -> Result<(), rusqlite::Error> {
    column::forget(db, UNTOUCHED)
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

/// Returns the digest of a world. One that nobody has written is the same whatever workspaces it is asked for: each of them
/// begins when it is declared.
pub(super) fn world_digest<W: serde::Serialize>(
    world: &W,
    written: bool,
) -> Result<String, SeedError> {
    if written { digest(world) } else { digest(&"nobody has written a world") }
}

pub(super) fn digest<T: serde::Serialize>(of: &T) -> Result<String, SeedError> {
    let text = serde_json::to_vec(of).map_err(|error| SeedError::Database(error.to_string()))?;
    Ok(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}
