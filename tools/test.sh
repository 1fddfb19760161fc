#!/bin/sh
# test.sh - the whole everyday test: checks, unit tests and stories under ASan and UBSan beside a private
# PostgreSQL, the release build, the scenarios through the real server. Ends with "N passed, M failed".
set -u
cd "$(dirname "$0")/.."
log=$(mktemp)
pg_dir=$(mktemp -d) && rmdir "$pg_dir"
passed=0
failed=0
trap 'sh tools/pgtemp.sh stop "$pg_dir" >/dev/null 2>&1; rm -f "$log"' EXIT

# step NAME COMMAND…: counts one test, or those that its last line tells ("…: N passed, M failed").
step() {
    name=$1
    shift
    if "$@" >"$log" 2>&1; then ok=1; else ok=0; fi
    counts=$(grep -E '[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    p=$(echo "$counts" | sed -nE 's/(^|.*[^0-9])([0-9]+) passed, ([0-9]+) failed.*/\2/p')
    f=$(echo "$counts" | sed -nE 's/(^|.*[^0-9])([0-9]+) passed, ([0-9]+) failed.*/\3/p')
    if [ -z "$p" ]; then p=$ok; f=$((1 - ok)); fi
    if [ "$ok" = 0 ] && [ "$f" = 0 ]; then f=1; fi
    passed=$((passed + p))
    failed=$((failed + f))
    if [ "$f" = 0 ]; then echo "ok    $name ($p)"; else echo "FAIL  $name"; tail -n 60 "$log"; fi
}

jobs=$(nproc 2>/dev/null || echo 2)
step "build with ASan and UBSan" make -s -j"$jobs" CONFIG=asan build/asan/tests
step "build for release" make -s -j"$jobs" all build/release/tests
step "layers, statements" make -s check
step "one way in" sh tools/waist.sh build/release
step "size of functions and files" sh tools/ratchet.sh
pg=$(sh tools/pgtemp.sh start "$pg_dir" 2>>"$log") || { echo "FAIL  PostgreSQL did not start"; cat "$log"; failed=$((failed + 1)); pg=""; }
export TONGBAN_PG="$pg"
step "unit tests and stories, ASan and UBSan, SQLite and PostgreSQL" build/asan/tests
step "unit tests and stories, release" build/release/tests
step "fuzz corpora, ASan and UBSan" make -s -j"$jobs" CONFIG=asan corpora
step "packs of law" build/tongban law check law/cn law/cn-990101
step "threads under TSan" sh tools/tsan.sh short
for t in tests/*.sh; do
    [ -f "$t" ] && step "$t" sh "$t"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
