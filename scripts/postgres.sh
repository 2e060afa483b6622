#!/usr/bin/env bash
# Makes sure that PostgreSQL's programs are here: the tests start a throw-away cluster with them. No server has to run.
set -euo pipefail

programs() {
    command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb
} 2>/dev/null

if programs >/dev/null; then
    exit 0
fi
"$(dirname "$0")/debian.sh" postgresql
programs >/dev/null
