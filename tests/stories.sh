#!/bin/sh
# stories.sh [STORY…] - stories of the pack through the real server, day by day; without names two, the second by the day
# (TONGBAN_DAY); `make prove` plays all.
set -u
cd "$(dirname "$0")/.."
lib=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null | head -n 1)
[ -n "$lib" ] || { echo "libfaketime is not installed (tools/setup.sh test)"; exit 1; }
case $((${TONGBAN_DAY:-0} % 2)) in
0) second=penalty-whole ;;
*) second=disclosure ;;
esac
[ $# -gt 0 ] || set -- licence-whole $second
FAKETIME_LIB="$lib" node tests/stories.mjs law "$@"
