-- Levels above the points of a series (docs/store.md, "Levels"): what a curve is drawn from when it has more points
-- than the screen has pixels. Rows with payloads are ordinary rows here, with the order in an index: SQLite fills its
-- pages with them better, and an append never splits one.

ALTER TABLE axis ADD COLUMN exponent INTEGER;                    -- of the width of a bucket of "level 0"; NULL: no level yet
ALTER TABLE axis ADD COLUMN flagged INTEGER NOT NULL DEFAULT 0;  -- 1: some of its rows may be repetitions
ALTER TABLE axis ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;   -- 1: its writer is done, its levels reach its end
ALTER TABLE axis ADD COLUMN late INTEGER NOT NULL DEFAULT 0;     -- full chunks that begin before one ahead of them ends
CREATE INDEX axis_late ON axis (late) WHERE late > 0;

ALTER TABLE axis_chunk RENAME TO axis_chunk_1;
CREATE TABLE axis_chunk (
    number     INTEGER PRIMARY KEY,
    axis       INTEGER NOT NULL REFERENCES axis,
    n          INTEGER NOT NULL,
    points     INTEGER NOT NULL,
    low_step   REAL NOT NULL,
    high_step  REAL NOT NULL,
    low_time   INTEGER NOT NULL,
    high_time  INTEGER NOT NULL,
    low_place  INTEGER,                     -- NULL: not known (written by schema 1)
    high_place INTEGER,
    steps      BLOB NOT NULL,               -- payloads: docs/store.md, "Payloads"
    times      BLOB NOT NULL,
    places     BLOB NOT NULL,               -- where in the writer's journal: segment * 2^32 + offset
    flags      BLOB,                        -- one byte a point, where any is not zero; 1: from a retrying protocol
    UNIQUE (axis, n)
);
INSERT INTO axis_chunk (axis, n, points, low_step, high_step, low_time, high_time, steps, times, places, flags)
    SELECT axis, n, points, low_step, high_step, low_time, high_time, steps, times, places, flags
    FROM axis_chunk_1 ORDER BY axis, n;
UPDATE axis SET flagged = 1 WHERE number IN (SELECT axis FROM axis_chunk_1 WHERE flags IS NOT NULL);
DROP TABLE axis_chunk_1;

ALTER TABLE metric_chunk RENAME TO metric_chunk_1;
CREATE TABLE metric_chunk (
    number INTEGER PRIMARY KEY,
    metric INTEGER NOT NULL REFERENCES metric,
    axis   INTEGER NOT NULL,                -- no foreign key: removing an axis would look through all chunks for it
    n      INTEGER NOT NULL,
    vals   BLOB NOT NULL,
    UNIQUE (metric, n, axis)
);
-- the metrics of an axis
CREATE INDEX metric_chunk_first ON metric_chunk (axis, metric) WHERE n = 0;
INSERT INTO metric_chunk (metric, axis, n, vals) SELECT metric, axis, n, vals FROM metric_chunk_1 ORDER BY metric, axis, n;
DROP TABLE metric_chunk_1;

-- buckets of one level of an axis: what all its metrics share. Covers the chunks from "first" up to and without "behind"
CREATE TABLE axis_level (
    number     INTEGER PRIMARY KEY,
    axis       INTEGER NOT NULL REFERENCES axis,
    level      INTEGER NOT NULL,            -- 1 is made of points, each other one of the level below
    first      INTEGER NOT NULL,
    behind     INTEGER NOT NULL,
    exponent   INTEGER NOT NULL,            -- a bucket is 2**exponent steps wide
    buckets    INTEGER NOT NULL,
    points     INTEGER NOT NULL,
    low_step   REAL NOT NULL,
    high_step  REAL NOT NULL,
    low_time   INTEGER NOT NULL,
    high_time  INTEGER NOT NULL,
    low_place  INTEGER,
    high_place INTEGER,
    counts     BLOB NOT NULL,               -- points of each bucket
    low_steps  BLOB NOT NULL,
    high_steps BLOB NOT NULL,
    low_times  BLOB NOT NULL,
    high_times BLOB NOT NULL,
    UNIQUE (axis, level, first)
);

-- the same buckets of one metric
CREATE TABLE metric_level (
    number    INTEGER PRIMARY KEY,
    metric    INTEGER NOT NULL REFERENCES metric,
    axis      INTEGER NOT NULL,             -- no foreign key, as in metric_chunk
    level     INTEGER NOT NULL,
    first     INTEGER NOT NULL,
    lows      BLOB NOT NULL,                -- of the finite values; NaN where a bucket has none
    highs     BLOB NOT NULL,
    means     BLOB NOT NULL,
    firsts    BLOB NOT NULL,                -- values at the least and greatest (step, time), finite or not
    lasts     BLOB NOT NULL,
    nonfinite BLOB,                         -- NaN and infinities of each bucket; NULL: none in any
    UNIQUE (metric, axis, level, first)
);

-- what is here already gets its levels in the background
INSERT INTO meta (key, value) SELECT 'levels_missing_behind', '0' WHERE EXISTS (SELECT 1 FROM axis_chunk);
