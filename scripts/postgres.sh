#!/usr/bin/env bash
# Makes sure that PostgreSQL's programs are here: the tests start a throw-away cluster with them. No server has to run.
set -euo pipefail

programs() {
    command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb
} 2>/dev/null

if programs >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "scripts/postgres.sh: PostgreSQL's programs are missing: install Debian's package postgresql" >&2
    exit 1
fi

# The package would start a server, which nobody needs: this policy says no to that, while it is installed.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql
programs >/dev/null
