//! `scopeform man`: the manual pages, from the same declarations as `--help`.
#![expect(clippy::disallowed_methods, reason = "the command line is where files are written")]

use std::fs;

use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::cli::args::{Cli, ManPages as Args};
use crate::cli::exit::Exit;
use crate::cli::ui::{Failure, Ui, shown};

/// Prints the page of the program, or writes the pages of every command to a folder.
pub(in crate::cli) fn run(args: &Args, ui: &Ui) -> Result<Exit, Failure> {
    let mut program = Cli::command();
    program.build();
    let pages = pages(&program)?;
    let Some(folder) = &args.out else {
        let first = pages.first().map(|(_, page)| page.as_str()).unwrap_or_default();
        ui.out(first)?;
        return Ok(Exit::Done);
    };
    let cannot = |error: std::io::Error| {
        Failure::new(Exit::Error, format!("cannot write to {}: {error}", folder.display()))
    };
    fs::create_dir_all(folder).map_err(cannot)?;
    for (name, page) in &pages {
        fs::write(folder.join(name), page).map_err(cannot)?;
    }
    let count = crate::plan::count(pages.len(), "manual page", "manual pages");
    ui.say(&format!("{count} written to {}", shown(folder)));
    Ok(Exit::Done)
}

/// Returns every page with the name of its file: the program's first, then those of its commands.
fn pages(program: &clap::Command) -> Result<Vec<(String, String)>, Failure> {
    let mut pages = Vec::new();
    let mut open = vec![program.clone()];
    while let Some(command) = open.pop() {
        let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        let man = Man::new(command.clone());
        let mut page = Vec::new();
        man.render(&mut page)?;
        let page = String::from_utf8_lossy(&page);
        // No date: the same program gives the same pages.
        let (title, version) = (name.to_uppercase(), env!("CARGO_PKG_VERSION"));
        let title = format!(".TH {title} 1 \"\" \"scopeform {version}\"\n");
        let old = page.lines().find(|line| line.starts_with(".TH ")).unwrap_or_default();
        let page = page.replacen(&format!("{old}\n"), &title, 1);
        // A space between lines, in the way in which page readers want it.
        let page = page.replace(".br\n\n.br\n", ".sp\n");
        pages.push((format!("{name}.1"), page));
        let mut below: Vec<clap::Command> =
            command.get_subcommands().filter(|below| !below.is_hide_set()).cloned().collect();
        // `tokens list` has a page of its own, which is called after both.
        for one in &mut below {
            let whole = format!("{name}-{}", one.get_name());
            *one = std::mem::take(one).display_name(whole);
        }
        below.reverse();
        open.extend(below);
    }
    Ok(pages)
}
