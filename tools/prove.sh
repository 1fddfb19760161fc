#!/bin/sh
# prove.sh - the long runs: every fault at every step of the scenario, power-loss states by the thousand, threads
# under TSan, every fuzz target for a while with clang; figures below each. docs/reliability.md says what they mean.
# STATES: power-loss states of each kind at each change (1). FUZZ_SECONDS: a target (60). Ends with "N passed, M failed".
set -u
cd "$(dirname "$0")/.."
jobs=$(nproc)
passed=0
failed=0
step() {
    name=$1
    shift
    if "$@" >build/prove.log 2>&1; then
        passed=$((passed + 1))
        echo "ok    $name"
        grep -E ' states looked at| told, |^large: |mutants|^[a-z]+: [0-9]+ passed|stat::number_of_executed_units' build/prove.log | sed 's/^/        /'
    else failed=$((failed + 1)); echo "FAIL  $name"; tail -n 40 build/prove.log
    fi
}
mkdir -p build
step "build" make -s -j"$jobs" CONFIG=release build/release/tests
step "power-loss states of the gate" env TONGBAN_STATES=200 build/release/tests gate_loses
step "build with ASan and UBSan" make -s -j"$jobs" CONFIG=asan build/asan/tests
step "the stories of the packs, ASan and UBSan" build/asan/tests gate_stories
step "unit tests, release, SQLite and PostgreSQL" make -s unit-pg
step "random walks through the packs" env TONGBAN_WALKS="${WALKS:-200}" build/release/tests gate_no_random
step "power-loss states of the store" env TONGBAN_STATES=20 build/release/tests store
for h in survives_every_failing_allocation survives_every_failing_call loses_nothing survives_a_disk survives_leaps \
    goes_on_under survives_a_kill survives_kills; do
    step "scenario, every step: $h" env TONGBAN_STATES="${STATES:-1}" build/release/tests "torture_scenario_$h"
done
step "scenario on PostgreSQL, the connection cut at every piece" env TONGBAN_STATES=1 make -s unit-pg T=torture_postgres
step "what the node owes after a kill" env TONGBAN_STATES=1 build/release/tests torture_the_node
step "system calls of the real server" env ROUNDS=200 sh tests/faults.sh
step "a folder of the program before, with 100,000 acts" sh tests/upgrade/large.sh
step "changes of the checks and the ledger that tests notice" sh tools/mutate.sh "${MUTATE_SECONDS:-900}"
stories=$(grep -LE '"by": "(node|nobody|a-[a-z]+)"|"case": ' law/cn-990101/test/*.json | sed -E 's|.*/(.*)\.json|\1|' | grep -vE '^(authority|register-people)$')
# shellcheck disable=SC2086
step "every story of the pack through the real server" sh tests/stories.sh $stories
step "threads under TSan" sh tools/tsan.sh
for f in fuzz/*.c; do
    t=$(basename "$f" .c)
    [ "$t" = replay ] && continue
    step "build fuzzer $t" sh tools/fuzz.sh build "$t"
    step "fuzz $t" sh tools/fuzz.sh run "$t" "${FUZZ_SECONDS:-60}"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
