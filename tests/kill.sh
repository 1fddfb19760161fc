#!/bin/sh
# kill.sh - kill -9 while acts are being acknowledged, again and again: every receipt handed out is in the
# ledger after the restart, the ledger verifies, replay agrees. KILLS says how often (5).
set -u
cd "$(dirname "$0")/.."
T=build/tongban
W=$(mktemp -d)
passed=0
failed=0
PID=
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT

. tests/lib/serve.sh
start() { serve_demo "$W/node"; }
client() {
    n=0
    while :; do
        n=$((n + 1))
        curl -s -m 5 -b "$W/jar" -H 'Accept: application/json' -H 'Content-Type: application/json' -H "Idempotency-Key: $1-$n" \
            -w '\n' --data-binary '{"voice.kind":"question","voice.text":"几点开门"}' $B/apply/zx-market >"$W/answer.$1" || return
        sed -nE 's/.*"seq":([0-9]+).*"leaf_hash":"([0-9a-f]+)".*/\1 \2/p' "$W/answer.$1" >>"$W/acked"
    done
}
: >"$W/acked"
for round in $(seq "${KILLS:-5}"); do
    start
    rm -f "$W/jar"
    curl -s -o /dev/null -c "$W/jar" "$(sign_in_of p-lin)"
    CLIENTS=
    for c in 1 2 3 4; do
        client "r$round-c$c" &
        CLIENTS="$CLIENTS $!"
    done
    sleep "0.$((3 + round % 7))"
    kill -9 $PID
    wait $PID 2>/dev/null
    PID=
    kill $CLIENTS 2>/dev/null
    wait $CLIENTS 2>/dev/null
done
start
missing=0
total=$(wc -l <"$W/acked")
while read -r seq hash; do
    curl -s -H 'Accept: application/json' $B/ledger/$seq | grep -q "$hash" || missing=$((missing + 1))
done <"$W/acked"
if [ "$missing" = 0 ] && [ "$total" -gt 20 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "$missing of $total acknowledged acts are gone"; fi
kill $PID
wait $PID 2>/dev/null
PID=
for command in verify replay; do
    if $T $command "$W/node" >"$W/out" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); cat "$W/out"; fi
done
echo "kill: $total acts acknowledged over ${KILLS:-5} kills; $passed passed, $failed failed"
[ $failed = 0 ]
