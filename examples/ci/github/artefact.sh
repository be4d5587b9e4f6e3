#!/bin/sh
# Fetches the newest artefact of a name that a run of this repository's branch main has left.
#
#   artefact.sh NAME FOLDER     with GH_TOKEN and REPOSITORY (owner/name); ends with 4 where there is none
set -eu
name=${1:?the name of the artefact} folder=${2:?the folder to put it in}
# A fork's branch may be called main too.
run=$(gh api "repos/$REPOSITORY/actions/artifacts?name=$name&per_page=100" --jq '
    [.artifacts[] | select((.expired | not) and .workflow_run.head_branch == "main"
      and .workflow_run.head_repository_id == .workflow_run.repository_id)][0].workflow_run.id // empty')
if [ -z "$run" ]; then
    echo "no run of main has left an artefact $name that has not expired" >&2
    exit 4
fi
gh run download "$run" --repo "$REPOSITORY" --name "$name" --dir "$folder"
