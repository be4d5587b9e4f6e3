//! The configuration as it was at a git revision, for the rules that were in force before a change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::args::Base;
use super::exit::Exit;
use super::folder::{is_yaml, rules_elsewhere};
use super::git::{Blobs, Entry, Repository};
use super::rego;
use super::ui::{Failure, Ui, shown};
use super::workspace::{Loaded, Tell, report};
use crate::config::{self, Config, FileKind, classify};
use crate::diag::Diagnostics;
use crate::render::neutral::terminal;
use crate::source::SourceMap;

/// Returns the configuration of the same workspace at a revision: from the same path or, where there is none, from
/// wherever in the repository it stood then. `None` where nobody named a revision, and where none was there and the
/// workspace is said to be new.
///
/// # Errors
/// When there is no such revision, it cannot be read, its files are not valid, or none is of the workspace: rules that
/// are not known are not passed over. When a link stands for a file at hand.
pub(super) fn config(base: &Base, loaded: &Loaded, ui: &Ui) -> Result<Option<Config>, Failure> {
    let Some(revision) = &base.base else { return Ok(None) };
    let (repository, below) = Repository::of(&loaded.folder.root)?;
    for name in loaded.folder.names() {
        let mut file = loaded.folder.root.clone();
        for part in Path::new(name).components() {
            file.push(part);
            no_link(&file)?;
        }
    }
    let commit = repository.commit(revision)?;
    let tree = Tree { revision, files: repository.files(&commit)? };
    let mut blobs = repository.blobs()?;
    let found = match tree.at(&below, loaded, &mut blobs, ui)? {
        Some(config) => Some(config),
        None => tree.anywhere(loaded, &mut blobs, ui)?,
    };
    let workspace = &loaded.config.workspace;
    match found {
        None if base.new_workspace => {
            ui.say(&format!(
                "notice: at {revision} there is no configuration of {workspace}; only the rules of the files apply"
            ));
            Ok(None)
        }
        None => Err(Failure::new(
            Exit::Error,
            format!(
                "at {revision} there is no configuration of workspace `{workspace}`, so the rules before the change are not known"
            ),
        )
        .help("name a revision that holds it; if the change is what brings it in, say so with `--new-workspace`")),
        found => Ok(found),
    }
}

/// Returns a regular file of the configuration folder as it was at a revision; `None` when there was none.
///
/// # Errors
/// When there is no such revision, or it cannot be read.
pub(super) fn file(revision: &str, root: &Path, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    let (repository, folder) = Repository::of(root)?;
    let files = repository.files(&repository.commit(revision)?)?;
    let held = |entry: &&Entry| entry.regular && below(&folder, &entry.path) == Some(name);
    let mut blobs = repository.blobs()?;
    files.iter().find(held).map(|entry| blobs.read(entry)).transpose()
}

/// Refuses a link among the files at hand. The change that brings one in could still be planned, and none after it: what it
/// meant would not be known at a base.
///
/// # Errors
/// When it is one.
pub(super) fn no_link(path: &Path) -> Result<(), Failure> {
    if !path.is_symlink() {
        return Ok(());
    }
    let message = format!(
        "{} is a link: once it is part of what `--base` names, nothing could be planned any more",
        shown(path)
    );
    Err(Failure::new(Exit::Error, message).help("put what it leads to in its place"))
}

/// The name and content of a file.
type Held = (String, Vec<u8>);

/// Returns the Rego files that stood at a revision where `--policy` looks for them now, each under the name that it has
/// there, and which of these paths are outside of the repository of the folder at `root`: nothing that a change brings along.
///
/// # Errors
/// When there is no such revision, it cannot be read, or a link stands in the way.
pub(super) fn policies(
    revision: &str,
    root: &Path,
    paths: &[PathBuf],
) -> Result<(Vec<Held>, Vec<PathBuf>), Failure> {
    let (repository, _) = Repository::of(root)?;
    let files = repository.files(&repository.commit(revision)?)?;
    let mut blobs = repository.blobs()?;
    let (mut found, mut outside) = (Vec::new(), Vec::new());
    for path in paths {
        let Some(here) = repository.path(path)? else {
            outside.push(path.clone());
            continue;
        };
        for entry in &files {
            let name = match below(&here, &entry.path) {
                Some(rest) if rego::is_meant(rest) => path.join(rest),
                None if entry.path == here => path.clone(),
                _ => continue,
            };
            let name = name.display().to_string();
            if !entry.regular {
                let message = format!("{name} is no regular file at {revision}");
                return Err(Failure::new(Exit::Error, message).help(
                    "what a link means at another revision is not known here: replace it by the file",
                ));
            }
            found.push((name, blobs.read(entry)?));
        }
    }
    found.sort();
    found.dedup();
    Ok((found, outside))
}

/// The files of a revision.
struct Tree<'r> {
    revision: &'r str,
    files: Vec<Entry>,
}

impl Tree<'_> {
    /// Returns the configuration of the workspace in the folder at `root`, a path below the top, read as the folder now
    /// is: whole, or one file of it.
    fn at(
        &self,
        root: &str,
        loaded: &Loaded,
        blobs: &mut Blobs,
        ui: &Ui,
    ) -> Result<Option<Config>, Failure> {
        let mut sources = SourceMap::new();
        for entry in &self.files {
            let Some(name) = below(root, &entry.path) else { continue };
            let chosen = loaded.folder.only.as_ref().is_none_or(|only| only == name);
            let hidden = name.split('/').any(|part| part.starts_with('.'));
            if !is_yaml(Path::new(name)) || hidden || !chosen {
                continue;
            }
            if !entry.regular {
                let message = format!("{name} is no regular file at {}", self.revision);
                return Err(Failure::new(Exit::Error, message).help(
                    "what a link means at another revision is not known here: replace it by the file",
                ));
            }
            let bytes = blobs.read(entry)?;
            if classify(&bytes) == FileKind::Config {
                sources.add(name, bytes);
            }
        }
        self.beside(root, &mut sources, blobs)?;
        let (configs, mut diagnostics) = config::load(&sources);
        diagnostics.append(rego::check(&configs, &sources));
        if diagnostics.has_errors() {
            return Err(self.not_valid(&diagnostics, &sources, ui)?);
        }
        let found = configs.into_iter().find(|config| config.workspace == loaded.config.workspace);
        if found.is_some() {
            self.no_rules_elsewhere(root, loaded, blobs)?;
        }
        Ok(found)
    }

    /// Refuses what is read of the folder at `root` where it is not all of the workspace's configuration, and rules stood in
    /// the rest: a change that takes them away must not be planned without them.
    fn no_rules_elsewhere(
        &self,
        root: &str,
        loaded: &Loaded,
        blobs: &mut Blobs,
    ) -> Result<(), Failure> {
        let workspace = loaded.config.workspace.as_str();
        let hidden = |name: &str| name.split('/').any(|part| part.starts_with('.'));
        let files =
            self.files.iter().filter(|entry| entry.regular && is_yaml(Path::new(&entry.path)));
        let files: Vec<&Entry> = files.collect();
        // A folder above that held a part of the workspace was its configuration folder.
        let (mut top, mut folder) = (root, root);
        while !folder.is_empty() {
            folder = folder_of(folder);
            for entry in files.iter().filter(|entry| folder_of(&entry.path) == folder) {
                if !hidden(&entry.path) && config::is_part_of(&blobs.read(entry)?, workspace) {
                    top = folder;
                    break;
                }
            }
        }
        for entry in files {
            let Some(name) = below(top, &entry.path).filter(|name| !hidden(name)) else { continue };
            let inside = below(root, &entry.path);
            let only = loaded.folder.only.as_deref();
            if inside.is_some_and(|name| only.is_none_or(|only| only == name)) {
                continue;
            }
            let bytes = blobs.read(entry)?;
            let rules = match inside {
                Some(_) if classify(&bytes) != FileKind::Config => Vec::new(),
                Some(_) => config::declared_rules(&bytes, Some(workspace)),
                None => config::rules_for(&bytes, workspace),
            };
            if !rules.is_empty() {
                let folder = loaded.folder.root.clone();
                let named = match only {
                    Some(only) if folder == Path::new(".") => PathBuf::from(only),
                    Some(only) => folder.join(only),
                    None => folder,
                };
                let stood = if inside.is_some() { name } else { &entry.path };
                return Err(rules_elsewhere(
                    &named,
                    &format!("{stood} at {}", self.revision),
                    &rules,
                ));
            }
        }
        Ok(())
    }

    /// Returns the configuration of the workspace from all files that declared it: a folder or file that the change
    /// renames takes its rules along.
    fn anywhere(
        &self,
        loaded: &Loaded,
        blobs: &mut Blobs,
        ui: &Ui,
    ) -> Result<Option<Config>, Failure> {
        let mut found: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
        for entry in &self.files {
            if !entry.regular || !is_yaml(Path::new(&entry.path)) {
                continue;
            }
            let bytes = blobs.read(entry)?;
            if classify(&bytes) == FileKind::Config
                && config::declared_workspace(&bytes).as_deref()
                    == Some(loaded.config.workspace.as_str())
            {
                found.insert(&entry.path, bytes);
            }
        }
        let folders: BTreeSet<&str> = found.keys().map(|path| folder_of(path)).collect();
        let Some(mut root) = folders.iter().copied().reduce(common) else { return Ok(None) };
        // Files that these name stand below their configuration's folder, which may be one further up.
        let sources = loop {
            let mut sources = SourceMap::new();
            for (path, bytes) in &found {
                sources.add(below(root, path).unwrap_or(path), bytes.clone());
            }
            if self.beside(root, &mut sources, blobs)? || root.is_empty() {
                break sources;
            }
            root = folder_of(root);
        };
        let (configs, mut diagnostics) = config::load(&sources);
        diagnostics.append(rego::check(&configs, &sources));
        if diagnostics.has_errors() {
            return Err(self.not_valid(&diagnostics, &sources, ui)?);
        }
        let workspace = &loaded.config.workspace;
        let folders: Vec<String> = folders
            .into_iter()
            .map(|folder| if folder.is_empty() { ".".to_owned() } else { folder.to_owned() })
            .collect();
        ui.say(&format!(
            "notice: at {} the configuration of {workspace} was in {}; its rules hold",
            terminal(self.revision),
            terminal(&folders.join(" and "))
        ));
        Ok(configs.into_iter().find(|config| config.workspace == *workspace))
    }

    /// Adds the files that the sources name and that the folder at `root` held, and returns whether that is all of them.
    fn beside(
        &self,
        root: &str,
        sources: &mut SourceMap,
        blobs: &mut Blobs,
    ) -> Result<bool, Failure> {
        let mut all = true;
        let mut names = config::beside(sources);
        for pattern in names.clone().iter().filter(|name| config::is_pattern(name)) {
            let held = self.files.iter().filter_map(|entry| below(root, &entry.path));
            names.extend(held.filter(|name| config::is_meant(pattern, name)).map(str::to_owned));
        }
        for name in names {
            let held = |entry: &&Entry| entry.regular && below(root, &entry.path) == Some(&name);
            match self.files.iter().find(held) {
                Some(entry) => {
                    sources.add_beside(name, blobs.read(entry)?);
                }
                None if config::is_pattern(&name) => {}
                None => all = false,
            }
        }
        Ok(all)
    }

    fn not_valid(
        &self,
        diagnostics: &Diagnostics,
        sources: &SourceMap,
        ui: &Ui,
    ) -> Result<Failure, Failure> {
        report(diagnostics, sources, Tell::People, ui)?;
        let message = format!(
            "the configuration at {} is not valid, so the rules before the change are not known",
            self.revision
        );
        Ok(Failure::new(Exit::Error, message)
            .help("name a revision whose configuration this version reads"))
    }
}

/// Returns a path below a folder, both from the repository's top.
fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    if folder.is_empty() {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// Returns the folder of a path; the top is empty.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns the nearest folder that holds both.
fn common<'p>(one: &'p str, other: &str) -> &'p str {
    let mut common = one;
    while common != other && below(common, other).is_none() {
        common = folder_of(common);
    }
    common
}
