"""Which points make a run's history, and how a curve is thinned to what can be seen."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.journals import BEGAN, SECOND, Journal
from trackrecord.journal.format import RETRIED, Kind
from trackrecord.store.contract import SampledSeries, SeriesRequest
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.store.points.sampling import sample
from trackrecord.words.errors import FormatError, UsageError


def _store(path: Path, *journals: Journal) -> EmbeddedStore:
    for journal in journals:
        journal.put(path)
    store = EmbeddedStore.open(path)
    assert take_in(store).problems == []
    return store


def _logged(journal: Journal, steps: range, scale: float = 1.0, key: str = "loss") -> Journal:
    for step in steps:
        journal.log({key: step * scale}, step)
    return journal


def _values(store: EmbeddedStore, run: str, key: str = "loss") -> list[tuple[float, float]]:
    points = store.series.points(run, key)
    return list(zip(points.steps.tolist(), points.values.tolist(), strict=True))


def test_a_run_that_never_logged_the_metric_has_no_points(tmp_path: Path) -> None:
    """Unknown runs and metrics answer with empty arrays."""
    with _store(tmp_path, Journal().begin()) as store:
        assert len(store.series.points("run1", "loss").values) == 0
        assert len(store.series.points("nobody", "loss").values) == 0
        sampled = store.series.sampled(SeriesRequest("nobody", "loss"))
        assert (sampled.total, len(sampled.x), sampled.exact) == (0, 0, True)


def test_writers_and_late_points_come_in_the_order_of_steps(tmp_path: Path) -> None:
    """Points of two ranks, and points logged late, are one series ordered by step and time."""
    first = _logged(_logged(Journal("run1", 1).begin(), range(4, 8)), range(2))
    second = _logged(Journal("run1", 2, time=BEGAN + SECOND).begin("join"), range(1, 5), 10.0)
    with _store(tmp_path, first, second) as store:
        assert _values(store, "run1") == [
            *[
                (0, 0.0),
                (1, 1.0),
                (1, 10.0),
                (2, 20.0),
                (3, 30.0),
                (4, 4.0),
                (4, 40.0),
                (5, 5.0),
                (6, 6.0),
                (7, 7.0),
            ]
        ]


def test_a_resumed_run_hides_what_it_does_again(tmp_path: Path) -> None:
    """After a rewind to step 2 the points of the first process behind it are hidden, in the figures too."""
    first = _logged(Journal("run1", 1).begin(), range(6))
    second = Journal("run1", 2, time=BEGAN + SECOND).begin("join").say(Kind.REWIND, step=2)
    with _store(tmp_path, first, _logged(second, range(3, 5), -1.0)) as store:
        assert _values(store, "run1") == [(0, 0.0), (1, 1.0), (2, 2.0), (3, -3.0), (4, -4.0)]
        assert store.catalog.rows("SELECT points, max, last, mean FROM metric") == [(5, 2.0, -4.0, -0.8)]
        assert store.catalog.rows("SELECT points, last_step FROM run") == [(5, 4.0)]


def test_a_rewind_in_one_process_goes_by_place_not_by_clock(tmp_path: Path) -> None:
    """With all points at one moment (a coarse clock, an import) a rewind hides those written before it only."""
    journal = Journal().begin()
    for step in range(4):
        journal.log({"loss": 1.0}, step, BEGAN)
    journal.say(Kind.REWIND, step=1, t=BEGAN)
    for step in range(2, 4):
        journal.log({"loss": 2.0}, step, BEGAN)
    with _store(tmp_path, journal) as store:
        assert _values(store, "run1") == [(0, 1.0), (1, 1.0), (2, 2.0), (3, 2.0)]


def test_a_rewind_may_hide_every_point(tmp_path: Path) -> None:
    """A metric all of whose points are hidden has none, and counts none."""
    journal = _logged(Journal().begin(), range(5, 9)).say(Kind.REWIND, step=0)
    with _store(tmp_path, journal) as store:
        assert _values(store, "run1") == []
        assert store.catalog.rows("SELECT points, last, mean FROM metric") == [(0, None, None)]
        assert store.catalog.rows("SELECT points, last_step FROM run") == [(0, None)]


def test_a_fork_inherits_history_without_copying(tmp_path: Path) -> None:
    """A fork of a fork shows each ancestor's points up to where it left, also of metrics it never logged."""
    parent = _logged(_logged(Journal("parent", 1).begin(), range(10)), range(10), key="only/parent")
    child = _logged(Journal("child", 2).begin().say(Kind.FORK, run="parent", step=5), range(6, 9), 100.0)
    grandchild = _logged(
        Journal("grandchild", 3).begin().say(Kind.FORK, run="child", step=6), range(7, 9), -1.0
    )
    with _store(tmp_path, parent, child, grandchild) as store:
        inherited = [(step, float(step)) for step in range(6)]
        assert _values(store, "child") == [*inherited, (6, 600.0), (7, 700.0), (8, 800.0)]
        assert _values(store, "grandchild") == [*inherited, (6, 600.0), (7, -7.0), (8, -8.0)]
        assert _values(store, "grandchild", "only/parent") == inherited
        assert store.catalog.rows("SELECT count(*) FROM metric") == [(4,)]


def test_forks_in_a_circle_end(tmp_path: Path) -> None:
    """Runs that claim to be forks of each other, or of a run that is not here, show what there is."""
    one = _logged(Journal("one", 1).begin().say(Kind.FORK, run="two", step=1), range(2, 4))
    two = _logged(Journal("two", 2).begin().say(Kind.FORK, run="one", step=9), range(2), -1.0)
    lost = _logged(Journal("lost", 3).begin().say(Kind.FORK, run="nowhere", step=9), range(2))
    with _store(tmp_path, one, two, lost) as store:
        assert _values(store, "one") == [(0, 0.0), (1, -1.0), (2, 2.0), (3, 3.0)]
        assert _values(store, "lost") == [(0, 0.0), (1, 1.0)]


def test_a_fork_that_rewinds_hides_inherited_points(tmp_path: Path) -> None:
    """Inherited points were written before the fork's own rewind."""
    parent = _logged(Journal("parent", 1).begin(), range(10))
    child = Journal("child", 2, time=BEGAN + SECOND).begin().say(Kind.FORK, run="parent", step=8)
    with _store(tmp_path, parent, _logged(child.say(Kind.REWIND, step=1), range(2, 3), -1.0)) as store:
        assert _values(store, "child") == [(0, 0.0), (1, 1.0), (2, -2.0)]


def test_repetitions_of_a_retrying_protocol_count_once(tmp_path: Path) -> None:
    """Equal flagged points are one; equal points that a run logged twice itself stay two."""
    journal = Journal().begin()
    for _ in range(3):
        journal.log({"sent": 1.0}, 1, BEGAN, flags=RETRIED)
        journal.log({"mine": 1.0}, 1, BEGAN)
    journal.log({"sent": 2.0}, 1, BEGAN, flags=RETRIED)
    with _store(tmp_path, journal) as store:
        assert _values(store, "run1", "sent") == [(1, 1.0), (1, 2.0)]
        assert len(_values(store, "run1", "mine")) == 3
        assert store.catalog.rows("SELECT key, points FROM metric ORDER BY key") == [("mine", 3), ("sent", 2)]


def test_a_damaged_chunk_is_an_error_not_a_wrong_number(tmp_path: Path) -> None:
    """A flipped bit in a chunk of the database raises FormatError for this metric, and for no other."""
    with _store(tmp_path, Journal().begin().log({"a": 1.0, "b": 2.0}, 0).finish()) as store:
        with store.connections.writing(1.0) as connection:
            values = bytearray(
                connection.execute("SELECT vals FROM metric_chunk WHERE metric = 1").fetchone()[0]
            )
            values[-1] ^= 1
            connection.execute("UPDATE metric_chunk SET vals = ? WHERE metric = 1", (bytes(values),))
        with pytest.raises(FormatError, match="checksum"):
            store.series.points("run1", "a")
        assert _values(store, "run1", "b") == [(0, 2.0)]


def test_x_axes(tmp_path: Path) -> None:
    """The same points over steps, seconds since the start, seconds since 1970, and another metric."""
    journal = Journal().begin(created=BEGAN)
    for step in range(4):
        journal.log({"loss": float(step), "epoch": step / 2}, step, BEGAN + step * SECOND)
    journal.log({"loss": 9.0}, 9, BEGAN + 9 * SECOND)
    with _store(tmp_path, journal) as store:

        def x(axis: str) -> list[float]:
            return list(store.series.sampled(SeriesRequest("run1", "loss", axis)).x.tolist())

        assert x("step") == [0, 1, 2, 3, 9]
        assert x("relative") == [0, 1, 2, 3, 9]
        assert x("wall") == [BEGAN / 1e9 + second for second in (0, 1, 2, 3, 9)]
        assert x("metric:epoch") == [0, 0.5, 1.0, 1.5]
        assert x("metric:nothing") == []
        with pytest.raises(UsageError):
            x("colour")


def test_another_metric_joins_by_the_same_call_else_by_step(tmp_path: Path) -> None:
    """Where a step was logged twice, values of one call belong together; a value from another call goes by step."""
    journal = Journal().begin()
    journal.log({"loss": 1.0, "epoch": 10.0}, 5, BEGAN).log({"loss": 2.0, "epoch": 20.0}, 5, BEGAN + 1)
    journal.log({"other": 7.0}, 5, BEGAN + 2)
    with _store(tmp_path, journal) as store:
        sampled = store.series.sampled(SeriesRequest("run1", "loss", "metric:epoch"))
        assert (sampled.x.tolist(), sampled.y.tolist()) == ([10.0, 20.0], [1.0, 2.0])
        assert store.series.sampled(SeriesRequest("run1", "other", "metric:epoch")).x.tolist() == [20.0]


def _sample(x: list[float], values: list[float], **more: float) -> SampledSeries:
    request = SeriesRequest("run", "metric", **more)  # type: ignore[arg-type]
    return sample(request, np.array(x, float), np.array(values, float), len(x))


def test_few_points_are_shown_as_they_are() -> None:
    """With no more points than pixels each is itself, NaN and infinities included."""
    found = _sample([0, 1, 2], [1.0, math.nan, math.inf], pixels=3)
    assert found.exact
    assert found.nonfinite == 2
    np.testing.assert_array_equal(found.y, [1.0, math.nan, math.inf])
    np.testing.assert_array_equal(found.low, [1.0, math.nan, math.nan])


def test_a_spike_is_never_lost() -> None:
    """One spike up and one down among a million points are in the extremes, however few the pixels."""
    values = np.zeros(1_000_000)
    values[[123_457, 876_543]] = 1e9, -1e9
    found = sample(SeriesRequest("run", "metric", pixels=300), np.arange(1e6), values, len(values))
    assert len(found.x) <= 300
    assert (found.high.max(), found.low.min()) == (1e9, -1e9)


def test_zooming_in_shows_the_points() -> None:
    """A range bounds x inclusively, and a narrow one is exact; the total stays the whole series."""
    found = _sample(list(range(1000)), list(range(1000)), low=10, high=14, pixels=5)
    assert found.exact
    assert (found.x.tolist(), found.total) == ([10, 11, 12, 13, 14], 1000)


_values_strategy = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=200)


@given(_values_strategy, st.integers(1, 30), st.data())
def test_buckets_hold_every_point_once(values: list[float], pixels: int, data: st.DataObject) -> None:
    """Counts add up, extremes are those of the points, means lie between them, x ascends, few buckets."""
    x = sorted(data.draw(st.lists(st.floats(-1e300, 1e300), min_size=len(values), max_size=len(values))))
    found = _sample(x, values, pixels=pixels)
    finite = [value for value in values if math.isfinite(value)]
    assert len(found.x) <= pixels
    assert found.count.sum() == len(values)
    assert found.nonfinite == len(values) - len(finite)
    assert (np.diff(found.x) >= 0).all()
    if finite:
        assert (np.nanmin(found.low), np.nanmax(found.high)) == (min(finite), max(finite))
    if not found.exact:
        with_value = ~np.isnan(found.y)
        assert ((found.low <= found.y) & (found.y <= found.high))[with_value].all()
