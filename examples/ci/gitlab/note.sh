#!/bin/sh
# Writes the plan as one note of a merge request, and edits it in place.
#
#   note.sh OUT      with NOTE_TOKEN and what GitLab sets in a merge request pipeline
set -eu
out=${1:?the folder with results}
[ -f "$out/comment.md" ] || exit 0
api=$CI_API_V4_URL
notes=$api/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes

# The token stays out of the command line, where every process of the machine could read it.
call() {
    printf 'header = "PRIVATE-TOKEN: %s"\n' "$NOTE_TOKEN" |
        curl --config - --fail --silent --show-error --header 'Content-Type: application/json' "$@"
}

# The first line is a comment that nobody sees; it names the workspace, so each has its own.
marker=$(head -n 1 "$out/comment.md")
# Anybody can begin a note with it, so only one that this token wrote is taken for ours.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
call "$api/user" >"$work/user.json"
id='' page=1
while [ -z "$id" ]; do
    call "$notes?per_page=100&page=$page" >"$work/notes.json"
    [ "$(jq length "$work/notes.json")" -gt 0 ] || break
    id=$(jq -r --arg marker "$marker" --slurpfile me "$work/user.json" \
        '[.[] | select(.author.id == $me[0].id and (.body | startswith($marker)))][0].id // ""' "$work/notes.json")
    page=$((page + 1))
done
jq -Rs '{body: .}' "$out/comment.md" >"$work/note.json"
if [ -n "$id" ]; then
    call --request PUT --data "@$work/note.json" --output /dev/null "$notes/$id"
else
    call --request POST --data "@$work/note.json" --output /dev/null "$notes"
fi
