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

-- One running or ended procedure. law_seq: the last publication it began under.
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
    facts TEXT NOT NULL
) STRICT;
CREATE INDEX gate_case_party ON gate_case (party);

-- What cases are about, by the facts that their items call their subject: a licence by its number ("licence"), or the value of a
-- fact by its id. seq: the act of the case after which its facts said so.
CREATE TABLE gate_subject (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    case_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    fact TEXT NOT NULL,
    PRIMARY KEY (kind, subject, case_id, seq)
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_subject_case ON gate_subject (case_id);

-- Cases that keep the law they began under though a publication carries such cases over: that publication (its act and day),
-- the step of the procedure that does not fit the new one, and how: a word of bpmn_misfit_word; "item": the new law does
-- not know the item, or it has no procedure.
CREATE TABLE gate_kept (
    case_id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    day INTEGER NOT NULL,
    element TEXT NOT NULL,
    why TEXT NOT NULL
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

-- Papers that must be served, one row for each on whom: act `seq` drew it on drawn_day. served_day -1: not served. way: a code
-- of the table `service-way`. Served by act by_seq, which was admitted on told_day: by the paper's own act where it entered
-- the ledger for one who had agreed to electronic service.
CREATE TABLE gate_paper (
    case_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    party TEXT NOT NULL,
    kind TEXT NOT NULL,
    drawn_day INTEGER NOT NULL,
    served_day INTEGER NOT NULL,
    way TEXT NOT NULL,
    by_seq INTEGER NOT NULL,
    told_day INTEGER NOT NULL,
    PRIMARY KEY (case_id, seq, party)
) WITHOUT ROWID, STRICT;
CREATE INDEX gate_paper_waiting ON gate_paper (served_day, case_id);

-- Legal clocks of a case. paper: the act whose paper they wait for, and since its service count from; -1: none. stopped_day -1: not stopped. ended_day -1: not met yet. stops: JSON list of
-- [from, to, by kind of act, its sequence] of each time it stood; to is -1 while it stands.
CREATE TABLE gate_clock (
    case_id TEXT NOT NULL,
    limit_id TEXT NOT NULL,
    started_day INTEGER NOT NULL,
    due_day INTEGER NOT NULL,
    promised_day INTEGER NOT NULL,
    extra_n INTEGER NOT NULL,
    stops TEXT NOT NULL,
    paper INTEGER NOT NULL,
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

-- Acts of a case, and who did them: the accounts of who acted (empty: the clock, the node) and of who signed as second
-- (empty: nobody). For its pages, and for separation of persons.
CREATE TABLE gate_act (
    case_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    second TEXT NOT NULL,
    PRIMARY KEY (case_id, seq)
) WITHOUT ROWID, STRICT;

-- Idempotency: the first act of this actor under this key.
CREATE TABLE gate_key (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) WITHOUT ROWID, STRICT;

-- How far a rebuilding of the views has come: one row while it goes on, none else. It is a view itself, so that views which are
-- made anew once more begin from the first act.
CREATE TABLE gate_rebuild (
    id INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    frontier BLOB NOT NULL
) STRICT;

-- Changes of law to which not all cases are brought up (catch_up.c): all up to and with the case `place` are. `at` is the place
-- of the change among the acts: all before it happened under the law before. Each law is named by its newest publication and
-- its day. And cases that were brought up out of their turn, to which change. Both are empty when nothing is behind, as they
-- are after replay.
CREATE TABLE gate_behind (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    pack TEXT NOT NULL,
    law_seq INTEGER NOT NULL,
    law_day INTEGER NOT NULL,
    before_seq INTEGER NOT NULL,
    before_day INTEGER NOT NULL,
    place TEXT NOT NULL
) STRICT;
CREATE TABLE gate_caught (
    case_id TEXT PRIMARY KEY,
    id INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- Versions of packs that were published before the first day on which they are in force (begin.c). begun: 1 when that day has
-- come, and what it does to the cases is done or stands in gate_behind.
CREATE TABLE gate_ahead (
    seq INTEGER PRIMARY KEY,
    pack TEXT NOT NULL,
    day INTEGER NOT NULL,
    begun INTEGER NOT NULL
) STRICT;
