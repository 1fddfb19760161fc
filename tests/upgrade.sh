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

# While it is so the server says it, to people in both languages and to machines; stopped by SIGTERM or killed in the
# midst of it, it goes on at the next start. The process that fills the views is held still, so that there is time to look.
# children PID NAME, without a process of their own: there is no time for one
children() {
    read -r kids </proc/$1/task/$1/children
    for child in $kids; do
        read -r comm </proc/$child/comm && [ "$comm" = "$2" ] && echo $child
    done
}
# hold FRONTS: a server on $W/held whose filler is held still amid the work; sets PID, FILLER and B
hold() {
    [ -p "$W/pipe" ] || mkfifo "$W/pipe"
    for hold_try in 1 2 3 4 5 6 7 8 9 10; do
        rm -rf "$W/held"
        cp -a "$D" "$W/held"
        : >"$W/log"
        $T serve "$W/held" --listen 127.0.0.1:0 --fronts $1 >"$W/pipe" 2>&1 &
        PID=$!
        exec 3<"$W/pipe"
        line=
        while read -r line <&3; do
            case $line in rebuilding:*) break ;; esac
        done
        FILLER=$PID
        if [ "$1" != 0 ]; then
            read -r kids </proc/$PID/task/$PID/children
            for FILLER in $kids; do
                read -r comm </proc/$FILLER/comm && [ "$comm" = tongban-writer ] && break
            done
        fi
        kill -STOP $FILLER
        cat <&3 >>"$W/log" &
        exec 3<&-
        B=${line#rebuilding: }
        B=${B%%/ says*}
        sleep 0.1
        grep -q '111 of 111' "$W/log" || return 0
        kill -CONT $FILLER
        kill $PID
        wait $PID
    done
    bad "the filling of views was too fast to be held still"
}
# one that waits to be asked for its exit is gone
runs() { if [ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat"; then echo yes; else echo no; fi; }
# there PLACE OPTION…: the status; body and head in $W/body and $W/head
there() {
    place=$1
    shift
    curl -s -m 20 -D "$W/head" -o "$W/body" -w '%{http_code}' "$@" "$B$place"
}
for fronts in 0 2; do
    hold $fronts
    want "fronts $fronts: meanwhile, 503" 503 "$(there /)"
    has "with when to ask again" "Retry-After: 5" "$(cat "$W/head")"
    has "a page in Chinese" "正在根据账本重新整理登记的内容：共 111 件，已完成" "$(cat "$W/body")"
    has "that names the node" "滨河县政务服务（示例）正在更新" "$(cat "$W/body")"
    want "and in English" 503 "$(there /en/cases)"
    has "in words" "of 111 acts are done" "$(cat "$W/body")"
    want "a machine" 503 "$(there /apply/food-cancel -H 'Accept: application/json' -H 'Content-Type: application/json' --data '{"service.truth":true}')"
    has "is told as a problem" 'urn:tongban:problem:rebuilding' "$(cat "$W/body")"
    has "of the type for it" 'application/problem+json' "$(cat "$W/head")"
    has "with figures" '"of":111' "$(cat "$W/body")"
    want "at an English address" 503 "$(there /en/cases)"
    has "in English" '<html lang="en"' "$(cat "$W/body")"
    want "who likes English better" 503 "$(there / -H 'Accept-Language: en-GB,en;q=0.9,zh;q=0.5')"
    has "is told in English" 'is being updated' "$(cat "$W/body")"
    want "who likes Chinese better" 503 "$(there / -H 'Accept-Language: zh-CN,zh;q=0.9,en;q=0.5')"
    has "is told in Chinese" '正在更新' "$(cat "$W/body")"
    want "health" 503 "$(there /healthz)"
    has "in one line" "rebuilding " "$(cat "$W/body")"
    has "how far" " of 111" "$(cat "$W/body")"
    want "the style of the page" 200 "$(there /static/tongban.css)"
    want "a large body is not read" 503 "$(head -c 3000000 /dev/zero | there /apply/food-cancel -H 'Content-Type: application/octet-stream' --data-binary @-)"
    # asked to end
    page=$(children $FILLER tongban-waiting)
    kill $PID
    kill -CONT $FILLER
    wait $PID
    want "fronts $fronts: SIGTERM in the midst of it ends it well" 0 $?
    has "and says so" "the next start goes on from there" "$(cat "$W/log")"
    want "with the page's process" no "$(runs $page)"
    has "the next goes on" "every view agrees" "$($T replay "$W/held" 2>&1)"
    # killed
    hold $fronts
    page=$(children $FILLER tongban-waiting)
    kill -9 $FILLER
    wait $PID 2>/dev/null
    sleep 0.3
    want "fronts $fronts: killed in the midst of it, the page's process ends too" no "$(runs $page)"
    has "and the next start goes on" "every view agrees" "$($T replay "$W/held" 2>&1)"
    # left alone it comes to its end, and the doors are those of the node
    hold $fronts
    before_end=$(there /)
    kill -CONT $FILLER
    for i in $(seq 100); do grep -q '^serving ' "$W/log" && break; sleep 0.1; done
    want "fronts $fronts: first the page" 503 "$before_end"
    want "then the node at the same address" 200 "$(there /)"
    want "which is well" 200 "$(there /healthz)"
    want "and no page is left" "" "$(children $FILLER tongban-waiting)"
    kill $PID
    wait $PID
    want "and ends well" 0 $?
done
# The demo too, which has its node opened by a process of its own.
cp -a "$D" "$W/demo"
$T demo --dir "$W/demo" --port 0 >"$W/log" 2>&1 &
PID=$!
for i in $(seq 100); do grep -q '^serving ' "$W/log" && break; sleep 0.1; done
has "the demo says so as well" "says so meanwhile" "$(cat "$W/log")"
for i in $(seq 50); do grep -q 'law: older' "$W/log" && break; sleep 0.1; done
has "what its packs lack of what this program asks is said once it serves, by file" \
    'add to the next version of the packs: code/refusal.json: the code table refusal has no row' "$(cat "$W/log")"
want "once" 1 "$(grep -c 'law: older' "$W/log")"
# Its law is older than the refusal by registers: by that law a register only fills in, and another telephone is one.
B=$(sed -nE 's#^serving (http://[^/]*)/.*#\1#p' "$W/log" | head -n 1)
curl -s -o /dev/null -c "$W/jar" "$(sed -E 's#.*"id":"p-ming"[^}]*"sign_in":"([^"]*)".*#\1#' "$W/demo/demo.json")"
MARRY='{"person.name":"欧阳明","person.idcard":"990101197802240050","person.phone":"13999990000","marriage.other":"周远","marriage.other_idcard":"990101198506120032","marriage.day":"2027-03-01","marriage.free":true,"service.delivery":"electronic","service.truth":true}'
want "under law of before, a telephone that the register has not is taken" 201 "$(curl -s -b "$W/jar" -o "$W/body" -w '%{http_code}' -H 'Accept: application/json' -H 'Content-Type: application/json' --data "$MARRY" "$B/apply/jhdj")"
want "and nothing is filled in that was not said" 409 "$(echo "$MARRY" | sed 's/"person.phone":"[0-9]*",//' | curl -s -b "$W/jar" -o "$W/body" -w '%{http_code}' -H 'Content-Type: application/json' -H 'Accept: application/json' --data @- "$B/apply/jhdj")"
has "but missed" "form.missing" "$(cat "$W/body")"
kill $PID
wait $PID
PID=

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
