-- What each act said of a payment number: what is due in all from then on (-1: nothing), what was received, what was paid back,
-- under which transaction of whom. A row an act, never changed: what is due and what is left is added up when it is asked.
CREATE TABLE bill_entry (
    seq INTEGER PRIMARY KEY,
    case_id TEXT NOT NULL,
    number TEXT NOT NULL,
    due INTEGER NOT NULL,
    received INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    teller TEXT NOT NULL,
    transaction_id TEXT NOT NULL
) STRICT;
CREATE INDEX bill_entry_case ON bill_entry (case_id, seq);
CREATE INDEX bill_entry_number ON bill_entry (number, seq);
CREATE INDEX bill_entry_transaction ON bill_entry (teller, transaction_id);
