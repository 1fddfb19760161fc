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

-- licence_copy_add :write  What a licence says was copied at an act.
INSERT INTO licence_copy (number, seq, case_id, facts, holder) VALUES (:number, :seq, :case_id, :facts, :holder);

-- licence_copy_list :rows  What was copied from a case from one act until before another.
SELECT number, seq, facts, holder FROM licence_copy WHERE case_id = :case_id AND seq >= :seq AND seq < :until$int ORDER BY number, seq;

-- licence_copy_later :rows  What a licence copied after an act.
SELECT facts, holder FROM licence_copy WHERE number = :number AND seq > :seq ORDER BY seq;

-- licence_say :write  A licence says less now.
UPDATE licence_register SET holder = :holder, public_facts = :public_facts WHERE number = :number;

-- licence_end_of_party :write  The licences of a party end with it.
UPDATE licence_register SET licence_status = 'cancelled', seq = :seq WHERE party = :party AND licence_status IN ('valid', 'suspended');
