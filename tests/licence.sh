#!/bin/sh
# licence.sh - one application through the real server, as people do it: apply, accept, review, decide, make
# the licence, deliver, check it, read the public decision; with wrong input on the way; then kill -9, start
# again, verify, replay. usage: tests/licence.sh [CONNECTION of PostgreSQL]
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
# want NAME EXPECTED GOT
want() { if [ "$2" = "$3" ]; then ok; else bad "$1: want $2, got $3" "$(head -c 1500 "$W/body" 2>/dev/null)"; fi; }
has() { case "$3" in *"$2"*) ok ;; *) bad "$1: want \"$2\"" "$3" ;; esac; }

. tests/lib/serve.sh
start() { serve_demo "$W/node" ${1:+--database "$1"}; }
# one-time sign-in of a person, by register id
as() {
    rm -f "$W/jar"
    curl -s -o /dev/null -c "$W/jar" "$(sign_in_of "$1")"
}
get() { curl -s -b "$W/jar" -o "$W/body" -w '%{http_code}' -H "Accept: ${2:-text/html}" "$B$1"; }
post() { curl -s -b "$W/jar" -o "$W/body" -w '%{http_code}' -H 'Accept: application/json' -H 'Content-Type: application/json' -H "Idempotency-Key: ${3:-}" --data-binary "$2" "$B$1"; }
field() { sed -nE "s/.*\"$1\":\"?([^\",}]*).*/\\1/p" "$W/body" | head -n 1; }

start "${1:-}"
want "home" 200 "$(get /)"
has "home speaks Chinese" "想办什么事" "$(cat "$W/body")"
want "home in English" 200 "$(get /en/)"
has "home speaks English" "What would you like to do" "$(cat "$W/body")"
want "search" 200 "$(get '/?q=%E5%BC%80%E9%A5%AD%E5%BA%97' application/json)"
has "own words find the item" "food-new" "$(cat "$W/body")"
want "guide" 200 "$(get /item/food-new application/json)"
want "no such item" 404 "$(get /item/none application/json)"
want "no such page" 404 "$(get /nothing)"
want "wrong method" 405 "$(post / '{}')"
want "apply without signing in" 401 "$(get /apply/food-new application/json)"

as p-lin
want "form" 200 "$(get '/apply/food-new?for=org-lin')"
has "prefilled from the register" "滨河县知夏小馆" "$(cat "$W/body")"
want "another form" 200 "$(get '/apply/pwxk?for=org-lin')"
has "what the register has stands as text" '<b>滨河县知夏小馆</b>' "$(cat "$W/body")"
has "with its source and its day" '来自登记簿，20' "$(cat "$W/body")"
has "and how it is put right" '<summary>这不对</summary>' "$(cat "$W/body")"
want "and is not asked" 0 "$(grep -c 'name="org.name"' "$W/body")"
want "a form for an organisation that asks about a person" 200 "$(get '/apply/dlys?for=org-lin')"
has "which may be another than who acts for it" 'value="林知夏" autocomplete' "$(cat "$W/body")"
PLAN='{"name":"plan.pdf","type":"application/pdf","base64":"JVBERi0xLjcgc2FtcGxl"}'
FACTS='"business.name":"滨河县知夏小馆","premises.address":"滨河县柳叶街 18 号","premises.area":80,"premises.pollution_distance_ok":true,"food.kind":"catering","food.raw":false,"food.manager":"周远","food.health_ok":true,"food.withdrawn_five_years":false,"person.phone":"13800006620","service.delivery":"electronic","service.truth":true,"premises.plan":'$PLAN',"food.rules":'$PLAN
want "malformed JSON" 400 "$(post /apply/food-new '{"a":')"
want "bad UTF-8" 400 "$(printf '{"a":"\377"}' >"$W/bad"; curl -s -b "$W/jar" -o "$W/body" -w '%{http_code}' -H 'Content-Type: application/json' --data-binary @"$W/bad" $B/apply/food-new)"
want "a body of 1 GB is refused at its head" 413 "$(curl -s -m 5 -b "$W/jar" -o "$W/body" -w '%{http_code}' -H 'Content-Type: application/json' -H 'Content-Length: 1073741824' -H 'Expect:' --data-binary '{' $B/apply/food-new)"
want "something missing" 409 "$(post /apply/food-new '{"_for":"org-lin","business.name":"x"}')"
has "the refusal cites its article" '"article":"' "$(cat "$W/body")"
want "a field that fits no fact" 409 "$(post /apply/food-new '{"_for":"org-lin",'"$FACTS"',"no.such":1}')"
want "a file that is only a digest" 409 "$(post /apply/food-new '{"_for":"org-lin",'"$(echo "$FACTS" | sed 's/"premises.plan":{[^}]*}/"premises.plan":{"name":"a.pdf","type":"application\/pdf","size":9,"sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}/')"'}')"
has "and the field is named" '"field":"premises.plan"' "$(cat "$W/body")"
want "a file that is not base64" 400 "$(post /apply/food-new '{"_for":"org-lin","premises.plan":{"name":"a.pdf","type":"application/pdf","base64":"%%%"}}')"
want "for a party one does not speak for" 409 "$(post /apply/food-new '{"_for":"org-bake",'"$FACTS"'}')"
want "apply" 201 "$(post /apply/food-new '{"_for":"org-lin",'"$FACTS"'}' key-1)"
CASE=$(field case)
SEQ=$(field seq)
want "the same key again gives the same receipt" 200 "$(post /apply/food-new '{"_for":"org-lin",'"$FACTS"'}' key-1)"
want "the same place" "$SEQ" "$(field seq)"
want "my cases" 200 "$(get /cases)"
has "my case is there" "$CASE" "$(cat "$W/body")"
want "my case" 200 "$(get "/case/$CASE")"
want "receipt" 200 "$(get "/receipt/$SEQ")"
want "document" 200 "$(get "/document/$SEQ")"
has "the document is drawn up" "申请回执" "$(cat "$W/body")"
want "a party cannot accept" 409 "$(post "/case/$CASE/act/accept" '{}')"

as p-zhou
want "another party does not see the case" 404 "$(get "/case/$CASE")"
as o-linshan
want "an officer of another county does not see it" 404 "$(get "/case/$CASE")"
as o-clerk
want "desk" 200 "$(get /desk)"
has "the case is on the desk" "$CASE" "$(cat "$W/body")"
want "out of order" 409 "$(post "/case/$CASE/act/deliver" '{}')"
want "accept" 201 "$(post "/case/$CASE/act/accept" '{}')"
want "accepted once only" 409 "$(post "/case/$CASE/act/accept" '{}')"
as o-reviewer
want "review" 201 "$(post "/case/$CASE/act/review-opinion" '{"decision.opinion":"grant","decision.reasons":"材料齐全，符合要求"}')"
want "the reviewer cannot decide" 409 "$(post "/case/$CASE/act/grant" '{}')"
as o-decider
want "refuse against the table without reasons" 409 "$(post "/case/$CASE/act/refuse" '{"decision.reasons":"就是不给办"}')"
want "grant" 201 "$(post "/case/$CASE/act/grant" '{"decision.reasons":"符合法定条件"}')"
as o-clerk
want "make the licence" 201 "$(post "/case/$CASE/act/issue-licence" '{}')"
NUMBER=JY2990101$(printf '%07d' "$(field seq)")
want "deliver" 201 "$(post "/case/$CASE/act/deliver" '{}')"
want "closed is closed" 409 "$(post "/case/$CASE/act/deliver" '{}')"

# A revocation: who granted the licence does not judge their own decision, though nobody names the case it was.
as o-reviewer
want "a revocation begins" 201 "$(post /apply/food-revoke '{"_for":"org-lin","licence.number":"'$NUMBER'","decision.grounds":"fraud","decision.reasons":"提交虚假材料","party.id":"org-lin"}')"
BACK=$(field case)
want "the party is told" 201 "$(post "/case/$BACK/act/notify-revocation" '{"decision.reasons":"平面图系伪造"}')"
as p-lin
want "and answers" 201 "$(post "/case/$BACK/act/state-opinion" '{"case.statement":"图纸由第三方提供"}')"
as o-decider
want "not by who granted it" 409 "$(post "/case/$BACK/act/dismiss-revocation" '{"decision.reasons":"查无实据","revocation.established":false}')"
has "as an earlier decision" "apart.conflict" "$(cat "$W/body")"
as o-deputy
want "by another head" 201 "$(post "/case/$BACK/act/dismiss-revocation" '{"decision.reasons":"查无实据","revocation.established":false}')"

rm -f "$W/jar"
want "licence check" 200 "$(get "/v/$NUMBER" application/json)"
has "the licence is valid" "有效" "$(cat "$W/body")"

# A change: the name on the licence is another, its number and its term stay.
VALID=$(sed -nE 's/.*"until":"([^"]*)".*/\1/p' "$W/body")
as p-lin
want "no licence that the register does not hold" 409 "$(post /apply/food-change '{"_for":"org-lin","licence.number":"JY29901019999999","business.name":"滨河县知夏新馆","food.kind":"catering","food.health_ok":true,"person.phone":"13800006620","service.delivery":"electronic","service.truth":true}')"
has "as one that is not there" problem:form.subject "$(cat "$W/body")"
want "nor a last day that it does not say" 409 "$(post /apply/food-renewal '{"_for":"org-lin","licence.number":"'$NUMBER'","licence.until":"2099-01-01","food.kind":"catering","food.unchanged":true,"food.health_ok":true,"food.withdrawn_five_years":false,"person.phone":"13800006620","service.delivery":"electronic","service.truth":true}')"
has "told what it says" problem:form.held "$(cat "$W/body")"
has "since when" "起记载" "$(cat "$W/body")"
has "and how it is put right" "向发证机关申请更正" "$(cat "$W/body")"
want "the form of a renewal" 200 "$(get '/apply/food-renewal?for=org-lin')"
has "shows the last day" "来自登记簿" "$(cat "$W/body")"
has "and what follows from the licence" "依 行政许可法" "$(cat "$W/body")"
has "and where that is changed" 'href="/item/food-change"' "$(cat "$W/body")"
want "and does not ask for it" 0 "$(grep -c 'name="licence.until"' "$W/body")"
want "in English" 200 "$(get '/en/apply/food-renewal?for=org-lin')"
has "says so too" "From the register, as of" "$(cat "$W/body")"
want "apply for a change" 201 "$(post /apply/food-change '{"_for":"org-lin","licence.number":"'$NUMBER'","business.name":"滨河县知夏新馆","food.kind":"catering","food.health_ok":true,"person.phone":"13800006620","service.delivery":"electronic","service.truth":true}')"
CHANGE=$(field case)
want "giving it up meanwhile is refused" 409 "$(post /apply/food-cancel '{"_for":"org-lin","licence.number":"'$NUMBER'","service.truth":true}')"
has "by the case that runs" "$CHANGE" "$(cat "$W/body")"
has "and its code" problem:procedure.open_case "$(cat "$W/body")"
want "its case" 200 "$(get "/case/$CHANGE")"
has "says what the party stated" "当事人填报" "$(cat "$W/body")"
as o-clerk
want "the change is accepted" 201 "$(post "/case/$CHANGE/act/accept" '{}')"
as o-reviewer
want "and looked at" 201 "$(post "/case/$CHANGE/act/review-opinion" '{"decision.opinion":"grant","decision.reasons":"仍符合条件"}')"
as o-decider
want "and granted" 201 "$(post "/case/$CHANGE/act/change-licence" '{"decision.reasons":"准予变更"}')"
as o-clerk
want "and delivered" 201 "$(post "/case/$CHANGE/act/deliver" '{}')"
want "the changed licence" 200 "$(get "/v/$NUMBER" application/json)"
has "says the new name" "滨河县知夏新馆" "$(cat "$W/body")"
has "is valid" "有效" "$(cat "$W/body")"
has "as long as before" "$VALID" "$(cat "$W/body")"
want "decisions" 200 "$(get /decisions application/json)"
has "the decision is public" "滨河县知夏小馆" "$(cat "$W/body")"
want "ledger" 200 "$(get /ledger)"
want "entry" 200 "$(get "/ledger/$SEQ")"
want "proof" 200 "$(get "/ledger/$SEQ/proof")"
has "a proof file" "c2sp.org/tlog-proof@v1" "$(cat "$W/body")"
want "checkpoint" 200 "$(get /checkpoint)"
want "interface description" 200 "$(get /openapi.json)"
has "OpenAPI 3.1" '"openapi":"3.1.0"' "$(cat "$W/body")"
grep -q 知夏 "$W/body" && bad "no person in the description" || ok
for n in $(seq 0 5); do get "/ledger/$n" application/json >/dev/null; cat "$W/body"; done >"$W/leaves"
grep -qE '林知夏|13800006620|p-lin' "$W/leaves" && bad "no person in a leaf" "$(cat "$W/leaves")" || ok

KEYS="--key $(sed -n 1p "$W/node/verifiers.txt") --key $(sed -n 2p "$W/node/verifiers.txt")"
if $T verify $B $KEYS >"$W/out" 2>&1; then ok; else bad "verify over HTTP" "$(cat "$W/out")"; fi

kill -9 $PID
wait $PID 2>/dev/null
start "${1:-}"
want "after kill -9 the licence stands" 200 "$(get "/v/$NUMBER" application/json)"
has "and is valid" "有效" "$(cat "$W/body")"
kill $PID
wait $PID 2>/dev/null
echo '{"act":"accept","by":"officer","actor":"o-clerk","case":"'$CASE'"}' >"$W/ask.json"
$T ask "$W/node" "$W/ask.json" --json >"$W/out" 2>&1
want "ask says no, exit 1" 1 $?
has "and why" '"code":"procedure.closed"' "$(cat "$W/out")"
echo '{"act":"apply-cancellation","by":"party","actor":"p-lin","for":"org-lin","item":"food-cancel","fields":{"licence.number":"'$NUMBER'","service.truth":true}}' >"$W/ask.json"
$T ask "$W/node" "$W/ask.json" >"$W/out" 2>&1
want "ask says yes, exit 0" 0 $?
echo '{"act":1}' >"$W/ask.json"
$T ask "$W/node" "$W/ask.json" >"$W/out" 2>&1
want "a draft that is none" 1 $?
$T ask >"$W/out" 2>&1
want "bad usage" 2 $?
if $T replay "$W/node" >"$W/out" 2>&1; then ok; else bad "replay" "$(cat "$W/out")"; fi
if $T verify "$W/node" >"$W/out" 2>&1; then ok; else bad "verify the folder" "$(cat "$W/out")"; fi
echo "licence: $passed passed, $failed failed"
[ $failed = 0 ]
