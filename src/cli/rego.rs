//! Rego rules at the command line: the files that `--policy` names, and asking all rules in force about a plan.
#![expect(clippy::disallowed_methods, reason = "the command line is where files are read")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use jiff::civil::Date;

use super::base;
use super::exit::Exit;
use super::reading::{self, Unread};
use super::ui::{Failure, Ui, shown};
use super::workspace::{Tell, report};
use crate::config::Config;
use crate::diag::Diagnostics;
use crate::plan::denial;
use crate::plan::policy::{Policy, Rego, RegoFile};
use crate::rego::{self, Mistake};
use crate::render::json;
use crate::seal::SealedPlan;
use crate::source::SourceMap;

/// A file larger than this holds no rules.
const LARGEST: u64 = 1024 * 1024;
/// Steps are counted, so this is only reached by one step that has no end, such as a number that outgrows the memory.
const LONGEST: Duration = Duration::from_secs(120);
/// Expressions nest; the main thread has less.
const STACK: usize = 64 * 1024 * 1024;

/// Returns what is wrong with the Rego files of configurations. Where the configuration is not valid otherwise, all files
/// that it names are looked at together, so that everything is said in one run.
#[must_use]
pub(super) fn check(configs: &[Config], sources: &SourceMap) -> Diagnostics {
    let mut out = Diagnostics::new();
    if configs.is_empty() {
        let files = sources.all_beside().filter(|(_, file)| file.broken_at().is_none());
        let files = files.map(|(_, file)| (file.name().to_owned(), file.text().to_owned()));
        let mut all = Rego::default();
        for (path, text) in files.filter(|(name, _)| name.ends_with(".rego")) {
            all.add(RegoFile { path, text });
        }
        return rego::check(&all.modules, sources);
    }
    for config in configs {
        out.append(rego::check(&config.policy.rego.modules, sources));
    }
    out
}

/// The rules that `--policy` names.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    /// Those of the revision before the change, where it is known.
    pub(super) before: Rego,
    /// Those at hand.
    pub(super) now: Rego,
}

impl Named {
    /// Reads what stands at these paths now and, where `--base` names a revision, what stood there then in the repository of
    /// the folder at `root`: a change cannot take rules away or weaken them on its own account, wherever they stand.
    ///
    /// # Errors
    /// When there is nothing at one of them, they cannot be read, or they are not valid (which has been said then).
    pub(super) fn read(
        paths: &[PathBuf],
        (revision, root): (Option<&str>, &Path),
        ui: &Ui,
    ) -> Result<Self, Failure> {
        if paths.is_empty() {
            return Ok(Self::default());
        }
        let Some(revision) = revision else {
            return Ok(Self { before: Rego::default(), now: named(paths, ui)?.rego });
        };
        let (files, outside) = base::policies(revision, root, paths)?;
        let was = |path: &&PathBuf| files.iter().any(|(name, _)| Path::new(name).starts_with(path));
        let left: Vec<PathBuf> =
            paths.iter().filter(|path| path.exists() || !was(path)).cloned().collect();
        for link in links(left.iter().filter(|path| !outside.contains(path)))? {
            base::no_link(&link)?;
        }
        let now = if left.is_empty() { Rego::default() } else { named(&left, ui)?.rego };
        for file in now.modules.iter().chain(&now.data) {
            // Those from outside of the repository are part of no base.
            if !outside.iter().any(|path| Path::new(&file.path).starts_with(path)) {
                base::no_link(Path::new(&file.path))?;
            }
        }
        let mut texts = Vec::new();
        for (name, bytes) in files {
            let text = String::from_utf8(bytes).map_err(|_| {
                Failure::new(Exit::Error, format!("{name} is not UTF-8 at {revision}"))
            })?;
            texts.push((name, text));
        }
        let why = format!("the rules that `--policy` names are not valid at {revision}");
        let mut before = checked(texts, &why, ui)?;
        if !outside.is_empty() {
            // What is odd about them has been said with those at hand.
            let rego = at(&outside, ui)?;
            rego.modules.into_iter().chain(rego.data).for_each(|file| before.add(file));
        }
        Ok(Self { before, now })
    }

    /// Returns the rules as policies, each set for itself: first those before the change, where they are others.
    pub(super) fn policies(&self) -> impl Iterator<Item = Policy> {
        let before = Some(&self.before).filter(|before| **before != self.now);
        let all = before.into_iter().chain([&self.now]).filter(|rego| !rego.is_empty());
        all.map(|rego| Policy { rego: rego.clone(), ..Policy::default() })
    }
}

/// Returns the rules of the files that `--policy` names, or of those in the folders that it names, as a policy.
///
/// # Errors
/// When there are none, they cannot be read, or they are not valid (which has been said then).
pub(super) fn named(paths: &[PathBuf], ui: &Ui) -> Result<Policy, Failure> {
    for link in links(paths)? {
        ui.say(&format!(
            "warning: {} is a link to a folder, and no rule in it is asked; put the folder in its place, or name it with `--policy`",
            shown(&link)
        ));
    }
    Ok(Policy { rego: at(paths, ui)?, ..Policy::default() })
}

/// Returns the links to folders in the folders among these paths, in order of their names. A link may lead back, so none is
/// followed.
fn links<'p>(paths: impl IntoIterator<Item = &'p PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Found::default();
    for path in paths.into_iter().filter(|path| path.is_dir()) {
        walk(path, &mut found)?;
    }
    found.links.sort();
    found.links.dedup();
    Ok(found.links)
}

/// Returns what stands in the files at these paths and in the folders among them.
fn at(paths: &[PathBuf], ui: &Ui) -> Result<Rego, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        if path.is_dir() {
            let mut found = Found::default();
            walk(path, &mut found)?;
            files.append(&mut found.files);
        } else {
            files.push(path.clone());
        }
        if files.len() == before {
            let message = format!("{} holds no `.rego` file", path.display());
            return Err(Failure::new(Exit::Error, message)
                .help("`--policy` names files of Rego rules, or folders of them"));
        }
    }
    files.sort();
    files.dedup();
    let mut texts = Vec::new();
    for file in files {
        let text = read(&file)?;
        let name = file.display().to_string();
        ui.detail(&format!("reading {name}"));
        texts.push((name, text));
    }
    checked(texts, "the rules that `--policy` names are not valid", ui)
}

/// Returns rules and data from files with these names and texts.
fn checked(files: Vec<(String, String)>, not_valid: &str, ui: &Ui) -> Result<Rego, Failure> {
    let mut rego = Rego::default();
    let mut sources = SourceMap::new();
    for (name, text) in files {
        if name.ends_with(".json") {
            let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text);
            object.map_err(|error| {
                Failure::new(Exit::Error, format!("{name} holds no JSON object: {error}"))
            })?;
        } else if !name.ends_with(".rego") {
            let message = format!("{name} ends with neither `.rego` nor `.json`");
            return Err(Failure::new(Exit::Error, message));
        }
        sources.add_beside(name.clone(), &text);
        rego.add(RegoFile { path: name, text });
    }
    let diagnostics = rego::check(&rego.modules, &sources);
    report(&diagnostics, &sources, Tell::People, ui)?;
    if diagnostics.has_errors() {
        return Err(Failure::new(Exit::Error, not_valid.to_owned()));
    }
    Ok(rego)
}

/// Returns whether a folder that is named means a file in it: rules or data, and neither hidden nor a test of rules.
pub(super) fn is_meant(below: &str) -> bool {
    let hidden = below.split('/').any(|part| part.starts_with('.'));
    let rules = below.ends_with(".rego") && !below.ends_with("_test.rego");
    !hidden && (rules || below.ends_with(".json"))
}

/// What a folder that is named holds.
#[derive(Debug, Default)]
struct Found {
    /// Files that are meant.
    files: Vec<PathBuf>,
    /// Links to folders.
    links: Vec<PathBuf>,
}

fn walk(folder: &Path, found: &mut Found) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| {
        Failure::new(Exit::Error, format!("cannot read the folder {}: {error}", folder.display()))
    };
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        // A link to a folder may lead back; one to a file is a file.
        if name.starts_with('.') {
            continue;
        }
        if entry.file_type().map_err(cannot)?.is_dir() {
            walk(&path, found)?;
        } else if path.is_dir() {
            found.links.push(path);
        } else if is_meant(&name) {
            found.files.push(path);
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<String, Failure> {
    let cannot = |why: Unread| {
        let message = match why {
            Unread::TooLarge(_) | Unread::Irregular | Unread::Device => {
                format!("{} is no regular file of at most 1 MiB", file.display())
            }
            Unread::Io(_) | Unread::NotText => format!("cannot read {}: {why}", file.display()),
        };
        Failure::new(Exit::Error, message)
    };
    let bytes = reading::regular(file, LARGEST).map_err(cannot)?;
    String::from_utf8(bytes).map_err(|_| cannot(Unread::NotText))
}

/// Asks the Rego rules in force about a plan: each set for itself, so that no file of one can change what another says.
///
/// # Errors
/// When one of them cannot be answered: what it would have said is not passed over.
pub(super) fn asked(sealed: SealedPlan) -> Result<SealedPlan, Failure> {
    let today = sealed.plan().observed.today;
    asked_on(sealed, today)
}

/// The same, as of another day than that of the plan.
///
/// # Errors
/// Those of [`asked`].
pub(super) fn asked_on(sealed: SealedPlan, today: Date) -> Result<SealedPlan, Failure> {
    let sets: Vec<Rego> = sealed.policies().map(|policy| policy.rego.clone()).collect();
    let sets: Vec<Rego> = sets.into_iter().filter(|rego| !rego.is_empty()).collect();
    if sets.is_empty() {
        return Ok(sealed);
    }
    // What rules said earlier is nothing that rules are asked about.
    let mut plan = sealed.plan().clone();
    denial::put(&mut plan, Vec::new());
    plan.observed.today = today;
    let mut document = String::new();
    // Writing to a String cannot fail.
    let _ = json::plan(&mut document, &plan, sealed.digest().as_str());
    let warnings_block = sealed.policies().any(Policy::raises_warnings);
    let mut said = Vec::new();
    for answer in answers(sets, document)? {
        match answer {
            Ok(denials) => said.extend(denial::findings(&denials, warnings_block, &plan)),
            Err(mistakes) => return Err(unanswered(&mistakes)),
        }
    }
    said.sort();
    said.dedup();
    Ok(sealed.told(said))
}

type Answer = Result<Vec<denial::Denial>, Vec<Mistake>>;

/// Asks in a thread of its own, with room for what nests, and without waiting for ever.
fn answers(sets: Vec<Rego>, document: String) -> Result<Vec<Answer>, Failure> {
    let (send, receive) = mpsc::channel();
    let work = move || {
        let answers: Vec<Answer> = sets.iter().map(|set| rego::ask(set, &document)).collect();
        // Nobody listens any more: then it was too late.
        let _ = send.send(answers);
    };
    std::thread::Builder::new().stack_size(STACK).spawn(work)?;
    receive.recv_timeout(LONGEST).map_err(|why| match why {
        RecvTimeoutError::Timeout => Failure::new(
            Exit::Error,
            format!(
                "the Rego rules did not answer within {} seconds; nothing was done",
                LONGEST.as_secs()
            ),
        )
        .help("one step of a rule has no end: look for numbers and texts that are multiplied"),
        RecvTimeoutError::Disconnected => {
            Failure::new(Exit::Bug, "the Rego engine broke; this is a bug")
        }
    })
}

fn unanswered(mistakes: &[Mistake]) -> Failure {
    let line = |mistake: &Mistake| {
        let Mistake { path, line, column, message, help } = mistake;
        let help = if help.is_empty() { String::new() } else { format!(" ({help})") };
        format!("{path}:{line}:{column}: {message}{help}")
    };
    Failure::new(Exit::Error, "the Rego rules cannot be asked about the plan; nothing was done")
        .details(mistakes.iter().map(line).collect())
        .help("correct the rules: what is not asked cannot agree")
}
