//! `scopeform validate`: the files alone, without asking anything live.

use crate::cli::args::Validate;
use crate::cli::exit::Exit;
use crate::cli::folder::{Folder, discover};
use crate::cli::live::not_valid;
use crate::cli::rego;
use crate::cli::ui::{Failure, Ui};
use crate::cli::workspace::{Tell, report};
use crate::config;

/// Checks every file and reports everything that is wrong with them.
pub(in crate::cli) fn run(args: &Validate, ui: &Ui) -> Result<Exit, Failure> {
    let path = discover(args.source.path.as_deref())?;
    let folder = Folder::read(&path, ui)?;
    let tell = if args.json { Tell::Json } else { Tell::People };
    let (configs, mut diagnostics) = config::load(&folder.configs);
    diagnostics.append(rego::check(&configs, &folder.configs));
    if !args.rules.policy.is_empty() {
        rego::named(&args.rules.policy, false, ui)?;
    }
    let (_, worlds) = config::world::load(&folder.worlds);
    let (_, catalogs) = config::catalog::load(&folder.catalogs);
    let (_, resources) = config::trustpager::catalog::load(&folder.catalogs);
    let beside = [
        ("world", &worlds, &folder.worlds),
        ("catalogue", &catalogs, &folder.catalogs),
        ("catalogue", &resources, &folder.catalogs),
    ];
    if !diagnostics.has_errors() {
        if let Some((kind, wrong, sources)) = beside.into_iter().find(|(_, d, _)| d.has_errors()) {
            report(wrong, sources, tell, ui)?;
            // As JSON the diagnostics are the whole document.
            return Err(if args.json { Failure::said(Exit::Error) } else { not_valid(kind) });
        }
        if configs.is_empty() {
            return Err(Failure::new(
                Exit::Error,
                format!("{} holds no configuration file", path.display()),
            )
            .help("make a first one with `scopeform init`"));
        }
    }
    if args.json || !diagnostics.is_empty() {
        report(&diagnostics, &folder.configs, tell, ui)?;
    }
    if diagnostics.has_errors() {
        return Ok(Exit::Error);
    }
    if !args.json {
        let names: Vec<&str> = configs.iter().map(|config| config.workspace.as_str()).collect();
        let files = crate::plan::count(folder.configs.iter().count(), "file", "files");
        ui.out(&format!(
            "Valid: {files}, workspace {}. Whether the names in them exist is checked by `scopeform plan`.\n",
            names.join(", ")
        ))?;
    }
    Ok(Exit::Done)
}
