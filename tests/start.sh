#!/bin/sh
# start.sh - what the program says when it cannot begin: a port in use, no such folder, a folder that is no node's, a
# pack with faults, wrong usage; each with its exit code and a sentence that says what to do.
set -u
cd "$(dirname "$0")/.."
T=build/tongban
W=$(mktemp -d)
PID=
passed=0
failed=0
. tests/lib/serve.sh
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT

# says NAME CODE WORDS COMMAND…: the command ends with the code and says the words, within ten seconds
says() {
    name=$1
    code=$2
    words=$3
    shift 3
    timeout 10 "$@" >"$W/out" 2>&1
    got=$?
    if [ $got = "$code" ] && grep -q -- "$words" "$W/out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not so: $name: want exit $code and \"$words\", got $got and: $(head -c 600 "$W/out")"
    fi
}

serve_demo "$W/node"
says "a port in use" 1 "another program listens" $T demo --dir "$W/other" --port "${B##*:}"
says "and nothing was made" 1 "$W/other" $T serve "$W/other"
says "no such folder" 1 "$W/none" $T serve "$W/none"
mkdir "$W/empty"
says "no node's folder" 1 "$W/empty" $T serve "$W/empty"
says "an address that is none" 1 "127.0.0.1:8080" $T serve "$W/node" --listen here
says "a node is made once" 1 "node" $T init "$W/node" --code bh --name x --pack law/cn
says "no pack" 2 "usage" $T init "$W/third" --code bh --name x
cp -r law/cn-990101 "$W/pack"
sed -i 's/"procedure": "cancellation"/"procedure": "cancelation"/' "$W/pack/item/food-cancel/item.json"
says "a dangling reference, by file and line" 1 "item/food-cancel/item.json:[0-9]*: .*cancelation" $T law check law/cn "$W/pack"
says "an option with the next one for a value" 2 "--dir wants a value behind it, not the option --port" $T demo --dir --port 0
says "an option at the end without a value" 2 "--key wants a value behind it" $T verify "$W/node" --key
says "no command" 2 "usage" $T
says "an unknown command" 2 "no command" $T nothing
says "help" 0 "usage" $T --help
kill $PID
wait $PID 2>/dev/null
PID=
printf 'x' | dd of="$W/node/node.json" bs=1 seek=3 conv=notrunc 2>/dev/null
says "a damaged node.json, by file" 1 "node.json" $T serve "$W/node"
echo "start: $passed passed, $failed failed"
[ $failed = 0 ]
