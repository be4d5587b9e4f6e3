//! Who else has the database of a control plane open: what somebody serves is not emptied under them.
//!
//! Locks on files beside the database and not on the database, whose own locks SQLite would lose by it. Whoever opens
//! the database alone may begin it anew; after that it is shared until the process has ended.
//!
//! A lock that is exclusive cannot be made a shared one at once: in the moment between, somebody else could take it and be
//! taken for alone. So whoever comes in has a second lock, the door, until that moment is over.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::store::create_private;

/// A place among the processes that use a database. Given up when dropped.
#[derive(Debug)]
pub(super) struct Held {
    file: File,
    /// Held by whoever is alone, until it shares: nobody else comes in before.
    door: Option<File>,
}

impl Held {
    /// Takes a place. While another process begins, this waits for it.
    ///
    /// # Errors
    /// When a file beside the database cannot be made.
    pub(super) fn take(database: &Path) -> io::Result<Self> {
        let door = create_private(&database.with_extension("door"))?;
        // Where files cannot be locked nobody knows of others, and whoever is alone must be able to go on.
        let _ = door.lock();
        Self::enter(database, door)
    }

    /// Takes a place behind the door, which nobody else has.
    fn enter(database: &Path, door: File) -> io::Result<Self> {
        let file = create_private(&database.with_extension("lock"))?;
        let door = match file.try_lock() {
            Ok(()) | Err(TryLockError::Error(_)) => Some(door),
            Err(TryLockError::WouldBlock) => {
                file.lock_shared()?;
                None
            }
        };
        Ok(Self { file, door })
    }

    /// Returns whether no other process has the database open.
    pub(super) const fn alone(&self) -> bool {
        self.door.is_some()
    }

    /// Lets others in, once the database is as this process serves it.
    pub(super) fn share(&mut self) {
        self.share_after(|| ());
    }

    /// Does the same, with what somebody else may do in the moment in which there is no lock but the door.
    fn share_after(&mut self, meanwhile: impl FnOnce()) {
        if let Some(door) = self.door.take() {
            // Where this fails there are no locks at all, or this process is taken for gone: both are as before.
            let _ = self.file.unlock();
            meanwhile();
            let _ = self.file.lock_shared();
            drop(door);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`Held::take`] returns, or `None` where it would wait.
    fn taken(database: &Path) -> Option<Held> {
        let door = create_private(&database.with_extension("door")).unwrap();
        door.try_lock().is_ok().then(|| Held::enter(database, door).unwrap())
    }

    #[test]
    fn nobody_is_taken_for_alone_beside_somebody_else() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("plane.db");
        let mut first = Held::take(&database).unwrap();
        assert!(first.alone());
        assert!(taken(&database).is_none(), "what begins is waited for");
        // Also in the moment in which it becomes shared.
        first.share_after(|| {
            let other = taken(&database);
            assert!(other.is_none_or(|other| !other.alone()), "two at once may begin it anew");
        });
        assert!(!first.alone());
        let mut second = taken(&database).unwrap();
        assert!(!second.alone());
        second.share();
        // Whoever is left is not alone again, and whoever comes then is not either.
        drop(first);
        assert!(!taken(&database).unwrap().alone());
        drop(second);
        assert!(taken(&database).unwrap().alone());
    }
}
