-- login_account_set :write  Open an account.
INSERT INTO login_account (owner, name, seq) VALUES (:owner, :name, :seq)
ON CONFLICT (owner) DO UPDATE SET name = excluded.name, seq = excluded.seq;

-- login_account_remove :write  Close an account.
DELETE FROM login_account WHERE owner = :owner;

-- login_account_by_name :row  Whose account a name is.
SELECT owner, name FROM login_account WHERE name = :name;

-- login_account_get :row  The account of an owner.
SELECT owner, name FROM login_account WHERE owner = :owner;

-- login_account_of_seq :rows  Accounts opened by an act, for erasing a name.
SELECT owner FROM login_account WHERE seq = :seq;

-- login_credential_set :write  Register a way to sign in.
INSERT INTO login_credential (id, owner, kind, title, from_day, seq) VALUES (:id, :owner, :kind, :title, :from_day, :seq)
ON CONFLICT (id) DO NOTHING;

-- login_credential_get :row  Whose a way to sign in is.
SELECT owner FROM login_credential WHERE id = :id;

-- login_credential_replace :write  Of some kinds an owner has one: the newer one replaces it.
DELETE FROM login_credential WHERE owner = :owner AND kind = :kind AND id <> :id;

-- login_credential_remove :write  Remove one of the owner's.
DELETE FROM login_credential WHERE id = :id AND owner = :owner;

-- login_credential_clear :write  Remove all of an owner.
DELETE FROM login_credential WHERE owner = :owner;

-- login_credential_blank :write  Forget the title an act gave.
UPDATE login_credential SET title = '' WHERE seq = :seq;

-- login_credential_list :rows  An owner's ways to sign in.
SELECT c.id, c.kind, c.title, c.from_day, s.used_ms$int_null
FROM login_credential c LEFT JOIN login_secret s ON s.id = c.id
WHERE c.owner = :owner ORDER BY c.seq, c.id LIMIT :count$int;

-- login_setting_set :write  Set a rule.
INSERT INTO login_setting (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- login_setting_get :row  A rule.
SELECT value FROM login_setting WHERE name = :name;

-- login_secret_add :write  Keep what proves a way to sign in.
INSERT INTO login_secret (id, owner, kind, secret, handle, algorithm, counter, flags, used_ms)
VALUES (:id, :owner, :kind, :secret, :handle, :algorithm, :counter, :flags, :used_ms);

-- login_secret_of_kind :rows  An owner's secrets of a kind that the ledger still knows, newest first.
SELECT s.id, s.owner, s.secret, s.handle, s.algorithm, s.counter, s.flags
FROM login_secret s JOIN login_credential c ON c.id = s.id
WHERE s.owner = :owner AND s.kind = :kind ORDER BY c.seq DESC LIMIT :count$int;

-- login_passkeys_of :rows  An owner's passkeys and security keys that the ledger still knows.
SELECT s.id, s.handle FROM login_secret s JOIN login_credential c ON c.id = s.id
WHERE s.owner = :owner AND s.kind IN ('passkey', 'security-key') ORDER BY c.seq DESC LIMIT :count$int;

-- login_secret_by_handle :row  The passkey or security key with a credential id.
SELECT s.id, s.owner, s.kind, s.secret, s.handle, s.algorithm, s.counter, s.flags
FROM login_secret s JOIN login_credential c ON c.id = s.id
WHERE s.handle = :handle AND s.kind IN ('passkey', 'security-key') ORDER BY s.id LIMIT 1;

-- login_secret_get :row  One secret.
SELECT id, owner, kind, secret, counter FROM login_secret WHERE id = :id;

-- login_secret_use :write  It was used: its counter and the time.
UPDATE login_secret SET counter = :counter, secret = :secret, used_ms = :used_ms WHERE id = :id;

-- login_secret_remove :write  Forget one of the owner's.
DELETE FROM login_secret WHERE id = :id AND owner = :owner;

-- login_secret_replace :write  Forget the owner's others of a kind.
DELETE FROM login_secret WHERE owner = :owner AND kind = :kind AND id <> :id;

-- login_secret_clear :write  Forget all of an owner.
DELETE FROM login_secret WHERE owner = :owner;

-- login_activation_set :write  Give a code out.
INSERT INTO login_activation (owner, digest, until_ms) VALUES (:owner, :digest, :until_ms)
ON CONFLICT (owner) DO UPDATE SET digest = excluded.digest, until_ms = excluded.until_ms;

-- login_activation_get :row  The code given out for an owner.
SELECT owner, digest, until_ms FROM login_activation WHERE owner = :owner;

-- login_activation_take :count  Use it up.
DELETE FROM login_activation WHERE owner = :owner AND digest = :digest AND until_ms > :now_ms$int;
