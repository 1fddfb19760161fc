-- Numbered steps for kept tables, forward only, each run once in one transaction. Data version 1 is what
-- the rooms' schema.sql make by themselves, so the first step is 2. A new kept table needs no step.
-- A step: a line "-- 2 why", then its statements, each ended by ';', in the words of schema.sql.

-- 2 What acts said, their files and documents are kept by a room of its own, the vault.
ALTER TABLE gate_vault_act RENAME TO vault_act;
ALTER TABLE gate_vault_blob RENAME TO vault_blob;
ALTER TABLE gate_vault_document RENAME TO vault_document;
DROP TABLE IF EXISTS gate_actor;
DROP TABLE IF EXISTS gate_relation;
DROP TABLE IF EXISTS gate_pack;

-- 3 Sign-outs to be told stand in the outbox: those that wait become visits of ended sessions again, which are found.
INSERT INTO oidc_visit (session, client, person, expires_ms)
SELECT session, client, person, expires_ms FROM oidc_outbox WHERE true ON CONFLICT (session, client) DO NOTHING;
DROP TABLE oidc_outbox;

-- 4 Sessions and bounds on guessing rest in the store, for all processes; what ended and was not told yet stands beside them.
CREATE TABLE store_session_gone (
    id TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL
) STRICT;
INSERT INTO store_session_gone (id, at_ms)
SELECT session, MAX(expires_ms) FROM oidc_visit WHERE session NOT IN (SELECT id FROM web_session) GROUP BY session;
ALTER TABLE web_session RENAME TO store_session;
DROP INDEX web_session_actor;
CREATE TABLE store_bound (
    digest BLOB PRIMARY KEY,
    until_ms INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
INSERT INTO store_bound (digest, until_ms) SELECT digest, until_ms FROM login_lock;
DROP TABLE login_lock;
