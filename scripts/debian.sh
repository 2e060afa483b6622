#!/usr/bin/env bash
# Installs a Debian package of which programs are wanted and no server, where that may be done; else says what to install.
#   scripts/debian.sh PACKAGE
set -euo pipefail

package=${1:?usage: scripts/debian.sh PACKAGE}
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "scripts/debian.sh: programs are missing: install Debian's package $package" >&2
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
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"
