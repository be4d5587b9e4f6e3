#!/bin/sh
# Takes a plan to where GitHub's reviewers are: one comment on the pull request, edited in place. Where there is no plan, an
# earlier comment says so from then on, and none is made.
#
#   report.sh OUT      with GH_TOKEN, REPOSITORY (owner/name), NUMBER (of the pull request), REVISION (its commit), RUN_URL (of
#                      this run) and PLANNED (how the plan ended; empty where there is none: then nothing in OUT is believed)
#   report.sh          the same where the commit touches nothing that is planned
#
# A repository of several workspaces sets MARKER to the beginning of this one's comments, such as `<!-- scopeform:acme:`.
set -eu
out=${1-}
list=$(mktemp) page=$(mktemp)
trap 'rm -f "$list" "$page"' EXIT
# To a file, and not through a pipe, which would hide that half of the list is missing.
gh api --paginate "repos/$REPOSITORY/issues/$NUMBER/comments" >"$list"
# Prints the first line of each comment of ours that begins with a text, and its number before it.
ours() {
    jq -rn --arg marker "$1" '
        inputs[] | select(.user.login == "github-actions[bot]" and (.body | startswith($marker)))
        | "\(.id) \(.body | split("\n")[0] | rtrimstr("\r"))"' "$list"
}

if [ -n "$out" ] && [ -n "${PLANNED-}" ] && [ -f "$out/comment.md" ]; then
    # The first line is a comment that nobody sees; it names the workspace, so each has its own.
    id=$(ours "$(head -n 1 "$out/comment.md")" | sed -n '1s/ .*//p')
    if [ -n "$id" ]; then
        gh api --method PATCH "repos/$REPOSITORY/issues/comments/$id" --field "body=@$out/comment.md" --silent
    else
        gh api --method POST "repos/$REPOSITORY/issues/$NUMBER/comments" --field "body=@$out/comment.md" --silent
    fi
    exit
fi
ours "${MARKER:-<!-- scopeform:}" >"$page.ours"
trap 'rm -f "$list" "$page" "$page.ours"' EXIT
while read -r id marker; do
    if [ -n "$out" ]; then
        said="**No plan of \`$REVISION\`**: [the run]($RUN_URL) says why."
    else
        said="**Nothing to plan**: \`$REVISION\` touches nothing that decides who may do what."
    fi
    printf '%s\n%s\n\nThe plan that stood here was of an earlier commit.\n' "$marker" "$said" >"$page"
    gh api --method PATCH "repos/$REPOSITORY/issues/comments/$id" --field "body=@$page" --silent
done <"$page.ours"
