#!/usr/bin/env bash
# Runs the pinned buf from .tools/, and installs it there with npm when it is missing: scripts/buf.sh lint
# At the release, and at each release after it, the image that `buf breaking` compares with is made and committed so:
#   scripts/buf.sh build -o proto/usher-v1.binpb
set -euo pipefail
cd "$(dirname "$0")/.."

version=1.75.0
folder=.tools/buf-$version
buf=$folder/node_modules/.bin/buf

if [ ! -x "$buf" ]; then
    command -v npm >/dev/null || { echo "scripts/buf.sh: npm is missing (apt-get install npm)" >&2; exit 1; }
    # The binary is a package of its own: no install script, which would download it, is needed.
    npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error \
        "@bufbuild/buf@$version" >&2
fi
exec "$buf" "$@"
