#!/usr/bin/env bash
# Builds the program of the last commit twice, in two folders of different names, and compares. Takes two full builds.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Both first: somebody may commit meanwhile.
for place in one another/place; do
    git clone --quiet --no-hardlinks . "$folder/$place"
done
for place in one another/place; do
    CARGO_TARGET_DIR=$folder/$place/target "$folder/$place/scripts/release.sh"
done
if cmp "$folder/one/target/release/usher" "$folder/another/place/target/release/usher"; then
    echo "reproducible: both are the same, $(stat -c %s "$folder/one/target/release/usher") bytes"
else
    echo "reproducible: the two differ" >&2
    exit 1
fi
