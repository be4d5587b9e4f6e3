#!/bin/sh
# Gives the findings of a plan to code scanning. A private repository without GitHub Code Security refuses them (403).
#
#   code-scanning.sh OUT      with GH_TOKEN, REPOSITORY (owner/name), COMMIT and REF
set -eu
out=${1:?the folder with results}
[ -f "$out/findings.sarif" ] || exit 0
request=$(mktemp)
trap 'rm -f "$request"' EXIT
gzip -c "$out/findings.sarif" | base64 | tr -d '\n' |
    jq -Rs --arg commit "$COMMIT" --arg ref "$REF" '{commit_sha: $commit, ref: $ref, sarif: .}' >"$request"
gh api --method POST "repos/$REPOSITORY/code-scanning/sarifs" --input "$request" --silent
