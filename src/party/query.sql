-- party_register_set :write  Register or change a party.
INSERT INTO party_register (id, party_kind, display_name, code, facts, seq)
VALUES (:id, :party_kind, :display_name, :code, :facts, :seq)
ON CONFLICT (id) DO UPDATE SET party_kind = excluded.party_kind, display_name = excluded.display_name, code = excluded.code,
    facts = excluded.facts, seq = excluded.seq;

-- party_register_of_seq :rows  Parties as an act registered them last, for erasing a value.
SELECT id, party_kind, facts FROM party_register WHERE seq = :seq;

-- party_register_get :row  A party.
SELECT id, party_kind, display_name, code, facts FROM party_register WHERE id = :id;

-- party_register_find :row  A person or organisation by register id or code.
SELECT id, party_kind, display_name FROM party_register WHERE (id = :code OR code = :code) AND party_kind IN ('person', 'org') ORDER BY id LIMIT 1;

-- party_relation_set :write  Note a relation.
INSERT INTO party_relation (person, other, relation, scope, from_day, until_day, seq)
VALUES (:person, :other, :relation, :scope, :from_day, :until_day, :seq)
ON CONFLICT (person, other, relation) DO UPDATE SET scope = excluded.scope, from_day = excluded.from_day,
    until_day = excluded.until_day, seq = excluded.seq;

-- party_relation_remove :write  A relation has ended.
DELETE FROM party_relation WHERE person = :person AND other = :other AND relation = :relation;

-- party_acts_for :rows  The parties a person may act for on a day, with their names.
SELECT r.other, r.relation, r.scope, r.until_day, p.display_name, p.party_kind
FROM party_relation r JOIN party_register p ON p.id = r.other
WHERE r.person = :person AND r.from_day <= :day$int AND r.until_day >= :day$int ORDER BY p.display_name, r.relation;

-- party_agents_of :rows  Who may act for a party, now or from a later day, with their names.
SELECT r.person, r.relation, r.scope, r.from_day, r.until_day, r.seq, p.display_name
FROM party_relation r JOIN party_register p ON p.id = r.person
WHERE r.other = :other AND r.until_day >= :day$int ORDER BY p.display_name, r.relation;
