#!/bin/sh
# bench.sh - every bench runs once, for a moment, and prints figures; one that fails is named and stops the rest.
set -u
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
failed=0
say() { if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not so: $1"; tail -n 20 "$log"; fi; }

LIMIT_S=300 sh tools/bench.sh small >"$log" 2>&1
say "every bench runs" $?
LIMIT_S=0.01 sh tools/bench.sh small >"$log" 2>&1
[ $? = 1 ]
say "one that fails stops the benches" $?
grep -q '^FAIL bench bpmn: it ended with 124$' "$log"
say "and is named" $?
build/bench-http --smal >"$log" 2>&1
[ $? = 2 ]
say "an argument that none knows" $?
echo "bench: $passed passed, $failed failed"
[ "$failed" = 0 ]
