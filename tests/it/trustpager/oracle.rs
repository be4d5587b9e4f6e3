//! The second opinion on TrustPager: seed *How scopes interact with user permissions*, *When you save*, *Revoking a
//! token*, and the rulings on cases 59, 61 and 62, in the most obvious way.
//!
//! Names are text and every question is answered by trying everything. Nothing of scopeform is imported, so that a
//! mistake in the machine cannot hide here. Where the two differ, the seed and SEMANTICS decide.

use std::collections::{BTreeMap, BTreeSet};

/// What may be done and how: `automatic`, or `approval`, which is less.
pub(crate) type Deeds = BTreeMap<String, String>;

#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) ladder: String,
    pub(crate) tiers: Vec<String>,
    pub(crate) group_of_tier: BTreeMap<String, String>,
    pub(crate) verbs: BTreeSet<String>,
    pub(crate) other_names: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Ceiling {
    pub(crate) most: BTreeMap<String, String>,
    pub(crate) verbs: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Ladder, then tier, then what it allows.
    pub(crate) ladders: BTreeMap<String, BTreeMap<String, Deeds>>,
    pub(crate) resources: BTreeMap<String, Resource>,
    /// Role, then group.
    pub(crate) roles: BTreeMap<String, BTreeMap<String, Ceiling>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) tiers: BTreeMap<String, String>,
    pub(crate) verbs: BTreeMap<String, BTreeSet<String>>,
}

/// A client: its list, and whose its active tokens are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) list: List,
    pub(crate) tokens: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    Resource,
    Tier,
    Verb,
    Token,
}

/// Whether everything in `less` is in `more`, approval counting as less than automatic.
pub(crate) fn at_most(less: &Deeds, more: &Deeds) -> bool {
    for (verb, how) in less {
        let Some(most) = more.get(verb) else { return false };
        if how == "automatic" && most == "approval" {
            return false;
        }
    }
    true
}

fn allows(facts: &Facts, resource: &str, tier: &str) -> Deeds {
    let ladder = &facts.resources[resource].ladder;
    facts.ladders[ladder].get(tier).cloned().unwrap_or_default()
}

/// A list may say a resource by an older or newer name (case 64); its present name counts first.
fn named<'l, T>(facts: &Facts, map: &'l BTreeMap<String, T>, resource: &str) -> Option<&'l T> {
    let mut names = vec![resource.to_owned()];
    names.extend(facts.resources[resource].other_names.iter().cloned());
    names.iter().find_map(|name| map.get(name))
}

fn list_allows(facts: &Facts, list: &List, resource: &str) -> Deeds {
    match named(facts, &list.tiers, resource) {
        Some(tier) => allows(facts, resource, tier),
        None => Deeds::new(),
    }
}

/// Whether a role may have a tier: that tier and every narrower one, each in the group that it belongs to.
fn role_may_have(facts: &Facts, role: Option<&str>, resource: &str, tier: &str) -> bool {
    let Some(ceilings) = role.and_then(|role| facts.roles.get(role)) else { return false };
    let known = &facts.resources[resource];
    let wanted = allows(facts, resource, tier);
    known.tiers.iter().all(|own| {
        let deeds = allows(facts, resource, own);
        if !at_most(&deeds, &wanted) {
            return true;
        }
        let group = known.group_of_tier.get(own).unwrap_or(&known.group);
        let most = ceilings.get(group).and_then(|ceiling| ceiling.most.get(&known.ladder));
        most.is_some_and(|most| at_most(&deeds, &allows(facts, resource, most)))
    })
}

/// Seed: "the intersection of the OAuth client's scopes and the user's role permissions. The narrower side wins."
/// Every tier of the resource is tried; of those that both sides allow, the one that allows most is the answer.
pub(crate) fn token_tier(facts: &Facts, list: &List, resource: &str, role: Option<&str>) -> String {
    let client = list_allows(facts, list, resource);
    let tiers = &facts.resources[resource].tiers;
    let mut best = tiers[0].clone();
    for tier in tiers {
        let deeds = allows(facts, resource, tier);
        if at_most(&deeds, &client)
            && role_may_have(facts, role, resource, tier)
            && at_most(&allows(facts, resource, &best), &deeds)
        {
            best.clone_from(tier);
        }
    }
    best
}

fn lists_verb(facts: &Facts, list: &List, resource: &str, verb: &str) -> bool {
    named(facts, &list.verbs, resource).is_some_and(|verbs| verbs.contains(verb))
}

/// Everything a token of somebody with `role` may do to a resource.
pub(crate) fn token(facts: &Facts, list: &List, resource: &str, role: Option<&str>) -> Deeds {
    let mut deeds = allows(facts, resource, &token_tier(facts, list, resource, role));
    let known = &facts.resources[resource];
    for verb in &known.verbs {
        let role_may = role
            .and_then(|role| facts.roles.get(role)?.get(&known.group))
            .is_some_and(|ceiling| ceiling.verbs);
        if role_may && lists_verb(facts, list, resource, verb) {
            deeds.insert(verb.clone(), "automatic".to_owned());
        }
    }
    deeds
}

/// SEMANTICS section 6: "API keys: effective = the key alone."
pub(crate) fn key(facts: &Facts, list: &List, resource: &str) -> Deeds {
    let mut deeds = list_allows(facts, list, resource);
    for verb in &facts.resources[resource].verbs {
        if lists_verb(facts, list, resource, verb) {
            deeds.insert(verb.clone(), "automatic".to_owned());
        }
    }
    deeds
}

fn find<'f>(facts: &'f Facts, name: &str) -> Option<&'f Resource> {
    facts
        .resources
        .get(name)
        .or_else(|| facts.resources.values().find(|resource| resource.other_names.contains(name)))
}

/// Saving: the list is checked and stored; tokens hold nothing of their own, so they follow at once.
pub(crate) fn save(facts: &Facts, client: &Client, list: &List) -> Result<Client, Refusal> {
    for (name, tier) in &list.tiers {
        let resource = find(facts, name).ok_or(Refusal::Resource)?;
        if !resource.tiers.contains(tier) {
            return Err(Refusal::Tier);
        }
    }
    for (name, verbs) in &list.verbs {
        let resource = find(facts, name).ok_or(Refusal::Resource)?;
        if !verbs.is_subset(&resource.verbs) {
            return Err(Refusal::Verb);
        }
    }
    Ok(Client { list: list.clone(), tokens: client.tokens.clone() })
}

/// Seed: "The token is immediately invalidated. Revoking one user's token does NOT affect other users."
pub(crate) fn revoke(client: &Client, token: &str) -> Result<Client, Refusal> {
    let mut after = client.clone();
    match after.tokens.remove(token) {
        Some(_) => Ok(after),
        None => Err(Refusal::Token),
    }
}

/// What a token may do now: with the role that its user has now (case 61), nothing once it is revoked (case 59).
pub(crate) fn now(
    facts: &Facts,
    client: &Client,
    roles: &BTreeMap<String, String>,
    id: &str,
    resource: &str,
) -> Deeds {
    match client.tokens.get(id) {
        None => Deeds::new(),
        Some(user) => token(facts, &client.list, resource, roles.get(user).map(String::as_str)),
    }
}

/// Case 62: an approved call is checked again, against what its token may do then.
pub(crate) fn queued_call_executes(
    facts: &Facts,
    client: &Client,
    roles: &BTreeMap<String, String>,
    (id, resource, verb): (&str, &str, &str),
) -> bool {
    now(facts, client, roles, id, resource).contains_key(verb)
}
