#!/bin/sh
# upgrade.sh - a folder of the program before this one (data version 1; tests/upgrade/node-1.tar.xz, the sample node
# after tests/licence.sh, its keys and people invented): killed while its views are filled anew, then opened, verified,
# replayed and served; what stood in it is there, and it goes on.
set -u
cd "$(dirname "$0")/.."
T=build/tongban
W=$(mktemp -d)
PID=
passed=0
failed=0
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "not so: $1"; [ -n "${2:-}" ] && echo "$2" | head -c 1500 && echo; }
has() { case "$3" in *"$2"*) ok ;; *) bad "$1: want \"$2\"" "$3" ;; esac; }
want() { if [ "$2" = "$3" ]; then ok; else bad "$1: want $2, got $3"; fi; }

tar -xJf tests/upgrade/node-1.tar.xz -C "$W"
D=$W/node
before=111

# Killed at the beginning and in the midst of it.
for wait in 0.02 0.05 0.1 0.2; do
    cp -a "$D" "$W/killed"
    $T replay "$W/killed" >/dev/null 2>&1 &
    p=$!
    sleep $wait
    kill -9 $p 2>/dev/null
    wait $p 2>/dev/null
    has "after a kill at $wait s it goes on" "every view agrees" "$($T replay "$W/killed" 2>&1)"
    rm -rf "$W/killed"
done

said=$($T replay "$D" 2>&1)
has "the views are made anew, and said so" "rebuilding them" "$said"
has "and they are those of the ledger" "$before acts replayed" "$said"
has "every view agrees" "every view agrees" "$said"
has "the ledger verifies" "$before entries" "$($T verify "$D" 2>&1)"
case "$($T replay "$D" 2>&1)" in *rebuilding*) bad "a second time there is nothing to rebuild" ;; *) ok ;; esac

$T serve "$D" --listen 127.0.0.1:0 >"$W/log" 2>&1 &
PID=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    grep -q '^serving ' "$W/log" && break
    sleep 0.5
done
B=$(sed -nE 's#^serving (http://[^/]*)/.*#\1#p' "$W/log" | head -n 1)
want "home" 200 "$(curl -s -o "$W/body" -w '%{http_code}' "$B/")"
want "the register of decisions" 200 "$(curl -s -o "$W/body" -w '%{http_code}' -H 'Accept: application/json' "$B/decisions")"
has "has the licence that was granted before" "滨河县知夏小馆" "$(cat "$W/body")"
want "the checkpoint" 200 "$(curl -s -o "$W/body" -w '%{http_code}' "$B/checkpoint")"
kill $PID
wait $PID 2>/dev/null
PID=
echo "upgrade: $passed passed, $failed failed"
[ "$failed" = 0 ]
