-- bill_entry_add :write  What an act said of a payment number.
INSERT INTO bill_entry (seq, case_id, number, due, received, refunded, teller, transaction_id)
VALUES (:seq, :case_id, :number, :due, :received, :refunded, :teller, :transaction_id);

-- bill_entry_of_number :row  The case in which a payment number was drawn.
SELECT case_id FROM bill_entry WHERE number = :number ORDER BY seq LIMIT 1;

-- bill_entry_of_case :rows  All that was said of the bill of a case, the oldest first.
SELECT seq, number, due, received, refunded FROM bill_entry WHERE case_id = :case_id ORDER BY seq LIMIT :count$int;

-- bill_entry_of_transaction :row  Was this transaction told before?
SELECT seq FROM bill_entry WHERE teller = :teller AND transaction_id = :transaction_id ORDER BY seq LIMIT 1;

-- bill_entry_erase :write  Some of what an act said is erased.
UPDATE bill_entry SET number = CASE WHEN :number$int = 1 THEN '' ELSE number END,
    due = CASE WHEN :due$int = 1 THEN -1 ELSE due END,
    received = CASE WHEN :sum$int = 1 THEN 0 ELSE received END,
    refunded = CASE WHEN :sum$int = 1 THEN 0 ELSE refunded END,
    transaction_id = CASE WHEN :transaction$int = 1 THEN '' ELSE transaction_id END
WHERE seq = :seq;
