#!/bin/sh
# play.sh - `tongban law play`: a story of the pack as it is written, a line of JSON a step; expectations that do not
# hold are told by file and line and make exit 1; what cannot be read is exit 2, by file and line.
set -u
cd "$(dirname "$0")/.."
T=build/tongban
W=$(mktemp -d)
passed=0
failed=0
trap 'rm -rf "$W"' EXIT

# says NAME CODE PATTERN COMMAND…: the exit code, and a line on either stream.
says() {
    name=$1 code=$2 pattern=$3
    shift 3
    timeout 120 "$@" >"$W/out" 2>&1
    got=$?
    if [ $got = "$code" ] && grep -qE -e "$pattern" "$W/out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not so: $name: want exit $code and \"$pattern\", got $got and: $(head -c 800 "$W/out")"
    fi
}
# line NAME PATTERN: of what was said last
line() { if grep -qE -e "$2" "$W/out"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not so: $1: $2"; head -c 1500 "$W/out"; fi; }
packs="law/cn law/cn-990101"
story() { printf '{"test": "t", "steps": [\n%s\n]}\n' "$2" >"$W/$1.json"; }
ask='"act": "request-information", "item": "xxgk", "fields": {"info.wanted": "预算", "info.form": "electronic", "info.way": "online"}'

says "a story of the pack" 0 '^1 stories, 0 expectations not met$' $T law play $packs --story law/cn-990101/test/sign-in-means.json --json
line "what was admitted" '^\{"story":"sign-in-means","step":4,"act":"open-account","admitted":true,"check":null,"code":null,"article":null,.*"seq":[0-9]+,'
line "what was refused" '"step":1,"act":"open-account","admitted":false,"check":"identity","code":"identity.role","article":"[^"]+"'
[ "$(grep -c '^{' "$W/out")" = 29 ]
[ $? = 0 ] && passed=$((passed + 1)) || { failed=$((failed + 1)); echo "not so: a line a step"; }

story good '{"day": "2026-03-02", "by": "p-lin", '"$ask"', "expect": "admitted", "status": "answering", "due": "2026-03-30"},
{"day": "2026-03-02", "hour": 15, "note": "before anything", "by": "o-gov-head", "act": "answer-information", "fields": {}, "expect": {"refused": "form", "article": "政府信息公开条例#36", "field": "info.result"}},
{"day": "2026-03-30", "by": "clock"},
{"day": "2026-03-31", "by": "nobody", "act": "withdraw-request", "expect": {"refused": "identity.unknown"}}'
says "dates, hours, notes, the check alone" 0 '0 expectations not met' $T law play $packs --story "$W/good.json" --json
line "case, status and last day" '"step":1,.*"case":"bh-2026-0000[0-9]+","seq":[0-9]+,"status":"answering","due":"2026-03-30"'
line "a refusal names check, code and article" '"step":2,.*"admitted":false,"check":"form","code":"form.missing","article":"政府信息公开条例#36","field":"info.result"'
line "the clock" '"step":3,"act":null,"admitted":false,.*"acts":0'
says "in words" 0 'request-information by p-lin: admitted, act [0-9]+ of bh-2026-[0-9]+, status answering, due 2026-03-30' $T law play $packs --story "$W/good.json"

story wrong '{"day": "2026-03-02", "by": "p-lin", '"$ask"', "expect": {"refused": "time.late"}},
{"day": "2026-03-02", "by": "p-lin", '"$ask"', "expect": "admitted", "status": "answered"},
{"day": "2026-03-03", "by": "clock", "acts": 3}'
says "what is not as expected" 1 'wrong.json:2: expected the act to be refused by time.late, got admitted' $T law play $packs --story "$W/wrong.json"
line "the status" 'wrong.json:3: expected the status answered, got answering'
line "acts of the clock" 'wrong.json:4: expected acts of the clock: 3, got 0'
line "how many" '^1 stories, 3 expectations not met$'
says "the same for machines" 1 '"step":1,.*"missed":"expected the act to be refused by time.late, got admitted"' $T law play $packs --story "$W/wrong.json" --json

printf '{"steps": [\n{]}\n' >"$W/broken.json"
says "no JSON" 2 'broken.json:2: ' $T law play $packs --story "$W/broken.json"
story member '{"day": "2026-03-02", "by": "p-lin", "act": "x", "expects": "admitted"}'
says "an unknown member" 2 'member.json:2: .*expects' $T law play $packs --story "$W/member.json"
story day '{"day": "2026-03-02", "by": "p-lin", "act": "x"},
{"day": "2026-02-30", "by": "p-lin", "act": "x"}'
says "a day that is none" 2 'day.json:3: a step has a day' $T law play $packs --story "$W/day.json"
story expect '{"day": "2026-03-02", "by": "p-lin", "act": "x", "expect": "perhaps"}'
says "an expect that is none" 2 'expect.json:2: expect is "admitted" or' $T law play $packs --story "$W/expect.json"
story actor '{"day": "2026-03-02", "act": "x"}'
says "nobody acts" 2 'actor.json:2: a step says who acts' $T law play $packs --story "$W/actor.json"
echo '{"steps": []}' >"$W/none.json"
says "no steps" 2 'none.json:1: a story is an object with a list of steps' $T law play $packs --story "$W/none.json"
says "no such file" 2 'nowhere.json' $T law play $packs --story "$W/nowhere.json"
says "no story" 2 '^usage: tongban law' $T law play $packs
says "no pack" 2 '^usage: tongban law' $T law play --story "$W/good.json"
says "no such pack" 2 'law/none' $T law play law/none --story "$W/good.json"
cp -r law/cn-990101 "$W/pack"
sed -i 's/"procedure": "cancellation"/"procedure": "cancelation"/' "$W/pack/item/food-cancel/item.json"
says "a pack with faults, by file and line" 1 'item/food-cancel/item.json:[0-9]+: .*cancelation' $T law play law/cn "$W/pack" --story "$W/good.json"
echo "play: $passed passed, $failed failed"
[ "$failed" = 0 ]
