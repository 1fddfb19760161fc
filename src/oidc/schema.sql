-- Relying parties as the ledger registered them; the document is the act's fields.
CREATE TABLE oidc_client (
    id TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    seq INTEGER NOT NULL,
    closed INTEGER NOT NULL
) STRICT;

-- What a person lets an application read, until withdrawn. Scopes with blanks between, sorted as given.
CREATE TABLE oidc_consent (
    person TEXT NOT NULL,
    client TEXT NOT NULL,
    scopes TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (person, client)
) WITHOUT ROWID, STRICT;

-- Pushed authorization requests that wait for their browser (RFC 9126). Of the request_uri only a hash is kept.
-- kept, not copied
CREATE TABLE oidc_push (
    id_hash BLOB PRIMARY KEY,
    client TEXT NOT NULL,
    params TEXT NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX oidc_push_expires ON oidc_push (expires_ms);

-- What was allowed once: codes and tokens hang on it, and end with it.
-- kept, not copied
CREATE TABLE oidc_grant (
    id TEXT PRIMARY KEY,
    client TEXT NOT NULL,
    person TEXT NOT NULL,
    document TEXT NOT NULL,
    revoked INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX oidc_grant_expires ON oidc_grant (expires_ms);

-- Codes, by hash. A used one stays until it expires, so that its second use is seen.
-- kept, not copied
CREATE TABLE oidc_code (
    code_hash BLOB PRIMARY KEY,
    grant_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge TEXT NOT NULL,
    thumbprint TEXT NOT NULL,
    used INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX oidc_code_expires ON oidc_code (expires_ms);

-- Refresh tokens, by hash. A rotated one stays until it expires, so that its second use is seen.
-- kept, not copied
CREATE TABLE oidc_refresh (
    token_hash BLOB PRIMARY KEY,
    grant_id TEXT NOT NULL,
    thumbprint TEXT NOT NULL,
    used INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX oidc_refresh_expires ON oidc_refresh (expires_ms);

-- What may come once only: jti of client assertions, key proofs and signed requests; and access tokens revoked before their end. By hash.
-- kept
CREATE TABLE oidc_once (
    hash BLOB PRIMARY KEY,
    expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX oidc_once_expires ON oidc_once (expires_ms);

-- Which applications a browser session has signed in to, to tell them when it ends.
-- kept, not copied
CREATE TABLE oidc_visit (
    session TEXT NOT NULL,
    client TEXT NOT NULL,
    person TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (session, client)
) WITHOUT ROWID, STRICT;
CREATE INDEX oidc_visit_expires ON oidc_visit (expires_ms);
