//! A plan that was carried out in part goes on where it stopped, and only there.
//!
//! Mutation: let `Left::is_in` in `platform/odeus/resume.rs` return true, and
//! `what_the_plan_wrote_and_somebody_changed_is_stale` fails; drop the fold there, and it fails as well.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use scopeform::apply::Adapter as _;
use scopeform::model::{Access, Address};
use scopeform::plan::Plan;
use scopeform::platform::odeus::adapter::Odeus;
use scopeform::platform::odeus::operation::{IntegrationOperation, Operation};
use scopeform::platform::odeus::state::Snapshot;

use super::harness::{TODAY, carried_out, operations, plan_for};
use super::wishes::{swapped, wished};

/// Returns the workspace after the first operations of each unit, and their places in the plan.
fn after_some(live: &Snapshot, plan: &Plan, far: &[usize]) -> (Snapshot, BTreeSet<usize>) {
    let mut totals: BTreeMap<&Address, usize> = BTreeMap::new();
    for planned in &plan.bound.operations {
        *totals.entry(&planned.unit).or_default() += 1;
    }
    let units: Vec<&Address> = totals.keys().copied().collect();
    let mut begun: BTreeMap<&Address, usize> = BTreeMap::new();
    let (mut done, mut now) = (BTreeSet::new(), live.clone());
    for ((place, planned), operation) in
        plan.bound.operations.iter().enumerate().zip(operations(plan))
    {
        let n = units.iter().position(|unit| **unit == planned.unit).unwrap();
        let most = far[n % far.len()] % (totals[&planned.unit] + 1);
        let so_far = begun.entry(&planned.unit).or_default();
        if *so_far < most {
            *so_far += 1;
            now = carried_out(&now, &[operation]).unwrap();
            done.insert(place);
        }
    }
    (now, done)
}

fn today() -> jiff::civil::Date {
    TODAY.parse().unwrap()
}

/// What apply takes for done: nothing when nothing has moved.
fn done(plan: &Plan, now: &Snapshot) -> Option<BTreeSet<usize>> {
    if Odeus::stale(&plan.bound, now, today()).is_empty() {
        return Some(BTreeSet::new());
    }
    Odeus::resumed(&plan.bound, now, today()).ok()
}

fn goes_on(live: &Snapshot, plan: &Plan, far: &[usize]) -> Result<(), TestCaseError> {
    let (now, expected) = after_some(live, plan, far);
    prop_assert_eq!(done(plan, &now), Some(expected.clone()));
    // The rest leads to the same end.
    let all: Vec<&Operation> = operations(plan).collect();
    let rest: Vec<&Operation> = all
        .iter()
        .enumerate()
        .filter(|(n, _)| !expected.contains(n))
        .map(|(_, operation)| *operation)
        .collect();
    let end = carried_out(live, &all).unwrap();
    prop_assert_eq!(&carried_out(&now, &rest).unwrap(), &end);
    prop_assert_eq!(Odeus::differences(&plan.bound, &expected, &now, &end, today()), Vec::new());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// However far every unit has come, apply knows it from what is live alone, and the rest leads to the same end.
    #[test]
    fn a_plan_goes_on_from_everywhere(
        (live, desired) in wished(),
        far in proptest::collection::vec(0..40_usize, 4),
    ) {
        let plan = plan_for(&desired, &live);
        goes_on(&live, &plan, &far)?;
        // Each number of writes, one unit after another, as `--parallelism 1` leaves them.
        let all: Vec<&Operation> = operations(&plan).collect();
        for k in 0..=all.len() {
            let now = carried_out(&live, &all[..k]).unwrap();
            prop_assert_eq!(done(&plan, &now), Some((0..k).collect()));
        }
    }

    /// The same for wishes that trade share lists at both gates.
    #[test]
    fn a_swap_goes_on_from_everywhere(
        (live, desired) in swapped(),
        far in proptest::collection::vec(0..40_usize, 4),
    ) {
        goes_on(&live, &plan_for(&desired, &live), &far)?;
    }

    /// A field that the plan writes and that holds what the plan never puts there is stale, wherever the plan stands.
    #[test]
    fn what_the_plan_wrote_and_somebody_changed_is_stale(
        (live, desired) in wished(),
        far in proptest::collection::vec(0..40_usize, 4),
        which in any::<proptest::sample::Index>(),
    ) {
        let plan = plan_for(&desired, &live);
        let writes: Vec<_> = operations(&plan)
            .filter_map(|operation| match operation {
                Operation::Integration { integration, change } => match change {
                    IntegrationOperation::SetActionAccess { action, .. } => {
                        Some((integration, Some(action)))
                    }
                    IntegrationOperation::SetIntegrationAccess { .. } => Some((integration, None)),
                    _ => None,
                },
                Operation::SetNewActionsDefault { .. } => None,
            })
            .collect();
        prop_assume!(!writes.is_empty());
        let (integration, action) = which.get(&writes);
        let (mut now, _) = after_some(&live, &plan, &far);
        let stranger = Access::only([scopeform::model::Principal::User(
            "stranger@acme.example".try_into().unwrap(),
        )]);
        let state = &mut now.integrations.get_mut(*integration).unwrap().state;
        match action {
            Some(action) => state.actions.get_mut(*action).unwrap().access = stranger,
            None => state.access = stranger,
        }
        prop_assert_eq!(done(&plan, &now), None);
    }
}

/// The generator stops plans in the middle of units of several writes.
#[test]
fn plans_are_stopped_in_the_middle_of_units() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut midway, mut longest) = (0, 0);
    for _ in 0..300 {
        let (live, desired) = wished().new_tree(&mut runner).unwrap().current();
        let plan = plan_for(&desired, &live);
        let (_, done) = after_some(&live, &plan, &[1, 2, 3, 1]);
        midway += usize::from(!done.is_empty() && done.len() < plan.bound.operations.len());
        longest = longest.max(plan.bound.operations.len());
    }
    assert!(midway > 100 && longest > 8, "{midway} {longest}");
}
