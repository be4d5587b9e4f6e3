#!/usr/bin/env bash
# All tests, and before them the programs that they drive. Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/tools.sh
# One more than there are processors: what waits, for a disk, a browser or another process, holds nobody up.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$(($(getconf _NPROCESSORS_ONLN) + 1))}"
exec cargo test --locked "$@"
