#!/usr/bin/env bash
# Makes sure that prometheus and promtool are here: a test has Usher scraped, and its alerts checked. No server has to run.
set -euo pipefail

if command -v prometheus >/dev/null && command -v promtool >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "scripts/prometheus.sh: Prometheus is missing: install Debian's package prometheus" >&2
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
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus
command -v promtool >/dev/null
