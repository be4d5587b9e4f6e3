#!/usr/bin/env bash
# Breaks the code on purpose, one patch at a time, and expects each test that the patch names to fail.
# Usage: tests/mutations/run.sh [NAME...]    (all patches without a name)
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! git diff --quiet -- src; then
    echo "src/ has changes: commit or stash them first" >&2
    exit 2
fi
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    for patch in tests/mutations/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi

applied=
restore() { if [ -n "$applied" ]; then git apply -R "$applied"; applied=; fi; }
trap restore EXIT

survived=0
for name in "${names[@]}"; do
    patch="tests/mutations/$name.patch"
    git apply "$patch"
    applied=$patch
    # A mutant that does not compile proves nothing.
    cargo test --quiet --test it --no-run
    while read -r test; do
        if cargo test --quiet --test it "$test" >/dev/null 2>&1; then
            echo "SURVIVED $name: $test"
            survived=1
        else
            echo "caught $name: $test"
        fi
    done < <(sed -n 's/^fails: //p' "$patch")
    restore
done
exit $survived
