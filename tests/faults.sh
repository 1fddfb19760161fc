#!/bin/sh
# faults.sh - the real server under HTTP load while its system calls and allocations fail. ROUNDS: how many of each kind
# and error at most (3; make prove takes 200).
set -u
cd "$(dirname "$0")/.."
T=build/tongban
W=$(mktemp -d)
passed=0
failed=0
trap 'rm -rf "$W"' EXIT
say() { if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1"; fi; }
${CC:-gcc} -O1 -shared -fPIC -fno-builtin -o "$W/fail_call.so" tests/faults/fail_call.c || exit 1
head -c 4096 /dev/zero >"$W/control"
timeout "${LIMIT_S:-1500}" node tests/faults/check.mjs "$W/node" "$W/control" "$W/fail_call.so" "${ROUNDS:-3}" >"$W/out" 2>&1
say "the check ended" $?
cat "$W/out"
counts=$(tail -n 1 "$W/out" | sed -nE 's/^check: ([0-9]+) passed, ([0-9]+) failed$/\1 \2/p')
passed=$((passed + ${counts%% *}))
failed=$((failed + ${counts##* }))
for command in verify replay; do
    $T $command "$W/node" >"$W/out" 2>&1
    say "$command" $?
done
echo "faults: $passed passed, $failed failed"
[ "$failed" = 0 ]
