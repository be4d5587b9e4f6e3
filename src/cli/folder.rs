//! Reads what is in the configuration folder: which files there are, and of what kind.
#![expect(clippy::disallowed_methods, reason = "the command line is where files are read")]

mod above;
mod find;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::reading::{self, Unread};
use super::ui::{Failure, Ui};
use crate::config::{
    self, Config, FileKind, HEAD, beside, classify, declared_rules, declared_workspace, is_meant,
    is_pattern, reads_as_part,
};
use crate::diag::Diagnostics;
use crate::model::WorkspaceId;
use crate::platform::Kind;
use crate::render::neutral;
use crate::source::SourceMap;

pub(super) use self::find::{data_dir, discover, make_data_dir, root_at_hand, root_of};

/// A file larger than this is not read at all.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The files of one configuration folder, by kind. What those with wishes say is worked out once, when it is asked for.
#[derive(Debug)]
pub(super) struct Folder {
    /// The folder: relative secret files and the data folder are below it.
    pub(super) root: PathBuf,
    /// The file that was named alone, below the root.
    pub(super) only: Option<String>,
    /// Files that declare wishes.
    pub(super) configs: SourceMap,
    /// Worlds for the embedded control plane.
    pub(super) worlds: SourceMap,
    /// Catalogue files for the embedded control plane.
    pub(super) catalogs: SourceMap,
    /// Files that read like a part and are not read for their names, such as `acme.yaml.bak`.
    passed_over: Vec<String>,
    /// Links to folders with files that a pattern would mean if it looked into them, below the root.
    links: BTreeSet<String>,
    declared: OnceCell<Declared>,
}

/// What the files with wishes say.
#[derive(Debug)]
struct Declared {
    configs: Vec<Config>,
    diagnostics: Diagnostics,
    workspaces: Vec<(WorkspaceId, Kind)>,
}

impl Folder {
    /// Reads a folder with everything below it, or one file.
    ///
    /// # Errors
    /// When something cannot be read, a link leads back into a folder that holds it, or a name ends in `.YAML`. When rules
    /// for the same workspace stand where they would not be asked.
    pub(super) fn read(path: &Path, ui: &Ui) -> Result<Self, Failure> {
        let folder = Self::alone(path, ui)?;
        above::no_rules(path, &folder.root, &folder.configs)?;
        Ok(folder)
    }

    /// Reads a folder that nobody has named; `None` where it cannot be read.
    ///
    /// # Errors
    /// When rules for the same workspace stand where they would not be asked.
    pub(super) fn at_most(path: &Path, ui: &Ui) -> Result<Option<Self>, Failure> {
        let Ok(folder) = Self::alone(path, ui) else { return Ok(None) };
        above::no_rules(path, &folder.root, &folder.configs)?;
        Ok(Some(folder))
    }

    /// Reads what is there, whatever stands above it.
    fn alone(path: &Path, ui: &Ui) -> Result<Self, Failure> {
        let kind = fs::metadata(path).map_err(|error| {
            Failure::new(Exit::Error, format!("cannot read {}: {error}", path.display()))
                .help("name a folder or a file that holds a configuration, or make one with `scopeform init`")
        })?;
        let mut found = Found::default();
        let (root, mut files) = if kind.is_dir() {
            walk(path, &mut Vec::new(), &mut found)?;
            (path.to_owned(), std::mem::take(&mut found.yaml))
        } else {
            let parent = root_of(path);
            let mut files = vec![path.to_owned()];
            let bytes = read(path)?;
            if classify(&bytes) == FileKind::Plan {
                return Err(saved_plan(path));
            }
            let workspace = declared_workspace(&bytes);
            // One file is the whole wish, but the world and the catalogue beside it are still the platform, and nobody
            // gets round the rules of a workspace by naming another of its files.
            walk(&parent, &mut Vec::new(), &mut found)?;
            for other in std::mem::take(&mut found.yaml) {
                if same_file(&other, path) {
                    continue;
                }
                let bytes = read(&other)?;
                if classify(&bytes) != FileKind::Config {
                    files.push(other);
                    continue;
                }
                let rules = declared_rules(&bytes, workspace.as_deref());
                if !rules.is_empty() {
                    return Err(rules_elsewhere(path, &name_below(&other, &parent), &rules));
                }
            }
            // Whoever names one file has said which of the others count as wishes: none.
            found.other_case.clear();
            found.other_name.clear();
            (parent, files)
        };
        if let Some(file) = found.other_case.first() {
            return Err(other_case(file));
        }
        files.sort();
        let only = (!kind.is_dir()).then(|| name_below(path, &root));
        let mut folder = Self {
            root,
            only,
            configs: SourceMap::new(),
            worlds: SourceMap::new(),
            catalogs: SourceMap::new(),
            passed_over: Vec::new(),
            links: BTreeSet::new(),
            declared: OnceCell::new(),
        };
        for file in files {
            let bytes = read(&file)?;
            let name = name_below(&file, &folder.root);
            ui.detail(&format!("reading {}", file.display()));
            match classify(&bytes) {
                FileKind::Config => folder.configs.add(name, &bytes),
                FileKind::World => folder.worlds.add(name, &bytes),
                FileKind::Catalog => folder.catalogs.add(name, &bytes),
                FileKind::Plan => {
                    ui.say(&format!(
                        "notice: {} is a saved plan, and no part of the configuration",
                        neutral::terminal(&name)
                    ));
                    continue;
                }
            };
        }
        let (names, links) = expanded(beside(&folder.configs), &folder.root)?;
        for name in names {
            // One that is not there, or leads out of the folder, is said where it is named.
            if let Some(file) = below(&folder.root, &name) {
                ui.detail(&format!("reading {}", file.display()));
                folder.configs.add_beside(name, read(&file)?);
            } else if folder.root.join(&name).is_symlink() {
                folder.configs.add_link(name);
            }
        }
        for link in &links {
            ui.say(&format!(
                "warning: {} is a link to a folder, and `rego` finds no rule in it; put the folder in its place",
                neutral::terminal(link)
            ));
        }
        folder.links = links;
        folder.pass_over(&found.other_name, ui);
        Ok(folder)
    }

    /// Says which files read like a part of the configuration and are none by their names: what they rule does not count.
    fn pass_over(&mut self, files: &[PathBuf], ui: &Ui) {
        for file in files {
            let name = name_below(file, &self.root);
            if self.configs.beside(&name).is_some() {
                continue;
            }
            ui.detail(&format!("passing over {}", file.display()));
            // What reads as something else is of no interest.
            if is_part(file) {
                ui.say(&format!(
                    "notice: {} reads like a part of the configuration and is not read: only files that end in `.yaml` or `.yml` are",
                    neutral::terminal(&file.display().to_string())
                ));
                self.passed_over.push(name);
            }
        }
    }

    /// Returns the names of all files that were read, and of the links that were not looked into, below the root.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let read = [&self.configs, &self.worlds, &self.catalogs];
        let files = read.into_iter().flat_map(|files| files.iter().chain(files.all_beside()));
        // A pattern that looks into no link now means other files once there is a folder in its place.
        files.map(|(_, file)| file.name()).chain(self.links.iter().map(String::as_str))
    }

    /// Says that the folder holds no configuration, and which files might have been meant to be one.
    pub(super) fn holds_none(&self, path: &Path) -> Failure {
        let message = format!("{} holds no configuration file", path.display());
        no_configuration(message, &self.passed_over)
    }

    /// Returns what the files declare, and what is wrong with them: with an error there is no configuration.
    pub(super) fn declared(&self) -> (&[Config], &Diagnostics) {
        let Declared { configs, diagnostics, .. } = self.once();
        (configs, diagnostics)
    }

    /// Takes what [`Self::declared`] returns, which is empty afterwards.
    pub(super) fn take_declared(&mut self) -> (Vec<Config>, Diagnostics) {
        self.once();
        let declared = self.declared.get_mut();
        declared.map_or_else(Default::default, |own| {
            (std::mem::take(&mut own.configs), std::mem::take(&mut own.diagnostics))
        })
    }

    /// Returns the workspaces that the files declare.
    pub(super) fn workspaces(&self) -> &[(WorkspaceId, Kind)] {
        &self.once().workspaces
    }

    fn once(&self) -> &Declared {
        self.declared.get_or_init(|| {
            let (configs, diagnostics) = config::load(&self.configs);
            let named = |config: &Config| (config.workspace.clone(), config.desired.kind());
            let workspaces = configs.iter().map(named).collect();
            Declared { configs, diagnostics, workspaces }
        })
    }

    /// Returns where the embedded control plane keeps its data.
    #[must_use]
    pub(super) fn data_dir(&self, env: &super::env::Env) -> PathBuf {
        data_dir(&self.root, env)
    }
}

/// Says that there is no configuration, beside files that might have been meant to be one.
fn no_configuration(message: String, passed_over: &[String]) -> Failure {
    let first = "make a first one with `scopeform init`";
    let help = match passed_over {
        [] => first.to_owned(),
        [one] => format!(
            "{one} is not read: only files that end in `.yaml` or `.yml` are; rename it, or {first}"
        ),
        several => {
            let shown = several.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if several.len() > 3 { " and others" } else { "" };
            format!(
                "{shown}{more} are not read: only files that end in `.yaml` or `.yml` are; rename them, or {first}"
            )
        }
    };
    Failure::new(Exit::Error, message).help(help)
}

/// Refuses a file whose ending differs by case alone. It is meant, so that leaving it out would leave out its rules; and
/// it is not read, since other programs do not take it for YAML either: hooks, editors, rules of code owners.
fn other_case(file: &Path) -> Failure {
    let right = file.with_extension(
        file.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase(),
    );
    let right = right.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Failure::new(
        Exit::Error,
        format!("{} is not read: only files that end in `.yaml` or `.yml` are", file.display()),
    )
    .help(format!("rename it to {right}, or move it out of the configuration folder"))
}

/// Returns the path of a file below `root`, with `/`.
fn name_below(file: &Path, root: &Path) -> String {
    let below = file.strip_prefix(root).unwrap_or(file);
    let name = below.components().map(|part| part.as_os_str().to_string_lossy());
    name.collect::<Vec<_>>().join("/")
}

/// Returns the paths of files, and those of the files that patterns among them mean; then the links to folders with such
/// files, which are not followed.
fn expanded(
    names: BTreeSet<String>,
    root: &Path,
) -> Result<(BTreeSet<String>, BTreeSet<String>), Failure> {
    let (patterns, mut files): (BTreeSet<String>, BTreeSet<String>) =
        names.into_iter().partition(|name| is_pattern(name));
    let mut passed = BTreeSet::new();
    for pattern in patterns {
        // Nothing above the first star can match anything else.
        let head = pattern.split('*').next().unwrap_or_default();
        let folder = head.rsplit_once('/').map_or("", |(folder, _)| folder);
        let (mut below, mut links) = (Vec::new(), Vec::new());
        list(&root.join(folder), &mut below, &mut links)?;
        let names = below.iter().map(|file| name_below(file, root));
        files.extend(names.filter(|name| is_meant(&pattern, name)));
        for link in links {
            let (mut inside, mut further) = (Vec::new(), Vec::new());
            list(&link, &mut inside, &mut further)?;
            let meant = |file: &PathBuf| is_meant(&pattern, &name_below(file, root));
            // What a link in a link leads to is not looked at, so it counts.
            if inside.iter().any(meant) || !further.is_empty() {
                passed.insert(name_below(&link, root));
            }
        }
    }
    Ok((files, passed))
}

/// Lists the files below a folder, and the links to folders, which are not followed; where there is no folder there are none.
fn list(folder: &Path, files: &mut Vec<PathBuf>, links: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files, links)?;
        } else if entry.path().is_dir() {
            links.push(entry.path());
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Returns the regular file at a path below `root`, unless a link leads out of it.
fn below(root: &Path, name: &str) -> Option<PathBuf> {
    let file = fs::canonicalize(root.join(name)).ok()?;
    let inside = fs::canonicalize(root).is_ok_and(|root| file.starts_with(root));
    (inside && file.is_file()).then_some(file)
}

pub(super) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml")
}

pub(super) fn is_yaml_in_other_case(path: &Path) -> bool {
    let is = |ext: &std::ffi::OsStr| ["yaml", "yml"].iter().any(|y| ext.eq_ignore_ascii_case(y));
    !is_yaml(path) && path.extension().is_some_and(is)
}

/// Returns whether a file that is not read has the name of one that was meant to be: `acme.yaml.bak`, `acme.json`.
fn looks_meant(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let ours = name.ends_with(".schema.json") || name.starts_with('.');
    !is_yaml(path)
        && !ours
        && ([".yaml", ".yml"].iter().any(|end| name.contains(end)) || name.ends_with(".json"))
        && path.is_file()
}

/// Returns whether a file reads like a part of a configuration, whatever its name. Nobody has named it, so that it cannot be
/// read is no error.
pub(super) fn is_part(path: &Path) -> bool {
    reading::head(path, HEAD as u64).is_ok_and(|bytes| reads_as_part(&bytes))
}

/// Returns whether a file is a saved plan by its first key, whatever its name.
pub(super) fn is_saved_plan(path: &Path) -> bool {
    reading::head(path, HEAD as u64).is_ok_and(|bytes| classify(&bytes) == FileKind::Plan)
}

/// Refuses a saved plan where a configuration is meant.
fn saved_plan(path: &Path) -> Failure {
    let path = path.display();
    Failure::new(Exit::Error, format!("{path} is a saved plan, and no configuration"))
        .help(format!("`scopeform show {path}` prints it, `scopeform apply {path}` carries it out"))
}

/// What a walk through a folder finds.
#[derive(Debug, Default)]
struct Found {
    /// The files that are read.
    yaml: Vec<PathBuf>,
    /// Files that would be if their names ended in lower case.
    other_case: Vec<PathBuf>,
    /// Files that look as if they were meant and are not read.
    other_name: Vec<PathBuf>,
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

fn walk(folder: &Path, above: &mut Vec<PathBuf>, found: &mut Found) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| {
        Failure::new(Exit::Error, format!("cannot read the folder {}: {error}", folder.display()))
    };
    let real = fs::canonicalize(folder).map_err(cannot)?;
    if above.contains(&real) {
        return Err(Failure::new(
            Exit::Error,
            format!("the link {} leads back to a folder that holds it", folder.display()),
        )
        .help("remove the link, or name the files instead of the folder"));
    }
    above.push(real);
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        seen.insert(entry.map_err(cannot)?.path());
    }
    for path in seen {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        match fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => walk(&path, above, found)?,
            Ok(meta) if is_yaml(&path) && !meta.is_file() => {
                // Reading a pipe would wait for whoever writes to it.
                return Err(Failure::new(
                    Exit::Error,
                    format!("{} is no regular file", path.display()),
                )
                .help("move it out of the configuration folder"));
            }
            Ok(_) if is_yaml(&path) => found.yaml.push(path),
            Ok(meta) if meta.is_file() && is_yaml_in_other_case(&path) => {
                found.other_case.push(path);
            }
            Ok(_) if looks_meant(&path) => found.other_name.push(path),
            Ok(_) => {}
            Err(error) if is_yaml(&path) || error.raw_os_error() == Some(ELOOP) => {
                return Err(Failure::new(
                    Exit::Error,
                    format!("cannot read {}: {error}", path.display()),
                )
                .help("a link that leads nowhere, or in a circle: remove it"));
            }
            // A dangling link to something that is not ours.
            Err(_) => {}
        }
    }
    above.pop();
    Ok(())
}

/// Linux's and macOS's differ; the text of the error says the same.
#[cfg(target_os = "macos")]
const ELOOP: i32 = 62;
#[cfg(not(target_os = "macos"))]
const ELOOP: i32 = 40;

/// Writes a file whole or not at all: when the disk is full, what was there before still is.
///
/// # Errors
/// When it cannot be written.
pub(super) fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    // A pipe or a device takes the text as it comes; a link keeps pointing where it points.
    let file = match fs::metadata(file) {
        Ok(meta) if !meta.is_file() => return fs::write(file, text),
        Ok(_) => fs::canonicalize(file)?,
        Err(_) => file.to_owned(),
    };
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(format!(".{}.new", std::process::id()));
    let new = file.with_file_name(name);
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, &file));
    if written.is_err() {
        // What is half written is of no use to anybody.
        let _ = fs::remove_file(&new);
    }
    written
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    reading::or_pipe(path, LARGEST).map_err(|why| match why {
        Unread::TooLarge(_) => Failure::new(
            Exit::Error,
            format!("{} is larger than 16 MiB, which no configuration is", path.display()),
        )
        .help("split it into several files, or move it out of the configuration folder"),
        Unread::Io(_) | Unread::Irregular | Unread::Device | Unread::NotText => {
            Failure::new(Exit::Error, format!("cannot read {}: {why}", path.display()))
        }
    })
}

/// A part of a workspace's configuration is named, and rules for it stand in another, `other`.
pub(super) fn rules_elsewhere(named: &Path, other: &str, rules: &[&str]) -> Failure {
    let rules: Vec<String> = rules.iter().map(|rule| format!("`{rule}`")).collect();
    let kind = if named.is_dir() { "folder" } else { "file" };
    // A dot says nothing.
    let own = if named == Path::new(".") { fs::canonicalize(named).ok() } else { None };
    let message = format!(
        "{} is one {kind} of a workspace whose rules stand in {} ({}), and they would not be asked",
        neutral::terminal(&own.as_deref().unwrap_or(named).display().to_string()),
        neutral::terminal(other),
        rules.join(", ")
    );
    Failure::new(Exit::Error, message)
        .help("name the folder; `--target ADDRESS` plans a part of what its files say")
}
