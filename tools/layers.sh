#!/bin/sh
# layers.sh - fails on an #include that LAYERS does not grant, and on a private header used from outside.
# Reads LAYERS and the #include "room/..." lines of src. Prints file:line and the edge refused.
set -eu
cd "$(dirname "$0")/.."
grep -n '^#include "' $(find src -name '*.[ch]') /dev/null | awk -F: '
BEGIN {
    while ((getline line < "LAYERS") > 0) {
        if (line ~ /^#/ || line == "") continue
        split(line, half, ":"); split(half[1], head, " "); room = head[2]
        known[room] = 1; n = split(half[2], may, " ")
        for (i = 1; i <= n; i++) grant[room, may[i]] = 1
    }
}
{
    split($1, path, "/"); room = path[2]; file = $3
    sub(/.*#include "/, "", file); sub(/".*/, "", file)
    if (!(room in known)) { print $1 ":" $2 ": room " room " is not in LAYERS"; bad = 1; next }
    if (file !~ /\//) next
    split(file, inc, "/"); to = inc[1]
    if (to == room) next
    if ($1 ~ /\/test_/ && file ~ /^cli\/test_/) next # what tests share plays whole nodes, so it stands above the rooms
    if (to == "base" || (room, to) in grant || (room, "*") in grant) {
        if (file ~ /_in\.h$/) { print $1 ":" $2 ": " file " is private to " to; bad = 1 }
        if ($1 !~ /\/test_/ && (file == "base/test.h" || file == "base/test_run.h")) { print $1 ":" $2 ": only tests include " file; bad = 1 }
        next
    }
    print $1 ":" $2 ": LAYERS does not let " room " include " to; bad = 1
}
END { exit bad }'
echo "layers: every include is granted"
