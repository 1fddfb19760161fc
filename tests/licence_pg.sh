#!/bin/sh
# licence_pg.sh - the same application on PostgreSQL, in a database of its own of the server TONGBAN_PG names.
set -eu
cd "$(dirname "$0")/.."
[ -n "${TONGBAN_PG:-}" ] || { echo "TONGBAN_PG names no server"; exit 1; }
name=licence_$$
psql "$TONGBAN_PG" -q -c "CREATE DATABASE $name"
sh tests/licence.sh "$TONGBAN_PG dbname=$name"
