#!/bin/sh
# pay.sh - money is told by who receives it: the stories of payment through the real server, institutions under their own keys
# (stories.mjs signs for them and tries what must be refused), and the lines of docs/use/institutions.md as they stand there.
set -u
cd "$(dirname "$0")/.."
sh tests/stories.sh payment spot freeze || exit 1
W=$(mktemp -d)
pid=
trap '[ -n "$pid" ] && kill "$pid" 2>/dev/null; rm -rf "$W"' EXIT
# The lines of the manual, in order: registering, signing, asking, telling.
awk '/^    /{print substr($0, 5)}' docs/use/institutions.md > "$W/lines"
awk '/^curl/{exit} {print}' "$W/lines" > "$W/make.sh"
sed -n '/^curl.*bill/p' "$W/lines" > "$W/ask.sh"
sed -n '/^curl.*act/,$p' "$W/lines" > "$W/tell.sh"
here=$(pwd)
ok=0
bad=0
check() { # WANT GOT WHAT
    case "$2" in *"$1"*) ok=$((ok + 1)) ;; *) bad=$((bad + 1)); echo "not so: $3: $2" ;; esac
}
cd "$W" || exit 1
# shellcheck disable=SC1091
. "$W/make.sh"
"$here/build/tongban" demo --dir "$W/node" --port 0 --law "$here/law" --clients client.json > log 2>&1 &
pid=$!
for i in $(seq 300); do grep -q '^confined' log && break; sleep 0.1; done
ISSUER=$(sed -n 's/^issuer: \([^ ]*\).*/\1/p' log)
NUMBER=123456789012345611 FEN=100
check bill.unknown "$(. "$W/ask.sh")" "nobody's number"
check bill.unknown "$(. "$W/tell.sh")" "paying on nobody's number"
NUMBER=123456789012345612
check '"bill.number"' "$(. "$W/ask.sh")" "a number copied wrongly"
echo "pay: $ok passed, $bad failed"
[ "$bad" -eq 0 ]
