//! From scopeform's types to the second opinion's plain text.

use std::collections::{BTreeMap, BTreeSet};

use scopeform::platform::trustpager::catalog::{Catalog, Grants, How};
use scopeform::platform::trustpager::machine::Rejected;
use scopeform::platform::trustpager::name::RoleKey;
use scopeform::platform::trustpager::state::{AccessList, ClientState};

use super::oracle::{Ceiling, Client, Deeds, Facts, List, Refusal, Resource};

fn texts<T: ToString>(all: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    all.into_iter().map(|one| one.to_string()).collect()
}

pub(crate) fn deeds(grants: &Grants) -> Deeds {
    let word = |how: &How| match how {
        How::Approval => "approval".to_owned(),
        How::Automatic => "automatic".to_owned(),
    };
    grants.0.iter().map(|(verb, how)| (verb.to_string(), word(how))).collect()
}

pub(crate) fn facts(catalog: &Catalog) -> Facts {
    let ladders = catalog.ladders.iter().map(|(name, tiers)| {
        let tiers = tiers.iter().map(|fact| (fact.tier.to_string(), deeds(&fact.grants)));
        (name.clone(), tiers.collect())
    });
    let resources = catalog.resources.values().map(|resource| {
        let key = &resource.key;
        let others = catalog.renames.iter().filter_map(|(old, new)| match () {
            () if old == key => Some(new),
            () if new == key => Some(old),
            () => None,
        });
        let overrides = resource.group_overrides.iter();
        let plain = Resource {
            group: resource.group.clone(),
            ladder: resource.ladder.clone(),
            tiers: resource.tiers.iter().map(|own| own.tier.to_string()).collect(),
            group_of_tier: overrides
                .map(|(tier, group)| (tier.to_string(), group.clone()))
                .collect(),
            verbs: texts(resource.extra_verbs.keys()),
            other_names: texts(others),
        };
        (key.to_string(), plain)
    });
    let roles = catalog.roles.values().map(|role| {
        let ceilings = role.ceilings.iter().map(|(group, ceiling)| {
            let most =
                ceiling.tiers.iter().map(|(ladder, tier)| (ladder.clone(), tier.to_string()));
            (group.clone(), Ceiling { most: most.collect(), verbs: ceiling.extra_verbs })
        });
        (role.key.to_string(), ceilings.collect())
    });
    Facts { ladders: ladders.collect(), resources: resources.collect(), roles: roles.collect() }
}

pub(crate) fn list(list: &AccessList) -> List {
    let tiers = list.tiers.iter().map(|(resource, tier)| (resource.to_string(), tier.to_string()));
    let verbs = list.verbs.iter().map(|(resource, verbs)| (resource.to_string(), texts(verbs)));
    List { tiers: tiers.collect(), verbs: verbs.collect() }
}

pub(crate) fn client(state: &ClientState) -> Client {
    let tokens = state.tokens.values().map(|token| (token.id.to_string(), token.user.to_string()));
    Client { list: list(&state.access), tokens: tokens.collect() }
}

pub(crate) fn roles(
    users: &BTreeMap<scopeform::model::UserId, RoleKey>,
) -> BTreeMap<String, String> {
    users.iter().map(|(user, role)| (user.to_string(), role.to_string())).collect()
}

pub(crate) fn refusal(rejected: &Rejected) -> Refusal {
    match rejected {
        Rejected::UnknownResource(_) => Refusal::Resource,
        Rejected::NotOnLadder { .. } => Refusal::Tier,
        Rejected::UnknownVerb { .. } => Refusal::Verb,
        Rejected::NoSuchToken(_) | Rejected::NotThisClient => Refusal::Token,
    }
}
