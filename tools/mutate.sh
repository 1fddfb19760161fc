#!/bin/sh
# mutate.sh [SECONDS] - do the tests notice? Changes one operator, number or condition of the checks of the gate and of
# the ledger at a time, builds, runs the tests of both, and counts the changes that no test sees ("survived").
# In a copy of the tree, for at most SECONDS (600); the same order every time. tools/mutate.allow lists survivors that
# mean the same as the original, each with its reason. Ends with "mutants: N tried, K killed, S survived".
set -eu
cd "$(dirname "$0")/.."
limit=${1:-600}
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
cp -rp Makefile LAYERS .clang-format law sim src tools web "$W/"
[ -d build ] && mkdir -p "$W/build" && cp -rp build/gen build/tools "$W/build/" && cp -rp build/release "$W/build/" 2>/dev/null
allow=$(pwd)/tools/mutate.allow
cd "$W"
make -s -j"$(nproc)" build/release/tests
: >mutants
for f in src/gate/check_*.c src/gate/checks.c src/ledger/commit.c src/ledger/note.c src/ledger/proof.c src/ledger/tile.c src/ledger/tree.c \
    src/ledger/verify.c src/ledger/witness.c; do
    [ -f "$f" ] && awk -v f="$f" '
        function out(pos, len, to) { printf "%s\t%d\t%d\t%d\t%s\n", f, NR, pos, len, to }
        function every(re, len, to,    rest, at) {
            rest = $0; at = 0
            while (match(rest, re)) {
                out(at + RSTART, len == 0 ? RLENGTH : len, to)
                at += RSTART + RLENGTH - 1
                rest = substr(rest, RSTART + RLENGTH)
            }
        }
        /^ *(\/\/|\/\*|\*)/ || /^#/ || /^static const struct/ || /"/ { next }
        /^ / {
            every(" == ", 0, " != "); every(" != ", 0, " == "); every(" && ", 0, " || "); every(" \\|\\| ", 0, " \\&\\& ")
            every(" < ", 0, " <= "); every(" > ", 0, " >= "); every(" <= ", 0, " < "); every(" >= ", 0, " > ")
            every(" \\+ 1", 0, " + 2"); every(" - 1", 0, " - 2"); every(" \\+ ", 0, " - "); every("!q->", 1, ""); every("!l->", 1, "")
            every("return true;", 0, "return false;"); every("return false;", 0, "return true;"); every(" = 0;", 0, " = 1;")
        }' "$f" >>mutants
done
# spread over all files: by a hash of place, the same each time
awk '{ h = 0; for (i = 1; i <= length($0); i++) h = (h * 31 + i * NR) % 99991; print h "\t" $0 }' mutants | sort -n | cut -f 2- >order
begin=$(date +%s)
tried=0
killed=0
survived=0
unbuilt=0
tab=$(printf '\t')
while IFS="$tab" read -r file line at len to; do
    [ $(($(date +%s) - begin)) -lt "$limit" ] || break
    cp "$file" kept
    awk -v line="$line" -v at="$at" -v len="$len" -v to="$to" '
        NR == line { gsub(/\\&/, "\\&", to); $0 = substr($0, 1, at - 1) to substr($0, at + len) } { print }' kept | sed 's/\\&\\&/\&\&/' >"$file"
    text=$(sed -n "${line}p" "$file" | sed 's/^ *//')
    if ! make -s build/release/tests >/dev/null 2>&1; then
        unbuilt=$((unbuilt + 1)) # the compiler saw it
    elif timeout 60 build/release/tests scenario >/dev/null 2>&1 && timeout 60 build/release/tests ledger >/dev/null 2>&1 &&
        timeout 120 build/release/tests gate_stories >/dev/null 2>&1; then
        tried=$((tried + 1))
        if grep -qF "$file: $text" "$allow" 2>/dev/null; then
            killed=$((killed + 1)) # means the same, with a reason
        else
            survived=$((survived + 1))
            echo "survived: $file:$line: $text"
        fi
    else
        tried=$((tried + 1))
        killed=$((killed + 1))
    fi
    cp kept "$file"
done <order
echo "mutants: $tried tried of $(wc -l <order), $killed killed, $survived survived, $unbuilt refused by the compiler"
[ "$tried" -gt 0 ] && [ $((killed * 100)) -ge $((tried * ${MUTATE_BAR:-80})) ]
