#!/bin/sh
# api.sh - the OpenAPI document is one, and every route that promises a form of JSON answers in it.
set -u
cd "$(dirname "$0")/.."
W=$(mktemp -d)
PID=
. tests/lib/serve.sh
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT
(cd tests/api && npm ci --ignore-scripts --no-audit --no-fund >"$W/npm" 2>&1) || { cat "$W/npm"; exit 1; }
serve_demo "$W/node"
node tests/api/check.mjs "$B" "$W/node/demo.json"
