#!/bin/sh
# bench.sh - builds and runs every bench, prints their tables, and writes build/bench.json.
set -eu
cd "$(dirname "$0")/.."
make -s -j"$(nproc)" all
make -s -j"$(nproc)" benches
out=build/bench.txt
: >"$out"
for b in build/bench-*; do
    [ -x "$b" ] || continue
    echo "== ${b#build/bench-}"
    "$b" | tee -a "$out" | grep -v '^BENCH '
done
echo "== oidc"
(cd bench/oidc && npm ci --ignore-scripts --no-audit --no-fund >/dev/null)
node bench/oidc/run.mjs | tee -a "$out" | grep -v '^BENCH '
sh tools/peers.sh | tee -a "$out" | grep -v '^BENCH '
awk -F'|' '
BEGIN { print "[" }
/^BENCH / {
    sub(/^BENCH /, "", $1); gsub(/^ +| +$/, "", $1)
    printf "%s  {\"name\": \"%s\", \"value\": %s, \"unit\": \"%s\", \"limit\": %s, \"ratio\": %s, \"peer\": \"%s\"}", n++ ? ",\n" : "", $1, $2, $3, $4, $5, $6
}
END { print "\n]" }' "$out" >build/bench.json
