-- people_actor_get :row  Who this is, as of the ledger.
SELECT id, actor_kind, office, roles, person, from_day, until_day FROM people_actor WHERE id = :id;

-- people_actor_of_person :rows  The offices a natural person holds on a day.
SELECT id, actor_kind, roles FROM people_actor
WHERE person = :person AND from_day <= :day$int AND until_day > :day$int ORDER BY id;

-- people_actor_of_office :rows  The officers of an office on a day.
SELECT id, actor_kind, office, roles, person FROM people_actor
WHERE office = :office AND from_day <= :day$int AND until_day > :day$int ORDER BY id LIMIT :count$int;

-- people_actor_set :write  Register or change an actor.
INSERT INTO people_actor (id, actor_kind, office, roles, person, from_day, until_day)
VALUES (:id, :actor_kind, :office, :roles, :person, :from_day, :until_day)
ON CONFLICT (id) DO UPDATE SET actor_kind = excluded.actor_kind, office = excluded.office, roles = excluded.roles,
    person = excluded.person, from_day = excluded.from_day, until_day = excluded.until_day;

-- people_relation_set :write  Register a relation, or end it.
INSERT INTO people_relation (a, b, relation, scope, from_day, until_day, seq)
VALUES (:a, :b, :relation, :scope, :from_day, :until_day, :seq)
ON CONFLICT (a, b, relation) DO UPDATE SET scope = excluded.scope, from_day = excluded.from_day, until_day = excluded.until_day, seq = excluded.seq;

-- people_relation_between :rows  Relations of one to the other on a day.
SELECT relation, scope FROM people_relation
WHERE a = :a AND b = :b AND from_day <= :day$int AND until_day > :day$int ORDER BY relation;

-- people_relation_end :count  End a relation from a day on.
UPDATE people_relation SET until_day = :until_day, seq = :seq
WHERE a = :a AND b = :b AND relation = :relation AND until_day > :until_day;

-- people_relation_standing :rows  What relates one to others or others to one, on a day or from a later one.
SELECT a, b, relation FROM people_relation WHERE (a = :id$text OR b = :id$text) AND until_day > :day$int ORDER BY a, b, relation;

-- people_relation_get :row  The last day of a relation, or the first on which it is over.
SELECT until_day FROM people_relation WHERE a = :a AND b = :b AND relation = :relation;

-- people_relation_list_of :rows  What relates one to others on a day.
SELECT a, b, relation, scope, from_day, until_day FROM people_relation
WHERE a = :a AND from_day <= :day$int AND until_day > :day$int ORDER BY b, relation;

-- people_relation_list_to :rows  Who is related to one on a day, or from a later one.
SELECT a, b, relation, scope, from_day, until_day FROM people_relation
WHERE b = :b AND until_day > :day$int ORDER BY a, relation;

-- people_relation_to :rows  Who is related to one on a day.
SELECT a, relation FROM people_relation
WHERE b = :b AND from_day <= :day$int AND until_day > :day$int ORDER BY a, relation;

-- people_delivery_set :write  Somebody agreed to electronic service.
INSERT INTO people_delivery (party, from_day, until_day, seq) VALUES (:party, :from_day, :until_day, :seq)
ON CONFLICT (party) DO UPDATE SET from_day = excluded.from_day, until_day = excluded.until_day, seq = excluded.seq;

-- people_delivery_end :write  And takes it back from a day on.
UPDATE people_delivery SET until_day = :until_day, seq = :seq WHERE party = :party AND until_day > :until_day;

-- people_delivery_get :row  Since when, and until which day.
SELECT from_day, until_day, seq FROM people_delivery WHERE party = :party;
