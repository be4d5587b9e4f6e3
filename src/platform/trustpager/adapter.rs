//! Compares plans with snapshots, for apply. Pure: the same fold that made the plan checks it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::consequence;
use super::course::{Course, Resource};
use super::loss;
use super::machine::{Context, Machine};
use super::name::{ClientName, KeyName};
use super::operation::{Operation, RevokeReason};
use super::planner::{client_of, fact, key_change, list_changes, token_change};
use super::prospect::{before, planned_key, replay};
use super::state::{AccessList, ClientState, LiveKey, Snapshot};
use super::tokens::token_effect;
use super::value;
use crate::apply::{Adapter, Difference, Settled, Stale, Unexplained};
use crate::model::Address;
use crate::plan::consequence::Consequences;
use crate::plan::told::Told;
use crate::plan::{Bound, PlannedOperation, Reliance, Scale, order};
use crate::platform;

/// TrustPager, as apply knows it.
#[derive(Debug, Clone, Copy)]
pub struct Trustpager;

/// Returns the platform's own operation.
pub(super) fn own(planned: &PlannedOperation) -> Option<&Operation> {
    match &planned.operation {
        platform::Operation::Trustpager(operation) => Some(operation),
        platform::Operation::Odeus(_) => None,
    }
}

fn by_client(bound: &Bound) -> BTreeMap<&ClientName, Vec<&PlannedOperation>> {
    let mut units: BTreeMap<&ClientName, Vec<&PlannedOperation>> = BTreeMap::new();
    for planned in &bound.operations {
        if let Some(client) = client_of(&planned.operation) {
            units.entry(client).or_default().push(planned);
        }
    }
    units
}

/// Returns every client that is written to, by its address, with what it becomes by the operations that are necessary on
/// `today`. What the platform would refuse is stale and becomes nothing.
fn ends<'b>(
    bound: &'b Bound,
    snapshot: &'b Snapshot,
    today: Date,
) -> impl Iterator<Item = (&'b Address, &'b ClientName, ClientState)> {
    by_client(bound).into_iter().filter_map(move |(client, planned)| {
        let live = snapshot.clients.get(client)?;
        let unit = &planned.first()?.unit;
        let operations = planned.into_iter().filter_map(own);
        let needed =
            |operation: &&Operation| Trustpager::not_needed(operation, snapshot, today).is_none();
        let operations: Vec<Operation> = operations.filter(needed).cloned().collect();
        let (_, after) = replay(machine(snapshot, client, &live.state), &operations).ok()?;
        Some((unit, client, after))
    })
}

/// Returns what is live once a plan has been carried out on `snapshot`. What the platform would refuse stays as it is.
#[must_use]
pub fn after(bound: &Bound, snapshot: &Snapshot) -> Snapshot {
    let mut end = snapshot.clone();
    for (client, planned) in by_client(bound) {
        let Some(live) = snapshot.clients.get(client) else { continue };
        let operations: Vec<Operation> = planned.iter().copied().filter_map(own).cloned().collect();
        if let Ok((_, state)) = replay(machine(snapshot, client, &live.state), &operations)
            && let Some(live) = end.clients.get_mut(client)
        {
            live.state = state;
        }
    }
    for operation in bound.operations.iter().filter_map(own) {
        match operation {
            Operation::RevokeToken { .. } | Operation::SetClientAccess { .. } => {}
            Operation::CreateKey { key, grants, deliver: _ } => {
                let live = LiveKey::of(grants.clone());
                end.keys.insert(key.clone(), live);
            }
            Operation::SetKeyAccess { key, grants } => {
                if let Some(live) = end.keys.get_mut(key) {
                    live.grants = grants.clone();
                }
            }
            Operation::RevokeKey { key, reason: _ } => {
                end.keys.remove(key);
            }
        }
    }
    end
}

/// Returns the machine of one client at `state`.
pub(super) fn machine<'s>(
    snapshot: &'s Snapshot,
    client: &ClientName,
    state: &ClientState,
) -> Machine<'s> {
    let context = Context { catalog: &snapshot.catalog, users: &snapshot.users };
    Machine::new(context, Address::of(&["oauth_clients", client.as_str()]), state.clone())
}

/// Says where a list or a key is not what it was: one line per resource, verb list or whole value that moved.
pub(super) fn moved(planned: &PlannedOperation, now: &Value) -> Vec<Stale> {
    let found = leaves(planned, &planned.before, now);
    found.into_iter().map(|(address, planned, live)| Stale::on(address, planned, live)).collect()
}

/// Says where a write that was done before is not as it left it.
pub(super) fn not_left(
    planned: &PlannedOperation,
    operation: &Operation,
    snapshot: &Snapshot,
) -> Vec<Stale> {
    let (left, live) = wanted_and_live(operation, snapshot);
    let found = leaves(planned, &left, &live);
    found.into_iter().map(|(address, left, live)| Stale::left(address, left, live)).collect()
}

/// Returns a fact relied on where it is not what it was.
pub(super) fn moved_fact(relied: &Reliance, snapshot: &Snapshot) -> Option<Stale> {
    let live = fact(&relied.address, snapshot);
    let moved = live.as_ref() != Some(&relied.value);
    let live = live.unwrap_or_else(|| "gone".to_owned());
    moved.then(|| Stale::on(relied.address.clone(), relied.value.clone(), live))
}

/// Says that a client is not there any more.
pub(super) fn gone(client: &ClientName) -> Stale {
    let address = Address::of(&["oauth_clients", client.as_str()]);
    Stale::on(address, "a registered client", "the client is gone")
}

/// Returns where the writes to one client do not find what they were planned on: in their own fields, or where none of
/// them has moved, in what follows from others.
pub(super) fn not_as_planned(wanted: &[&PlannedOperation], machine: Machine<'_>) -> Vec<Stale> {
    let operations: Vec<Operation> = wanted.iter().filter_map(|p| own(p)).cloned().collect();
    let mut found = Vec::new();
    match replay(machine, &operations) {
        Ok((now, _)) => {
            for (planned, now) in wanted.iter().zip(&now) {
                if planned.before != now.before {
                    found.extend(moved(planned, &now.before));
                } else if planned.effect != now.effect {
                    let (effect, live) = (json!(planned.effect), json!(now.effect));
                    found.push(Stale::on(planned.address.clone(), effect, live));
                }
            }
        }
        Err(rejected) => found.extend(
            wanted
                .first()
                .map(|planned| Stale::refused(planned.address.clone(), rejected.to_string())),
        ),
    }
    found
}

/// Returns what a write leaves, and what is live of it: both under the names of the catalogue, so that a resource which one of
/// them has under its earlier name does not count as changed (case 64).
fn wanted_and_live(operation: &Operation, snapshot: &Snapshot) -> (Value, Value) {
    let catalog = &snapshot.catalog;
    let of_key = |key: &KeyName| {
        let live = snapshot.keys.get(key);
        live.map_or(Value::Null, |live| value::key(&live.grants.under_present_names(catalog)))
    };
    match operation {
        Operation::RevokeToken { client, .. } => {
            let state = snapshot.clients.get(client).map(|live| &live.state);
            (Value::Null, state.map_or(Value::Null, |state| before(operation, state)))
        }
        Operation::SetClientAccess { client, access } => {
            let list = |list: &AccessList| value::access(&list.under_present_names(catalog));
            let live = snapshot.clients.get(client);
            (list(access), live.map_or(Value::Null, |live| list(&live.state.access)))
        }
        Operation::CreateKey { key, grants, .. } | Operation::SetKeyAccess { key, grants } => {
            (value::key(&grants.under_present_names(catalog)), of_key(key))
        }
        Operation::RevokeKey { key, .. } => (Value::Null, of_key(key)),
    }
}

/// Returns the parts in which two values of what is written differ, each with its address.
fn leaves(planned: &PlannedOperation, old: &Value, new: &Value) -> Vec<(Address, Value, Value)> {
    let whole = match own(planned) {
        Some(Operation::RevokeToken { .. }) | None => &planned.address,
        Some(_) => &planned.unit,
    };
    let mut found = Vec::new();
    collect(whole, old, new, &mut found);
    found
}

/// Adds the parts in which two values differ, each with its address below that of the whole.
pub(super) fn collect(
    address: &Address,
    old: &Value,
    new: &Value,
    found: &mut Vec<(Address, Value, Value)>,
) {
    if old == new {
        return;
    }
    let empty = Map::new();
    let (one, two) = match (old, new) {
        (Value::Object(one), Value::Object(two)) => (one, two),
        // Verbs are left out where there are none.
        (Value::Object(one), Value::Null) if address.name() == "verbs" => (one, &empty),
        (Value::Null, Value::Object(two)) if address.name() == "verbs" => (&empty, two),
        _ => {
            found.push((address.clone(), old.clone(), new.clone()));
            return;
        }
    };
    let keys: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
    for key in keys {
        let of = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
        collect(&address.child(key), &of(one), &of(two), found);
    }
}

impl Adapter for Trustpager {
    type Snapshot = Snapshot;
    type Operation = Operation;
    type Resource = Resource;
    type Course<'s> = Course<'s>;

    fn operation(operation: &platform::Operation) -> Option<&Operation> {
        match operation {
            platform::Operation::Trustpager(operation) => Some(operation),
            platform::Operation::Odeus(_) => None,
        }
    }

    fn stale(bound: &Bound, snapshot: &Snapshot, today: Date) -> Vec<Stale> {
        let mut found = Vec::new();
        found.extend(bound.relied_on.iter().filter_map(|relied| moved_fact(relied, snapshot)));
        for (client, planned) in by_client(bound) {
            let Some(live) = snapshot.clients.get(client) else {
                found.push(gone(client));
                continue;
            };
            // A token that ended or was used meanwhile is skipped by name; it does not make the plan stale.
            let wanted: Vec<&PlannedOperation> = planned
                .into_iter()
                .filter(|p| {
                    own(p).is_some_and(|op| Self::not_needed(op, snapshot, today).is_none())
                })
                .collect();
            found.extend(not_as_planned(&wanted, machine(snapshot, client, &live.state)));
        }
        for planned in &bound.operations {
            let Some(operation) = own(planned).filter(|_| client_of(&planned.operation).is_none())
            else {
                continue;
            };
            if Self::not_needed(operation, snapshot, today).is_some() {
                continue;
            }
            let now = planned_key(operation.clone(), snapshot);
            if now.before != planned.before {
                found.extend(moved(planned, &now.before));
            }
        }
        Stale::in_order(&mut found);
        found
    }

    fn resumed(
        bound: &Bound,
        snapshot: &Snapshot,
        today: Date,
    ) -> Result<BTreeSet<usize>, Unexplained> {
        super::resume::resumed(bound, snapshot, today)
    }

    fn told(bound: &Bound, snapshot: &Snapshot, today: Date) -> Told {
        let mut told = Told::default();
        for (unit, client, after) in ends(bound, snapshot, today) {
            let Some(live) = snapshot.clients.get(client) else { continue };
            told.tokens.extend(token_effect(unit, client, (&live.state, &after), snapshot));
        }
        told
    }

    fn consequences(
        bound: &Bound,
        done: &BTreeSet<usize>,
        snapshot: &Snapshot,
        today: Date,
    ) -> Consequences {
        let catalog = &snapshot.catalog;
        let mut all = Consequences::default();
        let mut clients: BTreeMap<&ClientName, Vec<Operation>> = BTreeMap::new();
        for (index, planned) in bound.operations.iter().enumerate() {
            let left = own(planned).filter(|operation| {
                !done.contains(&index) && Self::not_needed(operation, snapshot, today).is_none()
            });
            let Some(operation) = left else { continue };
            let (name, wanted) = match operation {
                Operation::RevokeToken { client, .. }
                | Operation::SetClientAccess { client, .. } => {
                    clients.entry(client).or_default().push(operation.clone());
                    continue;
                }
                Operation::CreateKey { key, grants, .. }
                | Operation::SetKeyAccess { key, grants } => {
                    (key, Some(grants.under_present_names(catalog)))
                }
                Operation::RevokeKey { key, .. } => (key, None),
            };
            let live = snapshot.keys.get(name).map(|live| live.grants.under_present_names(catalog));
            let (unit, live, wanted) = (operation.unit(), live.as_ref(), wanted.as_ref());
            all.privilege.extend(consequence::key(&unit, live, wanted, catalog));
            all.losses.extend(loss::of_key(&unit, live, wanted, catalog));
            all.changes.push(key_change(&unit, live, wanted));
        }
        for (client, operations) in clients {
            let Some(live) = snapshot.clients.get(client) else { continue };
            let start = machine(snapshot, client, &live.state);
            // What the platform would refuse is stale.
            let Ok(ordered) = order::as_given(&start, &operations) else { continue };
            let after = ordered.end.into_state();
            let lists = (&start.state().access, &after.access);
            let ended = || {
                operations.iter().filter_map(|operation| match operation {
                    Operation::RevokeToken { token, why, .. } => {
                        Some((live.state.tokens.get(token)?, why))
                    }
                    _ => None,
                })
            };
            let unit = Address::of(&["oauth_clients", client.as_str()]);
            all.privilege.extend(consequence::client(&unit, lists, ended(), catalog));
            let tokens = ended().map(|(token, _)| token);
            all.losses.extend(loss::of_client(&unit, lists, tokens, catalog));
            all.window.extend(ordered.window.into_iter().map(|law| (unit.clone(), law)));
            all.changes.extend(list_changes(&unit, lists, catalog, &BTreeMap::new()));
            all.changes.extend(ended().map(|(token, _)| token_change(&unit, token)));
        }
        all
    }

    fn found(bound: &Bound, snapshot: &Snapshot) -> Vec<platform::Found> {
        let found = super::inverse::found(bound, snapshot);
        found.into_iter().map(platform::Found::Trustpager).collect()
    }

    fn scale(bound: &Bound, snapshot: &Snapshot, today: Date) -> Scale {
        let mut people = BTreeSet::new();
        for (_, client, after) in ends(bound, snapshot, today) {
            let Some(live) = snapshot.clients.get(client) else { continue };
            people.extend(loss::affected(&live.state, &after, snapshot));
        }
        Scale { people: people.len(), rights: loss::rights(snapshot) }
    }

    fn revision(operation: &Operation, snapshot: &Snapshot) -> String {
        match operation {
            Operation::RevokeToken { client, .. } | Operation::SetClientAccess { client, .. } => {
                snapshot.clients.get(client).map(|live| live.revision.clone()).unwrap_or_default()
            }
            Operation::CreateKey { .. } => snapshot.keys_revision.clone(),
            Operation::SetKeyAccess { key, .. } | Operation::RevokeKey { key, .. } => {
                snapshot.keys.get(key).map(|live| live.revision.clone()).unwrap_or_default()
            }
        }
    }

    fn settle(operation: &Operation, snapshot: &Snapshot) -> Settled {
        let done = match operation {
            Operation::RevokeToken { client, token, .. } => snapshot
                .clients
                .get(client)
                .is_none_or(|live| !live.state.tokens.contains_key(token)),
            Operation::SetClientAccess { client, access } => {
                let live = snapshot.clients.get(client);
                live.is_some_and(|live| {
                    live.state.access.allows_the_same(access, &snapshot.catalog)
                })
            }
            Operation::CreateKey { key, .. } => {
                if snapshot.keys.contains_key(key) {
                    return Settled::Lost(format!(
                        "the key `{key}` exists now and its value was lost with the answer: revoke it and create it again"
                    ));
                }
                false
            }
            Operation::SetKeyAccess { key, grants } => {
                let live = snapshot.keys.get(key);
                live.is_some_and(|live| live.grants.allows_the_same(grants, &snapshot.catalog))
            }
            Operation::RevokeKey { key, .. } => !snapshot.keys.contains_key(key),
        };
        if done { Settled::Done } else { Settled::NotDone }
    }

    fn not_needed(operation: &Operation, snapshot: &Snapshot, today: Date) -> Option<String> {
        match operation {
            Operation::RevokeToken { client, token, why } => {
                let Some(live) = snapshot.clients.get(client)?.state.tokens.get(token) else {
                    return Some("the token has ended already".to_owned());
                };
                match why {
                    RevokeReason::Idle { max_days } if live.idle_days(today) <= *max_days => {
                        Some(format!("{} has used the token since", live.user))
                    }
                    RevokeReason::Idle { .. }
                    | RevokeReason::NotAHolder
                    | RevokeReason::Named { .. } => None,
                }
            }
            Operation::RevokeKey { key, .. } => {
                (!snapshot.keys.contains_key(key)).then(|| "the key has ended already".to_owned())
            }
            Operation::SetClientAccess { .. }
            | Operation::CreateKey { .. }
            | Operation::SetKeyAccess { .. } => None,
        }
    }

    fn differences(
        bound: &Bound,
        done: &BTreeSet<usize>,
        before_apply: &Snapshot,
        after: &Snapshot,
        today: Date,
    ) -> Vec<Difference> {
        let mut found = Vec::new();
        for (index, planned) in bound.operations.iter().enumerate() {
            let Some(operation) = own(planned) else { continue };
            let skipped = Self::not_needed(operation, before_apply, today).is_some();
            if skipped || Self::settle(operation, after) == Settled::Done {
                continue;
            }
            let (mut wanted, live) = wanted_and_live(operation, after);
            if done.contains(&index) {
                wanted = wanted_and_live(operation, before_apply).1;
            }
            let parts = leaves(planned, &wanted, &live);
            found.extend(parts.into_iter().map(|(address, planned, live)| Difference {
                address,
                planned,
                live,
            }));
        }
        found
    }
}
