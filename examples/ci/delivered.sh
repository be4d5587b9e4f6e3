#!/bin/sh
# What becomes of the value of a new API key (`deliver: {file: ...}` in the configuration). The platform says it once, `apply`
# writes it to that file, and the machine of a job does not stay.
#
#   delivered.sh check FOLDER OUT   ends with 1 where OUT/plan.scopeform creates keys and nobody is named who can read their values
#   delivered.sh keep  FOLDER OUT   encrypts the values for that person, into OUT/delivered, and removes the files
#
# FOLDER holds the configuration. From the environment: RECIPIENT, the certificate (X.509, PEM) of who can read the values, default
# `recipient.pem` beside this script. Whoever has its private key reads one with
#   openssl cms -decrypt -inform DER -in FILE -inkey PRIVATE_KEY
set -eu
command=${1:?check or keep} folder=${2:?the configuration folder} out=${3:?the folder with results}
recipient=${RECIPIENT:-$(cd "$(dirname "$0")" && pwd)/recipient.pem}
plan=$out/plan.scopeform
[ -f "$plan" ] || exit 0

# The files that the plan's new keys go to, one a line, each behind its place among them: those of the keys at these addresses,
# or with `null` all. A label that is called `deliver` names none.
files() {
    jq -r --argjson of "$1" '[.bound.operations[] | {address, file: .operation.trustpager?.create_key?.deliver?} | select(.file)]
        | to_entries[] | select(.value.address as $at | $of == null or any($of[]; . == $at))
        | "\(.key + 1) \(.value.file)"' "$plan"
}
# What apply has begun to write, by its own account. Whatever else stands where a file is named is not ours to take.
begun() {
    cat "$out"/apply-*.jsonl 2>/dev/null |
        jq -cnR '[inputs | fromjson? | select(.type == "apply_start") | .hook.resource.addr]'
}
# A name as a log can show it: the log of a runner takes commands.
shown() { printf '%s' "$1" | tr -c 'A-Za-z0-9._/@+-' _; }
encrypted() { openssl cms -encrypt -aes256 -binary -outform DER -recip "$recipient" -keyopt rsa_padding_mode:oaep; }

number=$(files null | wc -l) number=$((number))
[ "$number" -gt 0 ] || exit 0
case $command in
check)
    if [ ! -e "$recipient" ]; then
        echo "error: the plan creates API keys whose values go to files ($number), this machine does not stay, and nobody is named who can read them" >&2
        echo 'help: commit the certificate of who can, ci/recipient.pem; docs/ci.md says how to make one' >&2
        exit 1
    fi
    if ! said=$(echo | encrypted 2>&1 >/dev/null); then
        echo 'error: the plan creates API keys, and recipient.pem cannot be used: an RSA certificate is needed' >&2
        printf '%s\n' "$said" | sed 's/^/openssl: /' >&2
        exit 1
    fi
    ;;
keep)
    umask 077
    mkdir -p "$out/delivered"
    begun=$(begun)
    list=$(files "$begun")
    [ -z "$list" ] || printf '%s\n' "$list" | while read -r n file; do
        case $file in /*) path=$file ;; *) path=${folder%/}/$file ;; esac
        # One that was kept by an earlier attempt is gone.
        [ -e "$path" ] || continue
        if [ ! -s "$path" ]; then
            echo "warning: $(shown "$file") is empty: its key was not created, or the value was lost; the report of apply says which" >&2
            continue
        fi
        name=$n-$(shown "${file##*/}").cms
        encrypted <"$path" >"$out/delivered/$name.part"
        mv "$out/delivered/$name.part" "$out/delivered/$name"
        rm -f "$path"
        echo "kept for who is named in recipient.pem: delivered/$name"
    done
    ;;
*)
    echo "no such command: $command" >&2
    exit 64
    ;;
esac
