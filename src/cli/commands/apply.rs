//! `scopeform apply`: consent, then carry out exactly the plan, then say what was done.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::plan;
use crate::apply::{self, ApplyError, Event, Observer, Options, Report};
use crate::cli::args::{Apply as Args, Format, Output, Reach, Source};
use crate::cli::clock;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::{Folder, data_dir, root_at_hand};
use crate::cli::gate::{self, Advice, Gate, Used};
use crate::cli::live::{self, Place, Target, no_access};
use crate::cli::product::{Odeus, Product, Trustpager};
use crate::cli::secret;
use crate::cli::signal::Signals;
use crate::cli::ui::{Failure, Ui};
use crate::cli::workspace::{Loaded, Tell, load};
use crate::platform::Kind;
use crate::platform::provider::Reading;
use crate::render;
use crate::render::neutral::terminal;
use crate::render::palette::Paint;
use crate::seal::approval::{Approval, missing};
use crate::seal::{ApprovedPlan, Consent, Refusal, SealedPlan};

/// Applies from files or from a saved plan.
pub(in crate::cli) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    match args.path.as_deref().filter(|path| is_plan_file(path)) {
        Some(file) => saved(file, args, env, ui).await,
        None => from_files(args, env, ui).await,
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
    let place = Place::of(&sealed.plan().observed.endpoint);
    let hand = root_at_hand(args.config.as_deref(), env);
    let root = match &hand {
        Some(root) => root.clone(),
        None => beside(file, &place, env)?,
    };
    let folder = match &hand {
        Some(root) => Some(Folder::read(root, ui)?),
        None => Folder::read(&root, ui).ok(),
    };
    let sealed = match (&folder, &hand) {
        (Some(folder), Some(_)) => {
            let policy = gate::at_hand(folder, &sealed, ui)?;
            sealed.under(policy)
        }
        _ => sealed,
    };
    let sealed = under_base(sealed, args, ui)?;
    let used = Used::read(&data_dir(&root, env))?;
    let today = clock::today();
    let advice = Advice::Saved(file.to_owned(), args.config.clone());
    let gate = Gate::open(&sealed, &args.approval, advice, &used, today)?;
    let consent = Consent::Signed(Box::new(consent), gate.approvals());
    let output = Output { format: Format::Text, json: false, full: false };
    if !args.json {
        plan::print(&sealed, output, &format!("scopeform apply {}", file.display()), ui)?;
    }
    let (reach, parallelism) = (args.reach, args.parallelism);
    let work = Work { place, folder, root, reach, parallelism, env, ui };
    let approved = approve(sealed, consent, &gate)?;
    if approved.sealed().plan().is_empty() {
        return nothing(args, ui);
    }
    let spent = Spent::ready(&approved, &used)?;
    let report = match approved.sealed().plan().bound.platform {
        Kind::Odeus => work.carry_out::<Odeus>(&approved, None).await?.0,
        Kind::Trustpager => work.carry_out::<Trustpager>(&approved, None).await?.0,
    };
    let exit = finish_report(&report, args.json, ui)?;
    spent.on(&report, today)?;
    Ok(exit)
}

/// Adds the rules of an earlier revision to those over a saved plan.
fn under_base(sealed: SealedPlan, args: &Args, ui: &Ui) -> Result<SealedPlan, Failure> {
    let Some(revision) = &args.base else { return Ok(sealed) };
    let source = Source {
        path: args.config.clone(),
        workspace: Some(sealed.plan().bound.workspace.to_string()),
    };
    let loaded = load(&source, Tell::People, ui)?.with_base(Some(revision), ui)?;
    Ok(loaded.policies.into_iter().fold(sealed, SealedPlan::under))
}

/// The approvals of an apply, and where it is remembered that they are used. Nothing when no rule asked for any.
struct Spent(Option<(std::fs::File, Vec<Approval>)>);

impl Spent {
    fn ready(approved: &ApprovedPlan, used: &Used) -> Result<Self, Failure> {
        match approved.consent() {
            Consent::Signed(_, approvals) if !approvals.is_empty() => {
                Ok(Self(Some((used.ready()?, approvals.clone()))))
            }
            _ => Ok(Self(None)),
        }
    }

    /// Remembers a complete apply; what was interrupted may go on with the same approvals.
    fn on(self, report: &Report, today: jiff::civil::Date) -> Result<(), Failure> {
        match self.0 {
            Some((file, approvals)) if report.is_complete() => {
                gate::record(file, &approvals, today)
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
    let tell = if args.json { Tell::Json } else { Tell::People };
    let loaded = load(&source, tell, ui)?.with_base(args.base.as_deref(), ui)?;
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
    let place = Place::of(&loaded.config.endpoint.to_string());
    let reading = plan::read::<P>(loaded, args.reach, env, ui).await?;
    let today = clock::today();
    let sealed =
        SealedPlan::seal(plan::make::<P>(loaded, &reading, &args.target, today, tell, ui)?);

    let output = Output { format: Format::Text, json: false, full: false };
    if !args.json {
        let command = plan::apply_files(source, &args.target);
        plan::print(&sealed, output, &command, ui)?;
    }
    let empty = sealed.plan().is_empty();
    let used = Used::read(&data_dir(&root, env))?;
    let mut command = plan::plan_files(source, &args.target);
    if let Some(revision) = &args.base {
        command.push_str(&format!(" --base {revision}"));
    }
    let gate = Gate::open(&sealed, &args.approval, Advice::Files(command), &used, today)?;
    let approvals = gate.approvals();
    let open = missing(&sealed, &approvals);
    let consent = if args.auto_approve || empty {
        Consent::Flag
    } else if sealed.plan().blockers().next().is_some() {
        // Nobody is asked to agree to what cannot be done.
        Consent::Prompt
    } else if !open.is_empty() {
        return Err(gate.missing(&sealed, &open));
    } else {
        ask(&sealed, output, args.json, ui)?
    };
    let approved = approve(sealed, Consent::Signed(Box::new(consent), approvals), &gate)?;
    if empty {
        return nothing(args, ui);
    }
    let spent = Spent::ready(&approved, &used)?;
    let (reach, parallelism) = (args.reach, args.parallelism);
    let work = Work { place, folder: None, root, reach, parallelism, env, ui };
    let (report, end) = work.carry_out::<P>(&approved, Some(loaded)).await?;
    let exit = finish_report(&report, args.json, ui)?;
    spent.on(&report, today)?;
    if report.is_complete()
        && let Some(end) = end
    {
        verify::<P>(loaded, end, args, ui)?;
    }
    Ok(exit)
}

pub(super) fn ask(
    sealed: &SealedPlan,
    output: Output,
    json: bool,
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
        ui.say(&plan::page(sealed, output, "scopeform apply", ui.palette_err()));
    }
    let question = format!(
        "\nApply plan {} to workspace {} ({})? Only `yes` is accepted: ",
        sealed.digest().short(),
        plan.bound.workspace,
        terminal(&plan.observed.endpoint)
    );
    if ui.confirm(&question) {
        Ok(Consent::Prompt)
    } else {
        Err(Failure::new(Exit::NotApproved, "not approved; nothing was done"))
    }
}

pub(super) fn approve(
    sealed: SealedPlan,
    consent: Consent,
    gate: &Gate,
) -> Result<ApprovedPlan, Failure> {
    let rules = sealed.clone();
    ApprovedPlan::new(sealed, consent).map_err(|refusal| {
        let message = format!("{refusal}; nothing was done");
        match &refusal {
            Refusal::Blocked(findings) => {
                let codes: Vec<String> =
                    findings.iter().map(|f| format!("{} at {}", f.code, f.address)).collect();
                Failure::new(Exit::Blocked, message)
                    .help(format!("solve: {}; `scopeform explain CODE` says more", codes.join("; ")))
            }
            Refusal::Unreviewed(scopes) => {
                let list: Vec<String> = scopes.iter().map(|u| format!("{} ({})", u.scope, u.unit)).collect();
                Failure::new(Exit::NotApproved, message).help(format!(
                    "review {}; then answer the prompt, apply a saved plan, or write `accept_scopes`",
                    list.join(", ")
                ))
            }
            Refusal::Unapproved(open) => gate.missing(&rules, open),
            Refusal::OtherPlan { .. } => Failure::new(Exit::NotApproved, message),
        }
    })
}

/// Where and how a plan is carried out.
struct Work<'a> {
    place: Place,
    folder: Option<Folder>,
    root: PathBuf,
    reach: Reach,
    parallelism: usize,
    env: &'a Env,
    ui: &'a Ui,
}

impl Work<'_> {
    async fn carry_out<P: Product>(
        &self,
        approved: &ApprovedPlan,
        loaded: Option<&Loaded>,
    ) -> Result<(Report, Option<P::Snapshot>), Failure> {
        let bound = &approved.sealed().plan().bound;
        let mut signals = Signals::new()?;
        let secrets = secret::resolve(&bound.operations, &self.root, self.env)?;
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
        let progress = Progress { ui: *self.ui, writing: AtomicBool::new(false) };
        let done = {
            let run = apply::run::<P::Adapter, _>(approved, &live.client, options, &progress);
            let mut run = std::pin::pin!(run);
            loop {
                // The run and the signals share one task, so no write begins between the questions below.
                tokio::select! {
                    biased;
                    done = &mut run => break done.map_err(|error| refused(error, bound)),
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
fn stop_now(again: bool, progress: &Progress) -> Option<Failure> {
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
        .help("`scopeform plan` shows what is live; running apply again resumes")
    })
}

fn refused(error: ApplyError, bound: &crate::plan::Bound) -> Failure {
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
        ApplyError::OtherWorkspace { .. } => {
            Failure::new(Exit::Error, format!("{error}; nothing was done"))
        }
        ApplyError::Read(error) => no_access(&error, &bound.workspace),
    }
}

/// Says on stderr what happens, when somebody watches, and remembers whether anything has been sent.
struct Progress {
    ui: Ui,
    writing: AtomicBool,
}

impl Observer for Progress {
    fn on(&self, event: Event<'_>) {
        if matches!(event, Event::Started { .. }) {
            self.writing.store(true, Ordering::Relaxed);
        }
        if !self.ui.progress {
            return;
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

fn nothing(args: &Args, ui: &Ui) -> Result<Exit, Failure> {
    if args.json {
        let report = Report { steps: Vec::new(), differences: Some(Vec::new()), calls: 0 };
        ui.out(&render::report::json(&report))?;
    }
    Ok(Exit::Done)
}

/// Carries out a plan that was made on the spot, for a configuration that is loaded already.
pub(super) async fn carry_out_one<P: Product>(
    approved: &ApprovedPlan,
    loaded: &Loaded,
    reach: Reach,
    env: &Env,
    ui: &Ui,
) -> Result<Report, Failure> {
    let work = Work {
        place: Place::of(&loaded.config.endpoint.to_string()),
        folder: None,
        root: loaded.folder.root.clone(),
        reach,
        parallelism: 1,
        env,
        ui,
    };
    Ok(work.carry_out::<P>(approved, Some(loaded)).await?.0)
}

/// Prints a report and returns how the command ends.
pub(super) fn finish_report(report: &Report, json: bool, ui: &Ui) -> Result<Exit, Failure> {
    if json {
        ui.out(&render::report::json(report))?;
    } else {
        ui.out(&render::report::text(report, ui.palette()))?;
    }
    Ok(exit_of(report))
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
