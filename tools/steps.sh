#!/bin/sh
# steps.sh FILE - runs the steps of FILE side by side, as many at a time as JOBS says (else as there are processors), in
# the order of the file. A line is "NAME<tab>COMMAND" for sh. Each step has a log of its own; its result is one line,
# "ok    NAME (PASSED)" or "FAIL  NAME" with the end of the log, and a step counts as the tests that its last line tells
# ("…: N passed, M failed"), or as one. Steps share nothing but what was built before: folders by mktemp, port 0, a
# database each. How long each took stands in build/steps.times. Last line: "N passed, M failed"; exit 1 unless all passed.
set -u
one() {
    dir=$1
    line=$(sed -n "$2p" "$dir/steps")
    name=${line%%	*}
    log=$dir/$2.log
    begun=$(date +%s)
    if sh -c "${line#*	}" >"$log" 2>&1 </dev/null; then ok=1; else ok=0; fi
    counts=$(grep -E '[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    p=$(echo "$counts" | sed -nE 's/(^|.*[^0-9])([0-9]+) passed, ([0-9]+) failed.*/\2/p')
    f=$(echo "$counts" | sed -nE 's/(^|.*[^0-9])([0-9]+) passed, ([0-9]+) failed.*/\3/p')
    if [ -z "$p" ]; then p=$ok; f=$((1 - ok)); fi
    if [ "$ok" = 0 ] && [ "$f" = 0 ]; then f=1; fi
    if [ "$ok" = 1 ] && [ "$f" = 0 ] && [ "$p" = 0 ]; then f=1; fi # nothing was tested
    (
        flock 9
        echo "$p $f" >>"$dir/counts"
        echo "$(($(date +%s) - begun)) s  $name" >>"$dir/times"
        if [ "$f" = 0 ]; then echo "ok    $name ($p)"; else echo "FAIL  $name"; tail -n 60 "$log"; fi
    ) 9>"$dir/lock"
    exit 0
}
if [ "$1" = --one ]; then one "$2" "$3"; fi
[ $# -eq 1 ] && [ -r "$1" ] || { echo "usage: steps.sh FILE" >&2; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp "$1" "$dir/steps"
: >"$dir/counts"
: >"$dir/times"
seq "$(wc -l <"$dir/steps")" | xargs -P "${JOBS:-$(nproc)}" -I{} sh "$0" --one "$dir" {}
mkdir -p build
sort -rn "$dir/times" >build/steps.times
awk '{ p += $1; f += $2 } END { print p + 0 " passed, " f + 0 " failed"; exit !(f == 0 && p > 0) }' "$dir/counts"
