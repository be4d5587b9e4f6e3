//! The way back from a run: what it found and what it did, turned into wishes, and what no wish brings back.
//!
//! A ceiling comes back resource by resource. A token that was revoked does not, and no key is ever the same key again.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::adapter::own;
use super::catalog::Catalog;
use super::desired::{Desired, DesiredClient, DesiredKey};
use super::name::{ClientName, KeyName, ResourceKey, Tier, Verb};
use super::operation::Operation;
use super::resolve::resolve;
use super::state::{AccessList, KeyGrants, Snapshot};
use super::value;
use crate::apply::{Inverse, Moved, Unrestored};
use crate::diag::Problem;
use crate::model::Address;
use crate::plan::{Bound, PlannedOperation};

/// What a run found in a thing that it was about to write to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The ceiling of an OAuth client.
    Client {
        /// Which one.
        client: ClientName,
        /// Its list.
        access: AccessList,
    },
    /// An API key.
    Key {
        /// Which one.
        key: KeyName,
        /// What it could do; absent when there was none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grants: Option<KeyGrants>,
    },
}

/// Returns the state of everything that a plan writes to.
#[must_use]
pub fn found(bound: &Bound, snapshot: &Snapshot) -> Vec<Found> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for planned in &bound.operations {
        match own(planned) {
            Some(Operation::SetClientAccess { client, .. }) => {
                if let Some(live) = snapshot.clients.get(client) {
                    let access = live.state.access.under_present_names(&snapshot.catalog);
                    found.push(Found::Client { client: client.clone(), access });
                }
            }
            Some(
                Operation::CreateKey { key, .. }
                | Operation::SetKeyAccess { key, .. }
                | Operation::RevokeKey { key, .. },
            ) if seen.insert(key) => {
                let live = snapshot.keys.get(key);
                let grants = live.map(|live| live.grants.under_present_names(&snapshot.catalog));
                found.push(Found::Key { key: key.clone(), grants });
            }
            _ => {}
        }
    }
    found
}

/// Returns what leads back from a run that found `found` and did `applied`, in order. `holds` says whether the file that a
/// new key's value went to holds one.
#[must_use]
pub fn inverse(
    found: &[&Found],
    applied: &[&PlannedOperation],
    snapshot: &Snapshot,
    (reason, holds): (&str, &dyn Fn(&str) -> bool),
) -> Inverse<Desired> {
    let mut inverse = Inverse {
        desired: Desired {
            workspace: snapshot.workspace.clone(),
            clients: BTreeMap::new(),
            keys: BTreeMap::new(),
        },
        unrestored: Vec::new(),
        moved: Vec::new(),
    };
    let was_client = |wanted: &ClientName| {
        found.iter().find_map(|one| match one {
            Found::Client { client, access } if client == wanted => Some(access),
            _ => None,
        })
    };
    let was_key = |wanted: &KeyName| {
        found.iter().find_map(|one| match one {
            Found::Key { key, grants } if key == wanted => grants.as_ref(),
            _ => None,
        })
    };
    let is_new = |wanted: &KeyName| {
        let none = |one: &&Found| matches!(one, Found::Key { key, grants: None } if key == wanted);
        found.iter().any(none)
    };
    for (place, planned) in applied.iter().enumerate() {
        let Some(operation) = own(planned) else { continue };
        let later = applied.iter().skip(place + 1).filter_map(|planned| own(planned));
        // Where one thing was written several times, the last write is how it was left.
        if later.into_iter().any(|later| same_thing(operation, later)) {
            continue;
        }
        let address = planned.address.clone();
        match operation {
            Operation::RevokeToken { client, .. } => {
                let of = |field: &str| planned.before.get(field).and_then(|text| text.as_str());
                let (user, token) = (of("user").unwrap_or("its user"), of("token").unwrap_or("it"));
                let what =
                    format!("token {token} stays revoked: {user} has to authorise {client} again");
                inverse.unrestored.push(Unrestored { address, what });
            }
            Operation::SetClientAccess { client, access } => {
                let left = access.under_present_names(&snapshot.catalog);
                if let Some(before) = was_client(client) {
                    ceiling_back(client, before, &left, snapshot, &mut inverse);
                }
            }
            Operation::CreateKey { key, grants, deliver } => {
                // A value that was lost with the answer is in no file.
                if holds(deliver) {
                    inverse.unrestored.push(Unrestored {
                        address: address.child("deliver"),
                        what: format!(
                            "the file {deliver} with its value stays where it is: remove it, it opens nothing any more, and it is in the way of a new `{key}`"
                        ),
                    });
                }
                let live = snapshot.keys.get(key).map(|live| &live.grants);
                let gone = live.is_none() && is_new(key);
                if !gone && unmoved(address, grants, live, snapshot, &mut inverse) {
                    let reason = reason.to_owned();
                    inverse.desired.keys.insert(key.clone(), DesiredKey::Revoked { reason });
                }
            }
            Operation::SetKeyAccess { key, grants } => {
                let live = snapshot.keys.get(key).map(|live| &live.grants);
                let same = |before: &KeyGrants| {
                    live.is_some_and(|live| live.allows_the_same(before, &snapshot.catalog))
                };
                if let Some(before) = was_key(key)
                    && !same(before)
                    && unmoved(address, grants, live, snapshot, &mut inverse)
                {
                    inverse.desired.keys.insert(key.clone(), key_back(before));
                }
            }
            // It had been made on the way.
            Operation::RevokeKey { key, .. } if is_new(key) => {}
            Operation::RevokeKey { key, .. } => {
                let what = format!(
                    "the key stays revoked: a new `{key}` has another value; declare it with `deliver` to have one"
                );
                inverse.unrestored.push(Unrestored { address, what });
            }
        }
    }
    without_unknown_names(&mut inverse, snapshot);
    inverse.unrestored.sort();
    inverse.unrestored.dedup();
    inverse
}

/// Returns whether two writes are to the same ceiling or key.
fn same_thing(one: &Operation, other: &Operation) -> bool {
    use Operation::{CreateKey, RevokeKey, SetClientAccess, SetKeyAccess};
    match (one, other) {
        (SetClientAccess { client, .. }, SetClientAccess { client: other, .. }) => client == other,
        (
            CreateKey { key, .. } | SetKeyAccess { key, .. } | RevokeKey { key, .. },
            CreateKey { key: other, .. }
            | SetKeyAccess { key: other, .. }
            | RevokeKey { key: other, .. },
        ) => key == other,
        _ => false,
    }
}

/// Returns whether a key is as the run left it, or says that it is not.
fn unmoved(
    address: Address,
    left: &KeyGrants,
    live: Option<&KeyGrants>,
    snapshot: &Snapshot,
    inverse: &mut Inverse<Desired>,
) -> bool {
    if live.is_some_and(|live| live.allows_the_same(left, &snapshot.catalog)) {
        return true;
    }
    inverse.moved.push(Moved {
        address,
        left: value::key(left),
        live: live.map_or_else(|| "gone".into(), value::key),
    });
    false
}

fn key_back(before: &KeyGrants) -> DesiredKey {
    match before {
        KeyGrants::FullAccess => DesiredKey::FullAccess { deliver: None },
        KeyGrants::Custom(list) => DesiredKey::Custom {
            resources: list.tiers.clone(),
            verbs: list.verbs.clone(),
            deliver: None,
        },
    }
}

/// Wishes for every tier and every verb that the run moved and that is where the run left it.
fn ceiling_back(
    client: &ClientName,
    before: &AccessList,
    left: &AccessList,
    snapshot: &Snapshot,
    inverse: &mut Inverse<Desired>,
) {
    let unit = Address::of(&["oauth_clients", client.as_str()]);
    let Some(live) = snapshot.clients.get(client) else {
        inverse
            .unrestored
            .push(Unrestored { address: unit, what: "the client is gone".to_owned() });
        return;
    };
    let catalog = &snapshot.catalog;
    let live = live.state.access.under_present_names(catalog);
    let mut wanted = DesiredClient::default();
    let lists = [before, left];
    let resources: BTreeSet<&ResourceKey> = lists.iter().flat_map(|l| l.tiers.keys()).collect();
    for resource in resources {
        let address = unit.child("resources").child(resource.as_str());
        let tier = |list: &AccessList| tier_in(list, resource, catalog);
        let (Some(was), Some(then)) = (tier(before), tier(left)) else {
            inverse
                .unrestored
                .push(Unrestored { address, what: "the resource is gone".to_owned() });
            continue;
        };
        if was == then {
            continue;
        }
        match tier(&live) {
            Some(now) if now == then => {
                wanted.resources.insert(resource.clone(), was);
            }
            Some(now) if now == was => {}
            now => inverse.moved.push(Moved {
                address,
                left: then.to_string().into(),
                live: now.map_or_else(|| "gone".into(), |now| now.to_string().into()),
            }),
        }
    }
    let resources: BTreeSet<&ResourceKey> = lists.iter().flat_map(|l| l.verbs.keys()).collect();
    for resource in resources {
        let verbs = |list: &AccessList| list.verbs.get(resource).cloned().unwrap_or_default();
        let (was, then, now) = (verbs(before), verbs(left), verbs(&live));
        if was == then {
            continue;
        }
        if now == then {
            wanted.verbs.insert(resource.clone(), was);
        } else if now != was {
            let words = |verbs: &BTreeSet<Verb>| -> Value {
                verbs.iter().map(<Verb as AsRef<str>>::as_ref).collect()
            };
            inverse.moved.push(Moved {
                address: unit.child("verbs").child(resource.as_str()),
                left: words(&then),
                live: words(&now),
            });
        }
    }
    inverse.desired.clients.insert(client.clone(), wanted);
}

/// Returns a resource's tier; one that a list leaves out has the tier that begins its ladder.
fn tier_in(list: &AccessList, resource: &ResourceKey, catalog: &Catalog) -> Option<Tier> {
    let known = catalog.resources.get(resource)?;
    let first = known.tiers.first().map(|own| &own.tier);
    list.tiers.get(resource).or(first).cloned()
}

/// Takes out wishes that name what is not there any more, and says so.
fn without_unknown_names(inverse: &mut Inverse<Desired>, snapshot: &Snapshot) {
    loop {
        let (_, _, problems) = resolve(&inverse.desired, snapshot);
        let errors: Vec<Problem> = problems.into_iter().filter(Problem::is_error).collect();
        if errors.is_empty() {
            return;
        }
        let before = inverse.desired.clone();
        for problem in errors {
            take_out(&mut inverse.desired, &problem.at);
            inverse.unrestored.push(Unrestored { address: problem.at, what: problem.message });
        }
        if inverse.desired == before {
            // Nothing that could be taken out by name: without any wish there is no problem.
            inverse.desired.clients.clear();
            inverse.desired.keys.clear();
        }
    }
}

fn take_out(desired: &mut Desired, at: &Address) {
    let below = |unit: Address| at.is_within(&unit);
    desired.clients.retain(|name, wanted| {
        let unit = Address::of(&["oauth_clients", name.as_str()]);
        wanted.resources.retain(|key, _| !below(unit.child("resources").child(key.as_str())));
        wanted.verbs.retain(|key, _| !below(unit.child("verbs").child(key.as_str())));
        *at != unit
    });
    desired.keys.retain(|name, _| !below(Address::of(&["api_keys", name.as_str()])));
}
