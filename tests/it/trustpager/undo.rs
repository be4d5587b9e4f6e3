//! Plans that were carried out in part go on, and runs are taken back: on TrustPager.
//!
//! Mutation: leave the verbs out of `ceiling_back` in `platform/trustpager/inverse.rs`, and
//! `undo_restores_all_but_what_it_names` fails; let `left` in `platform/trustpager/resume.rs` return true, and
//! `what_the_plan_wrote_and_somebody_changed_is_stale` fails.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopeform::apply::Adapter as _;
use scopeform::plan::{Plan, PlannedOperation};
use scopeform::platform;
use scopeform::platform::trustpager::adapter::Trustpager;
use scopeform::platform::trustpager::inverse::{Found, inverse};
use scopeform::platform::trustpager::operation::Operation;
use scopeform::platform::trustpager::state::{AccessList, KeyGrants, Snapshot};

use super::fixture::{Bench, CLIENT, TODAY, apply, key_name};
use super::worlds::wishes;

fn own(planned: &PlannedOperation) -> &Operation {
    Trustpager::operation(&planned.operation).unwrap()
}

fn done(plan: &Plan, now: &Snapshot) -> Option<BTreeSet<usize>> {
    if Trustpager::stale(&plan.bound, now, TODAY).is_empty() {
        return Some(BTreeSet::new());
    }
    Trustpager::resumed(&plan.bound, now, TODAY).ok()
}

fn after(bench: &Bench, plan: &Plan, k: usize) -> Snapshot {
    let mut now = bench.snapshot.clone();
    for planned in &plan.bound.operations[..k] {
        apply(&mut now, &planned.operation);
    }
    now
}

/// The inverse plan, what it announces, and what it says has moved.
fn undo(
    bench: &Bench,
    plan: &Plan,
    k: usize,
    now: &Snapshot,
) -> (Bench, Plan, BTreeSet<String>, BTreeSet<String>) {
    let found = Trustpager::found(&plan.bound, &bench.snapshot);
    let found: Vec<&Found> = found
        .iter()
        .map(|one| match one {
            platform::Found::Trustpager(found) => found,
            platform::Found::Odeus(_) => panic!("another platform"),
        })
        .collect();
    let applied: Vec<&PlannedOperation> = plan.bound.operations[..k].iter().collect();
    let back = inverse(&found, &applied, now, ("as it was", &|_: &str| true));
    let bench = Bench { snapshot: now.clone(), desired: back.desired };
    let way = bench.plan();
    let announced = back.unrestored.iter().map(|one| one.address.to_string()).collect();
    let moved = back.moved.iter().map(|one| one.address.to_string()).collect();
    (bench, way, announced, moved)
}

fn lists_differ(prefix: &str, a: &AccessList, b: &AccessList, snapshot: &Snapshot) -> Vec<String> {
    let catalog = &snapshot.catalog;
    let (a, b) = (a.under_present_names(catalog), b.under_present_names(catalog));
    let mut found = Vec::new();
    for resource in catalog.resources.values() {
        let tier = |list: &AccessList| {
            list.tiers.get(&resource.key).unwrap_or(&resource.tiers[0].tier).clone()
        };
        let verbs = |list: &AccessList| list.verbs.get(&resource.key).cloned().unwrap_or_default();
        if tier(&a) != tier(&b) {
            found.push(format!("{prefix}/resources/{}", resource.key));
        }
        if verbs(&a) != verbs(&b) {
            found.push(format!("{prefix}/verbs/{}", resource.key));
        }
    }
    found
}

fn differing(a: &Snapshot, b: &Snapshot) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (name, one) in &a.clients {
        let two = &b.clients[name];
        let prefix = format!("oauth_clients/{name}");
        found.extend(lists_differ(&prefix, &one.state.access, &two.state.access, a));
        let gone = one.state.tokens.keys().filter(|id| !two.state.tokens.contains_key(*id));
        found.extend(gone.map(|id| format!("{prefix}/tokens/{id}")));
    }
    for name in a.keys.keys().chain(b.keys.keys()) {
        let of = |s: &Snapshot| s.keys.get(name).map(|key| key.grants.clone());
        let same = match (of(a), of(b)) {
            (Some(a_key), Some(b_key)) => a_key.allows_the_same(&b_key, &a.catalog),
            (None, None) => true,
            _ => false,
        };
        if !same {
            found.insert(format!("api_keys/{name}"));
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_goes_on_from_everywhere(bench in wishes()) {
        let plan = bench.plan();
        let n = plan.bound.operations.len();
        for k in 0..=n {
            let now = after(&bench, &plan, k);
            // A token or key that has ended is a named skip and no more.
            let expected: BTreeSet<usize> = (0..k)
                .filter(|place| {
                    let operation = own(&plan.bound.operations[*place]);
                    Trustpager::not_needed(operation, &now, TODAY).is_none()
                })
                .collect();
            prop_assert_eq!(done(&plan, &now), Some(expected.clone()), "{} of {}", k, n);
            let end = after(&bench, &plan, n);
            let found = Trustpager::differences(&plan.bound, &expected, &now, &end, TODAY);
            prop_assert_eq!(found, Vec::new());
        }
    }

    #[test]
    fn what_the_plan_wrote_and_somebody_changed_is_stale(bench in wishes(), far in any::<proptest::sample::Index>()) {
        let plan = bench.plan();
        let saves = plan.bound.operations.iter().any(|planned| {
            matches!(own(planned), Operation::SetClientAccess { .. })
        });
        prop_assume!(saves);
        let mut now = after(&bench, &plan, far.index(plan.bound.operations.len() + 1));
        let catalog = std::sync::Arc::clone(&now.catalog);
        let state = &mut now.clients.get_mut(CLIENT).unwrap().state;
        let resource = catalog.resources.values().next().unwrap();
        let wanted = plan.bound.operations.iter().find_map(|planned| match own(planned) {
            Operation::SetClientAccess { access, .. } => Some(access),
            _ => None,
        });
        let taken = [&bench.snapshot.clients[CLIENT].state.access, wanted.unwrap()];
        let free = resource.tiers.iter().find(|own| {
            taken.iter().all(|list| {
                list.tier(&catalog, resource).unwrap_or(&resource.tiers[0].tier) != &own.tier
            })
        });
        let Some(free) = free else { return Err(TestCaseError::reject("a ladder of two")) };
        state.access = state.access.under_present_names(&catalog);
        state.access.tiers.insert(resource.key.clone(), free.tier.clone());
        prop_assert_eq!(done(&plan, &now), None);
    }

    #[test]
    fn undo_restores_all_but_what_it_names(bench in wishes(), far in any::<proptest::sample::Index>()) {
        let plan = bench.plan();
        let k = far.index(plan.bound.operations.len() + 1);
        let now = after(&bench, &plan, k);
        let (back, way, announced, moved) = undo(&bench, &plan, k, &now);
        prop_assert_eq!(moved, BTreeSet::new());
        let end = back.applied(&way).snapshot;
        let announced: BTreeSet<String> =
            announced.into_iter().filter(|one| !one.ends_with("/deliver")).collect();
        prop_assert_eq!(differing(&bench.snapshot, &end), announced);
    }

    #[test]
    fn undo_overwrites_nothing_that_moved_since(bench in wishes(), which in any::<proptest::sample::Index>()) {
        let plan = bench.plan();
        let n = plan.bound.operations.len();
        let mut now = after(&bench, &plan, n);
        let moves = lists_differ(
            "",
            &bench.snapshot.clients[CLIENT].state.access,
            &now.clients[CLIENT].state.access,
            &now,
        );
        let tiers: Vec<&String> =
            moves.iter().filter(|one| one.starts_with("/resources/")).collect();
        prop_assume!(!tiers.is_empty());
        let key = which.get(&tiers).trim_start_matches("/resources/").to_owned();
        let catalog = std::sync::Arc::clone(&now.catalog);
        let resource = &catalog.resources[key.as_str()];
        let state = &mut now.clients.get_mut(CLIENT).unwrap().state;
        state.access = state.access.under_present_names(&catalog);
        let left = state.access.tiers.get(key.as_str()).unwrap_or(&resource.tiers[0].tier).clone();
        let theirs = resource.tiers.iter().map(|own| &own.tier).find(|tier| **tier != left);
        let theirs = theirs.unwrap().clone();
        state.access.tiers.insert(resource.key.clone(), theirs.clone());
        let (back, way, _, moved) = undo(&bench, &plan, n, &now);
        // What somebody set back by hand is as it was, and no news.
        let before = bench.snapshot.clients[CLIENT].state.access.under_present_names(&catalog);
        let set_back = before.tiers.get(key.as_str()).unwrap_or(&resource.tiers[0].tier) == &theirs;
        let named = moved.contains(&format!("oauth_clients/{CLIENT}/resources/{key}"));
        prop_assert_eq!(named, !set_back, "{:?}", moved);
        let end = back.applied(&way).snapshot;
        prop_assert_eq!(&end.clients[CLIENT].state.access.tiers[key.as_str()], &theirs);
    }
}

#[test]
fn a_key_that_somebody_changed_since_is_left_alone() {
    let list = |pairs: &[(&str, &str)]| KeyGrants::Custom(super::fixture::list(pairs));
    let bench = Bench::new().key("export", list(&[("contacts", "read")])).wants_key(
        "export",
        platform::trustpager::desired::DesiredKey::FullAccess { deliver: None },
    );
    let plan = bench.plan();
    let mut now = after(&bench, &plan, 1);
    let theirs = list(&[("deals", "read")]);
    now.keys.get_mut("export").unwrap().grants = theirs.clone();
    let (back, way, _, moved) = undo(&bench, &plan, 1, &now);
    assert_eq!(moved, BTreeSet::from(["api_keys/export".to_owned()]));
    assert!(way.is_empty());
    assert_eq!(back.applied(&way).snapshot.keys[&key_name("export")].grants, theirs);
}
