//! What holds for every workspace and every wish.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use scopeform::model::{Address, CauseKind, IntegrationKey, Right, ScopeSet};
use scopeform::plan::{Plan, Severity};
use scopeform::platform::odeus::desired::{Desired, DesiredIntegration};
use scopeform::platform::odeus::machine::observe;
use scopeform::platform::odeus::operation::{IntegrationOperation, Operation};
use scopeform::platform::odeus::state::{IntegrationState, Mode, Snapshot};
use scopeform::seal::SealedPlan;

use super::harness::{apply_to, carried_out, found, operations, plan_for};
use super::naive;
use super::wishes::{as_live, swapped, wished};

/// Returns the writes of a plan to one integration.
pub(crate) fn own<'p>(plan: &'p Plan, key: &IntegrationKey) -> Vec<&'p Operation> {
    operations(plan).filter(|operation| key.as_str() == operation.unit().as_str()).collect()
}

/// Returns the states that one integration goes through, or `None` when the platform refuses a write.
pub(crate) fn states(
    live: &Snapshot,
    key: &IntegrationKey,
    writes: &[&Operation],
) -> Option<Vec<IntegrationState>> {
    let mut now = live.clone();
    let mut states = vec![now.integrations[key].state.clone()];
    for write in writes {
        now = carried_out(&now, &[*write]).ok()?;
        states.push(now.integrations[key].state.clone());
    }
    Some(states)
}

fn lawful(live: &Snapshot, key: &IntegrationKey, writes: &[&Operation]) -> Option<Vec<String>> {
    let states = states(live, key, writes)?;
    Some(naive::broken(&live.integrations[key].facts, &live.directory, &states))
}

fn has_window(plan: &Plan, key: &IntegrationKey) -> bool {
    found(plan, "order-window").iter().any(|f| f.address.as_str() == key.as_str())
}

fn permutations<T: Copy>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for n in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(n);
        for mut tail in permutations(&rest) {
            tail.insert(0, first);
            all.push(tail);
        }
    }
    all
}

fn same_bytes(a: &Plan, b: &Plan) -> bool {
    let digest = |plan: &Plan| SealedPlan::seal(plan.clone()).digest().clone();
    let json = |plan: &Plan| serde_json::to_string(plan).unwrap();
    digest(a) == digest(b) && json(a) == json(b)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Apply, plan again: nothing is left to do.
    #[test]
    fn a_plan_that_is_applied_leaves_nothing_to_plan((live, desired) in wished()) {
        let plan = plan_for(&desired, &live);
        prop_assume!(plan.blockers().next().is_none());
        let again = plan_for(&desired, &apply_to(&live, &plan));
        prop_assert!(again.bound.operations.is_empty(), "{:#?}", again.bound.operations);
        prop_assert!(again.bound.changes.is_empty(), "{:#?}", again.bound.changes);
        prop_assert!(again.bound.privilege.changes.is_empty() && again.bound.unreviewed.is_empty());
        prop_assert!(again.blockers().next().is_none());
    }

    /// Whoever writes down what is live changes nothing.
    #[test]
    fn what_is_live_is_no_change((live, _) in wished()) {
        let plan = plan_for(&as_live(&live), &live);
        prop_assert!(plan.bound.operations.is_empty(), "{:#?}", plan.bound.operations);
        prop_assert!(plan.bound.changes.is_empty(), "{:#?}", plan.bound.changes);
    }

    /// The order in which the platform lists connections is no fact.
    #[test]
    fn the_order_of_connections_does_not_matter(
        (live, shuffled, desired) in wished().prop_flat_map(|(live, desired)| {
            let connections = Just(live.connections.clone()).prop_shuffle();
            (Just(live), connections, Just(desired))
        })
    ) {
        let other = Snapshot { connections: shuffled, ..live.clone() };
        prop_assert!(same_bytes(&plan_for(&desired, &live), &plan_for(&desired, &other)));
    }

    /// No wish is beyond the platform: what a file may say, some order of writes reaches.
    #[test]
    fn the_platform_refuses_no_legal_wish((live, desired) in wished()) {
        let plan = plan_for(&desired, &live);
        prop_assert_eq!(found(&plan, "platform-refuses"), Vec::<&_>::new());
    }

    /// Every operation is needed: without it something is left to do, or the others are refused, or a law breaks.
    #[test]
    fn no_operation_is_superfluous((live, desired) in wished()) {
        let plan = plan_for(&desired, &live);
        let all: Vec<&Operation> = operations(&plan).collect();
        for n in 0..all.len() {
            let mut fewer = all.clone();
            let dropped = fewer.remove(n);
            let Ok(after) = carried_out(&live, &fewer) else { continue };
            if !plan_for(&desired, &after).bound.operations.is_empty() {
                continue;
            }
            let Operation::Integration { integration, .. } = dropped else {
                return Err(TestCaseError::fail("the switch is superfluous"));
            };
            let rest: Vec<&Operation> =
                own(&plan, integration).into_iter().filter(|o| !std::ptr::eq(*o, dropped)).collect();
            let broken = lawful(&live, integration, &rest).unwrap_or_default();
            prop_assert!(!broken.is_empty(), "superfluous: {dropped}");
        }
    }

    /// What no line declares is as it was.
    #[test]
    fn nothing_undeclared_is_touched((live, desired) in wished()) {
        let plan = plan_for(&desired, &live);
        let after = apply_to(&live, &plan);
        if desired.new_actions_enabled_by_default.is_none() {
            prop_assert_eq!(&live.settings, &after.settings);
        }
        prop_assert_eq!(&live.directory, &after.directory);
        for (key, now) in &after.integrations {
            let before = &live.integrations[key];
            let Some(wanted) = desired.integrations.get(key) else {
                prop_assert_eq!(&before.state, &now.state);
                continue;
            };
            only_declared(wanted, &before.state, &now.state)?;
        }
    }

    /// Every prefix of every plan keeps the four laws, unless the plan says that no order does.
    #[test]
    fn every_prefix_keeps_the_laws((live, desired) in wished()) {
        let plan = plan_for(&desired, &live);
        for key in live.integrations.keys() {
            let broken = lawful(&live, key, &own(&plan, key)).unwrap();
            prop_assert_eq!(!broken.is_empty(), has_window(&plan, key), "{:?}", broken);
        }
    }

    /// The same for wishes that trade share lists at both gates.
    #[test]
    fn every_prefix_of_a_swap_keeps_the_laws_or_is_a_window((live, desired) in swapped()) {
        let plan = plan_for(&desired, &live);
        for key in live.integrations.keys() {
            let broken = lawful(&live, key, &own(&plan, key)).unwrap();
            prop_assert_eq!(!broken.is_empty(), has_window(&plan, key), "{:?}", broken);
        }
    }

    /// The auto-approve guard: a scope that waited for a confirmation and that no line names is never added unseen.
    #[test]
    fn what_the_vendor_added_is_unreviewed_until_a_line_names_it((live, desired) in wished()) {
        let plan = plan_for(&desired, &live);
        let after = apply_to(&live, &plan);
        for (key, one) in &live.integrations {
            let unit = key.as_str();
            let now = &after.integrations[key].state;
            let pending = observe(&one.facts, &one.state).pending;
            let added = now.requested.minus(&one.state.requested);
            let mut named = ScopeSet::new();
            if let Some(wanted) = desired.integrations.get(key) {
                named.extend_from(&wanted.accept_scopes);
            }
            if now.client.mode() == Some(Mode::Fixed) {
                // A list is read scope by scope.
                named.extend_from(&now.requested);
            }
            for (action, own) in &now.actions {
                if own.access.is_on() && !one.state.actions[action].access.is_on() {
                    named.extend_from(&one.facts.actions[action].required_scopes);
                }
            }
            let unseen: BTreeSet<String> =
                pending.intersection(&added).minus(&named).iter().map(ToString::to_string).collect();
            let told: BTreeSet<String> = plan
                .bound
                .unreviewed
                .iter()
                .filter(|u| u.unit.as_str() == unit)
                .map(|u| u.scope.to_string())
                .collect();
            prop_assert_eq!(unseen, told);
        }
    }

    /// Whatever widens is marked: at the line that asks for it, or above it. An action that runs because a scope is requested
    /// is said with the scope.
    #[test]
    fn every_line_that_widens_has_a_finding((live, desired) in wished()) {
        let plan = plan_for(&desired, &live);
        let lines: BTreeMap<&Address, &Address> =
            plan.bound.changes.iter().map(|change| (&change.address, &change.declared_at)).collect();
        for change in plan.bound.privilege.widening() {
            let mut asks: Vec<Address> = change.causes.iter().filter_map(|c| c.address.clone()).collect();
            asks.extend(asks.clone().iter().filter_map(|at| lines.get(at).map(|line| (*line).clone())));
            match &change.right {
                Right::Use { address, .. } => asks.push(address.clone()),
                Right::Setting { address, .. } => asks.push(address.clone()),
                Right::Scope(_) => {}
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            }
            // What follows from the client is asked for where the client is written, or in its list.
            asks.push(change.unit.scope_list());
            let marked = found(&plan, "privilege-widens")
                .iter()
                .any(|finding| {
                    let with_scope = change.causes.iter().all(|c| c.kind == CauseKind::NeededScope);
                    asks.iter().any(|line| line.is_within(&finding.address))
                        || with_scope && finding.address.is_within(&change.unit)
                });
            prop_assert!(marked, "{change:?} {:?}", found(&plan, "privilege-widens"));
        }
    }

    /// Who must reconnect is who an enumeration of everybody and everything says.
    #[test]
    fn people_who_must_reconnect_are_named_one_by_one((live, desired) in wished()) {
        let plan = plan_for(&desired, &live);
        let after = apply_to(&live, &plan);
        for (key, one) in &after.integrations {
            let must = naive::must_reconnect(&live, one);
            let had_to = naive::must_reconnect(&live, &live.integrations[key]);
            let told = plan.observed.people.iter().find(|p| p.unit.as_str() == key.as_str());
            match told {
                Some(told) => {
                    let names: BTreeSet<String> = told.must_reconnect.iter().cloned().collect();
                    prop_assert_eq!(&names, &must);
                    let already: BTreeSet<String> = must.intersection(&had_to).cloned().collect();
                    prop_assert_eq!(&told.already, &already);
                    let anew: BTreeSet<String> = told.newly().map(ToOwned::to_owned).collect();
                    prop_assert_eq!(anew, must.difference(&had_to).cloned().collect());
                }
                None => prop_assert!(own(&plan, key).is_empty() || must == had_to),
            }
            let new = must.difference(&had_to).count();
            let warned = found(&plan, "reconnect-required")
                .iter()
                .any(|f| f.address.as_str() == key.as_str());
            prop_assert_eq!(warned, new > 0 && !own(&plan, key).is_empty());
        }
    }

    /// Nothing that blocks lets a severity slip: blockers come first, and each has words.
    #[test]
    fn findings_are_sorted_and_worded((live, desired) in wished()) {
        let plan = plan_for(&desired, &live);
        for list in [&plan.bound.findings, &plan.observed.findings] {
            prop_assert!(list.is_sorted());
            prop_assert!(list.iter().all(|f| !f.message.is_empty() && !f.message.ends_with('.')));
        }
        prop_assert!(plan.observed.findings.iter().all(|f| f.severity != Severity::Blocker));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 100_000, ..ProptestConfig::with_cases(20) })]

    /// A window is named only where every order of the same writes breaks a law.
    #[test]
    fn a_window_is_named_only_where_no_order_is_safe((live, desired) in swapped()) {
        let plan = plan_for(&desired, &live);
        let end = apply_to(&live, &plan);
        let mut looked = false;
        for (key, now) in &end.integrations {
            let writes = own(&plan, key);
            if !has_window(&plan, key) || writes.len() > 6 {
                continue;
            }
            looked = true;
            for order in permutations(&writes) {
                let Some(states) = states(&live, key, &order) else { continue };
                if states.last() != Some(&now.state) {
                    continue;
                }
                let broken = naive::broken(&now.facts, &live.directory, &states);
                prop_assert!(!broken.is_empty(), "safe after all: {order:?}");
            }
        }
        prop_assume!(looked);
    }
}

fn only_declared(
    wanted: &DesiredIntegration,
    before: &IntegrationState,
    now: &IntegrationState,
) -> Result<(), TestCaseError> {
    if wanted.access.is_none() {
        prop_assert_eq!(&before.access, &now.access);
    }
    if wanted.oauth.is_none() {
        prop_assert_eq!(&before.client, &now.client);
        if now.client.mode() == Some(Mode::Fixed) {
            prop_assert_eq!(&before.requested, &now.requested);
        }
    }
    for (key, own) in &now.actions {
        let declared = wanted.actions.contains_key(key)
            || !wanted.globs.is_empty()
            || wanted.unlisted_actions != scopeform::platform::odeus::desired::Unlisted::Keep;
        if !declared {
            prop_assert_eq!(&before.actions[key].access, &own.access);
            if before.client == now.client {
                prop_assert_eq!(&before.actions[key], own);
            }
        }
    }
    Ok(())
}

/// The generator reaches every mode switch, every sort of write and both swap policies.
#[test]
fn the_laws_meet_every_sort_of_plan() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut runner = TestRunner::deterministic();
    for _ in 0..3_000 {
        let (live, desired): (Snapshot, Desired) =
            wished().new_tree(&mut runner).unwrap().current();
        let plan = plan_for(&desired, &live);
        for key in desired.integrations.keys() {
            let writes = own(&plan, key);
            let before = live.integrations[key].state.client.mode();
            for write in &writes {
                let Operation::Integration { change, .. } = write else { continue };
                let word = match change {
                    IntegrationOperation::SetIntegrationAccess { .. } => {
                        "integration access".into()
                    }
                    IntegrationOperation::SetActionAccess { accept, .. } if accept.is_empty() => {
                        "action access".into()
                    }
                    IntegrationOperation::SetActionAccess { .. } => "acceptance".into(),
                    IntegrationOperation::SetClient { client } => {
                        format!("{} to {}", before.map_or("none", Mode::name), client.mode())
                    }
                    IntegrationOperation::SetFixedScopes { .. } => "list".into(),
                    IntegrationOperation::ConfirmPending { .. } => "confirmation".into(),
                };
                seen.insert(word);
            }
            for f in found(&plan, "order-window") {
                seen.insert(format!("window {}", f.severity.name()));
            }
        }
        if !plan.bound.unreviewed.is_empty() {
            seen.insert("unreviewed".into());
        }
    }
    let all = [
        "acceptance",
        "action access",
        "confirmation",
        "fixed to fixed",
        "fixed to managed",
        "fixed to sync",
        "integration access",
        "list",
        "managed to fixed",
        "managed to sync",
        "none to fixed",
        "none to sync",
        "sync to fixed",
        "sync to managed",
        "sync to sync",
        "unreviewed",
        "window blocker",
    ];
    let missed: Vec<&str> = all.into_iter().filter(|word| !seen.contains(*word)).collect();
    assert!(missed.is_empty(), "never met: {missed:?}; met {seen:?}");
}
