#!/bin/sh
# pgtemp.sh - a private PostgreSQL for tests: `pgtemp.sh start DIR` prints its connection string, `pgtemp.sh database
# DIR NAME` makes an empty database in it and prints the string of that one, so that tests side by side do not meet,
# `pgtemp.sh stop DIR` ends it and removes DIR. It listens on a unix socket in DIR only, which no other
# user may enter, and trusts whoever comes that way; there is no TCP port. Exit 1: PostgreSQL is absent.
set -eu
bin=${PGBIN:-/usr/lib/postgresql/15/bin}
usage() { echo "usage: pgtemp.sh start|stop DIR, pgtemp.sh database DIR NAME" >&2; exit 2; }
[ $# -ge 2 ] || usage
[ -x "$bin/initdb" ] || { echo "pgtemp.sh: no PostgreSQL in $bin" >&2; exit 1; }
dir=$2
# The server refuses to run as root.
as() {
    if [ "$(id -u)" -eq 0 ]; then
        user=postgres; id "$user" >/dev/null 2>&1 || user=nobody
        setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env HOME="$dir" "$@"
    else
        "$@"
    fi
}
case $1 in
start)
    mkdir -m 0700 "$dir"
    dir=$(cd "$dir" && pwd)
    if [ "$(id -u)" -eq 0 ]; then
        user=postgres; id "$user" >/dev/null 2>&1 || user=nobody
        chown "$user" "$dir"
    fi
    cd "$dir"
    as "$bin/initdb" -D "$dir/data" -U tongban -A trust --no-locale -E UTF8 -k >"$dir/initdb.log" 2>&1
    as "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -o "-c listen_addresses= -k $dir -c shared_buffers=32MB" start >/dev/null
    echo "host=$dir dbname=postgres user=tongban"
    ;;
database)
    [ $# -eq 3 ] || usage
    dir=$(cd "$dir" && pwd)
    psql "host=$dir dbname=postgres user=tongban" -q -c "CREATE DATABASE $3" >&2
    echo "host=$dir dbname=$3 user=tongban"
    ;;
stop)
    dir=$(cd "$dir" && pwd)
    cd "$dir"
    as "$bin/pg_ctl" -D "$dir/data" -m fast -w stop >/dev/null || true
    cd /
    rm -rf "$dir"
    ;;
*) usage ;;
esac
