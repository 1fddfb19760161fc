#!/bin/sh
# access.sh - who may see what: every route × role × relation against the law's table, classes of fact, notes of use.
set -u
cd "$(dirname "$0")/.."
W=$(mktemp -d)
PID=
. tests/lib/serve.sh
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT
serve_demo "$W/node"
node tests/access.mjs "$B" law
