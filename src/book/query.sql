-- book_pack_add :write  Note a published pack.
INSERT INTO book_pack (seq, pack, version, digest, from_day, until_day) VALUES (:seq, :pack, :version, :digest, :from_day, :until_day);

-- book_pack_list :rows  All publications in order.
SELECT seq, pack, version, digest, from_day, until_day FROM book_pack ORDER BY seq;
