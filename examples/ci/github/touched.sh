#!/bin/sh
# Says whether the pull request that is checked out, merged, touches anything that decides what is planned.
set -eu
touched=yes
if git diff --quiet HEAD^1 HEAD -- access approvals policies ci .github; then touched=no; fi
echo "touched=$touched" >>"$GITHUB_OUTPUT"
