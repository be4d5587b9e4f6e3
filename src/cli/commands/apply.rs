//! `scopeform apply`: consent, then carry out exactly the plan, then say what was done.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{history, plan};
use crate::apply::journal::{End, Known, Run};
use crate::apply::{
    self, Adapter as _, ApplyError, Event, Observer, Options, Purpose, Report, Settled,
};
use crate::cli::args::{Answer, Apply as Args, Base, Output, Reach, Source};
use crate::cli::clock;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::{Folder, data_dir, root_at_hand};
use crate::cli::gate::{self, Advice, Gate, Used};
use crate::cli::journal::{self, Journal, Past};
use crate::cli::live::{self, Place, Target, no_access};
use crate::cli::product::{Odeus, Product, Trustpager};
use crate::cli::rego;
use crate::cli::secret;
use crate::cli::signal::Signals;
use crate::cli::stream::{self, Stream};
use crate::cli::ui::{Failure, Ui};
use crate::cli::workspace::{Loaded, Tell, load};
use crate::plan::guard::{Limit, flags};
use crate::plan::{Finding, Plan, PlannedOperation, denial};
use crate::platform::provider::Reading;
use crate::platform::trustpager::deliver;
use crate::platform::{Kind, Operation, trustpager};
use crate::render;
use crate::render::neutral::terminal;
use crate::render::palette::Paint;
use crate::seal::approval::{Approval, missing};
use crate::seal::{Acceptance, ApprovedPlan, Consent, Digest, Refusal, SealedPlan, standing};

/// Applies from files or from a saved plan.
pub(in crate::cli) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    if args.json_lines {
        stream::begin(ui)?;
    }
    match args.path.as_deref().filter(|path| is_plan_file(path)) {
        Some(file) => saved(file, args, env, ui).await,
        None => from_files(args, env, ui).await.map_err(|failure| match &args.path {
            Some(path) if !path.exists() => failure.help(
                "name a configuration folder, or a plan file that `scopeform plan --out FILE` wrote",
            ),
            _ => failure,
        }),
    }
}

/// A plan file is JSON, a configuration is YAML that no mapping in braces begins.
#[expect(clippy::disallowed_methods, reason = "the command line is where files are read")]
fn is_plan_file(path: &Path) -> bool {
    let yaml = path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml");
    path.is_file() && !yaml && std::fs::read(path).is_ok()
}

async fn saved(file: &Path, args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    if !args.target.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "`--target` does not go with a saved plan: it is applied whole",
        ));
    }
    let sealed = super::show::read(file)?;
    let planned = &sealed.plan().bound.workspace;
    if let Some(actual) = args.workspace.as_ref().filter(|name| *name != planned.as_str()) {
        let (planned, actual) = (planned.to_string(), actual.clone());
        let error = ApplyError::OtherWorkspace { planned, actual };
        return Err(Failure::new(Exit::Error, format!("{error}; nothing was done")));
    }
    let consent = Consent::SavedPlan(sealed.digest().clone());
    let place = Place::of(&sealed.plan().bound.endpoint);
    let hand = root_at_hand(args.config.as_deref(), env);
    let root = match &hand {
        Some(root) => root.clone(),
        None => beside(file, &place, env)?,
    };
    let data = data_dir(&root, env);
    let cut = history::tell(&data, planned, &sealed.plan().bound.endpoint, ui);
    let folder = match &hand {
        Some(root) => Some(Folder::read(root, ui)?),
        None => Folder::read(&root, ui).ok(),
    };
    let sealed = match &folder {
        // Beside the plan there may be anything; what is at hand is meant to be its configuration.
        Some(folder) if hand.is_some() || gate::declares(folder) => {
            let policy = gate::at_hand(folder, &sealed, ui)?;
            sealed.under(policy)
        }
        _ => {
            ui.say("notice: no configuration is at hand, so only the rules that the plan itself carries count; `--config FOLDER` names one");
            sealed
        }
    };
    let sealed = under_base(sealed, args.config.as_deref(), &args.base, ui)?;
    let sealed = match args.rules.policy.as_slice() {
        [] => sealed,
        paths => sealed.under(rego::named(paths, ui)?),
    };
    let sealed = rego::asked(sealed)?;
    let used = Used::read(&data)?;
    let today = clock::today();
    let advice =
        Advice::Saved(file.to_owned(), gate::with_rules(args.config.as_deref(), &args.base));
    let gate = Gate::open(&sealed, &args.approval, advice, &used, today)?;
    let consent = Consent::Signed(Box::new(consent), gate.approvals());
    let output = Output::text(false);
    match args.answer() {
        Answer::Text => {
            let source = Source { path: args.config.clone(), workspace: None };
            plan::print(&sealed, &output, &plan::apply_saved(file, &source), ui)?;
        }
        Answer::Lines => stream::planned(sealed.plan(), ui)?,
        Answer::Json => {}
    }
    let (reach, parallelism) = (args.reach, args.parallelism);
    let lines = args.json_lines;
    let work = Work { place, folder, root, reach, parallelism, lines, takes_back: None, env, ui };
    let approved = approve(sealed, consent, &args.accept, &gate)?;
    if approved.sealed().plan().is_empty() {
        return nothing(approved.sealed().plan(), args, &data, cut, ui);
    }
    let plan = approved.sealed().plan();
    match plan.bound.platform {
        Kind::Odeus => {
            let done = work.carry_out::<Odeus>(&approved, None).await?;
            finish(plan, done, Ok(()), args.answer(), ui)
        }
        Kind::Trustpager => {
            let done = work.carry_out::<Trustpager>(&approved, None).await?;
            finish(plan, done, Ok(()), args.answer(), ui)
        }
    }
}

/// Adds the rules of an earlier revision to those over a saved plan.
pub(super) fn under_base(
    sealed: SealedPlan,
    config: Option<&Path>,
    base: &Base,
    ui: &Ui,
) -> Result<SealedPlan, Failure> {
    if base.base.is_none() {
        return Ok(sealed);
    }
    let source = Source {
        path: config.map(Path::to_owned),
        workspace: Some(sealed.plan().bound.workspace.to_string()),
    };
    let loaded = load(&source, Tell::People, ui)?.with_base(base, ui)?;
    loaded.at_known_endpoint()?;
    Ok(loaded.policies.into_iter().fold(sealed, SealedPlan::under))
}

/// The approvals of an apply, and where it is remembered that they are used. Nothing when no rule asked for any.
struct Spent(Option<(std::fs::File, Vec<Approval>)>);

impl Spent {
    fn ready(approved: &ApprovedPlan, data: &Path) -> Result<Self, Failure> {
        match approved.consent() {
            Consent::Signed(_, approvals) if !approvals.is_empty() => {
                Ok(Self(Some((Used::ready(data)?, approvals.clone()))))
            }
            _ => Ok(Self(None)),
        }
    }

    /// Remembers a complete apply; what was interrupted may go on with the same approvals.
    fn on(self, report: &Report) -> Result<(), Failure> {
        match self.0 {
            Some((file, approvals)) if report.is_complete() => {
                gate::record(file, &approvals, clock::today())
            }
            _ => Ok(()),
        }
    }
}

/// Returns the folder that a saved plan belongs to where no configuration is at hand: that of the plan file itself.
///
/// # Errors
/// When the plan is for an embedded control plane and no folder holds one: a new one must not come up instead.
fn beside(file: &Path, place: &Place, env: &Env) -> Result<PathBuf, Failure> {
    let beside = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match place {
        Place::Embedded if !data_dir(beside, env).exists() => Err(Failure::new(
            Exit::Error,
            "there is no embedded control plane here that the plan could be for; nothing was done",
        )
        .help("name the configuration folder that the plan was made from with `--config FOLDER`")),
        Place::Embedded | Place::Url(_) => Ok(beside.to_owned()),
    }
}

async fn from_files(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let source = Source { path: args.path.clone(), workspace: args.workspace.clone() };
    let tell = match args.answer() {
        Answer::Text => Tell::People,
        Answer::Json => Tell::Json,
        Answer::Lines => Tell::Lines,
    };
    let loaded = load(&source, tell, ui)?.with_base(&args.base, ui)?;
    let loaded = loaded.with_rules(&args.rules.policy, ui)?;
    match loaded.config.desired.kind() {
        Kind::Odeus => from_files_of::<Odeus>(args, &source, &loaded, tell, env, ui).await,
        Kind::Trustpager => {
            from_files_of::<Trustpager>(args, &source, &loaded, tell, env, ui).await
        }
    }
}

async fn from_files_of<P: Product>(
    args: &Args,
    source: &Source,
    loaded: &Loaded,
    tell: Tell,
    env: &Env,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let root = loaded.folder.root.clone();
    let endpoint = loaded.config.endpoint.to_string();
    let place = Place::of(&endpoint);
    let data = loaded.folder.data_dir(env);
    let cut = history::tell(&data, &loaded.config.workspace, &endpoint, ui);
    let reading = plan::read::<P>(loaded, args.reach, env, ui).await?;
    if let Some(past) = &cut {
        settle::<P>(&past.run, &reading.snapshot, ui);
    }
    let today = clock::today();
    let made = plan::make::<P>(loaded, &reading, &args.target, today, tell, ui)?;
    let sealed = rego::asked(SealedPlan::seal(made))?;

    let output = Output::text(false);
    let command = plan::apply_files(source, &args.target);
    match args.answer() {
        Answer::Text => plan::print(&sealed, &output, &command, ui)?,
        Answer::Lines => stream::planned(sealed.plan(), ui)?,
        Answer::Json => {}
    }
    let empty = sealed.plan().is_empty();
    let used = Used::read(&data_dir(&root, env))?;
    let mut save = plan::plan_files(source, &args.target);
    if let Some(revision) = &args.base.base {
        save.push_str(&format!(" --base {revision}"));
    }
    let gate = Gate::open(&sealed, &args.approval, Advice::Files(save), &used, today)?;
    let approvals = gate.approvals();
    let open = missing(&sealed, &approvals);
    let consent = if args.auto_approve || empty {
        Consent::Flag
    } else if !standing(&sealed, &args.accept).is_ok_and(|blockers| blockers.is_empty()) {
        // Nobody is asked to agree to what cannot be done.
        Consent::Prompt
    } else if !open.is_empty() {
        return Err(gate.missing(&sealed, &open));
    } else {
        ask(&sealed, &output, (args.answer() != Answer::Text, &command), ui)?
    };
    let approved =
        approve(sealed, Consent::Signed(Box::new(consent), approvals), &args.accept, &gate)?;
    if empty {
        return nothing(approved.sealed().plan(), args, &data, cut, ui);
    }
    let (reach, parallelism) = (args.reach, args.parallelism);
    let lines = args.json_lines;
    let takes_back = None;
    let work = Work { place, folder: None, root, reach, parallelism, lines, takes_back, env, ui };
    let mut done = work.carry_out::<P>(&approved, Some(loaded)).await?;
    let verified = match done.end.take().filter(|_| done.report.is_complete()) {
        Some(end) => verify::<P>(loaded, end, args, ui),
        None => Ok(()),
    };
    finish(approved.sealed().plan(), done, verified, args.answer(), ui)
}

/// Asks whoever is there. With `json` the plan has not been printed yet; `command` is what carries it out.
pub(super) fn ask(
    sealed: &SealedPlan,
    output: &Output,
    (json, command): (bool, &str),
    ui: &Ui,
) -> Result<Consent, Failure> {
    let plan = sealed.plan();
    if !ui.input {
        return Err(Failure::new(
            Exit::NotApproved,
            "nobody may be asked (`--input=false`), so nothing was done",
        )
        .help("give `--auto-approve`, or apply a saved plan"));
    }
    if json {
        // stdout is the report's; whoever is asked must see the plan all the same.
        ui.say(&plan::page(sealed, output, command, ui.palette_err())?);
    }
    let question = format!(
        "\nApply plan {} to workspace {} ({})? Only `yes` is accepted: ",
        sealed.digest().short(),
        plan.bound.workspace,
        terminal(&plan.bound.endpoint)
    );
    if ui.confirm(&question) {
        Ok(Consent::Prompt)
    } else {
        Err(Failure::new(Exit::NotApproved, "not approved; nothing was done"))
    }
}

/// Returns what to do about blockers: solve some, and accept exactly this plan where that is enough.
fn way_past(findings: &[Finding], digest: &Digest) -> String {
    let (limits, others): (Vec<_>, Vec<_>) =
        findings.iter().partition(|finding| Limit::of(finding).is_some());
    let mut ways = Vec::new();
    if !others.is_empty() {
        let codes: Vec<String> =
            others.iter().map(|f| format!("{} at {}", f.code, f.address)).collect();
        ways.push(format!("solve: {}", codes.join("; ")));
    }
    if !limits.is_empty() {
        let codes: BTreeSet<&str> = limits.iter().map(|f| f.code.as_str()).collect();
        let codes: Vec<&str> = codes.into_iter().collect();
        let flags = flags(limits, digest.as_str());
        ways.push(format!(
            "{}: make smaller steps, or accept this plan with `{flags}`",
            codes.join(", ")
        ));
    }
    ways.push("`scopeform explain CODE` says more".to_owned());
    ways.join("; ")
}

/// Says why a plan may not be applied.
pub(super) fn refusal(refusal: &Refusal, digest: &Digest, done: &str) -> Failure {
    let message = format!("{refusal}{done}");
    match refusal {
        Refusal::Blocked(findings) => {
            // A denial says which rule it is; a code alone would not.
            let denied = findings.iter().filter(|finding| denial::is_one(finding));
            let line = |finding: &Finding| format!("{}: {}", finding.address, finding.message);
            Failure::new(Exit::Blocked, message)
                .details(denied.map(line).collect())
                .help(way_past(findings, digest))
        }
        Refusal::AcceptedOther { given, .. } => {
            let now = Acceptance::of(given.limit(), digest);
            Failure::new(Exit::Blocked, message)
                .help(format!("read this plan; if that is what is meant: `--accept {now}`"))
        }
        Refusal::Unreviewed(scopes) => {
            let list: Vec<String> =
                scopes.iter().map(|u| format!("{} ({})", u.scope, u.unit)).collect();
            Failure::new(Exit::NotApproved, message).help(format!(
                "review {}; then answer the prompt, apply a saved plan, or write `accept_scopes`",
                list.join(", ")
            ))
        }
        Refusal::FromSnapshot => Failure::new(Exit::NotApproved, message)
            .help("plan what is live, with credentials: `scopeform plan --out FILE`"),
        Refusal::Unasked => Failure::new(Exit::Bug, format!("{message}; this is a bug")),
        Refusal::Unapproved(_) | Refusal::OtherPlan { .. } => {
            Failure::new(Exit::NotApproved, message)
        }
    }
}

pub(super) fn approve(
    sealed: SealedPlan,
    consent: Consent,
    accepted: &[Acceptance],
    gate: &Gate,
) -> Result<ApprovedPlan, Failure> {
    let asked = sealed.clone();
    ApprovedPlan::new(sealed, consent, accepted.to_vec()).map_err(|why| match &why {
        Refusal::Unapproved(open) => gate.missing(&asked, open),
        _ => refusal(&why, asked.digest(), "; nothing was done"),
    })
}

/// Where and how a plan is carried out.
struct Work<'a> {
    place: Place,
    folder: Option<Folder>,
    root: PathBuf,
    reach: Reach,
    parallelism: usize,
    /// Whether stdout is a stream of JSON lines.
    lines: bool,
    /// The run that this one takes back.
    takes_back: Option<&'a str>,
    env: &'a Env,
    ui: &'a Ui,
}

/// A plan that was carried out, as far as it went.
struct Done<S> {
    report: Report,
    /// What was read at the end.
    end: Option<S>,
    journal: Journal,
    /// Whether it could be remembered that the approvals are used.
    remembered: Result<(), Failure>,
}

impl Work<'_> {
    /// The one way from an approved plan to writes, so that no command forgets the journal or to use the approvals up.
    async fn carry_out<P: Product>(
        &self,
        approved: &ApprovedPlan,
        loaded: Option<&Loaded>,
    ) -> Result<Done<P::Snapshot>, Failure> {
        let bound = &approved.sealed().plan().bound;
        // Before anything is noted: a signal that nobody takes ends the process at once.
        let mut signals = Signals::new()?;
        let secrets = secret::resolve(&bound.operations, &self.root, self.env)?;
        let data = data_dir(&self.root, self.env);
        let mut unsaid: Vec<_> = secrets.values().cloned().collect();
        unsaid.extend(secret::token(self.env).ok());
        let spent = Spent::ready(approved, &data)?;
        let journal = Journal::begin(&data, approved, self.takes_back, unsaid)?;
        let done = self.run::<P>(approved, loaded, secrets, &journal, &mut signals).await;
        match done {
            Ok((report, end)) => {
                let remembered = spent.on(&report);
                Ok(Done { report, end, journal, remembered })
            }
            Err(failure) => {
                note_end(journal, journal::failed(&failure), self.ui);
                Err(failure)
            }
        }
    }

    async fn run<P: Product>(
        &self,
        approved: &ApprovedPlan,
        loaded: Option<&Loaded>,
        secrets: secret::Secrets,
        journal: &Journal,
        signals: &mut Signals,
    ) -> Result<(Report, Option<P::Snapshot>), Failure> {
        let bound = &approved.sealed().plan().bound;
        let folder = loaded.map(|loaded| &loaded.folder).or(self.folder.as_ref());
        let target = Target {
            place: &self.place,
            platform: bound.platform,
            workspace: &bound.workspace,
            folder,
            root: &self.root,
        };
        let live = live::connect::<P>(target, secrets, self.reach, self.env, self.ui).await?;
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
        let progress = Progress { ui, journal, stream, root, deliveries, writing };
        let done = {
            let run = apply::run::<P::Adapter, _>(approved, &live.client, options, &progress);
            let mut run = std::pin::pin!(run);
            loop {
                // The run and the signals share one task, so no write begins between the questions below.
                tokio::select! {
                    biased;
                    done = &mut run => break done.map_err(|error| refused(error, approved.sealed())),
                    () = signals.next() => {
                        let again = interrupted.swap(true, Ordering::Relaxed);
                        if let Some(stop) = stop_now(again, &progress) {
                            break Err(stop);
                        }
                        self.ui.say(
                            "interrupted: finishing the request in flight, then reporting; once more stops at once",
                        );
                    }
                }
            }
        };
        live.close().await;
        done
    }
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

fn refused(error: ApplyError, sealed: &SealedPlan) -> Failure {
    match error {
        ApplyError::Stale(facts) => {
            let line = |fact: &apply::Stale| {
                format!("{}: planned on {}, live is {}", fact.address, fact.planned, fact.live)
            };
            Failure::new(Exit::Stale, "the plan is stale, nothing was done")
                .details(facts.iter().map(line).collect())
                .help("plan again and review what moved")
        }
        ApplyError::Expired { .. } => {
            Failure::new(Exit::Stale, format!("{error}; nothing was done"))
                .help("review the exceptions that have ended and plan again")
        }
        ApplyError::Unsaid(lines) => {
            Failure::new(
                Exit::Error,
                "the plan does not say what its operations do, so nobody can have agreed to it; nothing was done",
            )
            .details(lines.iter().map(|line| format!("{line}; the plan does not say so")).collect())
            .help("its file was changed after it was made, or people or the vendor have moved since: plan again and review what it says")
        }
        ApplyError::OverLimit(findings) => {
            let lines = findings.iter().map(|f| format!("{}: {}", f.code, f.message));
            Failure::new(Exit::Blocked, "the plan is over its limits by now, nothing was done")
                .details(lines.collect())
                .help(way_past(&findings, sealed.digest()))
        }
        ApplyError::OtherWorkspace { .. } | ApplyError::NotNoted(_) => {
            Failure::new(Exit::Error, format!("{error}; nothing was done"))
        }
        ApplyError::Read(error) => no_access(&error, &sealed.plan().bound.workspace),
    }
}

/// Notes what happens, says it on stderr when somebody watches, and remembers whether anything has been sent.
struct Progress<'j> {
    ui: Ui,
    journal: &'j Journal,
    stream: Option<Stream<'j>>,
    root: &'j Path,
    /// The new API keys of the plan: place in the plan, name, and the file for the value.
    deliveries: Vec<(usize, String, String)>,
    writing: AtomicBool,
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
            self.can_deliver(done)?;
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
}

/// Plans once more from what was read at the end: nothing may be left to do.
fn verify<P: Product>(
    loaded: &Loaded,
    end: P::Snapshot,
    args: &Args,
    ui: &Ui,
) -> Result<(), Failure> {
    let reading = Reading { snapshot: end, calls: 0 };
    let (target, today) = (&args.target, clock::today());
    let again = plan::make::<P>(loaded, &reading, target, today, Tell::Nobody, ui)?;
    if again.is_empty() {
        return Ok(());
    }
    let left: Vec<String> = again.bound.changes.iter().map(|c| c.address.to_string()).collect();
    Err(Failure::new(
        Exit::Partial,
        format!(
            "everything was applied, and yet planning again finds changes at {}",
            left.join(", ")
        ),
    )
    .help("somebody else may be changing the same fields; plan again"))
}

/// Says what reading shows of the writes that were in flight when a run was cut.
fn settle<P: Product>(run: &Run, snapshot: &P::Snapshot, ui: &Ui) {
    for (one, _) in run.operations().filter(|(_, known)| **known == Known::InFlight) {
        let Some(operation) = P::Adapter::operation(&one.planned.operation) else { continue };
        let shows = match P::Adapter::settle(operation, snapshot) {
            Settled::Done => "was done".to_owned(),
            Settled::NotDone => "was not done".to_owned(),
            Settled::Lost(what) => format!("was done: {what}"),
        };
        let (address, what) = (one.planned.address.as_str(), one.what.as_str());
        ui.say(&format!(
            "  {}: {}: reading shows that it {}",
            terminal(address),
            terminal(what),
            terminal(&shows)
        ));
    }
}

/// Ends an apply that has nothing to do. A run that was cut needs nothing more, so it is not told of again.
fn nothing(
    plan: &Plan,
    args: &Args,
    data: &Path,
    cut: Option<Past>,
    ui: &Ui,
) -> Result<Exit, Failure> {
    if let Some(past) = cut.filter(|past| !past.running) {
        journal::close(data, &past.run);
    }
    let report = Report {
        steps: Vec::new(),
        differences: Some(Vec::new()),
        calls: 0,
        accepted: BTreeSet::new(),
    };
    match args.answer() {
        Answer::Text => {}
        Answer::Json => ui.out(&render::report::json(&report))?,
        Answer::Lines => stream::end(plan, &report, &Ok(Exit::Done), ui)?,
    }
    Ok(Exit::Done)
}

/// Carries out a plan that was made on the spot, for a configuration that is loaded already. Returns the report, to be
/// printed first, and how the command ends.
pub(super) async fn carry_out_one<P: Product>(
    approved: &ApprovedPlan,
    loaded: &Loaded,
    reach: Reach,
    takes_back: Option<&str>,
    env: &Env,
    ui: &Ui,
) -> Result<(Report, Result<Exit, Failure>), Failure> {
    let work = Work {
        place: Place::of(&loaded.config.endpoint.to_string()),
        folder: None,
        root: loaded.folder.root.clone(),
        reach,
        parallelism: 1,
        lines: false,
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

/// Ends the journal, prints the report and returns how the command ends: by what was done, by whether planning again finds
/// nothing left to do, and by whether used approvals could be remembered.
fn finish<S>(
    plan: &Plan,
    done: Done<S>,
    verified: Result<(), Failure>,
    answer: Answer,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let Done { report, journal, remembered, end: _ } = done;
    let end = match &verified {
        Ok(()) => journal::reported(&report, exit_of(&report)),
        Err(failure) => End { calls: report.calls, ..journal::failed(failure) },
    };
    note_end(journal, end, ui);
    let ended = verified.and(remembered).map(|()| exit_of(&report));
    match answer {
        Answer::Text => ui.out(&render::report::text(&report, ui.palette()))?,
        Answer::Json => ui.out(&render::report::json(&report))?,
        Answer::Lines => {
            stream::end(plan, &report, &ended, ui)?;
            // The stream has its last line; the conversation has not.
            return ended.or_else(|failure| {
                ui.say(&failure.text());
                Ok(failure.exit)
            });
        }
    }
    ended
}

/// Notes the end. The report says what was done all the same, so a full disk here is no more than worth saying.
fn note_end(journal: Journal, end: End, ui: &Ui) {
    if let Err(why) = journal.end(end) {
        ui.say(&format!("warning: {}; `show --last` will not know the end", terminal(&why)));
    }
}

/// Prints a report.
pub(super) fn print_report(report: &Report, json: bool, ui: &Ui) -> Result<(), Failure> {
    if json {
        ui.out(&render::report::json(report))?;
    } else {
        ui.out(&render::report::text(report, ui.palette()))?;
    }
    Ok(())
}

fn exit_of(report: &Report) -> Exit {
    use crate::apply::Outcome;
    if report.is_complete() {
        return Exit::Done;
    }
    if report.may_have_written() {
        return Exit::Partial;
    }
    if report.was_interrupted() {
        return Exit::Interrupted;
    }
    let any = |wanted: fn(&Outcome) -> bool| report.steps.iter().any(|step| wanted(&step.outcome));
    if any(|outcome| matches!(outcome, Outcome::Conflict(_))) {
        Exit::Stale
    } else if any(|outcome| matches!(outcome, Outcome::NotAllowed(_))) {
        Exit::NoAccess
    } else {
        Exit::Error
    }
}
