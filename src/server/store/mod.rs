//! The database: one SQLite file, one connection, one transaction per request.
//!
//! A write is on the disk before its answer leaves (`synchronous = FULL`), so no acknowledged write is ever lost. Only
//! this folder knows SQL.

use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use thiserror::Error;

use super::error::ApiError;

pub(super) mod audit;
pub(super) mod column;
pub(super) mod odeus;
mod schema;
pub(super) mod trustpager;

/// Why the database cannot be used at all.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file cannot be made or opened.
    #[error("cannot open the database: {0}")]
    File(#[from] std::io::Error),
    /// SQLite cannot read or prepare the file.
    #[error("cannot use the database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file belongs to another program.
    #[error("the file is the database of another program; name another file")]
    Foreign,
    /// The file was written by a newer version of this program.
    #[error(
        "the database has format {found}, this version knows formats up to {known}; update, or move the file away"
    )]
    Newer {
        /// Its format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
}

/// Empties every platform's tables, and what is remembered about the database as a whole. Rows and not the file: another
/// process may have it open.
pub(super) fn forget(db: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    odeus::rows::forget(db)?;
    trustpager::forget(db)?;
    column::forget_meta(db)
}

/// The open database.
#[derive(Debug)]
pub(super) struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the file, creates it when it is not there, and brings its tables up to date.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        drop(create_private(path)?);
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        use_write_ahead_log(&connection)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        schema::migrate(&mut connection)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Runs `work` on one consistent view of the database.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        work(&transaction)
    }

    /// Runs `work` in one transaction: everything it wrote is kept when it succeeds, nothing when it does not.
    pub(super) fn write<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        // Immediate: two processes on one file queue up here instead of failing at their first write.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = work(&transaction)?;
        transaction.commit()?;
        Ok(answer)
    }

    /// Makes every later write fail as if the disk were full.
    #[cfg(test)]
    #[cfg(feature = "http")]
    pub(super) fn fill_up(&self) {
        let connection = self.connection.lock().unwrap();
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        connection.pragma_update(None, "max_page_count", pages).unwrap();
    }
}

/// Creates the file, when it is not there, so that nobody but its owner can read it. SQLite gives its log the same mode.
pub(super) fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Switches to the write-ahead log. SQLite does not wait for other processes here, so two that start together on a new
/// file would fail without trying again.
fn use_write_ahead_log(connection: &Connection) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        let switched = connection.pragma_update(None, "journal_mode", "WAL");
        match switched {
            Ok(()) => return Ok(()),
            Err(error)
                if tries < 100 && error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) =>
            {
                tries += 1;
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
