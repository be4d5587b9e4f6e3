//! `scopeform show PLAN`: print a saved plan again, in any format. Or a run that was noted.

use std::path::Path;

use crate::cli::args::{Show, Source};
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::root_at_hand;
use crate::cli::reading;
use crate::cli::ui::{Failure, Ui};
use crate::seal::{SealedPlan, document};

/// Prints a saved plan, which always works, also when the plan has become stale; or a run.
pub(in crate::cli) fn run(args: &Show, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    if args.last || args.runs || args.run.is_some() {
        return super::history::run(args, env, ui);
    }
    if args.workspace.is_some() {
        return Err(Failure::new(Exit::Usage, "`--workspace` goes with `--last` or `--runs`"));
    }
    let Some(file) = &args.path else {
        return Err(Failure::new(Exit::Usage, "name a saved PLAN, or ask for `--last`"));
    };
    super::plan::formats(&args.output)?;
    let sealed = read(file)?;
    if let Some(tool) = args.output.format().tool() {
        let folder = root_at_hand(args.config.as_deref(), env);
        let marks = super::plan::marks(&sealed, folder.as_deref());
        ui.out(&tool.page(&marks, Some(Exit::Done)))?;
        return Ok(Exit::Done);
    }
    let source = Source { path: args.config.clone(), workspace: None };
    let apply_with = super::plan::apply_saved(file, &source);
    super::plan::print(&sealed, &args.output, &apply_with, ui)?;
    Ok(Exit::Done)
}

/// Reads a plan file and refuses one that is not exactly as it was written.
pub(super) fn read(file: &Path) -> Result<SealedPlan, Failure> {
    let bytes = reading::or_pipe(file, reading::DOCUMENT).map_err(|why| {
        Failure::new(Exit::Error, format!("cannot read the plan {}: {why}", file.display()))
    })?;
    document::read(&bytes).map_err(|error| {
        Failure::new(Exit::Error, format!("{}: {error}", file.display()))
            .help("make the plan again with `scopeform plan --out FILE`")
    })
}
