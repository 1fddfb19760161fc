-- web_session_add :write  A browser signed in.
INSERT INTO web_session (id, id_hash, actor_kind, actor, name, assurance, methods, since_ms, begun_ms, seen_ms, agent, address)
VALUES (:id, :id_hash, :actor_kind, :actor, :name, :assurance, :methods, :since_ms, :begun_ms, :seen_ms, :agent, :address)
ON CONFLICT (id) DO UPDATE SET id_hash = excluded.id_hash, assurance = excluded.assurance, methods = excluded.methods,
    since_ms = excluded.since_ms, begun_ms = excluded.begun_ms, seen_ms = excluded.seen_ms, agent = excluded.agent, address = excluded.address;

-- web_session_see :write  It was used again.
UPDATE web_session SET seen_ms = :seen_ms WHERE id = :id;

-- web_session_remove :write  It signed out, or was ended.
DELETE FROM web_session WHERE id = :id;

-- web_session_expire :write  Those that nobody could use any more.
DELETE FROM web_session WHERE seen_ms < :seen_before$int OR begun_ms < :begun_before$int;

-- web_session_list :rows  All that last, newest first.
SELECT id, id_hash, actor_kind, actor, name, assurance, methods, since_ms, begun_ms, seen_ms, agent, address
FROM web_session ORDER BY seen_ms DESC, id LIMIT :count$int;

-- web_use_add :write  Someone's data were read.
INSERT INTO web_use (subject, used_day, reader, about, route, relation, times, last_ms)
VALUES (:subject, :used_day, :reader, :about, :route, :relation, 1, :last_ms)
ON CONFLICT (subject, used_day, reader, about, route) DO UPDATE SET times = web_use.times + 1, last_ms = excluded.last_ms,
    relation = excluded.relation;

-- web_use_list :rows  Who read someone's data, newest first.
SELECT used_day, reader, about, route, relation, times FROM web_use
WHERE subject = :subject AND used_day >= :used_day ORDER BY used_day DESC, last_ms DESC, reader, about, route LIMIT :count$int;
