#!/bin/sh
# passkey.sh - passkeys in Chromium with a virtual authenticator, through the real server.
set -u
cd "$(dirname "$0")/.."
W=$(mktemp -d)
PID=
. tests/lib/serve.sh
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT
[ -d tests/pages/node_modules ] || (cd tests/pages && npm ci --ignore-scripts --no-audit --no-fund >"$W/npm" 2>&1) || { cat "$W/npm"; exit 1; }
serve_demo "$W/node"
node tests/pages/passkey.mjs "$B"
