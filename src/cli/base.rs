//! The configuration as it was at a git revision, for the rules that were in force before a change. Read by the real
//! `git`, so that whatever it knows about repositories holds.

use std::path::Path;
use std::process::{Command, Output};

use super::exit::Exit;
use super::folder::is_yaml;
use super::rego;
use super::ui::{Failure, Ui};
use super::workspace::{Loaded, Tell, report};
use crate::config::{self, Config, FileKind, classify};
use crate::source::SourceMap;

/// Returns the configuration of the same workspace and from the same path at `revision`; `None` when there was none.
///
/// # Errors
/// When there is no such revision, it cannot be read, or its files are not valid: rules that are not known are not passed
/// over.
pub(super) fn config(revision: &str, loaded: &Loaded, ui: &Ui) -> Result<Option<Config>, Failure> {
    let root = &loaded.folder.root;
    let commit = commit(root, revision)?;
    let mut sources = SourceMap::new();
    let all = files(root, &commit)?;
    for (mode, name) in all.clone() {
        let chosen = loaded.folder.only.as_ref().is_none_or(|only| *only == name);
        let hidden = name.split('/').any(|part| part.starts_with('.'));
        if !is_yaml(Path::new(&name)) || hidden || !chosen {
            continue;
        }
        if !mode.starts_with("100") {
            let message = format!("{name} is no regular file at {revision}");
            return Err(Failure::new(Exit::Error, message).help(
                "what a link means at another revision is not known here: replace it by the file",
            ));
        }
        let bytes = show(root, &commit, &name)?;
        if classify(&bytes) == FileKind::Config {
            sources.add(name, bytes);
        }
    }
    let mut names = config::beside(&sources);
    for pattern in names.clone().iter().filter(|name| config::is_pattern(name)) {
        let meant = all.iter().filter(|(_, name)| config::is_meant(pattern, name));
        names.extend(meant.map(|(_, name)| name.clone()));
    }
    for name in names {
        if let Some(bytes) = regular(root, &commit, &name)? {
            sources.add_beside(name, bytes);
        }
    }
    let (configs, mut diagnostics) = config::load(&sources);
    diagnostics.append(rego::check(&configs, &sources));
    if diagnostics.has_errors() {
        report(&diagnostics, &sources, Tell::People, ui)?;
        let message = format!(
            "the configuration at {revision} is not valid, so the rules before the change are not known"
        );
        return Err(Failure::new(Exit::Error, message)
            .help("name a revision whose configuration this version reads"));
    }
    let workspace = &loaded.config.workspace;
    let found = configs.into_iter().find(|config| config.workspace == *workspace);
    if found.is_none() {
        ui.say(&format!(
            "notice: at {revision} there is no configuration of {workspace} here; only the rules of the files apply"
        ));
    }
    Ok(found)
}

/// Returns a regular file of the configuration folder as it was at `revision`; `None` when there was none.
///
/// # Errors
/// When there is no such revision, or it cannot be read.
pub(super) fn file(revision: &str, root: &Path, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    regular(root, &commit(root, revision)?, name)
}

fn commit(root: &Path, revision: &str) -> Result<String, Failure> {
    let wanted = format!("{revision}^{{commit}}");
    let output = git(root, &["rev-parse", "--verify", "--end-of-options", &wanted])?;
    if !output.status.success() {
        return Err(failed(&format!("`--base {revision}` names no commit here"), &output).help(
            "name a branch, a tag or a commit that this clone holds; a shallow clone must fetch it first",
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Returns mode and path below the folder of everything that the folder held.
fn files(root: &Path, commit: &str) -> Result<Vec<(String, String)>, Failure> {
    let output = git(root, &["ls-tree", "-r", "-z", commit])?;
    if !output.status.success() {
        return Err(failed("git cannot list the files before the change", &output));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let entries = text.split('\0').filter_map(|entry| {
        let (about, name) = entry.split_once('\t')?;
        Some((about.split(' ').next()?.to_owned(), name.to_owned()))
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(entries)
}

/// Returns a regular file's content, `None` when there is no such file.
fn regular(root: &Path, commit: &str, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    let there = files(root, commit)?.iter().any(|(mode, n)| n == name && mode.starts_with("100"));
    there.then(|| show(root, commit, name)).transpose()
}

fn show(root: &Path, commit: &str, name: &str) -> Result<Vec<u8>, Failure> {
    let output = git(root, &["cat-file", "blob", &format!("{commit}:./{name}")])?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(failed(&format!("git cannot read {name} before the change"), &output))
    }
}

fn git(root: &Path, args: &[&str]) -> Result<Output, Failure> {
    let run = Command::new("git").arg("-C").arg(root).args(args).output();
    run.map_err(|error| {
        let failure = Failure::new(Exit::Error, format!("git cannot be run: {error}"));
        match error.kind() {
            std::io::ErrorKind::NotFound => {
                failure.help("`--base` reads the files before the change with git: install it")
            }
            _ => failure,
        }
    })
}

fn failed(message: &str, output: &Output) -> Failure {
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().filter(|line| !line.trim().is_empty()).take(3);
    Failure::new(Exit::Error, message).details(said.map(str::to_owned).collect())
}
