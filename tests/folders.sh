#!/bin/sh
# folders.sh - every command on a folder that is in use, another's, a copy, of a newer program, unwritable or full, on keys
# that are missing or open to others, on a port in use and a database that is away: a sentence and exit code 1, never a crash.
# And what replay puts on the disk goes, however it ends.
set -u
cd "$(dirname "$0")/.."
T=$PWD/build/tongban
W=$(mktemp -d)
PID=
passed=0
failed=0
before=$(ls -d /tmp/tongban-replay-* 2>/dev/null)
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; chmod -R u+w "$W"; rm -rf "$W"' EXIT
. tests/lib/serve.sh
ok() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not so: $1: want $2, got $3"; fi; }
# refused WORDS COMMAND…: ends with 1, in one sentence that has these words
refused() {
    words=$1
    shift
    timeout 60 "$@" >"$W/out" 2>&1
    got=$?
    if [ $got = 1 ] && grep -q -- "$words" "$W/out" && grep -q '^tongban: ' "$W/out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not so: $*: want 1 and \"$words\", got $got:"
        cat "$W/out"
    fi
}
# each command that opens a node: refused with these words
all_refused() {
    refused "$1" $T serve "$2" --listen 127.0.0.1:0
    refused "$1" $T demo --dir "$2" --port 0
    refused "$1" $T verify "$2"
    refused "$1" $T replay "$2"
    refused "$1" $T ask "$2" "$W/draft.json"
    refused "$1" $T client "$2" --close nobody
}
copy() {
    rm -rf "$W/bad"
    cp -a "$W/node" "$W/bad"
}
echo '{"act":"register-party","by":"node","fields":{}}' >"$W/draft.json"
serve_demo "$W/node"

# in use: who uses it is said
all_refused "in use by process $PID" "$W/node"
refused 'another program listens' $T demo --dir "$W/port" --port "${B##*:}"
kill $PID
wait $PID
PID=

# another's, a file, nothing
mkdir "$W/foreign" "$W/empty"
echo x >"$W/foreign/letter"
echo x >"$W/file"
for command in serve replay; do
    refused 'no node.s folder: it holds other files' $T $command "$W/foreign"
    refused 'is empty' $T $command "$W/empty"
    refused 'is no folder' $T $command "$W/file"
    refused 'No such file' $T $command "$W/nowhere"
done
refused 'holds other files (letter)' $T init "$W/foreign" --code x --name X --pack law/cn
refused 'holds other files (letter)' $T demo --dir "$W/foreign" --port 0
refused 'is no folder' $T init "$W/file" --code x --name X --pack law/cn
refused 'holds a node already' $T init "$W/node" --code x --name X --pack law/cn
refused 'No such file\|cannot make' $T init "$W/no/where" --code x --name X --pack law/cn
ok "another's is as it was" letter "$(ls "$W/foreign")"

# rows or keys that are gone do not become new ones
copy && rm -r "$W/bad/store" && all_refused 'holds no store' "$W/bad"
ok "no store was made" "" "$(ls "$W/bad" | grep store)"
copy && rm "$W/bad/keys/ed25519.key" && refused 'ed25519.key' $T serve "$W/bad" --listen 127.0.0.1:0
copy && rm -r "$W/bad/keys" && refused 'ed25519.pub' $T serve "$W/bad" --listen 127.0.0.1:0
copy && chmod 644 "$W/bad/keys/sm2.key" && all_refused 'sm2.key can be read by others (mode 644)' "$W/bad"
copy && cp "$W/bad/keys/ed25519.key" "$W/bad/keys/sm2.key" && refused 'do not belong' $T serve "$W/bad" --listen 127.0.0.1:0

# of a newer program, damaged, no JSON
copy && sed -i 's/"version":1/"version":9/' "$W/bad/node.json" && all_refused 'newer version' "$W/bad"
copy && echo '{' >"$W/bad/node.json" && refused 'node.json:' $T serve "$W/bad" --listen 127.0.0.1:0
copy && rm -f "$W/bad/store/store.db-wal" && printf 'no database at all, but long enough to be read as the header of one: %0200d' 0 >"$W/bad/store/store.db" &&
    refused 'not a database' $T serve "$W/bad" --listen 127.0.0.1:0
if command -v sqlite3 >/dev/null; then
    copy && sqlite3 "$W/bad/store/store.db" "UPDATE store_meta SET value = '999' WHERE name = 'version'" && all_refused 'data version 999' "$W/bad"
fi

# unwritable: root writes everywhere, so as another user when there is one
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    as="setpriv --reuid=65534 --regid=65534 --clear-groups"
    chmod 755 "$W"
    install -m 755 "$T" "$W/tongban"
    copy && chown -R 65534:65534 "$W/bad" && chmod -R a-w "$W/bad" && refused 'cannot\|readonly\|Permission' $as "$W/tongban" serve "$W/bad" --listen 127.0.0.1:0
    refused 'Permission denied' $as "$W/tongban" serve "$W/node" --listen 127.0.0.1:0
    refused 'Permission denied\|cannot' $as "$W/tongban" init "$W/mine" --code x --name X --pack law/cn
    refused 'Permission denied\|cannot' $as "$W/tongban" backup "$W/node" "$W/mine"
fi

# full: a folder of 9 MB holds no node with its law
if [ "$(id -u)" = 0 ] && mkdir "$W/full" && mount -t tmpfs -o size=3m tmpfs "$W/full" 2>/dev/null; then
    refused 'full\|No space' $T demo --dir "$W/full/node" --port 0
    umount "$W/full"
fi

# a database that is away
refused 'cannot connect to PostgreSQL' $T init "$W/away" --code x --name X --database 'host=127.0.0.1 port=1 dbname=x' --pack law/cn
ok "and no half a node is left" "" "$(ls "$W/away" 2>/dev/null)"

# replay leaves nothing
scratch() {
    for scratch_try in $(seq 500); do
        [ -e "$W/node/scratch/store.db" ] && return 0
        sleep 0.01
    done
    echo "replay did not begin"
    return 1
}
$T replay "$W/node" >"$W/out" 2>&1
ok "replay agrees" 0 $?
ok "and left nothing" "" "$(ls "$W/node" | grep scratch)"
for signal in TERM INT HUP; do
    $T replay "$W/node" >"$W/out" 2>&1 &
    P=$!
    scratch && kill -$signal $P
    wait $P
    ok "stopped by $signal: ends with 1" 1 $?
    ok "stopped by $signal: nothing is left" "" "$(ls "$W/node" | grep scratch)"
done
# a file may not grow beyond 256 kB, as on a disk that has no more room
(ulimit -f 256 && exec $T replay "$W/node") >"$W/out" 2>&1
ok "no room for the copy: replay ends with 1" 1 $?
grep -q '^tongban: ' "$W/out"
ok "no room for the copy: and a sentence" 0 $?
ok "no room for the copy: nothing is left" "" "$(ls "$W/node" | grep scratch)"
if [ "$(id -u)" = 0 ] && mkdir -p "$W/full" && mount -t tmpfs -o size=$(($(du -sk "$W/node" | cut -f 1) + 1200))k tmpfs "$W/full" 2>/dev/null; then
    cp -a "$W/node" "$W/full/node"
    refused 'full\|No space' $T replay "$W/full/node"
    ok "a full disk: nothing is left" "" "$(ls "$W/full/node" | grep scratch)"
    umount "$W/full"
fi
$T replay "$W/node" >"$W/out" 2>&1 &
P=$!
scratch
ok "the copy is its owner's alone" 700 "$(stat -c %a "$W/node/scratch")"
kill -9 $P
wait $P 2>/dev/null
sleep 0.2
$T verify "$W/node" >"$W/out" 2>&1
ok "killed: the next command opens the node" 0 $?
ok "killed: and sweeps" "" "$(ls "$W/node" | grep scratch)"
ok "nothing of a replay in the system's folder" "$before" "$(ls -d /tmp/tongban-replay-* 2>/dev/null)"

# a folder that cannot be written: an archive mounted read-only, or somebody else's. It is looked at and stays as it is.
listing() { (cd "$1" && find . -type f -exec sha256sum {} + | sort -k 2 && find . | sort && stat -c '%y %n' . store store/*); }
left() { ls -d "$W"/tmp/* 2>/dev/null; }
mkdir "$W/tmp" && chmod 1777 "$W/tmp"
looked_at() { # NAME DIR COMMAND…: verify and replay say yes, and nothing is another than before
    name=$1
    dir=$2
    shift 2
    before_it=$(listing "$dir")
    for command in verify "verify --reask" replay; do
        TMPDIR=$W/tmp timeout 60 "$@" $command "$dir" >"$W/out" 2>&1
        code=$?
        [ $code = 0 ] || cat "$W/out"
        ok "$name: $command" 0 $code
        ok "$name: $command leaves nothing behind" "" "$(left)"
    done
    ok "$name: it is as it was" "$before_it" "$(listing "$dir")"
}
if [ "$(id -u)" = 0 ] && mkdir -p "$W/medium" && mount -t tmpfs -o size=64m tmpfs "$W/medium" 2>/dev/null; then
    rm -rf "$W/bad"
    cp -a "$W/node" "$W/medium/node"
    mount -o remount,ro "$W/medium"
    looked_at "a medium" "$W/medium/node" $T
    refused 'cannot make a place in' env TMPDIR="$W/medium" $T verify "$W/medium/node"
    refused 'Read-only\|read-only\|cannot' $T serve "$W/medium/node" --listen 127.0.0.1:0
    for signal in TERM KILL; do
        TMPDIR=$W/tmp $T replay "$W/medium/node" >"$W/out" 2>&1 &
        P=$!
        for try in $(seq 500); do
            ls "$W"/tmp/*/scratch/store.db >/dev/null 2>&1 && break
            sleep 0.01
        done
        kill -$signal $P
        wait $P 2>/dev/null
        for try in $(seq 100); do
            [ -z "$(left)" ] && break
            sleep 0.05
        done
        ok "a medium: replay ended by $signal leaves nothing" "" "$(left)"
    done
    umount "$W/medium"
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    as="setpriv --reuid=65534 --regid=65534 --clear-groups"
    copy && chmod 700 "$W/bad" && refused 'Permission denied' $as "$W/tongban" verify "$W/bad"
    copy && chmod -R a+rX,a-w "$W/bad" && chmod -R go= "$W/bad/keys"/*.key
    looked_at "somebody else's" "$W/bad" $as "$W/tongban"
    chmod 755 "$W/node" "$W/node/store" "$W/node/keys" && chmod 644 "$W/node/node.json" "$W/node/store"/*
    serve_demo "$W/node"
    refused 'in use by' $as "$W/tongban" verify "$W/node"
    kill $PID
    wait $PID
    PID=
fi
echo "folders: $passed passed, $failed failed"
[ $failed = 0 ]
