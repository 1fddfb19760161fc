-- gate_head_get :row  The size and frontier of the tree and the latest signed checkpoint.
SELECT size, frontier, note FROM gate_ledger_head WHERE id = 1;

-- gate_head_set :write  Move the head; there is one row.
INSERT INTO gate_ledger_head (id, size, frontier, note) VALUES (1, :size, :frontier, :note)
ON CONFLICT (id) DO UPDATE SET size = excluded.size, frontier = excluded.frontier, note = excluded.note;

-- gate_entry_add :write  Append a leaf.
INSERT INTO gate_ledger_entry (seq, hash, leaf) VALUES (:seq, :hash, :leaf);

-- gate_entry_get :row  One leaf with its hash.
SELECT seq, hash, leaf FROM gate_ledger_entry WHERE seq = :seq;

-- gate_entry_range :rows  Leaves from a place on, in order.
SELECT seq, hash, leaf FROM gate_ledger_entry WHERE seq >= :seq ORDER BY seq LIMIT :count$int;

-- gate_hash_add :write  Keep the root of a full tile.
INSERT INTO gate_ledger_hash (level, idx, hash) VALUES (:level, :idx, :hash);

-- gate_hash_get :row  The root of a full tile.
SELECT hash FROM gate_ledger_hash WHERE level = :level AND idx = :idx;

-- gate_document_of_case :rows  The documents of a case.
SELECT d.seq, d.zh FROM vault_document AS d JOIN gate_act AS a ON a.seq = d.seq WHERE a.case_id = :case_id ORDER BY d.seq;

-- gate_document_of_party :rows  The documents of the cases of a party, after an act.
SELECT d.seq, d.zh, d.en FROM gate_case AS c JOIN gate_act AS a ON a.case_id = c.id JOIN vault_document AS d ON d.seq = a.seq
WHERE c.party = :party AND a.seq > :seq ORDER BY a.seq;

-- gate_refusal_add :write  Log a refusal; it is no act and leaves the ledger alone.
INSERT INTO gate_refusal (id, at_ms, kind, case_id, actor, check_name, code, article)
VALUES (:id, :at_ms, :kind, :case_id, :actor, :check_name, :code, :article);

-- gate_refusal_last :row  The newest number of the refusal log.
SELECT id FROM gate_refusal ORDER BY id DESC LIMIT 1;

-- gate_refusal_list :rows  Refusals before one, newest first.
SELECT id, at_ms, kind, case_id, actor, check_name, code, article FROM gate_refusal
WHERE id < :id ORDER BY id DESC LIMIT :count$int;

-- gate_case_get :row  A case as the gate keeps it.
SELECT id, item, office, party, filed_by, status, opened_day, closed, first_seq, last_seq, law_seq, law_day, tokens, facts
FROM gate_case WHERE id = :id;

-- gate_case_of_party :rows  The cases of a party but one, the newest first.
SELECT id, item, office, status, opened_day, closed, facts FROM gate_case
WHERE party = :party AND id <> :but$text ORDER BY first_seq DESC LIMIT :count$int;

-- gate_subject_put :write  A case is about this.
INSERT INTO gate_subject (kind, subject, case_id, seq, fact) VALUES (:kind, :subject, :case_id, :seq, :fact)
ON CONFLICT (kind, subject, case_id, seq) DO NOTHING;

-- gate_subject_forget :write  What a case said of it, from one act until before another, is erased.
DELETE FROM gate_subject WHERE case_id = :case_id AND fact = :fact AND seq >= :from_seq$int AND seq < :until$int;

-- gate_subject_open :rows  The running cases of a party about one thing, the newest first.
SELECT c.id AS case_id, c.item FROM gate_subject AS s JOIN gate_case AS c ON c.id = s.case_id
WHERE s.kind = :kind AND s.subject = :subject AND c.party = :party AND c.closed = 0 ORDER BY c.first_seq DESC LIMIT 100;

-- gate_case_add :write  Open a case.
INSERT INTO gate_case (id, item, office, party, filed_by, status, opened_day, closed, first_seq, last_seq, law_seq, law_day, tokens, facts)
VALUES (:id, :item, :office, :party, :filed_by, :status, :opened_day, :closed, :first_seq, :last_seq, :law_seq, :law_day, :tokens, :facts);

-- gate_case_law :write  The case comes under a law published since, at the place where it stands.
UPDATE gate_case SET law_seq = :law_seq, law_day = :law_day, status = :status, tokens = :tokens WHERE id = :id;

-- gate_kept_set :write  A case keeps its law, because a step of it does not fit the new one.
INSERT INTO gate_kept (case_id, seq, day, element, why) VALUES (:case_id, :seq, :day, :element, :why)
ON CONFLICT (case_id) DO UPDATE SET seq = excluded.seq, day = excluded.day, element = excluded.element, why = excluded.why;

-- gate_kept_remove :write  The case came under the new law after all.
DELETE FROM gate_kept WHERE case_id = :case_id;

-- gate_kept_get :row  Does a case keep its law though newer law carries such cases over?
SELECT seq, day, element, why FROM gate_kept WHERE case_id = :case_id;

-- gate_case_running :rows  Cases that run, after one.
SELECT id FROM gate_case WHERE closed = 0 AND id > :id ORDER BY id LIMIT :count$int;

-- gate_case_after :rows  Cases after one: do they run, or does a clock of theirs?
SELECT id, closed, EXISTS (SELECT 1 FROM gate_clock k WHERE k.case_id = gate_case.id AND k.ended_day < 0) AS counts$int
FROM gate_case WHERE id > :id ORDER BY id LIMIT :count$int;

-- gate_case_last :row  The newest act of a case.
SELECT last_seq FROM gate_case WHERE id = :id;

-- gate_behind_list :rows  Changes of law to which not all cases are brought up, the oldest first.
SELECT id, at, pack, law_seq, law_day, before_seq, before_day, place FROM gate_behind ORDER BY id;

-- gate_behind_last :row  The newest of them.
SELECT id FROM gate_behind ORDER BY id DESC LIMIT 1;

-- gate_behind_add :write  The law is another from here on.
INSERT INTO gate_behind (id, at, pack, law_seq, law_day, before_seq, before_day, place)
VALUES (:id, :at, :pack, :law_seq, :law_day, :before_seq, :before_day, :place);

-- gate_behind_move :write  All cases up to this one are brought up.
UPDATE gate_behind SET place = :place WHERE id = :id;

-- gate_behind_remove :write  All are.
DELETE FROM gate_behind WHERE id = :id;

-- gate_caught_get :row  Up to which change of law a case was brought out of turn.
SELECT id FROM gate_caught WHERE case_id = :case_id;

-- gate_caught_set :write  A case was brought up out of turn.
INSERT INTO gate_caught (case_id, id) VALUES (:case_id, :id) ON CONFLICT (case_id) DO UPDATE SET id = excluded.id;

-- gate_caught_remove :write  The pass is there now.
DELETE FROM gate_caught WHERE case_id = :case_id;

-- gate_caught_clear :write  No case is behind any more.
DELETE FROM gate_caught WHERE id >= 0;

-- gate_ahead_add :write  A version was published before its first day.
INSERT INTO gate_ahead (seq, pack, day, begun) VALUES (:seq, :pack, :day, 0);

-- gate_ahead_first :row  The first of those whose day has not come.
SELECT day FROM gate_ahead WHERE begun = 0 ORDER BY day LIMIT 1;

-- gate_ahead_of_day :rows  Those that begin on a day, in the order they were published.
SELECT seq, pack FROM gate_ahead WHERE day = :day AND begun = 0 ORDER BY seq;

-- gate_ahead_begun :write  It has come.
UPDATE gate_ahead SET begun = 1 WHERE day = :day;

-- gate_ahead_last :row  The last that has.
SELECT day FROM gate_ahead WHERE begun = 1 ORDER BY day DESC LIMIT 1;

-- gate_case_move :write  The case after an act.
UPDATE gate_case SET office = :office, status = :status, closed = :closed, last_seq = :last_seq, tokens = :tokens,
    facts = :facts
WHERE id = :id;

-- gate_clock_list :rows  The clocks of a case.
SELECT case_id, limit_id, started_day, due_day, promised_day, extra_n, stops, paper, stopped_day, stopped_by, ended_day, provisional
FROM gate_clock WHERE case_id = :case_id ORDER BY limit_id;

-- gate_clock_set :write  Start or change a clock.
INSERT INTO gate_clock (case_id, limit_id, started_day, due_day, promised_day, extra_n, stops, paper, stopped_day, stopped_by, ended_day, provisional)
VALUES (:case_id, :limit_id, :started_day, :due_day, :promised_day, :extra_n, :stops, :paper, :stopped_day, :stopped_by, :ended_day, :provisional)
ON CONFLICT (case_id, limit_id) DO UPDATE SET started_day = excluded.started_day, due_day = excluded.due_day, promised_day = excluded.promised_day,
    extra_n = excluded.extra_n, stops = excluded.stops, paper = excluded.paper, stopped_day = excluded.stopped_day,
    stopped_by = excluded.stopped_by, ended_day = excluded.ended_day, provisional = excluded.provisional;

-- gate_paper_set :write  A paper is drawn up, or served.
INSERT INTO gate_paper (case_id, seq, party, kind, drawn_day, served_day, way, by_seq, told_day)
VALUES (:case_id, :seq, :party, :kind, :drawn_day, :served_day, :way, :by_seq, :told_day)
ON CONFLICT (case_id, seq, party) DO UPDATE SET served_day = excluded.served_day, way = excluded.way,
    by_seq = excluded.by_seq, told_day = excluded.told_day;

-- gate_paper_list :rows  The papers of a case.
SELECT case_id, seq, party, kind, drawn_day, served_day, way, by_seq, told_day
FROM gate_paper WHERE case_id = :case_id ORDER BY seq, party;

-- gate_paper_waiting :rows  What an office drew up and did not serve, the oldest first.
SELECT p.case_id, p.seq, p.party, p.kind, p.drawn_day
FROM gate_paper AS p JOIN gate_case AS c ON c.id = p.case_id
WHERE p.served_day = -1 AND c.office = :office ORDER BY p.seq LIMIT :count$int;

-- gate_clock_provisional :rows  Cases after one with a clock that runs past the known calendar.
SELECT DISTINCT case_id FROM gate_clock WHERE provisional = 1 AND ended_day < 0 AND case_id > :case_id
ORDER BY case_id LIMIT :count$int;

-- gate_timer_set :write  Set a timer of the procedure.
INSERT INTO gate_timer (case_id, timer, kind, limit_id, due_day) VALUES (:case_id, :timer, :kind, :limit_id, :due_day)
ON CONFLICT (case_id, timer) DO UPDATE SET kind = excluded.kind, limit_id = excluded.limit_id, due_day = excluded.due_day;

-- gate_timer_move :write  A clock moved: so do the timers that wait for it.
UPDATE gate_timer SET due_day = :due_day WHERE case_id = :case_id AND limit_id = :limit_id;

-- gate_timer_remove :write  A timer is cancelled or has acted.
DELETE FROM gate_timer WHERE case_id = :case_id AND timer = :timer;

-- gate_timer_list :rows  The timers of a case.
SELECT case_id, timer, kind, limit_id, due_day FROM gate_timer WHERE case_id = :case_id ORDER BY timer;

-- gate_timer_due :rows  Timers whose last day has passed, in order, from behind a place on.
SELECT case_id, timer, kind, limit_id, due_day FROM gate_timer
WHERE due_day < :day$int AND due_day >= :after_day$int
    AND (due_day > :after_day$int OR case_id > :after_case$text OR (case_id = :after_case$text AND timer > :after_timer$text))
ORDER BY due_day, case_id, timer LIMIT :count$int;

-- gate_owed_list :rows  Cases in which the node itself is awaited, from one on.
SELECT case_id, kind FROM gate_timer WHERE due_day = :never$int AND case_id > :case_id ORDER BY case_id LIMIT :count$int;

-- gate_act_add :write  An act of a case.
INSERT INTO gate_act (seq, case_id, kind, actor, second) VALUES (:seq, :case_id, :kind, :actor, :second);

-- gate_act_of_case :rows  The acts of a case in order.
SELECT seq, kind FROM gate_act WHERE case_id = :case_id ORDER BY seq LIMIT :count$int;

-- gate_done_in_case :rows  What was done in a case and by whom, each once, in the order of the first time.
SELECT kind, actor, second, MIN(seq) AS first$int FROM gate_act WHERE case_id = :case_id
GROUP BY kind, actor, second ORDER BY first;

-- gate_key_get :row  The act that came first under this key.
SELECT seq FROM gate_key WHERE owner = :owner AND key = :key;

-- gate_key_add :write  Remember a key.
INSERT INTO gate_key (owner, key, seq) VALUES (:owner, :key, :seq);

-- gate_bar_put :write  A party may not open a case of this matter until after that day.
INSERT INTO gate_bar (party, matter, seq, limit_id, until_day) VALUES (:party, :matter, :seq, :limit_id, :until_day);

-- gate_bar_get :row  What bars a party on a day, the longest.
SELECT limit_id, until_day FROM gate_bar WHERE party = :party AND matter = :matter AND until_day >= :day$int
ORDER BY until_day DESC, seq DESC LIMIT 1;

-- gate_rebuild_get :row  How far the rebuilding has come.
SELECT size, frontier FROM gate_rebuild WHERE id = 1;

-- gate_rebuild_set :write  It has come so far.
INSERT INTO gate_rebuild (id, size, frontier) VALUES (1, :size, :frontier)
ON CONFLICT (id) DO UPDATE SET size = excluded.size, frontier = excluded.frontier;

-- gate_rebuild_end :write  It is done.
DELETE FROM gate_rebuild WHERE id = 1;
