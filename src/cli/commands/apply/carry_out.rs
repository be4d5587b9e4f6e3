//! From an approved plan to writes: secrets, journal, signals, and what is said meanwhile.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::advice::refused;
use super::end::{exit_of, note_end};
use crate::apply::{self, Event, Observer, Options, Purpose, Report};
use crate::cli::args::{Answer, Reach};
use crate::cli::clock;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::{Folder, data_dir};
use crate::cli::journal::{self, Journal};
use crate::cli::live::{self, Place, Target};
use crate::cli::product::Product;
use crate::cli::secret;
use crate::cli::signal::Signals;
use crate::cli::spent::{self, Spent};
use crate::cli::stream::Stream;
use crate::cli::ui::{Failure, Ui};
use crate::cli::workspace::Loaded;
use crate::plan::PlannedOperation;
use crate::platform::provider::Read as _;
use crate::platform::trustpager::deliver;
use crate::platform::{Operation, trustpager};
use crate::render::neutral::terminal;
use crate::render::palette::Paint;
use crate::seal::ApprovedPlan;

/// Where and how a plan is carried out.
pub(super) struct Work<'a> {
    pub(super) place: Place,
    pub(super) folder: Option<Folder>,
    pub(super) root: PathBuf,
    pub(super) reach: Reach,
    pub(super) parallelism: usize,
    /// Whether stdout is a stream of JSON lines.
    pub(super) lines: bool,
    /// The run that this one takes back.
    pub(super) takes_back: Option<&'a str>,
    pub(super) env: &'a Env,
    pub(super) ui: &'a Ui,
}

/// A plan that was carried out, as far as it went.
pub(super) struct Done<S> {
    pub(super) report: Report,
    /// What was read at the end.
    pub(super) end: Option<S>,
    pub(super) journal: Journal,
    /// Whether it could be remembered that the approvals are used.
    pub(super) remembered: Result<(), Failure>,
}

impl Work<'_> {
    /// The one way from an approved plan to writes, so that no command forgets the journal or to use the approvals up.
    pub(super) async fn carry_out<P: Product>(
        &self,
        approved: &ApprovedPlan,
        loaded: Option<&Loaded>,
    ) -> Result<Done<P::Snapshot>, Failure> {
        let plan = approved.sealed().plan();
        // A file with a secret may be a pipe to which nobody writes: while it is read, a signal ends the process.
        let secrets = secret::resolve(plan, &self.root, self.env)?;
        let mut unsaid: Vec<_> = secrets.values().cloned().collect();
        if let Place::Url(_) = self.place {
            unsaid.extend(secret::token(self.env).ok());
        }
        // Before anything is noted: a signal that nobody takes ends the process at once.
        let mut signals = Signals::new()?;
        let data = data_dir(&self.root, self.env);
        let spent = Spent::ready(approved, &data)?;
        let journal = Journal::begin(&data, approved, self.takes_back, unsaid, self.ui)?;
        let noting = (&journal, spent.as_ref());
        let done = self.run::<P>(approved, loaded, secrets, noting, &mut signals).await;
        match done {
            Ok((report, end)) => {
                let remembered = spent.map_or(Ok(()), |spent| spent.on(&report));
                Ok(Done { report, end, journal, remembered })
            }
            Err((failure, calls)) => {
                note_end(journal, journal::failed(&failure, calls), self.ui);
                Err(failure)
            }
        }
    }

    /// Returns beside a failure how many requests there were until then.
    async fn run<P: Product>(
        &self,
        approved: &ApprovedPlan,
        loaded: Option<&Loaded>,
        secrets: secret::Secrets,
        (journal, spent): (&Journal, Option<&Spent>),
        signals: &mut Signals,
    ) -> Result<(Report, Option<P::Snapshot>), (Failure, u32)> {
        let bound = &approved.sealed().plan().bound;
        let folder = loaded.map(|loaded| &loaded.folder).or(self.folder.as_ref());
        let target = Target {
            place: &self.place,
            platform: bound.platform,
            workspace: &bound.workspace,
            folder,
            root: &self.root,
        };
        let live = live::connect::<P>(target, secrets, self.reach, self.env, self.ui).await;
        let live = live.map_err(|failure| match loaded {
            Some(loaded) => (loaded.said_at(failure, None), 0),
            None => (failure, 0),
        })?;
        let interrupted = AtomicBool::new(false);
        let options = Options {
            today: clock::today(),
            parallelism: self.parallelism,
            interrupted: &interrupted,
        };
        let stream = self.lines.then(|| Stream::new(approved.sealed().plan(), *self.ui));
        let deliveries = deliveries(&bound.operations);
        let writing = AtomicBool::new(false);
        let (ui, root) = (*self.ui, self.root.as_path());
        let twice = OnceLock::new();
        let progress = Progress { ui, journal, spent, stream, root, deliveries, writing, twice };
        let done = {
            let run = apply::run::<P::Adapter, _>(approved, &live.client, options, &progress);
            let mut run = std::pin::pin!(run);
            loop {
                // The run and the signals share one task, so no write begins between the questions below.
                tokio::select! {
                    biased;
                    done = &mut run => break done.map_err(|error| match progress.twice.get() {
                        Some(why) => spent::refused(why),
                        None => refused(error, approved.sealed()),
                    }),
                    () = signals.next() => {
                        let again = interrupted.swap(true, Ordering::Relaxed);
                        if let Some(stop) = stop_now(again, &progress) {
                            break Err(stop);
                        }
                        live::stop_waiting();
                        self.ui.say(
                            "interrupted: finishing the request in flight, waiting for nothing else, then reporting; once more stops at once",
                        );
                    }
                }
            }
        };
        let calls = live.client.sent();
        live.close().await;
        done.map_err(|failure| (failure, calls))
    }
}

/// Carries out a plan that was made on the spot, for a configuration that is loaded already. Returns the report, to be
/// printed first, and how the command ends.
pub(in crate::cli::commands) async fn carry_out_one<P: Product>(
    approved: &ApprovedPlan,
    loaded: &Loaded,
    reach: Reach,
    (answer, takes_back): (Answer, Option<&str>),
    env: &Env,
    ui: &Ui,
) -> Result<(Report, Result<Exit, Failure>), Failure> {
    let work = Work {
        place: Place::of(&loaded.config.endpoint.to_string()),
        folder: None,
        root: loaded.folder.root.clone(),
        reach,
        parallelism: 1,
        lines: answer == Answer::Lines,
        takes_back,
        env,
        ui,
    };
    let Done { report, journal, remembered, end: _ } =
        work.carry_out::<P>(approved, Some(loaded)).await?;
    let exit = exit_of(&report);
    note_end(journal, journal::reported(&report, exit), ui);
    Ok((report, remembered.map(|()| exit)))
}

/// Decides what an interruption means: `None` lets the request in flight finish.
fn stop_now(again: bool, progress: &Progress<'_>) -> Option<Failure> {
    if !progress.writing.load(Ordering::Relaxed) {
        return Some(Failure::new(
            Exit::Interrupted,
            "interrupted before the first write; nothing was done",
        ));
    }
    again.then(|| {
        Failure::new(
            Exit::Partial,
            "interrupted again: stopped without waiting, and whether the write in flight was done is not known",
        )
        .help("`scopeform show --last` says how far it came; running apply again resumes")
    })
}

/// Notes what happens, says it on stderr when somebody watches, and remembers whether anything has been sent.
struct Progress<'j> {
    ui: Ui,
    journal: &'j Journal,
    spent: Option<&'j Spent>,
    stream: Option<Stream<'j>>,
    root: &'j Path,
    /// The new API keys of the plan: place in the plan, name, and the file for the value.
    deliveries: Vec<(usize, String, String)>,
    writing: AtomicBool,
    /// What the run would do a second time with approvals that are given once.
    twice: OnceLock<String>,
}

impl Progress<'_> {
    /// Looks where the values of new keys go, before the first write and not only when their turn comes.
    fn can_deliver(&self, done: &BTreeSet<usize>) -> Result<(), String> {
        for (index, key, place) in &self.deliveries {
            if !done.contains(index)
                && let Some(why) = deliver::obstacle(self.root, place)
            {
                return Err(format!(
                    "the value of the new API key `{key}` has nowhere to go: {why}"
                ));
            }
        }
        Ok(())
    }
}

/// Returns why a plan cannot be applied with the files below `root` as they are: the value of a new key has nowhere to go.
pub(in crate::cli::commands) fn obstacles(
    operations: &[PlannedOperation],
    root: &Path,
) -> Vec<String> {
    let found = deliveries(operations).into_iter().filter_map(|(_, key, place)| {
        let why = deliver::obstacle(root, &place)?;
        Some(format!("the value of the new API key `{key}` has nowhere to go: {why}"))
    });
    found.collect()
}

/// Returns the new API keys of a plan: place in the plan, name, and the file for the value.
fn deliveries(operations: &[PlannedOperation]) -> Vec<(usize, String, String)> {
    let new =
        operations.iter().enumerate().filter_map(|(index, planned)| match &planned.operation {
            Operation::Trustpager(trustpager::operation::Operation::CreateKey {
                key,
                deliver,
                ..
            }) => Some((index, key.to_string(), deliver.clone())),
            _ => None,
        });
    new.collect()
}

impl Observer for Progress<'_> {
    fn on(&self, event: Event<'_>) -> Result<(), String> {
        if let Event::Read { purpose: Purpose::Before, done, .. } = event {
            if let Some(Err(why)) = self.spent.map(|spent| spent.goes_on(done)) {
                return Err(self.twice.get_or_init(|| why).clone());
            }
            self.can_deliver(done)?;
        }
        if let (Event::Started { .. }, Some(spent)) = (event, self.spent) {
            spent.begin(self.journal.run())?;
        }
        let noted = self.journal.on(event);
        if matches!(event, Event::Started { .. }) && noted.is_ok() {
            self.writing.store(true, Ordering::Relaxed);
        }
        if let Some(stream) = &self.stream {
            stream.on(event);
        }
        if !self.ui.progress {
            return noted;
        }
        if let Event::Finished { index, total, operation, outcome } = event {
            let palette = self.ui.palette_err();
            let paint = if outcome.is_applied() { Paint::Add } else { Paint::Alarm };
            self.ui.say(&format!(
                "[{}/{total}] {} {}: {}",
                index + 1,
                terminal(operation.unit.as_str()),
                terminal(&operation.operation.to_string()),
                palette.paint(paint, outcome.word()),
            ));
        }
        noted
    }

    fn was_answered(&self, index: usize) -> bool {
        // An empty file is what a run leaves that was ended before the value came.
        let empty = self
            .deliveries
            .iter()
            .any(|(at, _, place)| *at == index && deliver::is_left_behind(self.root, place));
        !empty && self.journal.was_answered(index)
    }
}
