//! The journals of a folder: one file per apply, the last fifty of them.
//!
//! A journal is locked by the process that writes it, for as long as that lives: a journal without an end that nobody
//! holds is that of a run that was killed.
#![expect(clippy::disallowed_methods, reason = "the command line is where files are written")]

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

use super::clock;
use super::exit::Exit;
use super::folder::make_data_dir;
use super::reading;
use super::ui::{Failure, Ui};
use crate::apply::journal::{Begin, End, FORMAT_VERSION, Known, Line, Planned, Run};
use crate::apply::{Event, Outcome, Report};
use crate::model::WorkspaceId;
use crate::seal::{ApprovedPlan, Consent};

/// How many runs are kept.
const KEPT: usize = 50;

/// What the names of journals end in.
const ENDING: &str = ".jsonl";

/// The least that lies between the names of two runs.
const STEP: SignedDuration = SignedDuration::from_millis(1);

/// How far two clocks may be apart without anybody being told.
const SKEW: SignedDuration = SignedDuration::from_secs(1);

/// The journal of the run that goes on.
#[derive(Debug)]
pub(super) struct Journal {
    file: Mutex<Noted>,
    path: PathBuf,
    /// The run's id.
    run: String,
    /// The places of the operations whose answers earlier runs of the same plan have taken in.
    answered: BTreeSet<usize>,
    /// Kept out of every line, should the live system repeat them in its words.
    secrets: Vec<SecretString>,
}

#[derive(Debug)]
struct Noted {
    file: File,
    /// Why nothing can be noted any more.
    broken: Option<String>,
}

impl Journal {
    /// Begins a journal below the data folder, readable by its owner alone.
    ///
    /// # Errors
    /// When it cannot be written: nothing has been done then.
    pub(super) fn begin(
        data: &Path,
        approved: &ApprovedPlan,
        takes_back: Option<&str>,
        secrets: Vec<SecretString>,
        ui: &Ui,
    ) -> Result<Self, Failure> {
        make_data_dir(data)?;
        let folder = folder(data);
        let now = clock::now();
        let plan = approved.sealed().plan();
        let newest = ids(data).first().and_then(|id| moment(id));
        if let Some(ahead) = newest.filter(|newest| newest.duration_since(now) > SKEW) {
            ui.say(&format!(
                "notice: the last run noted here began at {ahead}, which by this machine's clock is to come; this run is noted as the one after it"
            ));
        }
        // Which run was the last goes by these names, so a clock that was set back does not decide it.
        let after = newest.and_then(|newest| newest.checked_add(STEP).ok());
        let name = format!(
            "{}-{}",
            after.map_or(now, |after| after.max(now)).strftime("%Y%m%dT%H%M%S%.3fZ"),
            approved.sealed().digest().short()
        );
        let path = folder.join(format!("{name}{ENDING}"));
        let digest = approved.sealed().digest();
        let last = last_of(data, &plan.bound.workspace, &plan.bound.endpoint);
        let before = last.past.filter(|past| {
            let begin = &past.run.begin;
            let same = begin.digest == *digest && begin.takes_back.as_deref() == takes_back;
            same && !past.running
        });
        // What a journal that cannot be read says may be that an answer was lost.
        let readable = before.as_ref().filter(|_| last.damaged.is_none());
        let answered = readable.map(|past| answered(data, &past.run)).unwrap_or_default();
        // Whether this run does go on with that one is known once the workspace has been read.
        let continues = before.filter(|past| !past.run.is_complete());
        let cannot = |error: io::Error| {
            Failure::new(
                Exit::Error,
                format!("cannot write the journal {}: {error}; nothing was done", path.display()),
            )
            .help("what apply does is noted before it is done; free space, or set SCOPEFORM_DATA_DIR to a folder that can be written")
        };
        let file = create(&folder, &path).map_err(cannot)?;
        let begin = Begin {
            scopeform_journal: FORMAT_VERSION,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            run: name.clone(),
            time: now.to_string(),
            platform: plan.bound.platform,
            workspace: plan.bound.workspace.clone(),
            endpoint: plan.bound.endpoint.clone(),
            digest: digest.clone(),
            consent: consent(approved.consent()).to_owned(),
            approved_by: approved.consent().approved_by(),
            accepted: approved.accepted(),
            takes_back: takes_back.map(str::to_owned),
            continues: continues.map(|past| past.run.begin.run),
            operations: plan
                .bound
                .operations
                .iter()
                .map(|planned| Planned {
                    what: planned.operation.to_string(),
                    planned: planned.clone(),
                })
                .collect(),
        };
        let file = Mutex::new(Noted { file, broken: None });
        let journal = Self { file, path: path.clone(), run: name, answered, secrets };
        journal
            .note(&Line::Begin(Box::new(begin)), true)
            .map_err(|why| cannot(io::Error::other(why)))?;
        rotate(&folder);
        Ok(journal)
    }

    /// Returns the run's id.
    pub(super) fn run(&self) -> &str {
        &self.run
    }

    /// Returns whether an earlier run of the same plan has taken in the answer to the operation at this place (from 0).
    pub(super) fn was_answered(&self, index: usize) -> bool {
        self.answered.contains(&index)
    }

    /// Notes an event. A write that is about to be sent is on disk when this returns.
    ///
    /// # Errors
    /// In words, when it could not be noted. From then on nothing can: a journal with a hole in it would lie.
    pub(super) fn on(&self, event: Event<'_>) -> Result<(), String> {
        let (line, sync) = match event {
            Event::Read { purpose, calls, found, done } => {
                let (found, done) = (found.to_vec(), done.iter().copied().collect());
                (Line::Read { purpose, calls, found, done }, false)
            }
            Event::Started { index, total: _, operation, revision } => {
                let (address, what) = (operation.address.clone(), operation.operation.to_string());
                (Line::Started { index, address, what, revision: revision.to_owned() }, true)
            }
            Event::Settled { index, settled } => {
                (Line::Settled { index, settled: settled.clone() }, false)
            }
            Event::Finished { index, outcome, .. } | Event::Revised { index, outcome } => {
                // Only here are the platform's own words, which might repeat what it was sent.
                let outcome = outcome.clone().reworded(|words| self.without_secrets(words));
                (Line::Finished { index, outcome }, false)
            }
        };
        self.note(&line, sync)
    }

    /// Notes the end.
    ///
    /// # Errors
    /// In words, when it or anything before it could not be noted.
    pub(super) fn end(self, end: End) -> Result<(), String> {
        self.note(&Line::End(end), true)
    }

    fn note(&self, line: &Line, sync: bool) -> Result<(), String> {
        let mut noted = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = &noted.broken {
            return Err(why.clone());
        }
        let written = line.text().map_err(io::Error::other).and_then(|text| {
            let text = format!("{text}\n");
            noted.file.write_all(text.as_bytes())?;
            if sync { noted.file.sync_data() } else { Ok(()) }
        });
        written.map_err(|error| {
            let why = format!("cannot write the journal {}: {error}", self.path.display());
            noted.broken = Some(why.clone());
            why
        })
    }

    fn without_secrets(&self, words: String) -> String {
        self.secrets.iter().map(SecretString::expose_secret).fold(words, |words, secret| {
            if secret.is_empty() { words } else { words.replace(secret, "[secret]") }
        })
    }
}

/// Returns the line that ends a run with a report.
pub(super) fn reported(report: &Report, exit: Exit) -> End {
    End {
        complete: report.is_complete(),
        calls: report.calls,
        exit: exit.code(),
        error: None,
        details: Vec::new(),
        token_refused: report.token_refused,
    }
}

/// Returns the line that ends a run without one, or that was complete and is contradicted by what was found afterwards.
pub(super) fn failed(failure: &Failure, calls: u32) -> End {
    End {
        complete: false,
        calls,
        exit: failure.exit.code(),
        error: Some(failure.message.clone()),
        details: failure.details.clone(),
        token_refused: false,
    }
}

/// Returns the word for how a plan was consented to.
fn consent(consent: &Consent) -> &'static str {
    match consent {
        Consent::Prompt => "prompt",
        Consent::Flag => "flag",
        Consent::SavedPlan(_) => "saved_plan",
        Consent::Signed(given, _) => self::consent(given),
    }
}

fn folder(data: &Path) -> PathBuf {
    data.join("journal")
}

fn create(folder: &Path, path: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // A file system without locks cannot tell a run that goes on from one that was killed; that is all it loses.
    let _ = file.lock();
    // The name must survive a power cut as well as the lines do.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// Removes the oldest journals. One that cannot go stays: nothing depends on it.
fn rotate(folder: &Path) {
    for old in names(folder).into_iter().skip(KEPT) {
        let _ = fs::remove_file(folder.join(old + ENDING));
    }
}

/// Returns the ids of the runs, newest first.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut ids: Vec<String> =
        names.filter_map(|name| name.strip_suffix(ENDING).map(str::to_owned)).collect();
    ids.sort_by(|a, b| b.cmp(a));
    ids
}

/// Returns the moment that an id begins with.
fn moment(id: &str) -> Option<Timestamp> {
    id.split_once('-').and_then(|(moment, _)| moment.parse().ok())
}

/// A run of the past, or one that another process carries out now.
#[derive(Debug)]
pub(super) struct Past {
    /// What its journal says.
    pub(super) run: Run,
    /// Whether its process lives.
    pub(super) running: bool,
}

/// Returns the ids of a folder's runs, newest first.
#[must_use]
pub(super) fn ids(data: &Path) -> Vec<String> {
    names(&folder(data))
}

/// Reads one journal.
///
/// # Errors
/// When it cannot be read or is none.
pub(super) fn read(data: &Path, id: &str) -> Result<Past, Failure> {
    let path = folder(data).join(format!("{id}{ENDING}"));
    let cannot = |why: &dyn std::fmt::Display| {
        Failure::new(Exit::Error, format!("cannot read the journal {}: {why}", path.display()))
    };
    let file = File::open(&path).map_err(|error| cannot(&error))?;
    let running = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let text = reading::text_of(&file, reading::DOCUMENT).map_err(|why| cannot(&why))?;
    let run = Run::read(&text).map_err(|error| cannot(&error))?;
    Ok(Past { run, running })
}

/// Notes the end of a run that was killed, once nothing is left to do. When it cannot be noted it will be told of again.
pub(super) fn close(data: &Path, run: &Run) {
    let end = End {
        complete: false,
        calls: 0,
        exit: Exit::Partial.code(),
        error: Some("killed; a later apply found nothing left to do".to_owned()),
        details: Vec::new(),
        token_refused: false,
    };
    let path = folder(data).join(format!("{}{ENDING}", run.begin.run));
    let append = || -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).append(true).open(&path)?;
        file.try_lock()?;
        let text = reading::text_of(&file, reading::DOCUMENT)
            .map_err(|why| io::Error::other(why.to_string()))?;
        // A line that was cut was never written.
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        file.set_len(u64::try_from(whole).unwrap_or(0))?;
        let line = Line::End(end).text().map_err(io::Error::other)?;
        file.write_all(format!("{line}\n").as_bytes())
    };
    let _ = append();
}

/// The last run of a workspace that may have written something, or goes on.
#[derive(Debug)]
pub(super) struct Last {
    /// The last one whose journal can be read.
    pub(super) past: Option<Past>,
    /// Why a later journal cannot be read, whatever it is about.
    pub(super) damaged: Option<Failure>,
}

/// Returns the last run of a workspace.
#[must_use]
pub(super) fn last_of(data: &Path, workspace: &WorkspaceId, endpoint: &str) -> Last {
    let mut damaged = None;
    for id in ids(data) {
        match read(data, &id) {
            Ok(past) if is_of(&past, workspace, endpoint) => {
                return Last { past: Some(past), damaged };
            }
            Ok(_) => {}
            Err(failure) => damaged = damaged.or(Some(failure)),
        }
    }
    Last { past: None, damaged }
}

/// Returns whether a run wrote, or may write, to a workspace.
fn is_of(past: &Past, workspace: &WorkspaceId, endpoint: &str) -> bool {
    let begin = &past.run.begin;
    let here = begin.workspace == *workspace && begin.endpoint == endpoint;
    here && (past.running || past.run.may_have_written())
}

/// Returns the runs that a run went on with, oldest first: those of the same plan that did not come to their end. Beside
/// them, why one more cannot be read.
#[must_use]
pub(super) fn before(data: &Path, run: &Run) -> (Vec<Run>, Option<Failure>) {
    let known = ids(data);
    let mut runs: Vec<Run> = Vec::new();
    let next = |run: &Run| run.begin.continues.clone().filter(|_| run.went_on());
    let mut wanted = next(run);
    while let Some(id) = wanted {
        // A journal names only what was there before it, so this ends.
        let newer = runs.last().map_or(&run.begin.run, |last| &last.begin.run);
        if id >= *newer || !known.contains(&id) {
            break;
        }
        match read(data, &id) {
            Ok(past) => {
                wanted = next(&past.run);
                runs.push(past.run);
            }
            Err(failure) => {
                runs.reverse();
                return (runs, Some(failure));
            }
        }
    }
    runs.reverse();
    (runs, None)
}

/// Returns the places of the operations whose answers a run, or one that it went on with, has taken in. The last that sent
/// an operation says of it, so that an answer which was lost later counts.
fn answered(data: &Path, run: &Run) -> BTreeSet<usize> {
    let (earlier, _) = before(data, run);
    let mut answered = BTreeSet::new();
    for run in earlier.iter().chain([run]) {
        for (index, known) in run.known.iter().enumerate() {
            match known {
                Known::Finished(Outcome::Applied { .. }) => {
                    answered.insert(index);
                }
                Known::InFlight | Known::Finished(Outcome::ValueLost(_)) => {
                    answered.remove(&index);
                }
                Known::Finished(outcome) if outcome.may_have_written() => {
                    answered.remove(&index);
                }
                Known::NotBegun | Known::Finished(_) => {}
            }
        }
    }
    answered
}

/// Returns the last run of the same workspace before this one that may have written something.
#[must_use]
pub(super) fn wrote_before(data: &Path, run: &Run) -> Option<Past> {
    let own = &run.begin;
    let older = ids(data).into_iter().skip_while(|id| *id >= own.run);
    let mut readable = older.filter_map(|id| read(data, &id).ok());
    readable.find(|past| is_of(past, &own.workspace, &own.endpoint))
}

/// Returns the id of the run that taking back the last one means: where that took another one back itself and did not come
/// to its end, the other one still.
#[must_use]
pub(super) fn meant(last: &Past) -> &str {
    let begin = &last.run.begin;
    match &begin.takes_back {
        Some(first) if !last.running && !last.run.is_complete() => first,
        _ => &begin.run,
    }
}

/// Returns the last run of a workspace that wrote, and the id of the one that `undo` takes back where none is named. None
/// where undo would refuse: a run goes on, or a journal that it needs cannot be read.
#[must_use]
pub(super) fn undone_next(data: &Path, begin: &Begin) -> Option<(String, String)> {
    let Last { past, damaged } = last_of(data, &begin.workspace, &begin.endpoint);
    let last = past.filter(|last| damaged.is_none() && !last.running)?;
    let (id, meant) = (last.run.begin.run.clone(), meant(&last).to_owned());
    (id == meant || read(data, &meant).is_ok_and(|past| !past.running)).then_some((id, meant))
}

/// Returns the last run of the same workspace before this one that wrote something, where it stopped half way and was no
/// undo.
#[must_use]
pub(super) fn stopped_before(data: &Path, run: &Run) -> Option<Run> {
    let other = wrote_before(data, run)?;
    let half = !other.running && !other.run.is_over() && other.run.begin.takes_back.is_none();
    half.then_some(other.run)
}

/// Returns the last runs of a workspace, oldest first, that were all taking this one back and did not come to the end.
#[must_use]
pub(super) fn attempts(data: &Path, begin: &Begin) -> Vec<Run> {
    let readable = ids(data).into_iter().filter_map(|id| read(data, &id).ok());
    let own = readable.filter(|past| is_of(past, &begin.workspace, &begin.endpoint));
    let mut attempts: Vec<Run> = own
        .map(|past| past.run)
        .take_while(|run| run.begin.takes_back.as_ref() == Some(&begin.run) && !run.is_complete())
        .collect();
    attempts.reverse();
    attempts
}
