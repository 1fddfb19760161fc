-- oidc_client_set :write  Register an application, or register it anew.
INSERT INTO oidc_client (id, document, seq, closed) VALUES (:id, :document, :seq, 0)
ON CONFLICT (id) DO UPDATE SET document = excluded.document, seq = excluded.seq, closed = 0;

-- oidc_client_close :write  It may not ask for anything any more.
UPDATE oidc_client SET closed = 1, seq = :seq WHERE id = :id;

-- oidc_client_get :row  An application.
SELECT id, document, seq, closed FROM oidc_client WHERE id = :id;

-- oidc_client_list :rows  Applications from an id on.
SELECT id, document, seq, closed FROM oidc_client WHERE id > :after$text ORDER BY id LIMIT :count$int;

-- oidc_consent_set :write  A person consents.
INSERT INTO oidc_consent (person, client, scopes, at_ms, seq) VALUES (:person, :client, :scopes, :at_ms, :seq)
ON CONFLICT (person, client) DO UPDATE SET scopes = excluded.scopes, at_ms = excluded.at_ms, seq = excluded.seq;

-- oidc_consent_remove :write  And withdraws it.
DELETE FROM oidc_consent WHERE person = :person AND client = :client;

-- oidc_consent_get :row  What a person lets an application read.
SELECT scopes, at_ms, seq FROM oidc_consent WHERE person = :person AND client = :client;

-- oidc_consent_list :rows  What a person lets whom read.
SELECT n.client, n.scopes, n.at_ms, c.document FROM oidc_consent n JOIN oidc_client c ON c.id = n.client
WHERE n.person = :person ORDER BY n.client LIMIT :count$int;

-- oidc_push_add :write  A pushed request waits.
INSERT INTO oidc_push (id_hash, client, params, expires_ms) VALUES (:id_hash, :client, :params, :expires_ms);

-- oidc_push_get :row  The pushed request of a request_uri.
SELECT client, params, expires_ms FROM oidc_push WHERE id_hash = :id_hash;

-- oidc_push_take :count  It is used up.
DELETE FROM oidc_push WHERE id_hash = :id_hash AND expires_ms > :now$int;

-- oidc_grant_add :write  Something was allowed.
INSERT INTO oidc_grant (id, client, person, document, revoked, expires_ms)
VALUES (:id, :client, :person, :document, 0, :expires_ms);

-- oidc_grant_get :row  What was allowed, and whether it still is.
SELECT client, person, document, revoked, expires_ms FROM oidc_grant WHERE id = :id;

-- oidc_grant_revoke :write  All that hangs on it ends.
UPDATE oidc_grant SET revoked = 1 WHERE id = :id;

-- oidc_grant_revoke_all :write  All that a person allowed an application ends.
UPDATE oidc_grant SET revoked = 1 WHERE client = :client AND person = :person;

-- oidc_grant_extend :write  It lasts longer: a refresh token hangs on it.
UPDATE oidc_grant SET expires_ms = :expires_ms WHERE id = :id AND expires_ms < :expires_ms;

-- oidc_code_add :write  A code was given out.
INSERT INTO oidc_code (code_hash, grant_id, redirect_uri, challenge, thumbprint, used, expires_ms)
VALUES (:code_hash, :grant_id, :redirect_uri, :challenge, :thumbprint, 0, :expires_ms);

-- oidc_code_get :row  A code.
SELECT grant_id, redirect_uri, challenge, thumbprint, used, expires_ms FROM oidc_code WHERE code_hash = :code_hash;

-- oidc_code_use :count  It is used, once.
UPDATE oidc_code SET used = 1 WHERE code_hash = :code_hash AND used = 0 AND expires_ms > :now$int;

-- oidc_refresh_add :write  A refresh token was given out.
INSERT INTO oidc_refresh (token_hash, grant_id, thumbprint, used, expires_ms)
VALUES (:token_hash, :grant_id, :thumbprint, 0, :expires_ms);

-- oidc_refresh_get :row  A refresh token.
SELECT grant_id, thumbprint, used, expires_ms FROM oidc_refresh WHERE token_hash = :token_hash;

-- oidc_refresh_use :count  It is rotated away, once.
UPDATE oidc_refresh SET used = 1 WHERE token_hash = :token_hash AND used = 0;

-- oidc_once_add :count  It came; no row is added when it came before.
INSERT INTO oidc_once (hash, expires_ms) VALUES (:hash, :expires_ms) ON CONFLICT (hash) DO NOTHING;

-- oidc_once_get :row  Did it come?
SELECT expires_ms FROM oidc_once WHERE hash = :hash;

-- oidc_visit_add :write  A session signed in to an application.
INSERT INTO oidc_visit (session, client, person, expires_ms) VALUES (:session, :client, :person, :expires_ms)
ON CONFLICT (session, client) DO UPDATE SET person = excluded.person, expires_ms = excluded.expires_ms;

-- oidc_visit_list :rows  The applications a session signed in to.
SELECT client, person FROM oidc_visit WHERE session = :session ORDER BY client LIMIT :count$int;

-- oidc_visit_remove :write  The session ended, and a notice for this application is left.
DELETE FROM oidc_visit WHERE session = :session AND client = :client;

-- oidc_sweep_push :count  Forget what has expired.
DELETE FROM oidc_push WHERE expires_ms <= :now$int;

-- oidc_sweep_code :count  Forget what has expired.
DELETE FROM oidc_code WHERE expires_ms <= :now$int;

-- oidc_sweep_refresh :count  Forget what has expired.
DELETE FROM oidc_refresh WHERE expires_ms <= :now$int;

-- oidc_sweep_grant :count  Forget what has expired.
DELETE FROM oidc_grant WHERE expires_ms <= :now$int;

-- oidc_sweep_once :count  Forget what has expired.
DELETE FROM oidc_once WHERE expires_ms <= :now$int;

-- oidc_sweep_visit :count  Forget what has expired.
DELETE FROM oidc_visit WHERE expires_ms <= :now$int;

-- oidc_counts :row  How many rows there are.
SELECT (SELECT COUNT(*) FROM oidc_push) AS pushes$int, (SELECT COUNT(*) FROM oidc_code) AS codes$int,
       (SELECT COUNT(*) FROM oidc_grant) AS grants$int, (SELECT COUNT(*) FROM oidc_refresh) AS refreshes$int,
       (SELECT COUNT(*) FROM oidc_once) AS onces$int, (SELECT COUNT(*) FROM oidc_visit) AS visits$int;
