#!/bin/sh
# sign.sh - two officers sign one draft, each in a session of their own: sent, listed, read, signed, declined, withdrawn,
# refused; with files, twice, changed, by the wrong people; at the end the ledger verifies and every view is replayed.
set -u
cd "$(dirname "$0")/.."
W=$(mktemp -d)
PID=
. tests/lib/serve.sh
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT
serve_demo "$W/node" --fronts 2
node tests/sign.mjs "$B"
bad=$?
kill $PID
wait $PID
PID=
build/tongban verify "$W/node" >"$W/verified" || { cat "$W/verified"; bad=1; }
build/tongban replay "$W/node" >"$W/replayed" || { cat "$W/replayed"; bad=1; }
exit $bad
