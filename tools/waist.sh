#!/bin/sh
# waist.sh [BUILD_DIR] - the gate is the one way in: only gate/admit.o may want ledger_append, and no room
# above floor 2 may want malloc or free but those that own foreign memory.
set -eu
objects=${1:-build/release}
bad=0
for o in $(find "$objects" -name '*.o' ! -name 'test_*' ! -path '*/ledger/*' | sort); do
    case "$o" in */gate/admit.o) continue ;; esac
    if nm -u "$o" | grep -qw ledger_append; then
        echo "$o wants ledger_append; only gate/admit.o may"
        bad=1
    fi
done
nm -u "$objects/gate/admit.o" | grep -qw ledger_append || { echo "gate/admit.o does not want ledger_append: is the waist elsewhere?"; bad=1; }
for room in feel dmn bpmn jose law ledger act vault people book gate agenda replay; do
    for o in "$objects/$room"/*.o; do
        case "$o" in */test_*) continue ;; esac
        if nm -u "$o" | grep -qwE 'malloc|calloc|realloc|free|strcpy|strcat|sprintf|localtime|gmtime|time|rand'; then
            echo "$o wants a banned function: $(nm -u "$o" | grep -wE 'malloc|calloc|realloc|free|strcpy|strcat|sprintf|localtime|gmtime|time|rand' | tr -s ' ' | tr '\n' ' ')"
            bad=1
        fi
    done
done
exit $bad
