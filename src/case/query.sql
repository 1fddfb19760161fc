-- case_view_put :write  A case after an act.
INSERT INTO case_view (id, item, office, party, filed_by, case_status, opened_day, due_limit, due_day, last_seq, told_seq)
VALUES (:id, :item, :office, :party, :filed_by, :case_status, :opened_day, :due_limit, :due_day, :last_seq, :told_seq)
ON CONFLICT (id) DO UPDATE SET office = excluded.office, case_status = excluded.case_status, due_limit = excluded.due_limit, due_day = excluded.due_day,
    last_seq = excluded.last_seq,
    told_seq = CASE WHEN excluded.told_seq > 0 THEN excluded.told_seq ELSE case_view.told_seq END;

-- case_view_get :row  Was the party told of anything in a case, and what is due first.
SELECT told_seq, due_limit, due_day FROM case_view WHERE id = :id;

-- case_late_put :write  A limit of an office was kept late.
INSERT INTO case_late (case_id, limit_id, office, item, due_day, done_day, seq)
VALUES (:case_id, :limit_id, :office, :item, :due_day, :done_day, :seq)
ON CONFLICT (case_id, limit_id, due_day) DO NOTHING;

-- case_late_of_office :rows  What an office did late since a day, the newest first.
SELECT case_id, limit_id, item, due_day, done_day, seq FROM case_late
WHERE office = :office AND done_day >= :day$int ORDER BY done_day DESC, case_id LIMIT :count$int;

-- case_other_put :write  Somebody a case names was told of something in it.
INSERT INTO case_other (other, case_id, told_seq) VALUES (:other, :case_id, :told_seq)
ON CONFLICT (other, case_id) DO UPDATE SET told_seq = excluded.told_seq;

-- case_other_told :row  Was somebody told of anything in a case that names them?
SELECT told_seq FROM case_other WHERE other = :other AND case_id = :case_id;

-- case_other_list :rows  The cases that name somebody, the newest first.
SELECT v.id, v.item, v.office, v.party, v.case_status, v.due_limit, v.due_day, o.told_seq
FROM case_other AS o JOIN case_view AS v ON v.id = o.case_id
WHERE o.other = :other ORDER BY o.told_seq DESC LIMIT :count$int;

-- case_view_late :rows  How many cases of an office are late, as far as a bound.
SELECT count(*) AS late$int FROM (SELECT 1 FROM case_view WHERE office = :office AND due_day > 0 AND due_day < :day$int LIMIT :count$int) AS x;

-- case_view_of_party :rows  The cases of a party, newest first.
SELECT id, item, office, party, case_status, opened_day, due_limit, due_day, last_seq FROM case_view
WHERE party = :party AND told_seq > 0 ORDER BY last_seq DESC LIMIT :count$int;

-- case_view_status :write  The status of a case is called otherwise.
UPDATE case_view SET case_status = :case_status WHERE id = :id;

-- case_view_due :write  What is due first is another day.
UPDATE case_view SET due_limit = :due_limit, due_day = :due_day WHERE id = :id;

-- case_view_of_office :rows  The cases of an office by what is due first.
SELECT id, item, office, party, case_status, opened_day, due_limit, due_day, last_seq FROM case_view
WHERE office = :office AND due_day > 0 AND (due_day > :day$int OR (due_day = :day$int AND id > :id)) ORDER BY due_day, id LIMIT :count$int;

-- case_decision_put :write  Publish a decision.
INSERT INTO case_decision (seq, case_id, item, office, kind, decided_day, public_facts)
VALUES (:seq, :case_id, :item, :office, :kind, :decided_day, :public_facts);

-- case_decision_list :rows  Decisions before one, newest first.
SELECT seq, case_id, item, office, kind, decided_day, public_facts FROM case_decision WHERE seq < :seq ORDER BY seq DESC LIMIT :count$int;

-- case_decision_copies :rows  Decisions of a case published from one act until before another.
SELECT seq, public_facts FROM case_decision WHERE case_id = :case_id AND seq >= :seq AND seq < :until$int ORDER BY seq;

-- case_decision_say :write  A decision says less now.
UPDATE case_decision SET public_facts = :public_facts WHERE seq = :seq;

-- case_waiting_add :write  A draft waits for its second officer.
INSERT INTO case_waiting (id, sender, signer, kind, case_id, item, for_id, fields, files, digest, nonce, assurance, proven_ms, sent_ms, until_ms, state, why, seq)
VALUES (:id, :sender, :signer, :kind, :case_id, :item, :for_id, :fields, :files, :digest, :nonce, :assurance, :proven_ms, :sent_ms, :until_ms, 'waits', '', -1);

-- case_waiting_get :row  A draft that waits, or waited.
SELECT id, sender, signer, kind, case_id, item, for_id, fields, files, digest, nonce, assurance, proven_ms, sent_ms, until_ms, state, why, seq
FROM case_waiting WHERE id = :id;

-- case_waiting_of_signer :rows  What waits for an officer's signature now, the oldest first.
SELECT id, sender, signer, kind, case_id, item, for_id, sent_ms, until_ms, state, seq FROM case_waiting
WHERE signer = :signer AND state = 'waits' AND until_ms > :now$int ORDER BY sent_ms, id LIMIT :count$int;

-- case_waiting_of_sender :rows  What an officer sent, the newest first.
SELECT id, sender, signer, kind, case_id, item, for_id, sent_ms, until_ms, state, seq FROM case_waiting
WHERE sender = :sender ORDER BY sent_ms DESC, id LIMIT :count$int;

-- case_waiting_count :row  How much of what an officer sent waits now.
SELECT count(*) AS waiting$int FROM case_waiting WHERE sender = :sender AND state = 'waits' AND until_ms > :now$int;

-- case_waiting_sign :write  It was signed, and is an act now: the vault has what it said.
UPDATE case_waiting SET state = 'signed', seq = :seq, fields = '', files = '' WHERE id = :id;

-- case_waiting_end :write  It will not be signed.
UPDATE case_waiting SET state = :state, why = :why WHERE id = :id;

-- case_waiting_withdraw :write  Its sender took it back: nothing of it stays.
UPDATE case_waiting SET state = 'withdrawn', why = '', fields = '', files = '' WHERE id = :id;

-- case_waiting_old :rows  Drafts whose end lies before.
SELECT id FROM case_waiting WHERE until_ms < :before$int ORDER BY until_ms LIMIT :count$int;

-- case_waiting_remove :write  Forget one.
DELETE FROM case_waiting WHERE id = :id;
