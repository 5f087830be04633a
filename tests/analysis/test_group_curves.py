"""Curves of groups: against brute force over runs, and what must hold for any runs."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackrecord.analysis.group_curves import GroupCurve, WantedStatistics, group_curves
from trackrecord.analysis.groups import statistics_of
from trackrecord.query.charts import Chart, chart
from trackrecord.query.run_groups import RunGroup, group_runs
from trackrecord.query.smoothing import EMA, Smoothing
from trackrecord.store.contract import SampledSeries, SeriesRequest
from trackrecord.store.points.sampling import sample
from trackrecord.words.errors import UsageError
from trackrecord.words.records import RunRecord
from trackrecord.words.states import RunState

Array = np.ndarray[Any, Any]

ALL = WantedStatistics(("mean", "median", "minmax", "std", "stderr", "t"), (0.1, 0.75), 0.9)
VALUES = st.floats(-1e6, 1e6) | st.just(math.nan) | st.just(math.inf)
RUNS = st.lists(
    st.lists(st.tuples(st.integers(0, 30), VALUES), max_size=12).map(
        lambda points: sorted(dict(points).items())
    ),
    min_size=1,
    max_size=6,
)


class Recorded:
    """The part of a store that a chart needs, over given points of several runs."""

    def __init__(self, *runs: tuple[Array, Array]) -> None:
        self.runs = {f"run{at}": run for at, run in enumerate(runs)}
        self.series = self
        self.catalog = self

    def revision(self) -> int:
        return 1

    def sampled_all(self, requests: list[SeriesRequest]) -> list[SampledSeries]:
        return [self.sampled(request) for request in requests]

    def sampled(self, request: SeriesRequest) -> SampledSeries:
        x, y = self.runs[request.run]
        return sample(request, x, y, len(x))

    def chart(self, smoothing: Smoothing | None = None, **options: Any) -> Chart:
        requests = [SeriesRequest(run, "loss", **options) for run in self.runs]
        return chart(self, requests, smoothing)  # type: ignore[arg-type]

    def group(
        self, wanted: WantedStatistics = ALL, smoothing: Smoothing | None = None, **options: Any
    ) -> GroupCurve:
        (found,) = group_curves(self.chart(smoothing, **options), [RunGroup({}, tuple(self.runs))], wanted)
        return found


def recorded(runs: list[list[tuple[int, float]]]) -> Recorded:
    """Return runs given as lists of (step, value)."""
    return Recorded(
        *(
            (np.array([step for step, _ in run], float), np.array([value for _, value in run], float))
            for run in runs
        )
    )


def at_place(run: list[tuple[int, float]], x: float) -> float | None:
    """Return a run at x by the definition: its own value, else on the line between its neighbours."""
    for step, value in run:
        if step == x:
            return value if math.isfinite(value) else None
    before = [point for point in run if point[0] < x]
    behind = [point for point in run if point[0] > x]
    if not before or not behind:
        return None
    (low, one), (high, two) = before[-1], behind[0]
    if not (math.isfinite(one) and math.isfinite(two)):
        return None
    return one + (two - one) * (x - low) / (high - low)


@given(runs=RUNS)
def test_every_statistic_is_that_of_the_values_there(runs: list[list[tuple[int, float]]]) -> None:
    """At each place: n, mean, deviation, interval and quantiles of the runs that are there, by brute force."""
    found = recorded(runs).group()
    assert found.x.tolist() == sorted({float(step) for run in runs for step, _ in run})
    for place, x in enumerate(found.x.tolist()):
        values = [value for run in runs if (value := at_place(run, x)) is not None]
        figures = statistics_of(values, 0.9)
        assert found.n[place] == len(values)
        wanted = {
            "mean": figures.mean,
            "std": figures.std,
            "t_low": figures.low,
            "t_high": figures.high,
            "min": figures.min,
            "max": figures.max,
            "stderr": None if figures.std is None else figures.std / math.sqrt(figures.n),
            "median": float(np.median(values)) if values else None,
            "q0.1": float(np.quantile(values, 0.1)) if values else None,
            "q0.75": float(np.quantile(values, 0.75)) if values else None,
        }
        assert set(found.columns) == set(wanted)
        room = 1e-9 * (1 + max(map(abs, values), default=0))
        for name, value in wanted.items():
            got = found.columns[name][place]
            assert math.isnan(got) if value is None else got == pytest.approx(value, rel=1e-7, abs=room), name


def test_nothing_is_drawn_beyond_the_ends_of_a_run() -> None:
    """A run that ended early counts up to its end: n falls, and the mean is that of the others."""
    runs = recorded([[(step, 1.0) for step in range(10)], [(step, 3.0) for step in range(5)]])
    found = runs.group()
    assert found.n.tolist() == [2] * 5 + [1] * 5
    assert found.columns["mean"].tolist() == [2.0] * 5 + [1.0] * 5
    assert np.isnan(found.columns["t_low"]).tolist() == [False] * 5 + [True] * 5


def test_no_spike_of_any_run_is_lost() -> None:
    """Least and greatest are of all points of every run, however few places the grid has."""
    random = np.random.default_rng(5)
    x = np.arange(50_000, dtype=float)
    runs = [(x, random.normal(0, 1, len(x))) for _ in range(5)]
    runs[3][1][31_234] = 1e6
    runs[1][1][77] = -1e6
    for pixels, low, high in ((100, None, None), (1000, 31_000, 32_000)):
        found = Recorded(*runs).group(pixels=pixels, low=low, high=high)
        assert found.columns["max"].max() == 1e6
        assert len(found.x) <= pixels
    assert Recorded(*runs).group(pixels=100).columns["min"].min() == -1e6


@given(slope=st.floats(-10, 10), counts=st.lists(st.integers(2, 3000), min_size=1, max_size=4))
def test_straight_lines_stay_straight(slope: float, counts: list[int]) -> None:
    """Runs on one line, sampled ever so differently, have that line as their mean at every place between their ends."""
    runs = Recorded(*((np.linspace(0, 1000, count), slope * np.linspace(0, 1000, count)) for count in counts))
    found = runs.group(pixels=200)
    cell = 1000 / 200
    inside = (found.x > cell) & (found.x < 1000 - cell)
    np.testing.assert_allclose(found.columns["mean"][inside], slope * found.x[inside], atol=1e-6)
    assert (found.n == len(counts)).all()


def test_a_log_axis_has_places_equally_far_apart_in_the_logarithm() -> None:
    """On a logarithmic axis the places of the grid are, and points at 0 are left out."""
    x = np.arange(10_000, dtype=float)
    found = Recorded((x, np.log(x + 1)), (x[::3] + 0.5, np.log(x[::3] + 1.5) + 2)).group(
        pixels=50, log_x=True
    )
    np.testing.assert_allclose(np.diff(np.log(found.x)), math.log(9999 / 0.5) / 50, rtol=0.01)
    there = found.n == 2
    assert there.sum() > 30
    np.testing.assert_allclose(found.columns["mean"][there], np.log(found.x[there] + 1) + 1, atol=0.15)


def test_smoothing_comes_before_grouping_or_after() -> None:
    """Before: the mean of smoothed runs. After: the smoothed mean. For runs at the same places they agree."""
    random = np.random.default_rng(2)
    x = np.arange(400, dtype=float)
    runs = Recorded(*((x, np.sin(x / 50) + random.normal(0, 0.5, len(x))) for _ in range(6)))
    before = runs.group(smoothing=Smoothing(EMA, 20))
    after = runs.group(smoothing=Smoothing(EMA, 20, after_grouping=True))
    np.testing.assert_allclose(before.columns["mean"], after.columns["mean"], atol=1e-9)
    assert (before.columns["max"] < after.columns["max"] + 1e-9).all()
    zoomed = runs.group(smoothing=Smoothing(EMA, 20, after_grouping=True), low=200, high=260)
    inside = (x >= 200) & (x <= 260)
    np.testing.assert_allclose(zoomed.columns["mean"], after.columns["mean"][inside], atol=0.05)


def test_groups_without_a_value_say_so() -> None:
    """A group whose runs have no points is there with n = 0 everywhere, and names those runs."""
    runs = Recorded((np.arange(3.0), np.ones(3)), (np.empty(0), np.empty(0)))
    groups = [RunGroup({"params.lr": 1}, ("run0",)), RunGroup({"params.lr": 2}, ("run1",))]
    one, two = group_curves(runs.chart(), groups)
    assert (one.n.tolist(), two.n.tolist()) == ([1, 1, 1], [0, 0, 0])
    assert (one.empty, two.empty) == ((), ("run1",))
    assert np.isnan(two.columns["mean"]).all()
    (nothing,) = group_curves(Recorded((np.empty(0), np.empty(0))).chart(), [RunGroup({}, ("run0",))])
    assert (len(nothing.x), len(nothing.columns["mean"])) == (0, 0)


@given(values=st.lists(st.floats(-1.7e308, 1.7e308), min_size=2, max_size=5))
def test_great_values_have_a_finite_mean(values: list[float]) -> None:
    """Values near the greatest float do not make the mean an infinity."""
    found = recorded([[(0, value)] for value in values]).group(WantedStatistics(("mean",)))
    assert math.isfinite(found.columns["mean"][0])


def record(name: str, group: str | None = None, tags: tuple[str, ...] = (), **params: Any) -> RunRecord:
    """Return a row of a table."""
    now = datetime(2026, 11, 20, tzinfo=timezone.utc)
    return RunRecord(
        id=name,
        name=name,
        project="p",
        experiment=None,
        group=group,
        parent=None,
        state=RunState.FINISHED,
        created=now,
        started=now,
        ended=now,
        duration_s=1.0,
        tags=tags,
        notes=None,
        user=None,
        host=None,
        last_step=1.0,
        points=1,
        problems=0,
        hypothesis=None,
        exit_code=0,
        params=params,
    )


def test_runs_are_grouped_by_anything_they_have() -> None:
    """By param (equal numbers together, in order), by tags, by one tag, by several names; each run once."""
    runs = [
        record("a", "g", ("x", "y"), lr=0.1),
        record("b", "h", ("y", "x"), lr=1),
        record("c", None, ("x",), lr=1.0),
        record("d", "g", (), lr="auto"),
        record("e", "g", (), layers=[1, 2]),
    ]

    def labels(*by: str) -> dict[str, tuple[str, ...]]:
        return {group.label: group.runs for group in group_runs(runs, by)}

    assert labels("params.lr") == {
        "lr=0.1": ("a",),
        "lr=1": ("b", "c"),
        "lr=auto": ("d",),
        "without lr": ("e",),
    }
    assert list(labels("params.lr")) == ["lr=0.1", "lr=1", "lr=auto", "without lr"]
    assert labels("group") == {"g": ("a", "d", "e"), "h": ("b",), "without group": ("c",)}
    assert labels("tags") == {"x": ("c",), "x + y": ("a", "b"), "without tags": ("d", "e")}
    assert labels("tags.y") == {"y=false": ("c", "d", "e"), "y=true": ("a", "b")}
    assert labels("params.layers")["layers=[1, 2]"] == ("e",)
    assert labels() == {"all runs": ("a", "b", "c", "d", "e")}
    assert labels("group", "tags.x")["group=g, x=true"] == ("a",)
    for wrong in ("lr", "params.", "fingerprint"):
        with pytest.raises(UsageError):
            group_runs(runs, [wrong])


def test_statistics_that_are_none_are_refused() -> None:
    """Unknown names, quantiles and confidences out of range are errors that say what there is."""
    for wrong in (
        {"names": ("average",)},
        {"quantiles": (1.5,)},
        {"quantiles": (math.nan,)},
        {"confidence": 1.0},
    ):
        with pytest.raises(UsageError):
            WantedStatistics(**wrong)
