-- Sign-ins that last: one row for each browser that is signed in. Of the cookie only a hash is kept.
-- kept
CREATE TABLE web_session (
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
CREATE INDEX web_session_actor ON web_session (actor);
