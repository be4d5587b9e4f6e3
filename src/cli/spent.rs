//! Approvals count for one apply: which run has begun with which, and when they are used up.
//!
//! `approvals-begun` in the data folder gets a line for each approval before the first write of a run, `approvals-used` once
//! nothing of the plan is left. In between, the same plan may go on where that run stopped, and do nothing twice.
#![expect(clippy::disallowed_methods, reason = "the command line is where files are read")]

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::clock;
use super::exit::Exit;
use super::gate::{self, Used};
use super::journal;
use super::ui::Failure;
use crate::apply::Report;
use crate::apply::journal::{Known, Run};
use crate::model::Address;
use crate::seal::approval::Approval;
use crate::seal::{ApprovedPlan, Consent};

const FILE: &str = "approvals-begun";

/// A run that began to write with an approval.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    date: String,
    digest: String,
    run: String,
    id: String,
    by: String,
}

impl Begun {
    /// The name of a person may hold spaces, so it comes last.
    fn of(line: &str) -> Option<Self> {
        let mut words = line.splitn(5, ' ').map(str::to_owned);
        let mut word = || words.next();
        Some(Self { date: word()?, digest: word()?, run: word()?, id: word()?, by: word()? })
    }
}

/// Reads which runs have begun with which approvals, oldest first.
///
/// # Errors
/// When the record is there and cannot be read: what is not known may not be passed over.
fn read(data: &Path) -> Result<Vec<Begun>, Failure> {
    let file = data.join(FILE);
    match fs::read_to_string(&file) {
        Ok(text) => Ok(text.lines().filter_map(Begun::of).collect()),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(gate::cannot("read", &file, &error)),
    }
}

/// Returns the ids of approvals, each with a date, that count no more although nobody has noted that they are used: the
/// run that began with them has nothing left to do, or can no longer be gone on with.
///
/// # Errors
/// When the record cannot be read.
pub(super) fn over(data: &Path) -> Result<Vec<(String, String)>, Failure> {
    let begun = read(data)?;
    let runs: BTreeSet<&String> = begun.iter().map(|one| &one.run).collect();
    let over: BTreeSet<String> =
        runs.into_iter().filter(|run| is_over(data, run)).cloned().collect();
    let of = begun.into_iter().filter(|one| over.contains(&one.run));
    Ok(of.map(|one| (one.id, one.date)).collect())
}

/// Returns whether a run has nothing left to do, or another plan has written since to what it writes to. A run that is
/// not known is over.
fn is_over(data: &Path, id: &str) -> bool {
    let ids = journal::ids(data);
    if !ids.iter().any(|known| known == id) {
        return true;
    }
    let Ok(past) = journal::read(data, id) else { return true };
    if past.running {
        return false;
    }
    let run = past.run;
    let own = addresses(&run);
    let later = ids.iter().take_while(|other| other.as_str() != id);
    let overwritten = later.filter_map(|other| journal::read(data, other).ok()).any(|other| {
        let other = other.run;
        let same = other.begin.digest == run.begin.digest;
        let begin = &other.begin;
        let here = begin.workspace == run.begin.workspace && begin.endpoint == run.begin.endpoint;
        !same && here && other.may_have_written() && !addresses(&other).is_disjoint(&own)
    });
    run.is_over() || overwritten
}

fn addresses(run: &Run) -> BTreeSet<Address> {
    run.begin.operations.iter().map(|one| one.planned.address.clone()).collect()
}

/// Notes that the approvals of a run which was cut are used: nothing of what it was about is left to do.
///
/// # Errors
/// When the record cannot be read or written.
pub(super) fn close(data: &Path, run: &str) -> Result<(), Failure> {
    let begun = read(data)?;
    let lines: Vec<String> = begun
        .iter()
        .filter(|one| one.run == run)
        .map(|Begun { digest, id, by, .. }| format!("{} {digest} {by} {id}\n", clock::today()))
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    let file = data.join(gate::USED);
    let append = || -> std::io::Result<()> {
        let mut record = OpenOptions::new().create(true).append(true).open(&file)?;
        record.write_all(lines.concat().as_bytes())?;
        record.sync_all()
    };
    append().map_err(|error| gate::cannot("write", &file, &error))
}

/// The approvals of an apply, and where it is remembered what became of them.
#[derive(Debug)]
pub(super) struct Spent {
    approvals: Vec<Approval>,
    used: File,
    begun: Mutex<Noting>,
    path: PathBuf,
    /// The runs that began with them before, as far as their journals tell.
    earlier: Vec<Run>,
}

#[derive(Debug)]
struct Noting {
    file: File,
    done: Option<Result<(), String>>,
}

impl Spent {
    /// Opens the records before anything is done: what cannot be remembered is not begun. `None` when nobody has signed.
    ///
    /// # Errors
    /// When one cannot be read or written.
    pub(super) fn ready(approved: &ApprovedPlan, data: &Path) -> Result<Option<Self>, Failure> {
        let Consent::Signed(_, approvals) = approved.consent() else { return Ok(None) };
        if approvals.is_empty() {
            return Ok(None);
        }
        let used = Used::ready(data)?;
        let path = data.join(FILE);
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.map_err(|error| gate::cannot("write", &path, &error))?;
        let ids: BTreeSet<String> =
            approvals.iter().map(|approval| approval.id().to_string()).collect();
        let begun = read(data)?;
        let runs: BTreeSet<&String> =
            begun.iter().filter(|one| ids.contains(&one.id)).map(|one| &one.run).collect();
        let earlier = runs.into_iter().filter_map(|run| journal::read(data, run).ok());
        Ok(Some(Self {
            approvals: approvals.clone(),
            used,
            begun: Mutex::new(Noting { file, done: None }),
            path,
            earlier: earlier.map(|past| past.run).collect(),
        }))
    }

    /// Refuses to do anything a second time: what an earlier run did with these approvals must be `done` still.
    ///
    /// # Errors
    /// In words.
    pub(super) fn goes_on(&self, done: &BTreeSet<usize>) -> Result<(), String> {
        for run in &self.earlier {
            let mut known = run.operations().enumerate();
            let undone = known.find(|(index, (_, known))| {
                let did = matches!(
                    known,
                    Known::Finished(outcome) if outcome.is_applied() && outcome.may_have_written()
                );
                did && !done.contains(index)
            });
            if let Some((_, (operation, _))) = undone {
                return Err(format!(
                    "run {} of this plan wrote {} with the same approvals, and that has been changed back since: a plan is approved for one apply",
                    run.begin.run, operation.planned.address
                ));
            }
        }
        Ok(())
    }

    /// Notes, before the first write leaves, that `run` begins with the approvals.
    ///
    /// # Errors
    /// In words, every time, when it could not be noted.
    pub(super) fn begin(&self, run: &str) -> Result<(), String> {
        let mut noting = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = &noting.done {
            return done.clone();
        }
        let lines: String = self
            .approvals
            .iter()
            .map(|approval| {
                let said = approval.statement();
                let (today, id) = (clock::today(), approval.id());
                format!("{today} {} {run} {id} {}\n", said.digest, said.by)
            })
            .collect();
        let written = noting.file.write_all(lines.as_bytes()).and_then(|()| noting.file.sync_all());
        let done = written.map_err(|error| {
            let path = self.path.display();
            format!("cannot write the record of approvals {path}: {error}")
        });
        noting.done = Some(done.clone());
        done
    }

    /// Remembers that the approvals are used once nothing of the plan is left to do, whether or not the end could be read;
    /// what stopped half way may go on with the same ones.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn on(self, report: &Report) -> Result<(), Failure> {
        if !report.is_over() {
            return Ok(());
        }
        gate::record(self.used, &self.approvals, clock::today())
    }
}

/// Says why approvals do not count for going on.
pub(super) fn refused(why: &str) -> Failure {
    Failure::new(Exit::NotApproved, format!("{why}; nothing was done"))
        .help("`scopeform plan --out PLAN` plans what is left; that is another plan, with approvals of its own")
}
