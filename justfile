# Names for the parts of .ci/run; that script is the truth.

# Everything that CI does
ci:
    .ci/run

# Format, lints and the purity of the core
check:
    cargo fmt --check
    cargo clippy --locked --all-targets -- -D warnings
    cargo clippy --locked --lib --no-default-features -- -D warnings

# All tests
test:
    tests/run.sh

# Every pair of the small worlds in the proof of order (minutes)
proof:
    SCOPEFORM_PROOF=whole cargo test --test it proof:: -- --nocapture

# Break the code on purpose, once for each law, and see the named tests fail (minutes)
mutants *names:
    tests/mutations/run.sh {{names}}

# Accept changed snapshots, fixtures and published schemas
bless:
    UPDATE=1 INSTA_UPDATE=always cargo test

# Planning 1,000 and 10,000 actions, and the start of the program
bench:
    cargo bench

# What is handed out: a static binary, completions, manual pages, checked
dist:
    packaging/dist.sh target/scopeform-dist

# Licences, sources, bans and (with network) advisories
deny:
    cargo deny check
