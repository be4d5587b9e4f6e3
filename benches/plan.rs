//! Planning 1,000 and 10,000 actions over 200 integrations, side by side, after parsing.
//!
//! Three cases each: nothing to do, every other action toggled (so every second action is an operation that is ordered,
//! proven on every prefix and explained), and the same with both sides of every integration kept for a report, as with
//! `--out`. The limit is 50 ms for 10,000 actions, and ten times the actions may
//! cost at most about ten times the time: `cargo bench --bench plan`.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::date;
use mimalloc::MiMalloc;
use scopeform::model::{Access, ActionKey, IntegrationKey, Scope, ScopeSet, UserId};
use scopeform::platform::odeus::catalog::{Action, ActionKind, Auth, Integration};
use scopeform::platform::odeus::desired::{
    Desired, DesiredAction, DesiredIntegration, DesiredOauth, Unlisted,
};
use scopeform::platform::odeus::event::first_state;
use scopeform::platform::odeus::planner::{Inputs, plan};
use scopeform::platform::odeus::state::{
    ClientIdentity, Connection, Deployment, Directory, LiveIntegration, Role, Settings, Snapshot,
};
use scopeform::seal::SealedPlan;

/// As in the program, so that what is measured is what users have.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const INTEGRATIONS: usize = 200;
const USERS: usize = 100;

fn scope(n: usize) -> Scope {
    Scope::try_from(format!("Resource{n}.ReadWrite.All")).unwrap()
}

fn integration(n: usize, actions: usize) -> Integration {
    let actions = (0..actions).map(|a| {
        let key = ActionKey::try_from(format!("action_{a}")).unwrap();
        let action = Action {
            key: key.clone(),
            name: format!("Action {a}"),
            description: String::new(),
            kind: ActionKind::Action,
            // Neighbours share scopes, so that toggling one does not always move a scope.
            required_scopes: ScopeSet::from_iter([scope(a / 3), scope(a / 5 + 1)]),
            native: a % 20 == 19,
            features: BTreeSet::new(),
            degraded_without: ScopeSet::new(),
            renamed_from: BTreeSet::new(),
        };
        (key, action)
    });
    Integration {
        key: IntegrationKey::try_from(format!("integration-{n}")).unwrap(),
        name: format!("Integration {n}"),
        provider: "microsoft".to_owned(),
        auth: Auth::Oauth,
        managed_client: true,
        scope_management: true,
        base_scopes: ScopeSet::from_iter([Scope::try_from("offline_access").unwrap()]),
        actions: actions.collect(),
    }
}

fn world(actions: usize) -> Snapshot {
    let settings =
        Settings { new_actions_enabled_by_default: false, deployment: Deployment::MultiTenant };
    let users: Vec<UserId> =
        (0..USERS).map(|n| UserId::try_from(format!("user{n}@acme.example")).unwrap()).collect();
    let mut connections = Vec::new();
    let mut integrations = BTreeMap::new();
    for n in 0..INTEGRATIONS {
        let facts = integration(n, actions / INTEGRATIONS);
        let state = first_state(&facts, &settings, &Access::Everyone);
        connections.extend(users.iter().map(|user| Connection {
            integration: facts.key.clone(),
            user: user.clone(),
            client: ClientIdentity::Managed,
            granted: state.requested.clone(),
        }));
        let live = LiveIntegration { facts: Arc::new(facts), state, revision: "1".to_owned() };
        integrations.insert(live.facts.key.clone(), live);
    }
    Snapshot {
        workspace: "bench".try_into().unwrap(),
        settings,
        settings_revision: "1".to_owned(),
        directory: Directory {
            users: users.into_iter().map(|user| (user, Role::Member)).collect(),
            groups: BTreeMap::new(),
        },
        integrations,
        connections,
    }
}

fn wishes(snapshot: &Snapshot, toggle: bool) -> Desired {
    let integrations = snapshot.integrations.iter().map(|(key, live)| {
        let named = live.facts.actions.values().filter(|action| !action.native);
        let actions = named.enumerate().map(|(n, action)| {
            let access = if toggle && n % 2 == 0 { Access::Nobody } else { Access::Everyone };
            (action.key.clone(), DesiredAction { access, accept_missing_scopes: None })
        });
        let wanted = DesiredIntegration {
            oauth: Some(DesiredOauth::Managed),
            unlisted_actions: Unlisted::Keep,
            actions: actions.collect(),
            ..DesiredIntegration::default()
        };
        (key.clone(), wanted)
    });
    Desired {
        workspace: snapshot.workspace.clone(),
        new_actions_enabled_by_default: None,
        integrations: integrations.collect(),
    }
}

fn inputs(both_sides: bool) -> Inputs<'static> {
    Inputs {
        today: date(2026, 11, 22),
        endpoint: "embedded",
        reads: 5,
        sources: Vec::new(),
        only: None,
        both_sides,
    }
}

fn planning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(20);
    for actions in [1_000, 10_000] {
        let snapshot = world(actions);
        group.throughput(Throughput::Elements(actions as u64));
        for (name, toggle, both_sides) in [
            ("nothing to do", false, false),
            ("every other action toggled", true, false),
            ("the same for a report", true, true),
        ] {
            let desired = wishes(&snapshot, toggle);
            group.bench_with_input(BenchmarkId::new(name, actions), &desired, |bench, desired| {
                bench.iter_with_large_drop(|| {
                    let (plan, problems) = plan(desired, &snapshot, inputs(both_sides));
                    assert!(problems.is_empty());
                    plan.unwrap()
                });
            });
        }
        let desired = wishes(&snapshot, true);
        group.bench_with_input(BenchmarkId::new("seal", actions), &desired, |bench, desired| {
            let made = plan(desired, &snapshot, inputs(true)).0.unwrap();
            bench.iter_batched(|| made.clone(), SealedPlan::seal, criterion::BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(benches, planning);
criterion_main!(benches);
