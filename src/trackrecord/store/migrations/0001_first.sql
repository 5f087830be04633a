-- The catalog and series of an embedded store, version 1. docs/store.md explains every table.
-- Times are integers: nanoseconds since 1970, UTC. A REAL that is NULL in a present row means NaN
-- (SQLite keeps no NaN); infinities are kept as they are.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- one row; grows by one with every transaction that changes what a view can show
CREATE TABLE revision (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    value INTEGER NOT NULL
);
INSERT INTO revision VALUES (1, 0);

-- the right to take in the inbox: one ingester at a time
CREATE TABLE lease (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    holder  TEXT NOT NULL,
    expires INTEGER NOT NULL
);

CREATE TABLE project (
    number   INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    created  INTEGER NOT NULL,
    changed  INTEGER NOT NULL,             -- last activity
    revision INTEGER NOT NULL
);

CREATE TABLE experiment (
    number     INTEGER PRIMARY KEY,
    project    INTEGER NOT NULL REFERENCES project,
    name       TEXT NOT NULL,
    hypothesis TEXT,
    prediction TEXT,
    verdict    TEXT,
    conclusion TEXT,
    created    INTEGER NOT NULL,
    updated    INTEGER NOT NULL,
    UNIQUE (project, name)
);

CREATE TABLE contract (
    project     INTEGER NOT NULL REFERENCES project,
    pattern     TEXT NOT NULL,
    goal        TEXT,
    unit        TEXT,
    is_primary  INTEGER NOT NULL,
    x           TEXT,
    low         REAL,
    high        REAL,
    description TEXT,
    updated     INTEGER NOT NULL,
    PRIMARY KEY (project, pattern)
) WITHOUT ROWID;

CREATE TABLE run (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    project     INTEGER NOT NULL REFERENCES project,
    experiment  INTEGER REFERENCES experiment,
    name        TEXT NOT NULL,
    group_name  TEXT,
    parent      TEXT,                       -- id of the parent run; it may not be here yet
    hypothesis  TEXT,
    notes       TEXT,
    user        TEXT,
    host        TEXT,
    command     TEXT,                       -- JSON list
    created     INTEGER NOT NULL,
    ended       INTEGER,
    ended_state TEXT,                       -- finished, failed or stopped once its beginners have ended; NULL: live or crashed
    exit_code   INTEGER,
    traceback   TEXT,
    grown_at    INTEGER NOT NULL,           -- when the ingester last saw growth of any writer, by its own clock
    last_step   REAL,
    points      INTEGER NOT NULL DEFAULT 0,
    problems    INTEGER NOT NULL DEFAULT 0,
    fork_run    TEXT,
    fork_step   REAL,
    revision    INTEGER NOT NULL
);
CREATE INDEX run_by_project ON run (project, created DESC, id);
CREATE INDEX run_by_created ON run (created DESC, id);
CREATE INDEX run_by_name ON run (name);
CREATE INDEX run_by_parent ON run (parent) WHERE parent IS NOT NULL;
CREATE INDEX run_by_revision ON run (revision);
CREATE INDEX run_not_ended ON run (number) WHERE ended_state IS NULL;

CREATE TABLE tag (
    run  INTEGER NOT NULL REFERENCES run,
    name TEXT NOT NULL,
    PRIMARY KEY (run, name)
) WITHOUT ROWID;
CREATE INDEX tag_by_name ON tag (name, run);

-- one process that writes one run
CREATE TABLE writer (
    run           INTEGER NOT NULL REFERENCES run,
    writer        TEXT NOT NULL,
    role          TEXT NOT NULL,            -- begin, join or forked
    rank          INTEGER,
    world_size    INTEGER,
    process       TEXT NOT NULL,            -- JSON: host, boot, pid, pid_namespace, started (docs/format.md)
    state         TEXT,                     -- finished, failed, stopped; NULL: not ended by its own word
    started       INTEGER NOT NULL,
    ended         INTEGER,
    exit_code     INTEGER,
    traceback     TEXT,
    last_time     INTEGER NOT NULL,         -- time of the latest record, by the writer's clock
    grown_at      INTEGER NOT NULL,         -- when the ingester last saw growth, by its own clock
    gone          INTEGER NOT NULL DEFAULT 0, -- 1: proven gone (same host and boot, no such process)
    PRIMARY KEY (run, writer)
) WITHOUT ROWID;

-- how far each segment has been taken in; committed together with the data
CREATE TABLE segment (
    run     INTEGER NOT NULL REFERENCES run,
    writer  TEXT NOT NULL,
    n       INTEGER NOT NULL,
    taken   INTEGER NOT NULL,               -- bytes of the segment that are in the store
    closed  INTEGER NOT NULL,               -- its writer closed it
    damage  INTEGER NOT NULL DEFAULT 0,     -- bytes that could not be read
    columns TEXT NOT NULL DEFAULT '{}',     -- JSON: names by id of columns, for the rows still to come
    PRIMARY KEY (run, writer, n)
) WITHOUT ROWID;

-- a typed value: kind is int, float, bool, text, none or json; number holds int, float and bool, text holds text,
-- value the exact JSON (docs/format.md, "Values")
CREATE TABLE param (
    run    INTEGER NOT NULL REFERENCES run,
    key    TEXT NOT NULL,
    kind   TEXT NOT NULL,
    number REAL,
    text   TEXT,
    value  TEXT NOT NULL,
    time   INTEGER NOT NULL,                -- time, writer and place say which of several came first
    writer TEXT NOT NULL,
    place  INTEGER NOT NULL,                -- where in the writer's journal: segment * 2^32 + offset
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX param_by_number ON param (key, number, run) WHERE number IS NOT NULL;
CREATE INDEX param_by_text ON param (key, text, run) WHERE text IS NOT NULL;
-- so that the name of one that is neither is found without a scan
CREATE INDEX param_without_order ON param (key) WHERE number IS NULL AND text IS NULL;

CREATE TABLE param_conflict (
    run   INTEGER NOT NULL REFERENCES run,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, key, value)
) WITHOUT ROWID;

CREATE TABLE summary (
    run    INTEGER NOT NULL REFERENCES run,
    key    TEXT NOT NULL,
    kind   TEXT NOT NULL,
    number REAL,
    text   TEXT,
    value  TEXT NOT NULL,
    updated INTEGER NOT NULL,
    writer TEXT NOT NULL,
    place  INTEGER NOT NULL,
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX summary_by_number ON summary (key, number, run) WHERE number IS NOT NULL;
CREATE INDEX summary_by_text ON summary (key, text, run) WHERE text IS NOT NULL;
-- so that the name of one that is neither is found without a scan
CREATE INDEX summary_without_order ON summary (key) WHERE number IS NULL AND text IS NULL;

-- one metric of one run, with the row of figures that answers "last" and friends without a scan.
-- first/last: value at the least/greatest (step, time, value); min, max, mean: over finite values only.
CREATE TABLE metric (
    number    INTEGER PRIMARY KEY,
    run       INTEGER NOT NULL REFERENCES run,
    key       TEXT NOT NULL,
    points    INTEGER NOT NULL,
    nonfinite INTEGER NOT NULL,
    first     REAL,
    last      REAL,
    min       REAL,
    max       REAL,
    mean      REAL,
    total     TEXT NOT NULL,                -- exact sum of the finite values: docs/store.md, "Exact sums"
    min_step  REAL,                         -- step at which min was first reached
    max_step  REAL,
    first_step REAL NOT NULL,
    last_step REAL NOT NULL,
    first_time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    UNIQUE (run, key)
);
CREATE INDEX metric_by_last ON metric (key, last, run);
CREATE INDEX metric_by_min ON metric (key, min, run);
CREATE INDEX metric_by_max ON metric (key, max, run);

-- steps and times shared by the metrics that one writer logs together
CREATE TABLE axis (
    number INTEGER PRIMARY KEY,
    run    INTEGER NOT NULL REFERENCES run,
    writer TEXT NOT NULL,
    keys   TEXT NOT NULL,                   -- digest of the set of metric names
    UNIQUE (run, writer, keys)
);

CREATE TABLE axis_chunk (
    axis       INTEGER NOT NULL REFERENCES axis,
    n          INTEGER NOT NULL,
    points     INTEGER NOT NULL,
    low_step   REAL NOT NULL,
    high_step  REAL NOT NULL,
    low_time   INTEGER NOT NULL,
    high_time  INTEGER NOT NULL,
    steps      BLOB NOT NULL,               -- payloads: docs/store.md, "Payloads"
    times      BLOB NOT NULL,
    places     BLOB NOT NULL,               -- where in the writer's journal: segment * 2^32 + offset
    flags      BLOB,                        -- one byte a point, where any is not zero; 1: from a retrying protocol
    PRIMARY KEY (axis, n)
) WITHOUT ROWID;

CREATE TABLE metric_chunk (
    metric INTEGER NOT NULL REFERENCES metric,
    axis   INTEGER NOT NULL REFERENCES axis,
    n      INTEGER NOT NULL,
    vals   BLOB NOT NULL,
    PRIMARY KEY (metric, axis, n)
) WITHOUT ROWID;

-- hides points of a greater step: of the same writer those at an earlier place, of others those not later than "written"
CREATE TABLE rewind (
    run     INTEGER NOT NULL REFERENCES run,
    writer  TEXT NOT NULL,
    place   INTEGER NOT NULL,
    written INTEGER NOT NULL,
    step    REAL NOT NULL,
    PRIMARY KEY (run, writer, place)
) WITHOUT ROWID;

CREATE TABLE media (
    number     INTEGER PRIMARY KEY,
    run        INTEGER NOT NULL REFERENCES run,
    key        TEXT NOT NULL,
    kind       TEXT NOT NULL,
    step       REAL NOT NULL,
    time       INTEGER NOT NULL,
    caption    TEXT,
    digest     TEXT,
    media_type TEXT,
    size       INTEGER,
    data       TEXT                         -- JSON
);
CREATE INDEX media_by_key ON media (run, key, step, number);

CREATE TABLE console (
    run    INTEGER NOT NULL REFERENCES run,
    n      INTEGER NOT NULL,
    time   INTEGER NOT NULL,
    stream TEXT NOT NULL,
    text   TEXT NOT NULL,
    writer TEXT NOT NULL,
    PRIMARY KEY (run, n)
) WITHOUT ROWID;

CREATE TABLE artifact (
    number  INTEGER PRIMARY KEY,
    project INTEGER NOT NULL REFERENCES project,
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    digest  TEXT NOT NULL,                  -- of its sorted list of (path, digest)
    size    INTEGER NOT NULL,
    created INTEGER NOT NULL,
    UNIQUE (project, name, version),
    UNIQUE (project, name, digest)
);
CREATE TABLE artifact_file (
    artifact INTEGER NOT NULL REFERENCES artifact,
    path     TEXT NOT NULL,
    digest   TEXT NOT NULL,
    size     INTEGER NOT NULL,
    PRIMARY KEY (artifact, path)
) WITHOUT ROWID;
-- which run logged (or used) which artifact
CREATE TABLE run_artifact (
    run      INTEGER NOT NULL REFERENCES run,
    artifact INTEGER NOT NULL REFERENCES artifact,
    relation TEXT NOT NULL,                 -- logged or used
    time     INTEGER NOT NULL,
    PRIMARY KEY (run, artifact, relation)
) WITHOUT ROWID;

-- facts of the process: git, python, host, process, packages
CREATE TABLE fact (
    run    INTEGER NOT NULL REFERENCES run,
    part   TEXT NOT NULL,
    value  TEXT,                            -- JSON; NULL where digest names a blob that holds it
    digest TEXT,
    time   INTEGER NOT NULL,                -- the first by (time, writer) holds
    writer TEXT NOT NULL,
    PRIMARY KEY (run, part)
) WITHOUT ROWID;

CREATE TABLE problem (
    run     INTEGER NOT NULL REFERENCES run,
    writer  TEXT NOT NULL,
    code    TEXT NOT NULL,
    message TEXT NOT NULL,
    count   INTEGER NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    PRIMARY KEY (run, writer, code, message)
) WITHOUT ROWID;

-- every change after the fact: who, when, before, after
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    time   INTEGER NOT NULL,
    who    TEXT NOT NULL,
    run    TEXT,
    change TEXT NOT NULL,                   -- rename, tag, note, redact, ...
    before TEXT,
    after  TEXT
);

-- which record set a field that several records may set, so that the order of arrival decides nothing
CREATE TABLE stamp (
    kind   TEXT NOT NULL,                   -- run or experiment
    owner  INTEGER NOT NULL,                -- its number
    field  TEXT NOT NULL,                   -- name, notes, ..., tags, or tag:<tag>
    origin INTEGER NOT NULL,                -- 0 a segment's header, 1 a joining writer, 2 the beginner, 3 a later change
    time   INTEGER NOT NULL,
    writer TEXT NOT NULL,
    place  INTEGER NOT NULL,
    PRIMARY KEY (kind, owner, field)
) WITHOUT ROWID;

-- what was to be taken away, so that it is not taken in again
CREATE TABLE redaction (
    run    INTEGER NOT NULL REFERENCES run,
    what   TEXT NOT NULL,                   -- param, summary, notes, console, media, artifact or fact
    key    TEXT NOT NULL,                   -- '': all of that kind
    time   INTEGER NOT NULL,                -- what was recorded up to then
    who    TEXT,
    reason TEXT,
    PRIMARY KEY (run, what, key, time)
) WITHOUT ROWID;
