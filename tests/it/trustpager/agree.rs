//! The machine and the second opinion agree on every token, key and queued call, after every write.

use proptest::collection::vec;
use proptest::prelude::*;
use scopeform::model::Address;
use scopeform::platform::trustpager::catalog::{Catalog, How};
use scopeform::platform::trustpager::machine::{
    Context, Machine, effective, key_may, token_may, transition,
};
use scopeform::platform::trustpager::name::Verb;
use scopeform::platform::trustpager::operation::{Operation, RevokeReason};
use scopeform::platform::trustpager::state::{Caller, KeyGrants};

use super::fixture::{Bench, CLIENT, client_name, resource_key, token_id};
use super::oracle::{self, Deeds};
use super::worlds::{self, Line, ROLES, TOKENS, USERS, lines, workspaces};
use super::{fixture, translate};

#[derive(Debug, Clone)]
enum Move {
    Revoke(usize),
    Save(Vec<Line>, Option<usize>),
    Role(usize, usize),
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        (0..TOKENS.len()).prop_map(Move::Revoke),
        (lines(12), prop::option::weighted(0.3, 0..4usize)).prop_map(|(l, odd)| Move::Save(l, odd)),
        (0..USERS.len(), 0..ROLES.len()).prop_map(|(user, role)| Move::Role(user, role)),
    ]
}

/// Returns every verb that anything has.
fn all_verbs(catalog: &Catalog) -> Vec<Verb> {
    let ladders = catalog.ladders.values().flatten().flat_map(|fact| fact.grants.0.keys());
    let extra = catalog.resources.values().flat_map(|resource| resource.extra_verbs.keys());
    let mut all: Vec<Verb> = ladders.chain(extra).cloned().collect();
    all.sort();
    all.dedup();
    all
}

fn word(how: How) -> String {
    match how {
        How::Approval => "approval".to_owned(),
        How::Automatic => "automatic".to_owned(),
    }
}

fn agree_on_sight(
    bench: &Bench,
    facts: &oracle::Facts,
    theirs: &oracle::Client,
) -> Result<(), TestCaseError> {
    let catalog = &bench.snapshot.catalog;
    let roles = translate::roles(&bench.snapshot.users);
    let state = &bench.snapshot.clients[CLIENT].state;
    prop_assert_eq!(&translate::client(state).tokens, &theirs.tokens);
    let verbs = all_verbs(catalog);
    for resource in catalog.resources.values() {
        let name = resource.key.as_str();
        for token in state.tokens.values() {
            let role = bench.snapshot.users.get(&token.user);
            let may = |verb: &Verb| {
                let how = token_may(catalog, &state.access, resource, role, verb)?;
                Some((verb.to_string(), word(how)))
            };
            let ours: Deeds = verbs.iter().filter_map(may).collect();
            let now = oracle::now(facts, theirs, &roles, token.id.as_str(), name);
            prop_assert_eq!(ours, now, "{} on {}", token.id, name);
            let plain_role = role.map(|role| role.as_str());
            let tier = effective(catalog, &state.access, resource, role).tier;
            let their_tier = oracle::token_tier(facts, &theirs.list, name, plain_role);
            prop_assert_eq!(tier.as_str(), their_tier);
        }
        for (key, live) in &bench.snapshot.keys {
            let KeyGrants::Custom(list) = &live.grants else { continue };
            let may = |verb: &Verb| {
                Some((verb.to_string(), word(key_may(catalog, &live.grants, resource, verb)?)))
            };
            let ours: Deeds = verbs.iter().filter_map(may).collect();
            prop_assert_eq!(ours, oracle::key(facts, &translate::list(list), name), "{}", key);
        }
    }
    for item in &bench.snapshot.queue {
        let Caller::Token { token, .. } = &item.caller else { continue };
        let call = (token.as_str(), item.resource.as_str(), item.verb.as_str());
        let theirs = oracle::queued_call_executes(facts, theirs, &roles, call);
        let ours = state.tokens.get(token).is_some_and(|token| {
            let resource = &catalog.resources[&item.resource];
            let role = bench.snapshot.users.get(&token.user);
            token_may(catalog, &state.access, resource, role, &item.verb).is_some()
        });
        prop_assert_eq!(ours, theirs);
    }
    Ok(())
}

fn write(
    bench: &mut Bench,
    theirs: oracle::Client,
    operation: &Operation,
) -> Result<oracle::Client, TestCaseError> {
    let facts = translate::facts(&bench.snapshot.catalog);
    let second = match operation {
        Operation::RevokeToken { token, .. } => oracle::revoke(&theirs, token.as_str()),
        Operation::SetClientAccess { access, .. } => {
            oracle::save(&facts, &theirs, &translate::list(access))
        }
        other => return Err(TestCaseError::fail(format!("{other:?}"))),
    };
    let context = Context { catalog: &bench.snapshot.catalog, users: &bench.snapshot.users };
    let unit = Address::of(&["oauth_clients", CLIENT]);
    let state = bench.snapshot.clients[CLIENT].state.clone();
    match (transition(context, &unit, &state, operation), second) {
        (Ok((next, effect)), Ok(after)) => {
            let (old, new) = (&state.access, &next.access);
            let catalog = &bench.snapshot.catalog;
            prop_assert_eq!(
                effect.scopes,
                scopeform::model::ScopeDelta::between(&old.scopes(catalog), &new.scopes(catalog))
            );
            *bench.live() = next;
            Ok(after)
        }
        (Err(rejected), Err(refusal)) => {
            prop_assert_eq!(translate::refusal(&rejected), refusal);
            Ok(theirs)
        }
        (ours, second) => Err(TestCaseError::fail(format!("{ours:?} beside {second:?}"))),
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(384))]

    #[test]
    fn the_machine_agrees_with_the_second_opinion(
        bench in workspaces(),
        drafts in vec(moves(), 1..=8),
    ) {
        let mut bench = bench;
        let facts = translate::facts(&bench.snapshot.catalog);
        let mut theirs = translate::client(&bench.snapshot.clients[CLIENT].state);
        agree_on_sight(&bench, &facts, &theirs)?;
        for draft in drafts {
            let client = client_name(CLIENT);
            match draft {
                Move::Revoke(n) => {
                    let operation = Operation::RevokeToken {
                        client,
                        token: token_id(TOKENS[n]),
                        why: RevokeReason::NotAHolder,
                    };
                    theirs = write(&mut bench, theirs, &operation)?;
                }
                Move::Save(lines, odd) => {
                    let mut access = worlds::access(&bench.snapshot.catalog, &lines);
                    match odd {
                        Some(0) => access.tiers.extend(fixture::tiers(&[("calls", "use_automatically")])),
                        Some(1) => access.tiers.extend(fixture::tiers(&[("moon", "read")])),
                        Some(2) => access.verbs.extend(fixture::verbs(&[("calls", &["fly"])])),
                        Some(_) => access.verbs.extend(fixture::verbs(&[("moon", &["initiate"])])),
                        None => {}
                    }
                    theirs = write(&mut bench, theirs, &Operation::SetClientAccess { client, access })?;
                }
                Move::Role(user, role) => {
                    let user = USERS[user].try_into().unwrap();
                    bench.snapshot.users.insert(user, ROLES[role].try_into().unwrap());
                }
            }
            agree_on_sight(&bench, &facts, &theirs)?;
        }
    }

    #[test]
    fn a_step_reports_everything_that_moved(bench in workspaces(), lines in lines(12)) {
        let context = Context { catalog: &bench.snapshot.catalog, users: &bench.snapshot.users };
        let unit = Address::of(&["oauth_clients", CLIENT]);
        let state = bench.snapshot.clients[CLIENT].state.clone();
        let mut machine = Machine::new(context, unit, state);
        let before = machine.facts();
        let access = worlds::access(&bench.snapshot.catalog, &lines);
        let operation = Operation::SetClientAccess { client: client_name(CLIENT), access };
        let step = machine.step(&operation).unwrap();
        let after = machine.facts();
        let moved: Vec<_> = before
            .reach
            .iter()
            .filter(|(address, reach)| after.reach[*address] != **reach)
            .map(|(address, _)| address.clone())
            .collect();
        let mut told: Vec<_> = step.moved.into_iter().map(|moved| moved.address).collect();
        told.sort();
        prop_assert_eq!(told, moved);
    }
}

#[test]
fn the_real_catalogue_is_ordered_from_narrow_to_wide() {
    let catalog = fixture::catalog();
    let facts = translate::facts(&catalog);
    for (name, tiers) in &catalog.ladders {
        for pair in tiers.windows(2) {
            let (narrow, wide) =
                (translate::deeds(&pair[0].grants), translate::deeds(&pair[1].grants));
            assert!(oracle::at_most(&narrow, &wide) && narrow != wide, "{name}: {}", pair[1].tier);
        }
        assert!(tiers[0].grants.0.is_empty(), "{name} begins with {}", tiers[0].tier);
    }
    for (name, resource) in &facts.resources {
        let whole: Vec<&String> = catalog.ladders[&resource.ladder]
            .iter()
            .filter_map(|fact| resource.tiers.iter().find(|own| own.as_str() == fact.tier.as_str()))
            .collect();
        assert_eq!(whole, resource.tiers.iter().collect::<Vec<_>>(), "{name}");
        let known = &catalog.resources[&resource_key(name)];
        assert!(known.has(&known.default_tier), "{name}");
    }
    assert_eq!(catalog.resources.len(), 38);
    assert_eq!(catalog.roles.len(), 4);
}

#[test]
fn a_full_access_key_may_do_everything() {
    let catalog = fixture::catalog();
    for resource in catalog.resources.values() {
        for verb in all_verbs(&catalog) {
            let how = key_may(&catalog, &KeyGrants::FullAccess, resource, &verb);
            assert_eq!(how, Some(How::Automatic), "{} {verb}", resource.key);
        }
    }
}
