-- People and organisations as the ledger registered them, and officers by name. code: the identity
-- card or credit code, by which the counter finds them. Facts are JSON, fact id to value.
CREATE TABLE party_register (
    id TEXT PRIMARY KEY,
    party_kind TEXT NOT NULL,
    display_name TEXT NOT NULL,
    code TEXT NOT NULL,
    facts TEXT NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
CREATE INDEX party_register_code ON party_register (code);

-- Who died or was dissolved, on which day and how; seq: the act that registered it.
CREATE TABLE party_ended (
    id TEXT PRIMARY KEY,
    day TEXT NOT NULL,
    how TEXT NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
