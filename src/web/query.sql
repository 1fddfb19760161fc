-- web_use_add :write  Someone's data were read.
INSERT INTO web_use (subject, used_day, reader, about, route, relation, times, last_ms)
VALUES (:subject, :used_day, :reader, :about, :route, :relation, 1, :last_ms)
ON CONFLICT (subject, used_day, reader, about, route) DO UPDATE SET times = web_use.times + 1, last_ms = excluded.last_ms,
    relation = excluded.relation;

-- web_use_list :rows  Who read someone's data, newest first.
SELECT used_day, reader, about, route, relation, times FROM web_use
WHERE subject = :subject AND used_day >= :used_day ORDER BY used_day DESC, last_ms DESC, reader, about, route LIMIT :count$int;
