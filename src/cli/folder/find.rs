//! Which folder is the configuration folder, and where its data is kept.

use std::fs;
use std::path::{Path, PathBuf};

use super::{
    is_part, is_yaml, is_yaml_in_other_case, looks_meant, name_below, no_configuration, read,
};
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::ui::Failure;
use crate::config::{FileKind, classify};

/// Returns the path named, or the nearest folder upwards that holds a configuration file, stopping at a repository's root.
///
/// # Errors
/// When there is none.
pub(in crate::cli) fn discover(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let here = std::env::current_dir()?;
    for folder in here.ancestors() {
        if holds_configuration(folder) {
            // The working directory itself stays relative, so that messages do.
            return Ok(if folder == here { PathBuf::from(".") } else { folder.to_owned() });
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    let names = fs::read_dir(&here)?.flatten().map(|entry| entry.path());
    let mut passed: Vec<String> = names
        .filter(|path| looks_meant(path) && is_part(path))
        .map(|path| name_below(&path, &here))
        .collect();
    passed.sort();
    let message = "no configuration here or in a folder above".to_owned();
    Err(match passed.as_slice() {
        [] => Failure::new(Exit::Error, message)
            .help("name a folder or file, or make a first one with `scopeform init`"),
        passed => no_configuration(message, passed),
    })
}

/// Returns the configuration folder at hand, for a command that is given a plan file: named, from the environment, or
/// the nearest one upwards.
pub(in crate::cli) fn root_at_hand(named: Option<&Path>, env: &Env) -> Option<PathBuf> {
    if let Some(folder) = named {
        return Some(folder.to_owned());
    }
    // The variable may be what named the plan file; then it is no folder.
    let set = env.get("SCOPEFORM_CONFIG").map(PathBuf::from).filter(|path| path.is_dir());
    set.or_else(|| discover(None).ok())
}

fn holds_configuration(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().map(|entry| entry.path()).any(|path| {
        // One in other case is found as well, to be refused where it stands and not passed over.
        (is_yaml(&path) || is_yaml_in_other_case(&path))
            && path.is_file()
            && read(&path).is_ok_and(|bytes| {
                let text = String::from_utf8_lossy(&bytes);
                let has = |key: &str| text.lines().any(|line| line.starts_with(key));
                classify(&bytes) == FileKind::Config && has("version:") && has("platform:")
            })
    })
}

/// Returns the configuration folder that a path names: itself, or the one that a file is in.
#[must_use]
pub(in crate::cli) fn root_of(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.to_owned();
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}

/// Returns where the data of a folder is kept: journals, used approvals, the book of the budget, the embedded control plane.
#[must_use]
pub(in crate::cli) fn data_dir(root: &Path, env: &Env) -> PathBuf {
    match env.get("SCOPEFORM_DATA_DIR") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => root.join(".scopeform"),
    }
}

/// Makes the data folder, with a `.gitignore` that keeps all of it out of version control.
///
/// # Errors
/// When it cannot be made.
pub(in crate::cli) fn make_data_dir(folder: &Path) -> Result<(), Failure> {
    let fail = |error: std::io::Error| {
        Failure::new(
            Exit::Error,
            format!("cannot make the data folder {}: {error}", folder.display()),
        )
        .help("set SCOPEFORM_DATA_DIR to a folder that can be written")
    };
    fs::create_dir_all(folder).map_err(fail)?;
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        fs::write(ignore, "*\n").map_err(fail)?;
    }
    Ok(())
}
