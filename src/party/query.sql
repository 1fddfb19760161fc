-- party_register_set :write  Register or change a party.
INSERT INTO party_register (id, party_kind, display_name, facts) VALUES (:id, :party_kind, :display_name, :facts)
ON CONFLICT (id) DO UPDATE SET party_kind = excluded.party_kind, display_name = excluded.display_name, facts = excluded.facts;

-- party_register_get :row  A party.
SELECT id, party_kind, display_name, facts FROM party_register WHERE id = :id;

-- party_relation_set :write  Note a relation.
INSERT INTO party_relation (person, other, relation) VALUES (:person, :other, :relation)
ON CONFLICT (person, other, relation) DO NOTHING;

-- party_acts_for :rows  The parties a person is related to, with their names.
SELECT r.other, r.relation, p.display_name, p.party_kind FROM party_relation r JOIN party_register p ON p.id = r.other
WHERE r.person = :person ORDER BY p.display_name, r.relation;
