//! `scopeform validate`: the files alone, without asking anything live.

use crate::cli::args::{CheckFormat, Validate};
use crate::cli::exit::Exit;
use crate::cli::folder::{Folder, discover};
use crate::cli::live::not_valid;
use crate::cli::rego;
use crate::cli::review;
use crate::cli::ui::{Failure, Ui};
use crate::cli::workspace::{Tell, located, report, slips};
use crate::config::{self, Desired};
use crate::diag::{Diagnostics, Severity};
use crate::platform::trustpager::resolve::tiers_of_no_ladder;
use crate::render::marks::Marks;
use crate::source::SourceMap;

/// Checks every file and reports everything that is wrong with them.
pub(in crate::cli) fn run(args: &Validate, ui: &Ui) -> Result<Exit, Failure> {
    let path = discover(args.source.path.as_deref())?;
    let mut folder = Folder::read(&path, ui)?;
    let format = args.format();
    let tell = if format == CheckFormat::Json { Tell::Json } else { Tell::People };
    let (configs, mut diagnostics) = folder.take_declared();
    diagnostics.append(rego::check(&configs, &folder.configs));
    if !args.rules.policy.is_empty() {
        rego::named(&args.rules.policy, ui)?;
    }
    let (_, worlds) = config::world::load(&folder.worlds);
    let (_, catalogs) = config::catalog::load(&folder.catalogs);
    let (ladders, resources) = config::trustpager::catalog::load(&folder.catalogs);
    let beside = [
        ("world", &worlds, &folder.worlds),
        ("catalogue", &catalogs, &folder.catalogs),
        ("catalogue", &resources, &folder.catalogs),
    ];
    if !diagnostics.has_errors() {
        if let Some((kind, wrong, sources)) = beside.into_iter().find(|(_, d, _)| d.has_errors()) {
            marked(format, wrong, sources, &folder, Exit::Error, ui)?;
            report(wrong, sources, tell, ui)?;
            // For programs the diagnostics are the whole document.
            let text = format == CheckFormat::Text;
            return Err(if text { not_valid(kind) } else { Failure::said(Exit::Error) });
        }
        if configs.is_empty() {
            return Err(folder.holds_none(&path));
        }
    }
    for config in &configs {
        if let Desired::Trustpager(desired) = &config.desired {
            let odd = located(&tiers_of_no_ladder(desired, &ladders), &config.origins);
            // A live system may have ladders that nobody here knows, so it is no error yet.
            for told in odd.iter().cloned() {
                diagnostics.push(told.with_severity(Severity::Warning));
            }
        }
    }
    let exit = if diagnostics.has_errors() { Exit::Error } else { Exit::Done };
    marked(format, &diagnostics, &folder.configs, &folder, exit, ui)?;
    if format == CheckFormat::Json || !diagnostics.is_empty() {
        report(&diagnostics, &folder.configs, tell, ui)?;
    }
    if diagnostics.has_errors() {
        return Ok(Exit::Error);
    }
    if format == CheckFormat::Text {
        slips(&configs, None, &folder, ui);
        let names: Vec<&str> = configs.iter().map(|config| config.workspace.as_str()).collect();
        let files = crate::plan::count(folder.configs.iter().count(), "file", "files");
        ui.out(&format!(
            "Valid: {files}, workspace {}. Whether the names in them exist is checked by `scopeform plan`.\n",
            names.join(", ")
        ))?;
    }
    Ok(Exit::Done)
}

/// Prints diagnostics for a tool that shows them beside their lines, where that is asked for.
fn marked(
    format: CheckFormat,
    diagnostics: &Diagnostics,
    sources: &SourceMap,
    folder: &Folder,
    exit: Exit,
    ui: &Ui,
) -> Result<(), Failure> {
    let Some(tool) = format.tool() else { return Ok(()) };
    let base = review::base(&folder.root);
    let marks = Marks::of_files("validate", diagnostics, sources, &base);
    Ok(ui.out(&tool.page(&marks, Some(exit)))?)
}
