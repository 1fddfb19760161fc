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

-- Who read whose data: one row a day for each reader, subject, case and page, with how often and when last. relation: enum
-- access_relation; the purpose stands in the law's table of access.
-- kept
CREATE TABLE web_use (
    subject TEXT NOT NULL,
    used_day INTEGER NOT NULL,
    reader TEXT NOT NULL,
    about TEXT NOT NULL,
    route TEXT NOT NULL,
    relation INTEGER NOT NULL,
    times INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (subject, used_day, reader, about, route)
) WITHOUT ROWID, STRICT;
