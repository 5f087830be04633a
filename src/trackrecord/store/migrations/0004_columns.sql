-- Columns over all runs, to filter and sort by (docs/store.md, "Columns"). All of it is derived from the tables of
-- 0001 and may be deleted at any time: what is missing is read from the rows.

-- runs whose number divided by 4096 is `block` are in the columns as they were at `revision`; those that changed
-- later are read from their rows
CREATE TABLE column_block (
    block    INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL
);

CREATE TABLE column_part (
    number  INTEGER PRIMARY KEY,
    space   TEXT NOT NULL,                  -- param, summary, metric, run (its own fields), tag or keys
    key     TEXT NOT NULL,
    part    TEXT NOT NULL,
    block   INTEGER NOT NULL,
    payload BLOB NOT NULL,                  -- docs/store.md, "Payloads"
    UNIQUE (space, key, part, block)
);
CREATE INDEX column_part_by_block ON column_part (block);

-- runs that are in the columns and no longer in the store
CREATE TABLE column_gone (
    run INTEGER PRIMARY KEY
);
-- changes when a run goes, which no run's revision tells
CREATE TABLE column_epoch (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    value INTEGER NOT NULL
);
INSERT INTO column_epoch VALUES (1, 0);
CREATE TRIGGER column_run_gone AFTER DELETE ON run BEGIN
    INSERT OR IGNORE INTO column_gone VALUES (OLD.number);
    UPDATE column_epoch SET value = value + 1;
END;

-- What the columns answer needs no index of its own: taking in is twice as fast without them (docs/decisions/0003).
DROP INDEX param_by_number;
DROP INDEX param_by_text;
DROP INDEX param_without_order;
DROP INDEX summary_by_number;
DROP INDEX summary_by_text;
DROP INDEX summary_without_order;
DROP INDEX metric_by_last;
DROP INDEX metric_by_min;
DROP INDEX metric_by_max;
DROP INDEX tag_by_name;
