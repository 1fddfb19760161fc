#!/bin/sh
# test.sh - the whole everyday test: checks, unit tests and stories under ASan and UBSan beside a private PostgreSQL, the
# release build, the scenarios through the real server. It builds, then runs its steps side by side, the long ones first (tools/steps.sh;
# TONGBAN_PG names their PostgreSQL). Ends with "N passed, M failed".
#
# What is dear is done once: all unit tests run under ASan and UBSan but the stories, which the release build plays; of the
# other tests the release build runs a quarter, by turns, a quarter each day. The harnesses of faults take the sample of the
# day (TONGBAN_DAY, docs/reliability.md); another day's is seen by: TONGBAN_DAY=N make test. make prove runs all of all.
set -u
cd "$(dirname "$0")/.."
W=$(mktemp -d)
pg_dir=$(mktemp -d) && rmdir "$pg_dir"
trap 'sh tools/pgtemp.sh stop "$pg_dir" >/dev/null 2>&1; rm -rf "$W"' EXIT
jobs=$(nproc)

# step NAME COMMAND, a line of sh; with_pg: the same with a database of its own in TONGBAN_PG.
step() { printf '%s\t%s\n' "$1" "$2" >>"$W/steps"; }
databases=0
with_pg() {
    databases=$((databases + 1))
    step "$1" "TONGBAN_PG=\$(sh tools/pgtemp.sh database $pg_dir d$databases) && export TONGBAN_PG && $2"
}
# run JOBS: the steps written so far; their sums go to $W/sums.
run() {
    JOBS=$1 sh tools/steps.sh "$W/steps" >"$W/fifo" &
    sed -unE "/^[0-9]+ passed, [0-9]+ failed$/{w $W/sum
d
}; p" <"$W/fifo"
    wait $!
    ok=$?
    cat "$W/sum" >>"$W/sums"
    : >"$W/steps"
    return $ok
}
mkfifo "$W/fifo"

# What the steps share is built before they begin.
step "build with ASan and UBSan" "make -s -j$jobs CONFIG=asan build/asan/tests"
step "build for release" "make -s -j$jobs all build/release/tests benches"
step "build with TSan" "make -s -j$jobs CONFIG=tsan build/tsan/tests build/tsan/tongban"
step "PostgreSQL starts" "sh tools/pgtemp.sh start $pg_dir"
if run 1; then
    TONGBAN_DAY=${TONGBAN_DAY:-$(($(date +%s) / 86400))}
    export TONGBAN_DAY
    seed=$((TONGBAN_DAY * 1000))
    for part in 1 2 3 4; do
        with_pg "unit tests but the stories, ASan and UBSan, SQLite and PostgreSQL, day $TONGBAN_DAY, part $part of 4" \
            "build/asan/tests --part $part/4 -gate_stories"
    done
    step "the stories of the packs, release" "build/release/tests gate_stories"
    with_pg "unit tests, release, SQLite and PostgreSQL, a quarter, day $TONGBAN_DAY" \
        "TONGBAN_DAY=$((TONGBAN_DAY + 2)) build/release/tests --part $((TONGBAN_DAY % 4 + 1))/4 -gate_stories"
    for t in tests/*.sh; do
        [ -f "$t" ] && with_pg "$t" "sh $t"
    done
    step "random walks of the day: TONGBAN_SEED=$seed TONGBAN_SECONDS=30 build/release/tests gate_no_random" \
        "TONGBAN_SEED=$seed TONGBAN_SECONDS=30 build/release/tests gate_no_random"
    step "threads under TSan" "sh tools/tsan.sh short"
    step "fuzz corpora, ASan and UBSan" "make -s CONFIG=asan corpora"
    step "layers, statements" "make -s check"
    step "one way in" "sh tools/waist.sh build/release"
    step "size of functions and files" "sh tools/ratchet.sh"
    step "packs of law" "build/tongban law check law/cn law/cn-990101"
    run "$jobs"
fi
awk '{ p += $1; f += $3 } END { print p + 0 " passed, " f + 0 " failed"; exit !(f == 0 && p > 0) }' "$W/sums"
