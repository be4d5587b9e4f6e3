//! `scopeform undo`: the inverse plan of a run, through the same planner and the same gates as any other plan.

use std::collections::BTreeSet;
use std::path::Path;

use super::apply::{approve, ask, can_be_done, carry_out_one, end_of_stream};
use super::{history, plan};
use crate::apply::journal::{Known, Run};
use crate::apply::{Adapter as _, Report, Settled};
use crate::cli::args::{Answer, Output, Source, Undo as Args};
use crate::cli::clock;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::gate::{Advice, Gate, Used};
use crate::cli::journal::{self, Last, Past};
use crate::cli::page::Page;
use crate::cli::product::{Odeus, Product, Trustpager};
use crate::cli::rego;
use crate::cli::stream;
use crate::cli::ui::{Failure, Ui, shown};
use crate::cli::workspace::{Loaded, Tell, load};
use crate::plan::{Bound, PlannedOperation};
use crate::platform::provider::Reading;
use crate::platform::{Found, Kind};
use crate::render;
use crate::render::neutral::terminal;
use crate::seal::approval::missing;
use crate::seal::{Consent, SealedPlan, standing};

/// Plans the way back, prints it, and carries it out or saves it.
pub(in crate::cli) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let tell = match args.answer() {
        Answer::Text => Tell::People,
        Answer::Json => Tell::Json,
        Answer::Lines => {
            stream::begin(ui)?;
            Tell::Lines
        }
    };
    let source = source(args, env)?;
    let loaded = load(&source, tell, ui)?.with_rules(&args.rules.policy, None, ui)?;
    match loaded.config.desired.kind() {
        Kind::Odeus => of::<Odeus>(args, &source, &loaded, env, ui).await,
        Kind::Trustpager => of::<Trustpager>(args, &source, &loaded, env, ui).await,
    }
}

/// Returns where the configuration is, named as PATH or with `--config`.
fn source(args: &Args, env: &Env) -> Result<Source, Failure> {
    let Source { path, workspace } = args.source.clone();
    let Some(config) = &args.config else { return Ok(Source { path, workspace }) };
    // The variable names it where the command line does not.
    let set = env.get("SCOPEFORM_CONFIG").map(Path::new);
    if path.as_deref().is_some_and(|path| set != Some(path)) {
        let message = "PATH and `--config` both name the folder here; give one of them";
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok(Source { path: Some(config.clone()), workspace })
}

async fn of<P: Product>(
    args: &Args,
    source: &Source,
    loaded: &Loaded,
    env: &Env,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let data = loaded.folder.data_dir(env);
    let endpoint = loaded.config.endpoint.to_string();
    history::tell(&data, &loaded.config.workspace, &endpoint, ui);
    let past = meant(args, loaded, &data, ui)?.run;
    // One plan that took several runs is taken back as one.
    let (before, unread) = journal::before(&data, &past);
    if let Some(failure) = unread {
        let message = terminal(&failure.message);
        ui.say(&format!("notice: {message}; what that run did is not taken back\n"));
    }
    let first = before.first().unwrap_or(&past);
    if args.run.is_none() {
        beside(&data, first, ui);
    }
    // What earlier attempts have taken back is part of how the run left things.
    let attempts = journal::attempts(&data, &past.begin);
    let wishes = P::desired(&loaded.config).ok_or_else(|| {
        Failure::new(Exit::Bug, "the configuration is for another platform; this is a bug")
    })?;
    let reading = plan::read::<P>(loaded, args.reach, env, ui).await?;
    let runs = before.iter().chain([&past]).chain(&attempts);
    let applied: Vec<&PlannedOperation> =
        runs.flat_map(|run| applied::<P>(run, &reading.snapshot)).collect();
    let found: Vec<&Found> = first.found.iter().collect();
    let reason = format!("as it was before run {}", first.begin.run);
    let root = &loaded.folder.root;
    let inverse = P::inverse(&found, &applied, &reading.snapshot, (wishes, root), &reason);
    let wanted = plan::Wanted {
        desired: &inverse.desired,
        sources: Vec::new(),
        only: None,
        both_sides: args.out.is_some() || args.answer() != Answer::Text,
        shown: false,
    };
    let mut made = plan::make_for::<P>(wanted, loaded, &reading, clock::today(), Tell::Nobody, ui)?;
    let mut unrestored = inverse.unrestored.clone();
    unrestored.extend(P::unrestored(&found, &applied, &reading.snapshot, &made.bound, &inverse));
    unrestored.sort();
    // A saved plan is known for what it is when it is applied.
    made.observed.takes_back = Some(past.begin.run.clone());
    // What the run did not touch is left alone whatever the files say of it, so nothing is told of lines that are missing.
    made.observed.left_alone.clear();
    let sealed = rego::asked(SealedPlan::seal(made))?;
    let undo = render::undo::Undo {
        run: &past.begin.run,
        went_on: before.iter().map(|run| run.begin.run.as_str()).collect(),
        again: past.begin.takes_back.as_deref(),
        plan: sealed.plan(),
        digest: sealed.digest().as_str(),
        unrestored: &unrestored,
        moved: &inverse.moved,
        asked_again: asked_again::<P>(&sealed.plan().bound, loaded, &reading, ui),
    };
    let empty = sealed.plan().is_empty();
    let output = Output::text(args.full);
    let apply_with = match &args.out {
        Some(file) => plan::apply_saved(file, source),
        None => format!("this command, taking back run {}", past.begin.run),
    };
    let page = Page::of(&sealed, &output, &apply_with).accepting(&args.agreed.accept);
    match args.answer() {
        Answer::Text => {
            if empty {
                ui.out("There is nothing to take back.\n")?;
            } else {
                page.print(ui)?;
            }
            ui.out(&render::undo::text(&undo))?;
        }
        Answer::Lines => {
            stream::planned(sealed.plan(), ui)?;
            stream::undo(&undo, ui)?;
        }
        // One document, once it is known how it ends.
        Answer::Json => {}
    }
    if let Some(file) = &args.out {
        plan::save(&sealed, file)?;
        ui.say(&format!("saved plan {} as {}", sealed.digest().short(), shown(file)));
    }
    let blocked = !standing(&sealed, &args.agreed.accept).is_ok_and(|blockers| blockers.is_empty());
    if empty || (args.out.is_some() && !blocked) {
        match args.answer() {
            Answer::Text => {}
            Answer::Json => ui.out(&render::undo::json(&undo, None))?,
            Answer::Lines if args.out.is_some() => stream::saved(ui)?,
            Answer::Lines => {
                let done = Ok(Exit::Done);
                stream::end(sealed.plan(), &Report::of_nothing(), &done, ui)?;
            }
        }
        return Ok(Exit::Done);
    }
    // What is undone changes what people may do like anything else: the same rules hold.
    let used = Used::read(&data)?;
    let mut save = format!("scopeform undo --run {}", past.begin.run);
    if let Some(path) = &source.path {
        save.push_str(&format!(" {}", path.display()));
    }
    let gate =
        Gate::open(&sealed, &args.agreed.approval, Advice::Files(save), &used, clock::today())?;
    let approvals = gate.approvals();
    let open = missing(&sealed, &approvals);
    can_be_done(&sealed, &args.agreed.accept)?;
    if !open.is_empty() {
        return Err(gate.missing(&sealed, &open));
    }
    let consent = if args.auto_approve {
        Consent::Flag
    } else {
        ask(&sealed, (args.answer() != Answer::Text).then_some(page), ui)?
    };
    let approved = approve(
        sealed.clone(),
        Consent::Signed(Box::new(consent), approvals),
        &args.agreed.accept,
        &gate,
    )?;
    let told = (args.answer(), Some(past.begin.run.as_str()));
    let (report, ended) = carry_out_one::<P>(&approved, loaded, args.reach, told, env, ui).await?;
    match args.answer() {
        Answer::Text => ui.out(&render::report::text(&report, ui.palette()))?,
        Answer::Json => {
            ui.out(&render::undo::json(&undo, Some(&render::report::json(&report))))?;
        }
        Answer::Lines => return end_of_stream(sealed.plan(), &report, ended, ui),
    }
    ended
}

/// Returns the run that is meant: by its id, or the last of this workspace that wrote something. Where that took another
/// one back and did not come to its end, the other one is meant still.
fn meant(args: &Args, loaded: &Loaded, data: &Path, ui: &Ui) -> Result<Past, Failure> {
    let (workspace, endpoint) = (&loaded.config.workspace, loaded.config.endpoint.to_string());
    let past = match &args.run {
        Some(wanted) => journal::read(data, history::chosen(&journal::ids(data), wanted)?)?,
        None => last(loaded, data, ui)?,
    };
    let begin = &past.run.begin;
    if begin.workspace != *workspace || begin.endpoint != endpoint {
        return Err(Failure::new(
            Exit::Error,
            format!(
                "run {} was on workspace `{}` at {}, the files are about `{workspace}` at {endpoint}",
                begin.run, begin.workspace, begin.endpoint
            ),
        ));
    }
    if past.running {
        return Err(Failure::new(Exit::Error, format!("run {} is going on", begin.run))
            .help("wait for its end, or interrupt it"));
    }
    Ok(past)
}

/// Returns whether the files, applied to what `plan` leads to, would write to what it writes to. Where they cannot be planned
/// nobody knows.
fn asked_again<P: Product>(
    plan: &Bound,
    loaded: &Loaded,
    reading: &Reading<P::Snapshot>,
    ui: &Ui,
) -> Option<bool> {
    if plan.operations.is_empty() {
        return Some(false);
    }
    let reading = Reading { snapshot: P::after(plan, &reading.snapshot), calls: reading.calls };
    let again = plan::make::<P>(loaded, &reading, &[], clock::today(), Tell::Nobody, ui);
    let own: BTreeSet<&str> = plan.operations.iter().map(|one| one.address.as_str()).collect();
    let above: BTreeSet<&str> = own.iter().flat_map(|at| upwards(at)).collect();
    Some(again.ok()?.bound.operations.iter().any(|planned| {
        let at = planned.address.as_str();
        above.contains(at) || upwards(at).any(|at| own.contains(at))
    }))
}

/// Iterates the addresses that one is within, itself the last.
fn upwards(at: &str) -> impl Iterator<Item = &str> {
    at.match_indices('/').filter_map(|(end, _)| at.get(..end)).chain([at])
}

/// Says which run before this one stopped half way and is not taken back by this: it was of another plan.
fn beside(data: &Path, first: &Run, ui: &Ui) {
    let Some(other) = journal::stopped_before(data, first) else { return };
    ui.say(&format!(
        "notice: run {0} before it was of another plan, stopped half way, and is not taken back by this; `scopeform undo --run {0}` takes back what it did\n",
        terminal(&other.begin.run)
    ));
}

/// Returns the run that is meant where none is named.
fn last(loaded: &Loaded, data: &Path, ui: &Ui) -> Result<Past, Failure> {
    let (workspace, endpoint) = (&loaded.config.workspace, loaded.config.endpoint.to_string());
    let Last { past, damaged } = journal::last_of(data, workspace, &endpoint);
    if let Some(damaged) = damaged {
        let message = format!("{}; so which apply was the last is not known", damaged.message);
        return Err(Failure::new(Exit::Error, message).help(
            "name the run to take back with `--run ID`; `scopeform show --runs` lists them",
        ));
    }
    let past = past.ok_or_else(|| {
        Failure::new(
            Exit::Error,
            format!("no apply to workspace `{workspace}` has been noted in {}", data.display()),
        )
        .help("only what this folder's journals hold can be taken back; otherwise change the files and apply them")
    })?;
    let (own, first) = (&past.run.begin.run, journal::meant(&past));
    if first == own {
        return Ok(past);
    }
    ui.say(&format!("notice: going on with taking back run {}\n", terminal(first)));
    journal::read(data, first).map_err(|failure| {
        failure.help(format!(
            "it is the run that {own} was taking back; `--run {own}` takes back what {own} did"
        ))
    })
}

/// Returns the operations that a run did, in plan order. Where its journal does not know, reading tells.
fn applied<'r, P: Product>(run: &'r Run, snapshot: &P::Snapshot) -> Vec<&'r PlannedOperation> {
    let shown = |planned: &PlannedOperation| {
        let operation = P::Adapter::operation(&planned.operation);
        operation
            .is_some_and(|operation| P::Adapter::settle(operation, snapshot) != Settled::NotDone)
    };
    let done = |planned: &PlannedOperation, known: &Known| match known {
        Known::NotBegun => false,
        Known::InFlight => shown(planned),
        Known::Finished(outcome) => {
            use crate::apply::Outcome;
            match outcome {
                Outcome::Applied { .. } | Outcome::AppliedUnanswered => true,
                Outcome::Diverged(_) | Outcome::Unknown(_) => shown(planned),
                Outcome::AlreadyDone
                | Outcome::ValueLost(_)
                | Outcome::NotNeeded(_)
                | Outcome::Failed(_)
                | Outcome::Unreachable(_)
                | Outcome::NotAllowed(_)
                | Outcome::Conflict(_)
                | Outcome::Skipped(_)
                | Outcome::Interrupted => false,
            }
        }
    };
    let own = run.operations().filter(|(one, known)| done(&one.planned, known));
    own.map(|(one, _)| &one.planned).collect()
}
