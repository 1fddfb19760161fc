#!/bin/sh
# bench.sh [small] - builds and runs every bench, prints their tables and writes build/bench.json. It stops with the
# name of the first that fails: that ends with another code than 0, prints no figure, or one that is not
# "BENCH name|number|unit|number|number|peer". small: each for a moment, to see that it works, as `make test` does;
# such figures mean nothing and are written nowhere. Last line: "bench: N passed, 0 failed".
set -eu
cd "$(dirname "$0")/.."
. tests/lib/npm.sh
case "${1:-}" in
'') size='' ;;
small) size=--small ;;
*) echo "usage: bench.sh [small]" >&2; exit 2 ;;
esac
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
passed=0
: >"$W/all"

# run NAME COMMAND…: the table on the screen as it comes, the figures into $W/all.
run() {
    name=$1
    shift
    echo "== $name"
    {
        code=0
        timeout "${LIMIT_S:-7200}" "$@" 2>&1 || code=$?
        echo "$code" >"$W/code"
    } | tee "$W/one" | grep -v '^BENCH ' || true
    code=$(cat "$W/code")
    [ "$code" = 0 ] || fail "it ended with $code"
    grep -q '^== .*: skipped, ' "$W/one" && return 0
    grep '^BENCH ' "$W/one" >"$W/figures" || fail "it printed no figure"
    awk -F'|' 'function number(s) { return s ~ /^-?[0-9]+(\.[0-9]+)?$/ }
        NF != 6 || /["\\]/ || !number($2) || !number($4) || !number($5) { print; bad = 1 } END { exit bad }' "$W/figures" ||
        fail "these are no figures"
    cat "$W/figures" >>"$W/all"
    passed=$((passed + 1))
}
fail() {
    echo "FAIL bench $name: $1"
    echo "bench: $passed passed, 1 failed"
    exit 1
}

make -s -j"$(nproc)" all
make -s -j"$(nproc)" benches
for b in bench/*.c; do
    b=build/bench-$(basename "$b" .c)
    case $b in build/bench-crowd | build/bench-load | build/bench-program | build/bench-report | build/bench-stand) continue ;; esac
    run "${b#build/bench-}" "$b" $size
done
name=oidc
npm_ready bench/oidc || fail "npm could not install its peer"
run oidc node bench/oidc/run.mjs $size
if [ -z "$size" ]; then
    run peers sh tools/peers.sh
    awk -F'|' '
    BEGIN { print "[" }
    {
        sub(/^BENCH /, "", $1); gsub(/^ +| +$/, "", $1)
        printf "%s  {\"name\": \"%s\", \"value\": %s, \"unit\": \"%s\", \"limit\": %s, \"ratio\": %s, \"peer\": \"%s\"}", n++ ? ",\n" : "", $1, $2, $3, $4, $5, $6
    }
    END { print "\n]" }' "$W/all" >build/bench.json
fi
echo "bench: $passed passed, 0 failed"
