-- What acts said and what was handed in and drawn up with them: values, files, documents.

-- kept
CREATE TABLE vault_act (
    seq INTEGER PRIMARY KEY,
    content TEXT NOT NULL
) STRICT;

-- A file by its digest. uses: how often it was handed in; it goes when each of these was erased.
-- kept
CREATE TABLE vault_blob (
    sha256 TEXT PRIMARY KEY,
    uses INTEGER NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- A document as its act drew it up, in Chinese and English. Gone when a value it shows was erased.
-- kept
CREATE TABLE vault_document (
    seq INTEGER PRIMARY KEY,
    zh TEXT NOT NULL,
    en TEXT NOT NULL
) STRICT;
