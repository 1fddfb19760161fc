-- vault_act_add :write  Keep the values and salts of an act.
INSERT INTO vault_act (seq, content) VALUES (:seq, :content);

-- vault_act_get :row  The values and salts of an act.
SELECT seq, content FROM vault_act WHERE seq = :seq;

-- vault_act_range :rows  Values and salts from a place on, in order.
SELECT seq, content FROM vault_act WHERE seq >= :seq ORDER BY seq LIMIT :count$int;

-- vault_act_set :write  Replace the values of an act after an erasure.
UPDATE vault_act SET content = :content WHERE seq = :seq;

-- vault_document_add :write  Keep what an act drew up.
INSERT INTO vault_document (seq, zh, en) VALUES (:seq, :zh, :en);

-- vault_document_get :row  What an act drew up.
SELECT zh, en FROM vault_document WHERE seq = :seq;

-- vault_document_remove :write  Erase what an act drew up.
DELETE FROM vault_document WHERE seq = :seq;

-- vault_blob_add :write  Keep a file by its digest; a second one is the same.
INSERT INTO vault_blob (sha256, uses, type, name, bytes) VALUES (:sha256, 1, :type, :name, :bytes)
ON CONFLICT (sha256) DO UPDATE SET uses = vault_blob.uses + 1;

-- vault_blob_get :row  A file by its digest.
SELECT sha256, type, name, bytes FROM vault_blob WHERE sha256 = :sha256;

-- vault_blob_less :write  One use of a file is erased.
UPDATE vault_blob SET uses = uses - 1 WHERE sha256 = :sha256;

-- vault_blob_remove :write  Erase a file that has no use left.
DELETE FROM vault_blob WHERE sha256 = :sha256 AND uses <= 0;
