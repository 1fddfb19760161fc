-- vault_blob_old :write  A file as it was kept before pieces: for what reads folders of that time.
INSERT INTO vault_blob (sha256, uses, type, name, bytes) VALUES (:sha256, 1, :type, :name, :bytes);
