#!/bin/sh
# hostile.sh - hostile bytes, slow and greedy clients against the real server: exact answers, bounded memory, and a
# ledger that verifies afterwards; then the same server with hardly any file descriptors.
set -u
cd "$(dirname "$0")/.."
T=build/tongban
W=$(mktemp -d)
passed=0
failed=0
PID=
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT
. tests/lib/serve.sh
# processor time of the node, in hundredths of a second
ticks() { for ticks_pid in $(family $PID); do cat /proc/$ticks_pid/stat 2>/dev/null; done | awk '{n += $14 + $15} END {print n}'; }
say() { if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1"; fi; }

serve_demo "$W/node"
curl -s -o /dev/null -c "$W/jar" "$(sign_in_of p-lin)"
node tests/hostile/check.mjs "$B" "$W/jar" $PID >"$W/out" 2>&1
cat "$W/out"
counts=$(tail -n 1 "$W/out" | sed -nE 's/^check: ([0-9]+) passed, ([0-9]+) failed$/\1 \2/p')
passed=$((passed + ${counts%% *}))
failed=$((failed + ${counts##* }))
kill $PID
wait $PID
say "the server ends as asked" $?
PID=
$T verify "$W/node" >/dev/null
say "the ledger verifies" $?
$T replay "$W/node" >/dev/null
say "replay agrees" $?

# 40 descriptors, 100 clients: the door waits, and opens again.
ulimit -n 40
serve_demo "$W/node"
node -e '
const net = require("net")
const [port] = process.argv.slice(1)
const all = Array.from({ length: 100 }, () => net.connect(port, "127.0.0.1").on("error", () => {}))
setTimeout(() => { all.forEach((s) => s.destroy()) }, 1500)
setTimeout(() => process.exit(0), 2000)' "${B##*:}" 2>/dev/null
used=$(ticks)
sleep 1
[ $(($(ticks) - used)) -lt 50 ]
say "a server without descriptors does not spin" $?
[ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "$B/healthz")" = 200 ]
say "a server that ran out of descriptors serves again" $?
kill $PID
wait $PID
say "and ends as asked" $?
PID=
echo "hostile: $passed passed, $failed failed"
[ "$failed" = 0 ]
