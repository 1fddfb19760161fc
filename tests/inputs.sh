#!/bin/sh
# inputs.sh - every subcommand with what a hand may type wrong: each option without its value, unknown, twice; each argument
# left out, empty, too long, of another kind; folders that are nowhere, a file, empty, another's, in use, of a newer program,
# closed to the user; numbers, days and addresses out of range; files that are none, huge or garbage. Each is told in a
# sentence with exit code 1 or 2, and nothing is done by half: every folder is afterwards what it was.
set -u
cd "$(dirname "$0")/.."
W=$(mktemp -d)
PID=
trap '[ -n "$PID" ] && kill -9 $PID 2>/dev/null; chmod -R u+w "$W"; rm -rf "$W"' EXIT
. tests/lib/serve.sh
chmod 755 "$W"
serve_demo "$W/node" --fronts 0
kill $PID
wait $PID
PID=
cp -a "$W/node" "$W/used"
serve_demo "$W/used" --fronts 0
node tests/inputs/check.mjs "$W" "$PID" "$@"
