//! The generator reaches every rule: an agreement over worlds in which nothing happens would prove nothing.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use scopeform::model::Effect;
use scopeform::platform::odeus::event;
use scopeform::platform::odeus::machine::{Rejected, observe, transition};
use scopeform::platform::odeus::operation::IntegrationOperation;

use super::moves::{Move, moves};
use super::translate;
use super::worlds::worlds;

#[test]
fn generated_moves_reach_every_rule() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..1500 {
        let drawn = (worlds(), vec(moves(), 1..=12)).new_tree(&mut runner).unwrap();
        let (mut world, drafts) = drawn.current();
        let mut count = |what: String| *seen.entry(what).or_default() += 1;
        for draft in drafts {
            count(format!("mode {:?}", world.state.client.mode()));
            let pending = observe(&world.facts, &world.state).pending;
            if !pending.is_empty() {
                count("something is pending".to_owned());
            }
            match draft.make(&world.facts, &world.state) {
                Move::Write(operation) => {
                    match transition(world.context(), &world.state, &operation) {
                        Ok((state, effect)) => {
                            allowed(&operation, &effect).into_iter().for_each(&mut count);
                            world.state = state;
                        }
                        Err(rejected) => count(refused(&rejected)),
                    }
                }
                Move::Publish(facts) => {
                    let before = world.state.clone();
                    world.facts = facts;
                    world.state = event::publish(&world.facts, &before, &world.settings);
                    if world.state.requested != before.requested {
                        count("publishing narrows".to_owned());
                    }
                    let mut new = world.facts.actions.values().filter(|action| {
                        !before.actions.contains_key(&action.key)
                            && action.renamed_from.is_empty()
                            && !action.native
                    });
                    if new.any(|action| world.state.actions[&action.key].access.is_on()) {
                        count("a new action is on".to_owned());
                    }
                }
                Move::NewActionsDefault(on) => {
                    world.settings.new_actions_enabled_by_default = on;
                }
                Move::Removed(principal) => {
                    let before = world.state.clone();
                    world.state = event::principal_removed(&world.facts, &before, &principal);
                    if world.state.requested != before.requested {
                        count("a departure narrows".to_owned());
                    }
                }
            }
        }
    }
    let expected = [
        "mode None",
        "mode Some(Managed)",
        "mode Some(Sync)",
        "mode Some(Fixed)",
        "something is pending",
        "publishing narrows",
        "a new action is on",
        "a departure narrows",
        "scopes added",
        "scopes removed",
        "scopes accepted",
        "uses moved",
        "features lost",
        "features restored",
        "pending scopes confirmed",
        "refused UnknownAction",
        "refused NativeAction",
        "refused NoManagedClient",
        "refused ScopesNotManaged",
        "refused NotOauth",
        "refused NotFixed",
        "refused EmptyList",
        "refused Placeholder",
        "refused MissingNotAccepted",
        "refused CannotAccept",
        "refused NotPending",
    ];
    for what in expected {
        let times = seen.get(what).copied().unwrap_or(0);
        assert!(times >= 10, "{what}: {times} times only\n{seen:#?}");
    }
}

fn allowed(operation: &IntegrationOperation, effect: &Effect) -> Vec<String> {
    let confirmed = matches!(operation, IntegrationOperation::ConfirmPending { .. });
    let met = [
        ("scopes added", !effect.scopes.add.is_empty()),
        ("scopes removed", !effect.scopes.remove.is_empty()),
        ("scopes accepted", !effect.accepts.is_empty()),
        ("uses moved", !effect.uses.is_empty()),
        ("features lost", !effect.features_lost.is_empty()),
        ("features restored", !effect.features_restored.is_empty()),
        ("pending scopes confirmed", confirmed && !effect.scopes.add.is_empty()),
    ];
    met.iter().filter(|(_, is)| *is).map(|(what, _)| (*what).to_owned()).collect()
}

fn refused(rejected: &Rejected) -> String {
    format!("refused {:?}", translate::refusal(rejected))
}
