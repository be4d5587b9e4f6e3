//! The planner for TrustPager: wishes, snapshot and date in, plan out. Total, pure, and unable to write.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::catalog::Catalog;
use super::compare;
use super::consequence;
use super::desired::Desired;
use super::effective as text;
use super::findings;
use super::loss;
use super::machine::token_may;
use super::operation::{Operation, RevokeReason};
use super::prospect::{ClientProspect, KeyProspect};
use super::resolve::{KeyTarget, resolve};
use super::state::{AccessList, Caller, Snapshot, Token};
use super::tokens::token_effect;
use super::value;
use crate::diag::Problem;
use crate::model::Address;
pub use crate::plan::assemble::Inputs;
use crate::plan::assemble::{Header, UnitPlan, assemble};
use crate::plan::{Change, Effective, LeftAlone, Loss, LossKind, Plan, Reliance, SourceRange};
use crate::platform;

/// Returns the plan that turns `snapshot` into `desired`, and the problems with names in the files.
///
/// With an error among the problems there is no plan; every other wish has one, if need be with a blocker in it.
#[must_use]
pub fn plan(
    desired: &Desired,
    snapshot: &Snapshot,
    inputs: Inputs<'_>,
) -> (Option<Plan>, Vec<Problem>) {
    let (clients, keys, problems) = resolve(desired, snapshot);
    if problems.iter().any(Problem::is_error) {
        return (None, problems);
    }
    let mut units: Vec<UnitPlan> = Vec::new();
    for target in clients.into_iter().filter(|target| inputs.wants(&target.address)) {
        let prospect = ClientProspect::new(target, snapshot, inputs.today);
        let mut unit = client_unit(&prospect, snapshot);
        if inputs.both_sides && !unit.operations.is_empty() {
            unit.effective = Some(Effective {
                unit: prospect.target.address.clone(),
                before: text::client(&prospect.target.live.state, snapshot),
                after: text::client(&prospect.after, snapshot),
            });
            let sides = compare::client(&prospect, snapshot);
            unit.comparison = Some(platform::Comparison::Trustpager(sides));
        }
        units.push(unit);
    }
    let mut sources = Vec::new();
    for target in keys.into_iter().filter(|target| inputs.wants(&target.address)) {
        sources.extend(under_present_names(&target, &inputs.sources));
        let prospect = KeyProspect::new(target, snapshot);
        let mut unit = key_unit(&prospect, snapshot);
        if inputs.both_sides && !unit.changes.is_empty() {
            unit.effective = prospect.operation.as_ref().map(|_| key_effective(&prospect.target));
            let sides = compare::key(&prospect, snapshot);
            unit.comparison = Some(platform::Comparison::Trustpager(sides));
        }
        units.push(unit);
    }
    if inputs.only.is_none() {
        units.push(undeclared(desired, snapshot));
    }
    let header = Header {
        platform: platform::Kind::Trustpager,
        workspace: snapshot.workspace.clone(),
        endpoint: inputs.endpoint.to_owned(),
        today: inputs.today,
        reads: inputs.reads,
        rights: loss::rights(snapshot),
        sources: inputs.sources.into_iter().chain(sources).collect(),
    };
    let plan = assemble(header, units);
    (Some(plan), problems)
}

/// Returns the lines of a key that name a resource otherwise than the platform does, under its present name: a key changes
/// as a whole, so that what a finding says of one resource has no change that knows its line.
fn under_present_names(target: &KeyTarget<'_>, sources: &[SourceRange]) -> Vec<SourceRange> {
    let other = target.declared_at.iter().filter(|(present, line)| present != line);
    let range = |(present, line): (&Address, &Address)| {
        let range = sources.iter().find(|range| range.address == *line)?;
        Some(SourceRange { address: present.clone(), ..range.clone() })
    };
    other.filter_map(range).collect()
}

fn undeclared(desired: &Desired, snapshot: &Snapshot) -> UnitPlan {
    let mut unit = UnitPlan::default();
    let clients = snapshot.clients.keys().filter(|name| !desired.clients.contains_key(*name));
    let keys = snapshot.keys.keys().filter(|name| !desired.keys.contains_key(*name));
    for (names, one, many) in [
        (clients.map(ToString::to_string).collect::<Vec<_>>(), "OAuth client", "OAuth clients"),
        (keys.map(ToString::to_string).collect(), "API key", "API keys"),
    ] {
        if !names.is_empty() {
            unit.left_alone.push(LeftAlone {
                address: Address::workspace(),
                what: format!("{} no file declares", crate::plan::count(names.len(), one, many)),
                names,
            });
        }
    }
    unit
}

fn client_unit(prospect: &ClientProspect<'_>, snapshot: &Snapshot) -> UnitPlan {
    let (findings, observed_findings) = findings::client(prospect, snapshot);
    UnitPlan {
        changes: client_changes(prospect, &snapshot.catalog),
        operations: prospect.operations.clone(),
        privilege: consequence::client(
            &prospect.target.address,
            (&prospect.target.before, &prospect.after.access),
            prospect.revoked(),
            &snapshot.catalog,
        ),
        losses: loss::client(prospect, &snapshot.catalog),
        affected: loss::affected(&prospect.target.live.state, &prospect.after, snapshot),
        findings,
        observed_findings,
        relied_on: relied_on(prospect, snapshot),
        tokens: token_effect(
            &prospect.target.address,
            prospect.target.name,
            (&prospect.target.live.state, &prospect.after),
            snapshot,
        ),
        left_alone: client_left_alone(prospect, snapshot),
        ..UnitPlan::default()
    }
}

/// Returns a tier as a value; a resource that a list leaves out has the tier that begins its ladder.
fn tier_words(list: &AccessList, key: &super::name::ResourceKey, catalog: &Catalog) -> Value {
    let first = || catalog.resources.get(key)?.tiers.first().map(|own| &own.tier);
    let tier = list.tiers.get(key).or_else(first);
    tier.map_or(Value::Null, |tier| json!(tier.as_str()))
}

fn client_changes(prospect: &ClientProspect<'_>, catalog: &Catalog) -> Vec<Change> {
    let target = &prospect.target;
    let (before, after) = (&target.before, &prospect.after.access);
    let mut changes = list_changes(&target.address, (before, after), catalog, &target.declared_at);
    for (token, _) in prospect.revoked() {
        let line = token_change(&target.address, token);
        changes.push(Change { declared_at: prospect.line_of(token.id.as_str()), ..line });
    }
    changes
}

/// Returns the line of a token that ends.
pub(super) fn token_change(unit: &Address, token: &Token) -> Change {
    let address = unit.child("tokens").child(token.id.as_str());
    Change {
        declared_at: address.clone(),
        address,
        kind: "trustpager_token".to_owned(),
        unit: unit.clone(),
        before: value::token(token),
        after: Value::Null,
        catalog_change: false,
    }
}

/// Returns the line of a key that begins, changes or ends.
pub(super) fn key_change(
    unit: &Address,
    live: Option<&super::state::KeyGrants>,
    wanted: Option<&super::state::KeyGrants>,
) -> Change {
    Change {
        address: unit.clone(),
        kind: "trustpager_api_key".to_owned(),
        unit: unit.clone(),
        declared_at: unit.clone(),
        before: live.map_or(Value::Null, value::key),
        after: wanted.map_or(Value::Null, value::key),
        catalog_change: false,
    }
}

/// Returns the lines of a list, one for each resource that differs.
pub(super) fn list_changes(
    unit: &Address,
    (before, after): (&AccessList, &AccessList),
    catalog: &Catalog,
    lines: &BTreeMap<Address, Address>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut push = |field: &str, resource: &super::name::ResourceKey, old: Value, new: Value| {
        if old != new {
            let address = unit.child(field).child(resource.as_str());
            changes.push(Change {
                declared_at: lines.get(&address).unwrap_or(&address).clone(),
                address,
                kind: "trustpager_access".to_owned(),
                unit: unit.clone(),
                before: old,
                after: new,
                catalog_change: false,
            });
        }
    };
    let resources: std::collections::BTreeSet<_> =
        before.tiers.keys().chain(after.tiers.keys()).collect();
    for resource in resources {
        let words = |list| tier_words(list, resource, catalog);
        push("resources", resource, words(before), words(after));
    }
    let verbs: std::collections::BTreeSet<_> =
        before.verbs.keys().chain(after.verbs.keys()).collect();
    for resource in verbs {
        let list = |of: &AccessList| json!(of.verbs.get(resource).cloned().unwrap_or_default());
        push("verbs", resource, list(before), list(after));
    }
    changes
}

fn relied_on(prospect: &ClientProspect<'_>, snapshot: &Snapshot) -> Vec<Reliance> {
    if prospect.operations.is_empty() {
        return Vec::new();
    }
    let holders = prospect.target.desired.tokens.holders.iter();
    let groups = holders.flat_map(|holders| holders.groups.iter());
    groups
        .filter_map(|group| {
            let address = Address::of(&["directory", "groups", group.as_str()]);
            let value = fact(&address, snapshot)?;
            Some(Reliance { address, value })
        })
        .collect()
}

/// Returns the live value of a fact that a plan may rely on, in words, or `None` when there is no such thing any more.
#[must_use]
pub fn fact(address: &Address, snapshot: &Snapshot) -> Option<String> {
    let key = address.as_str().strip_prefix("directory/groups/")?;
    let members = snapshot.groups.get(key)?;
    // Who is in the group decides whose tokens are revoked, so its members are the fact.
    let members: Vec<&str> = members.iter().map(crate::model::UserId::as_str).collect();
    Some(members.join(" "))
}

fn client_left_alone(prospect: &ClientProspect<'_>, snapshot: &Snapshot) -> Vec<LeftAlone> {
    let target = &prospect.target;
    let named = |key: &super::name::ResourceKey| {
        let at = |field| target.address.child(field).child(key.as_str());
        ["resources", "verbs"].into_iter().any(|field| target.declared_at.contains_key(&at(field)))
    };
    let unnamed = snapshot.catalog.resources.keys().filter(|key| !named(key)).count();
    let mut left = Vec::new();
    if unnamed > 0 {
        let n = crate::plan::count(unnamed, "resource", "resources");
        left.push(LeftAlone::fact(
            target.address.child("resources"),
            format!("{n} no line names keep their tier"),
        ));
    }
    let tokens = &target.desired.tokens;
    if tokens.holders.is_none()
        && tokens.max_idle_days.is_none()
        && !target.live.state.tokens.is_empty()
    {
        let n = target.live.state.tokens.len();
        let n = crate::plan::count(n, "active token is", "active tokens are");
        left.push(LeftAlone::fact(
            target.address.child("tokens"),
            format!("{n} kept: the files do not say who may hold them"),
        ));
    }
    left
}

fn key_unit(prospect: &KeyProspect<'_>, snapshot: &Snapshot) -> UnitPlan {
    let target = &prospect.target;
    let unit = &target.address;
    let (findings, observed_findings) = findings::key(prospect, snapshot);
    let mut plan = UnitPlan { findings, observed_findings, ..UnitPlan::default() };
    let live = target.before.as_ref();
    let wanted = target.wanted.grants();
    if live == wanted {
        return plan;
    }
    plan.changes.push(key_change(unit, live, wanted));
    plan.privilege = consequence::key(unit, live, wanted, &snapshot.catalog);
    plan.losses = loss::key(prospect, &snapshot.catalog);
    plan.operations.extend(prospect.operation.clone());
    plan
}

fn key_effective(target: &KeyTarget<'_>) -> Effective {
    let wanted = target.wanted.grants();
    Effective {
        unit: target.address.clone(),
        before: target.before.as_ref().map(text::key).unwrap_or_default(),
        after: wanted.map(text::key).unwrap_or_default(),
    }
}

/// Returns the plan that revokes one token by hand.
///
/// # Errors
/// When the client has no such active token.
pub fn revoke_plan(
    context: super::machine::Context<'_>,
    snapshot: &Snapshot,
    unit: &Address,
    client: &super::name::ClientName,
    token: &Token,
    reason: &str,
    header: Header,
) -> Result<Plan, super::machine::Rejected> {
    let why = RevokeReason::Named { reason: reason.to_owned() };
    let operation = Operation::RevokeToken { client: client.clone(), token: token.id.clone(), why };
    let state = snapshot.clients.get(client).map(|live| live.state.clone());
    let state = state.ok_or_else(|| super::machine::Rejected::NoSuchToken(token.id.clone()))?;
    let machine = super::machine::Machine::new(context, unit.clone(), state);
    let affected = std::iter::once(token.user.clone()).collect();
    let header = Header { rights: loss::rights(snapshot), ..header };
    let (operations, _) = super::prospect::replay(machine, &[operation])?;
    let address = unit.child("tokens").child(token.id.as_str());
    let why = RevokeReason::Named { reason: reason.to_owned() };
    let change = token_change(unit, token);
    let waits = |item: &&super::state::QueuedItem| {
        let Caller::Token { client: whose, token: by } = &item.caller else { return false };
        let role = snapshot.users.get(&token.user);
        let list = snapshot.clients.get(client).map(|live| &live.state.access);
        let resource = snapshot.catalog.resource(&item.resource);
        whose == client
            && *by == token.id
            && list.zip(resource).is_some_and(|(list, resource)| {
                token_may(&snapshot.catalog, list, resource, role, &item.verb).is_some()
            })
    };
    let queued_affected = snapshot.queue.iter().filter(waits).count();
    let unit = UnitPlan {
        observed_findings: findings::revoked_by_hand(unit, queued_affected),
        changes: vec![change],
        operations,
        losses: vec![Loss::of(address, LossKind::Credential)],
        privilege: vec![consequence::revoked(unit, token, &why)],
        affected,
        ..UnitPlan::default()
    };
    Ok(assemble(header, vec![unit]))
}

/// Returns whether an operation is one of this platform's that names a client.
#[must_use]
pub fn client_of(operation: &platform::Operation) -> Option<&super::name::ClientName> {
    match operation {
        platform::Operation::Trustpager(
            Operation::RevokeToken { client, .. } | Operation::SetClientAccess { client, .. },
        ) => Some(client),
        _ => None,
    }
}
