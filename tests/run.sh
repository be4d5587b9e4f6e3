#!/usr/bin/env bash
# All tests, and before them the programs that they drive. Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/tools.sh
exec cargo test --locked "$@"
