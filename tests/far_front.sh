#!/bin/sh
# far_front.sh - a node on PostgreSQL and a front of it as on another machine: another folder, another user of the database,
# who may only read, and TLS in between, with certificates made by the very lines of docs/use/fronts.md. People at both;
# the node and the front killed under load; whoever is not let in, and what each is told. Then verify and replay.
set -u
cd "$(dirname "$0")/.."
T=build/tongban
W=$(mktemp -d)
PID=
FAR=
CLIENTS=
OWN_PG=
ROLE=front_$$
passed=0
failed=0
end() {
    for end_pid in $CLIENTS $FAR $PID; do kill -9 "$end_pid" 2>/dev/null; done
    [ -n "${PG:-}" ] && psql -q -d "$PG" -c "DROP OWNED BY $ROLE" -c "DROP ROLE $ROLE" >/dev/null 2>&1
    [ -n "$OWN_PG" ] && sh tools/pgtemp.sh stop "$OWN_PG"
    rm -rf "$W"
}
trap end EXIT
. tests/lib/serve.sh
ok() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not so: $1: want $2, got $3"; fi; }
says() { if grep -q "$2" "$3"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not so: $1: no \"$2\" in:"; tail -n 5 "$3"; fi; }
# refused WORDS FILE COMMAND…: ends with 1 and says so
refused() {
    refused_words=$1
    shift
    timeout 30 "$@" >"$W/out" 2>&1
    ok "$refused_words: exit code" 1 $?
    says "refused" "$refused_words" "$W/out"
}
# the lines of docs/use/fronts.md in the nth block of a language
block() { awk -v lang="$1" -v n="$2" '$0 == "```" lang { at++; next } $0 == "```" { if (inside) exit } { inside = at == n } inside' docs/use/fronts.md; }
# wait until file $2 has $3 lines that hold $1, for at most 60 s
comes() {
    for comes_try in $(seq 600); do
        [ "$(grep -c "$1" "$2")" -ge "$3" ] && return 0
        sleep 0.1
    done
    return 1
}
node_start() { # on the ports it had before, when it had any
    serve_demo "$W/node" --fronts 2 --fronts-at "${AT:-127.0.0.1:0}"
    SERVE_PORT=${B##*:}
    comes '^fronts of other machines: ' "$W/log" 1
    AT=$(sed -nE 's/^fronts of other machines: (.*)/\1/p' "$W/log" | head -n 1)
}
front_start() {
    $T front serve "$W/front" --listen "127.0.0.1:${FAR_PORT:-0}" >"$W/far.log" 2>&1 &
    FAR=$!
    comes '^confined: ' "$W/far.log" 1
    F=$(sed -nE 's|^serving (http://.*)/$|\1|p' "$W/far.log" | head -n 1)
    FAR_PORT=${F##*:}
}
status() { curl -s -m 10 -o /dev/null -w '%{http_code}' "$@"; }
# one act at base $1 under key $2; its status and "seq hash"
act() {
    curl -s -m 20 -b "$W/jar" -H 'Accept: application/json' -H 'Content-Type: application/json' -H "Idempotency-Key: $2" \
        -w '\n%{http_code}\n' --data-binary '{"voice.kind":"question","voice.text":"When do you open?"}' "$1/apply/zx-market" |
        sed -nE 's/.*"seq":([0-9]+).*"leaf_hash":"([0-9a-f]+)".*/\1 \2/p; /^[0-9]{3}$/p' | tr '\n' ' '
}
client() {
    n=0
    while :; do
        n=$((n + 1))
        echo "$1-$n $(act "$F" "$1-$n")" >>"$W/told.$1"
    done
}
load() {
    CLIENTS=
    for c in 1 2 3; do
        : >"$W/told.$1$c"
        client "$1$c" &
        CLIENTS="$CLIENTS $!"
    done
    sleep 3
}
unload() {
    kill $CLIENTS 2>/dev/null
    wait $CLIENTS 2>/dev/null
    CLIENTS=
}
# every key of the load once more, at base $1: "KEY seq hash" of each; what was told before must be told again
told_again() {
    : >"$W/again"
    for f in "$W"/told."$2"?; do
        while read -r key rest; do
            echo "$key $(act "$1" "$key")" >>"$W/again"
        done <"$f"
    done
    cat "$W"/told."$2"? | awk 'NF == 4 { print $1, $2, $3 }' | sort >"$W/acked"
    awk 'NF == 4 { print $1, $2, $3 }' "$W/again" | sort >"$W/now"
    ok "every key has its act ($2)" "$(wc -l <"$W/again")" "$(wc -l <"$W/now")"
    ok "and each another ($2)" "$(wc -l <"$W/now")" "$(awk '{ print $2 }' "$W/now" | sort -u | wc -l)"
    ok "what was acknowledged is what it was ($2)" "" "$(comm -23 "$W/acked" "$W/now" | head -n 3)"
    [ "$(wc -l <"$W/acked")" -gt 9 ]
    ok "of ten or more ($2)" 0 $?
}

if [ -z "${TONGBAN_PG:-}" ]; then
    OWN_PG=$(mktemp -d) && rmdir "$OWN_PG"
    PG=$(sh tools/pgtemp.sh start "$OWN_PG") || exit 1
else
    PG=$TONGBAN_PG
fi

# ---- made as the page says ----

serve_demo "$W/node" --database "$PG"
kill $PID
wait $PID
PID=
mkdir "$W/certificates"
block sh 1 >"$W/certificates.sh"
(cd "$W/certificates" && NODE_AT=IP:127.0.0.1 && . "$W/certificates.sh") >"$W/out" 2>&1
ok "certificates are made" 0 $?
refused 'tls/key.pem: No such file' $T demo --dir "$W/node" --port 0 --fronts-at 127.0.0.1:0
cp -r "$W/certificates/node" "$W/node/tls"
block sql 1 | sed "s/\\bfront\\b/$ROLE/" >"$W/role.sql"
psql -q -v ON_ERROR_STOP=1 -d "$PG" -f "$W/role.sql"
ok "the database has a user who may read" 0 $?
READ="$PG user=$ROLE"
psql -q -d "$READ" -c "UPDATE store_meta SET value = value" >"$W/out" 2>&1
says "and not write" 'permission denied' "$W/out"
node_start
$T front export "$W/node" "$W/front" --writer "$AT" --database "$READ" --issuer "$B" >"$W/out" 2>&1
ok "a front's folder is made" 0 $?
ok "for its owner alone" "700 600 600 600" "$(cd "$W/front" && stat -c %a . front.json login.key keys/token.key | tr '\n' ' ' | sed 's/ $//')"
ok "with no key of the ledger" "token.key" "$(ls "$W/front/keys")"
refused 'writer "nowhere" is no address of a node' $T front export "$W/node" "$W/f" --writer nowhere --database "$READ"
refused 'is no connection string of PostgreSQL' $T front export "$W/node" "$W/f" --writer "$AT" --database "$W/f"
refused 'holds other files' $T front export "$W/node" "$W/front" --writer "$AT" --database "$READ"
refused 'front-1\|tls/key.pem: No such file' $T front serve "$W/front" --listen 127.0.0.1:0
cp "$W/certificates/front-1/"* "$W/front/tls/"
front_start
ok "the front serves" 200 "$(status "$F/healthz")"
says "confined as others are" '^confined: seccomp' "$W/far.log"

# ---- people at both ----

node tests/far_front/check.mjs "$B" "$F" law >"$W/out" 2>&1
ok "people at both" 0 $?
grep -v ' 0 failed' "$W/out"
passed=$((passed + $(sed -nE 's/.*: ([0-9]+) passed.*/\1/p' "$W/out")))

# ---- who is not let in ----

certificate() { # as the page makes them
    (cd "$W/certificates" && eval "$(sed -n '/^certificate() {/,/^}/p' "$W/certificates.sh")" && certificate "$@") >/dev/null 2>&1
}
# stranger FOLDER TEXT: who knocks with these certificates and greets so; the answer is in $W/out
stranger() {
    (printf "$2"; sleep 1) | timeout 10 openssl s_client -quiet -connect "$AT" -CAfile "$W/certificates/ca.pem" \
        $([ -d "$1" ] && echo -cert "$1/cert.pem" -key "$1/key.pem") >"$W/out" 2>&1
}
# front_with FOLDER WORDS: a front with these certificates ends and says why; so does the node, in $3
front_with() {
    cp -r "$W/front" "$W/other"
    cp "$1"/* "$W/other/tls/"
    refused "$2" $T front serve "$W/other" --listen 127.0.0.1:0
    [ -n "${3:-}" ] && says "the node says so too" "^tongban: no front at 127.0.0.1:[0-9]*: $3" "$W/log"
    rm -rf "$W/other"
}
stranger none ''
says "who shows no certificate is in the log" 'no front at 127.0.0.1:[0-9]*: it shows no certificate' "$W/log"
ok "and is told nothing" 0 "$(grep -c tongban "$W/out")"
curl -s -m 5 "http://$AT/" >"$W/out" 2>&1
comes 'it does not speak TLS 1.3 as it should' "$W/log" 1
ok "nor who speaks something else" 0 $?
# of last year
(cd "$W/certificates" && mkdir old && touch issued.txt && openssl req -newkey ed25519 -nodes -keyout old/key.pem -out old.csr -subj /CN=old &&
    printf '[ca]\ndefault_ca=c\n[c]\ndatabase=issued.txt\nnew_certs_dir=.\ndefault_md=default\npolicy=p\nrand_serial=yes\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nextendedKeyUsage=clientAuth\n' >old.conf &&
    openssl ca -batch -notext -config old.conf -cert ca.pem -keyfile ca-key.pem -startdate 20240101000000Z -enddate 20250101000000Z -in old.csr -out old/cert.pem) >"$W/out" 2>&1
ok "an old certificate is made" 0 $?
front_with "$W/certificates/old" 'it does not believe us: our certificate has expired' 'its certificate has expired'
mkdir "$W/others"
(cd "$W/others" && . "$W/certificates.sh") >/dev/null 2>&1
cp "$W/certificates/ca.pem" "$W/others/front-1/"
front_with "$W/others/front-1" 'our certificate is not signed by the authority it knows' 'its certificate is not signed by the authority'
front_with "$W/others/node" 'its certificate is not signed by the authority'
certificate both serverAuth 397
front_with "$W/certificates/both" 'it does not believe us: our certificate does not hold' 'its certificate is for another part'
(cd "$W/certificates" && mkdir any && cp ca.pem any/ && openssl req -x509 -newkey ed25519 -nodes -keyout any/key.pem -out any/cert.pem \
    -CA ca.pem -CAkey ca-key.pem -days 9 -subj /CN=any -addext basicConstraints=critical,CA:FALSE) >/dev/null 2>&1
stranger "$W/certificates/any" 'tongban front 2\n\n'
says "nor one that says no part" 'its certificate is for another part than it plays' "$W/log"
stranger "$W/certificates/front-1" 'tongban front 0\nform x\n\n'
says "an old protocol is told which is spoken" '^refused the front speaks version 0 of the protocol of fronts and the node version 2' "$W/out"
says "and the log" 'no front at .*: the front speaks version 0' "$W/log"
FORM=$(sed -nE 's/^form (.*)/\1/p' "$W/out")
stranger "$W/certificates/front-1" 'tongban front 2\nform 1.ab\n\n'
says "another program" '^refused the program of the front makes data of form 1.ab and that of the node' "$W/out"
stranger "$W/certificates/front-1" "tongban front 2\nform $FORM\norigin elsewhere.example/x\n\n"
says "another node's" '^refused the front is one of the node elsewhere.example/x, and this is tongban.example/bh' "$W/out"
stranger "$W/certificates/front-1" 'hello\n\n'
says "no greeting" 'it does not greet as a process of a node does' "$W/log"
sed 's,tongban.example/bh,tongban.example/xx,' "$W/front/front.json" >"$W/front.xx"
cp -r "$W/front" "$W/other"
cp "$W/front.xx" "$W/other/front.json"
refused 'the database is that of the node tongban.example/bh, not of tongban.example/xx' $T front serve "$W/other" --listen 127.0.0.1:0
cp "$W/front/front.json" "$W/other/"
chmod 644 "$W/other/tls/key.pem"
refused 'can be read by others (mode 644): chmod 600 it' $T front serve "$W/other" --listen 127.0.0.1:0
rm -rf "$W/other"
refused 'is no front.s folder' $T front serve "$W/node" --listen 127.0.0.1:0
refused 'is no node.s folder' $T serve "$W/front" --listen 127.0.0.1:0
$T front serve >"$W/out" 2>&1
ok "a command that is not whole" 2 $?
# revoked as the page says; it holds from the next call on
certificate front-2 clientAuth 397
block sh 2 | sed 's/front-1/front-2/' >"$W/revoke.sh"
(cd "$W/certificates" && . "$W/revoke.sh") >"$W/out" 2>&1
cp "$W/certificates/node/ca.pem" "$W/node/tls/ca.pem"
front_with "$W/certificates/front-2" 'it does not believe us: our certificate is revoked' 'its certificate is revoked'
ok "meanwhile the front there was goes on" 200 "$(status "$F/healthz")"

# ---- a process that stands still, a certificate that no longer holds: the line that is up ends ----

writer() { for p in $(family $PID); do [ "$(cat /proc/$p/comm 2>/dev/null)" = tongban-writer ] && echo $p; done; }
# noticed WORDS FILE TIMES: within 15 s (and no sooner than it is said)
noticed() {
    for noticed_try in $(seq 150); do
        [ "$(grep -c "$1" "$2")" -ge "$3" ] && break
        sleep 0.1
    done
    [ "$(grep -c "$1" "$2")" -ge "$3" ]
}
sleep 13
ok "a line on which nobody says anything stays up" 0 "$(cat "$W/log" "$W/far.log" | grep -c 'the line to')"
kill -STOP $FAR
noticed 'the line to the front at 127.0.0.1:[0-9]* ended: it was silent for 10 s' "$W/log" 1
ok "a front that stands still is noticed" 0 $?
kill -CONT $FAR
comes 'the node is there again' "$W/far.log" 1
ok "and comes back when it goes on" 0 $?
kill -STOP "$(writer)"
noticed 'the line to the node ended: it was silent for 10 s' "$W/far.log" 1
ok "a node that stands still is noticed" 0 $?
kill -CONT "$(writer)"
comes 'the node is there again' "$W/far.log" 2
ok "and there again when it goes on" 0 $?
cp "$W/node/tls/ca.pem" "$W/ca.before"
block sh 2 >"$W/revoke.sh"
(cd "$W/certificates" && . "$W/revoke.sh") >"$W/out" 2>&1
cp "$W/certificates/node/ca.pem" "$W/node/tls/ca.pem"
noticed 'the line to the front at .* ended: its certificate is revoked' "$W/log" 1
ok "one that is revoked while it is there is let go" 0 $?
noticed 'it does not believe us: our certificate is revoked' "$W/far.log" 1
ok "and not let in again" 0 $?
cp "$W/ca.before" "$W/node/tls/ca.pem"
comes 'the node is there again' "$W/far.log" 3
ok "until it is believed again" 0 $?
(cd "$W/certificates" && mkdir brief && openssl req -newkey ed25519 -nodes -keyout brief/key.pem -out brief.csr -subj /CN=brief &&
    openssl ca -batch -notext -config old.conf -cert ca.pem -keyfile ca-key.pem -enddate "$(date -u -d '+25 seconds' +%Y%m%d%H%M%SZ)" -in brief.csr -out brief/cert.pem) >"$W/out" 2>&1
ok "a certificate for some seconds is made" 0 $?
cp -r "$W/front" "$W/other"
cp "$W/certificates/brief/"* "$W/other/tls/"
$T front serve "$W/other" --listen 127.0.0.1:0 >"$W/other.log" 2>&1 &
OTHER=$!
comes '^confined: ' "$W/other.log" 1
noticed 'the line to the front at .* ended: its certificate has expired' "$W/log" 1 || noticed 'the line to the front at .* ended: its certificate has expired' "$W/log" 1
ok "one whose time is over is let go" 0 $?
kill $OTHER
wait $OTHER 2>/dev/null
rm -rf "$W/other"
ok "meanwhile the front there went on" 200 "$(status "$F/healthz")"

# ---- the front is killed with acts under way ----

curl -s -o /dev/null -c "$W/jar" "$(sign_in_of p-lin)"
load f
kill -9 $FAR
sleep 0.3
unload
front_start
told_again "$F" f

# ---- the node is killed, and comes back ----

load n
kill -9 "$(for p in $(family $PID); do [ "$(cat /proc/$p/comm 2>/dev/null)" = tongban-writer ] && echo $p; done)"
wait $PID 2>/dev/null
sleep 1
unload
PID=
ok "without the node it answers what it can read" "200 200" "$(status "$F/item/food-new") $(status -b "$W/jar" "$F/me/security")"
curl -s -m 10 -D "$W/head" -o "$W/out" -b "$W/jar" -H 'Accept: application/json' -H 'Content-Type: application/json' \
    --data-binary '{"voice.kind":"question","voice.text":"When do you open?"}' "$F/apply/zx-market"
ok "what would change something is told to come again" "503 1" "$(sed -nE '1s/.* ([0-9]{3}) .*/\1/p' "$W/head") $(grep -ci '^retry-after: [0-9]' "$W/head")"
says "with its sentence" 'urn:tongban:problem:no_writer' "$W/out"
ok "its health says so" 503 "$(status "$F/healthz")"
node_start
comes 'the node is there again' "$W/far.log" 1
ok "the front comes back by itself" 0 $?
ok "and is well" 200 "$(status "$F/healthz")"
told_again "$F" n

# ---- data of another making, while the node is away ----

kill $PID
wait $PID
ok "the node ends as asked, with a front there" 0 $?
PID=
front_start() { :; }
psql -q -d "$PG" -c "UPDATE store_meta SET value = 'stale' WHERE name = 'views'"
wait $FAR
ok "a front does not read views that are not whole" 1 $?
says "and says so" 'the views in the database are not whole' "$W/far.log"
FAR=
psql -q -d "$PG" -c "UPDATE store_meta SET value = 'built' WHERE name = 'views'"

# ---- a node that comes later, one process alone; a front that ends as asked ----

$T front serve "$W/front" --listen "127.0.0.1:$FAR_PORT" >"$W/far.log" 2>&1 &
FAR=$!
comes 'it cannot be reached' "$W/far.log" 1
ok "a front begins before its node" 0 $?
$T serve "$W/node" --listen "127.0.0.1:$SERVE_PORT" --issuer "$B" --fronts 0 --fronts-at "$AT" >"$W/log" 2>&1 &
PID=$!
comes 'the node is there again' "$W/far.log" 1
ok "and finds it when it comes" 0 $?
ok "of one process alone" 200 "$(status "$F/healthz")"
kill $FAR
wait $FAR
ok "the front ends as asked" 0 $?
ok "with nothing to tell" "tongban: the node is there again" "$(tail -n 1 "$W/far.log")"
FAR=
kill $PID
wait $PID
ok "and the node" 0 $?
PID=
for command in verify replay; do
    $T $command "$W/node" >"$W/out" 2>&1
    ok "$command" 0 $?
done

# ---- a node whose store no other machine can read ----

SERVE_PORT=0
serve_demo "$W/lite"
kill $PID
wait $PID
PID=
cp -r "$W/certificates/node" "$W/lite/tls"
refused 'needs a node on PostgreSQL' $T serve "$W/lite" --listen 127.0.0.1:0 --fronts-at 127.0.0.1:0
refused 'a front elsewhere needs a node on PostgreSQL' $T front export "$W/lite" "$W/f" --writer "$AT" --database "$READ"

echo "far front: $passed passed, $failed failed"
[ $failed = 0 ]
