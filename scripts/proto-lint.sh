#!/usr/bin/env bash
# Lints the contract and, from the first release on, holds it against the committed image (see scripts/buf.sh).
set -euo pipefail
cd "$(dirname "$0")/.."

image=proto/usher-v1.binpb

scripts/buf.sh lint
scripts/buf.sh format --diff --exit-code
if [ -f "$image" ]; then
    scripts/buf.sh breaking --against "$image"
fi
echo "proto-lint: lint and format ok, breaking $([ -f "$image" ] && echo ok || echo 'not run: no image yet')"
