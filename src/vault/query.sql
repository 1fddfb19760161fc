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

-- vault_blob_get :row  A file by its digest, kept as one value.
SELECT sha256, type, name, bytes FROM vault_blob WHERE sha256 = :sha256;

-- vault_blob_size :row  How large a file kept as one value is.
SELECT type, name, length(bytes) AS size$int FROM vault_blob WHERE sha256 = :sha256;

-- vault_blob_part :row  A part of a file kept as one value; places count from 1.
SELECT substr(bytes, :place$int, :count$int) AS bytes$blob FROM vault_blob WHERE sha256 = :sha256;

-- vault_blob_part @pg
SELECT substr(bytes, CAST(:place$int AS integer), CAST(:count$int AS integer)) AS bytes$blob FROM vault_blob WHERE sha256 = :sha256;

-- vault_blob_more :write  Such a file was handed in again, or one use of it is erased.
UPDATE vault_blob SET uses = uses + :by$int WHERE sha256 = :sha256;

-- vault_blob_remove :write  Erase such a file that has no use left.
DELETE FROM vault_blob WHERE sha256 = :sha256 AND uses <= 0;

-- vault_file_add :write  Keep a file by its digest.
INSERT INTO vault_file (sha256, uses, type, name, size, pieces) VALUES (:sha256, 1, :type, :name, :size, :pieces);

-- vault_file_get :row  A file by its digest.
SELECT uses, type, name, size, pieces FROM vault_file WHERE sha256 = :sha256;

-- vault_file_more :write  It was handed in again, or one use of it is erased.
UPDATE vault_file SET uses = uses + :by$int WHERE sha256 = :sha256;

-- vault_file_remove :write  Forget a file.
DELETE FROM vault_file WHERE sha256 = :sha256;

-- vault_piece_add :write  The next bytes of a file.
INSERT INTO vault_piece (pieces, idx, bytes) VALUES (:pieces, :idx, :bytes);

-- vault_piece_get :row  The bytes at one place of a file.
SELECT bytes FROM vault_piece WHERE pieces = :pieces AND idx = :idx;

-- vault_piece_remove :write  Forget the bytes of a file.
DELETE FROM vault_piece WHERE pieces = :pieces;

-- vault_upload_add :write  A file begins to come.
INSERT INTO vault_upload (id, owner, begun_ms, size, sha256, type, name) VALUES (:id, :owner, :begun_ms, 0, '', '', '');

-- vault_upload_grow :write  More of it has come.
UPDATE vault_upload SET size = size + :by$int WHERE id = :id;

-- vault_upload_hold :write  It is counted as begun later, so that it stays.
UPDATE vault_upload SET begun_ms = :begun_ms WHERE id = :id AND owner = :owner;

-- vault_upload_end :write  It is whole.
UPDATE vault_upload SET sha256 = :sha256, type = :type, name = :name WHERE id = :id;

-- vault_upload_get :row  An upload that no act has claimed.
SELECT owner, size, sha256, type, name FROM vault_upload WHERE id = :id;

-- vault_piece_some :write  Forget some of the bytes of a file.
DELETE FROM vault_piece WHERE pieces = :pieces
AND idx IN (SELECT p.idx FROM vault_piece AS p WHERE p.pieces = :pieces ORDER BY p.idx LIMIT :count$int);

-- vault_piece_left :row  The first of the bytes that are left of a file.
SELECT idx FROM vault_piece WHERE pieces = :pieces ORDER BY idx LIMIT 1;

-- vault_upload_drop :write  Nobody will claim it: it goes by and by.
UPDATE vault_upload SET begun_ms = 0, sha256 = '' WHERE id = :id;

-- vault_upload_remove :write  Forget an upload.
DELETE FROM vault_upload WHERE id = :id;

-- vault_upload_old :rows  Uploads begun before.
SELECT id FROM vault_upload WHERE begun_ms < :before$int ORDER BY begun_ms LIMIT :count$int;

-- vault_quota_get :row  What was handed in.
SELECT files, bytes FROM vault_quota WHERE owner = :owner AND day = :day;

-- vault_quota_more :write  More was handed in.
INSERT INTO vault_quota (owner, day, files, bytes) VALUES (:owner, :day, :files, :bytes)
ON CONFLICT (owner, day) DO UPDATE SET files = vault_quota.files + excluded.files, bytes = vault_quota.bytes + excluded.bytes;

-- vault_quota_old :write  Days that are over.
DELETE FROM vault_quota WHERE day > 0 AND day < :before$int;
