//! Planning 1,000 and 10,000 actions over 200 integrations, side by side, after parsing.
//!
//! Three cases each: nothing to do, every other action toggled (so every second action is an operation that is ordered,
//! proven on every prefix and explained), and the same with both sides of every integration kept for a report, as with
//! `--out`. The limit is 50 ms for 10,000 actions, and ten times the actions may
//! cost at most about ten times the time: `cargo bench --bench plan`.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use scopeform::platform::odeus::planner::plan;
use scopeform::seal::SealedPlan;

#[path = "../tests/it/large.rs"]
mod large;

use large::{inputs, wishes};

/// As in the program, so that what is measured is what users have.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const INTEGRATIONS: usize = 200;
const USERS: usize = 100;

fn planning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(20);
    for actions in [1_000, 10_000] {
        let snapshot = large::snapshot(actions, INTEGRATIONS, USERS);
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
