#!/bin/sh
# What a pipeline does with scopeform, on any system that can run a shell.
#
#   plan-and-apply.sh plan  FOLDER OUT [BASE]          plans, and writes to OUT what reviewers read
#   plan-and-apply.sh fork  FOLDER OUT BASE SNAPSHOT   the same from a snapshot: no credentials, nothing that can be applied
#   plan-and-apply.sh apply FOLDER OUT [BASE]          carries out OUT/plan.scopeform, exactly that
#   plan-and-apply.sh drift FOLDER OUT                 ends with 2 when what is live is not what the files say
#
# FOLDER holds the configuration. OUT is a folder for results that nothing else writes to. BASE is the git revision whose
# rules hold too: the branch of what was last applied completely, which applied.sh moves.
# Exit codes are scopeform's, and 73 where OUT cannot be trusted, or a link stands for what decides. `plan` and `fork` end
# with 0 also when there are changes; OUT/exit-code tells (2: changes), and OUT/to-apply whether `apply` is wanted (yes or no).
# `drift` ends with 2 also where a finding blocks what would take the drift back.
# From the environment: SCOPEFORM_TOKEN, APPROVALS (a folder of approvals and acceptances, default `approvals`), POLICIES (a
# folder of rules in Rego, default `policies`, which need not be there), FORGE (`github` or `gitlab`), REPORT_URL (where
# OUT/report.html will be found), REVISION (what to call the commit on the page, default its id), NEW_WORKSPACE (`yes` for the
# change that brings the workspace in: nothing of it needs to be at BASE, and BASE need not be there).
set -eu

command=${1:?plan, fork, apply or drift} folder=${2:?the configuration folder} out=${3:?a folder for results}
base=${4-} given=${4-} snapshot=${5-}
approvals=${APPROVALS:-approvals} policies=${POLICIES:-policies}
case $command in
plan | fork | apply | drift) ;;
*)
    echo "no such command: $command" >&2
    exit 64
    ;;
esac

# What is in OUT is shown and applied, so a change must not bring it along, nor say with a link where it is.
refuse() {
    echo "error: $1" >&2
    exit 73
}
straight() {
    above=${1%/}
    while :; do
        [ ! -L "$above" ] || refuse "$above is a link; $2"
        case $above in /*) break ;; */*) above=${above%/*} ;; *) break ;; esac
    done
}
another='name another folder for results'
out=${out%/}
straight "$out" "$another"
# Nor is a change of what a link leads to seen where the folder is looked at; and what a link inside it meant at BASE nobody
# could say any more, so with one that has been applied every plan would end.
for decides in "$folder" "$approvals" "$policies"; do
    straight "$decides" 'name the folder that it leads to'
    link=$(find "$decides" -type l 2>/dev/null | sed -n 1p | tr -cd 'A-Za-z0-9._/@+-')
    [ -z "$link" ] || refuse "$link is a link; put the file in its place"
done
tracked=$(git --literal-pathspecs ls-files -- "$out" 2>/dev/null) || [ ! -e .git ] || refuse "git does not say which files it tracks; $another"
[ -z "$tracked" ] || refuse "git tracks files in $out; $another"
mkdir -p "$out"
plan=$out/plan.scopeform
rm -f "$out/exit-code" "$out/to-apply"
if [ "$command" != apply ]; then
    # Of an earlier run, and of another plan.
    rm -f "$plan" "$out/plan.txt" "$out/comment.md" "$out/summary.md" "$out/report.html" "$out/plan.json" \
        "$out/findings.sarif" "$out/annotations.txt" "$out/code-quality.json" "$out"/apply-*.jsonl
fi

# There is nothing at BASE, which is right for the first change alone.
nothing() {
    if [ "${NEW_WORKSPACE-}" != yes ]; then
        echo "error: $1, so the rules before the change are not known" >&2
        echo 'help: NEW_WORKSPACE=yes says that this change brings the workspace in; else make the branch, see docs/ci.md' >&2
        exit 1
    fi
    echo "notice: $1; only the rules of the files hold" >&2
    base='' commit=''
}
commit=''
case $base in
'') ;;
*[!0]*)
    git rev-parse --git-dir >/dev/null
    if commit=$(git rev-parse --verify --quiet --end-of-options "$base^{commit}"); then
        if ! git merge-base --is-ancestor "$commit" HEAD; then
            echo "error: what is checked out does not contain $base ($commit), so a plan would take that back" >&2
            echo 'help: bring the branch up to date; do not run an old run again; a shallow clone does not know' >&2
            exit 1
        fi
    else
        # Any other name that means nothing is a mistake, and scopeform says so.
        case $base in refs/*) nothing "there is no $base: nothing has been applied completely yet" ;; esac
    fi
    ;;
# What forges say for the commit before a branch that is new.
*) nothing "$base names no commit" ;;
esac
# Rules in Rego count where there are any, and where there were any before the change.
rules() { grep '\.rego$' | grep -qv '_test\.rego$'; }
if ! find "$policies" ! -type d 2>/dev/null | rules; then
    [ -n "$commit" ] && git ls-tree -r --name-only "$commit" -- "$policies" | rules || policies=''
fi
# Naming these would hide what the variable names, so both are named.
more=${SCOPEFORM_POLICY-}

new='' limits=''
[ -z "$base" ] || [ "${NEW_WORKSPACE-}" != yes ] || new=--new-workspace

# What readers of a page do is not what this script does.
applied_by='by the pipeline, after the merge, once somebody has let it through'

# One page. On a fork the plan is made again for each, since a plan from a snapshot is never saved; what it says beside
# the page has been said already.
page() {
    if [ "$command" = fork ]; then
        end=0
        scopeform plan "$folder" --snapshot "$snapshot" ${base:+--base "$base"} ${new:+"$new"} \
            ${policies:+--policy "$policies"} ${more:+--policy "$more"} --format "$@" 2>/dev/null ||
            end=$?
        # Blocked or not, this is what reviewers must see.
        case $end in 0 | 4) ;; *) return "$end" ;; esac
    else
        # Who lets the plan through sees on the page which approvals are there.
        if [ "$1" = markdown ]; then
            for statement in "$approvals"/*.approval; do
                [ ! -f "$statement" ] || set -- "$@" --approval "$statement"
            done
        fi
        # As is every limit that was accepted.
        for limit in $limits; do set -- "$@" --accept "$limit"; done
        scopeform show "$plan" --config "$folder" --apply-with "$applied_by" --format "$@"
    fi
}

pages() {
    revision=${REVISION:-$(git rev-parse --short=12 HEAD 2>/dev/null)} || revision=''
    # A step summary over 1 MiB is not shown at all: there is room for what is said in front of it, below.
    for each in "${FORGE:-github}:comment.md:" github-step-summary:summary.md:1047552; do
        most=${each##*:} each=${each%:*}
        page markdown --forge "${each%%:*}" ${most:+--max-size "$most"} ${REPORT_URL:+--report-url "$REPORT_URL"} \
            ${revision:+--revision "$revision"} >"$out/${each#*:}"
    done
    page html >"$out/report.html"
    page json >"$out/plan.json"
    page sarif >"$out/findings.sarif"
    page annotations >"$out/annotations.txt"
    page code-quality >"$out/code-quality.json"
}

# Where the files are wrong there is no plan, and the same formats say where they are wrong. The log has said it already.
wrong() {
    for format in sarif:findings.sarif annotations:annotations.txt code-quality:code-quality.json; do
        scopeform plan "$folder" ${base:+--base "$base"} ${new:+"$new"} ${snapshot:+--snapshot "$snapshot"} \
            ${policies:+--policy "$policies"} ${more:+--policy "$more"} --format "${format%%:*}" >"$out/${format#*:}" 2>/dev/null || true
    done
}

# Runs scopeform, and keeps what it prints in a file.
run() {
    file=$1
    shift
    code=0
    scopeform "$@" >"$file" || code=$?
    cat "$file"
}

# Says how it ended, after everything else has been written: whoever finds it can believe the rest.
ended() {
    echo "$code" >"$out/exit-code"
}

# Prints the acceptances of this plan that have been delivered, one LIMIT@DIGEST a line. What does not count is said by its
# place alone: what stands there is nothing for a log that obeys commands.
accepted() {
    digest=$(sed -n 's/^  "digest": "\([0-9a-f]*\)",$/\1/p' "$plan")
    return=$(printf '\r')
    for file in "$approvals"/*.accept; do
        [ -f "$file" ] || continue
        place=$(printf '%s' "$file" | tr -cd 'A-Za-z0-9._/@+-') line=0
        # The last line counts also where nothing ends it.
        while read -r limit _ || [ -n "$limit" ]; do
            line=$((line + 1)) limit=${limit%"$return"} digits=''
            case $limit in
            '' | '#'*) continue ;;
            removals@* | people@* | broken_actions@*) digits=${limit#*@} ;;
            esac
            # What scopeform takes for none would end the run, and all pages with it.
            case $digits in *[!0123456789abcdef]*) digits='' ;; esac
            if [ "${#digits}" -lt 32 ] || [ "${#digits}" -gt 64 ]; then
                echo "warning: $place, line $line: no LIMIT@DIGEST, so it does not count" >&2
                continue
            fi
            case $digest in
            "$digits"*) echo "$limit" ;;
            *) echo "notice: $place, line $line: of another plan" >&2 ;;
            esac
        done <"$file"
    done
}

case $command in
plan | drift)
    set -- "$folder" ${base:+--base "$base"} ${new:+"$new"} ${policies:+--policy "$policies"} ${more:+--policy "$more"} \
        --out "$plan" --detailed-exitcode
    run "$out/plan.txt" plan "$@"
    if [ "$command $code" = 'plan 4' ]; then
        limits=$(accepted)
        for limit in $limits; do set -- "$@" --accept "$limit"; done
        [ -z "$limits" ] || run "$out/plan.txt" plan "$@"
    fi
    case $code in
    0 | 2 | 4) pages ;;
    1) wrong ;;
    esac
    # Whoever watches for drift waits for one code, also where there is so much of it that a limit is met.
    if [ "$command $code" = 'drift 4' ] && grep -q '^    "operations": \[$' "$plan"; then code=2; fi
    wanted=no
    case "$command $code" in
    'plan 2') wanted=yes ;;
    'plan 0')
        # Nothing to write; but rules that are not yet those of BASE come into force by an apply, as everything does.
        if [ -n "$commit" ]; then
            differ=$(git diff --name-only -z "$commit" HEAD -- "$folder" ${policies:+"$policies"} | tr -dc '\0' | wc -c)
            if [ "$differ" -gt 0 ]; then
                wanted=yes
                said="Files with rules that differ from what was last applied: $((differ)). Letting this through writes nothing, and brings their rules into force."
                echo "$said"
                page=$(cat "$out/summary.md")
                printf '%s\n\n%s\n' "$said" "$page" >"$out/summary.md"
            fi
        elif [ -n "$given" ]; then
            # The first time: an apply makes the branch.
            wanted=yes
        fi
        ;;
    esac
    echo "$wanted" >"$out/to-apply"
    ended
    [ "$command $code" = 'plan 2' ] || exit "$code"
    ;;
fork)
    run "$out/plan.txt" plan "$folder" --snapshot "$snapshot" ${base:+--base "$base"} ${new:+"$new"} \
        ${policies:+--policy "$policies"} ${more:+--policy "$more"} --detailed-exitcode
    case $code in
    0 | 2 | 4) pages ;;
    1) wrong ;;
    esac
    ended
    [ "$code" = 2 ] || exit "$code"
    ;;
apply)
    # Every approval at hand is given; those of other plans do not count.
    set -- "$plan" --config "$folder" ${base:+--base "$base"} ${new:+"$new"} \
        ${policies:+--policy "$policies"} ${more:+--policy "$more"} --json-lines
    for statement in "$approvals"/*.approval; do
        [ ! -f "$statement" ] || set -- "$@" --approval "$statement"
    done
    for limit in $(accepted); do set -- "$@" --accept "$limit"; done
    # Each run has a file of its own, also when the job runs again.
    record() {
        times=1
        while [ -e "$out/apply-$times.jsonl" ]; do times=$((times + 1)); done
        run "$out/apply-$times.jsonl" apply "$@"
    }
    record "$@"
    # In part: going on with the same plan is safe, and what failed for a moment may work now.
    [ "$code" != 6 ] || record "$@"
    ended
    case $code in
    3) echo 'what is live has moved since the plan was made: run the whole pipeline again, and read the new plan' >&2 ;;
    4) echo "a blocker stands; where it is a limit, commit a file $approvals/NAME.accept with the LIMIT@DIGEST that the plan prints" >&2 ;;
    5) echo "approvals are missing: commit their files to $approvals/ and push; running this job again finds the same commit" >&2 ;;
    6) echo 'applied in part: running this job again goes on where it stopped' >&2 ;;
    esac
    exit "$code"
    ;;
esac
