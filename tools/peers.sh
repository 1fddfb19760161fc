#!/bin/sh
# peers.sh - engines from npm on the decision table of bench/dmn.c, in the same run. Installed into build/peers from
# bench/peers/package-lock.json; without node and npm, or without a registry, a line says so and nothing fails.
set -eu
cd "$(dirname "$0")/.."
skip() {
    echo "== peers: skipped, $1"
    exit 0
}
command -v npm >/dev/null && command -v node >/dev/null || skip "there is no npm"
[ -x build/bench-dmn ] || skip "build/bench-dmn is not built"
mkdir -p build/peers
cp bench/peers/package.json bench/peers/package-lock.json bench/peers/dmn.mjs build/peers/
(cd build/peers && npm install --silent --no-save --no-audit --no-fund --ignore-scripts >/dev/null 2>&1) || skip "npm could not install them"
build/bench-dmn --write build/peers
echo "== peers"
node build/peers/dmn.mjs build/peers
