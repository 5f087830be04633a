"""What is written for many runs at once is what is written for each by itself, row for row."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store import many_runs
from tests.store.dump import dump
from tests.store.journals import BEGAN, GONE, Journal
from tests.store.many_runs import fill_inbox
from tests.store.test_ingest_order import _journals
from trackrecord.journal.format import RETRIED, Kind
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.apply import Application
from trackrecord.store.intake.ingest import take_in
from trackrecord.store.intake.short_sums import sums_of
from trackrecord.store.intake.stamps import Stamp, packed, unpacked
from trackrecord.store.intake.transaction import Transaction
from trackrecord.store.points.exact import ExactSum

_RAW = {
    "stamp": "SELECT kind, coalesce(r.id, owner), stamps FROM stamp"
    " LEFT JOIN run r ON kind = 'run' AND r.number = owner",
    "axis": "SELECT r.id, writer, keys, exponent, flagged, sealed FROM axis a JOIN run r ON r.number = a.run",
    "axis_chunk": "SELECT r.id, a.keys, n, c.points, low_step, high_step, low_time, high_time, low_place, high_place,"
    " steps, times, places, flags FROM axis_chunk c JOIN axis a ON a.number = c.axis JOIN run r ON r.number = a.run",
    "metric_chunk": "SELECT r.id, m.key, a.keys, n, vals FROM metric_chunk c JOIN axis a ON a.number = c.axis"
    " JOIN metric m ON m.number = c.metric JOIN run r ON r.number = a.run",
    "grown": "SELECT id, revision FROM run",
    "project": "SELECT name, created, changed, revision FROM project",
}
_values = st.floats() | st.sampled_from([0.0, -0.0, 1.0, 1e308, 5e-324, 0.1, float("nan"), float("inf")])
_keys = st.sampled_from([("loss",), ("b", "a"), ("system/cpu",), ("loss", "x"), ("c", "loss", "é")])


@st.composite
def _short_runs(draw: st.DrawFn) -> list[Journal]:
    """Draw runs as a sweep makes them, short and over, and such as only look like that."""
    journals = []
    for number in range(draw(st.integers(1, 5))):
        name = f"run{draw(st.sampled_from([number, number, number, 0]))}"
        journal = Journal(name, 1 + number, process=draw(st.sampled_from([None, GONE])))
        journal.begin(draw(st.sampled_from(["begin", "begin", "join"])), tags=["a", "é"], name=f"n{number}")
        journal.say(
            Kind.PARAMS, params={"lr": 0.1, "\x00": "x\x00y", "on": True, "list": [1, 2.5, None, {"k": "é"}]}
        )
        step = 0.0
        for _ in range(draw(st.integers(0, 6))):
            keys = draw(_keys)
            for _ in range(draw(st.sampled_from([1, 3, 30, 70]))):
                step += draw(st.sampled_from([1, 1, 1, 1, 0, -1, 0.5]))
                whole = int(step) if step == int(step) else step
                flags = RETRIED if draw(st.integers(0, 40)) == 0 else 0
                journal.log({key: draw(_values) for key in keys}, whole, flags=flags)
        if draw(st.integers(0, 9)) == 0:
            journal.say(Kind.REWIND, step=2)
        if draw(st.integers(0, 5)):
            journal.finish()
        journals.append(journal)
    return journals


def _stored(path: Path) -> dict[str, Any]:
    for segment in (path / "inbox").iterdir():
        os.utime(segment, ns=(BEGAN, BEGAN))
    with EmbeddedStore.open(path) as store:
        told = [problem.replace(str(path), "") for problem in take_in(store).problems]
        raw: dict[str, Any] = {name: sorted(store.catalog.rows(sql), key=repr) for name, sql in _RAW.items()}
    return raw | dump(path) | {"told": told, "left": sorted(file.name for file in (path / "inbox").iterdir())}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_short_runs() | _journals(GONE))
def test_many_at_once_are_as_each_by_itself(journals: list[Journal]) -> None:
    """New runs written in one go, with their series, are the rows that come of one statement after the other."""

    def put(path: Path) -> None:
        for journal in journals:
            journal.put(path)

    _assert_same(put)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damage_is_the_same_either_way(data: st.DataObject) -> None:
    """Whatever bytes of a short journal are hit, cut off, added or repeated, both ways make the same of it."""
    name, content = many_runs.journal(7)
    place = data.draw(st.integers(0, len(content) - 1), label="place")
    match data.draw(st.sampled_from(["flip", "cut", "add", "repeat", "leave out"]), label="harm"):
        case "flip":
            harmed = bytearray(content)
            harmed[place] ^= 1 << data.draw(st.integers(0, 7))
            content = bytes(harmed)
        case "cut":
            content = content[:place]
        case "add":
            content += data.draw(st.binary(min_size=1, max_size=24))
        case "repeat":
            content += content[place // 8 * 8 :]
        case _:
            content = content[: place // 8 * 8] + content[min(place // 8 * 8 + 64, len(content)) :]

    def put(path: Path) -> None:
        (path / "inbox").mkdir(parents=True)
        (path / "inbox" / name).write_bytes(content)

    _assert_same(put)


def _at_one_moment(connection: sqlite3.Connection, blobs: Path, now: int) -> Transaction:
    """Begin a transaction at the same moment, as far as it can be seen in what is stored."""
    assert now > BEGAN
    return Transaction(connection, blobs, BEGAN + 1)


def _assert_same(put: Callable[[Path], None]) -> None:
    """Take the same segments in both ways, and compare what is stored."""
    with tempfile.TemporaryDirectory() as folder:
        for way in ("quick", "slow"):
            put(Path(folder, way))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("trackrecord.store.intake.apply.Transaction", _at_one_moment)
            quick = _stored(Path(folder, "quick"))
            patch.setattr(Application, "take_short_run", lambda *_, **__: False)
            slow = _stored(Path(folder, "slow"))
        assert quick == slow


def test_the_quick_way_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished short runs never meet the general way of writing points."""
    from trackrecord.store.intake.apply_rows import Points

    monkeypatch.setattr(Points, "rows", None)
    fill_inbox(tmp_path, 20)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []
        assert store.catalog.rows("SELECT count(*), sum(points), max(last_step) FROM run") == [(20, 1800, 29)]


@given(
    st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40), min_size=1)
)
def test_short_sums_are_exact(series: list[list[float]]) -> None:
    """Sum and mean of each of many short series are those of the exact sum."""
    counts = np.array([len(values) for values in series])
    found = list(
        sums_of(np.concatenate([np.array(values) for values in series]), np.cumsum(counts) - counts, counts)
    )
    sums = [ExactSum.of(np.array(values)) for values in series]
    assert found == [
        (total.text(), total.over(len(values))) for total, values in zip(sums, series, strict=True)
    ]


_stamps = st.builds(
    Stamp, st.integers(0, 3), st.integers(0, 9), st.sampled_from(["a", "b"]), st.integers(0, 1 << 40)
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), _stamps))
def test_stamps_come_back(stamps: dict[str, Stamp]) -> None:
    """Stamps packed into one text are those that come out of it."""
    assert unpacked(packed(stamps)) == stamps


def test_stamps_of_schema_2_are_kept(tmp_path: Path) -> None:
    """The migration puts the stamps of each owner into one row, and a later word still loses to an earlier one."""
    from trackrecord.store.database import migrate

    database = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    for number, text in migrate.migrations():
        if number == 3:
            database.execute(
                "INSERT INTO stamp VALUES ('run', 1, 'name', 2, 7, 'w', 64), ('run', 1, 'tag:\"é', 3, 9, 'w', 80)"
            )
            database.execute(
                "INSERT INTO stamp VALUES ('run', 1, 'notes', 2, 7, 'w', 64),"
                " ('experiment', 1, 'verdict', 3, 8, 'x', 0)"
            )
            database.executescript(text)
            break
        database.executescript(text)
    found = {(kind, owner): unpacked(text) for kind, owner, text in database.execute("SELECT * FROM stamp")}
    database.close()
    assert found == {
        ("run", 1): {
            "name": Stamp(2, 7, "w", 64),
            "notes": Stamp(2, 7, "w", 64),
            'tag:"é': Stamp(3, 9, "w", 80),
        },
        ("experiment", 1): {"verdict": Stamp(3, 8, "x", 0)},
    }
