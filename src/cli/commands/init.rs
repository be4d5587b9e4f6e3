//! `scopeform init`: a first workspace file, for the embedded control plane.

use crate::cli::args::Init as Args;
use crate::cli::exit::Exit;
use crate::cli::ui::{Failure, Ui};
use crate::config;
use crate::model::WorkspaceId;

const FILE: &str = "scopeform.yaml";
const SCHEMA: &str = "scopeform.schema.json";

/// Writes the file and the schema that editors complete it with. Never overwrites.
#[expect(clippy::disallowed_methods, reason = "`init` writes files")]
pub(in crate::cli) fn run(args: &Args, ui: &Ui) -> Result<Exit, Failure> {
    let workspace = WorkspaceId::try_from(args.workspace.as_str())
        .map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let (file, schema) = (args.folder.join(FILE), args.folder.join(SCHEMA));
    if file.exists() {
        return Err(Failure::new(
            Exit::Error,
            format!("{} is there already and is left as it is", file.display()),
        )
        .help("name another folder, or remove the file"));
    }
    let cannot = |error: std::io::Error| {
        Failure::new(Exit::Error, format!("cannot write to {}: {error}", args.folder.display()))
    };
    std::fs::create_dir_all(&args.folder).map_err(cannot)?;
    std::fs::write(&schema, super::schema::text(&config::config_schema())).map_err(cannot)?;
    std::fs::write(&file, template(&workspace)).map_err(cannot)?;
    ui.out(&format!(
        "Wrote {}. Next: `scopeform plan {}` shows what it would change on the embedded control plane.\n",
        file.display(),
        args.folder.display()
    ))?;
    Ok(Exit::Done)
}

fn template(workspace: &WorkspaceId) -> String {
    format!(
        "# yaml-language-server: $schema=./{SCHEMA}
version: 1
platform: odeus
workspace: {workspace}

# The control plane inside this program, with its data in .scopeform/ beside this file. For a real one write its
# address, such as https://odeus.example.com; the token then comes from SCOPEFORM_TOKEN or SCOPEFORM_TOKEN_FILE.
endpoint: embedded

# Actions that the vendor adds later stay off until somebody has reviewed them.
new_actions_enabled_by_default: false

integrations:
  sharepoint:
    access: everyone
    oauth:
      mode: managed                # managed | sync | fixed
    # What happens to actions that no line below names: keep (no opinion) | disabled
    unlisted_actions: keep
    actions:
      \"get_*\": enabled
      \"list_*\": enabled
      create_list: disabled
      create_page: disabled
"
    )
}
