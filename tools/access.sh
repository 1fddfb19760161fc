#!/bin/sh
# access.sh - every route of the pages stands in one file of law/*/access, and nothing else does: what the law does not say
# who may see is not built. Reads the route rows at the foot of src/*/*.c.
set -eu
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -nE 's/^ *\{"(GET|POST|PUT|DELETE)", "(\/[^"]*)",.*/\1 \2/p' src/*/*.c | sort >"$tmp/routes"
for f in law/*/access/*.json; do
    awk '/"routes": \[/ { on = 1; next } on && /\]/ { on = 0 } on' "$f" | sed -nE 's/^ *"([^"]*)",?/\1/p'
done | sort >"$tmp/law"
bad=0
for r in $(comm -23 "$tmp/routes" "$tmp/law" | tr ' ' '~'); do
    echo "access: the route \"$(echo "$r" | tr '~' ' ')\" stands in no file of law/cn/access: say there which role may see which class of fact, and why"
    bad=1
done
for r in $(comm -13 "$tmp/routes" "$tmp/law" | tr ' ' '~'); do
    echo "access: law/*/access names \"$(echo "$r" | tr '~' ' ')\", which is no route"
    bad=1
done
[ -s "$tmp/routes" ] || { echo "access: no routes were found"; bad=1; }
[ "$bad" = 0 ] && echo "access: $(wc -l <"$tmp/routes") routes, each with its row"
exit "$bad"
