#!/bin/sh
# law.sh - what `tongban law` answers from the sample packs: when a limit ends, whose a power is, what a new version changes.
set -u
cd "$(dirname "$0")/.."
tongban=build/tongban
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0

# expect NAME PATTERN COMMAND…: the command succeeds and says what the pattern matches.
expect() {
    name=$1
    pattern=$2
    shift 2
    if out=$("$@" 2>&1) && echo "$out" | grep -qE -- "$pattern"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name: $out" | head -5
    fi
}

# refuse NAME PATTERN COMMAND…: the command fails with 1 and says why.
refuse() {
    name=$1
    pattern=$2
    shift 2
    out=$("$@" 2>&1)
    code=$?
    if [ "$code" = 1 ] && echo "$out" | grep -qE -- "$pattern"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name ($code): $out" | head -5
    fi
}

expect "a limit by its article" '"due":"2026-02-26".*"unit":"workday".*"day":"2026-02-16","why":"春节"' $tongban law due '行政许可法#32.4' 2026-02-12 --json
expect "deemed, by what" '"late":"deem","deemed":"deem-accepted"' $tongban law due '行政许可法#32.4' 2026-02-12 --json
expect "an extended limit" '^2026-03-30 ' $tongban law due xk.decide 2026-02-10 --extended
expect "who extends" '"extension":\{"n":10,.*"by":"extend","who":\["decider"\]' $tongban law due xk.decide 2026-02-10 --json
expect "past the calendar" 'provisional' $tongban law due xk.decide 2099-12-20
refuse "no such limit" 'no limit' $tongban law due nothing 2026-02-10
expect "who may take an item" '^bh-market +accept +food-new .*行政许可法#22' $tongban law who food-new
expect "who may do an act" '^bh-market +revoke ' $tongban law who revoke
expect "an act without power" 'needs no power' $tongban law who deem-accepted
refuse "neither item nor act" 'neither' $tongban law who nothing
expect "what an office may" '"office":"bh-fire".*"basis":"legal"' $tongban law can bh-fire --json
refuse "no such office" 'no office' $tongban law can nothing

cp -r law/cn "$dir/cn"
sed -i 's/"n": 20,/"n": 19,/' "$dir/cn/limit/行政许可法.json"
rm "$dir/cn/calendar/2020.json"
cp "$dir/cn/code/level.json" "$dir/level.json"
expect "a changed limit" '^changed limit xk.decide: n 20 → 19$' $tongban law diff law/cn "$dir/cn"
expect "what is gone is one line" '^removed calendar 2020$' $tongban law diff law/cn "$dir/cn"
expect "what came is one line" '^added calendar 2020$' $tongban law diff "$dir/cn" law/cn
expect "for machines" '"change":"changed","what":"limit","id":"xk.decide","member":"n","old":"20","new":"19"' $tongban law diff law/cn "$dir/cn" --json
$tongban init "$dir/node" --code 990101 --name x --pack law/cn --pack law/cn-990101 >/dev/null 2>&1
expect "against a node" '^changed limit xk.decide' $tongban law diff law/cn "$dir/cn" --cases "$dir/node"
echo '{' >"$dir/cn/act/zzz.json"
refuse "a new version with faults" 'act/zzz.json:2: ' $tongban law diff law/cn "$dir/cn"
refuse "faults by file and line" 'cn/act/zzz.json:2: ' $tongban law check "$dir/cn"


# The day asked for, and the days ahead.
expect "by the law of a day" '^2026-03-16 ' $tongban law due xk.decide 2026-02-10 --on 2026-06-01
refuse "a day on which nothing is in force" 'none of the packs is in force on 2019-12-31' $tongban law who food-new --on 2019-12-31
expect "who, on a day" '^bh-market +accept +food-new' $tongban law who food-new --on 2026-06-01
expect "can, on a day" '"office":"bh-fire"' $tongban law can bh-fire --on 2026-06-01 --json
cp -r law/cn-990101 "$dir/local"
mkdir -p "$dir/local/statute"
printf '%s' '{"statute":"试行办法","title":{"zh":"试行办法"},"rank":"local-rule","version":"1","from":"2020-01-01","until":"2027-04-01","articles":[{"no":"1","text":{"zh":"试行。"}}]}' >"$dir/local/statute/试行办法.1.json"
sed -i 's/"articles": \[/"articles": ["试行办法#1",/' "$dir/local/item/food-new/item.json"
refuse "a pack that stops loading next spring" 'item/food-new/item.json:[0-9]+: from 2027-04-01 on: no version of "试行办法" is in force' $tongban law check law/cn "$dir/local" --on 2026-11-30
refuse "asked on a day after" 'food-new/item.json:[0-9]+: no version of "试行办法"' $tongban law check law/cn "$dir/local" --on 2027-05-01
sed -i 's/"from": "2020-01-01"/"from": "2020-01-01", "until": "2027-04-01"/' "$dir/local/pack.json"
expect "a pack that ends with its statute" 'in order' $tongban law check law/cn "$dir/local" --on 2026-11-30
refuse "a pack until yesterday" 'pack.json:0: the pack held until 2027-04-01: there is no day left' $tongban law check law/cn "$dir/local" --on 2027-04-01
cp -r law/cn-990101 "$dir/later"
sed -i 's/"from": "2020-01-01"/"from": "2030-01-01"/' "$dir/later/pack.json"
expect "a pack from 2030" 'in order: [0-9]+ kinds of act, 0 items' $tongban law check law/cn "$dir/later" --on 2026-11-30
sed -i 's/行政许可法#22/行政许可法#999/' "$dir/later/office/bh-market.json"
refuse "a pack from 2030 is judged as of its day" 'from 2030-01-01 on: "行政许可法" of .* has no article 999' $tongban law check law/cn "$dir/later" --on 2026-11-30
cp -r law/cn-990101 "$dir/without"
sed -i 's/"licence": "food-business"/"licence": null/' "$dir/without/item/food-new/item.json"
refuse "a licence item without a licence" 'item "food-new" has no licence, and "issue-licence" of its procedure "licensing" issues one' $tongban law check law/cn "$dir/without"

# A day that is none: said, with 2, whatever is asked.
usage() {
    name=$1
    shift
    out=$("$@" 2>&1)
    code=$?
    if [ "$code" = 2 ] && echo "$out" | grep -q 'is no day of the calendar'; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name ($code): $out" | head -5
    fi
}
echo '{"act":"register-party","by":"node","fields":{"party.id":"p-x","party.kind":"person","person.name":"林一"}}' >"$dir/act.json"
usage "due, on a day that is none" $tongban law due xk.decide 2026-02-10 --on 2026-02-30
usage "who" $tongban law who food-new --on yesterday
usage "can" $tongban law can bh-fire --on 2026-13-01
usage "check" $tongban law check law/cn --on 20260101
usage "ask" $tongban ask "$dir/node" "$dir/act.json" --on 2030-02-30

# The law of a node by the day: a version published ahead judges from its first day on.
cp -r law/cn "$dir/cn-2030"
sed -i 's/"from": "2020-01-01"/"from": "2030-01-01"/; s/"version": "2026.1"/"version": "2030.1"/' "$dir/cn-2030/pack.json"
sed -i 's/"case": "none",/"case": "none", "when": "false", "when_article": "行政许可法#30", "when_text": {"zh": "不再登记", "en": "No more registered"},/' "$dir/cn-2030/act/register-party.json"
$tongban init "$dir/ahead" --code 990101 --name x --pack law/cn --pack "$dir/cn-2030" >/dev/null 2>&1
expect "ask, today" '^yes' $tongban ask "$dir/ahead" "$dir/act.json"
expect "ask, on the last day before" '^yes' $tongban ask "$dir/ahead" "$dir/act.json" --on 2029-12-31
refuse "ask, on the first day of the next version" '不再登记' $tongban ask "$dir/ahead" "$dir/act.json" --on 2030-01-01
refuse "ask, on a day before all law" '^no' $tongban ask "$dir/ahead" "$dir/act.json" --on 2019-01-01

echo "law: $passed passed, $failed failed"
[ "$failed" = 0 ]
