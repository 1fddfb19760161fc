-- licence_put :write  Issue a licence.
INSERT INTO licence_register (number, licence_type, holder, party, office, from_day, until_day, licence_status, public_facts, seq)
VALUES (:number, :licence_type, :holder, :party, :office, :from_day, :until_day, :licence_status, :public_facts, :seq)
ON CONFLICT (number) DO UPDATE SET until_day = excluded.until_day, licence_status = excluded.licence_status, seq = excluded.seq;

-- licence_get :row  A licence by number.
SELECT number, licence_type, holder, party, office, from_day, until_day, licence_status, public_facts, seq
FROM licence_register WHERE number = :number;

-- licence_set_status :write  Its status after an act.
UPDATE licence_register SET licence_status = :licence_status, seq = :seq WHERE number = :number;

-- licence_set_until :write  It runs on.
UPDATE licence_register SET until_day = :until_day, seq = :seq WHERE number = :number;

-- licence_change :write  What it says is another now; its number and its term stay.
UPDATE licence_register SET holder = :holder, public_facts = :public_facts, seq = :seq WHERE number = :number;

-- licence_of_party :rows  The licences of a party.
SELECT number, licence_type, holder, from_day, until_day, licence_status FROM licence_register WHERE party = :party ORDER BY number LIMIT 100;

-- licence_held :rows  The valid licences of a party of one type; two are enough to know that there are several.
SELECT number, holder, public_facts FROM licence_register
WHERE party = :party AND licence_type = :licence_type AND licence_status = 'valid' ORDER BY number LIMIT 2;
