#!/bin/sh
# Fetches the newest artefact of a name that a run of this repository's branch main has left.
#
#   artefact.sh NAME FOLDER WORKFLOW...     with GH_TOKEN and REPOSITORY (owner/name); WORKFLOW is a file such as apply.yml
#
# Ends with 66 where there is none, and with 1 where that cannot be told.
set -eu
name=${1:?the name of the artefact} folder=${2:?the folder to put it in}
shift 2
: "${1:?the workflows that leave it}"
# gh has exit codes of its own, of which none may be taken for one of these.
unknown() {
    echo "it cannot be told whether there is an artefact $name" >&2
    exit 1
}
list=$(mktemp)
trap 'rm -f "$list"' EXIT
# All pages: those of other branches may be many. A fork's branch may be called main too.
gh api --paginate "repos/$REPOSITORY/actions/artifacts?name=$name&per_page=100" --jq '
    .artifacts[] | select((.expired | not) and .workflow_run.head_branch == "main"
      and .workflow_run.head_repository_id == .workflow_run.repository_id)
    | "\(.workflow_run.id) \(.workflow_run.head_sha)"' >"$list" || unknown
while read -r run commit; do
    # So may a tag; and a pull request from main runs what the pull request says.
    git merge-base --is-ancestor "$commit" refs/remotes/origin/main 2>/dev/null || continue
    of=$(gh api "repos/$REPOSITORY/actions/runs/$run" --jq '"\(.event) \(.path)"') || unknown
    event=${of%% *} path=${of#* }
    case $event in push | schedule | workflow_dispatch) ;; *) continue ;; esac
    for workflow; do
        [ "${path%%@*}" = ".github/workflows/$workflow" ] || continue
        gh run download "$run" --repo "$REPOSITORY" --name "$name" --dir "$folder" || unknown
        exit
    done
done <"$list"
echo "no run of main has left an artefact $name that has not expired" >&2
exit 66
