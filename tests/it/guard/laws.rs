//! What holds for every workspace, every wish and every protection, held against the second opinions.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use scopeform::apply::Adapter as _;
use scopeform::model::{Access, Address, IntegrationKey};
use scopeform::plan::policy::{self, Policy, Protected};
use scopeform::plan::{LossKind, Plan, guard};
use scopeform::platform;
use scopeform::platform::odeus::adapter::Odeus;
use scopeform::platform::odeus::state::{Client, IntegrationState, LiveIntegration, Snapshot};
use scopeform::platform::trustpager;
use scopeform::platform::trustpager::adapter::Trustpager;
use scopeform::platform::trustpager::state::{AccessList, KeyGrants};

use crate::planner::harness::{TODAY, plan_for};
use crate::planner::laws::{own, states};
use crate::planner::naive::{Person, requested, works};
use crate::planner::wishes::{swapped, wished};
use crate::trustpager::fixture::{Bench, CLIENT, apply};
use crate::trustpager::oracle::{self, Deeds};
use crate::trustpager::translate;
use crate::trustpager::worlds::wishes;

fn protecting(address: &str, mut plan: Plan) -> Plan {
    let rule = Protected { address: address.to_owned(), reason: None };
    policy::enforce(&mut plan, vec![Policy { protect: vec![rule], ..Policy::default() }]);
    plan
}

fn is_protected(plan: &Plan) -> bool {
    plan.bound.findings.iter().any(|finding| finding.code == "protected")
}

/// Everything that somebody might protect in a workspace, whole integrations included.
fn protectable(live: &Snapshot) -> Vec<Address> {
    let mut all = platform::odeus::loss::addresses(live);
    let units = live.integrations.keys().map(|key| Address::of(&[key.as_str()]));
    all.extend(units.clone());
    all.extend(units.map(|unit| unit.child("actions")));
    all
}

type Pairs = BTreeSet<(Person, String)>;

/// What of one integration lies at or below an address: pairs of a person and an action, and scopes.
fn below(
    address: &str,
    one: &LiveIntegration,
    live: &Snapshot,
    state: &IntegrationState,
) -> (Pairs, BTreeSet<String>) {
    let unit = one.facts.key.as_str();
    let is_below = |path: String| {
        path == address || path.strip_prefix(address).is_some_and(|rest| rest.starts_with('/'))
    };
    let pairs = works(&one.facts, state, &live.directory);
    let scopes = requested(state);
    (
        pairs.into_iter().filter(|(_, a)| is_below(format!("{unit}/actions/{a}"))).collect(),
        scopes.into_iter().filter(|s| is_below(format!("{unit}/oauth/scopes/{s}"))).collect(),
    )
}

fn fewer(before: &Access, after: &Access) -> bool {
    match (before, after) {
        (Access::Nobody, _) | (_, Access::Everyone) => false,
        (Access::Only(a), Access::Only(b)) => !a.iter().all(|principal| b.contains(principal)),
        (Access::Everyone, _) | (Access::Only(_), Access::Nobody) => true,
    }
}

/// Returns what a plan takes from an address at some moment or in the end, in the most obvious way.
fn taken(address: &str, live: &Snapshot, plan: &Plan) -> Vec<String> {
    let mut taken = Vec::new();
    for (key, one) in &live.integrations {
        let states = states(live, key, &own(plan, key)).unwrap();
        let (pairs, scopes) = below(address, one, live, &states[0]);
        for (n, state) in states.iter().enumerate() {
            let (now, asked) = below(address, one, live, state);
            taken.extend(pairs.difference(&now).map(|pair| format!("{pair:?} at {n}")));
            taken.extend(scopes.difference(&asked).map(|scope| format!("{scope} at {n}")));
        }
        taken.extend(settings(address, key, &states[0], states.last().unwrap()));
    }
    let switch = "workspace/new_actions_enabled_by_default";
    let turned_off = plan.bound.changes.iter().any(|change| {
        change.address.as_str() == switch && change.after == serde_json::json!(false)
    });
    if turned_off && switch.starts_with(address) {
        taken.push(switch.to_owned());
    }
    taken
}

/// Switches, share lists and the client, whoever loses anything by them today.
fn settings(
    address: &str,
    key: &IntegrationKey,
    first: &IntegrationState,
    last: &IntegrationState,
) -> Vec<String> {
    let covers = |path: &str| {
        path == address || path.strip_prefix(address).is_some_and(|rest| rest.starts_with('/'))
    };
    let mut taken = Vec::new();
    for (action, before) in &first.actions {
        let path = format!("{key}/actions/{action}");
        if covers(&path) && fewer(&before.access, &last.actions[action].access) {
            taken.push(path);
        }
    }
    let path = format!("{key}/access");
    if covers(&path) && fewer(&first.access, &last.access) {
        taken.push(path);
    }
    let path = format!("{key}/oauth");
    let none = Client::Unconfigured;
    let another = first.client.identity() != last.client.identity();
    if covers(&path) && another && first.client != none {
        taken.push(path);
    }
    taken
}

fn exactly(live: &Snapshot, plan: Plan, nth: Index) -> Result<(), TestCaseError> {
    let all = protectable(live);
    let address = nth.get(&all).as_str();
    let plan = protecting(address, plan);
    let taken = taken(address, live, &plan);
    // Not blocked: nothing is taken, at no moment. Blocked: something is.
    prop_assert_eq!(
        is_protected(&plan),
        !taken.is_empty(),
        "{}: {:?}\n{:#?}",
        address,
        taken,
        plan.bound.losses
    );
    Ok(())
}

fn deeds(snapshot: &trustpager::state::Snapshot, list: &AccessList) -> BTreeMap<String, Deeds> {
    let facts = translate::facts(&snapshot.catalog);
    let list = translate::list(list);
    facts.resources.keys().map(|r| (r.clone(), oracle::key(&facts, &list, r))).collect()
}

/// Returns whether a list still allows all that another allowed on a resource, or on all.
fn keeps(
    snapshot: &trustpager::state::Snapshot,
    (before, after): (&AccessList, &AccessList),
    resource: Option<&str>,
) -> bool {
    let (old, new) = (deeds(snapshot, before), deeds(snapshot, after));
    old.iter()
        .filter(|(key, _)| resource.is_none_or(|resource| resource == key.as_str()))
        .all(|(key, deeds)| oracle::at_most(deeds, &new[key]))
}

/// Returns whether what lies at or below an address of the client or the key is still there in `now`.
fn kept(parts: &[&str], bench: &Bench, now: &trustpager::state::Snapshot) -> bool {
    let tiers = |list: &AccessList| AccessList { verbs: BTreeMap::new(), ..list.clone() };
    let verbs = |list: &AccessList| AccessList { tiers: BTreeMap::new(), ..list.clone() };
    let of_list = |before: &AccessList, after: &AccessList, rest: &[&str]| match rest {
        [] => keeps(now, (before, after), None),
        ["resources", rest @ ..] => keeps(now, (&tiers(before), after), rest.first().copied()),
        ["verbs", rest @ ..] => keeps(now, (&verbs(before), after), rest.first().copied()),
        _ => true,
    };
    match parts {
        ["oauth_clients", client, rest @ ..] => {
            let (before, after) = (&bench.snapshot.clients[*client], &now.clients[*client]);
            let tokens = before.state.tokens.keys().all(|token| {
                let meant = match rest {
                    [] | ["tokens"] => true,
                    ["tokens", id] => *id == token.as_str(),
                    _ => false,
                };
                !meant || after.state.tokens.contains_key(token)
            });
            tokens && of_list(&before.state.access, &after.state.access, rest)
        }
        ["api_keys", key, rest @ ..] => {
            let Some(before) = bench.snapshot.keys.get(*key) else { return true };
            match (&before.grants, now.keys.get(*key).map(|live| &live.grants)) {
                (_, None) | (KeyGrants::FullAccess, Some(KeyGrants::Custom(_))) => false,
                (_, Some(KeyGrants::FullAccess)) => true,
                (KeyGrants::Custom(before), Some(KeyGrants::Custom(after))) => {
                    of_list(before, after, rest)
                }
            }
        }
        _ => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// A plan that is not blocked takes nothing from what is protected, at no moment; one that is blocked would.
    ///
    /// Leave any of the pushes out of `odeus/loss.rs` to see it fail.
    #[test]
    fn on_odeus_a_protection_stops_exactly_what_takes_from_it(
        (live, desired) in wished(), nth in any::<Index>()
    ) {
        exactly(&live, plan_for(&desired, &live), nth)?;
    }

    /// The same for wishes that trade share lists at both gates, where something may stop in between.
    #[test]
    fn on_odeus_a_protection_holds_during_swaps((live, desired) in swapped(), nth in any::<Index>()) {
        exactly(&live, plan_for(&desired, &live), nth)?;
    }

    /// Leave any of the pushes out of `trustpager/loss.rs` to see it fail.
    #[test]
    fn on_trustpager_a_protection_stops_exactly_what_takes_from_it(
        bench in wishes(), nth in any::<Index>()
    ) {
        let mut all = trustpager::loss::addresses(&bench.snapshot);
        all.retain(|address| !address.as_str().contains("Other") && !address.as_str().contains("undeclared"));
        all.extend([Address::of(&["oauth_clients", CLIENT]), Address::of(&["oauth_clients", CLIENT, "verbs"])]);
        let address = nth.get(&all);
        let parts: Vec<&str> = address.as_str().split('/').collect();
        let plan = protecting(address.as_str(), bench.plan());
        let mut now = bench.snapshot.clone();
        let mut whole = true;
        for planned in &plan.bound.operations {
            apply(&mut now, &planned.operation);
            whole &= kept(&parts, &bench, &now);
        }
        prop_assert_eq!(is_protected(&plan), !whole, "{} {:#?}", address, plan.bound.losses);
    }

    /// What a plan counts is what apply counts on the same snapshot, person by person.
    #[test]
    fn on_odeus_apply_counts_what_the_plan_counted((live, desired) in wished()) {
        let plan = plan_for(&desired, &live);
        let today = TODAY.parse().unwrap();
        prop_assert_eq!(Odeus::scale(&plan.bound, &live, today), plan.observed.scale);
        let after = crate::planner::harness::apply_to(&live, &plan);
        let mut people = BTreeSet::new();
        for (key, one) in &after.integrations {
            let had_to = crate::planner::naive::must_reconnect(&live, &live.integrations[key]);
            let must = crate::planner::naive::must_reconnect(&live, one);
            people.extend(must.difference(&had_to).cloned());
        }
        prop_assert_eq!(plan.observed.scale.people, people.len());
        prop_assert!(guard::removals(&plan.bound) <= plan.observed.scale.rights);
    }

    #[test]
    fn on_trustpager_apply_counts_what_the_plan_counted(bench in wishes()) {
        let plan = bench.plan();
        let today = crate::trustpager::fixture::TODAY;
        prop_assert_eq!(Trustpager::scale(&plan.bound, &bench.snapshot, today), plan.observed.scale);
        let mut people: BTreeSet<String> =
            plan.observed.tokens.iter().flat_map(|t| &t.changed).map(|c| c.user.clone()).collect();
        let tokens = &bench.snapshot.clients[CLIENT].state.tokens;
        let ended = plan.bound.losses.iter().filter(|loss| loss.kind == LossKind::Credential);
        people.extend(ended.filter_map(|loss| tokens.get(loss.address.name())).map(|t| t.user.to_string()));
        prop_assert_eq!(plan.observed.scale.people, people.len());
        prop_assert!(guard::removals(&plan.bound) <= plan.observed.scale.rights);
    }
}
