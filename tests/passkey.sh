#!/bin/sh
# passkey.sh - passkeys in Chromium with a virtual authenticator, through the real server.
set -u
cd "$(dirname "$0")/.."
W=$(mktemp -d)
PID=
. tests/lib/serve.sh
. tests/lib/npm.sh
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT
npm_ready tests/pages || exit 1
serve_demo "$W/node"
node tests/pages/passkey.mjs "$B"
