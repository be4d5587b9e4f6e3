//! `scopeform plan`: read, plan, print. It holds a reader and cannot write.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;

use crate::cli::args::{Format, Output, Plan as Args, Reach, Source};
use crate::cli::clock;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::live::{self, Place, Target, no_access};
use crate::cli::page::Page;
use crate::cli::product::{Odeus, Product, Trustpager};
use crate::cli::rego;
use crate::cli::review;
use crate::cli::secret::Secrets;
use crate::cli::snapshot;
use crate::cli::ui::{Failure, Ui, shown};
use crate::cli::workspace::{Loaded, Tell, load, located, report, source_ranges, wrong};
use crate::cli::world;
use crate::diag::{self, Code, Diagnostics, Problem};
use crate::model::{Address, nearest};
use crate::plan::assemble::{Header, Inputs};
use crate::plan::policy;
use crate::plan::policy::{Policy, Protected};
use crate::plan::{FromSnapshot, Plan, Severity, SourceRange, weaken};
use crate::platform::provider::{Read, Reading};
use crate::platform::{Kind, remarks};
use crate::render::neutral::terminal;
use crate::seal::{SealedPlan, document, standing};

/// Plans, prints, saves.
pub(in crate::cli) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let (loaded, tell) = open(args, ui)?;
    match loaded.config.desired.kind() {
        Kind::Odeus => of::<Odeus>(args, &loaded, tell, env, ui).await,
        Kind::Trustpager => of::<Trustpager>(args, &loaded, tell, env, ui).await,
    }
}

/// Plans from a snapshot file, prints. There is no reader either, nor anything else that knows a network.
pub(in crate::cli) fn run_from_snapshot(args: &Args, ui: &Ui) -> Result<Exit, Failure> {
    let (loaded, tell) = open(args, ui)?;
    match loaded.config.desired.kind() {
        Kind::Odeus => from_snapshot::<Odeus>(args, &loaded, tell, ui),
        Kind::Trustpager => from_snapshot::<Trustpager>(args, &loaded, tell, ui),
    }
}

/// Reads the files with all rules that hold, whatever they will be planned against. What is wrong with them is said to
/// whoever reads the format asked for; returns who that is.
fn open(args: &Args, ui: &Ui) -> Result<(Loaded, Tell), Failure> {
    formats(&args.output)?;
    let tell = match args.output.format() {
        Format::Json => Tell::Json,
        format => format.tool().map_or(Tell::People, Tell::Tool),
    };
    let loaded = load(&args.source, tell, ui)?.with_base(&args.base, ui)?;
    Ok((loaded.with_rules(&args.rules.policy, args.base.base.as_deref(), ui)?, tell))
}

fn from_snapshot<P: Product>(
    args: &Args,
    loaded: &Loaded,
    tell: Tell,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let opened = snapshot::open(&args.from, args.base.base.as_deref(), loaded, ui)?;
    let reading = snapshot::restore::<P>(&opened.taken, loaded, ui)?;
    finish::<P>(args, loaded, &reading, Some(opened.from), tell, ui)
}

async fn of<P: Product>(
    args: &Args,
    loaded: &Loaded,
    tell: Tell,
    env: &Env,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let mut reading = read::<P>(loaded, args.reach, env, ui).await?;
    if let Some(file) = &args.from.pseudonyms {
        reading.snapshot = snapshot::as_in::<P>(file, &reading.snapshot, loaded, ui)?;
    }
    finish::<P>(args, loaded, &reading, None, tell, ui)
}

/// Plans from what was read, live or from a file, prints, saves.
fn finish<P: Product>(
    args: &Args,
    loaded: &Loaded,
    reading: &Reading<P::Snapshot>,
    from: Option<FromSnapshot>,
    tell: Tell,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let today = args.today.unwrap_or_else(clock::today);
    let mut wanted = from_files::<P>(loaded, &args.target)?;
    wanted.both_sides = args.out.is_some() || args.output.shows_both_sides();
    // A diff holds what changes, and no finding.
    wanted.shown = args.output.format() != Format::Diff;
    let mut plan = make_for::<P>(wanted, loaded, reading, today, tell, ui)?;
    if from.is_some() {
        // Reading took requests when the snapshot was taken, and takes them again when such a plan is applied; not now.
        plan.observed.api_cost.plan_reads = 0;
    }
    plan.observed.snapshot = from;
    let sealed = rego::asked(SealedPlan::seal(plan))?;
    let apply_with = match &args.out {
        Some(file) => apply_saved(file, &args.source),
        None => apply_files(&args.source, &args.target),
    };
    let page = Page::of(&sealed, &args.output, &apply_with).accepting(&args.accept);
    match args.output.format().tool() {
        Some(tool) => {
            let beside = (&loaded.diagnostics, &loaded.folder.configs);
            let marks = page.marks(beside, &review::base(&loaded.folder.root));
            ui.out(&tool.page(&marks, None))?;
        }
        None => page.print(ui)?,
    }
    if args.output.format() == Format::Text && sealed.plan().observed.snapshot.is_none() {
        let operations = &sealed.plan().bound.operations;
        for why in super::apply::obstacles(operations, &loaded.folder.root) {
            ui.out(&format!("Not possible here as it is: {}.\n", terminal(&why)))?;
        }
    }
    if let Some(file) = &args.out {
        save(&sealed, file)?;
        ui.say(&format!("saved plan {} as {}", sealed.digest().short(), shown(file)));
    }
    let plan = sealed.plan();
    let blockers = standing(&sealed, &args.accept)
        .map_err(|why| super::apply::refusal(&why, sealed.digest(), ""))?;
    Ok(if !blockers.is_empty() {
        Exit::Blocked
    } else if args.detailed_exitcode && !plan.is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    })
}

/// Reads the live workspace of a configuration.
pub(super) async fn read<P: Product>(
    loaded: &Loaded,
    reach: Reach,
    env: &Env,
    ui: &Ui,
) -> Result<Reading<P::Snapshot>, Failure> {
    loaded.at_known_endpoint()?;
    // A job that begins anew each night would otherwise find what it made itself, and no drift for ever.
    if loaded.config.endpoint_at.is_none() && !loaded.folder.data_dir(env).exists() {
        ui.say("warning: no file says `endpoint`, so no live system is asked: the control plane inside this program is made here and read; write the address of the live system, or `endpoint: embedded` where that is meant");
    }
    let place = Place::of(&loaded.config.endpoint.to_string());
    let target = Target::of(loaded, &place);
    let live = live::connect::<P>(target, Secrets::default(), reach, env, ui).await;
    let live = live.map_err(|failure| loaded.said_at(failure, None))?;
    let reading = live.client.read().await;
    live.close().await;
    reading
        .map_err(|error| loaded.said_at(no_access(&error, &loaded.config.workspace), Some(&error)))
}

/// Returns what a plan of this workspace says about itself.
pub(super) fn header(loaded: &Loaded, reads: u32) -> Header {
    Header {
        platform: loaded.config.desired.kind(),
        workspace: loaded.config.workspace.clone(),
        endpoint: loaded.config.endpoint.to_string(),
        today: clock::today(),
        reads,
        // Whoever plans with it counts.
        rights: 0,
        sources: Vec::new(),
    }
}

/// Plans from what was read, or prints what is wrong with the names in the files.
pub(super) fn make<P: Product>(
    loaded: &Loaded,
    reading: &Reading<P::Snapshot>,
    targets: &[String],
    today: Date,
    tell: Tell,
    ui: &Ui,
) -> Result<Plan, Failure> {
    let mut wanted = from_files::<P>(loaded, targets)?;
    wanted.shown = tell == Tell::People;
    make_for::<P>(wanted, loaded, reading, today, tell, ui)
}

/// Returns what the files want.
fn from_files<'l, P: Product>(
    loaded: &'l Loaded,
    targets: &[String],
) -> Result<Wanted<'l, P::Desired>, Failure> {
    let config = &loaded.config;
    let desired = P::desired(config).ok_or_else(|| {
        Failure::new(Exit::Bug, "the configuration is for another platform; this is a bug")
    })?;
    let sources = source_ranges(&config.origins, &loaded.folder.configs);
    let only = chosen(targets, &P::units(desired))?;
    Ok(Wanted { desired, sources, only, both_sides: false, shown: false })
}

/// What is wanted, and where it stands in the files.
pub(super) struct Wanted<'a, D> {
    pub(super) desired: &'a D,
    pub(super) sources: Vec<SourceRange>,
    /// Only these units, or all.
    pub(super) only: Option<Vec<Address>>,
    /// Whether the plan is kept, or shown in a format that shows whole units. Rego rules always see them.
    pub(super) both_sides: bool,
    /// Whether the plan itself is shown to whoever is told: what it says is then not said beside it.
    pub(super) shown: bool,
}

/// Plans what is wanted under the rules of a configuration, whether its files or something else wants it. Names that are
/// odd beside the live ones are findings of the plan; what is odd about the text alone is said beside it.
pub(super) fn make_for<P: Product>(
    wanted: Wanted<'_, P::Desired>,
    loaded: &Loaded,
    reading: &Reading<P::Snapshot>,
    today: Date,
    tell: Tell,
    ui: &Ui,
) -> Result<Plan, Failure> {
    let config = &loaded.config;
    let Wanted { desired, sources, only, both_sides, shown } = wanted;
    let inputs = Inputs {
        today,
        endpoint: &config.endpoint.to_string(),
        reads: reading.calls,
        sources,
        only: only.as_deref(),
        both_sides: both_sides || loaded.policies.iter().any(|policy| !policy.rego.is_empty()),
    };
    let (plan, mut problems) = P::plan(desired, &reading.snapshot, inputs);
    let first_world = world::explain(&mut problems, loaded);
    problems.extend(protects_nothing::<P>(
        config.desired.kind(),
        &config.policy,
        &reading.snapshot,
    ));
    // What the file alone shows already is among the problems again, and is said as one of them.
    let mut diagnostics = Diagnostics::new();
    let again = |code: Code| problems.iter().any(|problem| problem.code == code);
    for told in loaded.diagnostics.iter().filter(|told| !again(told.code)) {
        diagnostics.push(told.clone());
    }
    if plan.is_none() || !shown {
        diagnostics.append(raised(&located(&problems, &config.origins), &loaded.policies));
    }
    match plan {
        Some(mut plan) => {
            plan.label(&config.labels);
            plan.observed.other_workspaces.clone_from(&loaded.others);
            // Of an undo the names are those of the journal, and of no line.
            if tell != Tell::Nobody {
                note(&mut plan, problems, &loaded.policies);
            }
            if let Some((before, after)) = &loaded.rules() {
                weaken::note(&mut plan, before, after, &P::renamed(&reading.snapshot));
            }
            policy::enforce(&mut plan, loaded.policies.clone());
            // Warnings belong to the conversation; the result stays one document.
            let tell = match tell {
                Tell::People | Tell::Json | Tell::Tool(_) => Tell::People,
                Tell::Lines => Tell::Lines,
                Tell::Nobody => Tell::Nobody,
            };
            report(&diagnostics, &loaded.folder.configs, tell, ui)?;
            if tell != Tell::Nobody {
                for left in P::at_the_place(desired, &reading.snapshot, &loaded.folder.root) {
                    ui.say(&format!("warning: {}", terminal(&left)));
                }
            }
            Ok(plan)
        }
        None => {
            wrong(&diagnostics, &loaded.folder, tell, ui)?;
            if let Some(text) = first_world.filter(|_| tell != Tell::Nobody) {
                ui.say(&text);
            }
            Err(Failure::said(Exit::Error))
        }
    }
}

/// Adds what is odd about names. It moves with what is live and asks for no other decision, so it is observed; only where
/// the rules make it stop the plan, the digest covers it, so that nobody agrees to the plan without it.
fn note(plan: &mut Plan, problems: Vec<Problem>, policies: &[Policy]) {
    for finding in problems.into_iter().map(remarks::finding) {
        let stops = |policy: &Policy| policy.raised.get(&finding.code) == Some(&Severity::Blocker);
        let half = match policies.iter().any(stops) {
            true => &mut plan.bound.findings,
            false => &mut plan.observed.findings,
        };
        half.push(finding);
    }
}

/// Returns diagnostics as grave as the rules in force make the findings of the same code.
fn raised(found: &Diagnostics, policies: &[Policy]) -> Diagnostics {
    let mut all = Diagnostics::new();
    for mut told in found.iter().cloned() {
        let asked = policies.iter().filter_map(|policy| policy.raised.get(told.code.name()));
        let asked = asked.map(|severity| match severity {
            Severity::Blocker => diag::Severity::Error,
            Severity::Warning => diag::Severity::Warning,
            Severity::Note => diag::Severity::Note,
        });
        // The gravest comes first.
        told.severity = asked.chain([told.severity]).min().unwrap_or(told.severity);
        all.push(told);
    }
    all
}

/// Returns the protections that name nothing live by its present name: misspelt, of something that is gone, or renamed.
fn protects_nothing<P: Product>(
    kind: Kind,
    policy: &Policy,
    snapshot: &P::Snapshot,
) -> Vec<Problem> {
    if policy.protect.is_empty() {
        return Vec::new();
    }
    let live = P::addresses(snapshot);
    let renamed = P::renamed(snapshot);
    let idle = policy.protect.iter().filter(|rule| !live.iter().any(|at| rule.covers(at)));
    let problem = |rule: &Protected| {
        let at = Address::of(&["protect", &rule.address]);
        if let Some((_, present)) = renamed.iter().find(|(other, _)| rule.covers(other)) {
            let code = match kind {
                Kind::Odeus => Code::ActionRenamed,
                Kind::Trustpager => Code::ResourceRenamed,
            };
            let message =
                format!("`{}` is another name of `{present}`, and protects it", rule.address);
            return Problem::new(
                code,
                at,
                message,
                format!("write `{present}`; nothing else changes"),
            );
        }
        // As deep as what is protected, so that a slip in an action's name is held against actions.
        let depth = rule.address.split('/').count();
        let cut = |at: &Address| at.as_str().split('/').take(depth).collect::<Vec<_>>().join("/");
        let known: BTreeSet<String> = live.iter().map(cut).collect();
        let near = nearest(&rule.address, known.iter().map(String::as_str));
        let help = near.map_or_else(
            || "correct it, or remove it if what it named is gone for good".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("`{}` names nothing in the workspace", rule.address);
        Problem::new(Code::ProtectsNothing, at, message, help)
    };
    idle.map(problem).collect()
}

fn chosen(targets: &[String], declared: &[Address]) -> Result<Option<Vec<Address>>, Failure> {
    if targets.is_empty() {
        return Ok(None);
    }
    let mut chosen = Vec::new();
    for target in targets {
        let means = |unit: &&Address| unit.name() == target || unit.as_str() == target;
        let Some(found) = declared.iter().find(means) else {
            let names: Vec<&str> = declared.iter().map(Address::name).collect();
            let near = nearest(target, names.iter().copied());
            let help = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
            return Err(Failure::new(
                Exit::Error,
                format!("`--target {target}` is nothing that the files declare as a whole"),
            )
            .help(format!(
                "{help}a target is a whole integration, client or key, one of: {}",
                names.join(", ")
            )));
        };
        chosen.push(found.clone());
    }
    Ok(Some(chosen))
}

/// Returns the command that applies what the files say, with what chose them.
pub(super) fn apply_files(source: &Source, targets: &[String]) -> String {
    with_files("scopeform apply", source, targets)
}

/// Returns the command that plans what the files say, with what chose them.
pub(super) fn plan_files(source: &Source, targets: &[String]) -> String {
    with_files("scopeform plan", source, targets)
}

fn with_files(command: &str, source: &Source, targets: &[String]) -> String {
    let mut command = command.to_owned();
    if let Some(path) = &source.path {
        command.push_str(&format!(" {}", path.display()));
    }
    if let Some(workspace) = &source.workspace {
        command.push_str(&format!(" --workspace {workspace}"));
    }
    for target in targets {
        command.push_str(&format!(" --target {target}"));
    }
    command
}

/// Returns the command that applies a saved plan: with the folder that it came from, since the secret files and the
/// embedded control plane's data are found from there.
pub(super) fn apply_saved(file: &Path, source: &Source) -> String {
    let folder = source.path.as_deref().and_then(|path| match path.is_file() {
        true => path.parent().filter(|parent| !parent.as_os_str().is_empty()),
        false => Some(path),
    });
    match folder {
        Some(folder) => {
            format!("scopeform apply {} --config {}", file.display(), folder.display())
        }
        None => format!("scopeform apply {}", file.display()),
    }
}

/// Refuses a flag that means nothing in the format asked for.
pub(super) fn formats(output: &Output) -> Result<(), Failure> {
    let misplaced = output.misplaced().map(|(flag, format)| {
        Failure::new(Exit::Usage, format!("`{flag}` is for `--format {format}`"))
    });
    misplaced.map_or(Ok(()), Err)
}

/// Saves a plan.
pub(super) fn save(sealed: &SealedPlan, file: &Path) -> Result<(), Failure> {
    let text = document::write(sealed, env!("CARGO_PKG_VERSION"));
    crate::cli::folder::replace(file, &text).map_err(|error| {
        Failure::new(Exit::Error, format!("cannot write the plan to {}: {error}", file.display()))
    })
}
