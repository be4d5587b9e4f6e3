#!/usr/bin/env bash
# Checks what is handed out, as packaging/dist.sh leaves it in the folder named: that it is all there, that the binary is
# static, small and of this version, and that it runs with nothing from around it.
#
#     packaging/check.sh target/scopeform-dist
set -euo pipefail
out=${1:?name the folder that packaging/dist.sh wrote}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$(dirname "$0")/../Cargo.toml" | head -n 1)
# With the database, TLS and the Rego engine in it.
most_bytes=$((40 * 1024 * 1024))

wrong=0
complain() {
    echo "packaging: $1" >&2
    wrong=1
}
holds() { [[ -s $1 ]] || complain "$1 is missing or empty"; }

binary=$out/scopeform
if [[ ! -f $binary || ! -x $binary ]]; then
    complain "$binary is no program"
    exit 1
fi
headers=$(LC_ALL=C readelf --program-headers --dynamic --wide "$binary")
if grep -qE 'INTERP|\(NEEDED\)' <<<"$headers"; then
    complain "the binary is not static: it asks for a loader or a library of the system that it runs on"
fi
bytes=$(wc -c <"$binary")
if ((bytes > most_bytes)); then
    complain "the binary has $bytes bytes, more than $most_bytes"
fi
says=$(cd / && env -i "$(realpath "$binary")" --version)
if [[ $says != "scopeform $version" ]]; then
    complain "the binary says \`$says\`, Cargo.toml says $version"
fi

holds "$out/LICENSE-APACHE"
holds "$out/LICENSE-MIT"
for shell in bash elvish fish powershell zsh; do
    holds "$out/completions/scopeform.$shell"
done
holds "$out/man/scopeform.1"
help=$(env -i "$binary" --help)
while read -r command _; do
    holds "$out/man/scopeform-$command.1"
done < <(sed -n '/^Commands:$/,/^$/p' <<<"$help" | sed -e '1d' -e '/^$/d')

if ((wrong == 0)); then
    echo "packaging: $binary is static, has $bytes bytes and says $says"
fi
exit "$wrong"
