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
