-- Who may act, and how people stand to each other. Rebuilt by replay.

-- Who may act: persons and organisations as parties, people in offices as officers, administrators. person: the
-- register id of the natural person who holds the office, so that one person is seen as one; empty when not given.
CREATE TABLE people_actor (
    id TEXT PRIMARY KEY,
    actor_kind TEXT NOT NULL,
    office TEXT NOT NULL,
    roles TEXT NOT NULL,
    person TEXT NOT NULL,
    from_day INTEGER NOT NULL,
    until_day INTEGER NOT NULL
) STRICT;
CREATE INDEX people_actor_person ON people_actor (person);
CREATE INDEX people_actor_office ON people_actor (office);

-- Relations between people: agent, legal representative (may act for), kin, owner, partner (bars from deciding).
-- scope: a JSON list of the items an authority is for; empty: all.
CREATE TABLE people_relation (
    a TEXT NOT NULL,
    b TEXT NOT NULL,
    relation TEXT NOT NULL,
    scope TEXT NOT NULL,
    from_day INTEGER NOT NULL,
    until_day INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (a, b, relation)
) WITHOUT ROWID, STRICT;
CREATE INDEX people_relation_b ON people_relation (b, a);

-- Who agreed, by a signed confirmation of address, that papers reach them electronically, and until which day.
CREATE TABLE people_delivery (
    party TEXT PRIMARY KEY,
    from_day INTEGER NOT NULL,
    until_day INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
