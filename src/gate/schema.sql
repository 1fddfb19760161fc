-- The ledger and the vault: what everything else is rebuilt from.

-- kept
CREATE TABLE gate_ledger_head (
    id INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    frontier BLOB NOT NULL,
    note TEXT NOT NULL
) STRICT;

-- kept
CREATE TABLE gate_ledger_entry (
    seq INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    leaf TEXT NOT NULL
) STRICT;

-- kept
CREATE TABLE gate_ledger_hash (
    level INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, idx)
) WITHOUT ROWID, STRICT;

-- kept
CREATE TABLE gate_vault_act (
    seq INTEGER PRIMARY KEY,
    content TEXT NOT NULL
) STRICT;

-- A file by its digest. uses: how often it was handed in; it goes when each of these was erased.
-- kept
CREATE TABLE gate_vault_blob (
    sha256 TEXT PRIMARY KEY,
    uses INTEGER NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- A document as its act drew it up, in Chinese and English. Gone when a value it shows was erased.
-- kept
CREATE TABLE gate_vault_document (
    seq INTEGER PRIMARY KEY,
    zh TEXT NOT NULL,
    en TEXT NOT NULL
) STRICT;

-- Refusals are no acts: they change nothing and stand in no ledger.
-- kept
CREATE TABLE gate_refusal (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    case_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    check_name TEXT NOT NULL,
    code TEXT NOT NULL,
    article TEXT NOT NULL
) STRICT;

-- What the gate must know to judge the next act. All of it is rebuilt by replay.

-- A pack published by the act of this sequence; its text is a blob of the vault, by digest.
CREATE TABLE gate_pack (
    seq INTEGER PRIMARY KEY,
    pack TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    from_day INTEGER NOT NULL
) STRICT;

-- Who may act: persons and organisations as parties, people in offices as officers, administrators. person: the
-- register id of the natural person who holds the office, so that one person is seen as one; empty when not given.
CREATE TABLE gate_actor (
    id TEXT PRIMARY KEY,
    actor_kind TEXT NOT NULL,
    office TEXT NOT NULL,
    roles TEXT NOT NULL,
    person TEXT NOT NULL,
    from_day INTEGER NOT NULL,
    until_day INTEGER NOT NULL
) STRICT;
CREATE INDEX gate_actor_person ON gate_actor (person);

-- Relations between people: agent, legal representative (may act for), kin, owner, partner (bars from deciding).
-- scope: a JSON list of the items an authority is for; empty: all.
CREATE TABLE gate_relation (
    a TEXT NOT NULL,
    b TEXT NOT NULL,
    relation TEXT NOT NULL,
    scope TEXT NOT NULL,
    from_day INTEGER NOT NULL,
    until_day INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (a, b, relation)
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_relation_b ON gate_relation (b, a);

-- One running or ended procedure. law_seq: the last publication it began under. acts: JSON, kind to
-- the list of those who did it, for separation of persons.
CREATE TABLE gate_case (
    id TEXT PRIMARY KEY,
    item TEXT NOT NULL,
    office TEXT NOT NULL,
    party TEXT NOT NULL,
    filed_by TEXT NOT NULL,
    status TEXT NOT NULL,
    opened_day INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    law_seq INTEGER NOT NULL,
    law_day INTEGER NOT NULL,
    tokens BLOB NOT NULL,
    facts TEXT NOT NULL,
    acts TEXT NOT NULL
) STRICT;

-- Who may not open a case of a matter (a type of licence, or an item that leads to none) up to and on until_day, because of
-- the act of this sequence.
CREATE TABLE gate_bar (
    party TEXT NOT NULL,
    matter TEXT NOT NULL,
    seq INTEGER NOT NULL,
    limit_id TEXT NOT NULL,
    until_day INTEGER NOT NULL,
    PRIMARY KEY (party, matter, seq)
) WITHOUT ROWID, STRICT;

-- Legal clocks of a case. stopped_day -1: not stopped. ended_day -1: not met yet. stops: JSON list of
-- [from, to, by kind of act, its sequence] of each time it stood; to is -1 while it stands.
CREATE TABLE gate_clock (
    case_id TEXT NOT NULL,
    limit_id TEXT NOT NULL,
    started_day INTEGER NOT NULL,
    due_day INTEGER NOT NULL,
    promised_day INTEGER NOT NULL,
    extra_n INTEGER NOT NULL,
    stops TEXT NOT NULL,
    stopped_day INTEGER NOT NULL,
    stopped_by TEXT NOT NULL,
    ended_day INTEGER NOT NULL,
    provisional INTEGER NOT NULL,
    PRIMARY KEY (case_id, limit_id)
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_clock_provisional ON gate_clock (provisional, case_id, limit_id);

-- Timers of the procedure: after due_day the clock acts. Gone when the procedure cancels them.
CREATE TABLE gate_timer (
    case_id TEXT NOT NULL,
    timer TEXT NOT NULL,
    kind TEXT NOT NULL,
    limit_id TEXT NOT NULL,
    due_day INTEGER NOT NULL,
    PRIMARY KEY (case_id, timer)
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_timer_due ON gate_timer (due_day, case_id, timer);

-- Acts of a case, for its pages and for gate_case_acts.
CREATE TABLE gate_act (
    case_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (case_id, seq)
) WITHOUT ROWID, STRICT;

-- Idempotency: the first act of this actor under this key.
CREATE TABLE gate_key (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) WITHOUT ROWID, STRICT;
