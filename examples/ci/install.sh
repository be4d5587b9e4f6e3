#!/bin/sh
# Puts scopeform on the PATH of a job: from INSTALL_URL, and only if its SHA-256 is INSTALL_SHA256. A runner image that has
# it needs nothing.
set -eu

if command -v scopeform >/dev/null 2>&1; then
    scopeform --version
    exit
fi
: "${INSTALL_URL:?the address of a scopeform program for this machine}"
: "${INSTALL_SHA256:?its SHA-256}"
folder=${INSTALL_FOLDER:-$HOME/.local/bin}
mkdir -p "$folder"
curl --fail --silent --show-error --location --output "$folder/scopeform.new" "$INSTALL_URL"
echo "$INSTALL_SHA256  $folder/scopeform.new" | sha256sum --check --quiet
chmod 755 "$folder/scopeform.new"
mv "$folder/scopeform.new" "$folder/scopeform"
# The steps that follow find it there.
[ -z "${GITHUB_PATH-}" ] || echo "$folder" >>"$GITHUB_PATH"
"$folder/scopeform" --version
