-- case_view_put :write  A case after an act.
INSERT INTO case_view (id, item, office, party, filed_by, case_status, opened_day, due_limit, due_day, last_seq)
VALUES (:id, :item, :office, :party, :filed_by, :case_status, :opened_day, :due_limit, :due_day, :last_seq)
ON CONFLICT (id) DO UPDATE SET office = excluded.office, case_status = excluded.case_status, due_limit = excluded.due_limit, due_day = excluded.due_day,
    last_seq = excluded.last_seq;

-- case_view_of_party :rows  The cases of a party, newest first.
SELECT id, item, office, party, case_status, opened_day, due_limit, due_day, last_seq FROM case_view
WHERE party = :party ORDER BY last_seq DESC LIMIT :count$int;

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
