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

-- Whom a person may act for, in which items (with blanks between; empty: all), from the first to the last day.
CREATE TABLE party_relation (
    person TEXT NOT NULL,
    other TEXT NOT NULL,
    relation TEXT NOT NULL,
    scope TEXT NOT NULL,
    from_day INTEGER NOT NULL,
    until_day INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (person, other, relation)
) WITHOUT ROWID, STRICT;
