-- outbox_tally_get :row  How many rows of a kind, or under the empty name the last id.
SELECT n FROM outbox_tally WHERE name = :name;

-- outbox_tally_put :write  Set it.
INSERT INTO outbox_tally (name, n) VALUES (:name, :n) ON CONFLICT (name) DO UPDATE SET n = excluded.n;

-- outbox_find :row  Is this job there?
SELECT id FROM outbox_row WHERE kind = :kind AND key = :key;

-- outbox_lane_first :row  The row of a lane whose turn it is.
SELECT id, state FROM outbox_row WHERE kind = :kind AND lane = :lane ORDER BY id LIMIT 1;

-- outbox_insert :write  A new row.
INSERT INTO outbox_row (id, kind, key, lane, payload, state, run, tries, due_ms, added_ms, seq, error)
VALUES (:id, :kind, :key, :lane, :payload, :state, 0, 0, :due_ms, :added_ms, :seq, '');

-- outbox_due_rows :rows  Rows of a kind whose time has come, the longest due first.
SELECT id, kind, key, lane, payload, state, run, tries, due_ms, added_ms, seq, error FROM outbox_row
WHERE kind = :kind AND due_ms <= :now$int ORDER BY due_ms, id LIMIT :count$int;

-- outbox_get :row  One row.
SELECT id, kind, key, lane, payload, state, run, tries, due_ms, added_ms, seq, error FROM outbox_row WHERE id = :id;

-- outbox_in_state :rows  Rows in one state, by id, from an id on.
SELECT id, kind, key, lane, payload, state, run, tries, due_ms, added_ms, seq, error FROM outbox_row
WHERE state = :state AND id > :after$int ORDER BY id LIMIT :count$int;

-- outbox_take_row :write  A run begins.
UPDATE outbox_row SET state = :state, run = run + 1, tries = tries + 1, due_ms = :due_ms WHERE id = :id;

-- outbox_move :write  A run ended without the row being done, or it is armed again, or its turn came.
UPDATE outbox_row SET state = :state, tries = :tries, due_ms = :due_ms, error = :error WHERE id = :id;

-- outbox_payload :write  What is left to do.
UPDATE outbox_row SET payload = :payload WHERE id = :id;

-- outbox_remove :write  It is done, or nobody wants it any more.
DELETE FROM outbox_row WHERE id = :id;

-- outbox_old :rows  Rows in a state that were added before an instant.
SELECT id FROM outbox_row WHERE state = :state AND added_ms < :before$int ORDER BY id LIMIT :count$int;
