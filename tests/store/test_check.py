"""`trackrecord check`: finds what is wrong in a store, and repairs it without altering a point."""

from __future__ import annotations

import json
import math
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.store.journals import Journal, curve
from trackrecord.journal import blobfile
from trackrecord.journal.format import Kind
from trackrecord.store.checking.check import check_store
from trackrecord.store.checking.finding import CheckReport
from trackrecord.store.columns.blocks import write_block
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in

POINTS = 9000


def _value(step: int) -> float:
    return {7: math.nan, 8: math.inf}.get(step, math.sin(step / 50) * 3)


def _fill(path: Path, *, points: int = POINTS) -> None:
    """Make a store of a long run of two metrics, one of which has a point at every second step only, and others."""
    journal = Journal("long", 1).begin(name="long")
    for step in range(points):
        journal.log({"loss": _value(step), "acc": step / points}, step)
        if step % 2 == 0:
            journal.log({"rare": float(step)}, step)
        if step % 3000 == 2999:
            journal.rotate()
    journal.finish().put(path)
    rewound = Journal("rewound", 2).begin()
    for step in range(200):
        rewound.log({"loss": float(step)}, step)
    rewound.say(Kind.REWIND, step=100)
    for step in range(101, 150):
        rewound.log({"loss": -float(step)}, step)
    rewound.finish().put(path)
    with EmbeddedStore.open(path) as store:
        digest = store.blobs.put(b"the bytes of a model")
        thing = curve("thing", 3, 10)
        thing.segments[-1].pop()  # its end: more follows
        files = [{"path": "model", "digest": digest, "size": 20}]
        thing.say(
            Kind.ARTIFACT, name="model", kind="model", digest=digest, size=20, relation="logged", files=files
        )
        thing.finish().put(path)
        assert take_in(store).problems == []


def _change(path: Path, sql: str, *values: Any) -> None:
    with sqlite3.connect(path / "store.db") as connection:
        assert connection.execute(sql, values).rowcount > 0
    connection.close()


def _points(path: Path, run: str, metric: str) -> tuple[list[float], list[float]]:
    with EmbeddedStore.open(path, create=False) as store:
        found = store.series.points(run, metric)
        return found.steps.tolist(), found.values.tolist()


def _kinds(report: CheckReport) -> set[str]:
    return {found.kind for found in report.findings if found.severity == "problem"}


def _flip(payload: bytes, at: int = -1) -> bytes:
    changed = bytearray(payload)
    changed[at] ^= 0x10
    return bytes(changed)


def _damage_chunk(path: Path, metric: str, n: int) -> None:
    connection = sqlite3.connect(path / "store.db")
    with connection:
        number, vals = connection.execute(
            "SELECT c.number, c.vals FROM metric_chunk c JOIN metric m ON m.number = c.metric"
            " WHERE m.key = ? AND c.n = ? AND m.points > 1000",
            (metric, n),
        ).fetchone()
        connection.execute("UPDATE metric_chunk SET vals = ? WHERE number = ?", (_flip(vals), number))
    connection.close()


def test_a_sound_store_has_no_findings(tmp_path: Path) -> None:
    """Of a store that is well nothing is found, everything in it was looked at, and nothing is changed."""
    _fill(tmp_path)
    with EmbeddedStore.open(tmp_path):
        pass
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    report = check_store(tmp_path, deep=True)
    assert report.findings == ()
    assert report.ok
    assert report.checked["runs"] == 3
    assert report.checked["points"] == POINTS * 2.5 + 249 + 10
    assert report.checked["blobs"] == 1
    assert report.checked["levels"] > 0
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.name for path in after} - {"store.db-shm", "store.db-wal"} == {path.name for path in before}
    assert before[tmp_path / "store.db"] == after[tmp_path / "store.db"]
    assert check_store(tmp_path, fix=True).findings == ()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_damaged_chunk_goes_to_quarantine_and_the_rest_stays(tmp_path: Path, n: int) -> None:
    """One chunk of one metric is lost: its bytes are kept, all other points stay, figures and levels fit them."""
    _fill(tmp_path)
    everything = {key: _points(tmp_path, "long", key) for key in ("loss", "acc", "rare")}
    _damage_chunk(tmp_path, "loss", n)
    assert _kinds(check_store(tmp_path)) == {"chunk"}
    report = check_store(tmp_path, fix=True)
    assert report.ok
    assert all(found.fixed for found in report.findings)
    assert report.quarantine is not None
    described = [
        json.loads(line) for line in Path(report.quarantine, "report.jsonl").read_text().splitlines()
    ]
    assert [(line["metric"], line["n"]) for line in described] == [("loss", n)]
    assert Path(report.quarantine, described[0]["file"]).stat().st_size > 0
    steps, values = _points(tmp_path, "long", "loss")
    gone = set(range(n * 4096, min((n + 1) * 4096, POINTS)))
    kept = [step for step in everything["loss"][0] if step not in gone]
    assert steps == kept
    np.testing.assert_array_equal(values, [_value(int(step)) for step in kept])
    assert _points(tmp_path, "long", "acc") == everything["acc"]
    assert _points(tmp_path, "long", "rare") == everything["rare"]
    assert check_store(tmp_path, deep=True).findings == ()
    with EmbeddedStore.open(tmp_path) as store:
        (message,) = store.catalog.rows("SELECT message FROM problem")[0]
        assert f"{len(gone)} points at steps" in message
        assert store.catalog.rows("SELECT points, problems FROM run WHERE id = 'long'") == [
            (POINTS * 2 + POINTS // 2 - len(gone), 1)
        ]


def test_damaged_steps_take_the_chunk_from_all_metrics_of_the_axis(tmp_path: Path) -> None:
    """Without its steps a chunk of values says nothing: all are kept aside, other chunks and axes stay."""
    _fill(tmp_path)
    rare = _points(tmp_path, "long", "rare")
    connection = sqlite3.connect(tmp_path / "store.db")
    with connection:
        axis, steps = connection.execute(
            "SELECT axis, steps FROM axis_chunk WHERE points = 4096 AND n = 1 ORDER BY axis LIMIT 1"
        ).fetchone()
        connection.execute("UPDATE axis_chunk SET steps = ? WHERE axis = ? AND n = 1", (_flip(steps), axis))
    connection.close()
    report = check_store(tmp_path, fix=True)
    assert report.ok
    assert report.quarantine is not None
    assert len(list(Path(report.quarantine).glob("metric_chunk-*"))) == 2
    kept = [*range(4096), *range(8192, POINTS)]
    assert _points(tmp_path, "long", "loss")[0] == kept
    assert _points(tmp_path, "long", "acc")[0] == kept
    assert _points(tmp_path, "long", "rare") == rare
    assert check_store(tmp_path, deep=True).ok


def test_a_run_goes_on_after_its_chunk_was_put_aside(tmp_path: Path) -> None:
    """What a live run logs after the repair is taken in, and nothing of it is doubled."""
    journal = Journal("live", 1).begin()
    for step in range(5000):
        journal.log({"loss": float(step), "acc": 1.0}, step)
    journal.put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store)
    _damage_chunk(tmp_path, "loss", 1)
    assert check_store(tmp_path, fix=True).ok
    for step in range(5000, 5100):
        journal.log({"loss": float(step), "acc": 1.0}, step)
    journal.finish().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []
    assert _points(tmp_path, "live", "loss")[0] == [*range(4096), *range(5000, 5100)]
    assert _points(tmp_path, "live", "acc")[0] == list(range(5100))
    assert check_store(tmp_path, deep=True).ok


@pytest.mark.parametrize(
    ("kind", "sql"),
    [
        ("figures", "UPDATE metric SET max = 77.0 WHERE key = 'acc'"),
        ("figures", "UPDATE metric SET last = NULL WHERE key = 'rare'"),
        ("figures", "UPDATE metric SET points = points + 1 WHERE key = 'rare'"),
        ("header", "UPDATE axis_chunk SET high_step = 1e9 WHERE n = 1"),
        ("header", "UPDATE axis_chunk SET low_place = 5 WHERE n = 0"),
        ("totals", "UPDATE run SET points = 5 WHERE id = 'long'"),
        ("totals", "UPDATE run SET last_step = 5 WHERE id = 'long'"),
        ("totals", "UPDATE run SET problems = 3"),
        ("levels", "UPDATE axis_level SET points = points + 1"),
        ("levels", "UPDATE axis_level SET high_step = 3"),
        ("levels", "UPDATE metric_level SET lows = highs"),
        ("levels", "DELETE FROM metric_level WHERE number = (SELECT max(number) FROM metric_level)"),
        ("levels-behind", "DELETE FROM axis_level"),
    ],
)
def test_what_is_derived_is_made_again(tmp_path: Path, kind: str, sql: str) -> None:
    """Figures, headers, totals and levels that do not fit the points are found, named and made again."""
    _fill(tmp_path)
    loss = _points(tmp_path, "long", "loss")
    _change(tmp_path, sql)
    found = check_store(tmp_path, deep=True)
    assert kind in {each.kind for each in found.findings}
    assert found.ok is (kind == "levels-behind")
    report = check_store(tmp_path, fix=True, deep=True)
    assert report.ok
    assert report.quarantine is None
    assert check_store(tmp_path, deep=True).findings == ()
    np.testing.assert_array_equal(_points(tmp_path, "long", "loss")[1], loss[1])


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE column_part SET payload = zeroblob(30) WHERE space = 'metric'",
        "DELETE FROM column_part WHERE space = 'run' AND key = 'created'",
    ],
)
def test_columns_that_are_wrong_are_dropped(tmp_path: Path, sql: str) -> None:
    """Columns are compared with the rows they were made from; wrong ones are dropped and made again."""
    _fill(tmp_path)
    with EmbeddedStore.open(tmp_path) as store, store.connections.writing(1.0) as connection:
        (revision,) = connection.execute("SELECT value FROM revision").fetchone()
        write_block(connection, 0, revision)
    assert check_store(tmp_path, deep=True).findings == ()
    _change(tmp_path, sql)
    assert _kinds(check_store(tmp_path, deep=True)) == {"columns"}
    report = check_store(tmp_path, fix=True, deep=True)
    assert report.ok
    assert _kinds(report) == {"columns"}
    assert check_store(tmp_path, deep=True).findings == ()


def test_a_damaged_blob_is_moved_and_named_as_missing(tmp_path: Path) -> None:
    """A blob with other bytes goes to quarantine, its run shows that; what can't be made again stays reported."""
    _fill(tmp_path)
    (path,) = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    path.write_bytes(b"the bytes of another")
    assert _kinds(check_store(tmp_path)) == {"blob", "blob-missing"}
    report = check_store(tmp_path, fix=True)
    assert not report.ok
    assert not path.exists()
    assert report.quarantine is not None
    assert Path(report.quarantine, path.name).read_bytes() == b"the bytes of another"
    blobfile.put_bytes(str(tmp_path / "blobs"), b"the bytes of a model")
    assert check_store(tmp_path).ok
    with EmbeddedStore.open(tmp_path) as store:
        assert "damaged" in store.catalog.rows("SELECT message FROM problem")[0][0]


def test_a_damaged_journal_is_kept_and_what_can_be_read_is_taken_in(tmp_path: Path) -> None:
    """A flipped bit in a journal costs its record: reported, copied to quarantine, all other records taken in."""
    curve("run1", 1, 50).put(tmp_path)
    (path,) = (tmp_path / "inbox").iterdir()
    whole = path.read_bytes()
    path.write_bytes(_flip(whole, len(whole) // 2))
    report = check_store(tmp_path)
    assert _kinds(report) == {"journal"}
    (found,) = report.findings
    assert "at offset" in found.message
    report = check_store(tmp_path, fix=True)
    assert report.ok
    assert report.quarantine is not None
    assert Path(report.quarantine, path.name).read_bytes() == _flip(whole, len(whole) // 2)
    assert len(_points(tmp_path, "run1", "loss")[0]) == 49
    assert check_store(tmp_path).ok


def _overwrite_page(path: Path, rng: random.Random) -> None:
    content = bytearray((path / "store.db").read_bytes())
    page = rng.randrange(2, len(content) // 4096 - 1)
    content[page * 4096 : (page + 1) * 4096] = rng.randbytes(4096)
    (path / "store.db").write_bytes(content)


def _truncate(path: Path, _: random.Random) -> None:
    content = (path / "store.db").read_bytes()
    (path / "store.db").write_bytes(content[: len(content) // 2 // 4096 * 4096])


def _destroy(path: Path, rng: random.Random) -> None:
    (path / "store.db").write_bytes(rng.randbytes(20_000))


def _empty(path: Path, _: random.Random) -> None:
    (path / "store.db").write_bytes(b"")


def _delete(path: Path, _: random.Random) -> None:
    (path / "store.db").unlink()


@pytest.mark.parametrize("harm", [_overwrite_page, _truncate, _destroy, _empty, _delete])
@pytest.mark.parametrize("seed", range(2))
def test_what_can_be_read_of_a_broken_database_is_saved(
    tmp_path: Path, harm: Callable[[Path, random.Random], None], seed: int
) -> None:
    """Whatever was done to the database: the check says so, and the repair leaves a sound store, no number wrong."""
    _fill(tmp_path)
    harm(tmp_path, random.Random(seed))
    first = check_store(tmp_path)
    assert not first.ok
    report = check_store(tmp_path, fix=True)
    left = {found.kind for found in report.findings if found.fixed is None and found.severity == "problem"}
    assert left <= {"blob-missing", "text"}, report.findings
    again = check_store(tmp_path, deep=True)
    assert again.ok, again.findings
    with EmbeddedStore.open(tmp_path, create=False) as store:
        metrics = store.catalog.rows("SELECT r.id, m.key FROM metric m JOIN run r ON r.number = m.run")
        for run, key in metrics:
            if (run, key) == ("long", "loss"):
                found = store.series.points(run, key)
                np.testing.assert_array_equal(found.values, [_value(int(step)) for step in found.steps])


def test_a_broken_store_json_is_made_again_with_the_same_id(tmp_path: Path) -> None:
    """A ``store.json`` that is gone or can't be understood comes back with the id that the database knows."""
    _fill(tmp_path)
    before = json.loads((tmp_path / "store.json").read_text())
    (tmp_path / "store.json").write_text("{")
    assert _kinds(check_store(tmp_path)) == {"store-file"}
    report = check_store(tmp_path, fix=True)
    assert [found.kind for found in report.findings] == ["store-file"]
    assert report.ok
    assert json.loads((tmp_path / "store.json").read_text()) == before
    (tmp_path / "store.json").unlink()
    with EmbeddedStore.open(tmp_path) as store:
        assert store.store_id == before["store_id"]


def _command(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trackrecord", "--store", str(path), "check", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_says_what_it_found_and_exits_accordingly(tmp_path: Path) -> None:
    """Exit code 0 and 1, plain text and JSON that say the same."""
    _fill(tmp_path)
    done = _command(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing is wrong." in done.stdout
    _damage_chunk(tmp_path, "acc", 0)
    done = _command(tmp_path)
    assert done.returncode == 1
    assert "metric 'acc'" in done.stdout
    assert "check --fix" in done.stdout
    answer = json.loads(_command(tmp_path, "--json").stdout)
    assert answer["ok"] is False
    assert [found["kind"] for found in answer["findings"]] == ["chunk"]
    done = _command(tmp_path, "--fix")
    assert done.returncode == 0
    assert "nothing is wrong now" in done.stdout
    assert _command(tmp_path).returncode == 0
    nowhere = _command(tmp_path / "nowhere")
    assert nowhere.returncode == 1
    assert "there is no store" in nowhere.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files here")
@pytest.mark.parametrize("fix", [False, True])
def test_what_is_no_journal_in_the_inbox_is_noted(tmp_path: Path, fix: bool) -> None:
    """Links that lead round in a circle, pipes and folders with the name of a journal are named, and left alone."""
    curve("run1", 1, 20).put(tmp_path)
    names = [Journal("run2", writer).path(tmp_path) for writer in (2, 3, 4)]
    names[0].symlink_to(names[0].name)
    os.mkfifo(names[1])
    names[2].mkdir()
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store)
    report = check_store(tmp_path, fix=fix)
    assert [(found.kind, found.place, found.severity) for found in report.findings] == [
        ("journal-stray", f"inbox/{path.name}", "note") for path in names
    ]
    assert report.ok
    assert sorted((tmp_path / "inbox").iterdir()) == names
