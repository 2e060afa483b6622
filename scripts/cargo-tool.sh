#!/usr/bin/env bash
# Runs a pinned tool of cargo's from .tools/cargo, and compiles it there when it is missing, which takes minutes:
#   scripts/cargo-tool.sh deny check licenses
set -euo pipefail
cd "$(dirname "$0")/.."

tool=${1:?usage: scripts/cargo-tool.sh deny|cyclonedx ARGUMENTS}
case $tool in
    deny) version=0.20.2 ;;
    cyclonedx) version=0.5.9 ;;
    *) echo "scripts/cargo-tool.sh: there is no $tool" >&2 && exit 2 ;;
esac

folder=.tools/cargo
export PATH="$PWD/$folder/bin:$PATH"
if [ "$("cargo-$tool" "$tool" --version 2>/dev/null | grep -o '[0-9.]*$')" != "$version" ]; then
    CARGO_TARGET_DIR=$folder/target cargo install --quiet --locked --root "$folder" "cargo-$tool@$version" >&2
    rm -rf "$folder/target"
fi
exec cargo "$@"
