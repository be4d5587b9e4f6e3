//! What a prospect takes away, from what and whom, and how much there is to take.

use std::collections::BTreeSet;

use super::catalog::{Catalog, Grants, How, Resource};
use super::name::{ResourceKey, Tier};
use super::prospect::{ClientProspect, KeyProspect};
use super::resolve::KeyWish;
use super::state::{AccessList, ClientState, KeyGrants, Snapshot, Token};
use super::tokens::token_changes;
use crate::model::{Address, Reach as _, UserId};
use crate::plan::{Loss, LossKind};

/// Returns everything that the plan of a client takes something from.
#[must_use]
pub fn client(prospect: &ClientProspect<'_>, catalog: &Catalog) -> Vec<Loss> {
    let target = &prospect.target;
    let after = prospect.after.access.under_present_names(catalog);
    let lists = (&target.before, &after);
    let ended = prospect.revoked().map(|(token, _)| token);
    let mut losses = of_client(&target.address, lists, ended, catalog);
    for loss in &mut losses {
        let line = match loss.kind {
            LossKind::Credential => Some(prospect.line_of(loss.address.name())),
            _ => target.declared_at.get(&loss.address).cloned(),
        };
        if let Some(line) = line {
            loss.declared_at = line;
        }
    }
    losses
}

/// Returns what is taken from a client and its tokens between two lists when some tokens end.
#[must_use]
pub fn of_client<'t>(
    unit: &Address,
    lists: (&AccessList, &AccessList),
    ended: impl Iterator<Item = &'t Token>,
    catalog: &Catalog,
) -> Vec<Loss> {
    let mut losses = list(unit, lists, catalog);
    let tokens = unit.child("tokens");
    losses
        .extend(ended.map(|token| Loss::of(tokens.child(token.id.as_str()), LossKind::Credential)));
    losses
}

/// Returns everything that the plan of a key takes something from.
#[must_use]
pub fn key(prospect: &KeyProspect<'_>, catalog: &Catalog) -> Vec<Loss> {
    let target = &prospect.target;
    let wanted = match &target.wanted {
        KeyWish::May(grants) => Some(grants),
        KeyWish::Gone(_) => None,
    };
    let mut losses = match &prospect.operation {
        Some(_) => of_key(&target.address, target.before.as_ref(), wanted, catalog),
        None => Vec::new(),
    };
    for loss in &mut losses {
        if let Some(line) = target.declared_at.get(&loss.address) {
            loss.declared_at = line.clone();
        }
    }
    losses
}

/// Returns what is taken from a key; `None` is a key that does not exist.
#[must_use]
pub fn of_key(
    unit: &Address,
    before: Option<&KeyGrants>,
    wanted: Option<&KeyGrants>,
    catalog: &Catalog,
) -> Vec<Loss> {
    match (before, wanted) {
        (Some(_), None) | (Some(KeyGrants::FullAccess), Some(KeyGrants::Custom(_))) => {
            vec![Loss::of(unit.clone(), LossKind::Credential)]
        }
        (Some(KeyGrants::Custom(before)), Some(KeyGrants::Custom(after))) => {
            list(unit, (before, after), catalog)
        }
        (None, _) | (Some(_), Some(KeyGrants::FullAccess)) => Vec::new(),
    }
}

/// Returns the tiers and lists of verbs that allow less in `after`, or something else. A tier that the catalogue does not
/// know may have meant anything, so leaving it is a loss.
fn list(
    unit: &Address,
    (before, after): (&AccessList, &AccessList),
    catalog: &Catalog,
) -> Vec<Loss> {
    let mut losses = Vec::new();
    let mut lose = |field: &str, key: &ResourceKey| {
        let at = |name: &ResourceKey| unit.child(field).child(name.as_str());
        let also_called = catalog.other_names(key).map(at).collect();
        losses.push(Loss { also_called, ..Loss::of(at(key), LossKind::Tier) });
    };
    for (key, tier) in &before.tiers {
        let kept = after.tiers.get(key);
        if kept == Some(tier) {
            continue;
        }
        let loses = match known(catalog, key, tier) {
            Some(resource) => {
                !catalog.grants(resource, tier).within(&all(after, resource, catalog))
            }
            None => true,
        };
        if loses {
            lose("resources", key);
        }
    }
    for (key, verbs) in &before.verbs {
        let now = catalog.resources.get(key).map(|resource| all(after, resource, catalog));
        let keeps = |verb| {
            after.verbs.get(key).is_some_and(|verbs| verbs.contains(verb))
                || now.as_ref().is_some_and(|all| all.0.get(verb) == Some(&How::Automatic))
        };
        if !verbs.iter().all(keeps) {
            lose("verbs", key);
        }
    }
    losses
}

/// Returns a resource whose ladder has the tier.
fn known<'c>(catalog: &'c Catalog, key: &ResourceKey, tier: &Tier) -> Option<&'c Resource> {
    catalog.resources.get(key).filter(|resource| resource.has(tier))
}

/// Returns all that a list allows on a resource.
fn all(list: &AccessList, resource: &Resource, catalog: &Catalog) -> Grants {
    let tier = list.tiers.get(&resource.key);
    let mut grants = tier.map(|tier| catalog.grants(resource, tier).clone()).unwrap_or_default();
    for verb in list.verbs.get(&resource.key).into_iter().flatten() {
        grants.0.insert(verb.clone(), How::Automatic);
    }
    grants
}

/// Returns whose tokens change or end between two states of one client, by the role that each has now.
#[must_use]
pub fn affected(
    before: &ClientState,
    after: &ClientState,
    snapshot: &Snapshot,
) -> BTreeSet<UserId> {
    let first = before.access.under_present_names(&snapshot.catalog);
    let last = after.access.under_present_names(&snapshot.catalog);
    let moves = first != last;
    let changed = before.tokens.values().filter(|token| match after.tokens.get(&token.id) {
        None => true,
        Some(_) => moves && !token_changes(&first, &last, token, snapshot).is_empty(),
    });
    changed.map(|token| token.user.clone()).collect()
}

/// Returns how much there is to take in the whole workspace: tiers and lists of verbs that allow something, tokens, keys.
#[must_use]
pub fn rights(snapshot: &Snapshot) -> usize {
    let catalog = &snapshot.catalog;
    let of_list = |list: &AccessList| {
        let list = list.under_present_names(catalog);
        let tiers = list.tiers.iter().filter(|(key, tier)| {
            known(catalog, key, tier)
                .is_none_or(|resource| !catalog.grants(resource, tier).0.is_empty())
        });
        tiers.count() + list.verbs.values().filter(|verbs| !verbs.is_empty()).count()
    };
    let clients = snapshot.clients.values();
    let clients =
        clients.map(|live| of_list(&live.state.access) + live.state.tokens.len()).sum::<usize>();
    let keys = snapshot.keys.values().map(|live| match &live.grants {
        KeyGrants::FullAccess => 1,
        KeyGrants::Custom(list) => 1 + of_list(list),
    });
    clients + keys.sum::<usize>()
}

/// Returns every address that a protection may name in this workspace, above and below included.
#[must_use]
pub fn addresses(snapshot: &Snapshot) -> Vec<Address> {
    let mut all = Vec::new();
    let resources = |all: &mut Vec<Address>, unit: &Address| {
        for resource in snapshot.catalog.resources.values() {
            all.push(unit.child("resources").child(resource.key.as_str()));
            if !resource.extra_verbs.is_empty() {
                all.push(unit.child("verbs").child(resource.key.as_str()));
            }
        }
    };
    for (name, live) in &snapshot.clients {
        let unit = Address::of(&["oauth_clients", name.as_str()]);
        resources(&mut all, &unit);
        // Also without a token, so that those to come can be protected.
        let tokens = unit.child("tokens");
        all.push(tokens.clone());
        all.extend(live.state.tokens.keys().map(|id| tokens.child(id.as_str())));
    }
    for name in snapshot.keys.keys() {
        let unit = Address::of(&["api_keys", name.as_str()]);
        resources(&mut all, &unit);
        all.push(unit);
    }
    all
}

/// Returns the addresses of resources and verb lists under other names, each with the one under the present name.
#[must_use]
pub fn renamed(snapshot: &Snapshot) -> Vec<(Address, Address)> {
    let clients = snapshot.clients.keys().map(|name| ("oauth_clients", name.as_str()));
    let keys = snapshot.keys.keys().map(|name| ("api_keys", name.as_str()));
    let mut all = Vec::new();
    for (kind, name) in clients.chain(keys) {
        for resource in snapshot.catalog.resources.keys() {
            for other in snapshot.catalog.other_names(resource) {
                for field in ["resources", "verbs"] {
                    let at = |key: &ResourceKey| Address::of(&[kind, name, field, key.as_str()]);
                    all.push((at(other), at(resource)));
                }
            }
        }
    }
    all
}
