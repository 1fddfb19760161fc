#!/bin/sh
# backup.sh - a node is copied while acts come in and made anew from the copy: it is the same ledger, and goes on. What was
# altered, cut off, or would lose acts is refused and named. Also into and out of a database of
# its own of the server TONGBAN_PG names.
set -u
cd "$(dirname "$0")/.."
T=build/tongban
W=$(mktemp -d)
PID=
CLIENT=
passed=0
failed=0
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; [ -n "$CLIENT" ] && kill $CLIENT 2>/dev/null; rm -rf "$W"' EXIT
. tests/lib/serve.sh
ok() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not so: $1: want $2, got $3"; fi; }
# run CODE WORDS COMMAND…: ends with this code and says these words
run() {
    want=$1
    words=$2
    shift 2
    timeout 120 "$@" >"$W/out" 2>&1
    got=$?
    if [ $got = "$want" ] && { [ -z "$words" ] || grep -q -- "$words" "$W/out"; }; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not so: $*: want $want and \"$words\", got $got:"
        cat "$W/out"
    fi
}
file() {
    curl -s -m 20 -b "$W/jar" -H 'Accept: application/json' -H 'Content-Type: application/json' -H "Idempotency-Key: $1" \
        --data-binary '{"voice.kind":"question","voice.text":"几点开门"}' $B/apply/zx-market
}
sign_in() { curl -s -o /dev/null -c "$W/jar" "$(sign_in_of p-lin)"; }
size() { curl -s "$B/checkpoint" | sed -n 2p; }
stop() {
    kill $PID
    wait $PID
    PID=
}

serve_demo "$W/node"
sign_in
(
    n=0
    while :; do
        n=$((n + 1))
        file "load-$n" >/dev/null
    done
) &
CLIENT=$!
run 0 'copied bh' $T backup "$W/node" "$W/first"
ok "the copy is its owner's alone" 700 "$(stat -c %a "$W/first")"
ok "no private key is in it" "" "$(find "$W/first" -name '*.key')"
ok "nothing is left beside it" 1 "$(ls -d "$W"/first* | wc -l)"
run 1 'copy of a node' $T backup "$W/first" "$W/other"
run 1 'holds a node already\|holds other files' $T backup "$W/node" "$W/first"
run 1 'lies in .*: name a place outside it' $T backup "$W/node" "$W/node/inside"
run 1 'lies in .*: name a place outside it' $T restore "$W/first" "$W/first/in"
ln -s node "$W/link"
run 1 'lies in .*: name a place outside it' $T backup "$W/node" "$W/link/inside"
ok "and nothing was made in them" "" "$(ls -d "$W"/node/inside* "$W"/first/in* 2>/dev/null)"
kill $CLIENT
wait $CLIENT 2>/dev/null
CLIENT=
file later-1 >"$W/out"
file later-2 >"$W/out"
curl -s "$B/checkpoint" >"$W/newest"
LOST=$(($(size) - $(sed -nE 's/.*"tree_size":([0-9]+).*/\1/p' "$W/first/backup.json")))
ok "acts came after the copy" 1 "$([ "$LOST" -ge 2 ] && echo 1)"
run 1 "$LOST acts are lost" $T restore "$W/first" "$W/stale" --checkpoint "$B" --keys "$W/node/keys"
run 0 'copied bh' $T backup "$W/node" "$W/second" --with-keys
ok "private keys are in it" 4 "$(find "$W/second" -name '*.key' | wc -l)"
run 0 'keys: good' $T health "$W/node"
run 0 '' $T clock "$W/node" --trust
run 0 '' $T stop "$W/node"
wait $PID
ok "ends when asked at its door" 0 $?
PID=
run 1 'no node serves' $T health "$W/node"

# at rest
run 0 'copied bh' $T backup "$W/node/" "$W/third/"
ok "a copy at rest has the same rows" "$(sha256sum <"$W/second/rows")" "$(sha256sum <"$W/third/rows")"

# stale
run 1 "--accept-loss $LOST" $T restore "$W/first" "$W/stale" --checkpoint "$W/newest" --keys "$W/node/keys"
run 1 'acts are lost' $T restore "$W/first" "$W/stale" --checkpoint "$W/node" --keys "$W/node/keys"
run 1 'nothing was made' $T restore "$W/first" "$W/stale" --checkpoint "$W/newest" --accept-loss 1000000
ok "and nothing was" "" "$(ls -d "$W"/stale* 2>/dev/null)"
cp "$W/node/login.key" "$W/node/keys/"
run 0 'made bh' $T restore "$W/first" "$W/stale" --checkpoint "$W/newest" --keys "$W/node/keys" --accept-loss "$LOST"
rm "$W/node/keys/login.key"
run 0 'good' $T verify "$W/stale"
run 0 'every view agrees' $T replay "$W/stale"

# a whole one goes on with the same ledger; nobody is signed in
run 1 'holds a node already' $T restore "$W/second" "$W/node"
run 0 'nothing is lost' $T restore "$W/second" "$W/again" --checkpoint "$W/newest"
serve_demo "$W/again"
ok "the same head" "$(sed -n 3p "$W/newest")" "$(curl -s "$B/checkpoint" | sed -n 3p)"
ok "nobody is signed in" 303 "$(curl -s -o /dev/null -w '%{http_code}' -b "$W/jar" "$B/cases")"
sign_in
BEFORE=$(size)
ok "acts go on" $((BEFORE + 1)) "$(file after-1 | sed -nE 's/.*"tree_size":([0-9]+).*/\1/p')"
ok "a key that was used gives its old answer" true "$(file later-2 | sed -nE 's/.*"repeated":([a-z]+).*/\1/p')"
stop
run 0 'good' $T verify "$W/again"
run 0 'every view agrees' $T replay "$W/again"
run 0 'made bh' $T restore "$W/first" "$W/bare"
run 1 'ed25519.key' $T serve "$W/bare" --listen 127.0.0.1:0

# altered, cut off, mixed
try() {
    rm -rf "$W/bad"
    cp -a "$W/second" "$W/bad"
}
try && rm "$W/bad/backup.json" && run 1 'no backup.json' $T restore "$W/bad" "$W/none"
try && truncate -s -1 "$W/bad/rows" && run 1 'rows was altered' $T restore "$W/bad" "$W/none"
try && rm "$W/bad/keys/sm2.pub" && run 1 'lacks its file keys/sm2.pub' $T restore "$W/bad" "$W/none"
try && cp "$W/first/rows" "$W/bad/rows" && run 1 'rows was altered' $T restore "$W/bad" "$W/none"
# one who knows the digests has to alter the ledger itself
relist() {
    new=$(sha256sum <"$W/bad/$1" | cut -c1-64)
    old=$(sha256sum <"$W/second/$1" | cut -c1-64)
    sed -i "s/$old/$new/" "$W/bad/backup.json"
}
try && LC_ALL=C sed -i 's/zx-market/zx-markeu/' "$W/bad/rows" && relist rows && run 1 'altered' $T restore "$W/bad" "$W/none"
try && cp "$W/first/rows" "$W/bad/rows" && relist rows && run 1 "are lost\|another" $T restore "$W/bad" "$W/none" --checkpoint "$W/newest"
mkdir "$W/foreign"
echo x >"$W/foreign/x"
run 1 'no copy of a node' $T restore "$W/foreign" "$W/none"
run 1 'holds other files' $T restore "$W/second" "$W/foreign"
run 1 'No such file' $T restore "$W/second" "$W/none" --checkpoint "$W/nowhere"
run 2 'usage' $T restore "$W/second"
run 2 'usage' $T backup "$W/node"
for bad in -1 1x 99999999999999999999999; do run 2 'usage' $T restore "$W/second" "$W/none" --accept-loss "$bad"; done
run 2 'wants a value' $T restore "$W/second" "$W/none" --accept-loss ''
ok "no refusal leaves anything" "" "$(ls -d "$W"/none* 2>/dev/null)"

if [ -n "${TONGBAN_PG:-}" ]; then
    psql "$TONGBAN_PG" -q -c "CREATE DATABASE backup_$$"
    PG="$TONGBAN_PG dbname=backup_$$"
    cp -r law/cn-990101 "$W/pack"
    sed -i 's/"procedure": "cancellation"/"procedure": "cancelation"/' "$W/pack/item/food-cancel/item.json"
    run 1 'pack has faults' $T init "$W/half" --code bh --name x --database "$PG" --pack law/cn --pack "$W/pack"
    ok "a node that did not come about leaves no table" 0 "$(psql "$PG" -tAc "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")"
    ok "and no folder" "" "$(ls -d "$W"/half* 2>/dev/null)"
    # a restore that fails midway: the database refuses the row with the head of the ledger, which comes after thousands of others
    psql "$PG" -q <<'SQL'
CREATE SCHEMA trap;
CREATE FUNCTION trap.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room for the head'; END $$;
CREATE FUNCTION trap.made() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
  IF to_regclass('public.gate_ledger_head') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'full') THEN
    CREATE TRIGGER "full" BEFORE INSERT ON public.gate_ledger_head FOR EACH ROW EXECUTE FUNCTION trap.full();
  END IF;
END $$;
CREATE EVENT TRIGGER made ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION trap.made();
SQL
    run 1 'no room for the head' $T restore "$W/second" "$W/half" --database "$PG"
    grep -q '^nothing of it is left in the database$' "$W/out"
    ok "a restore that failed midway says what is left" 0 $?
    ok "and leaves no table" 0 "$(psql "$PG" -tAc "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")"
    ok "and no folder" "" "$(ls -d "$W"/half* 2>/dev/null)"
    psql "$PG" -q -c 'DROP EVENT TRIGGER made' -c 'DROP SCHEMA trap CASCADE' 2>/dev/null
    run 0 'made bh' $T restore "$W/second" "$W/pg" --database "$PG"
    run 0 'good' $T verify "$W/pg"
    run 1 'holds a node already' $T restore "$W/second" "$W/pg2" --database "$PG"
    run 0 'copied bh' $T backup "$W/pg" "$W/fourth" --with-keys
    ok "out of PostgreSQL come the same rows" "$(sha256sum <"$W/second/rows")" "$(sha256sum <"$W/fourth/rows")"
    run 0 'made bh' $T restore "$W/fourth" "$W/back" --in-folder
    run 0 'every view agrees' $T replay "$W/back"
    psql "$TONGBAN_PG" -q -c "DROP DATABASE backup_$$"
fi
echo "backup: $passed passed, $failed failed"
[ $failed = 0 ]
