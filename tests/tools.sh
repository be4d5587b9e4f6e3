#!/usr/bin/env bash
# Installs the programs that the tests drive, where something is missing and apt-get may do that; names them where not.
set -euo pipefail

# program     Debian package
needed='
cc            gcc libc6-dev
chromedriver  chromium-driver
chromium      chromium fonts-dejavu-core
git           git
openssl       openssl
ssh-keygen    openssh-client
'

missing=()
while read -r program packages; do
    [[ -z $program ]] && continue
    if ! command -v "$program" >/dev/null 2>&1; then
        read -ra more <<<"$packages"
        missing+=("${more[@]}")
    fi
done <<<"$needed"

if ((${#missing[@]} > 0)); then
    as_root=()
    if ((EUID != 0)); then as_root=(sudo); fi
    if ! command -v apt-get >/dev/null 2>&1 || ! command -v "${as_root[0]:-apt-get}" >/dev/null 2>&1; then
        echo "the tests need programs of these Debian packages, and this script cannot install them: ${missing[*]}" >&2
        exit 1
    fi
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
