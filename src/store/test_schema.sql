-- Tables of the store's tests; also the example of README.md.
-- kept
CREATE TABLE test_parcel (
    id     INTEGER PRIMARY KEY,
    code   TEXT NOT NULL,
    weight INTEGER,
    note   TEXT,
    seal   BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX test_parcel_code ON test_parcel (code);

CREATE TABLE test_stop (
    code   TEXT NOT NULL,
    place  INTEGER NOT NULL,
    town   TEXT NOT NULL,
    PRIMARY KEY (code, place)
) WITHOUT ROWID, STRICT;
