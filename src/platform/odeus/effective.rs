//! The effective configuration of one integration, and of the workspace itself, as text: what `--format diff` compares.
//!
//! It says what holds, not what a file says: every scope and every action has its line, in a fixed order, so that a line
//! diff of two states is exactly what changes.

use std::fmt::Write;

use super::catalog;
use super::state::{Client, IntegrationState, Mode};
use crate::model::Access;

/// Returns the effective configuration, one fact per line.
#[must_use]
pub fn effective(facts: &catalog::Integration, state: &IntegrationState) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, facts, state);
    out
}

/// Returns the workspace's own settings, one fact per line, in the words of the files.
#[must_use]
pub fn settings(new_actions_enabled_by_default: bool) -> String {
    format!("new_actions_enabled_by_default: {new_actions_enabled_by_default}\n")
}

fn write(
    out: &mut String,
    facts: &catalog::Integration,
    state: &IntegrationState,
) -> std::fmt::Result {
    writeln!(out, "access: {}", state.access)?;
    match &state.client {
        Client::Unconfigured => writeln!(out, "mode: none, no client is configured")?,
        Client::Managed => writeln!(out, "mode: managed")?,
        Client::Custom(custom) => {
            writeln!(out, "mode: {}", state.client.mode().map_or("", Mode::name))?;
            writeln!(out, "client: {}", custom.id)?;
            if let Some(tenant) = &custom.tenant {
                writeln!(out, "tenant: {tenant}")?;
            }
            if let Some(secret) = &custom.secret {
                writeln!(out, "secret: {secret}")?;
            }
        }
    }
    writeln!(out, "requested scopes:")?;
    for scope in &state.requested {
        writeln!(out, "  - {scope}")?;
    }
    writeln!(out, "actions:")?;
    for (action, own) in state.beside(facts) {
        let Some(own) = own else { continue };
        let missing = action.required_scopes.not_covered_by(&state.requested);
        let access = match (action.native, &own.access) {
            (true, _) => "native, always on".to_owned(),
            (false, Access::Everyone) => "enabled".to_owned(),
            (false, Access::Nobody) => "disabled".to_owned(),
            (false, Access::Only(_)) => format!("shared with {}", own.access),
        };
        write!(out, "  {}: {access}", action.key)?;
        if !missing.is_empty() {
            write!(out, ", missing scope {missing}")?;
        }
        if !own.accepted_missing.is_empty() {
            write!(out, ", accepted without {}", own.accepted_missing)?;
        }
        writeln!(out)?;
    }
    Ok(())
}
