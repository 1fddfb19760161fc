-- Who has an account, and the name it signs in by. From acts.
CREATE TABLE login_account (
    owner TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX login_account_name ON login_account (name);

-- Ways to sign in as the ledger registered them. What proves them stands in login_secret.
CREATE TABLE login_credential (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    from_day INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
CREATE INDEX login_credential_owner ON login_credential (owner);

-- Rules of signing in, by fact id.
CREATE TABLE login_setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- What proves a way to sign in: the PHC text of a password; a sealed seed of one-time codes, with the last time step used;
-- a passkey's COSE key with its counter; digests of recovery codes.
-- handle: a passkey's credential id. flags: 1 the passkey may be backed up.
-- kept
CREATE TABLE login_secret (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    secret BLOB NOT NULL,
    handle BLOB NOT NULL,
    algorithm INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    used_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX login_secret_owner ON login_secret (owner);
CREATE INDEX login_secret_handle ON login_secret (handle);

-- A code given out at the counter, for the first sign-in or after recovery. Of it only a digest is kept.
-- kept, not copied
CREATE TABLE login_activation (
    owner TEXT PRIMARY KEY,
    digest BLOB NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;
