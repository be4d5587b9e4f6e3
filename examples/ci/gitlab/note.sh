#!/bin/sh
# Writes the plan as one note of a merge request, and edits it in place. Where there is no plan, an earlier note says so from
# then on, and none is made.
#
#   note.sh OUT      with NOTE_TOKEN and what GitLab sets in a merge request pipeline
#   note.sh          the same where the commit touches nothing that is planned
#
# A project of several workspaces sets MARKER to the beginning of this one's notes, such as `<!-- scopeform:acme:`.
set -eu
out=${1-} revision=${CI_MERGE_REQUEST_SOURCE_BRANCH_SHA:-$CI_COMMIT_SHA}
api=$CI_API_V4_URL
notes=$api/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes

# The token stays out of the command line, where every process of the machine could read it.
call() {
    printf 'header = "PRIVATE-TOKEN: %s"\n' "$NOTE_TOKEN" |
        curl --config - --fail --silent --show-error --header 'Content-Type: application/json' "$@"
}

# The first line is a comment that nobody sees; it names the workspace, so each has its own.
marker=${MARKER:-<!-- scopeform:} page=''
if [ -n "$out" ] && [ -f "$out/exit-code" ] && [ -f "$out/comment.md" ]; then
    page=$out/comment.md
    marker=$(head -n 1 "$page")
fi
# Anybody can begin a note with it, so only one that this token wrote is taken for ours.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
call "$api/user" >"$work/user.json"
id='' number=1
while [ -z "$id" ]; do
    call "$notes?per_page=100&page=$number" >"$work/notes.json"
    [ "$(jq length "$work/notes.json")" -gt 0 ] || break
    id=$(jq -r --arg marker "$marker" --slurpfile me "$work/user.json" \
        '[.[] | select(.author.id == $me[0].id and (.body | startswith($marker)))][0].id // ""' "$work/notes.json")
    [ -n "$id" ] || number=$((number + 1))
done
if [ -z "$page" ]; then
    [ -n "$id" ] || exit 0
    page=$work/note.md
    jq -r --argjson id "$id" '.[] | select(.id == $id) | .body | split("\n")[0]' "$work/notes.json" >"$page"
    if [ -n "$out" ]; then
        said="**No plan of \`$revision\`**: [the job]($CI_JOB_URL) says why."
    else
        said="**Nothing to plan**: \`$revision\` touches nothing that decides who may do what."
    fi
    printf '%s\n\nThe plan that stood here was of an earlier commit.\n' "$said" >>"$page"
fi
jq -Rs '{body: .}' "$page" >"$work/note.json"
if [ -n "$id" ]; then
    call --request PUT --data "@$work/note.json" --output /dev/null "$notes/$id"
else
    call --request POST --data "@$work/note.json" --output /dev/null "$notes"
fi
