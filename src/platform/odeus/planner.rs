//! The planner for Odeus: wishes, snapshot and date in, plan out. Total, pure, and unable to write.
//!
//! It takes no reader: whoever calls it has read. It names no writer: there is none to name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::change::{self, CLIENT};
use super::compare::compare;
use super::consequence::{breakage, follows_recommendation, privilege, unreviewed};
use super::desired::Desired;
use super::effective::{effective, settings};
use super::findings;
use super::loss;
use super::operation::{IntegrationOperation, Operation};
use super::prospect::Prospect;
use super::resolve::{Target, resolve};
use super::scope_facts;
use super::state::{Connection, Directory, Mode, Snapshot};
use super::value;
use crate::diag::Problem;
use crate::model::{
    Access, Address, Cause, CauseKind, Direction, Effect, IntegrationKey, LetsIn, Principal,
    PrivilegeChange, Right, Scope, ScopeAccess,
};
pub use crate::plan::assemble::Inputs;
use crate::plan::assemble::{Header, UnitPlan, assemble};
use crate::plan::spread::spread;
use crate::plan::{
    Change, Effective, LeftAlone, Loss, LossKind, PeopleEffect, Plan, PlannedOperation,
    ReconnectReason, Reliance, StillHolds,
};
use crate::platform;

/// Returns the plan that turns `snapshot` into `desired`, and the problems with names in the files.
///
/// With an error among the problems there is no plan: a wish that names something unknown has no meaning. Every other
/// wish has a plan, if need be with a blocker in it.
#[must_use]
pub fn plan(
    desired: &Desired,
    snapshot: &Snapshot,
    inputs: Inputs<'_>,
) -> (Option<Plan>, Vec<Problem>) {
    let (targets, problems) = resolve(desired, snapshot);
    if problems.iter().any(Problem::is_error) {
        return (None, problems);
    }
    let mut connections: BTreeMap<&IntegrationKey, Vec<&Connection>> = BTreeMap::new();
    for connection in &snapshot.connections {
        connections.entry(&connection.integration).or_default().push(connection);
    }
    let chosen = |key: &IntegrationKey| inputs.wants(&Address::of(&[key.as_str()]));
    let targets: Vec<(Target<'_>, Vec<&Connection>)> = targets
        .into_iter()
        .filter(|target| chosen(target.key))
        .map(|target| {
            let own = connections.remove(target.key).unwrap_or_default();
            (target, own)
        })
        .collect();
    let today = inputs.today;
    let mut units: Vec<UnitPlan> = spread(targets, |(target, own)| {
        unit(Prospect::new(target, snapshot, own, today), desired, snapshot, inputs.both_sides)
    });

    // The workspace switch goes first when it is turned off and last when it is turned on, so that no action that
    // arrives meanwhile is enabled without review.
    let workspace =
        inputs.only.is_none().then(|| workspace_unit(desired, snapshot, inputs.both_sides));
    let turns_on = desired.new_actions_enabled_by_default == Some(true);
    if let Some(workspace) = workspace {
        if turns_on {
            units.push(workspace);
        } else {
            units.insert(0, workspace);
        }
    }
    let header = Header {
        platform: platform::Kind::Odeus,
        workspace: snapshot.workspace.clone(),
        endpoint: inputs.endpoint.to_owned(),
        today: inputs.today,
        reads: inputs.reads,
        rights: loss::rights(snapshot),
        sources: inputs.sources,
    };
    let plan = assemble(header, units);
    (Some(plan), problems)
}

fn workspace_unit(desired: &Desired, snapshot: &Snapshot, both_sides: bool) -> UnitPlan {
    let mut unit = UnitPlan::default();
    let live = snapshot.settings.new_actions_enabled_by_default;
    let address = Address::workspace().child("new_actions_enabled_by_default");
    match desired.new_actions_enabled_by_default {
        None => unit.left_alone.push(LeftAlone::fact(
            address,
            format!("new actions enabled by default is {}", if live { "on" } else { "off" }),
        )),
        Some(wanted) if wanted != live => {
            let operation = Operation::SetNewActionsDefault { enabled: wanted };
            if live {
                unit.losses.push(Loss::of(address.clone(), LossKind::Setting));
            }
            unit.privilege.push(new_actions(wanted));
            if wanted {
                unit.findings.push(findings::privilege_widens::new_actions(address.clone()));
            }
            unit.changes.push(Change {
                address: address.clone(),
                kind: "odeus_workspace".to_owned(),
                unit: Address::workspace(),
                declared_at: address,
                before: json!(live),
                after: json!(wanted),
                catalog_change: false,
            });
            unit.effective = both_sides.then(|| Effective {
                unit: Address::workspace(),
                before: settings(live),
                after: settings(wanted),
            });
            unit.operations.push(PlannedOperation {
                unit: operation.unit(),
                address: operation.address(),
                operation: platform::Operation::Odeus(operation),
                before: json!(live),
                effect: Effect::default(),
            });
        }
        Some(_) => {}
    }
    let undeclared: Vec<String> = snapshot
        .integrations
        .keys()
        .filter(|key| !desired.integrations.contains_key(*key))
        .map(ToString::to_string)
        .collect();
    if !undeclared.is_empty() {
        unit.left_alone.push(LeftAlone {
            address: Address::workspace(),
            what: format!(
                "{} no file declares",
                crate::plan::count(undeclared.len(), "integration", "integrations")
            ),
            names: undeclared,
        });
    }
    unit
}

/// Returns what it means that actions which the vendor adds are on at once, or no longer are.
#[must_use]
pub(super) fn new_actions(enabled: bool) -> PrivilegeChange {
    let address = Address::workspace().child("new_actions_enabled_by_default");
    let right = Right::Setting { address: address.clone(), lets_in: LetsIn::FutureActions };
    PrivilegeChange {
        unit: Address::workspace(),
        direction: if enabled { Direction::Widening } else { Direction::Narrowing },
        right,
        causes: vec![Cause { kind: CauseKind::Declared, address: Some(address) }],
        admin_consent: None,
        level: None,
        access: None,
        doubt: None,
    }
}

fn unit(
    mut owned: Prospect<'_>,
    desired: &Desired,
    snapshot: &Snapshot,
    both_sides: bool,
) -> UnitPlan {
    let prospect = &owned;
    let scene = findings::Scene { desired, snapshot };
    let (findings, observed_findings) = findings::all(&scene, prospect);
    let changes = changes(prospect);
    let effective = (both_sides && !prospect.operations.is_empty()).then(|| Effective {
        unit: prospect.address.clone(),
        before: effective(prospect.facts(), prospect.before()),
        after: effective(prospect.facts(), &prospect.after),
    });
    let moves = !changes.is_empty() || !prospect.operations.is_empty();
    let comparison = (both_sides && moves).then(|| {
        let (facts, before) = (prospect.facts(), prospect.before());
        compare(&prospect.address, facts, before, &prospect.after)
    });
    let mut unit = UnitPlan {
        operations: Vec::new(),
        privilege: privilege(prospect),
        breakage: breakage(prospect),
        losses: loss::losses(prospect),
        findings,
        observed_findings,
        relied_on: relied_on(prospect, snapshot),
        unreviewed: unreviewed(prospect),
        people: people(prospect),
        tokens: None,
        groups: members(&changes, &snapshot.directory),
        scope_access: listed(prospect, &changes).into_iter().collect(),
        affected: prospect.people.must.difference(&prospect.people.had_to).cloned().collect(),
        left_alone: left_alone(prospect),
        valid_until: prospect.proposal.acknowledged.iter().filter_map(|(_, a)| a.until).min(),
        changes,
        effective,
        comparison: comparison.map(platform::Comparison::Odeus),
    };
    // Moved, not copied: everything else has been read off by now.
    unit.operations = std::mem::take(&mut owned.operations);
    unit
}

/// Returns who is in each group that a change shares something with and that it was not shared with.
pub(super) fn members(
    changes: &[Change],
    directory: &Directory,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for Change { before, after, .. } in changes {
        let before: Vec<&str> = value::groups(before).collect();
        names.extend(value::groups(after).filter(|name| !before.contains(name)));
    }
    let members = names.into_iter().map(|name| {
        let users = directory.groups.get(name).into_iter().flatten();
        (name.to_owned(), users.map(ToString::to_string).collect())
    });
    members.collect()
}

/// Returns what is known of each scope of the list kept by hand, where a change is about it.
fn listed(
    prospect: &Prospect<'_>,
    changes: &[Change],
) -> Option<(Address, BTreeMap<Scope, ScopeAccess>)> {
    let kept = prospect.after.client.mode() == Some(Mode::Fixed);
    if !kept || !changes.iter().any(|change| change.kind == CLIENT) {
        return None;
    }
    let provider = &prospect.facts().provider;
    let known = |scope: &Scope| Some((scope.clone(), scope_facts::access(provider, scope)?));
    Some((prospect.address.clone(), prospect.after.requested.iter().filter_map(known).collect()))
}

/// Returns what is known of each scope that changes put into a list kept by hand, by unit: as much of [`listed`] as the
/// changes alone show.
pub(super) fn kept_by_hand(
    changes: &[Change],
    snapshot: &Snapshot,
) -> BTreeMap<Address, BTreeMap<Scope, ScopeAccess>> {
    let mut kept: BTreeMap<Address, BTreeMap<Scope, ScopeAccess>> = BTreeMap::new();
    for Change { unit, after, .. } in changes.iter().filter(|change| change.kind == CLIENT) {
        let live = unit.as_str().try_into().ok();
        let live = live.and_then(|key: IntegrationKey| snapshot.integrations.get(&key));
        let Some(live) = live else { continue };
        let known = value::kept_by_hand(after).filter_map(|name| name.try_into().ok()).filter_map(
            |scope: Scope| Some((scope_facts::access(&live.facts.provider, &scope)?, scope)),
        );
        kept.entry(unit.clone()).or_default().extend(known.map(|(access, scope)| (scope, access)));
    }
    kept
}

fn changes(prospect: &Prospect<'_>) -> Vec<Change> {
    let (unit, before, after) = (&prospect.address, prospect.before(), &prospect.after);
    let mut changes = change::own(unit, before, after);
    let list = unit.child("oauth").child("scopes");
    for own in changes.iter_mut().filter(|own| own.address == list) {
        own.catalog_change = follows_recommendation(prospect);
    }
    for planned in &prospect.operations {
        let platform::Operation::Odeus(Operation::Integration { change: op, .. }) =
            &planned.operation
        else {
            continue;
        };
        if let IntegrationOperation::ConfirmPending { scopes } = op {
            let field = ["oauth", "pending_scopes"];
            let pending = change::line(unit, &field, CLIENT, json!([]), value::scopes(scopes));
            changes.push(Change { catalog_change: true, ..pending });
        }
    }
    for (key, toggled) in change::actions(unit, before, after) {
        changes.push(Change { declared_at: prospect.declared_at(key), ..toggled });
    }
    for (key, _) in &prospect.proposal.unacknowledged {
        let (Some(own), Some(wanted)) = (before.actions.get(key), prospect.target.actions.get(key))
        else {
            continue;
        };
        let field = ["actions", key.as_str()];
        let (old, new) = (value::action(own), value::access(wanted.access));
        let blocked = change::line(unit, &field, value::ACTION, old, new);
        changes.push(Change { declared_at: prospect.declared_at(key), ..blocked });
    }
    changes
}

fn people(prospect: &Prospect<'_>) -> Option<PeopleEffect> {
    if prospect.operations.is_empty() || prospect.connections.is_empty() {
        return None;
    }
    let (before, after) = (prospect.before(), &prospect.after);
    let (had_to, must) = (&prospect.people.had_to, &prospect.people.must);
    let held = &prospect.people.still_hold;
    if must == had_to && held.is_empty() {
        return None;
    }
    let same_client = before.client.identity() == after.client.identity();
    let reason = if must.is_empty() || same_client && must.is_subset(had_to) {
        ReconnectReason::Nobody
    } else if same_client {
        ReconnectReason::NewScopes
    } else {
        ReconnectReason::NewClient
    };
    Some(PeopleEffect {
        unit: prospect.address.clone(),
        already: must.intersection(had_to).map(ToString::to_string).collect(),
        must_reconnect: must.iter().map(ToString::to_string).collect(),
        reason,
        still_hold: held
            .iter()
            .map(|(scope, users)| StillHolds {
                scope: scope.clone(),
                users: users.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        connected: prospect.connections.len(),
    })
}

fn left_alone(prospect: &Prospect<'_>) -> Vec<LeftAlone> {
    let mut left = Vec::new();
    let live = prospect.before();
    let mut note = |field: &str, what: String| {
        left.push(LeftAlone::fact(prospect.address.child(field), what));
    };
    if prospect.target.desired.access.is_none() {
        note("access", format!("open to {}", live.access));
    }
    if prospect.target.desired.oauth.is_none() {
        let mode = live.client.mode().map(|mode| format!("mode {}", mode.name()));
        note("oauth", mode.unwrap_or_else(|| "no client configured".to_owned()));
    }
    let (mut on, mut off) = (0_usize, 0_usize);
    for (key, own) in &live.actions {
        let native = prospect.facts().actions.get(key).is_some_and(|action| action.native);
        if native || prospect.target.actions.contains_key(key) {
            continue;
        }
        if own.access.is_on() { on += 1 } else { off += 1 }
    }
    if on + off > 0 {
        let actions = crate::plan::count(on + off, "action", "actions");
        note("actions", format!("{actions} no line names: {on} on, {off} off"));
    }
    left
}

fn relied_on(prospect: &Prospect<'_>, snapshot: &Snapshot) -> Vec<Reliance> {
    let mut facts: Vec<Address> = Vec::new();
    for planned in &prospect.operations {
        let platform::Operation::Odeus(Operation::Integration { change, .. }) = &planned.operation
        else {
            continue;
        };
        match change {
            IntegrationOperation::SetIntegrationAccess { access }
            | IntegrationOperation::SetActionAccess { access, .. } => {
                let Access::Only(list) = access else { continue };
                facts.extend(list.iter().map(principal_address));
            }
            IntegrationOperation::SetClient { .. }
            | IntegrationOperation::SetFixedScopes { .. } => {
                facts.push(Address::workspace().child("deployment"));
                if follows_recommendation(prospect) {
                    facts.push(prospect.address.child("recommended_scopes"));
                }
            }
            IntegrationOperation::ConfirmPending { .. } => {}
        }
    }
    if prospect.declares_fixed() && !prospect.operations.is_empty() {
        facts.push(Address::workspace().child("new_actions_enabled_by_default"));
    }
    facts
        .into_iter()
        .filter_map(|address| {
            let value = fact(&address, snapshot)?;
            Some(Reliance { address, value })
        })
        .collect()
}

fn principal_address(principal: &Principal) -> Address {
    match principal {
        Principal::Group(group) => Address::of(&["directory", "groups", group.as_str()]),
        Principal::User(user) => Address::of(&["directory", "users", user.as_str()]),
    }
}

/// Returns the live value of a fact that a plan may rely on, in words, or `None` when there is no such thing any more.
/// The planner and apply's stale check read facts through this one function.
#[must_use]
pub fn fact(address: &Address, snapshot: &Snapshot) -> Option<String> {
    let parts: Vec<&str> = address.as_str().splitn(3, '/').collect();
    match parts.as_slice() {
        ["workspace", "deployment"] => {
            serde_json::to_value(snapshot.settings.deployment).ok()?.as_str().map(str::to_owned)
        }
        ["workspace", "new_actions_enabled_by_default"] => {
            Some(snapshot.settings.new_actions_enabled_by_default.to_string())
        }
        ["directory", "groups", key] => {
            snapshot.directory.groups.contains_key(*key).then(|| "exists".to_owned())
        }
        ["directory", "users", key] => {
            snapshot.directory.users.contains_key(*key).then(|| "exists".to_owned())
        }
        [integration, "recommended_scopes"] => {
            let live = snapshot.integrations.get(*integration)?;
            Some(live.facts.recommended_scopes().to_string())
        }
        _ => None,
    }
}
