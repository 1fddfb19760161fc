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

# An act that an older gate admitted: here one that wanted no sign-in of the officer who accepted. It verifies and replays
# as it stood; asking again tells it, and is no failure.
cp -a "$D" "$W/lax"
sqlite3 "$W/lax/store/store.db" "UPDATE vault_act SET content = replace(content, '\"assurance\":2', '\"assurance\":0') WHERE seq = 98"
said=$($T replay "$W/lax" 2>&1)
want "a laxer gate's act is no difference" 0 $?
has "and is counted" "1 acts stand that this program would not admit" "$said"
has "with every view as it was" "every view agrees" "$said"
said=$($T verify "$W/lax" --reask 2>&1)
want "asked again, it is no failure" 0 $?
has "but told" "act 98 (accept) would not be admitted now: identity: identity.weak" "$said"
has "beside what verifies" "good: " "$said"
said=$($T verify "$W/lax" --reask --json 2>/dev/null)
has "in JSON too" '{"seq":98,"kind":"accept","check":"identity","code":"identity.weak","field":"","article":"' "$said"
want "a line for the ledger and one for the act" 2 "$(echo "$said" | wc -l)"
has "nobody else is told" "$before acts asked again, 0 would not" "$($T verify "$D" --reask 2>&1)"
want "and nothing of the asking is left" "" "$(ls "$W/lax" "$D" | grep scratch)"
said=$($T verify "$W" --reask 2>&1)
want "tiles have nothing to ask by" 2 $?
has "and that is said" "wants a node's folder" "$said"

# A view altered by hand is found and named, and mended by making the views anew.
cp -a "$D" "$W/altered"
sqlite3 "$W/altered/store/store.db" "UPDATE licence_register SET holder = 'p-zhou'"
said=$($T replay "$W/altered" 2>&1)
want "a view altered by hand is found" 1 $?
has "and named" "differs: table licence_register: the stored row" "$said"
sqlite3 "$W/altered/store/store.db" "UPDATE store_meta SET value = 'by hand' WHERE name = 'views_version'"
has "made anew it agrees" "every view agrees" "$($T replay "$W/altered" 2>&1)"
sqlite3 "$W/altered/store/store.db" "DELETE FROM case_view"
said=$($T replay "$W/altered" 2>&1)
want "rows that are gone are found" 1 $?
has "and counted" "differs: table case_view: 0 rows are stored" "$said"

# A ledger or vault altered by hand gives no views, and says so.
cp -a "$D" "$W/forged"
sqlite3 "$W/forged/store/store.db" "UPDATE vault_act SET content = replace(content, '欧阳明', '欧阳日') WHERE seq = 5"
said=$($T replay "$W/forged" 2>&1)
want "a value altered in the vault is found" 1 $?
has "by its act" "act 5: its leaf is made differently" "$said"
sqlite3 "$W/forged/store/store.db" "UPDATE store_meta SET value = 'by hand' WHERE name = 'views_version'"
said=$($T serve "$W/forged" --listen 127.0.0.1:0 2>&1)
want "and no views are made of it" 1 $?
has "as a sentence says" "act 5 comes out otherwise than its ledger entry" "$said"

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
