#!/bin/sh
# Takes a plan to where GitHub's reviewers are: one comment, edited in place, and code scanning.
#
#   report.sh OUT      with GH_TOKEN, REPOSITORY (owner/name), NUMBER (of the pull request), COMMIT and REF
set -eu
out=${1:?the folder with results}

if [ -f "$out/comment.md" ]; then
    # The first line is a comment that nobody sees; it names the workspace, so each has its own.
    marker=$(head -n 1 "$out/comment.md")
    id=$(gh api --paginate "repos/$REPOSITORY/issues/$NUMBER/comments" |
        jq -r --arg marker "$marker" \
            '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith($marker))) | .id' |
        head -n 1)
    if [ -n "$id" ]; then
        gh api --method PATCH "repos/$REPOSITORY/issues/comments/$id" --field "body=@$out/comment.md" --silent
    else
        gh api --method POST "repos/$REPOSITORY/issues/$NUMBER/comments" --field "body=@$out/comment.md" --silent
    fi
fi

if [ -f "$out/findings.sarif" ]; then
    gzip -c "$out/findings.sarif" | base64 | tr -d '\n' |
        jq -Rs --arg commit "$COMMIT" --arg ref "$REF" '{commit_sha: $commit, ref: $ref, sarif: .}' |
        gh api --method POST "repos/$REPOSITORY/code-scanning/sarifs" --input - --silent
fi
