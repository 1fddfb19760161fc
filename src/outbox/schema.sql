-- Work that a transaction left to be done outside it. What becomes of a row, and what each column is for: outbox.h.
-- due_ms of a row that waits for no time (held, failed) is INT64_MAX. run counts how often it was taken, for ever; tries
-- how often since it last got on.
-- kept
CREATE TABLE outbox_row (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    lane TEXT NOT NULL,
    payload BLOB NOT NULL,
    state INTEGER NOT NULL,
    run INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    added_ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    error TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX outbox_row_key ON outbox_row (kind, key);
CREATE INDEX outbox_row_due ON outbox_row (kind, due_ms, id);
CREATE INDEX outbox_row_lane ON outbox_row (kind, lane, id);
CREATE INDEX outbox_row_state ON outbox_row (state, id);

-- How many rows of each kind there are, so that a limit costs no counting; and under the empty name the last id that was
-- given: an id is never given twice, also when its row is long gone.
-- kept
CREATE TABLE outbox_tally (
    name TEXT PRIMARY KEY,
    n INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
