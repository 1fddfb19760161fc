-- store_meta_get :row  one remembered value
SELECT value FROM store_meta WHERE name = :name;

-- store_meta_put :write  remember a value, in place of the former one
INSERT INTO store_meta (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- store_session_add :write  a browser signed in
INSERT INTO store_session (id, id_hash, actor_kind, actor, name, assurance, methods, since_ms, begun_ms, seen_ms, agent, address)
VALUES (:id, :id_hash, :actor_kind, :actor, :name, :assurance, :methods, :since_ms, :begun_ms, :seen_ms, :agent, :address);

-- store_session_by_hash :row  whose browser this cookie is of, while it lasts
SELECT id, actor_kind, actor, name, assurance, methods, since_ms, begun_ms, seen_ms FROM store_session
WHERE id_hash = :id_hash AND seen_ms > :seen_after$int AND begun_ms > :begun_after$int;

-- store_session_of_actor :rows  where somebody is signed in, the last used first
SELECT id, assurance, methods, begun_ms, seen_ms, agent, address FROM store_session
WHERE actor = :actor AND seen_ms > :seen_after$int AND begun_ms > :begun_after$int ORDER BY seen_ms DESC, id LIMIT :count$int;

-- store_session_see :write  it was used again
UPDATE store_session SET seen_ms = :seen_ms WHERE id = :id AND seen_ms < :seen_ms;

-- store_session_remove :count  it ended, or goes on under another cookie
DELETE FROM store_session WHERE id = :id;

-- store_session_over :rows  some that nobody can use any more
SELECT id FROM store_session WHERE seen_ms <= :seen_until$int OR begun_ms <= :begun_until$int LIMIT :count$int;

-- store_session_count :row  how many there are
SELECT COUNT(*) AS sessions$int FROM store_session;

-- store_session_oldest :row  the one longest unseen
SELECT id FROM store_session ORDER BY seen_ms, id LIMIT 1;

-- store_session_gone_add :write  a session ended
INSERT INTO store_session_gone (id, at_ms) VALUES (:id, :at_ms) ON CONFLICT (id) DO NOTHING;

-- store_session_gone_list :rows  those that have ended and nobody has read of yet, the first first
SELECT id FROM store_session_gone ORDER BY at_ms, id LIMIT :count$int;

-- store_session_gone_remove :write  it was read
DELETE FROM store_session_gone WHERE id = :id;

-- store_session_gone_forget :write  nobody here reads of them
DELETE FROM store_session_gone WHERE at_ms <= :until$int;

-- store_bound_get :row  when the bucket has run empty
SELECT until_ms FROM store_bound WHERE digest = :digest;

-- store_bound_set :write  a try was counted, or given back
INSERT INTO store_bound (digest, until_ms) VALUES (:digest, :until_ms)
ON CONFLICT (digest) DO UPDATE SET until_ms = excluded.until_ms;

-- store_bound_sweep :write  forget those that have run empty
DELETE FROM store_bound WHERE until_ms <= :now_ms$int;

-- store_bound_spare :write  forget the emptiest beyond a number
DELETE FROM store_bound WHERE until_ms <= (SELECT until_ms FROM store_bound ORDER BY until_ms DESC LIMIT 1 OFFSET :most$int);

-- store_ticket_put :write  something was given out
INSERT INTO store_ticket (hash, kind, text, until_ms) VALUES (:hash, :kind, :text, :until_ms)
ON CONFLICT (hash) DO UPDATE SET text = excluded.text, until_ms = excluded.until_ms;

-- store_ticket_get :row  what it stands for
SELECT text, until_ms FROM store_ticket WHERE hash = :hash AND kind = :kind;

-- store_ticket_remove :write  it is used up
DELETE FROM store_ticket WHERE hash = :hash;

-- store_ticket_clear :write  none of a kind counts any more
DELETE FROM store_ticket WHERE kind = :kind;

-- store_ticket_sweep :write  forget what is over
DELETE FROM store_ticket WHERE until_ms <= :now_ms$int;

-- store_ticket_count :row  how many there are
SELECT COUNT(*) AS tickets$int FROM store_ticket;
