-- The store's own memory of itself: data version, digest of the view tables, whether they are filled.
-- kept
CREATE TABLE store_meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID, STRICT;

-- Sign-ins that last (session.h): one row for each browser that is signed in. Of the cookie only a hash is kept.
-- kept, not copied
CREATE TABLE store_session (
    id TEXT PRIMARY KEY,
    id_hash BLOB NOT NULL,
    actor_kind INTEGER NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    assurance INTEGER NOT NULL,
    methods TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    begun_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    agent TEXT NOT NULL,
    address TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX store_session_hash ON store_session (id_hash);
CREATE INDEX store_session_actor ON store_session (actor);
CREATE INDEX store_session_seen ON store_session (seen_ms);
CREATE INDEX store_session_begun ON store_session (begun_ms);

-- Sessions that ended, however they did, until those who must tell others of it have read it.
-- kept, not copied
CREATE TABLE store_session_gone (
    id TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX store_session_gone_at ON store_session_gone (at_ms);

-- How often something was tried (bound.h): by keyed digest, without the name. until_ms: when its bucket has run empty.
-- kept
CREATE TABLE store_bound (
    digest BLOB PRIMARY KEY,
    until_ms INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX store_bound_until ON store_bound (until_ms);

-- What was given out and counts once (ticket.h), by hash: a code that waits, with what it stands for, or one that was spent.
-- kept, not copied
CREATE TABLE store_ticket (
    hash BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    until_ms INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX store_ticket_until ON store_ticket (until_ms);
