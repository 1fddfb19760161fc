#!/bin/sh
# tsan.sh [short] - what uses threads, under ThreadSanitizer: the writer, the loop of HTTP, the gate under load from
# many threads, the key holder, programs shared between threads; then (not short) the whole server under clients.
# Ends with "tsan: N passed, M failed".
set -u
cd "$(dirname "$0")/.."
export TSAN_OPTIONS="halt_on_error=1 exitcode=66"
W=$(mktemp -d)
PID=
passed=0
failed=0
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT
check() { if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1"; [ -f "$W/out" ] && tail -n 60 "$W/out"; fi; }
make -s -j"$(nproc)" CONFIG=tsan build/tsan/tests build/tsan/tongban || exit 1
for t in http_loop store_writer gate_serves feel_programs crypto_the_key jobs_pool line relay_fronts; do
    build/tsan/tests "$t" >"$W/out" 2>&1 && ! grep -q ' 0 passed' "$W/out"
    check "$t" $?
done
if [ "${1:-}" != short ]; then
    TB=build/tsan/tongban
    build/tsan/tests store >"$W/out" 2>&1
    check store $?
    export TSAN_OPTIONS="halt_on_error=0 exitcode=66 log_path=$W/race"
    $TB demo --dir "$W/node" --port 0 >"$W/out" 2>&1 &
    PID=$!
    B=
    for try in $(seq 600); do
        B=$(sed -nE 's|^serving (http://.*)/$|\1|p' "$W/out" | head -n 1)
        [ -n "$B" ] && curl -s -o /dev/null "$B/healthz" && break
        kill -0 $PID 2>/dev/null || break
        sleep 0.2
    done
    [ -n "$B" ]
    check "the server starts under TSan" $?
    sign_in=$(tr '{' '\n' <"$W/node/demo.json" | grep '"id":"p-lin"' | sed -E 's/.*"sign_in":"([^"]*)".*/\1/')
    curl -s -o /dev/null -c "$W/jar" "$sign_in"
    CLIENTS=
    for c in 1 2 3 4 5 6; do
        (
            for n in $(seq 25); do
                curl -s -m 20 -o /dev/null -b "$W/jar" -H 'Accept: application/json' -H 'Content-Type: application/json' -H "Idempotency-Key: $c-$n" \
                    --data-binary '{"voice.kind":"question","voice.text":"几点开门"}' "$B/apply/zx-market"
                curl -s -m 20 -b "$W/jar" "$B/" "$B/cases" "$B/ledger" "$B/checkpoint" "$B/licences" >/dev/null
            done
        ) &
        CLIENTS="$CLIENTS $!"
    done
    wait $CLIENTS
    size=$(curl -s "$B/checkpoint" | sed -n 2p)
    [ "${size:-0}" -gt 150 ]
    check "acts were taken (${size:-0})" $?
    kill $PID
    wait $PID
    check "the server ends as asked" $?
    PID=
    cat "$W"/race* >"$W/out" 2>/dev/null
    ! grep -q 'WARNING: ThreadSanitizer' "$W/out"
    check "no race in the server" $?
fi
echo "tsan: $passed passed, $failed failed"
[ "$failed" = 0 ]
