#!/bin/sh
# fuzz.sh build TARGET | run TARGET SECONDS - a target of fuzz/ under libFuzzer with ASan and UBSan (clang-19).
set -eu
cd "$(dirname "$0")/.."
cc=clang-19
flags="-std=c17 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -Isrc -Ibuild/gen -Isim
       -isystem /usr/include/libxml2 -isystem /usr/include/postgresql"
case "$1" in
build)
    make -s all
    out=build/clang
    mkdir -p "$out"
    # a changed header makes all anew
    if [ -n "$(find src build/gen sim -name '*.h' -newer "$out/stamp" 2>/dev/null | head -n 1)" ] || [ ! -f "$out/stamp" ]; then
        rm -f "$out"/*.o
        touch "$out/stamp"
    fi
    objects=
    for c in $(find src build/gen sim -name '*.c' ! -name 'test_*' ! -name 'tests_gen.c' ! -name '*test_gen.c' ! -name '*_test_sql.c' ! -path 'src/cli/main.c') "fuzz/$2.c"; do
        o="$out/$(echo "$c" | tr '/' '_').o"
        if [ ! -f "$o" ] || [ "$c" -nt "$o" ]; then $cc $flags -c -o "$o" "$c"; fi
        objects="$objects $o"
    done
    $cc -fsanitize=fuzzer,address,undefined -o "build/fuzz-$2" $objects \
        $(pkg-config --libs $(sed -n "s,^PKGS := ,,p" Makefile)) -lpthread -lm
    ;;
run)
    grown=$(mktemp -d)
    "build/fuzz-$2" -max_total_time="$3" -max_len=65536 -rss_limit_mb=4096 -timeout=20 -print_final_stats=1 "$grown" "fuzz/corpus/$2"
    rm -rf "$grown"
    ;;
esac
