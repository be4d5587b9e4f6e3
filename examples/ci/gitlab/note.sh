#!/bin/sh
# Writes the plan as one note of a merge request, and edits it in place.
#
#   note.sh OUT      with NOTE_TOKEN and what GitLab sets in a merge request pipeline
set -eu
out=${1:?the folder with results}
[ -f "$out/comment.md" ] || exit 0
notes=$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes

# The token stays out of the command line, where every process of the machine could read it.
call() {
    printf 'header = "PRIVATE-TOKEN: %s"\n' "$NOTE_TOKEN" |
        curl --config - --fail --silent --show-error --header 'Content-Type: application/json' "$@"
}

# The first line is a comment that nobody sees; it names the workspace, so each has its own.
marker=$(head -n 1 "$out/comment.md")
id='' page=1
while [ -z "$id" ]; do
    call "$notes?per_page=100&page=$page" >"$out/notes.json"
    [ "$(jq length "$out/notes.json")" -gt 0 ] || break
    id=$(jq -r --arg marker "$marker" '[.[] | select(.body | startswith($marker))][0].id // ""' "$out/notes.json")
    page=$((page + 1))
done
rm "$out/notes.json"
jq -Rs '{body: .}' "$out/comment.md" >"$out/note.json"
if [ -n "$id" ]; then
    call --request PUT --data "@$out/note.json" --output /dev/null "$notes/$id"
else
    call --request POST --data "@$out/note.json" --output /dev/null "$notes"
fi
rm "$out/note.json"
