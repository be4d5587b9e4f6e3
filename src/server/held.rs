//! Who else has the database of a control plane open: what somebody serves is not emptied under them.
//!
//! A lock on a file beside the database and not on the database, whose own locks SQLite would lose by it. Whoever opens
//! the database alone may begin it anew; after that it is shared until the process has ended.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::store::create_private;

/// A place among the processes that use a database. Given up when dropped.
#[derive(Debug)]
pub(super) struct Held {
    file: File,
    alone: bool,
}

impl Held {
    /// Takes a place. While another process begins, this waits for it.
    ///
    /// # Errors
    /// When the file beside the database cannot be made.
    pub(super) fn take(database: &Path) -> io::Result<Self> {
        let file = create_private(&database.with_extension("lock"))?;
        let alone = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => {
                file.lock_shared()?;
                false
            }
            // Where files cannot be locked nobody knows of others, and whoever is alone must be able to go on.
            Err(TryLockError::Error(_)) => true,
        };
        Ok(Self { file, alone })
    }

    /// Returns whether no other process has the database open.
    pub(super) const fn alone(&self) -> bool {
        self.alone
    }

    /// Lets others in, once the database is as this process serves it.
    pub(super) fn share(&mut self) {
        if std::mem::take(&mut self.alone) {
            // Where this fails there are no locks at all, or this process is taken for gone: both are as before.
            let _ = self.file.unlock().and_then(|()| self.file.lock_shared());
        }
    }
}
