-- party_register_set :write  Register or change a party.
INSERT INTO party_register (id, party_kind, display_name, code, facts, seq)
VALUES (:id, :party_kind, :display_name, :code, :facts, :seq)
ON CONFLICT (id) DO UPDATE SET party_kind = excluded.party_kind, display_name = excluded.display_name, code = excluded.code,
    facts = excluded.facts, seq = excluded.seq;

-- party_register_of_seq :rows  Parties as an act registered them last, for erasing a value.
SELECT id, party_kind, facts FROM party_register WHERE seq = :seq;

-- party_register_get :row  A party.
SELECT id, party_kind, display_name, code, facts, seq FROM party_register WHERE id = :id;

-- party_register_find :row  A person or organisation by register id or code.
SELECT id, party_kind, display_name FROM party_register WHERE (id = :code OR code = :code) AND party_kind IN ('person', 'org') ORDER BY id LIMIT 1;

-- party_ended_set :write  A party is no more.
INSERT INTO party_ended (id, day, how, seq) VALUES (:id, :day, :how, :seq)
ON CONFLICT (id) DO UPDATE SET day = excluded.day, how = excluded.how, seq = excluded.seq;

-- party_ended_get :row  Is a party no more, and since when.
SELECT day, how FROM party_ended WHERE id = :id;
