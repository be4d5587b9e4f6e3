//! How long the program takes to start, say something and end: the limit is 20 ms. `cargo bench --bench startup`.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to measure")]

use std::process::Command;

use criterion::{Criterion, criterion_group, criterion_main};

fn starting(criterion: &mut Criterion) {
    let program = env!("CARGO_BIN_EXE_scopeform");
    let mut group = criterion.benchmark_group("start");
    group.sample_size(50);
    for (name, args) in
        [("--version", &["--version"][..]), ("explain", &["explain", "unknown-scope"])]
    {
        group.bench_function(name, |bench| {
            bench.iter(|| {
                let output = Command::new(program).args(args).output().unwrap();
                assert!(output.status.success());
                output.stdout.len()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, starting);
criterion_main!(benches);
