//! `scopeform completions SHELL`.

use clap::CommandFactory as _;

use crate::cli::args::{Cli, Completions as Args};
use crate::cli::exit::Exit;
use crate::cli::ui::{Failure, Ui};

/// Prints a completion script.
pub(in crate::cli) fn run(args: &Args, ui: &Ui) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "scopeform", &mut script);
    ui.out(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
