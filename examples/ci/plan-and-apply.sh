#!/bin/sh
# What a pipeline does with scopeform, on any system that can run a shell.
#
#   plan-and-apply.sh plan  FOLDER OUT [BASE]          plans, and writes to OUT what reviewers read
#   plan-and-apply.sh fork  FOLDER OUT BASE SNAPSHOT   the same from a snapshot: no credentials, nothing that can be applied
#   plan-and-apply.sh apply FOLDER OUT [BASE]          carries out OUT/plan.scopeform, exactly that
#   plan-and-apply.sh drift FOLDER OUT                 ends with 2 when what is live is not what the files say
#
# FOLDER holds the configuration, BASE is the git revision before the change: its rules hold too.
# Exit codes are scopeform's. `plan` and `fork` end with 0 also when there are changes; OUT/exit-code tells (2: changes).
# From the environment: SCOPEFORM_TOKEN, APPROVALS (a folder of approvals, default `approvals`), FORGE (`github` or
# `gitlab`), REPORT_URL (where OUT/report.html will be found).
set -eu

command=${1:?plan, fork, apply or drift} folder=${2:?the configuration folder} out=${3:?a folder for results}
base=${4-} snapshot=${5-}
plan=$out/plan.scopeform
mkdir -p "$out"

# One page. On a fork the plan is made again for each, since a plan from a snapshot is never saved.
page() {
    if [ "$command" = fork ]; then
        code=0
        scopeform plan "$folder" --snapshot "$snapshot" --base "$base" --format "$@" || code=$?
        # Blocked or not, this is what reviewers must see.
        case $code in 0 | 4) ;; *) return "$code" ;; esac
    else
        scopeform show "$plan" --config "$folder" --format "$@"
    fi
}

pages() {
    page markdown --forge "${FORGE:-github}" ${REPORT_URL:+--report-url "$REPORT_URL"} >"$out/comment.md"
    page markdown --forge github-step-summary ${REPORT_URL:+--report-url "$REPORT_URL"} >"$out/summary.md"
    page html >"$out/report.html"
    page json >"$out/plan.json"
    page sarif >"$out/findings.sarif"
    page annotations >"$out/annotations.txt"
    page code-quality >"$out/code-quality.json"
}

# Where the files are wrong there is no plan, and the same formats say where they are wrong.
wrong() {
    for format in sarif:findings.sarif annotations:annotations.txt code-quality:code-quality.json; do
        scopeform plan "$folder" ${base:+--base "$base"} ${snapshot:+--snapshot "$snapshot"} \
            --format "${format%%:*}" >"$out/${format#*:}" || true
    done
}

# Runs scopeform, keeps what it prints in a file, and remembers how it ended.
run() {
    file=$1
    shift
    code=0
    scopeform "$@" >"$file" || code=$?
    cat "$file"
    echo "$code" >"$out/exit-code"
}

case $command in
plan | drift)
    run "$out/plan.txt" plan "$folder" ${base:+--base "$base"} --out "$plan" --detailed-exitcode
    case $code in
    0 | 2 | 4) pages ;;
    1) wrong ;;
    esac
    [ "$command $code" = 'plan 2' ] || exit "$code"
    ;;
fork)
    run "$out/plan.txt" plan "$folder" --snapshot "$snapshot" --base "$base" --detailed-exitcode
    case $code in
    0 | 2 | 4) pages ;;
    1) wrong ;;
    esac
    [ "$code" = 2 ] || exit "$code"
    ;;
apply)
    # Every approval at hand is given; those of other plans do not count.
    set --
    for statement in "${APPROVALS:-approvals}"/*.approval; do
        [ ! -f "$statement" ] || set -- "$@" --approval "$statement"
    done
    run "$out/apply.jsonl" apply "$plan" --config "$folder" ${base:+--base "$base"} "$@" --json-lines
    if [ "$code" = 6 ]; then
        # In part: going on with the same plan is safe, and what failed for a moment may work now.
        run "$out/apply.jsonl" apply "$plan" --config "$folder" ${base:+--base "$base"} "$@" --json-lines
    fi
    case $code in
    3) echo 'what is live has moved since the plan was made: run the pipeline again, and read the new plan' >&2 ;;
    5) echo "approvals are missing: put their files into ${APPROVALS:-approvals}/ and run this job again" >&2 ;;
    6) echo 'applied in part: running this job again goes on where it stopped' >&2 ;;
    esac
    exit "$code"
    ;;
*)
    echo "no such command: $command" >&2
    exit 64
    ;;
esac
