-- Cases as people look for them. told_seq: the last act that the party was told of or did itself; 0 while there is none.
CREATE TABLE case_view (
    id TEXT PRIMARY KEY,
    item TEXT NOT NULL,
    office TEXT NOT NULL,
    party TEXT NOT NULL,
    filed_by TEXT NOT NULL,
    case_status TEXT NOT NULL,
    opened_day INTEGER NOT NULL,
    due_limit TEXT NOT NULL,
    due_day INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    told_seq INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX case_view_party ON case_view (party, last_seq);
CREATE INDEX case_view_office ON case_view (office, due_day, id);

-- Who else acts in a case: parties and offices that its facts name, once they were told of something in it.
CREATE TABLE case_other (
    other TEXT NOT NULL,
    case_id TEXT NOT NULL,
    told_seq INTEGER NOT NULL,
    PRIMARY KEY (other, case_id)
) WITHOUT ROWID, STRICT;
CREATE INDEX case_other_newest ON case_other (other, told_seq);

-- What an office did late: which limit, when it was due, and the act by which it was done at last.
CREATE TABLE case_late (
    case_id TEXT NOT NULL,
    limit_id TEXT NOT NULL,
    office TEXT NOT NULL,
    item TEXT NOT NULL,
    due_day INTEGER NOT NULL,
    done_day INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (case_id, limit_id, due_day)
) WITHOUT ROWID, STRICT;
CREATE INDEX case_late_office ON case_late (office, done_day);

-- The public register of decisions: published acts, by day.
CREATE TABLE case_decision (
    seq INTEGER PRIMARY KEY,
    case_id TEXT NOT NULL,
    item TEXT NOT NULL,
    office TEXT NOT NULL,
    kind TEXT NOT NULL,
    decided_day INTEGER NOT NULL,
    public_facts TEXT NOT NULL
) STRICT;
