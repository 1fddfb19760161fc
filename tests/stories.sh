#!/bin/sh
# stories.sh [STORY…] - stories of the pack through the real server, day by day; without names a few, `make prove` plays all.
set -u
cd "$(dirname "$0")/.."
lib=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null | head -n 1)
[ -n "$lib" ] || { echo "libfaketime is not installed (tools/setup.sh test)"; exit 1; }
[ $# -gt 0 ] || set -- licence-whole penalty-whole disclosure
FAKETIME_LIB="$lib" node tests/stories.mjs law "$@"
