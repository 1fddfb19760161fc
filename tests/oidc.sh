#!/bin/sh
# oidc.sh - the identity provider, asked by other people's client (npm openid-client and jose) and by hostile hands.
set -u
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
(cd tests/oidc && npm ci --ignore-scripts --no-audit --no-fund >"$log" 2>&1) || { cat "$log"; exit 1; }
node tests/oidc/check.mjs "$@"
