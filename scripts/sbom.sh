#!/usr/bin/env bash
# Writes what the program is made of into target/sbom/usher.cdx.json: CycloneDX, of what is compiled on Linux.
set -euo pipefail
cd "$(dirname "$0")/.."

# The tool writes beside Cargo.toml.
trap 'rm -f usher.cdx.json' EXIT
scripts/cargo-tool.sh cyclonedx --format json --spec-version 1.5 --target "$(rustc --print host-tuple)" \
    --no-build-deps --override-filename usher.cdx
mkdir -p target/sbom
# Nobody needs to know where it lay.
sed "s|file://$PWD|file:///usher|g" usher.cdx.json >target/sbom/usher.cdx.json
echo "sbom: target/sbom/usher.cdx.json, $(grep -c '"purl"' target/sbom/usher.cdx.json) packages"
