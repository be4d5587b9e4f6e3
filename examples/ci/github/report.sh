#!/bin/sh
# Takes a plan to where GitHub's reviewers are: one comment on the pull request, edited in place.
#
#   report.sh OUT      with GH_TOKEN, REPOSITORY (owner/name) and NUMBER (of the pull request)
set -eu
out=${1:?the folder with results}
[ -f "$out/comment.md" ] || exit 0

# The first line is a comment that nobody sees; it names the workspace, so each has its own.
marker=$(head -n 1 "$out/comment.md")
# To a file, and not through a pipe, which would hide that half of the list is missing.
list=$(mktemp)
trap 'rm -f "$list"' EXIT
gh api --paginate "repos/$REPOSITORY/issues/$NUMBER/comments" >"$list"
id=$(jq -rn --arg marker "$marker" '
    [inputs[] | select(.user.login == "github-actions[bot]" and (.body | startswith($marker))) | .id][0] // empty' "$list")
if [ -n "$id" ]; then
    gh api --method PATCH "repos/$REPOSITORY/issues/comments/$id" --field "body=@$out/comment.md" --silent
else
    gh api --method POST "repos/$REPOSITORY/issues/$NUMBER/comments" --field "body=@$out/comment.md" --silent
fi
