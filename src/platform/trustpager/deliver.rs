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

/// Delivers to files below a folder: mode 0600, created new, never overwritten; folders that are not there are made, mode
/// 0700. What a run leaves behind that was ended before the value came, an empty file of that mode, is taken up again; while
/// one run holds it, no other one does.
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
        make_parents(&self.root, place)?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = match options.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => left_behind(&path)
                .ok_or_else(
                || format!("{} exists and is not overwritten; move it away", path.display()),
            )?,
            Err(error) => return Err(format!("cannot create {}: {error}", path.display())),
        };
        // Two runs may have found the same empty file. The lock ends with the process, however that ends.
        if file.try_lock().is_err() || !is_at(&file, &path) {
            return Err(format!("{} is in use by another run", path.display()));
        }
        Ok(Box::new(ReservedFile { file, path }))
    }

    fn holds(&self, place: &str) -> bool {
        let file = self.root.join(place).symlink_metadata();
        file.is_ok_and(|file| file.is_file() && file.len() > 0)
    }
}

/// Returns whether a run was ended between making the file that `place` names below `root` and filling it.
#[must_use]
pub fn is_left_behind(root: &Path, place: &str) -> bool {
    left_behind(&root.join(place)).is_some()
}

/// Returns why a file that does not hold a value yet could not be made at `place` below `root`; `None` where nothing is in
/// the way. It makes nothing.
#[must_use]
pub fn obstacle(root: &Path, place: &str) -> Option<String> {
    let path = root.join(place);
    if let Err(why) = missing(root, place) {
        return Some(why);
    }
    let there = path.symlink_metadata().is_ok();
    (there && left_behind(&path).is_none())
        .then(|| format!("{} exists and is not overwritten; move it away", path.display()))
}

/// Returns the folders between `root` and the file at `place` that are not there yet, outermost first: they are made
/// with the file.
fn missing(root: &Path, place: &str) -> Result<Vec<PathBuf>, String> {
    let path = root.join(place);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let cannot = |why: &str| Err(format!("cannot create {}: {why}", path.display()));
    let mut missing = Vec::new();
    for above in folder.ancestors() {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        if above.is_dir() {
            missing.reverse();
            return Ok(missing);
        }
        // A link that leads nowhere is there too.
        if above.symlink_metadata().is_ok() {
            return cannot(&format!("{} is no folder", above.display()));
        }
        if !above.starts_with(root) || above == root {
            break;
        }
        missing.push(above.to_owned());
    }
    cannot("its folder is not there")
}

/// Makes the folders that a file at `place` needs, for their owner alone. The outermost one keeps all of it out of version
/// control: values of keys are in there.
fn make_parents(root: &Path, place: &str) -> Result<(), String> {
    for (depth, folder) in missing(root, place)?.iter().enumerate() {
        let cannot = |error: std::io::Error| {
            format!("cannot create the folder {}: {error}", folder.display())
        };
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(folder) {
            Ok(()) if depth == 0 => ignore_all(folder).map_err(cannot)?,
            Ok(()) => {}
            // Another run was faster.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot(error)),
        }
    }
    Ok(())
}

fn ignore_all(folder: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).open(folder.join(".gitignore"))?;
    file.write_all(b"*\n")
}

/// Opens the file of a run that was ended before the value came: a plain file, ours alone, and empty.
#[cfg(unix)]
fn left_behind(path: &Path) -> Option<std::fs::File> {
    use std::os::unix::fs::PermissionsExt as _;
    let found = path.symlink_metadata().ok()?;
    let ours = found.is_file() && found.permissions().mode() & 0o777 == 0o600;
    if !ours || found.len() > 0 {
        return None;
    }
    std::fs::OpenOptions::new().write(true).open(path).ok()
}

#[cfg(not(unix))]
fn left_behind(_: &Path) -> Option<std::fs::File> {
    None
}

/// Returns whether an open file is still empty and the one that the path leads to.
#[cfg(unix)]
fn is_at(file: &std::fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(open), Ok(found)) = (file.metadata(), path.symlink_metadata()) else { return false };
    (open.dev(), open.ino()) == (found.dev(), found.ino()) && open.len() == 0
}

#[cfg(not(unix))]
fn is_at(_: &std::fs::File, _: &Path) -> bool {
    true
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
