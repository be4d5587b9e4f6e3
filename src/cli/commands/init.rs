//! `scopeform init`: a first workspace file, for the embedded control plane.

use crate::cli::args::{Init as Args, Platform};
use crate::cli::exit::Exit;
use crate::cli::ui::{Failure, Ui, shown};
use crate::config;
use crate::model::WorkspaceId;

const FILE: &str = "scopeform.yaml";
const SCHEMA: &str = "scopeform.schema.json";
const WORLD: &str = "world.yaml";

/// Writes the file and the schema that editors complete it with. Never overwrites.
#[expect(clippy::disallowed_methods, reason = "`init` writes files")]
pub(in crate::cli) fn run(args: &Args, ui: &Ui) -> Result<Exit, Failure> {
    let workspace = WorkspaceId::try_from(args.workspace.as_str())
        .map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let (file, schema) = (args.folder.join(FILE), args.folder.join(SCHEMA));
    let (text, world) = match args.platform {
        Platform::Odeus => (odeus(&workspace), odeus_world(&workspace)),
        Platform::Trustpager => (trustpager(&workspace), trustpager_world(&workspace)),
    };
    let begins = args.folder.join(WORLD);
    if let Some(taken) = [&file, &begins].into_iter().find(|path| path.exists()) {
        return Err(Failure::new(
            Exit::Error,
            format!("{} is there already and is left as it is", taken.display()),
        )
        .help("name another folder, or remove the file"));
    }
    let cannot = |error: std::io::Error| {
        Failure::new(Exit::Error, format!("cannot write to {}: {error}", args.folder.display()))
    };
    std::fs::create_dir_all(&args.folder).map_err(cannot)?;
    std::fs::write(&schema, super::schema::text(&config::config_schema())).map_err(cannot)?;
    std::fs::write(&begins, world).map_err(cannot)?;
    std::fs::write(&file, text).map_err(cannot)?;
    ui.out(&format!(
        "Wrote {}, and {WORLD} beside it. Next: `scopeform plan {}` shows what it would change on the embedded control plane.\n",
        shown(&file),
        shown(&args.folder)
    ))?;
    Ok(Exit::Done)
}

fn odeus(workspace: &WorkspaceId) -> String {
    format!(
        "# yaml-language-server: $schema=./{SCHEMA}
version: 1
platform: odeus
workspace: {workspace}

# The control plane inside this program, with its data in .scopeform/ beside this file; it begins as {WORLD} says. For a
# real one write its address, such as https://odeus.example.com, and remove {WORLD}; the token then comes from
# SCOPEFORM_TOKEN or SCOPEFORM_TOKEN_FILE.
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
      create_page: disabled
      create_list: disabled        # or to share it: {{groups: [content-team], users: [max@company.example]}}
"
    )
}

fn trustpager(workspace: &WorkspaceId) -> String {
    format!(
        "# yaml-language-server: $schema=./{SCHEMA}
version: 1
platform: trustpager
workspace: {workspace}

# The control plane inside this program, with its data in .scopeform/ beside this file; it begins as {WORLD} says. For a
# real one write its address, such as https://trustpager.example.com, and remove {WORLD}; the token then comes from
# SCOPEFORM_TOKEN or SCOPEFORM_TOKEN_FILE.
endpoint: embedded

oauth_clients:
  # By the name that the portal shows. Clients are not created from here: integrations register themselves.
  Claude Connection:
    resources:
      contacts: write_with_approval
      email: send_with_approval
      billing: no_access
    verbs:
      calls: []                    # outside the ladder: exactly these
    # What happens to resources that no line above names: keep (no opinion) | platform_default | no_access
    unlisted_resources: keep
    tokens:
      # Anybody else's token is revoked.
      holders: {{groups: [sales]}}
      # So is one that was not used for longer:
      # max_idle: 90d

api_keys:
  nightly export:
    resources: {{contacts: read}}
    # Created when there is none; its value goes there, once, and nowhere else.
    deliver: {{file: .scopeform/nightly-export.key}}
"
    )
}

/// What the embedded control plane begins with: without people and groups there would be nobody to share with.
fn odeus_world(workspace: &WorkspaceId) -> String {
    format!(
        "kind: world
platform: odeus

# Who and what is there when the embedded control plane begins. It is read again until something was applied; after that
# `scopeform serve --reset` begins anew. Removing .scopeform/ would lose the journals that undo reads as well.
workspaces:
  {workspace}:
    users:
      olga@company.example: admin
      max@company.example: member
      vera@company.example: member
    groups:
      content-team: [max@company.example, vera@company.example]
    # Every action is off that the files do not turn on.
    actions: nobody
    # The vendor lets admins manage the scopes of SharePoint and Excel so far; here those of these as well.
    rollout: [onedrive, outlook-calendar, outlook-email, teams]
"
    )
}

/// What the embedded control plane begins with: without a client there would be nothing to declare.
fn trustpager_world(workspace: &WorkspaceId) -> String {
    format!(
        "kind: world
platform: trustpager

# Who and what is there when the embedded control plane begins. It is read again until something was applied; after that
# `scopeform serve --reset` begins anew. Removing .scopeform/ would lose the journals that undo reads as well.
workspaces:
  {workspace}:
    users:
      olga@company.example: owner
      max@company.example: member
      vera@company.example: read_only_viewer
      left@company.example: member
    groups:
      sales: [max@company.example, vera@company.example]
    oauth_clients:
      # A client that is named and no more has the tiers of a newly registered one.
      Claude Connection:
        tokens:
          - {{user: max@company.example, issued: 2026-01-10, last_used: 2026-11-20, requests: 120}}
          - {{user: vera@company.example, issued: 2026-02-01, last_used: 2026-11-18, requests: 8}}
          - {{user: left@company.example, issued: 2026-01-20, last_used: 2026-06-30, requests: 31}}
"
    )
}
