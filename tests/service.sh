#!/bin/sh
# service.sh - a paper that was drawn up and not served, through the real server: it stands as that on the case and on the
# desk, its time does not run; service by an officer begins it; who agreed to electronic service has it at once; replay agrees.
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
get() { curl -s -b "$W/jar" -o "$W/body" -w '%{http_code}' -H "Accept: ${2:-application/json}" "$B$1"; }
post() { curl -s -b "$W/jar" -o "$W/body" -w '%{http_code}' -H 'Accept: application/json' -H 'Content-Type: application/json' -H 'Sec-Fetch-Site: same-origin' --data-binary "$2" "$B$1"; }
# answer_petition: one of p-zhou, up to the written opinion, from which the thirty days to ask for re-examination count
answer_petition() {
    as p-zhou
    want "petition" 201 "$(post /apply/xf-market '{"petition.kind":"claim","petition.text":"夜市油烟长期扰民，请求责令整改","petition.people":1}')"
    CASE=$(sed -nE 's/.*"case":"([^"]*)".*/\1/p' "$W/body")
    as o-clerk
    want "accepted" 201 "$(post "/case/$CASE/act/accept-petition" '{"petition.way":"由食品经营科调查核实后书面答复","petition.repeat":false}')"
    as o-reviewer
    want "heard" 201 "$(post "/case/$CASE/act/hear-petitioner" '{"petition.heard":"油烟持续到凌晨"}')"
    as o-enforcer
    want "verified" 201 "$(post "/case/$CASE/act/verify-petition" '{"petition.verified":"油烟净化设备没有使用"}')"
    as o-decider
    want "answered" 201 "$(post "/case/$CASE/act/answer-petition" '{"petition.outcome":"explain","decision.reasons":"油烟净化设备没有正常使用","petition.basis":"食品安全法第三十三条","petition.recheck_by":"bh-gov"}')"
}
serve_demo "$W/node"

answer_petition
get "/case/$CASE" >/dev/null
has "who agreed has it by its entering" '"is_served":true,"way":"电子送达"'
hasnt "nothing is left to serve" '"kind":"serve-paper"'
has "its time runs" '"title":"请求复查","class":"brand-c"'

as p-zhou
want "the consent is taken back" 201 "$(post /me/delivery/end '{}')"
get /me/delivery >/dev/null
has "and shown as that" '"agreed":false,"id":"p-zhou"'
want "a consent that says no is none" 409 "$(post /me/delivery '{}')"
has "by its article" '民事诉讼法#90'

answer_petition
get "/case/$CASE" >/dev/null
has "drawn up, not served" '"is_served":false'
has "its time does not run" '"title":"请求复查","class":"amber","state":"文书尚未送达"'
has "its service can be recorded" '"kind":"serve-paper"'
get /desk >/dev/null
has "the desk lists it" "\"papers\":\[{\"id\":\"$CASE\""
get "/en/case/$CASE" text/html >/dev/null
has "in English" 'drawn up, not served'
TODAY=$(TZ=UTC-8 date +%F)
want "left without a witness or a film" 409 "$(post "/case/$CASE/act/serve-paper" '{"delivery.way":"leave","delivery.day":"'"$TODAY"'"}')"
has "by its article" '民事诉讼法#89'
want "on somebody else" 409 "$(post "/case/$CASE/act/serve-paper" '{"delivery.way":"hand","delivery.day":"'"$TODAY"'","delivery.receiver":"本人","delivery.to":"p-lin"}')"
has "by its article" '民事诉讼法#88'
want "before it was drawn up" 409 "$(post "/case/$CASE/act/serve-paper" '{"delivery.way":"hand","delivery.day":"2026-01-05","delivery.receiver":"本人"}')"
has "by its article" '民事诉讼法#87'
want "handed over" 201 "$(post "/case/$CASE/act/serve-paper" '{"delivery.way":"hand","delivery.day":"'"$TODAY"'","delivery.receiver":"本人"}')"
as p-zhou
get "/case/$CASE" >/dev/null
has "the party sees how and when" "\"is_served\":true,\"way\":\"直接送达\",\"served\":\"$TODAY\""
has "and from which day its time runs" "\"begins\":\"$TODAY\""
kill $PID
wait $PID 2>/dev/null
PID=
if build/tongban replay "$W/node" >"$W/body" 2>&1; then pass=$((pass + 1)); else fail=$((fail + 1)); cat "$W/body"; fi
echo "service: $pass passed, $fail failed"
[ "$fail" = 0 ]
