//! Laws of the planner, over generated workspaces and wishes, checked with the second opinion.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use scopeform::model::{Direction, Right};
use scopeform::plan::Finding;
use scopeform::platform;
use scopeform::platform::trustpager::operation::Operation;
use scopeform::platform::trustpager::state::{ClientState, KeyGrants, Snapshot};
use scopeform::seal::SealedPlan;

use super::fixture::{Bench, CLIENT, apply};
use super::oracle::{self, Deeds};
use super::translate;
use super::worlds::{ROLES, USERS, wishes};

fn config() -> ProptestConfig {
    ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() }
}

/// Everything that one token may do.
fn everything(snapshot: &Snapshot, state: &ClientState, token: &str) -> BTreeMap<String, Deeds> {
    let facts = translate::facts(&snapshot.catalog);
    let roles = translate::roles(&snapshot.users);
    let client = translate::client(state);
    let resources = facts.resources.keys();
    resources.map(|r| (r.clone(), oracle::now(&facts, &client, &roles, token, r))).collect()
}

/// What the client's list allows, whoever holds its tokens.
fn ceilings(snapshot: &Snapshot, state: &ClientState) -> BTreeMap<String, Deeds> {
    let facts = translate::facts(&snapshot.catalog);
    let list = translate::list(&state.access);
    facts.resources.keys().map(|r| (r.clone(), oracle::key(&facts, &list, r))).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_plan_that_was_applied_leaves_nothing_to_do(bench in wishes()) {
        let plan = bench.plan();
        let again = bench.applied(&plan).plan();
        prop_assert!(again.is_empty(), "{:?}\n{:?}", again.bound.changes, again.bound.operations);
        prop_assert!(again.bound.privilege.changes.is_empty());
        prop_assert!(again.observed.tokens.is_empty());
    }

    /// Whatever widens is marked: at the line that asks for it, or above it. What a new key may do is marked below the key.
    #[test]
    fn every_line_that_widens_has_a_finding(bench in wishes()) {
        let plan = bench.plan();
        for change in plan.bound.privilege.widening() {
            let own = match &change.right {
                Right::Tier(tier) => &tier.address,
                Right::Credential { address, .. } => address,
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            };
            let mut causes = change.causes.iter().filter_map(|cause| cause.address.as_ref());
            let line = causes.next_back().unwrap_or(own);
            let marks = |finding: &&Finding| {
                let at = &finding.address;
                let new_key = matches!(change.right, Right::Credential { .. });
                ["tier-widens", "full-access-key"].contains(&finding.code.as_str())
                    && (line.is_within(at) || new_key && at.is_within(line))
            };
            prop_assert!(plan.bound.findings.iter().any(|f| marks(&f)), "{change:?}");
        }
    }

    #[test]
    fn a_doomed_token_never_gets_more(bench in wishes()) {
        let plan = bench.plan();
        let doomed: BTreeSet<String> = plan.bound.operations.iter().filter_map(|planned| {
            match &planned.operation {
                platform::Operation::Trustpager(Operation::RevokeToken { token, .. }) => {
                    Some(token.to_string())
                }
                _ => None,
            }
        }).collect();
        let first = &bench.snapshot.clients[CLIENT].state;
        let mut snapshot = bench.snapshot.clone();
        let mut saved = false;
        for planned in &plan.bound.operations {
            match &planned.operation {
                platform::Operation::Trustpager(Operation::SetClientAccess { .. }) => saved = true,
                platform::Operation::Trustpager(Operation::RevokeToken { .. }) => {
                    prop_assert!(!saved, "a token is revoked after the save");
                }
                _ => {}
            }
            apply(&mut snapshot, &planned.operation);
            for id in &doomed {
                let before = everything(&bench.snapshot, first, id);
                let now = everything(&snapshot, &snapshot.clients[CLIENT].state, id);
                for (resource, deeds) in &now {
                    prop_assert!(oracle::at_most(deeds, &before[resource]), "{id} on {resource}");
                }
            }
        }
        for id in &doomed {
            let known = &snapshot.clients[CLIENT].state.tokens;
            prop_assert!(!known.contains_key(id.as_str()));
        }
    }

    /// Read off the words of a plan, and held against what the lists allow before and after.
    #[test]
    fn a_tier_refuses_when_something_is_no_longer_allowed(bench in wishes()) {
        let plan = bench.plan();
        let after = bench.applied(&plan);
        let (old, new) = (&bench.snapshot, &after.snapshot);
        let now = ceilings(new, &new.clients[CLIENT].state);
        let mut refused = ceilings(old, &old.clients[CLIENT].state);
        refused.retain(|resource, deeds| deeds.keys().any(|deed| !now[resource].contains_key(deed)));
        let unit = format!("oauth_clients/{CLIENT}/resources/");
        let said = plan.bound.privilege.changes.iter().filter(|change| change.refuses());
        let said: BTreeSet<&str> = said.filter_map(|change| match &change.right {
            Right::Tier(tier) => tier.address.as_str().strip_prefix(&unit),
            _ => None,
        }).collect();
        prop_assert_eq!(said, refused.keys().map(String::as_str).collect::<BTreeSet<_>>());
    }

    #[test]
    fn only_holders_for_whom_something_changes_are_said_to_change(bench in wishes()) {
        let plan = bench.plan();
        let after = bench.applied(&plan);
        let (old, new) =
            (&bench.snapshot.clients[CLIENT].state, &after.snapshot.clients[CLIENT].state);
        let Some(effect) = plan.observed.tokens.first() else {
            prop_assert_eq!(
                ceilings(&bench.snapshot, old),
                ceilings(&bench.snapshot, new)
            );
            return Ok(());
        };
        prop_assert_eq!(effect.re_resolved, new.tokens.len());
        let mut changes = BTreeMap::new();
        for token in new.tokens.values() {
            let before = everything(&bench.snapshot, old, token.id.as_str());
            let now = everything(&bench.snapshot, new, token.id.as_str());
            changes.insert(token.display(), before != now);
        }
        let mut told = BTreeMap::new();
        told.extend(effect.changed.iter().map(|change| (change.token.clone(), true)));
        told.extend(effect.unchanged.iter().map(|same| (same.token.clone(), false)));
        prop_assert_eq!(told, changes);
        prop_assert_eq!(effect.changed.len() + effect.unchanged.len(), new.tokens.len());
        // Case 62: what would be executed now and would not be then.
        let facts = translate::facts(&bench.snapshot.catalog);
        let roles = translate::roles(&bench.snapshot.users);
        let executes = |state: &ClientState| {
            let client = translate::client(state);
            bench.snapshot.queue.iter().map(|item| {
                let platform::trustpager::state::Caller::Token { token, .. } =
                    &item.caller else { unreachable!() };
                let call = (token.as_str(), item.resource.as_str(), item.verb.as_str());
                oracle::queued_call_executes(&facts, &client, &roles, call)
            }).collect::<Vec<bool>>()
        };
        let stopped = executes(old).iter().zip(executes(new)).filter(|(a, b)| **a && !*b).count();
        prop_assert_eq!(effect.queued_affected, stopped);
    }

    #[test]
    fn what_no_line_declares_is_left_alone(bench in wishes()) {
        let plan = bench.plan();
        let after = bench.applied(&plan).snapshot;
        prop_assert_eq!(&after.clients["Other"], &bench.snapshot.clients["Other"]);
        prop_assert_eq!(&after.keys["undeclared"], &bench.snapshot.keys["undeclared"]);
        for change in &plan.bound.changes {
            let unit = change.unit.as_str();
            prop_assert!(["oauth_clients/Claude Connection", "api_keys/declared"].contains(&unit));
        }
        let wish = &bench.desired.clients[CLIENT];
        if wish.unlisted != platform::trustpager::desired::Unlisted::Keep {
            return Ok(());
        }
        let before = ceilings(&bench.snapshot, &bench.snapshot.clients[CLIENT].state);
        let now = ceilings(&after, &after.clients[CLIENT].state);
        let named: BTreeSet<_> = wish.resources.keys().chain(wish.verbs.keys())
            .map(|key| bench.snapshot.catalog.resource(key).unwrap().key.to_string()).collect();
        for (resource, deeds) in &now {
            if !named.contains(resource) {
                prop_assert_eq!(deeds, &before[resource], "{}", resource);
            }
        }
    }

    #[test]
    fn nothing_is_written_for_nothing(bench in wishes()) {
        // Case 60: no net change is no call.
        let plan = bench.plan();
        let mut snapshot = bench.snapshot.clone();
        for planned in &plan.bound.operations {
            let old = snapshot.clone();
            apply(&mut snapshot, &planned.operation);
            let facts = translate::facts(&old.catalog);
            match &planned.operation {
                platform::Operation::Trustpager(Operation::SetClientAccess { client, .. }) => {
                    prop_assert_ne!(
                        ceilings(&old, &old.clients[client].state),
                        ceilings(&old, &snapshot.clients[client].state)
                    );
                }
                platform::Operation::Trustpager(Operation::SetKeyAccess { key, grants }) => {
                    if let (KeyGrants::Custom(a), KeyGrants::Custom(b)) = (&old.keys[key].grants, grants) {
                        let (a, b) = (translate::list(a), translate::list(b));
                        let mut all = facts.resources.keys();
                        prop_assert!(all.any(|r| oracle::key(&facts, &a, r) != oracle::key(&facts, &b, r)));
                    }
                }
                _ => {}
            }
        }
        for change in &plan.bound.changes {
            prop_assert_ne!(&change.before, &change.after, "{}", change.address);
        }
    }

    #[test]
    fn a_tier_that_allows_more_is_called_widening(bench in wishes()) {
        let plan = bench.plan();
        let after = bench.applied(&plan).snapshot;
        let (before, now) = (
            ceilings(&bench.snapshot, &bench.snapshot.clients[CLIENT].state),
            ceilings(&bench.snapshot, &after.clients[CLIENT].state),
        );
        let mut told = BTreeMap::new();
        for change in &plan.bound.privilege.changes {
            if let Right::Tier(tier) = &change.right
                && change.unit.as_str().starts_with("oauth_clients/")
            {
                prop_assert_eq!(change.direction == Direction::Widening, !tier.widens.is_empty());
                told.insert(tier.address.name().to_owned(), change.direction);
            }
        }
        let expected: BTreeMap<String, Direction> = now.iter().filter(|(r, d)| before[*r] != **d)
            .map(|(r, deeds)| {
                let narrower = oracle::at_most(deeds, &before[r]);
                (r.clone(), if narrower { Direction::Narrowing } else { Direction::Widening })
            }).collect();
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn the_digest_moves_only_when_a_decision_moves(
        bench in wishes(),
        roles in prop::collection::vec(0..ROLES.len(), 5),
        used in prop::collection::vec(0..120i64, 5),
    ) {
        // SEMANTICS section 4: tokens re-resolved, queued items, last use and version tokens are observed.
        let digest = |bench: &Bench| SealedPlan::seal(bench.plan()).digest().clone();
        let mut moved = bench.clone();
        for (user, role) in USERS.iter().zip(roles) {
            moved.snapshot.users.insert((*user).try_into().unwrap(), ROLES[role].try_into().unwrap());
        }
        moved.snapshot.queue.clear();
        let decides = bench.desired.clients[CLIENT].tokens.max_idle_days.is_some();
        for (token, idle) in moved.live().tokens.values_mut().zip(used) {
            token.requests += 100;
            if !decides {
                token.last_used = super::fixture::token("x", super::fixture::ADMIN, idle).last_used;
            }
        }
        moved.snapshot.clients.get_mut(CLIENT).unwrap().revision = "r2".to_owned();
        moved.snapshot.keys_revision = "k2".to_owned();
        prop_assert_eq!(digest(&moved), digest(&bench));
    }
}
