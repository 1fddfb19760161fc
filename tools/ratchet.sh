#!/bin/sh
# ratchet.sh - no file beyond 1,500 lines, no function beyond 120 lines, but for those in
# tools/ratchet.allow (path:name lines why), whose numbers only go down.
set -eu
cd "$(dirname "$0")/.."
awk '
BEGIN {
    while ((getline line < "tools/ratchet.allow") > 0) {
        if (line ~ /^#/ || line == "") continue
        split(line, part, " "); allow[part[1]] = part[2]
    }
}
function end_function() {
    n = FNR - start; key = file ":" name
    most = (key in allow) ? allow[key] : 120
    if (n > most) { printf "%s:%d: %s has %d lines, at most %d\n", file, start, name, n, most; bad = 1 }
}
FNR == 1 {
    if (file != "" && last > ((file in allow) ? allow[file] : 1500)) { printf "%s has %d lines\n", file, last; bad = 1 }
    file = FILENAME; inside = 0
}
{ last = FNR }
/^[a-zA-Z_].*\(/ && !/;[ \t]*$/ { header = $0; sub(/\(.*/, "", header); n_words = split(header, w, /[ *]+/); candidate = w[n_words] }
/^\{/ { if (candidate != "") { inside = 1; start = FNR; name = candidate } }
/^\}/ { if (inside) { end_function(); inside = 0; candidate = "" } }
END { exit bad }' $(find src tools sim bench fuzz -name '*.c' 2>/dev/null | sort)
echo "ratchet: every function and file is within its ceiling"
