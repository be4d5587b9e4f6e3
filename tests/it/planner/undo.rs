//! Apply, then undo: everything is as it was, except exactly what undo says is not.
//!
//! Mutation: leave the acceptances out of `back` in `platform/odeus/inverse.rs`, or the requested scopes out of
//! `unrestored`, and `undo_restores_all_but_what_it_names` fails.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopeform::apply::Adapter as _;
use scopeform::model::Access;
use scopeform::plan::{Plan, PlannedOperation};
use scopeform::platform;
use scopeform::platform::odeus::adapter::Odeus;
use scopeform::platform::odeus::desired::Desired;
use scopeform::platform::odeus::inverse::{Found, inverse, unrestored};
use scopeform::platform::odeus::operation::Operation;
use scopeform::platform::odeus::state::{IntegrationState, Mode, Snapshot};

use super::harness::{apply_to, carried_out, operations, plan_for};
use super::wishes::wished;

/// The inverse plan of a run, and the addresses that it announces: not restored, and moved.
fn undo(
    before: &Snapshot,
    plan: &Plan,
    applied: &[&PlannedOperation],
    now: &Snapshot,
    wishes: &Desired,
) -> (Plan, BTreeSet<String>, BTreeSet<String>) {
    let found = Odeus::found(&plan.bound, before);
    let found: Vec<&Found> = found
        .iter()
        .map(|one| match one {
            platform::Found::Odeus(found) => found,
            platform::Found::Trustpager(_) => panic!("another platform"),
        })
        .collect();
    let back = inverse(&found, applied, now, wishes, "as it was");
    let way = plan_for(&back.desired, now);
    let rest = unrestored(&found, applied, now, &way.bound, &back);
    let announced = back.unrestored.iter().chain(&rest).map(|one| one.address.to_string());
    let moved = back.moved.iter().map(|one| one.address.to_string()).collect();
    (way, announced.collect(), moved)
}

fn chosen(state: &IntegrationState) -> (String, bool) {
    let fixed = state.client.mode() == Some(Mode::Fixed);
    let list = if fixed { state.requested.to_string() } else { String::new() };
    (format!("{:?} {list}", state.client), fixed)
}

/// Every address at which two workspaces differ.
fn differing(a: &Snapshot, b: &Snapshot) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if a.settings != b.settings {
        found.insert("workspace/new_actions_enabled_by_default".to_owned());
    }
    for (key, one) in &a.integrations {
        let (one, two) = (&one.state, &b.integrations[key].state);
        if one.access != two.access {
            found.insert(format!("{key}/access"));
        }
        if chosen(one) != chosen(two) {
            found.insert(format!("{key}/oauth"));
        } else if one.requested != two.requested {
            found.insert(format!("{key}/oauth/requested_scopes"));
        }
        for (action, own) in &one.actions {
            if *own != two.actions[action] {
                found.insert(format!("{key}/actions/{action}"));
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// After any number of writes of a plan.
    #[test]
    fn undo_restores_all_but_what_it_names(
        (live, desired) in wished(),
        far in any::<proptest::sample::Index>(),
    ) {
        let plan = plan_for(&desired, &live);
        let all: Vec<&Operation> = operations(&plan).collect();
        let k = far.index(all.len() + 1);
        let now = carried_out(&live, &all[..k]).unwrap();
        let applied: Vec<&PlannedOperation> = plan.bound.operations[..k].iter().collect();
        let (way, announced, moved) = undo(&live, &plan, &applied, &now, &desired);
        prop_assert_eq!(moved, BTreeSet::new());
        let end = apply_to(&now, &way);
        let announced: BTreeSet<String> =
            announced.into_iter().filter(|one| !one.ends_with("/client/secret")).collect();
        prop_assert_eq!(differing(&live, &end), announced, "{:#?}", way.bound.operations);
    }

    /// What somebody has changed since is named and left alone.
    #[test]
    fn undo_overwrites_nothing_that_moved_since(
        (live, desired) in wished(),
        which in any::<proptest::sample::Index>(),
    ) {
        let plan = plan_for(&desired, &live);
        let mut now = apply_to(&live, &plan);
        let mut written: Vec<String> = Vec::new();
        for planned in &plan.bound.operations {
            let address = planned.address.to_string();
            let parts: Vec<&str> = address.split('/').collect();
            if let [key, "actions", action] = parts[..]
                && now.integrations[key].state.actions[action]
                    != live.integrations[key].state.actions[action]
            {
                written.push(address);
            }
        }
        prop_assume!(!written.is_empty());
        let address = which.get(&written).clone();
        let parts: Vec<&str> = address.split('/').collect();
        let own = now.integrations.get_mut(parts[0]).unwrap();
        let own = own.state.actions.get_mut(parts[2]).unwrap();
        own.access = Access::only([scopeform::model::Principal::User(
            "ana@acme.example".try_into().unwrap(),
        ), scopeform::model::Principal::Group("sales".try_into().unwrap()),
        scopeform::model::Principal::User("stranger@acme.example".try_into().unwrap())]);
        let theirs = own.clone();
        let applied: Vec<&PlannedOperation> = plan.bound.operations.iter().collect();
        let (way, _, moved) = undo(&live, &plan, &applied, &now, &desired);
        prop_assert!(moved.contains(&address), "{address} is not among {moved:?}");
        let end = apply_to(&now, &way);
        prop_assert_eq!(&end.integrations[parts[0]].state.actions[parts[2]].access, &theirs.access);
        prop_assert!(way.bound.operations.iter().all(|planned| planned.address.as_str() != address));
    }
}

/// The generator meets plans that are restored whole, and each sort of announcement.
#[test]
fn undo_meets_every_sort_of_loss() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut whole, mut seen) = (0, BTreeSet::new());
    for _ in 0..500 {
        let (live, desired) = wished().new_tree(&mut runner).unwrap().current();
        let plan = plan_for(&desired, &live);
        let now = apply_to(&live, &plan);
        let applied: Vec<&PlannedOperation> = plan.bound.operations.iter().collect();
        let (way, announced, _) = undo(&live, &plan, &applied, &now, &desired);
        whole += usize::from(!way.bound.operations.is_empty() && announced.is_empty());
        for address in announced {
            let parts: Vec<&str> = address.split('/').skip(1).collect();
            seen.insert(match parts[..] {
                ["actions", _] => "action".to_owned(),
                _ => parts.join("/"),
            });
        }
    }
    assert!(whole > 30, "{whole}");
    for sort in ["action", "oauth", "oauth/requested_scopes", "oauth/client/secret"] {
        assert!(seen.contains(sort), "{sort} is not among {seen:?}");
    }
}
