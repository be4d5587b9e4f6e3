//! `scopeform apply`: consent, then carry out exactly the plan, then say what was done.

use std::path::{Path, PathBuf};

use self::carry_out::Work;
use self::end::{beyond, finish, nothing, settle, verify};
use super::{history, plan};
use crate::apply::ApplyError;
use crate::cli::args::{Answer, Apply as Args, Base, Output, Source};
use crate::cli::clock;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::{
    Folder, data_dir, is_part, is_saved_plan, is_yaml, is_yaml_in_other_case, root_at_hand, root_of,
};
use crate::cli::gate::{self, Advice, Gate, Used};
use crate::cli::live::Place;
use crate::cli::page::Page;
use crate::cli::product::{Odeus, Product, Trustpager};
use crate::cli::rego::{self, Named};
use crate::cli::stream;
use crate::cli::ui::{Failure, Ui};
use crate::cli::workspace::{Loaded, Tell, load};
use crate::plan::Plan;
use crate::platform::Kind;
use crate::render::neutral::terminal;
use crate::seal::approval::missing;
use crate::seal::{Acceptance, ApprovedPlan, Consent, Refusal, SealedPlan, standing};

mod advice;
mod carry_out;
mod end;

pub(super) use advice::refusal;
pub(super) use carry_out::{carry_out_one, obstacles};
pub(super) use end::{end_of_stream, print_report};

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

/// A file is a plan when it begins like one. Whatever else has neither a configuration's name nor reads like a part of one is
/// meant to be, so that reading it says what is wrong with it.
#[expect(clippy::disallowed_methods, reason = "the command line is where files are read")]
fn is_plan_file(path: &Path) -> bool {
    let yaml = is_yaml(path) || is_yaml_in_other_case(path);
    let meant = || !yaml && std::fs::File::open(path).is_ok() && !is_part(path);
    path.is_file() && (is_saved_plan(path) || meant())
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
        Some(named) => root_of(named),
        None => beside(file, &place, env)?,
    };
    let data = data_dir(&root, env);
    let cut = history::tell(&data, planned, &sealed.plan().bound.endpoint, ui);
    let folder = match &hand {
        Some(named) => Some(Folder::read(named, ui)?),
        None => Folder::at_most(&root, ui)?,
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
    let named = Named::read(&args.rules.policy, (args.base.base.as_deref(), &root), ui)?;
    let sealed = named.policies().fold(sealed, SealedPlan::under);
    // What day it is, is not for the file to say.
    let today = clock::today();
    let sealed = rego::asked_on(sealed, today)?;
    let used = Used::read(&data)?;
    let advice =
        Advice::Saved(file.to_owned(), gate::with_rules(args.config.as_deref(), &args.base));
    let gate = Gate::open(&sealed, &args.agreed.approval, advice, &used, today)?;
    let consent = Consent::Signed(Box::new(consent), gate.approvals());
    let output = Output::text(false);
    match args.answer() {
        Answer::Text => {
            let source = Source { path: args.config.clone(), workspace: None };
            let command = plan::apply_saved(file, &source);
            Page::of(&sealed, &output, &command).accepting(&args.agreed.accept).print(ui)?;
        }
        Answer::Lines => stream::planned(sealed.plan(), ui)?,
        Answer::Json => {}
    }
    let (reach, parallelism) = (args.reach, args.parallelism);
    let lines = args.json_lines;
    let takes_back = takes_back(sealed.plan());
    let takes_back = takes_back.as_deref();
    let work = Work { place, folder, root, reach, parallelism, lines, takes_back, env, ui };
    let approved = approve(sealed, consent, &args.agreed.accept, &gate)?;
    if approved.sealed().plan().is_empty() {
        return nothing(approved.sealed().plan(), args, &data, cut, ui);
    }
    match approved.sealed().plan().bound.platform {
        Kind::Odeus => saved_of::<Odeus>(work, &approved, args, ui).await,
        Kind::Trustpager => saved_of::<Trustpager>(work, &approved, args, ui).await,
    }
}

async fn saved_of<P: Product>(
    work: Work<'_>,
    approved: &ApprovedPlan,
    args: &Args,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let plan = approved.sealed().plan();
    let mut done = work.carry_out::<P>(approved, None).await?;
    if let (Some(end), Some(folder)) = (done.end.take(), work.folder)
        && done.report.is_complete()
    {
        beyond::<P>(&plan.bound, folder, end, ui);
    }
    finish(plan, done, Ok(()), args.answer(), ui)
}

/// Returns the run that a saved plan takes back, where it was made by undo. The plan's file is not ours, and the name is
/// looked for among files later.
fn takes_back(plan: &Plan) -> Option<String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    plan.observed.takes_back.clone().filter(|run| run.chars().all(legal))
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
    let loaded = loaded.with_rules(&args.rules.policy, args.base.base.as_deref(), ui)?;
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
    let page = Page::of(&sealed, &output, &command).accepting(&args.agreed.accept);
    match args.answer() {
        Answer::Text => page.print(ui)?,
        Answer::Lines => stream::planned(sealed.plan(), ui)?,
        Answer::Json => {}
    }
    let empty = sealed.plan().is_empty();
    let used = Used::read(&data_dir(&root, env))?;
    let mut save = plan::plan_files(source, &args.target);
    if let Some(revision) = &args.base.base {
        save.push_str(&format!(" --base {revision}"));
    }
    let gate = Gate::open(&sealed, &args.agreed.approval, Advice::Files(save), &used, today)?;
    let approvals = gate.approvals();
    let open = missing(&sealed, &approvals);
    can_be_done(&sealed, &args.agreed.accept)?;
    let consent = if args.auto_approve || empty {
        Consent::Flag
    } else if !open.is_empty() {
        return Err(gate.missing(&sealed, &open));
    } else {
        ask(&sealed, (args.answer() != Answer::Text).then_some(page), ui)?
    };
    let approved =
        approve(sealed, Consent::Signed(Box::new(consent), approvals), &args.agreed.accept, &gate)?;
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

/// Refuses a plan that cannot be done whoever agrees to it, so that nobody is asked.
///
/// # Errors
/// When a blocker stands in it, or a limit was accepted for another plan.
pub(super) fn can_be_done(sealed: &SealedPlan, accepted: &[Acceptance]) -> Result<(), Failure> {
    let blockers = standing(sealed, accepted);
    let why = match blockers {
        Ok(blockers) if blockers.is_empty() => return Ok(()),
        Ok(blockers) => Refusal::Blocked(blockers),
        Err(why) => why,
    };
    Err(refusal(&why, sealed.digest(), "; nothing was done"))
}

/// Asks whoever is there. `unseen` is the plan's page where it has not been printed yet, since stdout is the report's.
pub(super) fn ask(
    sealed: &SealedPlan,
    unseen: Option<Page<'_>>,
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
    if let Some(page) = unseen {
        ui.say(&page.text(ui.palette_err())?);
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
        Err(Failure::new(Exit::NotApproved, "not approved; nothing was done").help(
            "type `yes`, or give `--auto-approve`; a plan that `--out PLAN` saved is its own consent: `scopeform apply PLAN`",
        ))
    }
}

pub(super) fn approve(
    sealed: SealedPlan,
    consent: Consent,
    accepted: &[Acceptance],
    gate: &Gate,
) -> Result<ApprovedPlan, Failure> {
    ApprovedPlan::or_back(sealed, consent, accepted.to_vec()).map_err(|back| match &*back {
        (sealed, Refusal::Unapproved(open)) => gate.missing(sealed, open),
        (sealed, why) => refusal(why, sealed.digest(), "; nothing was done"),
    })
}
