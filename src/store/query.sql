-- store_meta_get :row  one remembered value
SELECT value FROM store_meta WHERE name = :name;

-- store_meta_put :write  remember a value, in place of the former one
INSERT INTO store_meta (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;
