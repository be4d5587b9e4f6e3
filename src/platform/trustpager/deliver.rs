//! Where the value of a new API key goes: to one file, once.
//!
//! The file is made before the key, so that a key is not created for a place that cannot be written.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

/// Takes the value of a new API key.
pub trait Deliver: Send + Sync + fmt::Debug {
    /// Makes the place that an operation names, empty, and keeps it.
    ///
    /// # Errors
    /// A reason in words when it is there already or cannot be made.
    fn reserve(&self, place: &str) -> Result<Box<dyn Reserved>, String>;

    /// Returns whether a value has been delivered to a place.
    fn holds(&self, place: &str) -> bool;
}

/// A place that waits for its value.
pub trait Reserved: Send + Sync {
    /// Writes the value.
    ///
    /// # Errors
    /// A reason in words when it cannot be written; the place is gone then.
    fn fill(self: Box<Self>, value: &SecretString) -> Result<(), String>;

    /// Takes the place away again: no value will come.
    fn cancel(self: Box<Self>);
}

/// Delivers to files below a folder: mode 0600, created new, never overwritten. An empty file that nobody holds is what a
/// run that was killed has left, and is taken over.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
}

impl Files {
    /// Returns a delivery to files whose paths are relative to `root`.
    #[must_use]
    pub const fn below(root: PathBuf) -> Self {
        Self { root }
    }
}

impl Deliver for Files {
    fn reserve(&self, place: &str) -> Result<Box<dyn Reserved>, String> {
        let path = self.root.join(place);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => {
                // Held until the value is there. Without locks a leftover is never told from a place that waits.
                let _ = file.lock();
                Ok(Box::new(ReservedFile { file, path }))
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                match leftover(&path) {
                    Some(file) => Ok(Box::new(ReservedFile { file, path })),
                    None => Err(format!(
                        "{} exists and is not overwritten; move it away",
                        path.display()
                    )),
                }
            }
            Err(error) => Err(format!("cannot create {}: {error}", path.display())),
        }
    }

    fn holds(&self, place: &str) -> bool {
        let file = self.root.join(place).symlink_metadata();
        file.is_ok_and(|file| file.is_file() && file.len() > 0)
    }
}

/// Returns the empty file of a run that was killed before the value came, locked.
fn leftover(path: &Path) -> Option<std::fs::File> {
    let is_ours = |meta: &std::fs::Metadata| {
        #[cfg(unix)]
        let private = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o077 == 0;
        #[cfg(not(unix))]
        let private = true;
        meta.is_file() && meta.len() == 0 && private
    };
    path.symlink_metadata().ok().filter(is_ours)?;
    let file = std::fs::OpenOptions::new().append(true).open(path).ok()?;
    file.try_lock().ok()?;
    // Whoever held it may have written to it meanwhile.
    file.metadata().ok().filter(is_ours)?;
    Some(file)
}

struct ReservedFile {
    file: std::fs::File,
    path: PathBuf,
}

impl Reserved for ReservedFile {
    fn fill(mut self: Box<Self>, value: &SecretString) -> Result<(), String> {
        let text = format!("{}\n", value.expose_secret());
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all());
        written.map_err(|error| {
            remove(&self.path);
            format!("cannot write {}: {error}", self.path.display())
        })
    }

    fn cancel(self: Box<Self>) {
        remove(&self.path);
    }
}

#[expect(clippy::disallowed_methods, reason = "an empty or torn file would pass for a key")]
fn remove(path: &Path) {
    // It is ours and holds no value; when it cannot go, the next attempt says that it is in the way.
    let _ = std::fs::remove_file(path);
}

/// Delivers nowhere: for clients that only read, and for plans that create no key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

impl Deliver for Nowhere {
    fn reserve(&self, _: &str) -> Result<Box<dyn Reserved>, String> {
        Err("there is nowhere to deliver it to".to_owned())
    }

    fn holds(&self, _: &str) -> bool {
        false
    }
}
