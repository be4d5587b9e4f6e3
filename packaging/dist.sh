#!/usr/bin/env bash
# Builds what is handed out: one static binary, shell completions, manual pages and the licences, in the folder named.
#
#     packaging/dist.sh target/scopeform-dist
#
# Static means that the binary runs on any Linux of its processor, from an old distribution to an empty container image.
set -euo pipefail
out=${1:?name the folder to write to}
cd "$(dirname "$0")/.."
host=$(rustc -vV | sed -n 's/^host: //p')

# The target is named so that the flag is for the program and not for the macros that the compiler loads.
RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" \
    cargo build --locked --profile dist --bin scopeform --target "$host"

binary=${CARGO_TARGET_DIR:-target}/$host/dist/scopeform
mkdir -p "$out/completions" "$out/man"
install -m 0755 "$binary" "$out/scopeform"
install -m 0644 LICENSE-APACHE LICENSE-MIT "$out/"
"$out/scopeform" man --out "$out/man"
for shell in bash elvish fish powershell zsh; do
    "$out/scopeform" completions "$shell" >"$out/completions/scopeform.$shell"
done
packaging/check.sh "$out"
