#!/bin/sh
# api.sh - the OpenAPI document is one, and every route that promises a form of JSON answers in it.
set -u
cd "$(dirname "$0")/.."
W=$(mktemp -d)
PID=
. tests/lib/serve.sh
. tests/lib/npm.sh
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT
npm_ready tests/api || exit 1
serve_demo "$W/node"
node tests/api/check.mjs "$B" "$W/node/demo.json"
