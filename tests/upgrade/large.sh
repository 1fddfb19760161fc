#!/bin/sh
# large.sh - a large folder in the tables of the program before (data version 1) is upgraded, verified, replayed and served;
# how long each took and the memory of it are printed. ACTS says how many acts (100000).
#
# The folder is grown from tests/upgrade/node-1.tar.xz, which that program made, so that the program itself is not needed: its
# copy is served by this program and given acts over HTTP, and what then stands in ledger and vault is put into the tables of
# the folder as it was, whose keys are the same. So the tables and the first acts are of the program before, the others of
# this one. OLD=PROGRAM lets that program make all of them.
set -u
cd "$(dirname "$0")/../.."
T=build/tongban
W=$(mktemp -d)
ACTS=${ACTS:-100000}
PID=
passed=0
failed=0
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT
has() { case "$3" in *"$2"*) passed=$((passed + 1)) ;; *) failed=$((failed + 1)); echo "not so: $1: want \"$2\""; echo "$3" | head -c 1500 ;; esac; }
now() { date +%s%3N; }
# up COMMAND…: start a server and wait until it serves; sets PID, B and TOOK
up() {
    begun=$(now)
    "$@" >"$W/log" 2>&1 &
    PID=$!
    B=
    for up_try in $(seq 6000); do
        B=$(sed -nE 's|^serving (http://[^/]*)/.*$|\1|p' "$W/log" | head -n 1)
        [ -n "$B" ] && break
        kill -0 $PID 2>/dev/null || break
        sleep 0.1
    done
    TOOK=$(($(now) - begun))
    [ -n "$B" ] && return
    cat "$W/log"
    exit 1
}
down() {
    kill $PID
    wait $PID
    PID=
}
tar -xJf tests/upgrade/node-1.tar.xz -C "$W"
cp -a "$W/node" "$W/grown"
up "${OLD:-$T}" demo --dir "$W/grown" --port 0
curl -s -o /dev/null -c "$W/jar" "$(curl -s -o /dev/null -w '%{redirect_url}' --data-urlencode who=p-lin "$B/login/demo")"
begun=$(now)
done=0
while [ $done -lt "$ACTS" ]; do
    some=$((ACTS - done < 2000 ? ACTS - done : 2000))
    seq $some | awk -v url="$B/apply/zx-market" -v base=$done '{
        printf "%surl = \"%s\"\n", (NR > 1 ? "next\n" : ""), url
        printf "header = \"Accept: application/json\"\nheader = \"Content-Type: application/json\"\n"
        printf "header = \"Idempotency-Key: large-%d\"\ncookie = \"%s\"\noutput = \"/dev/null\"\n", base + NR, jar
        printf "data-binary = \"{\\\"voice.kind\\\":\\\"question\\\",\\\"voice.text\\\":\\\"几点开门\\\"}\"\n"
    }' jar="$W/jar" >"$W/ask"
    curl -sS --no-progress-meter -Z --parallel-max 64 -K "$W/ask"
    done=$((done + some))
done
made=$(curl -s "$B/checkpoint" | sed -n 2p)
down
echo "large: made in $(($(now) - begun)) ms, $made acts"
if [ -n "${OLD:-}" ]; then
    rm -rf "$W/node"
    mv "$W/grown" "$W/node"
else
    {
        echo "ATTACH '$W/grown/store/store.db' AS grown; BEGIN;"
        for table in gate_ledger_entry gate_ledger_hash gate_ledger_head gate_vault_act gate_vault_document; do
            columns=$(sqlite3 "$W/node/store/store.db" "SELECT group_concat(name) FROM pragma_table_info('$table')")
            echo "DELETE FROM $table; INSERT INTO $table ($columns) SELECT $columns FROM grown.$table;" |
                sed 's/grown\.gate_vault_/grown.vault_/' # the name it has since
        done
        echo "COMMIT;"
    } | sqlite3 "$W/node/store/store.db"
    rm -rf "$W/grown"
fi
has "the folder is of data version 1" "1" "$(sqlite3 "$W/node/store/store.db" "SELECT value FROM store_meta WHERE name = 'version'")"
[ "$made" -ge "$ACTS" ] && passed=$((passed + 1)) || { failed=$((failed + 1)); echo "not so: only $made acts were made"; }
up $T serve "$W/node" --listen 127.0.0.1:0 --fronts 0
has "its views are made anew" "$made of $made acts" "$(cat "$W/log")"
has "it serves" "ok" "$(curl -s "$B/healthz")"
has "with all its acts" "$made" "$(curl -s "$B/checkpoint" | sed -n 2p)"
peak=$(awk '/^VmHWM/ { print int($2 / 1024) }' /proc/$PID/status)
down
echo "large: upgraded and serving after $TOOK ms, $((made * 1000 / TOOK)) acts/s, at most $peak MB"
begun=$(now)
has "the ledger verifies" "good: tongban.example/bh, $made entries" "$($T verify "$W/node" 2>&1)"
echo "large: verified in $(($(now) - begun)) ms"
begun=$(now)
has "replay agrees" "$made acts replayed, 0 judged by record for erased values; every view agrees" "$($T replay "$W/node" 2>&1)"
echo "large: replayed and compared in $(($(now) - begun)) ms"
echo "large: $passed passed, $failed failed"
[ $failed = 0 ]
