#!/bin/sh
# health.sh - the key holder of a real server is killed, stopped, and its keeper ended, under load: every answer comes in time,
# what was acknowledged is in the ledger, /healthz says how it stands, and the node heals or ends in order.
set -u
cd "$(dirname "$0")/.."
T=build/tongban
W=$(mktemp -d)
PID=
CLIENTS=
passed=0
failed=0
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; [ -n "$CLIENTS" ] && kill $CLIENTS 2>/dev/null; rm -rf "$W"' EXIT
. tests/lib/serve.sh
ok() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not so: $1: want $2, got $3"; fi; }
health() { curl -s -m 5 -o "$W/health" -w '%{http_code}' "$B/healthz"; }
# the node may be starting a holder anew: what /healthz says once it is well, or after ten seconds
health_soon() {
    for health_try in $(seq 100); do
        [ "$(health)" = 200 ] && break
        sleep 0.1
    done
    health
}
# the processes below $1 whose name is $2
below() {
    for below_pid in $(family "$1"); do
        [ "$(cat /proc/"$below_pid"/comm 2>/dev/null)" = "$2" ] && echo "$below_pid"
    done
}
# one application after the other; every answer's status and time, and what was acknowledged
client() {
    n=0
    while :; do
        n=$((n + 1))
        curl -s -m 20 -b "$W/jar" -H 'Accept: application/json' -H 'Content-Type: application/json' -H "Idempotency-Key: $1-$n" \
            -o "$W/answer.$1" -w '%{http_code} %{time_total}\n' \
            --data-binary '{"voice.kind":"question","voice.text":"几点开门"}' $B/apply/zx-market >>"$W/told"
        echo >>"$W/answer.$1"
        sed -nE 's/.*"seq":([0-9]+).*"leaf_hash":"([0-9a-f]+)".*/\1 \2/p' "$W/answer.$1" >>"$W/acked"
    done
}
load() {
    : >"$W/told"
    CLIENTS=
    for c in 1 2 3; do
        client "$1-$c" &
        CLIENTS="$CLIENTS $!"
    done
    sleep 0.5
}
unload() {
    kill $CLIENTS 2>/dev/null
    wait $CLIENTS 2>/dev/null
    CLIENTS=
}
# answers later than ten seconds (a hung holder costs 1.5 s; the rest is for a machine under load), and answers of another kind than these
late() { awk '$2 > 10 { n++ } END { print n + 0 }' "$W/told"; }
other() { grep -cvE "^($1) " "$W/told"; }
: >"$W/acked"

serve_demo "$W/node" --fronts 2
curl -s -o /dev/null -c "$W/jar" "$(sign_in_of p-lin)"
ok "well at first" 200 "$(health)"
ok "and says so" ok "$(cat "$W/health")"
curl -s -H 'Accept: application/json' "$B/healthz" >"$W/health"
ok "for a machine" 1 "$(grep -c '"good":true,"checks":{"store":{"good":true' "$W/health")"
ok "one writes, two serve" 3 "$(for name in writer front; do below $PID tongban-$name; done | wc -l)"
ok "one holder signs heads, and each process has one for tokens" 4 "$(below $PID tongban-keys | wc -l)"

load kill
for i in 1 2 3; do
    kill -9 $(below $PID tongban-keys)
    sleep 0.7
done
unload
ok "killed: no answer is late" 0 "$(late)"
ok "killed: every write is taken" 0 "$(other '201|409')"
ok "killed: well again" 200 "$(health_soon)"

load stop
kill -STOP $(below $PID tongban-keys)
sleep 5
unload
ok "hung: no answer is late" 0 "$(late)"
ok "hung: every write is taken" 0 "$(other '201|409')"
ok "hung: well again" 200 "$(health_soon)"
ok "hung: there are as many holders, and all run" 4 "$(for p in $(below $PID tongban-keys); do cat /proc/$p/stat; done | grep -c ') [SR] ')"

# the keepers hang and the holders die: nothing can be signed until they go on
load away
KEEPERS=$(below $PID tongban-keeper)
HOLDERS=$(below $PID tongban-keys)
kill -STOP $KEEPERS
kill -9 $HOLDERS
sleep 5
ok "away: unwell" 503 "$(health)"
ok "away: in words" 1 "$(grep -c '^keys: the key holder does not answer' "$W/health")"
ok "away: the page of a case is still read" 200 "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "$B/item/food-new")"
kill -CONT $KEEPERS
ok "away: well again" 200 "$(health_soon)"
sleep 0.5
unload
ok "away: no answer is late" 0 "$(late)"
ok "away: writes are taken or asked to come again" 0 "$(other '201|409|503')"
ok "away: some were asked to" 1 "$(grep -c '^503' "$W/told" | sed 's/[1-9][0-9]*/1/')"
ok "away: and taken at the end" 1 "$(tail -n 3 "$W/told" | grep -cE '^(201|409)' | sed 's/[1-9]/1/')"

missing=0
total=$(wc -l <"$W/acked")
while read -r seq hash; do
    curl -s -H 'Accept: application/json' $B/ledger/$seq | grep -q "$hash" || missing=$((missing + 1))
done <"$W/acked"
ok "$total acknowledged: none is missing" 0 "$missing"
ok "and there were some" 1 "$([ "$total" -gt 10 ] && echo 1)"

# a keeper that is ended cannot be had again: the node ends in order and says why
kill -9 $(below $PID tongban-keeper | head -n 1)
for i in $(seq 100); do
    kill -0 $PID 2>/dev/null || break
    sleep 0.1
done
wait $PID
ok "no keeper: the node ends with 1" 1 "$?"
PID=
ok "no keeper: and says why" 1 "$(grep -c 'keeper was ended' "$W/log")"
$T verify "$W/node" >"$W/out" 2>&1
ok "the ledger verifies" 0 "$?"
serve_demo "$W/node" --fronts 2
ok "started again it is well" 200 "$(health)"
kill $PID
wait $PID
ok "and ends when asked with 0" 0 "$?"
PID=
echo "health: $total acts acknowledged; $passed passed, $failed failed"
[ $failed = 0 ]
