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

-- A draft that waits for its second officer (waiting.c). fields, files: what was sent, empty once it stands in the vault;
-- files names the uploads that hold it. state: "waits", "signed", "declined", "refused", "withdrawn". why: the reason that
-- was given, or the refusal of the gate as JSON. seq: the act it became.
-- kept
CREATE TABLE case_waiting (
    id TEXT PRIMARY KEY,
    sender TEXT NOT NULL,
    signer TEXT NOT NULL,
    kind TEXT NOT NULL,
    case_id TEXT NOT NULL,
    item TEXT NOT NULL,
    for_id TEXT NOT NULL,
    fields TEXT NOT NULL,
    files TEXT NOT NULL,
    digest TEXT NOT NULL,
    nonce TEXT NOT NULL,
    assurance INTEGER NOT NULL,
    proven_ms INTEGER NOT NULL,
    sent_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
CREATE INDEX case_waiting_sender ON case_waiting (sender, sent_ms);
CREATE INDEX case_waiting_signer ON case_waiting (signer, sent_ms);
CREATE INDEX case_waiting_until ON case_waiting (until_ms);
