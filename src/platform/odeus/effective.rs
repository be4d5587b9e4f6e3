//! The effective configuration of one integration, and of the workspace itself, as text: what `--format diff` compares.
//!
//! It says what holds, not what a file says: every scope and every action has its line, in a fixed order, so that a line
//! diff of two states is exactly what changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::catalog;
use super::operation::{IntegrationOperation, Operation};
use super::state::{ActionState, Client, IntegrationState, Mode};
use super::value;
use crate::model::{Access, ActionKey, ScopeSet};
use crate::plan::{PlannedOperation, shown};
use crate::platform;

/// What stands before the scopes that an action lacks.
const MISSING: &str = ", missing scope ";
/// What stands before the scopes that somebody accepted as missing.
const ACCEPTED: &str = ", accepted without ";

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
    write_client(out, &state.client)?;
    writeln!(out, "requested scopes:")?;
    for scope in &state.requested {
        writeln!(out, "  - {scope}")?;
    }
    writeln!(out, "actions:")?;
    for (action, own) in state.beside(facts) {
        let Some(own) = own else { continue };
        let missing = action.required_scopes.not_covered_by(&state.requested);
        let access = match action.native {
            true => "native, always on".to_owned(),
            false => words(&own.access),
        };
        write!(out, "  {}: {access}", action.key)?;
        if !missing.is_empty() {
            write!(out, "{MISSING}{missing}")?;
        }
        if !own.accepted_missing.is_empty() {
            write!(out, "{ACCEPTED}{}", own.accepted_missing)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_client(out: &mut String, client: &Client) -> std::fmt::Result {
    match client {
        Client::Unconfigured => writeln!(out, "mode: none, no client is configured"),
        Client::Managed => writeln!(out, "mode: managed"),
        Client::Custom(custom) => {
            writeln!(out, "mode: {}", client.mode().map_or("", Mode::name))?;
            writeln!(out, "client: {}", custom.id)?;
            if let Some(tenant) = &custom.tenant {
                writeln!(out, "tenant: {tenant}")?;
            }
            if let Some(secret) = &custom.secret {
                writeln!(out, "secret: {secret}")?;
            }
            Ok(())
        }
    }
}

fn words(access: &Access) -> String {
    match access {
        Access::Everyone => "enabled".to_owned(),
        Access::Nobody => "disabled".to_owned(),
        Access::Only(_) => format!("shared with {access}"),
    }
}

/// Returns which missing scopes of each action that is written are accepted once all of `own` has been carried out: those of
/// its last write, and none where the client then begins to follow the actions.
pub(super) fn accepted<'p>(own: &[&'p PlannedOperation]) -> BTreeMap<&'p ActionKey, ScopeSet> {
    let mut left = BTreeMap::new();
    for planned in own {
        let platform::Operation::Odeus(Operation::Integration { change, .. }) = &planned.operation
        else {
            continue;
        };
        match change {
            IntegrationOperation::SetActionAccess { action, access: _, accept } => {
                left.insert(action, accept.clone());
            }
            IntegrationOperation::SetClient { client } if client.mode().follows_actions() => {
                left.values_mut().for_each(|accepted| *accepted = ScopeSet::new());
            }
            IntegrationOperation::SetClient { .. }
            | IntegrationOperation::SetIntegrationAccess { .. }
            | IntegrationOperation::SetFixedScopes { .. }
            | IntegrationOperation::ConfirmPending { .. } => {}
        }
    }
    left
}

/// Returns whether the text before and after shows what the operations of one integration, or of the workspace, do to it: each field as the last
/// write leaves it and not as the first one found it, and every scope that comes or goes.
#[must_use]
pub fn shows(before: &str, after: &str, own: &[&PlannedOperation]) -> bool {
    if let Some(platform::Operation::Odeus(Operation::SetNewActionsDefault { enabled })) =
        own.last().map(|planned| &planned.operation)
    {
        return before == settings(!enabled) && after == settings(*enabled);
    }
    let (old, new) = (Lines::of(before), Lines::of(after));
    let (added, removed) = shown::net(own);
    let accepted = accepted(own);
    let scopes = added.iter().all(|scope| new.asks(scope) && !old.asks(scope))
        && removed.iter().all(|scope| old.asks(scope) && !new.asks(scope));
    let mut last: BTreeMap<&str, (&PlannedOperation, &IntegrationOperation)> = BTreeMap::new();
    for planned in own {
        if let platform::Operation::Odeus(Operation::Integration { change, .. }) =
            &planned.operation
        {
            // The value before is that of the first write to the field.
            let first = last.get(planned.address.as_str()).map_or(*planned, |(first, _)| *first);
            last.insert(planned.address.as_str(), (first, change));
        }
    }
    scopes
        && last.values().all(|(first, change)| match change {
            IntegrationOperation::SetIntegrationAccess { access } => {
                let moves = first.before != value::access(access);
                let line = format!("access: {access}");
                new.all.contains(line.as_str()) && !(moves && old.all.contains(line.as_str()))
            }
            IntegrationOperation::SetActionAccess { action, access, accept } => {
                let end = ActionState { access: access.clone(), accepted_missing: accept.clone() };
                let moves = first.before != value::action(&end);
                let (was, is) = (old.of_action(action), new.of_action(action));
                let accepted = match accepted.get(action).filter(|left| !left.is_empty()) {
                    None => String::new(),
                    Some(left) => format!("{ACCEPTED}{left}"),
                };
                let said = is.is_some_and(|line| {
                    let rest = line.strip_prefix(words(access).as_str());
                    let lacks = rest.and_then(|rest| rest.strip_suffix(accepted.as_str()));
                    lacks.is_some_and(|lacks| {
                        lacks.is_empty() || lacks.starts_with(MISSING) && !lacks.contains(ACCEPTED)
                    })
                });
                said && !(moves && was == is)
            }
            IntegrationOperation::SetClient { client } => {
                let mut lines = String::new();
                // Writing to a String cannot fail.
                let _ = write_client(&mut lines, &client.client());
                after.contains(&format!("\n{lines}requested scopes:\n"))
            }
            IntegrationOperation::SetFixedScopes { scopes } => {
                new.scopes.len() == scopes.len() && scopes.iter().all(|scope| new.asks(scope))
            }
            IntegrationOperation::ConfirmPending { scopes } => {
                scopes.iter().all(|scope| new.asks(scope))
            }
        })
}

/// The lines of one side.
struct Lines<'t> {
    all: BTreeSet<&'t str>,
    scopes: BTreeSet<&'t str>,
    actions: BTreeMap<&'t str, &'t str>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let scopes = text.lines().filter_map(|line| line.strip_prefix("  - "));
        let actions = text.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(": "));
        Self { all: text.lines().collect(), scopes: scopes.collect(), actions: actions.collect() }
    }

    fn asks(&self, scope: &crate::model::Scope) -> bool {
        self.scopes.contains(scope.as_str())
    }

    fn of_action(&self, action: &ActionKey) -> Option<&'t str> {
        self.actions.get(action.as_str()).copied()
    }
}
