//! Checks the names in the files against the live workspace: clients, resources, tiers, verbs, holders.
//!
//! Source: cases 57, 63, 64; a client that does not exist cannot be created from here (facts.md 3.2).

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::{Catalog, Resource};
use super::desired::{Desired, DesiredClient, DesiredKey, Unlisted};
use super::name::{ClientName, KeyName, ResourceKey, Tier, Verb};
use super::prospect::meant;
use super::state::{AccessList, KeyGrants, LiveClient, LiveKey, Snapshot};
use crate::diag::{Code, Problem};
use crate::model::{Address, GroupKey, UserId, nearest};
use crate::platform::twin::said_twice;

/// One declared client, every name in it known.
#[derive(Debug, Clone)]
pub struct ClientTarget<'a> {
    /// Which one.
    pub name: &'a ClientName,
    /// Its address.
    pub address: Address,
    /// What the files say.
    pub desired: &'a DesiredClient,
    /// What is live.
    pub live: &'a LiveClient,
    /// The list that is live, under the names of the catalogue.
    pub before: AccessList,
    /// The whole list that is wanted: what the files say over what is live.
    pub access: AccessList,
    /// For the tier of every resource and every verb list that a line covers, by address, the line.
    pub declared_at: BTreeMap<Address, Address>,
}

/// One declared key, every name in it known.
#[derive(Debug, Clone)]
pub struct KeyTarget<'a> {
    /// Which one.
    pub name: &'a KeyName,
    /// Its address.
    pub address: Address,
    /// What is live, if it exists.
    pub live: Option<&'a LiveKey>,
    /// What it may do now, under the names of the catalogue.
    pub before: Option<KeyGrants>,
    /// What is wanted.
    pub wanted: KeyWish,
    /// Where the value goes if it has to be created.
    pub deliver: Option<&'a str>,
    /// For the tier and the verb list of every resource that a line names, by address, the line: it may stand under another
    /// name of the resource.
    pub declared_at: BTreeMap<Address, Address>,
}

/// What is wanted of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyWish {
    /// That it exists and may do this.
    May(KeyGrants),
    /// That it does not exist, for a reason.
    Gone(String),
}

impl KeyWish {
    /// Returns what it may do, when it exists.
    #[must_use]
    pub const fn grants(&self) -> Option<&KeyGrants> {
        match self {
            Self::May(grants) => Some(grants),
            Self::Gone(_) => None,
        }
    }
}

/// Returns the targets and everything that is wrong with the names.
#[must_use]
pub fn resolve<'a>(
    desired: &'a Desired,
    snapshot: &'a Snapshot,
) -> (Vec<ClientTarget<'a>>, Vec<KeyTarget<'a>>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut clients = Vec::new();
    for (name, wanted) in &desired.clients {
        let address = Address::of(&["oauth_clients", name.as_str()]);
        people(wanted, &address, snapshot, &mut problems);
        let Some(live) = snapshot.clients.get(name) else {
            let known = snapshot.clients.keys().map(AsRef::as_ref);
            let problem = Problem::new(
                Code::UnknownClient,
                address,
                format!("there is no OAuth client `{name}` in this workspace"),
                "a client cannot be created from here: it comes to be when its integration registers over OAuth and a user connects it for the first time",
            );
            problems.push(problem.near(nearest(name.as_str(), known)));
            continue;
        };
        revocations(wanted, &address, live, &mut problems);
        let before = live.state.access.under_present_names(&snapshot.catalog);
        let mut target = ClientTarget {
            name,
            address,
            desired: wanted,
            live,
            before: before.clone(),
            access: before,
            declared_at: BTreeMap::new(),
        };
        wish(&mut target, &snapshot.catalog, &mut problems);
        if target.access.allows_the_same(&target.before, &snapshot.catalog) {
            target.access.clone_from(&target.before);
        }
        clients.push(target);
    }
    let mut keys = Vec::new();
    for (name, wanted) in &desired.keys {
        let address = Address::of(&["api_keys", name.as_str()]);
        let live = snapshot.keys.get(name);
        let before = live.map(|live| live.grants.under_present_names(&snapshot.catalog));
        let mut declared_at = BTreeMap::new();
        let (mut wish, deliver) = match wanted {
            DesiredKey::Revoked { reason } => (KeyWish::Gone(reason.clone()), None),
            DesiredKey::FullAccess { deliver } => {
                (KeyWish::May(KeyGrants::FullAccess), deliver.as_deref())
            }
            DesiredKey::Custom { resources, verbs, deliver } => {
                let mut list = AccessList::default();
                if let Some(KeyGrants::Custom(before)) = &before {
                    // What nobody knows is kept as it is.
                    list.unknown.clone_from(&before.unknown);
                }
                named(
                    &mut list,
                    &mut declared_at,
                    (resources, verbs),
                    &snapshot.catalog,
                    &address,
                    &mut problems,
                );
                (KeyWish::May(KeyGrants::Custom(list)), deliver.as_deref())
            }
        };
        if let (KeyWish::May(grants), Some(before)) = (&mut wish, &before)
            && grants.allows_the_same(before, &snapshot.catalog)
        {
            grants.clone_from(before);
        }
        keys.push(KeyTarget { name, address, live, before, wanted: wish, deliver, declared_at });
    }
    (clients, keys, problems)
}

/// Returns what is odd about the tiers of the files where no live workspace is asked: those that no ladder of a catalogue has.
#[must_use]
pub fn tiers_of_no_ladder(desired: &Desired, catalog: &Catalog) -> Vec<Problem> {
    let facts = || catalog.ladders.values().flatten().map(|fact| &fact.tier);
    let clients = desired.clients.iter().map(|(name, wanted)| {
        (Address::of(&["oauth_clients", name.as_str()]), Some(&wanted.resources))
    });
    let keys = desired.keys.iter().map(|(name, wanted)| {
        let resources = match wanted {
            DesiredKey::Custom { resources, .. } => Some(resources),
            DesiredKey::FullAccess { .. } | DesiredKey::Revoked { .. } => None,
        };
        (Address::of(&["api_keys", name.as_str()]), resources)
    });
    let mut problems = Vec::new();
    for (home, resources) in clients.chain(keys) {
        let lines = resources.into_iter().flatten();
        for (key, tier) in lines.filter(|(_, tier)| !facts().any(|known| known == *tier)) {
            let problem = Problem::new(
                Code::TierNotOnLadder,
                home.child(TIERS).child(key.as_str()).child(tier.as_str()),
                format!("no ladder that this program knows has a tier `{tier}`"),
                "`scopeform plan` asks the workspace, whose ladders count",
            );
            problems.push(problem.near(nearest(tier.as_str(), facts().map(Tier::as_str))));
        }
    }
    problems
}

fn people(
    wanted: &DesiredClient,
    address: &Address,
    snapshot: &Snapshot,
    problems: &mut Vec<Problem>,
) {
    let Some(holders) = &wanted.tokens.holders else { return };
    let at = address.child("tokens").child("holders");
    for user in holders.users.iter().filter(|user| !snapshot.users.contains_key(*user)) {
        let known = snapshot.users.keys().map(UserId::as_str);
        let near = nearest(user.as_str(), known);
        let help = "`scopeform tokens list` shows who holds tokens";
        let problem = Problem::new(
            Code::UnknownUser,
            at.child("users").child(user.as_str()),
            format!("there is no user `{user}` in this workspace"),
            if near.is_some() { "" } else { help },
        );
        problems.push(problem.near(near));
    }
    for group in holders.groups.iter().filter(|group| !snapshot.groups.contains_key(*group)) {
        let known = snapshot.groups.keys().map(GroupKey::as_str);
        let near = nearest(group.as_str(), known);
        let help = "name users instead, or create the group first";
        let problem = Problem::new(
            Code::UnknownGroup,
            at.child("groups").child(group.as_str()),
            format!("there is no group `{group}` in this workspace"),
            if near.is_some() { "" } else { help },
        );
        problems.push(problem.near(near));
    }
}

/// Reports lines that would end a token which they do not mean.
fn revocations(
    wanted: &DesiredClient,
    address: &Address,
    live: &LiveClient,
    problems: &mut Vec<Problem>,
) {
    let lines = address.child("tokens").child("revoke");
    for line in &wanted.tokens.revoke {
        let fit = meant(&line.token, live.state.tokens.values());
        if let [_, _, ..] = fit.as_slice() {
            let ids: Vec<String> = fit.iter().map(|token| format!("`{}`", token.id)).collect();
            problems.push(Problem::new(
                Code::AmbiguousToken,
                lines.child(&line.token),
                format!("`{}` fits {} tokens: {}", line.token, fit.len(), ids.join(", ")),
                "name the id of the one that is meant",
            ));
        }
    }
}

/// Lays what the files say over what is live.
fn wish(target: &mut ClientTarget<'_>, catalog: &Catalog, problems: &mut Vec<Problem>) {
    let desired = target.desired;
    let unlisted = target.address.child("unlisted_resources");
    let named_keys: BTreeSet<&ResourceKey> = desired
        .resources
        .keys()
        .chain(desired.verbs.keys())
        .filter_map(|key| catalog.resource(key))
        .map(|resource| &resource.key)
        .collect();
    let standard = AccessList::platform_default(catalog);
    for resource in catalog.resources.values().filter(|r| !named_keys.contains(&r.key)) {
        match desired.unlisted {
            Unlisted::Keep => continue,
            Unlisted::PlatformDefault => {
                target.access.tiers.insert(resource.key.clone(), resource.default_tier.clone());
                match standard.verbs.get(&resource.key) {
                    Some(verbs) => target.access.verbs.insert(resource.key.clone(), verbs.clone()),
                    None => target.access.verbs.remove(&resource.key),
                };
            }
            Unlisted::NoAccess => {
                if let Some(first) = resource.tiers.first() {
                    target.access.tiers.insert(resource.key.clone(), first.tier.clone());
                }
                target.access.verbs.remove(&resource.key);
            }
        }
        for field in [TIERS, VERBS] {
            let at = target.address.child(field).child(resource.key.as_str());
            target.declared_at.insert(at, unlisted.clone());
        }
    }
    let wishes = (&desired.resources, &desired.verbs);
    let address = target.address.clone();
    named(&mut target.access, &mut target.declared_at, wishes, catalog, &address, problems);
}

const TIERS: &str = "resources";
const VERBS: &str = "verbs";

type Wishes<'a> = (&'a BTreeMap<ResourceKey, Tier>, &'a BTreeMap<ResourceKey, BTreeSet<Verb>>);

/// Lays the named resources and verbs over a list.
fn named(
    list: &mut AccessList,
    lines: &mut BTreeMap<Address, Address>,
    (tiers, verbs): Wishes<'_>,
    catalog: &Catalog,
    address: &Address,
    problems: &mut Vec<Problem>,
) {
    let present = |key: &ResourceKey| catalog.resource(key).map(|resource| &resource.key);
    for (key, tier) in tiers {
        let at = address.child(TIERS).child(key.as_str());
        let Some(resource) = known(key, catalog, &at, problems) else { continue };
        let home = address.child(TIERS);
        if let Some(twice) = said_twice((key, &resource.key), tiers, present, ("resource", &home)) {
            problems.push(twice);
            continue;
        }
        if !resource.has(tier) {
            let near = nearest(tier.as_str(), resource.tiers.iter().map(|own| own.tier.as_str()));
            let problem = Problem::new(
                Code::TierNotOnLadder,
                at.child(tier.as_str()),
                format!("`{key}` has no tier `{tier}`"),
                format!("the ladder of `{key}` is {}", resource.ladder_words()),
            );
            problems.push(problem.near(near));
            continue;
        }
        list.tiers.insert(resource.key.clone(), tier.clone());
        lines.insert(address.child(TIERS).child(resource.key.as_str()), at);
    }
    for (key, wanted) in verbs {
        let at = address.child(VERBS).child(key.as_str());
        let Some(resource) = known(key, catalog, &at, problems) else { continue };
        let home = address.child(VERBS);
        if let Some(twice) = said_twice((key, &resource.key), verbs, present, ("resource", &home)) {
            problems.push(twice);
            continue;
        }
        let mut fine = true;
        for verb in wanted.iter().filter(|verb| !resource.extra_verbs.contains_key(*verb)) {
            fine = false;
            let names: Vec<&str> = resource.extra_verbs.keys().map(Verb::as_str).collect();
            let help = if names.is_empty() {
                format!(
                    "`{key}` has no verbs outside its ladder; its tiers are {}",
                    resource.ladder_words()
                )
            } else {
                format!(
                    "`{key}` has {}; everything else is a tier: {}",
                    names.join(", "),
                    resource.ladder_words()
                )
            };
            let message = format!("`{key}` has no verb `{verb}`");
            let near = nearest(verb.as_str(), names);
            let problem =
                Problem::new(Code::UnknownVerb, at.child(verb.as_str()), message, help).near(near);
            problems.push(problem);
        }
        if fine {
            if wanted.is_empty() {
                list.verbs.remove(&resource.key);
            } else {
                list.verbs.insert(resource.key.clone(), wanted.clone());
            }
            lines.insert(address.child(VERBS).child(resource.key.as_str()), at);
        }
    }
}

fn known<'c>(
    key: &ResourceKey,
    catalog: &'c Catalog,
    at: &Address,
    problems: &mut Vec<Problem>,
) -> Option<&'c Resource> {
    let Some(resource) = catalog.resource(key) else {
        let names = catalog.resources.keys().map(ResourceKey::as_str);
        let near = nearest(key.as_str(), names.clone());
        let help = match near {
            Some(_) => String::new(),
            None => format!("one of: {}", names.collect::<Vec<_>>().join(", ")),
        };
        let problem = Problem::new(
            Code::UnknownResource,
            at.clone(),
            format!("there is no resource `{key}`"),
            help,
        );
        problems.push(problem.near(near));
        return None;
    };
    if resource.key != *key {
        problems.push(Problem::new(
            Code::ResourceRenamed,
            at.clone(),
            format!("the platform calls `{key}` `{}` here", resource.key),
            format!("write `{}`; access stays the same", resource.key),
        ));
    }
    Some(resource)
}
