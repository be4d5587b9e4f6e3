//! `scopeform schema`: the JSON Schemas of everything we read and write.

use crate::cli::args::Schema as Args;
use crate::cli::exit::Exit;
use crate::cli::ui::{Failure, Ui};
use crate::{apply, config, render, seal, server, snapshot};

type Make = fn() -> serde_json::Value;

/// Every published schema: its name, its file below `schemas/`, and what makes it.
pub(in crate::cli) const ALL: &[(&str, &str, Make)] = &[
    ("config", "scopeform.schema.json", config::config_schema),
    ("world", "world.schema.json", config::world::world_schema),
    ("catalog", "catalog.schema.json", config::catalog::catalog_schema),
    ("diagnostics", "diagnostics.schema.json", render::diagnostic::document_schema),
    ("plan", "plan.schema.json", render::json::plan_schema),
    ("snapshot", "snapshot.schema.json", snapshot::schema),
    ("plan-file", "plan-file.schema.json", seal::document::schema),
    ("report", "report.schema.json", render::report::schema),
    ("apply-stream", "apply-stream.schema.json", render::stream::schema),
    ("journal", "journal.schema.json", apply::journal::schema),
    ("run", "run.schema.json", render::history::schema),
    ("runs", "runs.schema.json", render::history::list_schema),
    ("undo", "undo.schema.json", render::undo::schema),
    ("status", "status.schema.json", render::status::schema),
    ("trustpager-status", "trustpager-status.schema.json", render::status::trustpager::schema),
    ("control-plane", "control-plane.openapi.json", server::openapi_document),
    ("trustpager", "trustpager.openapi.json", server::trustpager_openapi_document),
];

/// Prints one schema.
pub(in crate::cli) fn run(args: &Args, ui: &Ui) -> Result<Exit, Failure> {
    let found = ALL.iter().find(|(name, ..)| *name == args.name);
    let Some((_, _, make)) = found else {
        let names: Vec<&str> = ALL.iter().map(|(name, ..)| *name).collect();
        return Err(Failure::new(Exit::Usage, format!("there is no schema `{}`", args.name))
            .help(format!("one of: {}", names.join(", "))));
    };
    ui.out(&text(&make()))?;
    Ok(Exit::Done)
}

/// Returns a schema as its file holds it.
#[must_use]
pub(in crate::cli) fn text(schema: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}
