#!/bin/sh
# Takes a signed snapshot, from which the jobs of forks plan.
#
#   snapshot.sh FOLDER FILE     with SCOPEFORM_TOKEN and SNAPSHOT_KEY (a private SSH key, or a file that holds one)
set -eu
folder=${1:?the configuration folder} file=${2:?the file to write}
: "${SNAPSHOT_KEY:?a private key that access/allowed_signers lists for snapshots}"
private=$(mktemp -d)
trap 'rm -rf "$private"' EXIT
if [ -f "$SNAPSHOT_KEY" ]; then
    (umask 077 && cat "$SNAPSHOT_KEY" >"$private/key")
else
    (umask 077 && printf '%s\n' "$SNAPSHOT_KEY" >"$private/key")
fi
scopeform snapshot "$folder" --out "$file" --key "$private/key"
