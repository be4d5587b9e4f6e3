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

# The files that the plan's operations name, as JSON has them, one a line.
files() { sed -n 's/^ *"deliver": "\(.*\)",\{0,1\}$/\1/p' "$plan"; }
encrypted() { openssl cms -encrypt -aes256 -binary -outform DER -recip "$recipient" -keyopt rsa_padding_mode:oaep; }

number=$(files | wc -l) number=$((number))
[ "$number" -gt 0 ] || exit 0
case $command in
check)
    if files | grep -qF "\\"; then
        echo 'error: a file for an API key has a quote or a backslash in its name; give it another one' >&2
        exit 1
    fi
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
    files | {
        n=0
        while IFS= read -r file; do
            n=$((n + 1))
            case $file in /*) path=$file ;; *) path=${folder%/}/$file ;; esac
            # An apply that stopped before it came to a key has left no file; one that was kept by an earlier attempt is gone.
            [ -e "$path" ] || continue
            if [ ! -s "$path" ]; then
                echo "warning: $file is empty: its key was not created, or the value was lost; the report of apply says which" >&2
                continue
            fi
            name=$n-$(printf '%s' "${file##*/}" | tr -c 'A-Za-z0-9._-' _).cms
            encrypted <"$path" >"$out/delivered/$name.part"
            mv "$out/delivered/$name.part" "$out/delivered/$name"
            rm -f "$path"
            echo "kept for who is named in recipient.pem: delivered/$name"
        done
    }
    ;;
*)
    echo "no such command: $command" >&2
    exit 64
    ;;
esac
