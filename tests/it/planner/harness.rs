//! A workspace from YAML, wishes from YAML, and the plan between them: no database, no network, no clock.

use std::sync::LazyLock;

use scopeform::config::{self, Config, bundled_catalog};
use scopeform::diag::Problem;
use scopeform::model::{Scope, ScopeSet, WorkspaceId};
use scopeform::plan::{Finding, Plan, policy};
use scopeform::platform;
use scopeform::platform::odeus::desired::Desired;
use scopeform::platform::odeus::genesis;
use scopeform::platform::odeus::machine::{Context, transition};
use scopeform::platform::odeus::operation::{IntegrationOperation, Operation};
use scopeform::platform::odeus::planner::{self, Inputs};
use scopeform::platform::odeus::state::Snapshot;
use scopeform::source::SourceMap;

use crate::odeus::fixture::key;

/// The date of every plan that does not say otherwise.
pub(crate) const TODAY: &str = "2026-11-22";

/// Returns the workspace `acme` of a world file: the bundled catalogue, four people, and what `body` says. OneDrive and
/// Dynamics are rolled out, so that their scopes can be managed.
pub(crate) fn world(body: &str) -> Snapshot {
    let text = format!(
        "kind: world\nworkspaces:\n  acme:\n    rollout: [onedrive, dynamics-365]\n    \
         users: {{ana@acme.example: admin, ben@acme.example: member, cleo@acme.example: editor, \
         dan@acme.example: member}}\n    \
         groups: {{content-team: [ben@acme.example], sales: [cleo@acme.example], empty: []}}\n{}",
        indented(body, 4)
    );
    let mut sources = SourceMap::new();
    sources.add("world.yaml", &text);
    let (world, out) = config::world::load(&sources);
    assert!(out.is_empty(), "{text}\n{out:?}");
    let acme = WorkspaceId::try_from("acme").unwrap();
    genesis::snapshot(&acme, &world.odeus.workspaces["acme"], &bundled_catalog()).unwrap()
}

/// Every action off, the vendor's clients.
pub(crate) static QUIET: LazyLock<Snapshot> = LazyLock::new(|| world("actions: nobody\n"));

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

/// Reads one configuration file without a header, which must be valid.
pub(crate) fn wishes(body: &str) -> Config {
    let mut sources = SourceMap::new();
    sources.add("acme.yaml", with_header(body));
    let (mut configs, out) = config::load(&sources);
    assert!(!out.has_errors(), "{body}\n{out:?}");
    configs.pop().unwrap()
}

pub(crate) fn with_header(body: &str) -> String {
    format!("version: 1\nplatform: odeus\nworkspace: acme\n{body}\n")
}

pub(crate) fn desired(config: &Config) -> &Desired {
    let config::Desired::Odeus(desired) = &config.desired else { panic!("another platform") };
    desired
}

/// Returns the plan of a configuration for a workspace, and the problems with names.
pub(crate) fn plan_of(yaml: &str, live: &Snapshot) -> (Option<Plan>, Vec<Problem>) {
    plan_on(TODAY, yaml, live)
}

/// [`plan_of`] on another day.
pub(crate) fn plan_on(today: &str, yaml: &str, live: &Snapshot) -> (Option<Plan>, Vec<Problem>) {
    let config = wishes(yaml);
    let inputs = Inputs {
        today: today.parse().unwrap(),
        endpoint: "embedded",
        reads: 3,
        sources: Vec::new(),
        only: None,
        both_sides: true,
    };
    let (mut plan, problems) = planner::plan(desired(&config), live, inputs);
    if let Some(plan) = &mut plan {
        policy::enforce(plan, vec![config.policy.clone()]);
    }
    (plan, problems)
}

/// Returns the plan of wishes that name nothing unknown.
#[track_caller]
pub(crate) fn plan(yaml: &str, live: &Snapshot) -> Plan {
    let (plan, problems) = plan_of(yaml, live);
    plan.unwrap_or_else(|| panic!("{problems:?}"))
}

/// Returns the plan of wishes that were never written down.
pub(crate) fn plan_for(desired: &Desired, live: &Snapshot) -> Plan {
    plan_with(true, desired, live)
}

/// [`plan_for`], with or without both sides of what changes.
pub(crate) fn plan_with(both_sides: bool, desired: &Desired, live: &Snapshot) -> Plan {
    let inputs = Inputs {
        today: TODAY.parse().unwrap(),
        endpoint: "embedded",
        reads: 3,
        sources: Vec::new(),
        only: None,
        both_sides,
    };
    let (plan, problems) = planner::plan(desired, live, inputs);
    plan.unwrap_or_else(|| panic!("{problems:?}"))
}

/// Returns the workspace after every operation of the plan, by the machine.
#[track_caller]
pub(crate) fn apply_to(live: &Snapshot, plan: &Plan) -> Snapshot {
    let operations: Vec<&Operation> = operations(plan).collect();
    carried_out(live, &operations).unwrap()
}

/// Returns the operations of the plan.
pub(crate) fn operations(plan: &Plan) -> impl Iterator<Item = &Operation> {
    plan.bound.operations.iter().map(|planned| match &planned.operation {
        platform::Operation::Odeus(operation) => operation,
        platform::Operation::Trustpager(_) => panic!("a plan of another platform"),
    })
}

/// Returns the workspace after some operations, or why the platform refuses one of them.
pub(crate) fn carried_out(live: &Snapshot, operations: &[&Operation]) -> Result<Snapshot, String> {
    let mut next = live.clone();
    for operation in operations {
        match operation {
            Operation::SetNewActionsDefault { enabled } => {
                next.settings.new_actions_enabled_by_default = *enabled;
            }
            Operation::Integration { integration, change } => {
                let one = next.integrations.get_mut(integration).unwrap();
                let context = Context {
                    facts: &one.facts,
                    settings: &next.settings,
                    directory: &next.directory,
                };
                let (state, _) = transition(context, &one.state, change)
                    .map_err(|rejected| format!("{operation}: {rejected}"))?;
                one.state = state;
            }
        }
    }
    Ok(next)
}

/// Lets the vendor publish what `change` makes of one integration's catalogue.
pub(crate) fn publish(
    live: &mut Snapshot,
    integration: &str,
    change: impl FnOnce(&mut platform::odeus::catalog::Integration),
) {
    let one = live.integrations.get_mut(integration).unwrap();
    let mut facts = (*one.facts).clone();
    change(&mut facts);
    one.state = platform::odeus::event::publish(&facts, &one.state, &live.settings);
    one.facts = facts.into();
}

/// Lets the vendor call `get_page` of SharePoint `fetch_page`, which was called `earlier` before.
pub(crate) fn rename(live: &mut Snapshot, earlier: &[&str]) {
    publish(live, "sharepoint", |facts| {
        let mut action = facts.actions.remove("get_page").unwrap();
        action.key = key("fetch_page");
        action.renamed_from.extend(earlier.iter().map(|name| key(name)));
        facts.actions.insert(action.key.clone(), action);
    });
}

/// Returns the operations as sentences.
pub(crate) fn steps(plan: &Plan) -> Vec<String> {
    operations(plan).map(ToString::to_string).collect()
}

/// Returns the writes to one integration, without the integration.
pub(crate) fn writes(plan: &Plan) -> Vec<&IntegrationOperation> {
    let all = operations(plan).filter_map(|operation| match operation {
        Operation::Integration { change, .. } => Some(change),
        Operation::SetNewActionsDefault { .. } => None,
    });
    all.collect()
}

/// Returns the addresses that change.
pub(crate) fn changed(plan: &Plan) -> Vec<&str> {
    plan.bound.changes.iter().map(|change| change.address.as_str()).collect()
}

/// Returns what all operations together request and drop: `(added, removed)`.
pub(crate) fn scopes(plan: &Plan) -> (String, String) {
    let (mut add, mut remove) = (ScopeSet::new(), ScopeSet::new());
    for planned in &plan.bound.operations {
        add.extend_from(&planned.effect.scopes.add);
        remove.extend_from(&planned.effect.scopes.remove);
    }
    (add.to_string(), remove.to_string())
}

/// Returns the findings of one code.
pub(crate) fn found<'p>(plan: &'p Plan, code: &str) -> Vec<&'p Finding> {
    plan.findings().filter(|finding| finding.code == code).collect()
}

/// Returns `severity code` of every finding, in the order of the plan.
pub(crate) fn codes(plan: &Plan) -> Vec<String> {
    plan.findings().map(|f| format!("{} {}", f.severity.name(), f.code)).collect()
}

pub(crate) fn scope(text: &str) -> Scope {
    Scope::try_from(text).unwrap()
}
