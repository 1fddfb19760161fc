-- What acts said and what was handed in and drawn up with them: values, files, documents.

-- kept
CREATE TABLE vault_act (
    seq INTEGER PRIMARY KEY,
    content TEXT NOT NULL
) STRICT;

-- A file by its digest, as files were kept until they came in pieces: its bytes are one value. Read, and counted, and
-- erased; none is added. uses: how often it was handed in; it goes when each of these was erased.
-- kept
CREATE TABLE vault_blob (
    sha256 TEXT PRIMARY KEY,
    uses INTEGER NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- A file by its digest. pieces: under which name its bytes stand in vault_piece: that of the upload that brought them.
-- kept
CREATE TABLE vault_file (
    sha256 TEXT PRIMARY KEY,
    uses INTEGER NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    pieces TEXT NOT NULL
) STRICT;

-- The bytes of files and uploads, in order.
-- kept
CREATE TABLE vault_piece (
    pieces TEXT NOT NULL,
    idx INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (pieces, idx)
) STRICT;

-- A file that no act has claimed yet. sha256, type: empty until it is whole. It goes when it is claimed, or after a while.
-- kept
CREATE TABLE vault_upload (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    begun_ms INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL
) STRICT;
CREATE INDEX vault_upload_begun ON vault_upload (begun_ms);

-- What was handed in by one person on one day, or in one case altogether (owner "case:" and its number, day 0).
-- kept
CREATE TABLE vault_quota (
    owner TEXT NOT NULL,
    day INTEGER NOT NULL,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (owner, day)
) STRICT;
CREATE INDEX vault_quota_day ON vault_quota (day);

-- A document as its act drew it up, in Chinese and English. Gone when a value it shows was erased.
-- kept
CREATE TABLE vault_document (
    seq INTEGER PRIMARY KEY,
    zh TEXT NOT NULL,
    en TEXT NOT NULL
) STRICT;
