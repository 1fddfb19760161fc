-- test_parcel_add :write  a new parcel
INSERT INTO test_parcel (id, code, weight, note, seal) VALUES (:id, :code, :weight, :note, :seal);

-- test_parcel_post :row  a new parcel under the next number
INSERT INTO test_parcel (code, seal) VALUES (:code, :seal) RETURNING id;

-- test_parcel_by_id :row  one parcel
SELECT id, code, weight, note, seal FROM test_parcel WHERE id = :id;

-- test_parcel_list :rows  parcels by code, from a code on
SELECT id, code, weight FROM test_parcel WHERE code >= :code ORDER BY code LIMIT :limit$int;

-- test_parcel_reweigh :count  set the weight of all parcels from a number on
UPDATE test_parcel SET weight = :weight WHERE id >= :from$int;

-- test_parcel_total :row  how many there are, and their weight together
SELECT COUNT(*) AS parcels$int, SUM(weight) AS total$int_null, MAX(code) AS last$text_null FROM test_parcel;

-- test_parcel_engine :row  a statement that differs between engines
SELECT 'sqlite' AS engine$text;
-- test_parcel_engine @pg
SELECT 'postgres' AS engine$text;

-- test_stop_put :write  where a parcel stops; a second time: the town changes
INSERT INTO test_stop (code, place, town) VALUES (:code, :place, :town)
ON CONFLICT (code, place) DO UPDATE SET town = excluded.town;

-- test_stop_list :rows  stops with the parcel's weight, where there is a parcel
SELECT s.code, s.place, s.town, p.weight FROM test_stop s LEFT JOIN test_parcel p ON p.code = s.code
ORDER BY s.code, s.place;

-- test_stop_clear :write  forget all stops
DELETE FROM test_stop;

-- test_many :rows  a row for each number up to n
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < :n$int) SELECT x AS x$int FROM c;
