-- Licences and their status, as issued, renewed, corrected, revoked and cancelled by acts.
CREATE TABLE licence_register (
    number TEXT PRIMARY KEY,
    licence_type TEXT NOT NULL,
    holder TEXT NOT NULL,
    party TEXT NOT NULL,
    office TEXT NOT NULL,
    from_day INTEGER NOT NULL,
    until_day INTEGER NOT NULL,
    licence_status TEXT NOT NULL,
    public_facts TEXT NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
CREATE INDEX licence_register_party ON licence_register (party, number);

-- Which act gave a licence what it says: from the facts of this case it copied these (with blanks around each), its holder among
-- them when holder is the fact that names one. So a value can be erased from the register when what was said is.
CREATE TABLE licence_copy (
    number TEXT NOT NULL,
    seq INTEGER NOT NULL,
    case_id TEXT NOT NULL,
    facts TEXT NOT NULL,
    holder TEXT NOT NULL,
    PRIMARY KEY (number, seq)
) WITHOUT ROWID, STRICT;
CREATE INDEX licence_copy_case ON licence_copy (case_id, seq);
