//! Generated workspaces and wishes: part of the real catalogue, lists and people drawn from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use scopeform::platform::trustpager::catalog::{Catalog, Ceiling, Role};
use scopeform::platform::trustpager::desired::{
    DesiredKey, DesiredRevocation, DesiredTokens, Holders, Unlisted,
};
use scopeform::platform::trustpager::name::{ResourceKey, Tier, Verb};
use scopeform::platform::trustpager::state::{AccessList, KeyGrants};

use super::fixture::{
    ADMIN, Bench, CLIENT, MEMBER, OWNER, VIEWER, catalog, client_name, key_name, token, token_id,
};

pub(crate) const USERS: [&str; 5] = [OWNER, ADMIN, MEMBER, VIEWER, "gone@acme.example"];
pub(crate) const ROLES: [&str; 5] = ["owner", "admin", "member", "read_only_viewer", "odd"];
pub(crate) const TOKENS: [&str; 5] = ["t0", "t1", "t2", "t3", "t4"];

/// One line of a list before the catalogue is known: resource, tier, how many verbs, and whether by its other name.
pub(crate) type Line = (usize, usize, usize, bool);

pub(crate) fn lines(most: usize) -> impl Strategy<Value = Vec<Line>> {
    vec((0..64usize, 0..16usize, 0..3usize, prop::bool::weighted(0.1)), 0..=most)
}

fn name_of(catalog: &Catalog, key: &ResourceKey, other: bool) -> ResourceKey {
    let renamed = catalog.renames.get(key).filter(|_| other);
    renamed.unwrap_or(key).clone()
}

pub(crate) fn decode(
    catalog: &Catalog,
    drafts: &[Line],
) -> (BTreeMap<ResourceKey, Tier>, BTreeMap<ResourceKey, BTreeSet<Verb>>) {
    let (mut tiers, mut verbs) = (BTreeMap::new(), BTreeMap::new());
    let mut done = BTreeSet::new();
    for (resource, tier, n, other) in drafts {
        let resource = catalog.resources.values().nth(resource % catalog.resources.len()).unwrap();
        if !done.insert(&resource.key) {
            continue;
        }
        let name = name_of(catalog, &resource.key, *other);
        let own = &resource.tiers[tier % resource.tiers.len()];
        tiers.insert(name.clone(), own.tier.clone());
        if !resource.extra_verbs.is_empty() {
            verbs.insert(name, resource.extra_verbs.keys().take(*n).cloned().collect());
        }
    }
    (tiers, verbs)
}

pub(crate) fn access(catalog: &Catalog, drafts: &[Line]) -> AccessList {
    let (tiers, mut verbs) = decode(catalog, drafts);
    verbs.retain(|_, verbs| !verbs.is_empty());
    AccessList { tiers, verbs, ..AccessList::default() }
}

/// Returns part of the catalogue, with a role whose ceilings are drawn.
pub(crate) fn catalogs() -> impl Strategy<Value = Catalog> {
    (vec(any::<bool>(), 40), vec((0..6usize, 0..4usize, 0..3usize, any::<bool>()), 6)).prop_map(
        |(keep, ceilings)| {
            let mut catalog = catalog();
            let mut keep = keep.into_iter();
            // The first stays, so that there is something to name.
            catalog
                .resources
                .retain(|key, _| keep.next().unwrap_or(true) || key.as_str() == "calls");
            let groups: Vec<String> =
                catalog.roles.values().next().unwrap().ceilings.keys().cloned().collect();
            let nth = |ladder: &str, n: usize| catalog.ladders[ladder][n].tier.clone();
            let ceilings =
                groups.into_iter().zip(ceilings).map(|(group, (s, c, a, extra_verbs))| {
                    let tiers = BTreeMap::from([
                        ("standard".to_owned(), nth("standard", s)),
                        ("communication".to_owned(), nth("communication", c)),
                        ("ai".to_owned(), nth("ai", a)),
                    ]);
                    (group, Ceiling { tiers, extra_verbs })
                });
            let key: scopeform::platform::trustpager::name::RoleKey = "odd".try_into().unwrap();
            let role = Role { key: key.clone(), name: "Odd".into(), ceilings: ceilings.collect() };
            catalog.roles.insert(key, role);
            catalog
        },
    )
}

/// Returns a workspace with the client, another client and two keys, and no wishes yet.
pub(crate) fn workspaces() -> impl Strategy<Value = Bench> {
    let tokens = vec(prop::option::of((0..USERS.len(), 0..120i64)), TOKENS.len());
    let queue = vec((0..TOKENS.len(), 0..64usize, 0..4usize), 0..5);
    let people = vec(0..ROLES.len(), 4);
    let keys = (prop::option::of((any::<bool>(), lines(6))), lines(6));
    (catalogs(), lines(24), lines(12), tokens, queue, people, keys).prop_map(
        |(catalog, own, other, tokens, queue, people, (first, second))| {
            let mut bench = Bench::new();
            bench.snapshot.catalog = Arc::new(catalog.clone());
            for (user, role) in USERS.iter().zip(people) {
                let role = ROLES[role].try_into().unwrap();
                bench.snapshot.users.insert((*user).try_into().unwrap(), role);
            }
            bench.live().access = access(&catalog, &own);
            bench.add_client("Other", access(&catalog, &other));
            for (id, drawn) in TOKENS.iter().zip(tokens) {
                let Some((user, idle)) = drawn else { continue };
                let other = bench.snapshot.clients.get_mut("Other").unwrap();
                other.state.tokens.insert(token_id(id), token(id, USERS[user], idle));
                bench.live().tokens.insert(token_id(id), token(id, USERS[user], idle));
            }
            for (id, resource, verb) in queue {
                let key = catalog.resources.keys().nth(resource % catalog.resources.len()).unwrap();
                bench = bench.queued(
                    TOKENS[id],
                    key.as_str(),
                    ["write", "send", "delete", "use"][verb],
                );
            }
            if let Some((full, drafts)) = first {
                let grants = if full {
                    KeyGrants::FullAccess
                } else {
                    KeyGrants::Custom(access(&catalog, &drafts))
                };
                bench = bench.key("declared", grants);
            }
            bench.key("undeclared", KeyGrants::Custom(access(&catalog, &second)))
        },
    )
}

fn tokens_wish() -> impl Strategy<Value = DesiredTokens> {
    let holders = prop::option::of((vec(any::<bool>(), 4), any::<bool>(), any::<bool>()));
    let revoke = vec((0..TOKENS.len(), any::<bool>()), 0..2);
    (holders, prop::option::of(0..120i64), revoke).prop_map(|(holders, max_idle_days, revoke)| {
        let holders = holders.map(|(users, sales, nobody)| Holders {
            users: USERS
                .iter()
                .zip(users)
                .filter(|(_, is)| *is)
                .map(|(user, _)| (*user).try_into().unwrap())
                .collect(),
            groups: [("sales", sales), ("nobody", nobody)]
                .iter()
                .filter(|(_, is)| *is)
                .map(|(group, _)| (*group).try_into().unwrap())
                .collect(),
        });
        let revoke = revoke.into_iter().map(|(n, by_display)| DesiredRevocation {
            token: if by_display { format!("tp_live…{}", TOKENS[n]) } else { TOKENS[n].into() },
            reason: "leaked".to_owned(),
        });
        DesiredTokens { holders, max_idle_days, revoke: revoke.collect() }
    })
}

/// Returns a workspace with wishes about the client and one key.
pub(crate) fn wishes() -> impl Strategy<Value = Bench> {
    let unlisted =
        prop::sample::select(vec![Unlisted::Keep, Unlisted::PlatformDefault, Unlisted::NoAccess]);
    let key = prop::option::of((0..4usize, lines(6)));
    (workspaces(), lines(8), unlisted, tokens_wish(), key).prop_map(
        |(mut bench, drafts, unlisted, tokens, key)| {
            let catalog = Arc::clone(&bench.snapshot.catalog);
            let (tiers, verbs) = decode(&catalog, &drafts);
            let wish = bench.desired.clients.get_mut(&client_name(CLIENT)).unwrap();
            wish.resources = tiers;
            wish.verbs = verbs;
            wish.unlisted = unlisted;
            wish.tokens = tokens;
            if let Some((kind, drafts)) = key {
                let deliver = Some("key".to_owned());
                let (resources, verbs) = decode(&catalog, &drafts);
                let key = match kind {
                    0 => DesiredKey::FullAccess { deliver },
                    1 => DesiredKey::Revoked { reason: "unused".to_owned() },
                    _ => DesiredKey::Custom { resources, verbs, deliver },
                };
                bench.desired.keys.insert(key_name("declared"), key);
            }
            bench
        },
    )
}
