-- Numbered steps for kept tables, forward only, each run once in one transaction. Data version 1 is what
-- the rooms' schema.sql make by themselves, so the first step is 2. A new kept table needs no step.
-- A step: a line "-- 2 why", then its statements, each ended by ';', in the words of schema.sql.

-- 2 What acts said, their files and documents are kept by a room of its own, the vault.
ALTER TABLE gate_vault_act RENAME TO vault_act;
ALTER TABLE gate_vault_blob RENAME TO vault_blob;
ALTER TABLE gate_vault_document RENAME TO vault_document;
