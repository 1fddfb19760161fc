#!/bin/sh
# waist.sh [BUILD_DIR] - the gate is the one way in: only gate/admit.o may want ledger_append, and no room
# above floor 2 may want malloc or free but those that own foreign memory. All objects are read once: "OBJECT:NAME" a line.
set -eu
objects=${1:-build/release}
find "$objects" -name '*.o' ! -name 'test_*' ! -path '*/ledger/*' -o -path '*/ledger/*.o' ! -name 'test_*' |
    sort | xargs nm -uA | sed -E 's/: +U /:/; s/@.*//' |
    awk -F: -v floors="feel dmn bpmn jose law ledger act vault people book gate agenda replay" -v objects="$objects" '
        BEGIN {
            for (n = split(floors, room, " "); n > 0; n--) plain[room[n]] = 1
            banned = "^(malloc|calloc|realloc|free|strcpy|strcat|sprintf|localtime|gmtime|time|rand)$"
            admit = objects "/gate/admit.o"
        }
        { of = substr($1, length(objects) + 2); sub("/.*", "", of); seen[of] = 1 }
        $2 == "ledger_append" && $1 == admit { enters = 1 }
        $2 == "ledger_append" && $1 != admit && of != "ledger" { print $1 " wants ledger_append; only gate/admit.o may"; bad = 1 }
        of in plain && $2 ~ banned { print $1 " wants a banned function: " $2; bad = 1 }
        END {
            if (!enters) { print "gate/admit.o does not want ledger_append: is the waist elsewhere?"; bad = 1 }
            for (r in plain) if (!(r in seen)) { print "no object of " r " was read"; bad = 1 }
            exit bad
        }'
