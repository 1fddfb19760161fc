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
