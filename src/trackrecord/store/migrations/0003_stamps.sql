-- How the ingester remembers which record set which field: all of one owner's stamps in one row (docs/store.md).

ALTER TABLE stamp RENAME TO stamp_of_field;

CREATE TABLE stamp (
    kind   TEXT NOT NULL,                   -- run or experiment
    owner  INTEGER NOT NULL,                -- its number
    stamps TEXT NOT NULL,                   -- JSON: [[origin, time, writer, place, [field, ...]], ...]
    PRIMARY KEY (kind, owner)
) WITHOUT ROWID;

INSERT INTO stamp (kind, owner, stamps)
SELECT kind, owner, json_group_array(json_array(origin, time, writer, place, json(fields)))
FROM (SELECT kind, owner, origin, time, writer, place, json_group_array(field) AS fields FROM stamp_of_field
      GROUP BY kind, owner, origin, time, writer, place)
GROUP BY kind, owner;

DROP TABLE stamp_of_field;

-- segments that stay in the inbox though all that can be read of them is taken: not opened again while they stay so
CREATE TABLE resting_segment (
    run     TEXT NOT NULL,                  -- run, writer and n: its name
    writer  TEXT NOT NULL,
    n       INTEGER NOT NULL,
    size    INTEGER NOT NULL,               -- as it was when it was last read
    changed INTEGER NOT NULL,               -- the file's time of change then, ns
    PRIMARY KEY (run, writer, n)
) WITHOUT ROWID;
