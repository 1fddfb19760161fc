-- The store's own memory of itself: data version, digest of the view tables, whether they are filled.
-- kept
CREATE TABLE store_meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID, STRICT;
