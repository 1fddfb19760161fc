#!/bin/sh
# pages.sh - the pages in Chromium: axe, both languages, 320 and 1280 px, and an application without script.
set -u
cd "$(dirname "$0")/.."
W=$(mktemp -d)
PID=
. tests/lib/serve.sh
. tests/lib/npm.sh
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; rm -rf "$W"' EXIT
npm_ready tests/pages || exit 1
serve_demo "$W/node"
curl -s -o /dev/null -c "$W/jar" "$(sign_in_of p-lin)"
F='{"name":"plan.pdf","type":"application/pdf","base64":"JVBERi0xLjcgc2FtcGxl"}'
CASE=$(curl -s -b "$W/jar" -H 'Accept: application/json' -H 'Content-Type: application/json' --data-binary '{"_for":"org-lin","business.name":"滨河县知夏小馆","premises.address":"滨河县柳叶街 18 号","premises.area":80,"premises.pollution_distance_ok":true,"food.kind":"catering","food.raw":false,"food.manager":"周远","food.health_ok":true,"food.withdrawn_five_years":false,"person.phone":"13800006620","service.delivery":"electronic","service.truth":true,"premises.plan":'"$F"',"food.rules":'"$F"'}' $B/apply/food-new | sed -nE 's/.*"case":"([^"]*)".*/\1/p')
CASE=$CASE node tests/pages/check.mjs $B "$W/node/demo.json" ${SHOTS:-}
