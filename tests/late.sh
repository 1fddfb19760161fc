#!/bin/sh
# late.sh - days go by at a real server (libfaketime): an office is late; the clock, the cards and the supervisor say so, and
# the views of it stand the replay.
set -u
cd "$(dirname "$0")/.."
W=$(mktemp -d)
PID=
. tests/lib/serve.sh
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT
pass=0
fail=0
has() { if grep -q -- "$2" "$W/body"; then pass=$((pass + 1)); else fail=$((fail + 1)); echo "not so: $1"; head -c 600 "$W/body"; echo; fi; }
hasnt() { if grep -q -- "$2" "$W/body"; then fail=$((fail + 1)); echo "not so: $1"; else pass=$((pass + 1)); fi; }
want() { if [ "$2" = "$3" ]; then pass=$((pass + 1)); else fail=$((fail + 1)); echo "not so: $1: want $2, got $3"; head -c 600 "$W/body"; echo; fi; }
as() { rm -f "$W/jar"; curl -s -o /dev/null -c "$W/jar" "$(sign_in_of "$1")"; }
get() { curl -s -b "$W/jar" -o "$W/body" -w '%{http_code}' -H 'Accept: application/json' "$B$1"; }
post() { curl -s -b "$W/jar" -o "$W/body" -w '%{http_code}' -H 'Accept: application/json' -H 'Content-Type: application/json' -H 'Sec-Fetch-Site: same-origin' --data-binary "$2" "$B$1"; }
lib=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null | head -n 1)
# serve_on DAY: the node at nine o'clock of that day, official time
serve_on() {
    [ -n "$PID" ] && kill $PID && wait $PID 2>/dev/null
    day=$1
    export LD_PRELOAD="$lib" FAKETIME="@$day 01:00:00" TZ=UTC FAKETIME_DONT_FAKE_MONOTONIC=1
    serve_demo "$W/node"
    unset LD_PRELOAD FAKETIME TZ FAKETIME_DONT_FAKE_MONOTONIC
}

serve_on 2026-03-02
as p-lin
F='{"name":"plan.pdf","type":"application/pdf","base64":"JVBERi0xLjcgc2FtcGxl"}'
want "apply" 201 "$(post /apply/food-new '{"_for":"org-lin","business.name":"滨河县知夏小馆","premises.address":"滨河县柳叶街 18 号","premises.area":80,"premises.pollution_distance_ok":true,"food.kind":"catering","food.raw":false,"food.manager":"周远","food.health_ok":true,"food.withdrawn_five_years":false,"person.phone":"13800006620","service.delivery":"electronic","service.truth":true,"premises.plan":'"$F"',"food.rules":'"$F"'}')"
CASE=$(sed -nE 's/.*"case":"([^"]*)".*/\1/p' "$W/body")
as o-clerk
want "accept" 201 "$(post "/case/$CASE/act/accept" '{}')"
get "/case/$CASE" >/dev/null
DUE=$(sed -nE 's/.*"title":"作出决定"[^}]*"due":"([^"]*)".*/\1/p' "$W/body")
want "the limit of the decision" "2026-03-30" "$DUE"
as o-gov-supervisor
want "no card yet" 200 "$(get /supervise)"
hasnt "nobody is late" "黄牌"

serve_on 2026-03-31
as o-gov-supervisor
get /supervise >/dev/null
has "a day late: a yellow card" '"card":"黄牌"'
hasnt "no red one" '"card":"红牌"'
as p-lin
get "/case/$CASE" >/dev/null
has "the party sees the card too" '"card":"黄牌"'

serve_on 2026-04-08
as o-gov-supervisor
get /supervise >/dev/null
has "later than three working days: a red card" '"card":"红牌"'
as o-reviewer
want "the review" 201 "$(post "/case/$CASE/act/review-opinion" '{"decision.opinion":"grant","decision.reasons":"材料齐全，符合条件"}')"
as o-decider
want "the decision, late and all the same" 201 "$(post "/case/$CASE/act/grant" '{"decision.reasons":"符合法定条件"}')"
as o-gov-supervisor
get /supervise >/dev/null
has "the card stays with the day it was done" '"done":"2026-04-08"'
kill $PID
wait $PID 2>/dev/null
PID=
if build/tongban replay "$W/node" >"$W/body" 2>&1; then pass=$((pass + 1)); else fail=$((fail + 1)); cat "$W/body"; fi
echo "late: $pass passed, $fail failed"
[ "$fail" = 0 ]
