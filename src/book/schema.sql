-- Which packs of law were published. Rebuilt by replay.

-- A pack published by the act of this sequence; its text is a blob of the vault, by digest.
CREATE TABLE book_pack (
    seq INTEGER PRIMARY KEY,
    pack TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    from_day INTEGER NOT NULL, -- the first day in force, never before that of the act
    until_day INTEGER NOT NULL -- the first day no longer; 2147483647: open
) STRICT;
