#!/bin/sh
# fronts.sh - a node of several processes, under load: fronts are killed and stopped, the one that writes is killed, and the
# parent; what was acknowledged is in the ledger, the others go on, and what ends, ends whole.
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
# the children of the parent whose name is $1
named() {
    for named_pid in $(cat /proc/$PID/task/*/children 2>/dev/null); do
        [ "$(cat /proc/$named_pid/comm 2>/dev/null)" = "$1" ] && echo $named_pid
    done
}
first() { named "$1" | head -n 1; }
# wait until there are $2 children named $1, for at most $3 tenths of a second
come_to() {
    for come_try in $(seq "$3"); do
        [ "$(named "$1" | wc -l)" = "$2" ] && break
        sleep 0.1
    done
    named "$1" | wc -l
}
# wait until process $1 is gone, for at most $2 tenths of a second; one that waits to be asked for its exit is gone
runs() { [ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat"; }
gone() {
    for gone_try in $(seq "$2"); do
        runs "$1" || break
        sleep 0.1
    done
    runs "$1" && echo no || echo yes
}
# one application after the other, each on a connection of its own; what was acknowledged
client() {
    n=0
    while :; do
        n=$((n + 1))
        curl -s -m 20 -b "$W/jar" -H 'Accept: application/json' -H 'Content-Type: application/json' -H "Idempotency-Key: $1-$n" \
            -o "$W/answer.$1" -w '%{http_code}\n' \
            --data-binary '{"voice.kind":"question","voice.text":"几点开门"}' $B/apply/zx-market >>"$W/told"
        echo >>"$W/answer.$1"
        sed -nE 's/.*"seq":([0-9]+).*"leaf_hash":"([0-9a-f]+)".*/\1 \2/p' "$W/answer.$1" >>"$W/acked"
    done
}
load() {
    : >"$W/told"
    CLIENTS=
    for c in 1 2 3 4; do
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
other() { grep -cvE "^($1)" "$W/told"; }
lost() {
    lost_n=0
    while read -r seq hash; do
        curl -s -H 'Accept: application/json' "$B/ledger/$seq" | grep -q "$hash" || lost_n=$((lost_n + 1))
    done <"$W/acked"
    echo $lost_n
}
: >"$W/acked"

# what a new node lacks is made by the one that writes, and by no front
for round in 1 2 3; do
    serve_demo "$W/new" --fronts 16
    come_to tongban-front 16 50 >/dev/null
    sleep 0.3
    ok "sixteen fronts begin at once on a new node, and none falls ($round)" 0 "$(grep -c 'started again' "$W/log")"
    kill $PID
    wait $PID
    rm -rf "$W/new"
done

serve_demo "$W/node" --fronts 2
ok "one process writes" 1 "$(named tongban-writer | wc -l)"
ok "two serve" 2 "$(come_to tongban-front 2 50)"
curl -s -o /dev/null -c "$W/jar" "$(sign_in_of p-lin)"

# fronts are killed: a client of theirs loses its answer, no other does
load kill
for round in 1 2 3; do
    kill -9 "$(first tongban-front)"
    sleep 0.7
    ok "a new front is there within two seconds ($round)" 2 "$(come_to tongban-front 2 20)"
done
before=$(wc -l <"$W/acked")
sleep 1
unload
[ "$(wc -l <"$W/acked")" -gt "$before" ]
ok "acts go on" 0 $?
ok "answers are receipts, or came to nothing with their front" 0 "$(other '201|200|303|000')"

# one stands still: whoever comes is served by the other
still=$(first tongban-front)
kill -STOP "$still"
slow=0
for n in 1 2 3 4 5 6 7 8 9 10; do
    [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "$B/healthz")" = 200 ] || slow=$((slow + 1))
done
ok "a front that stands still holds nobody up" 0 $slow
curl -s -m 5 -o /dev/null -c "$W/jar2" "$(sign_in_of p-lin)"
for pid in $(named tongban-front); do [ "$pid" = "$still" ] || kill -STOP "$pid"; done
kill -CONT "$still"
ok "signed in at one front is signed in at the other" 200 "$(curl -s -m 5 -o /dev/null -w '%{http_code}' -b "$W/jar2" "$B/cases")"
for pid in $(named tongban-front); do kill -CONT "$pid"; done

# the one that writes is killed: all end, and everything acknowledged is there again
load writer
kill -9 "$(first tongban-writer)"
ok "without a writer all end" yes "$(gone $PID 100)"
wait $PID
ok "and say so by the exit code" 1 $?
grep -q 'the process that writes has ended' "$W/log"
ok "and in words" 0 $?
unload
ok "nothing but receipts, 503 and lost connections" 0 "$(other '201|200|303|503|000')"

serve_demo "$W/node" --fronts 2
ok "nothing acknowledged is lost" 0 "$(lost)"
curl -s -o /dev/null -c "$W/jar" "$(sign_in_of p-lin)"
load parent
writer=$(first tongban-writer)
front=$(first tongban-front)
kill -9 $PID
wait $PID 2>/dev/null
unload
ok "the writer ends with its parent" yes "$(gone "$writer" 50)"
ok "and a front" yes "$(gone "$front" 50)"

serve_demo "$W/node" --fronts 2
ok "nothing acknowledged is lost" 0 "$(lost)"
curl -s -o /dev/null -c "$W/jar" "$(sign_in_of p-lin)"
load term
writer=$(first tongban-writer)
kill $PID
wait $PID
ok "asked to end, it ends well" 0 $?
unload
ok "and leaves no process" yes "$(gone "$writer" 1)"
PID=
for command in verify replay; do
    $T $command "$W/node" >"$W/out" 2>&1
    ok "$command" 0 $?
done
for bad in x -1 1000; do
    $T serve "$W/node" --fronts $bad >"$W/out" 2>&1
    ok "--fronts $bad is refused" 2 $?
done

# On PostgreSQL the server ends connections under load: of readers, which nobody notices; of the one that writes, after
# which nobody knows what became of its last commit: the node ends, and what it acknowledged is there again.
if [ -n "${TONGBAN_PG:-}" ]; then
    cut() { psql -qAt -d "$TONGBAN_PG" -c "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid $1 (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"; }
    : >"$W/acked"
    serve_demo "$W/pg" --fronts 2 --database "$TONGBAN_PG"
    curl -s -o /dev/null -c "$W/jar" "$(sign_in_of p-lin)"
    load readers
    cuts=0
    for round in 1 2 3 4 5 6; do
        cuts=$((cuts + $(cut "NOT IN")))
        sleep 0.4
    done
    unload
    [ "$cuts" -gt 6 ]
    ok "connections of readers are ended under load" 0 $?
    ok "and nobody is told anything but receipts, or to come again" 0 "$(other '201|200|303|503')"
    [ "$(grep -c '^503' "$W/told")" -le 20 ] && [ "$(grep -c '^20' "$W/told")" -gt 20 ]
    ok "and few of them to come again" 0 $?
    ok "the node is well" 200 "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "$B/healthz")"
    load writer
    cut "IN" >/dev/null
    ok "without its connection the one that writes ends, and all with it" yes "$(gone $PID 150)"
    wait $PID
    ok "and say so by the exit code" 1 $?
    unload
    serve_demo "$W/pg" --fronts 2
    ok "nothing acknowledged is lost" 0 "$(lost)"
    kill $PID
    wait $PID
    PID=
    for command in verify replay; do
        $T $command "$W/pg" >"$W/out" 2>&1
        ok "$command on PostgreSQL" 0 $?
    done
fi
# ---- one process for all: every thread of it is shut in, those begun first as well ----
serve_demo "$W/alone" --fronts 0
ok "one process serves" 200 "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "$B/")"
ok "and none of its threads is outside of what it is confined to" "Seccomp: 2" "$(sed -n 's/^Seccomp:[[:space:]]*/Seccomp: /p' /proc/$PID/task/*/status | sort -u)"
kill $PID
wait $PID
PID=
echo "fronts: $(wc -l <"$W/acked") acts acknowledged; $passed passed, $failed failed"
[ $failed = 0 ]
