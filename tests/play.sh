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

# What is said of a step that is refused is held as well; a key that came before with another draft is an answer.
story held '{"day": "2026-03-02", "by": "p-lin", '"$ask"', "key": "k", "expect": "admitted"},
{"day": "2026-03-02", "by": "o-gov-head", "act": "answer-information", "fields": {}, "expect": {"refused": "form"}, "status": "answered"},
{"day": "2026-03-02", "by": "o-gov-head", "act": "answer-information", "fields": {}, "repeated": true},
{"day": "2026-03-02", "by": "o-gov-head", "act": "answer-information", "fields": {}, "due": "2026-03-30"},
{"day": "2026-03-02", "by": "p-zhou", '"$ask"', "for": "p-lin", "key": "k"},
{"day": "2026-03-02", "by": "p-lin", "act": "request-information", "item": "xxgk", "fields": {"info.wanted": "决算"}, "key": "k", "expect": {"refused": "conflict"}},
{"day": "2026-03-02", "by": "clock", "expect": "admitted"},
{"day": "2026-03-02", "by": "p-lin", "act": "no-such-act", "fields": {"no.such": "\ud83d\ude00"}},
{"day": "2026-03-02", "by": "p-lin", "act": "withdraw-request", "case": "bh-2026-999999"}'
says "a step that is refused" 1 'held.json:3: expected the status answered, got answering' $T law play $packs --story "$W/held.json"
line "no act is repeated" 'held.json:4: expected the act to be admitted, got refused by form.missing'
line "no last day" 'held.json:5: expected the last day 2026-03-30, got none'
line "the same key with another draft" 'request-information by p-lin: refused by conflict \(no article\): '
line "the clock did not act" 'held.json:8: expected acts of the clock: some, got 0'
line "an unknown act" 'no-such-act by p-lin: refused by '
line "an unknown case" 'withdraw-request by p-lin: refused by '
line "and no more" '^1 stories, 4 expectations not met$'
says "the case of a refusal, for machines" 1 '"step":2,.*"admitted":false,"check":"form",.*"case":"bh-2026-[0-9]+","seq":null,"status":"answering","due":null' $T law play $packs --story "$W/held.json" --story "$W/good.json" --json
line "the next story is played" '^\{"story":"t","step":4,'
[ "$(grep -c '^{' "$W/out")" = 13 ] && passed=$((passed + 1)) || { failed=$((failed + 1)); echo "not so: a line for each step of both"; }

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
printf '{"steps": [\n{"day": "2026-03-02", "by": "p-lin",' >"$W/half.json"
says "half a story" 2 'half.json:2: ' $T law play $packs --story "$W/half.json"
printf '{"steps": [\n{"day": "2026-03-02", "by": "\377", "act": "x"}]}\n' >"$W/utf.json"
says "no UTF-8" 2 'utf.json' $T law play $packs --story "$W/utf.json"
: >"$W/empty.json"
says "an empty file" 2 'empty.json:1: ' $T law play $packs --story "$W/empty.json"
printf '[1, 2]\n' >"$W/list.json"
says "a list" 2 'list.json:1: a story is an object with a list of steps' $T law play $packs --story "$W/list.json"
says "a folder" 2 "cannot read law/cn-990101/test" $T law play $packs --story law/cn-990101/test
story twice '{"day": "2026-03-02", "by": "p-lin", "by": "p-zhou", "act": "x"}'
says "a member said twice" 2 'twice.json:2: ' $T law play $packs --story "$W/twice.json"
story number '{"day": "2026-03-02", "by": "p-lin", "act": 7}'
says "no text" 2 'number.json:2: this is to be a text: act' $T law play $packs --story "$W/number.json"
story hour '{"day": "2026-03-02", "hour": 24, "by": "p-lin", "act": "x"}'
says "an hour that is none" 2 'hour.json:2: this is to be a whole number in its bounds: hour' $T law play $packs --story "$W/hour.json"
story word '{"day": "2026-03-02", "by": "p-lin", "act": "x", "expect": {"refused": "form", "because": "x"}}'
says "an unknown word of expect" 2 'word.json:2: .*because' $T law play $packs --story "$W/word.json"
story ticked '{"day": "2026-03-02", "by": "clock", "status": "x", "key": "k"}'
says "a clock with a key" 2 'ticked.json:2: the clock has no key' $T law play $packs --story "$W/ticked.json"
story refused '{"day": "2026-03-02", "by": "clock", "expect": {"refused": "time"}}'
says "a clock that is refused" 2 'refused.json:2: of the clock one expects acts' $T law play $packs --story "$W/refused.json"
story counted '{"day": "2026-03-02", "by": "p-lin", "act": "x", "acts": 1}'
says "acts of a person" 2 'counted.json:2: acts are counted of the clock alone' $T law play $packs --story "$W/counted.json"
story truth '{"day": "2026-03-02", "by": "p-lin", "act": "x", "repeated": "yes"}'
says "no truth" 2 'truth.json:2: this is to be true or false: repeated' $T law play $packs --story "$W/truth.json"
echo '{"steps": []}' >"$W/none.json"
says "no steps" 2 'none.json:1: a story is an object with a list of steps' $T law play $packs --story "$W/none.json"
says "no such file" 2 'nowhere.json' $T law play $packs --story "$W/nowhere.json"
cp "$W/good.json" "$W/closed.json" && chmod 0 "$W/closed.json"
[ "$(id -u)" = 0 ] || says "a file one may not read" 2 'closed.json' $T law play $packs --story "$W/closed.json"
says "no people" 2 'nobody.json' $T law play $packs --story "$W/good.json" --people nobody.json
says "people that are none" 2 'broken.json:2: ' $T law play $packs --story "$W/good.json" --people "$W/broken.json"
says "no story" 2 '^usage: tongban law' $T law play $packs
says "no pack" 2 '^usage: tongban law' $T law play --story "$W/good.json"
says "no such pack" 2 'law/none' $T law play law/none --story "$W/good.json"
cp -r law/cn-990101 "$W/pack"
sed -i 's/"procedure": "cancellation"/"procedure": "cancelation"/' "$W/pack/item/food-cancel/item.json"
says "a pack with faults, by file and line" 1 'item/food-cancel/item.json:[0-9]+: .*cancelation' $T law play law/cn "$W/pack" --story "$W/good.json"
echo "play: $passed passed, $failed failed"
[ "$failed" = 0 ]
