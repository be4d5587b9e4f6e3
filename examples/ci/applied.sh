#!/bin/sh
# Moves the branch of what was last applied completely to the commit at hand, once an apply has ended with 0. Its rules are
# those that the next change cannot weaken, so nobody else may move it: docs/ci.md says how.
#
#   applied.sh OUT     with APPLIED_KEY (a private SSH key, or a file that holds one) and APPLIED_REMOTE (an SSH address)
set -eu
out=${1:?the folder with results}
: "${APPLIED_KEY:?the private key that may move the branch}" "${APPLIED_REMOTE:?the address of the repository}"
[ "$(cat "$out/exit-code")" = 0 ] || exit 1
hosts=$(cd "$(dirname "$0")" && pwd)/known_hosts
private=$(mktemp -d)
trap 'rm -rf "$private"' EXIT
if [ -f "$APPLIED_KEY" ]; then
    (umask 077 && cat "$APPLIED_KEY" >"$private/key")
else
    (umask 077 && printf '%s\n' "$APPLIED_KEY" >"$private/key")
fi
# Without force: it only ever moves forward.
GIT_SSH_COMMAND="ssh -i '$private/key' -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile='$hosts'" \
    git push --quiet "$APPLIED_REMOTE" "HEAD:refs/heads/${APPLIED_BRANCH:-scopeform/applied}" && exit
echo 'all is applied, but the branch has not moved: run the whole pipeline again, which has nothing left to write but that' >&2
exit 1
