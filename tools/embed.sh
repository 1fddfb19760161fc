#!/bin/sh
# embed.sh - files as constants of the program: embed.sh HEADER SOURCE FILE…; web/tongban.css becomes static_tongban_css.
set -eu
header=$1
source=$2
shift 2
{
    echo '#pragma once'
    echo '#include "base/base.h"'
    for f in "$@"; do echo "extern const struct str static_$(basename "$f" | tr '.-' '__');"; done
} >"$header"
{
    echo "#include \"$(basename "$header")\""
    for f in "$@"; do
        name=static_$(basename "$f" | tr '.-' '__')
        echo "static const unsigned char ${name}_bytes[] = {"
        od -An -v -tu1 "$f" | sed -E 's/ +/,/g; s/^,//; s/$/,/'
        echo "};"
        echo "const struct str $name = {(const char *)${name}_bytes, sizeof(${name}_bytes)};"
    done
} >"$source"
