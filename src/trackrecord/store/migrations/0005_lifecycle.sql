-- What becomes of a run after it has ended: put away, thrown away, gone for good.

ALTER TABLE run ADD COLUMN archived INTEGER; -- when it was archived; NULL: it is not
ALTER TABLE run ADD COLUMN deleted  INTEGER; -- when it was moved to the trash; NULL: it is not

-- runs that were purged: nothing of them is taken in again
CREATE TABLE tombstone (
    run  TEXT PRIMARY KEY,
    time INTEGER NOT NULL,
    who  TEXT NOT NULL
) WITHOUT ROWID;
