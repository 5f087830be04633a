"""Levels and the planner against brute force over the points: what a curve shows is what was logged, at every zoom."""

from __future__ import annotations

import math
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.journals import BEGAN, SECOND, Journal
from trackrecord.journal.format import Kind
from trackrecord.store.contract import SampledSeries, SeriesRequest
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.store.points import chunks, curve, late_points, levels, series
from trackrecord.store.points.chunks import AxisRows
from trackrecord.store.points.history import history
from trackrecord.store.points.series import x_of

Array = np.ndarray[Any, Any]


@pytest.fixture(autouse=True, scope="module")
def small_chunks() -> Iterator[None]:
    """Chunks of 16 points, so that a few hundred points make several levels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "FULL", 16)
        patch.setattr(chunks, "_SMALL", 4)
        patch.setattr(levels, "_FEW", 8)
        yield


@dataclass
class Logged:
    """What a test logs: pieces of a journal, each ended by a pass of the ingester."""

    pieces: list[list[tuple[float, float]]]
    ends: bool
    writers: int
    rewinds: list[tuple[int, float]] = field(default_factory=list)


_values = st.one_of(
    st.floats(-1e6, 1e6), st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf, 1e300, -1e300])
)


@st.composite
def _steps(draw: st.DrawFn, count: int) -> list[float]:
    kind = draw(st.sampled_from(["regular", "sparse", "fraction", "shuffled", "any", "late", "same"]))
    if kind == "regular":
        return list(range(count))
    if kind == "sparse":
        return [step * 100 - 5000 for step in range(count)]
    if kind == "fraction":
        return [step / count for step in range(count)]
    if kind == "same":
        return [7] * count
    if kind == "any":
        return draw(st.lists(st.floats(-1e12, 1e12), min_size=count, max_size=count))
    order: list[float] = [*range(count)]
    draw(st.randoms(use_true_random=False)).shuffle(order)
    if kind == "late":
        return [step if step % 9 else max(0, step - count // 2) for step in range(count)]
    return order


@st.composite
def _logged(draw: st.DrawFn) -> Logged:
    count = draw(st.integers(1, 700))
    steps = draw(_steps(count))
    seed = draw(st.integers(0, 2**32 - 1))
    values = np.random.default_rng(seed).normal(size=count)
    for odd in draw(st.lists(_values, max_size=5)):
        values[int(draw(st.integers(0, count - 1)))] = odd
    cuts = sorted(draw(st.lists(st.integers(0, count), max_size=6)))
    rows = list(zip(steps, values.tolist(), strict=True))
    pieces = [rows[begin:end] for begin, end in zip([0, *cuts], [*cuts, count], strict=True) if begin < end]
    rewinds = []
    if draw(st.booleans()):
        at = draw(st.integers(0, len(pieces)))
        rewinds.append((at, draw(st.sampled_from(steps))))
    return Logged(pieces, draw(st.booleans()), draw(st.integers(1, 2)), rewinds)


def _store_of(
    folder: Path, logged: Logged, run: str = "run1", fork: tuple[str, float] | None = None
) -> EmbeddedStore:
    journals = [Journal(run, 1).begin(created=BEGAN)]
    if logged.writers == 2:
        journals.append(Journal(run, 2).begin("join"))
    if fork is not None:
        journals[0].say(Kind.FORK, run=fork[0], step=fork[1])
    store = EmbeddedStore.open(folder)
    for index, piece in enumerate(logged.pieces):
        # a process that goes on where another one ended
        journal = journals[index % logged.writers]
        journal.time = max(each.time for each in journals)
        for at, step in logged.rewinds:
            if at == index:
                journal.say(Kind.REWIND, step=step)
        for step, value in piece:
            journal.log({"loss": value, "other": -value}, step)
        journal.put(folder)
        assert take_in(store).problems == []
    if logged.ends:
        for journal in journals:
            journal.finish().put(folder)
        assert take_in(store).problems == []
    return store


def _check(store: EmbeddedStore, request: SeriesRequest) -> SampledSeries:
    """Compare a curve with the points that it stands for."""
    found = store.series.sampled(request)
    with store.connections.reading() as connection:
        points = history(connection, request.run, request.metric)
        created = connection.execute("SELECT created FROM run WHERE id = ?", (request.run,)).fetchone()[0]
    x = x_of(points, request.x, created)
    inside = np.ones(len(x), bool)
    if request.low is not None:
        inside &= x >= request.low
    if request.high is not None:
        inside &= x <= request.high
    values = points.values[inside]
    finite = values[np.isfinite(values)]
    assert found.total == len(points)
    assert len(found.x) <= request.pixels
    assert (np.diff(found.x) >= 0).all()
    if inside.sum() <= request.pixels and found.exact:
        assert np.array_equal(np.sort(found.x), np.sort(x[inside]))
    assert found.count.sum() == inside.sum()
    assert found.nonfinite == len(values) - len(finite)
    assert found.weights.sum() == len(finite)
    if len(finite):
        assert (np.nanmax(found.high), np.nanmin(found.low)) == (finite.max(), finite.min())
        seen = found.weights > 0
        shares = found.weights[seen] / len(finite)
        wanted = float((finite / len(finite)).sum())
        close = pytest.approx(wanted, rel=1e-9, abs=1e-9 * np.abs(finite).max())
        assert float((found.y[seen] * shares).sum()) == close
    _check_places(found, request, x[inside], values)
    return found


def _check_places(found: SampledSeries, request: SeriesRequest, x: Array, values: Array) -> None:
    """Every pixel that has a point has a bucket nearby, and no bucket shows what lies further away than two pixels."""
    if not len(x):
        return
    low = x.min() if request.low is None else request.low
    high = x.max() if request.high is None else request.high
    near = 2 * (high - low) / request.pixels + 1e-9 * max(abs(low), abs(high))
    assert (np.abs(found.x[:, None] - x[None, :]) <= near).any(axis=0).all()
    for place, least, greatest in zip(found.x, found.low, found.high, strict=True):
        here = values[(np.abs(x - place) <= near) & np.isfinite(values)]
        if not math.isnan(least):
            assert here.min() <= least <= greatest <= here.max()


@given(_logged(), st.integers(1, 60), st.sampled_from(["step", "relative", "wall"]), st.data())
@settings(max_examples=60, deadline=None)
def test_a_curve_says_what_the_points_say(logged: Logged, pixels: int, x: str, data: st.DataObject) -> None:
    """Counts, extremes, means and the order of x fit brute force; also zoomed, rewound or half taken in."""
    with tempfile.TemporaryDirectory() as folder, _store_of(Path(folder), logged) as store:
        whole = _check(store, SeriesRequest("run1", "loss", x, pixels=pixels))
        _check(store, SeriesRequest("run1", "other", x, pixels=pixels))
        ends = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
        if len(whole.x):
            first, last = float(whole.x[0]), float(whole.x[-1])
            low, high = (first + share * (last - first) for share in ends)
            _check(store, SeriesRequest("run1", "loss", x, low=low, high=high, pixels=pixels))


@given(_logged(), _logged(), st.data())
@settings(max_examples=25, deadline=None)
def test_a_fork_shows_its_parent_up_to_a_step(parent: Logged, child: Logged, data: st.DataObject) -> None:
    """What is inherited is cut at the step of the fork, in curves as in points."""
    step = data.draw(st.sampled_from([step for piece in parent.pieces for step, _ in piece]))
    with tempfile.TemporaryDirectory() as folder:
        _store_of(Path(folder), parent).close()
        with _store_of(Path(folder), child, "run2", ("run1", step)) as store:
            _check(store, SeriesRequest("run2", "loss", pixels=20))
            _check(store, SeriesRequest("run2", "loss", "relative", pixels=20))


@given(st.lists(st.integers(1, 120), min_size=1, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
@settings(max_examples=40, deadline=None)
def test_levels_do_not_depend_on_how_points_arrived(sizes: list[int], seals: list[bool]) -> None:
    """However appends are split, and even when the end was built too early, the finished levels are the same."""
    values = np.random.default_rng(len(sizes)).normal(size=(sum(sizes), 2))
    kept = []
    for splits in (list(zip(sizes, seals, strict=False)), [(sum(sizes), False)]):
        with tempfile.TemporaryDirectory() as folder, EmbeddedStore.open(folder) as store:
            with store.connections.writing(1) as connection:
                metrics = _two_metrics(connection)
                begin = 0
                for size, sealed in splits:
                    at = np.arange(begin, begin + size)
                    rows = AxisRows(at * 3, BEGAN + at, at, np.zeros(size, np.uint8))
                    levels.append(connection, 1, metrics, rows, values[begin : begin + size], last=sealed)
                    begin += size
                levels.seal(connection, 1)
            with store.connections.reading() as connection:
                kept.append(
                    connection.execute(
                        "SELECT a.level, a.first, a.behind, a.buckets, a.points, a.counts, a.low_steps, m.lows, m.highs"
                        " FROM axis_level a JOIN metric_level m USING (axis, level, first) ORDER BY 1, 2, m.metric"
                    ).fetchall()
                )
    assert kept[0] == kept[1]


def _two_metrics(connection: sqlite3.Connection) -> list[int]:
    connection.execute(
        "INSERT INTO project (number, name, created, changed, revision) VALUES (1, 'p', 0, 0, 0)"
    )
    connection.execute(
        "INSERT INTO run (number, id, project, name, created, grown_at, revision) VALUES (1, 'run1', 1, 'r', 0, 0, 0)"
    )
    connection.execute("INSERT INTO axis (number, run, writer, keys) VALUES (1, 1, 'w', 'k')")
    for metric in (1, 2):
        connection.execute(
            "INSERT INTO metric (number, run, key, points, nonfinite, total, first_step, last_step, first_time,"
            " last_time) VALUES (?, 1, ?, 0, 0, '0:0', 0, 0, 0, 0)",
            (metric, f"m{metric}"),
        )
    return [1, 2]


def test_a_level_thins_and_a_spike_stays(tmp_path: Path) -> None:
    """Each level has at most a quarter of the entries below it, and one spike in thousands is in every picture."""
    journal = Journal().begin()
    for step in range(5000):
        journal.log({"loss": 1e9 if step == 3333 else step % 7}, step)
    journal.finish().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []
        sizes = [
            entries
            for (entries,) in store.catalog.rows(
                "SELECT sum(buckets) FROM axis_level GROUP BY level ORDER BY level"
            )
        ]
        assert len(sizes) >= 2
        assert all(above * 4 <= below for below, above in zip([5000, *sizes], sizes, strict=False))
        for pixels in (1, 3, 40, 300):
            assert store.series.sampled(SeriesRequest("run1", "loss", pixels=pixels)).high.max() == 1e9
        near = store.series.sampled(SeriesRequest("run1", "loss", low=3330, high=3336, pixels=40))
        assert near.exact
        assert near.y.tolist() == [5.0, 6.0, 0.0, 1e9, 2.0, 3.0, 4.0]


def test_a_curve_reads_no_more_bytes_when_there_are_more_points(tmp_path: Path) -> None:
    """From 10,000 to 300,000 points the bytes read for a chart stay within the fan-out of the levels."""
    read = []
    for index, count in enumerate((10_000, 50_000, 300_000)):
        folder = tmp_path / str(index)
        with EmbeddedStore.open(folder) as store:
            with store.connections.writing(1) as connection:
                metrics = _two_metrics(connection)
                at = np.arange(count)
                rows = AxisRows(at, BEGAN + at * SECOND, at, np.zeros(count, np.uint8))
                levels.append(
                    connection, 1, metrics, rows, np.random.default_rng(1).normal(size=(count, 2)), last=True
                )
            before = store.series.bytes_read
            store.series.sampled(SeriesRequest("run1", "m1", pixels=100))
            read.append(store.series.bytes_read - before)
    assert max(read) <= 16 * min(read)
    assert max(read) < 16 * 100 * 7 * 8


@pytest.mark.parametrize("table", ["axis_level", "metric_level"])
def test_a_damaged_level_is_an_error_and_can_be_built_again(tmp_path: Path, table: str) -> None:
    """A flipped bit in a level never becomes a wrong curve; without it the points show the same again."""
    column = "counts" if table == "axis_level" else "highs"
    with EmbeddedStore.open(tmp_path) as store:
        with store.connections.writing(1) as connection:
            metrics = _two_metrics(connection)
            at = np.arange(1000)
            rows = AxisRows(at, BEGAN + at, at, np.zeros(1000, np.uint8))
            levels.append(
                connection, 1, metrics, rows, np.random.default_rng(1).normal(size=(1000, 2)), last=True
            )
        request = SeriesRequest("run1", "m1", pixels=10)
        good = store.series.sampled(request)
        with store.connections.writing(1) as connection:
            for number, packed in connection.execute(f"SELECT number, {column} FROM {table}").fetchall():
                bad = bytearray(packed)
                bad[-1] ^= 4
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE number = ?", (bytes(bad), number))
        with pytest.raises(Exception, match="checksum"):
            store.series.sampled(request)
        with store.connections.writing(1) as connection:
            levels.remove(connection, 1, metrics)
            levels.complete(connection, 1, metrics, sealed=True)
        again = store.series.sampled(request)
        assert (again.x.tolist(), again.y.tolist()) == (good.x.tolist(), good.y.tolist())


@given(_logged())
@settings(max_examples=30, deadline=None)
def test_sorting_late_points_changes_nothing_that_is_shown(logged: Logged) -> None:
    """The points and the curves are the same before and after the background put late points in order."""
    with tempfile.TemporaryDirectory() as folder, _store_of(Path(folder), logged) as store:
        before = store.series.points("run1", "loss")
        with store.connections.writing(1) as connection:
            connection.execute("UPDATE axis SET late = 99 WHERE late > 0")
            assert not late_points.tidy(connection, 60.0)
        after = store.series.points("run1", "loss")
        assert after.steps.tolist() == before.steps.tolist()
        assert after.times.tolist() == before.times.tolist()
        assert after.values.tobytes() == before.values.tobytes()
        _check(store, SeriesRequest("run1", "loss", pixels=20))
        _check(store, SeriesRequest("run1", "other", "relative", pixels=20))


def test_steps_that_begin_again_are_put_in_order(tmp_path: Path) -> None:
    """A metric whose steps start over every epoch is sorted; a narrow range then reads few chunks."""
    journal = Journal().begin()
    for count in range(3000):
        journal.log({"loss": float(count)}, count % 100)
    journal.finish().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []

        def overlapping() -> int:
            sql = "SELECT count(*) FROM axis_chunk WHERE low_step <= 50 AND high_step >= 50"
            return int(store.catalog.rows(sql)[0][0])

        with store.connections.writing(1) as connection:
            late_points.tidy(connection, 60.0)
        assert overlapping() <= 5
        points = store.series.points("run1", "loss")
        assert points.steps.tolist() == sorted(count % 100 for count in range(3000))
        assert store.catalog.rows("SELECT late FROM axis") == [(0,)]


def test_a_range_without_points_is_empty(tmp_path: Path) -> None:
    """A range between two points, or beyond the ends of a long series, has no bucket and is no error."""
    journal = Journal().begin()
    for step in range(2000):
        journal.log({"loss": 1.0}, step * 10)
    journal.finish().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store)
        for low, high in ((101.0, 102.0), (-50.0, -1.0), (1e6, 2e6), (5.0, 1.0)):
            for x in ("step", "wall"):
                found = store.series.sampled(SeriesRequest("run1", "loss", x, low=low, high=high, pixels=1))
                assert (len(found.x), found.total, found.nonfinite) == (0, 2000, 0)


def test_repeated_steps_are_read_from_buckets_of_one_step(tmp_path: Path) -> None:
    """Many points at few steps: over steps the curve reads few bytes, over time each point is in its place."""
    journal = Journal().begin(created=BEGAN)
    for count in range(4000):
        journal.log({"loss": float(count)}, count % 5, BEGAN + count * SECOND)
    journal.finish().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []
        for _ in range(2):
            before = store.series.bytes_read
            over_steps = store.series.sampled(SeriesRequest("run1", "loss", pixels=20))
            assert store.series.bytes_read - before < 4000
            assert over_steps.x.tolist() == [0, 1, 2, 3, 4]
            assert over_steps.count.tolist() == [800] * 5
            over_time = store.series.sampled(SeriesRequest("run1", "loss", "relative", pixels=20))
            assert len(over_time.x) == 20
            assert np.allclose(over_time.x, over_time.y, atol=1e-6)
            with store.connections.writing(1) as connection:
                late_points.tidy(connection, 60.0)


def test_a_range_of_another_metric_is_looked_up_closely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another metric as x, a narrow range of a long series shows its points exactly, spike and all."""
    monkeypatch.setattr(curve, "MOST_JOINED_EXACTLY", 100)
    monkeypatch.setattr(series, "MOST_JOINED_EXACTLY", 100)
    journal = Journal().begin()
    for step in range(3000):
        journal.log({"loss": 1e9 if step == 1777 else 1.0, "epoch": step / 10}, step)
    journal.finish().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []
        near = store.series.sampled(SeriesRequest("run1", "loss", "metric:epoch", 177.5, 178.0, pixels=50))
        assert near.x.tolist() == pytest.approx([177.5, 177.6, 177.7, 177.8, 177.9, 178.0])
        assert near.high.max() == 1e9
        whole = store.series.sampled(SeriesRequest("run1", "loss", "metric:epoch", pixels=50))
        assert whole.approximate
        assert (whole.high.max(), whole.count.sum()) == (1e9, 3000)
        nowhere = store.series.sampled(SeriesRequest("run1", "loss", "metric:epoch", 400.0, 500.0, pixels=50))
        assert len(nowhere.x) == 0


def test_a_logarithmic_axis_shows_nothing_below_zero(tmp_path: Path) -> None:
    """A long series of negative steps has no bucket on a logarithmic axis; all its points are counted as left out."""
    journal = Journal().begin()
    for step in range(-3000, 0):
        journal.log({"loss": 1.0}, step)
    journal.finish().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []
        for high in (None, -500.0, 10.0):
            found = store.series.sampled(SeriesRequest("run1", "loss", high=high, pixels=10, log_x=True))
            assert (len(found.x), found.left_out) == (0, 3000)


def test_a_fork_reads_no_more_than_its_parent(tmp_path: Path) -> None:
    """The step of a fork, or a rewind, cuts a row of buckets without going through all that lies below it."""
    journal = Journal().begin()
    for step in range(6000):
        journal.log({"loss": float(step)}, step)
    journal.finish().put(tmp_path)
    Journal("run2").begin().say(Kind.FORK, run="run1", step=4999).finish().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []
        read = []
        for run in ("run1", "run2"):
            before = store.series.bytes_read
            found = store.series.sampled(SeriesRequest(run, "loss", pixels=20))
            read.append(store.series.bytes_read - before)
            assert found.count.sum() == found.total == (6000 if run == "run1" else 5000)
        assert read[1] < 4 * read[0]
