//! Compares plans with snapshots, for apply. Pure: the same fold that made the plan checks it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::{Value, json};

use super::course::{Course, Resource};
use super::loss;
use super::machine::{Context, Machine, Rejected};
use super::operation::{IntegrationOperation, Operation};
use super::passage::Passage;
use super::people::Grants;
use super::planner::{fact, kept_by_hand, members, new_actions};
use super::prospect::replay;
use super::state::{Connection, IntegrationState, Snapshot};
use super::value;
use crate::apply::{Adapter, Difference, Settled, Stale, Unexplained};
use crate::model::{Address, Effect, IntegrationKey, UserId};
use crate::plan::consequence::Consequences;
use crate::plan::told::Told;
use crate::plan::{Bound, Loss, LossKind, PlannedOperation, Reliance, Scale, order};
use crate::platform;

/// Odeus, as apply knows it.
#[derive(Debug, Clone, Copy)]
pub struct Odeus;

/// One write to an integration: its place in the plan, the write as planned, and the change itself.
pub(super) type Own<'p> = (usize, &'p PlannedOperation, &'p IntegrationOperation);

/// Returns who must reconnect each integration when the operations have been done, and had not to before.
fn newly_reconnecting<'b>(
    bound: &'b Bound,
    snapshot: &Snapshot,
) -> BTreeMap<&'b IntegrationKey, BTreeSet<UserId>> {
    let mut connections: BTreeMap<&IntegrationKey, Vec<&Connection>> = BTreeMap::new();
    for connection in &snapshot.connections {
        connections.entry(&connection.integration).or_default().push(connection);
    }
    let mut people = BTreeMap::new();
    for (key, operations) in by_integration(bound) {
        let (Some((context, state)), Some(own)) = (context(snapshot, key), connections.get(key))
        else {
            continue;
        };
        let changes: Vec<IntegrationOperation> =
            operations.iter().map(|(_, _, change)| (*change).clone()).collect();
        // What the platform would refuse is stale and reaches nobody.
        if let Ok((_, after)) = replay(Machine::new(context, state.clone()), key, &changes) {
            let grants = Grants::of(own);
            people.insert(key, loss::newly_reconnecting(context, state, &after, &grants));
        }
    }
    people
}

/// Returns the writes of each integration, in plan order.
pub(super) fn by_integration(bound: &Bound) -> BTreeMap<&IntegrationKey, Vec<Own<'_>>> {
    let mut units: BTreeMap<&IntegrationKey, Vec<Own<'_>>> = BTreeMap::new();
    for (index, planned) in bound.operations.iter().enumerate() {
        match &planned.operation {
            platform::Operation::Odeus(Operation::Integration { integration, change }) => {
                units.entry(integration).or_default().push((index, planned, change));
            }
            platform::Operation::Odeus(Operation::SetNewActionsDefault { .. })
            | platform::Operation::Trustpager(_) => {}
        }
    }
    units
}

/// Returns what the machine needs for one integration, and its live state.
pub(super) fn context<'s>(
    snapshot: &'s Snapshot,
    key: &IntegrationKey,
) -> Option<(Context<'s>, &'s IntegrationState)> {
    let live = snapshot.integrations.get(key)?;
    let context = Context {
        facts: &live.facts,
        settings: &snapshot.settings,
        directory: &snapshot.directory,
    };
    Some((context, &live.state))
}

/// Returns what is live once a plan has been carried out on `snapshot`. What the platform would refuse stays as it is.
#[must_use]
pub fn after(bound: &Bound, snapshot: &Snapshot) -> Snapshot {
    let mut end = snapshot.clone();
    for planned in &bound.operations {
        if let platform::Operation::Odeus(Operation::SetNewActionsDefault { enabled }) =
            &planned.operation
        {
            end.settings.new_actions_enabled_by_default = *enabled;
        }
    }
    for (key, operations) in by_integration(bound) {
        let Some((context, state)) = context(snapshot, key) else { continue };
        let changes: Vec<IntegrationOperation> =
            operations.iter().map(|(_, _, change)| (*change).clone()).collect();
        if let Ok((_, state)) = replay(Machine::new(context, state.clone()), key, &changes)
            && let Some(live) = end.integrations.get_mut(key)
        {
            live.state = state;
        }
    }
    end
}

fn effect_words(effect: &Effect) -> String {
    let mut words = Vec::new();
    if !effect.scopes.add.is_empty() {
        words.push(format!("adds {}", effect.scopes.add));
    }
    if !effect.scopes.remove.is_empty() {
        words.push(format!("removes {}", effect.scopes.remove));
    }
    if !effect.accepts.is_empty() {
        words.push(format!("accepts without {}", effect.accepts));
    }
    for used in &effect.uses {
        words.push(format!(
            "{} runs for {} instead of {}",
            used.address.name(),
            used.after,
            used.before
        ));
    }
    words.extend(effect.features_lost.iter().map(|feature| format!("breaks {feature}")));
    words.extend(effect.features_restored.iter().map(|feature| format!("restores {feature}")));
    if words.is_empty() { "moves no scope and no action".to_owned() } else { words.join("; ") }
}

/// Returns what has moved under one write.
pub(super) fn compare(planned: &PlannedOperation, now: &PlannedOperation) -> Option<Stale> {
    if planned.before != now.before {
        let address = planned.address.clone();
        return Some(Stale::on(address, planned.before.clone(), now.before.clone()));
    }
    (planned.effect != now.effect).then(|| {
        let (planned_words, live) = (effect_words(&planned.effect), effect_words(&now.effect));
        Stale::on(planned.address.clone(), planned_words, live)
    })
}

/// Returns a fact relied on that is not what it was.
pub(super) fn moved_fact(relied: &Reliance, live: Option<String>) -> Stale {
    let live = live.unwrap_or_else(|| "gone".to_owned());
    Stale::on(relied.address.clone(), relied.value.clone(), live)
}

/// Says of every write that the integration is not there any more.
pub(super) fn gone(operations: &[Own<'_>]) -> Vec<Stale> {
    let line = |(_, planned, _): &Own<'_>| {
        Stale::on(planned.address.clone(), planned.before.clone(), "the integration is gone")
    };
    operations.iter().map(line).collect()
}

/// Returns the fields that do not hold what their first write was planned on.
pub(super) fn not_before(operations: &[Own<'_>], live: &IntegrationState) -> Vec<Stale> {
    let mut seen = BTreeSet::new();
    let mut moved = Vec::new();
    for (_, planned, change) in operations {
        let now = value::field(change, live);
        if seen.insert(&planned.address) && now != planned.before {
            moved.push(Stale::on(planned.address.clone(), planned.before.clone(), now));
        }
    }
    moved
}

/// Says why the platform would refuse a write by now.
pub(super) fn refused(operations: &[Own<'_>], rejected: &Rejected) -> Option<Stale> {
    let (_, planned, _) = operations.first()?;
    Some(Stale::refused(planned.unit.clone(), rejected.to_string()))
}

impl Adapter for Odeus {
    type Snapshot = Snapshot;
    type Operation = Operation;
    type Resource = Resource;
    type Course<'s> = Course<'s>;

    fn operation(operation: &platform::Operation) -> Option<&Operation> {
        match operation {
            platform::Operation::Odeus(operation) => Some(operation),
            platform::Operation::Trustpager(_) => None,
        }
    }

    fn stale(bound: &Bound, snapshot: &Snapshot, _: Date) -> Vec<Stale> {
        let mut stale = Vec::new();
        for relied in &bound.relied_on {
            let live = fact(&relied.address, snapshot);
            if live.as_ref() != Some(&relied.value) {
                stale.push(moved_fact(relied, live));
            }
        }
        for planned in &bound.operations {
            if let platform::Operation::Odeus(Operation::SetNewActionsDefault { .. }) =
                &planned.operation
            {
                let live = json!(snapshot.settings.new_actions_enabled_by_default);
                if live != planned.before {
                    stale.push(Stale::on(planned.address.clone(), planned.before.clone(), live));
                }
            }
        }
        for (key, operations) in by_integration(bound) {
            let Some((context, state)) = context(snapshot, key) else {
                stale.extend(gone(&operations));
                continue;
            };
            let changes: Vec<IntegrationOperation> =
                operations.iter().map(|(_, _, change)| (*change).clone()).collect();
            match replay(Machine::new(context, state.clone()), key, &changes) {
                Ok((now, _)) => stale.extend(
                    operations
                        .iter()
                        .zip(&now)
                        .filter_map(|((_, planned, _), now)| compare(planned, now)),
                ),
                Err(rejected) => {
                    // Say what moved as far as it can be told, and why the platform would now refuse.
                    stale.extend(not_before(&operations, state));
                    stale.extend(refused(&operations, &rejected));
                }
            }
        }
        Stale::in_order(&mut stale);
        stale
    }

    fn resumed(
        bound: &Bound,
        snapshot: &Snapshot,
        _: Date,
    ) -> Result<BTreeSet<usize>, Unexplained> {
        super::resume::resumed(bound, snapshot)
    }

    fn told(bound: &Bound, snapshot: &Snapshot, _: Date) -> Told {
        let people = newly_reconnecting(bound, snapshot).into_iter();
        let named = |(key, users): (&IntegrationKey, BTreeSet<UserId>)| {
            (Address::of(&[key.as_str()]), users.iter().map(ToString::to_string).collect())
        };
        Told {
            groups: members(&bound.changes, &snapshot.directory),
            people: people.map(named).collect(),
            tokens: Vec::new(),
            scope_access: kept_by_hand(&bound.changes, snapshot),
        }
    }

    fn consequences(
        bound: &Bound,
        done: &BTreeSet<usize>,
        snapshot: &Snapshot,
        _: Date,
    ) -> Consequences {
        let mut all = Consequences::default();
        for planned in &bound.operations {
            if let platform::Operation::Odeus(Operation::SetNewActionsDefault { enabled }) =
                &planned.operation
                && snapshot.settings.new_actions_enabled_by_default != *enabled
            {
                all.privilege.push(new_actions(*enabled));
                if !enabled {
                    all.losses.push(Loss::of(planned.operation.address(), LossKind::Setting));
                }
            }
        }
        for (key, operations) in by_integration(bound) {
            let Some((context, state)) = context(snapshot, key) else { continue };
            let own = operations.iter().filter(|(index, ..)| !done.contains(index));
            let changes: Vec<IntegrationOperation> =
                own.map(|(_, _, change)| (*change).clone()).collect();
            let start = Machine::new(context, state.clone());
            // What the platform would refuse is stale.
            let Ok(ordered) = order::as_given(&start, &changes) else { continue };
            let unit = Address::of(&[key.as_str()]);
            let after = ordered.end.into_state();
            let passage = Passage {
                unit: &unit,
                facts: context.facts,
                before: state,
                after: &after,
                first: &ordered.before,
                last: &ordered.after,
                window: &ordered.window,
            };
            all.extend(passage.consequences());
        }
        all
    }

    fn found(bound: &Bound, snapshot: &Snapshot) -> Vec<platform::Found> {
        super::inverse::found(bound, snapshot).into_iter().map(platform::Found::Odeus).collect()
    }

    fn scale(bound: &Bound, snapshot: &Snapshot, _: Date) -> Scale {
        let people: BTreeSet<UserId> =
            newly_reconnecting(bound, snapshot).into_values().flatten().collect();
        Scale { people: people.len(), rights: loss::rights(snapshot) }
    }

    fn revision(operation: &Operation, snapshot: &Snapshot) -> String {
        match operation {
            Operation::SetNewActionsDefault { .. } => snapshot.settings_revision.clone(),
            Operation::Integration { integration, .. } => snapshot
                .integrations
                .get(integration)
                .map(|live| live.revision.clone())
                .unwrap_or_default(),
        }
    }

    fn settle(operation: &Operation, snapshot: &Snapshot) -> Settled {
        if is_done(operation, snapshot) { Settled::Done } else { Settled::NotDone }
    }

    fn not_needed(_: &Operation, _: &Snapshot, _: Date) -> Option<String> {
        None
    }

    fn differences(
        bound: &Bound,
        done: &BTreeSet<usize>,
        before: &Snapshot,
        after: &Snapshot,
        _: Date,
    ) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (index, planned) in bound.operations.iter().enumerate() {
            let platform::Operation::Odeus(Operation::SetNewActionsDefault { enabled }) =
                &planned.operation
            else {
                continue;
            };
            let setting = |snapshot: &Snapshot| snapshot.settings.new_actions_enabled_by_default;
            let wanted = if done.contains(&index) { setting(before) } else { *enabled };
            if setting(after) != wanted {
                differences.push(Difference {
                    address: planned.address.clone(),
                    planned: json!(wanted),
                    live: json!(setting(after)),
                });
            }
        }
        for (key, operations) in by_integration(bound) {
            let Some((context, state)) = context(before, key) else { continue };
            // What had been done is in `before` already.
            let own = operations.iter().filter(|(index, ..)| !done.contains(index));
            let changes: Vec<IntegrationOperation> =
                own.map(|(_, _, change)| (*change).clone()).collect();
            let Ok((_, end)) = replay(Machine::new(context, state.clone()), key, &changes) else {
                continue;
            };
            let live = after.integrations.get(key).map(|live| &live.state);
            let mut seen = BTreeSet::new();
            for (_, planned, change) in operations {
                if !seen.insert(&planned.address) {
                    continue;
                }
                let wanted = value::field(change, &end);
                let is = live.map_or(Value::Null, |live| value::field(change, live));
                if wanted != is {
                    let address = planned.address.clone();
                    differences.push(Difference { address, planned: wanted, live: is });
                }
            }
            if live.is_some_and(|live| live.requested != end.requested) {
                differences.push(Difference {
                    address: Address::of(&[key.as_str(), "oauth", "requested_scopes"]),
                    planned: value::scopes(&end.requested),
                    live: live.map_or(Value::Null, |live| value::scopes(&live.requested)),
                });
            }
        }
        differences
    }
}

/// Returns whether `operation` has been carried out in `snapshot`.
fn is_done(operation: &Operation, snapshot: &Snapshot) -> bool {
    match operation {
        Operation::SetNewActionsDefault { enabled } => {
            snapshot.settings.new_actions_enabled_by_default == *enabled
        }
        Operation::Integration { integration, change } => {
            let Some(live) = snapshot.integrations.get(integration) else { return false };
            match target(change) {
                Some(wanted) => value::field(change, &live.state) == wanted,
                None => match change {
                    IntegrationOperation::ConfirmPending { scopes } => {
                        scopes.is_subset(&live.state.requested)
                    }
                    _ => false,
                },
            }
        }
    }
}

/// Returns the value of the written field once the write is done; `None` where the write is no single field.
fn target(change: &IntegrationOperation) -> Option<Value> {
    match change {
        IntegrationOperation::SetIntegrationAccess { access } => Some(value::access(access)),
        IntegrationOperation::SetActionAccess { access, accept, .. } => {
            let mut after = super::state::ActionState::with_access(access.clone());
            after.accepted_missing = accept.clone();
            Some(value::action(&after))
        }
        IntegrationOperation::SetClient { client } => Some(value::client_spec(client)),
        IntegrationOperation::SetFixedScopes { scopes } => Some(value::scopes(scopes)),
        IntegrationOperation::ConfirmPending { .. } => None,
    }
}
