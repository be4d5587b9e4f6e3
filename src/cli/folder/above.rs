//! Rules of the same workspace that stand further up than what is read: naming a part of a configuration, or standing in
//! it, is no way round them.
#![expect(clippy::disallowed_methods, reason = "the command line is where files are read")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{Found, is_yaml, read, rules_elsewhere, walk};
use crate::cli::ui::Failure;
use crate::config::{declared_workspace, is_part_of, rules_for};
use crate::source::SourceMap;

/// Refuses to read `root` alone where a folder above it, up to the repository's root, holds a file of one of its
/// workspaces, and so is their configuration folder, and rules for them stand there or in another folder below it.
/// `named` is what the command line names.
///
/// # Errors
/// When there are such rules, or what is below that folder cannot be read.
pub(super) fn no_rules(named: &Path, root: &Path, configs: &SourceMap) -> Result<(), Failure> {
    for chain in chains(root) {
        let mut parts = Vec::new();
        for folder in above(&chain) {
            parts.extend(parts_in(folder).into_iter().map(|bytes| (folder, bytes)));
        }
        if parts.is_empty() {
            continue;
        }
        let own = configs.iter().map(|(_, file)| file.text().as_bytes());
        let workspaces: BTreeSet<String> = own.filter_map(declared_workspace).collect();
        let ours = |bytes: &[u8]| workspaces.iter().any(|name| is_part_of(bytes, name));
        // The nearest come first, so that the last one holds all of them.
        let top = parts.iter().rev().find(|(_, bytes)| ours(bytes));
        let Some((top, _)) = top else { continue };
        let mut found = Found::default();
        walk(top, &mut Vec::new(), &mut found)?;
        for file in found.yaml {
            // What is below the root has been read, or looked at.
            let inside = |file: PathBuf| fs::canonicalize(root).is_ok_and(|r| file.starts_with(r));
            if fs::canonicalize(&file).is_ok_and(inside) {
                continue;
            }
            let bytes = read(&file)?;
            let rules = workspaces.iter().map(|workspace| rules_for(&bytes, workspace));
            if let Some(rules) = rules.into_iter().find(|rules| !rules.is_empty()) {
                let other = at_hand(&file).display().to_string();
                let help = format!("name the folder that holds both, {}", at_hand(top).display());
                return Err(rules_elsewhere(named, &other, &rules).help(help));
            }
        }
    }
    Ok(())
}

/// Returns the path of a folder as it was named, and the one that links lead to where that is another.
fn chains(root: &Path) -> Vec<PathBuf> {
    let mut named = PathBuf::new();
    for part in std::path::absolute(root).unwrap_or_default().components() {
        match part {
            Component::ParentDir => {
                named = fs::canonicalize(&named).unwrap_or(named);
                named.pop();
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::Prefix(_) | Component::RootDir => named.push(part),
        }
    }
    let mut chains = vec![named];
    chains.extend(fs::canonicalize(root).ok().filter(|real| !chains.contains(real)));
    chains
}

/// Iterates the folders above one, the nearest first, up to the repository's root.
fn above(folder: &Path) -> impl Iterator<Item = &Path> {
    let mut inside = true;
    let is_below = move |folder: &&Path| {
        let below = inside;
        inside = !folder.join(".git").exists();
        below
    };
    folder.ancestors().take_while(is_below).skip(1)
}

/// Returns the content of the files of a folder that read as parts of a configuration. Nobody has named them, so that one cannot
/// be read is no error.
fn parts_in(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let files = entries.flatten().map(|entry| entry.path());
    let meant = files.filter(|path| {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        !hidden && is_yaml(path) && path.is_file() && super::is_part(path)
    });
    meant.filter_map(|path| read(&path).ok()).collect()
}

/// Returns a path from the working directory where it is below that.
fn at_hand(path: &Path) -> &Path {
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok());
    below.filter(|below| !below.as_os_str().is_empty()).unwrap_or(path)
}
