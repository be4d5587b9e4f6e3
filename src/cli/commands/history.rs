//! `scopeform show --last`, `--run ID` and `--runs`: what applies of this folder did, as their journals tell it.

use std::path::{Path, PathBuf};

use crate::cli::args::{Format, Show};
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::{data_dir, discover, root_of};
use crate::cli::journal::{self, Past};
use crate::cli::ui::{Failure, Ui};
use crate::model::WorkspaceId;
use crate::render::history::{self, Listed};
use crate::render::neutral::terminal;

/// Prints one run, or one line for each.
pub(super) fn run(args: &Show, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    super::plan::formats(&args.output)?;
    if !matches!(args.output.format(), Format::Text | Format::Json) {
        return Err(Failure::new(Exit::Usage, "a run is shown as text or json"));
    }
    if let Some(flag) = of_plans(args) {
        return Err(Failure::new(Exit::Usage, format!("`{flag}` goes with a saved PLAN")));
    }
    let data = data_dir(&root(folder(args)?)?, env);
    let mut ids = journal::ids(&data);
    if let Some(wanted) = &args.workspace {
        // One that cannot be read may be of any workspace, and is told.
        ids.retain(|id| {
            journal::read(&data, id)
                .map_or(true, |past| past.run.begin.workspace.as_str() == wanted)
        });
    }
    if args.runs {
        if ids.is_empty() {
            // The list is empty, which is no failure; only people need to hear it.
            ui.say(&none(&data, args).message);
        }
        let listed = |id: &String| match journal::read(&data, id) {
            Ok(Past { run, running }) => Listed::Read { run: Box::new(run), running },
            Err(failure) => Listed::Unreadable { run: id.clone(), why: failure.message },
        };
        let runs: Vec<Listed> = ids.iter().map(listed).collect();
        ui.out(&match args.output.format() {
            Format::Json => history::list(&runs),
            _ => runs.iter().map(line).collect(),
        })?;
        return Ok(Exit::Done);
    }
    let id = match &args.run {
        Some(wanted) => chosen(&ids, wanted)?,
        None => ids.first().ok_or_else(|| none(&data, args))?,
    };
    let Past { run, running } = journal::read(&data, id)?;
    // Whoever asks after a failed attempt wants to know of the run that wrote as well.
    let wrote =
        if running || run.may_have_written() { None } else { journal::wrote_before(&data, &run) };
    let undo = journal::undone_next(&data, &run.begin);
    let undo = undo.as_ref().map(|(last, meant)| history::Undo { last, meant });
    let around = history::Around { wrote: wrote.as_ref().map(|past| &past.run), undo };
    if args.output.format() == Format::Json {
        ui.out(&history::json(&run, running, around))?;
    } else {
        ui.out(&history::text(&run, running, around, ui.palette()))?;
    }
    Ok(Exit::Done)
}

fn line(listed: &Listed) -> String {
    match listed {
        Listed::Read { run, running } => history::line(run, *running),
        Listed::Unreadable { run, why } => {
            format!("{}  not readable: {}\n", terminal(run), terminal(why))
        }
    }
}

/// Returns an option that was given and says nothing of a run.
fn of_plans(args: &Show) -> Option<&'static str> {
    let Show { approval, accept, output, .. } = args;
    let given = [
        ("--approval", !approval.is_empty()),
        ("--accept", !accept.is_empty()),
        ("--full", output.full),
        ("--diff", output.diff),
        ("--apply-with", output.apply_with.is_some()),
    ];
    given.into_iter().find_map(|(flag, given)| given.then_some(flag))
}

/// Returns the configuration folder that was named, as PATH or with `--config`.
fn folder(args: &Show) -> Result<Option<&Path>, Failure> {
    if args.path.is_some() && args.config.is_some() {
        let message = "PATH and `--config` both name the folder here; give one of them";
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok(args.path.as_deref().or(args.config.as_deref()))
}

/// Returns the folder whose runs are meant: named, found, or the one we are in.
fn root(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => discover(None).unwrap_or_else(|_| PathBuf::from(".")),
    };
    if path.is_file() || path.is_dir() {
        return Ok(root_of(&path));
    }
    Err(Failure::new(Exit::Error, format!("{} is no folder and no file", path.display())))
}

fn none(data: &Path, args: &Show) -> Failure {
    let what =
        args.workspace.as_ref().map_or_else(String::new, |name| format!(" to workspace `{name}`"));
    let message = format!("no apply{what} has been noted in {}", data.display());
    Failure::new(Exit::Error, terminal(&message).to_string())
        .help("name the configuration folder that was applied; SCOPEFORM_DATA_DIR counts too")
}

/// Returns the run that an id or the beginning of one means.
pub(super) fn chosen<'i>(ids: &'i [String], wanted: &str) -> Result<&'i String, Failure> {
    let meant: Vec<&String> = ids.iter().filter(|id| id.starts_with(wanted)).collect();
    match meant.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::new(Exit::Error, format!("no run `{wanted}` has been noted here"))
            .help("`scopeform show --runs` lists them")),
        _ => Err(Failure::new(Exit::Error, format!("`{wanted}` means several runs"))
            .help("`scopeform show --runs` lists them")),
    }
}

/// Says on stderr what is known of a run of the same workspace that did not come to its end, or goes on now. Nothing
/// depends on it: where things stand is found out by reading.
pub(super) fn tell(data: &Path, workspace: &WorkspaceId, endpoint: &str, ui: &Ui) -> Option<Past> {
    let past = journal::last_of(data, workspace, endpoint).past?;
    if !past.running && !past.run.was_cut() {
        return None;
    }
    ui.say(&history::notice(&past.run, past.running));
    Some(past)
}
