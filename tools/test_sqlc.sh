#!/bin/sh
# test_sqlc.sh - what sqlc must refuse: `test_sqlc.sh SQLC`. Each row: schema | query | words of the refusal.
set -eu
sqlc=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir -p src/room src/other out
echo 'CREATE TABLE foreign_thing (x INTEGER) STRICT;' > src/other/schema.sql
bad=0
while IFS='|' read -r schema query want; do
    printf '%b\n' "$schema" > src/room/schema.sql
    printf '%b\n' "$query" > src/room/query.sql
    got=$("$sqlc" out src/room/schema.sql src/room/query.sql src/other/schema.sql 2>&1) && got="accepted"
    case $got in
    *"$want"*) ;;
    *) echo "sqlc: want \"$want\", got \"$got\""; bad=1 ;;
    esac
done <<'ROWS'
CREATE TABLE a (x INTEGER NOT NULL) STRICT;|-- a_all :rows  all\nSELECT x FROM a;|accepted
CREATE TABLE a (x INTEGER NOT NULL) STRICT;|\n-- a_all :rows  all\nSELECT y FROM a;|src/room/query.sql:2: a_all: no such column: y
CREATE TABLE a (x INTEGER NOT NULL);|-- a_all :rows  all\nSELECT x FROM a;|src/room/schema.sql:1: a table ends in STRICT
CREATE TABLE a (x INTEGER REFERENCES b) STRICT;|-- a_all :rows  all\nSELECT x FROM a;|no REFERENCES
CREATE TABLE a (user TEXT) STRICT;|-- a_all :rows  all\nSELECT user FROM a;|no reserved word
CREATE TABLE a (x INTEGER) STRICT;|-- a_all :all  all\nSELECT x FROM a;|unknown kind :all
CREATE TABLE a (x INTEGER) STRICT;|-- a_all :rows\nSELECT x FROM a;|lacks its sentence
CREATE TABLE a (x INTEGER) STRICT;|-- a_all :rows  all\nSELECT x FROM a|has no ';'
CREATE TABLE a (x INTEGER) STRICT;|-- a_all :rows  all\nSELECT x FROM a LIMIT :limit;|:limit is named like no column
CREATE TABLE a (x INTEGER) STRICT;|-- a_all :rows  all\nSELECT COUNT(*) AS n FROM a;|column n is an expression
CREATE TABLE a (x INTEGER) STRICT;|-- a_all :rows  all\nSELECT COUNT(*) AS n$real FROM a;|unknown type $real
CREATE TABLE a (x INTEGER) STRICT;|-- a_put :write  put\nINSERT OR REPLACE INTO a (x) VALUES (:x);|ON CONFLICT
CREATE TABLE a (x INTEGER) STRICT;|-- a_put :write  put\nSELECT x FROM a;|gives no columns
CREATE TABLE a (x INTEGER) STRICT;|-- a_see :rows  see\nSELECT x FROM foreign_thing;|accepted
CREATE TABLE a (x INTEGER) STRICT;|-- a_put :write  put\nINSERT INTO foreign_thing (x) VALUES (:x);|belongs to room other
CREATE TABLE a (x INTEGER) STRICT;|-- a_put :row  put\nDELETE FROM a;|gives columns
CREATE TABLE a (x INTEGER) STRICT;|-- a :rows  all\nSELECT x FROM a;\n-- a :rows  all\nSELECT x FROM a;|is there already
CREATE TABLE a (x INTEGER) STRICT;|-- a :rows  all\nSELECT x FROM a;\n-- a @pg\nSELECT x FROM a WHERE x = :x;|is not in the first form
ROWS
[ $bad -eq 0 ] && echo "sqlc: refuses what it must"
exit $bad
