"""Write a store with runs of every kind, and what it holds, for later versions to read: ``tests/format/<version>/``.

::

    python scripts/write_format_fixture.py tests/format/0.2

Run once for each released version, with that version's own code. A fixture is never written again: this refuses to
overwrite. ``store/`` is the store; ``expected.json`` what this version reads in it (``stored``: without taking anything
in; ``taken_in``: after its inbox was taken in). `read_store` is what the test reads with, in every later version.
"""

from __future__ import annotations

import json
import math
import shutil
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any

from trackrecord.journal.blobfile import digest_of, put_bytes
from trackrecord.journal.format import (
    RETRIED,
    Kind,
    RowEncoder,
    encode_record,
    encode_structural,
    encode_value,
    file_header,
)
from trackrecord.journal.place import make_store
from trackrecord.journal.segments import SegmentName
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in

SECOND = 10**9
#: nothing of the machine that this runs on is in a fixture
_PROCESS = {"host": "elsewhere", "boot": None, "pid": 1, "pid_namespace": None, "started": None}
_BEGAN = 1_790_000_000 * SECOND
_LONGEST = 1 << 20

#: what later versions must read the same, whatever becomes of tables: name to SQL
_QUERIES = {
    "projects": "SELECT name, created FROM project",
    "experiments": "SELECT p.name, e.name, e.hypothesis, e.prediction, e.verdict, e.conclusion FROM experiment e"
    " JOIN project p ON p.number = e.project",
    "contracts": "SELECT p.name, pattern, goal, unit, is_primary, x, low, high, description FROM contract c"
    " JOIN project p ON p.number = c.project",
    "runs": "SELECT r.id, p.name, e.name, r.name, r.group_name, r.parent, r.hypothesis, r.notes, r.user, r.host,"
    " r.command, r.created, r.ended, r.ended_state, r.exit_code, r.traceback, r.last_step, r.points, r.problems,"
    " r.fork_run, r.fork_step FROM run r JOIN project p ON p.number = r.project"
    " LEFT JOIN experiment e ON e.number = r.experiment",
    "tags": "SELECT r.id, t.name FROM tag t JOIN run r ON r.number = t.run",
    "writers": "SELECT r.id, w.writer, w.role, w.rank, w.world_size, w.state, w.started, w.ended FROM writer w"
    " JOIN run r ON r.number = w.run",
    "params": "SELECT r.id, x.key, x.kind, x.value FROM param x JOIN run r ON r.number = x.run",
    "conflicts": "SELECT r.id, x.key, x.value FROM param_conflict x JOIN run r ON r.number = x.run",
    "summary": "SELECT r.id, x.key, x.kind, x.value FROM summary x JOIN run r ON r.number = x.run",
    "figures": "SELECT r.id, m.key, m.points, m.nonfinite, m.first, m.last, m.min, m.max, m.mean, m.min_step,"
    " m.max_step, m.first_step, m.last_step, m.first_time, m.last_time FROM metric m JOIN run r ON r.number = m.run",
    "media": "SELECT r.id, x.key, x.kind, x.step, x.time, x.caption, x.digest, x.media_type, x.size, x.data"
    " FROM media x JOIN run r ON r.number = x.run",
    "console": "SELECT r.id, c.time, c.stream, c.text FROM console c JOIN run r ON r.number = c.run",
    "artifacts": "SELECT p.name, a.name, a.version, a.kind, a.digest, a.size FROM artifact a"
    " JOIN project p ON p.number = a.project",
    "artifact_files": "SELECT a.digest, f.path, f.digest, f.size FROM artifact_file f"
    " JOIN artifact a ON a.number = f.artifact",
    "run_artifacts": "SELECT r.id, a.digest, x.relation FROM run_artifact x JOIN run r ON r.number = x.run"
    " JOIN artifact a ON a.number = x.artifact",
    "facts": "SELECT r.id, f.part, f.value, f.digest FROM fact f JOIN run r ON r.number = f.run",
    "problems": "SELECT r.id, x.code, x.message, x.count FROM problem x JOIN run r ON r.number = x.run",
}


class Journal:
    """One writer's journal, made of this version's own records."""

    def __init__(self, run: str, writer: int, project: str = "digits") -> None:
        self.run, self.writer, self.project = run, f"{writer:016x}", project
        self.time = _BEGAN + writer * SECOND
        self.segments: list[bytearray] = []
        self._columns: dict[tuple[str, ...], int] = {}
        self._open()

    def say(self, kind: Kind, /, **fields: Any) -> Journal:
        """Add a structural record."""
        self.time += 1000
        self.segments[-1] += encode_structural(kind, {"t": self.time, **fields})
        return self

    def begin(self, role: str = "begin", **fields: Any) -> Journal:
        """Add the first word of a writer."""
        return self.say(Kind.BEGIN, role=role, project=self.project, **fields)

    def log(self, step: float, flags: int = 0, time: int | None = None, **values: float) -> Journal:
        """Add a row; a double underscore in a name stands for a slash."""
        self.time += 1000
        keys = tuple(key.replace("__", "/") for key in values)
        if keys not in self._columns:
            self._columns[keys] = len(self._columns)
            self.say(Kind.COLUMNS, id=self._columns[keys], keys=[encode_value(key) for key in keys])
        row = RowEncoder(self._columns[keys], len(keys)).encode(
            step, time or self.time, list(values.values()), flags
        )
        self.segments[-1] += row
        return self

    def raw(self, data: bytes) -> Journal:
        """Add bytes as they are."""
        self.segments[-1] += data
        return self

    def rotate(self) -> Journal:
        """Go on in the next segment."""
        self.say(Kind.CLOSE, next=True)
        self._open()
        return self

    def finish(self, state: str = "finished", **fields: Any) -> Journal:
        """End the run."""
        return self.say(Kind.FINISH, state=state, **fields).say(Kind.CLOSE, next=False)

    def put(self, store: Path) -> None:
        """Write the segments into the inbox of a store."""
        for n, data in enumerate(self.segments):
            (store / "inbox" / SegmentName(self.run, self.writer, n).file_name()).write_bytes(data)

    def _open(self) -> None:
        self._columns = {}
        self.segments.append(bytearray(file_header()))
        identity = {
            "run": self.run,
            "writer": self.writer,
            "n": len(self.segments) - 1,
            "made_by": "trackrecord",
        }
        self.say(Kind.SEGMENT, **identity, project=self.project, path="", process=_PROCESS)


def _stored_runs(store: Path) -> list[Journal]:
    """Return journals that are taken in before the fixture is kept."""
    rich = Journal("rich", 1).begin(
        name="quiet-river", group="mlp", experiment="depth", tags=["best", "näöü"], notes="first", user="ada",
        hypothesis="Depth 3 is enough", command=["train.py", "--lr", "0.1"], created=_BEGAN,
    )  # fmt: skip
    values = [0.1, -3, True, None, "mlp", [1, "two", None], math.nan, math.inf, 2**70, "\U0001f600", ""]
    rich.say(Kind.PARAMS, params={f"p{n}": encode_value(value) for n, value in enumerate(values)})
    rich.say(Kind.PARAMS, params={"p0": 0.2, "optimizer.lr": 1e-3})
    rich.say(
        Kind.CONTRACT,
        pattern="val/*",
        goal="max",
        unit="%",
        primary=True,
        x="step",
        low=0,
        high=1,
        description="d",
    )
    rich.say(Kind.EXPERIMENT, name="depth", hypothesis="h", prediction="p", verdict="v", conclusion="c")
    special = {3: math.nan, 4: math.inf, 5: -math.inf, 6: -0.0, 7: 5e-324, 8: 1.7976931348623157e308}
    for step in range(9000):
        rich.log(
            step,
            train__loss=special.get(step, math.exp(-step / 3000) + step % 7 / 100),
            val__accuracy=step / 9000,
        )
        if step == 5000:
            rich.rotate()
    small = b"\x89PNG small"
    rich.raw(encode_record(Kind.CONTENT, bytes.fromhex(digest_of(small)[7:]) + small, 1))
    rich.say(
        Kind.MEDIA, key="sample", step=3, kind="image", caption="a cat", digest=digest_of(small),
        media_type="image/png", size=len(small), data=None,
    )  # fmt: skip
    rich.say(
        Kind.MEDIA, key="words", step=1.5, kind="text", caption=None, digest=None, data={"text": "hello"}
    )
    rich.say(
        Kind.MEDIA,
        key="h",
        step=2,
        kind="histogram",
        digest=None,
        data={"edges": [0, 1, 2], "counts": [3, 4]},
    )
    model = put_bytes(str(store / "blobs"), b"model " * 100)
    files = [{"path": "model/weights.bin", "digest": model.digest, "size": model.size}]
    whole = digest_of(f"model/weights.bin\0{model.digest}\n".encode())
    artifact = {"name": "model", "kind": "model", "digest": whole, "size": model.size, "files": files}
    rich.say(Kind.ARTIFACT, **artifact, relation="logged")
    rich.say(Kind.CONSOLE, stream="stdout", text="epoch 1\nepoch 2\n").say(
        Kind.CONSOLE, stream="stderr", text="warn\n"
    )
    rich.say(Kind.HEARTBEAT)
    rich.say(Kind.FACTS, part="git", value={"commit": "abc", "dirty": False}, digest=None)
    rich.say(Kind.FACTS, part="packages", value=None, digest=model.digest)
    rich.say(Kind.PROBLEM, code="value", message="a value was no number", count=3)
    rich.say(Kind.RANK, rank=0, local_rank=0, world_size=2)
    rich.say(Kind.SUMMARY, summary={"accuracy": 0.93, "nan": encode_value(math.nan), "text": "good"})
    rich.raw(encode_record(200, b"an experiment that is skipped", 1))
    rich.finish()
    second = Journal("rich", 2).begin("join").say(Kind.RANK, rank=1, local_rank=1, world_size=2)
    for step in range(0, 100, 10):
        second.log(step, rank1__loss=float(step))
    second.finish()
    steps = Journal("steps", 3).begin(name="steps of all kinds")
    for number in range(300):
        steps.log(number / 8, fractional=float(number))
        steps.log(-number, negative=number * 2.0)
        steps.log((number * 7) % 300, late=float(number))
        steps.log(5, same=float(number))
    steps.log(2**53, great=1.0).log(1e300, great=2.0).finish(
        "failed", exit_code=1, traceback="ValueError: no\n"
    )
    rewound = Journal("rewound", 4).begin(name="rewound")
    for step in range(50):
        rewound.log(step, loss=float(step))
    rewound.say(Kind.REWIND, step=20)
    for step in range(21, 40):
        rewound.log(step, loss=-float(step))
    rewound.finish()
    child = Journal("child", 5).begin(name="child", parent="rich").say(Kind.FORK, run="rewound", step=25)
    for step in range(26, 30):
        child.log(step, loss=100.0 + step)
    child.say(Kind.ARTIFACT, **artifact, relation="used")
    child.finish("stopped")
    repeated = Journal("repeated", 6, "other").begin(name="from a retrying protocol")
    for step in range(10):
        for _ in range(2):
            repeated.log(step, RETRIED, _BEGAN + step, loss=float(step))
    repeated.say(Kind.PARAMS, params={"secret": "to be taken away"})
    repeated.say(Kind.REDACTION, who="ada", what="param", key="secret", reason="a key").finish()
    edits = Journal("steps", 7).begin("join")
    edits.say(Kind.CHANGE, who="ada", field="name", value="renamed")
    edits.say(Kind.CHANGE, who="ada", field="notes", value="said later")
    edits.say(Kind.CHANGE, who="ada", field="tags", add=["kept"], remove=["gone"])
    edits.say(Kind.CHANGE, who="ada", field="archived", value=True).say(Kind.CLOSE, next=False)
    live = Journal("live", 8).begin(name="still running")
    for step in range(200):
        live.log(step, loss=step / 10)
    return [rich, second, steps, rewound, child, repeated, edits, live]


def _waiting_runs() -> list[Journal]:
    """Return journals that stay in the inbox: whole, unfinished, torn and damaged ones."""
    whole = Journal("waiting", 20).begin(name="waiting").log(1, loss=1.0).finish()
    unfinished = Journal("unfinished", 21).begin(name="unfinished").log(1, loss=1.0).log(2, loss=2.0)
    torn = Journal("torn", 22).begin(name="torn")
    for step in range(20):
        torn.log(step, loss=float(step))
    del torn.segments[-1][-11:]
    damaged = Journal("damaged", 23).begin(name="damaged")
    for step in range(20):
        damaged.log(step, loss=float(step), acc=1.0)
    damaged.segments[-1][-(16 + 40) * 10 + 20] ^= 0x04
    damaged.finish()
    return [whole, unfinished, torn, damaged]


def read_store(path: Path, *, read_only: bool) -> dict[str, Any]:
    """Return what a store holds, as JSON would give it back: rows by table, and the bytes of every series."""
    with EmbeddedStore.open(path, read_only=read_only, create=False) as store:
        found: dict[str, Any] = {
            name: sorted((_plain(row) for row in store.catalog.rows(sql)), key=repr)
            for name, sql in _QUERIES.items()
        }
        points = []
        for run, key in store.catalog.rows("SELECT r.id, m.key FROM metric m JOIN run r ON r.number = m.run"):
            series = store.series.points(run, key)
            numbers = [series.steps.astype(float), series.times, series.values]
            packed = [array.astype(array.dtype.newbyteorder("<")).tobytes() for array in numbers]
            points.append([run, key, len(series.values), *(digest_of(data) for data in packed)])
        found["points"] = sorted(points)
        digests = [row[0] for row in store.catalog.rows("SELECT digest FROM artifact_file")]
        digests += [row[0] for row in store.catalog.rows("SELECT digest FROM media WHERE digest IS NOT NULL")]
        found["blobs"] = sorted([each, digest_of(b"".join(store.blobs.read(each)))] for each in set(digests))
    return found


def write(destination: Path) -> None:
    """Write a fixture. Raises FileExistsError when there is one."""
    destination.mkdir(parents=True)
    store_path = destination / "store"
    make_store(store_path)
    for journal in _stored_runs(store_path):
        journal.put(store_path)
    with EmbeddedStore.open(store_path) as store:
        assert take_in(store, wait_s=10.0).problems == []
    for journal in _waiting_runs():
        journal.put(store_path)
    # whatever SQLite keeps beside the database is gone now, and an empty folder does not survive version control
    (store_path / ".gitignore").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "store")
        shutil.copytree(store_path, copy)
        expected = {"stored": read_store(copy, read_only=True)}
        with EmbeddedStore.open(copy) as store:
            assert take_in(store, wait_s=10.0).problems == []
        expected["taken_in"] = read_store(copy, read_only=False)
    (destination / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in destination.rglob("*") if path.is_file())
    assert size < _LONGEST, f"a fixture of {size} bytes is too big to be kept for good"
    print(f"{destination}: {size} bytes")


def _plain(row: tuple[Any, ...]) -> list[Any]:
    # exact, and JSON: infinities and every bit of a float
    return [f"float {struct.pack('>d', value).hex()}" if isinstance(value, float) else value for value in row]


def main() -> None:
    """Write the fixture that the command line names."""
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/write_format_fixture.py tests/format/<version>")
    destination = Path(sys.argv[1])
    if destination.exists():
        sys.exit(f"{destination} is there already: a fixture is never written again")
    write(destination)


if __name__ == "__main__":
    main()
