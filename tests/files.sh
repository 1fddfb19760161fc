#!/bin/sh
# files.sh - files through the real server, as browsers and programs send them: 40 MB in the memory of one piece, what no
# field takes or what is another type than it says refused, what comes back, keys that stand for one draft, and the
# national pack published by page and by JSON. Then the ledger verifies and replay agrees.
set -u
cd "$(dirname "$0")/.."
T=build/tongban
W=$(mktemp -d)
PID=
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT
. tests/lib/serve.sh

# A law under which a plan of the premises may be as large as a request.
cp -r law "$W/law"
sed -i '/"premises.plan"/,/max_bytes/s/"max_bytes": *[0-9]*/"max_bytes": 50331648/' "$W/law/cn/fact/premises.json"
serve_demo "$W/node" --law "$W/law"
node tests/files/check.mjs "$B" "$PID" "$W/law" >"$W/out" 2>&1
code=$?
cat "$W/out"
[ $code = 0 ] || exit 1
kill $PID
wait $PID || { echo "files: the server did not end as asked"; exit 1; }
PID=
$T verify "$W/node" >/dev/null || { echo "files: the ledger does not verify"; exit 1; }
$T replay "$W/node" >/dev/null || { echo "files: replay differs"; exit 1; }
