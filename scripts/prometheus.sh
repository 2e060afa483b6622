#!/usr/bin/env bash
# Makes sure that prometheus and promtool are here: a test has Usher scraped, and its alerts checked. No server has to run.
set -euo pipefail

if command -v prometheus >/dev/null && command -v promtool >/dev/null; then
    exit 0
fi
"$(dirname "$0")/debian.sh" prometheus
command -v promtool >/dev/null
