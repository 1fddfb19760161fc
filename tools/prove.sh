#!/bin/sh
# prove.sh - the long runs: power-loss states by the thousand, threads under TSan, every fuzz target for a
# while with clang. SECONDS a target: FUZZ_SECONDS (60). Ends with "N passed, M failed".
set -u
cd "$(dirname "$0")/.."
jobs=$(nproc)
passed=0
failed=0
step() {
    name=$1
    shift
    if "$@" >build/prove.log 2>&1; then passed=$((passed + 1)); echo "ok    $name"; else failed=$((failed + 1)); echo "FAIL  $name"; tail -n 40 build/prove.log; fi
}
mkdir -p build
step "build" make -s -j"$jobs" CONFIG=release build/release/tests
step "power-loss states of the gate" env TONGBAN_STATES=200 build/release/tests gate_loses
step "power-loss states of the store" env TONGBAN_STATES=20 build/release/tests store
step "build with TSan" make -s -j"$jobs" CONFIG=tsan build/tsan/tests
step "threads of http and store under TSan" sh -c 'build/tsan/tests http && build/tsan/tests store && build/tsan/tests feel_one'
for f in fuzz/*.c; do
    t=$(basename "$f" .c)
    [ "$t" = replay ] && continue
    step "build fuzzer $t" sh tools/fuzz.sh build "$t"
    step "fuzz $t" sh tools/fuzz.sh run "$t" "${FUZZ_SECONDS:-60}"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
