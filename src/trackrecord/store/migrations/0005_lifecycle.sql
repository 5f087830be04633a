-- What becomes of a run after it has ended: put away, thrown away, gone for good; and who changed what.

ALTER TABLE run ADD COLUMN archived INTEGER; -- when it was archived; NULL: it is not
ALTER TABLE run ADD COLUMN deleted  INTEGER; -- when it was moved to the trash; NULL: it is not
CREATE INDEX run_deleted ON run (deleted) WHERE deleted IS NOT NULL;

-- runs that were purged: nothing of them is taken in again
CREATE TABLE tombstone (
    run      TEXT PRIMARY KEY,
    number   INTEGER,                      -- the number of its row, which is not given again; NULL: it never had one
    time     INTEGER NOT NULL,
    who      TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0    -- of the store when its rows went, so that views notice
) WITHOUT ROWID;
CREATE INDEX tombstone_by_number ON tombstone (number);
CREATE INDEX tombstone_by_revision ON tombstone (revision);

-- changes of runs of which nothing else has been seen yet
CREATE TABLE waiting_change (
    run    TEXT NOT NULL,
    writer TEXT NOT NULL,
    place  INTEGER NOT NULL,
    time   INTEGER NOT NULL,
    fields TEXT NOT NULL,                  -- JSON: the record
    PRIMARY KEY (run, writer, place)
) WITHOUT ROWID;

ALTER TABLE audit ADD COLUMN about   TEXT NOT NULL DEFAULT 'run'; -- run, experiment or contract
ALTER TABLE audit ADD COLUMN project TEXT;                        -- of an experiment or contract: its project's name
ALTER TABLE audit ADD COLUMN name    TEXT;                        -- the experiment's name, or the contract's pattern
ALTER TABLE audit ADD COLUMN asked   TEXT;                        -- JSON: which tags were to be set, added, removed
ALTER TABLE audit ADD COLUMN writer  TEXT NOT NULL DEFAULT '';    -- writer and place: the record that says so
ALTER TABLE audit ADD COLUMN place   INTEGER NOT NULL DEFAULT 0;
CREATE INDEX audit_by_run ON audit (run, change, time) WHERE run IS NOT NULL;
CREATE INDEX audit_by_project ON audit (project, time) WHERE project IS NOT NULL;
CREATE UNIQUE INDEX audit_once ON audit (writer, place, run, change) WHERE run IS NOT NULL AND writer <> '';
