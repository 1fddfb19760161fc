#!/bin/sh
# ratchet.sh - no file beyond 1,500 lines, no function beyond 120, no face (a header that other rooms may include) of
# more than 15 functions, no line of C beyond 100 columns but in a table set by hand (clang-format off) - but for those
# in tools/ratchet.allow (path:name number why), whose numbers only go down.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C
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
awk '
FNR == 1 { by_hand = 0 }
/clang-format off/ { by_hand = 1 }
/clang-format on/ { by_hand = 0 }
!by_hand && length($0) > 100 { # a code point of UTF-8 is one column
    line = $0; gsub(/[\200-\277]/, "", line)
    if (length(line) > 100) { printf "%s:%d: %d columns, at most 100\n", FILENAME, FNR, length(line); bad = 1 }
}
END { exit bad }' $(find src tools sim bench fuzz -name '*.[ch]' | sort)
# What stands at depth 0 of a header, without comments and directives, and has parameters, is a function.
awk '
function end_face() {
    if (face == "") return
    most = (face in allow) ? allow[face] : 15
    if (functions > most) { printf "%s: %d functions, at most %d\n", face, functions, most; bad = 1 }
}
BEGIN {
    while ((getline line < "tools/ratchet.allow") > 0) {
        if (line ~ /^#/ || line == "") continue
        split(line, part, " "); allow[part[1]] = part[2]
    }
}
FNR == 1 { end_face(); face = FILENAME; functions = 0; depth = 0; in_comment = 0; in_define = 0; text = "" }
{
    line = $0
    if (in_define || line ~ /^[ \t]*#/) { in_define = line ~ /\\$/; next }
    while (1) {
        if (in_comment) {
            at = index(line, "*/")
            if (!at) { line = ""; break }
            line = substr(line, at + 2); in_comment = 0
        }
        at = index(line, "/*")
        if (!at) break
        rest = substr(line, at + 2); close_at = index(rest, "*/")
        if (close_at) { line = substr(line, 1, at - 1) " " substr(rest, close_at + 2) }
        else { kept = substr(line, 1, at - 1); in_comment = 1; line = ""; text = text kept; break }
    }
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        if (c == "{") { if (depth++ == 0) text = text "{" }
        else if (c == "}") {
            depth--
            if (depth == 0 && text ~ /\)[ ]*\{$/) { functions++; text = "" }
        } else if (depth == 0 && c == ";") {
            if (text ~ /\(/ && text !~ /^[ \n]*typedef/ && text !~ /_Static_assert/ && text !~ /^[^(]*\(\*/) functions++
            text = ""
        } else if (depth == 0) text = text c
    }
    text = text " "
}
END { end_face(); exit bad }' $(find src -name '*.h' ! -name '*_in.h' | sort)
echo "ratchet: every function, file, face and line is within its ceiling"
