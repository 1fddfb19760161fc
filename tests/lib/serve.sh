# serve.sh - for the scenarios of tests/, read with ".": start the demo on a free port and wait until it answers.
# Sets PID and B (its address); the demo's words are in $W/log. SERVE_PORT: the port, instead of any.

# serve_demo FOLDER [OPTION…]
serve_demo() {
    serve_dir=$1
    shift
    build/tongban demo --dir "$serve_dir" --port "${SERVE_PORT:-0}" "$@" >"$W/log" 2>&1 &
    PID=$!
    B=
    for serve_try in $(seq 300); do
        B=$(sed -nE 's|^serving (http://.*)/$|\1|p' "$W/log" | head -n 1)
        [ -n "$B" ] && curl -s -o /dev/null "$B/healthz" && return 0
        kill -0 $PID 2>/dev/null || break
        sleep 0.1
    done
    echo "the server did not start"
    cat "$W/log"
    exit 1
}
# a fresh one-time sign-in address of a person, by register id, as the demo's chooser gives it out
sign_in_of() { curl -s -o /dev/null -w '%{redirect_url}' --data-urlencode "who=$1" "$B/login/demo"; }
# process $1 and all below it
family() {
    echo "$1"
    for family_pid in $(cat /proc/"$1"/task/*/children 2>/dev/null); do family "$family_pid"; done
}
