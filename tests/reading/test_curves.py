"""Curves from Python: of one metric, of many runs, of groups, smoothed, as tables."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trackrecord as tr
from trackrecord.reading import SmoothedCurve
from trackrecord.words.errors import NotFoundError, QueryError, UsageError

Array = np.ndarray[Any, Any]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of four runs of two settings; one ends early and one has a hole."""
    place = tmp_path / "store"
    for lr in (0.1, 0.2):
        for seed in range(2):
            params = {"lr": lr, "seed": seed}
            with tr.init("digits", name=f"{lr}-{seed}", params=params, store=place) as run:
                for step in range(6 if seed else 10):
                    value = math.nan if step == 2 and seed else lr + seed * step
                    run.log({"val/loss": value, "val/accuracy": 1.0}, step=step)
    return place


def test_a_metric_is_smoothed(store: Path) -> None:
    """`sampled` takes a strength or a Smoothing, and gives the smoothed values beside the curve."""
    with tr.open_run("0.1-1", store=store) as run:
        metric = run.metric("val/loss")
        curve = metric.sampled(100, smoothing=tr.Smoothing("ema", length=2))
        assert curve.x.tolist() == [0, 1, 2, 3, 4, 5]
        assert isinstance(curve, SmoothedCurve)
        assert np.isnan(curve.smooth).tolist() == [False, False, True, False, False, False]
        first, second = 0.1, (0.1 * math.exp(-0.5) + 1.1) / (math.exp(-0.5) + 1)
        assert curve.smooth[:2].tolist() == pytest.approx([first, second])
        assert curve.to_pandas().columns.tolist() == ["x", "y", "low", "high", "count", "smooth"]
        assert metric.sampled(smoothing=0.5).length == pytest.approx(  # type: ignore[attr-defined]
            5 / 1000 / -math.log(math.sqrt(0.5))
        )
        assert metric.sampled(log_x=True).left_out == 1
        with pytest.raises(UsageError):
            metric.sampled(smoothing=2)
        with pytest.raises(UsageError):
            metric.sampled(smoothing="much")  # type: ignore[arg-type]


def test_curves_of_many_runs_are_one_table(store: Path) -> None:
    """All runs that fit, in order, as curves and as a long table."""
    found = tr.curves("val/loss", "params.seed == 0", order_by="params.lr", store=store)
    assert [line.request.metric for line in found.lines] == ["val/loss"] * 2
    assert [run.name for run in found.runs] == ["0.1-0", "0.2-0"]
    frame = found.to_pandas()
    assert frame.columns.tolist() == ["run", "name", "metric", "x", "y", "low", "high", "count"]
    assert len(frame) == 20
    assert frame[frame["name"] == "0.2-0"]["y"].tolist() == [0.2] * 10
    assert found.to_polars().shape == (20, 8)
    assert found.to_arrow().num_rows == 20
    assert "smooth" in tr.curves("val/loss", smoothing=0.3, store=store).to_numpy()


def test_groups_are_curves_with_n(store: Path) -> None:
    """With group_by: mean, extremes and interval of each group at each place, and how many runs are there."""
    found = tr.curves("val/loss", group_by="params.lr", quantiles=[0.5], store=store)
    assert found.groups is not None
    assert [group.group.label for group in found.groups] == ["lr=0.1", "lr=0.2"]
    group = found.groups[0]
    assert group.n.tolist() == [2, 2, 1, 2, 2, 2, 1, 1, 1, 1]
    np.testing.assert_allclose(
        group.columns["mean"], [0.1 + 0.5 * s if s in (0, 1, 3, 4, 5) else 0.1 for s in range(10)]
    )
    assert np.isnan(group.columns["t_low"][[2, 9]]).all()
    frame = found.to_pandas()
    assert frame.columns.tolist() == [
        "metric",
        "group",
        "x",
        "n",
        "mean",
        "min",
        "max",
        "t_low",
        "t_high",
        "q0.5",
    ]
    assert len(frame) == 20
    everything = tr.curves(pattern="val/", group_by=(), statistics="median", store=store).groups
    assert everything is not None
    assert [(group.metric, group.group.label) for group in everything] == [
        ("val/accuracy", "all runs"),
        ("val/loss", "all runs"),
    ]


def test_what_is_not_shown_is_said(store: Path) -> None:
    """Beyond the limit the first runs are there, and a sentence says so."""
    found = tr.curves("val/loss", limit=3, store=store)
    assert (len(found.lines), found.matched) == (3, 4)
    assert found.said == "Of 4 runs that fit the first 3 are shown, ordered by -created."
    assert "first 3" in repr(found)


def test_arguments_that_make_no_sense_are_refused(store: Path) -> None:
    """Each with the error that says what was wrong; no run is no error."""
    with pytest.raises(NotFoundError) as caught:
        tr.curves("val/los", store=store)
    assert caught.value.suggestions == ("val/loss",)
    with pytest.raises(UsageError):
        tr.curves(store=store)
    with pytest.raises(UsageError):
        tr.curves("val/loss", group_by="colour", store=store)
    with pytest.raises(UsageError):
        tr.curves("val/loss", group_by="group", statistics=["mode"], store=store)
    with pytest.raises(UsageError):
        tr.curves("val/loss", x="time", store=store)
    with pytest.raises(QueryError):
        tr.curves("val/loss", "lr >", store=store)
    nothing = tr.curves("val/loss", "params.lr > 5", store=store)
    assert (nothing.lines, nothing.matched, len(nothing.to_pandas())) == ((), 0, 0)
    grouped = tr.curves("val/loss", "params.lr > 5", group_by="params.lr", store=store)
    assert (grouped.groups, len(grouped.to_pandas())) == ((), 0)


def test_a_long_curve_smoothed_from_levels_is_that_of_its_points(tmp_path: Path) -> None:
    """60,000 points, read as buckets: whole, zoomed, and at its start, the answer is the definition over all points."""
    random = np.random.default_rng(4)
    steps = np.arange(60_000, dtype=float)
    values = 8 * np.exp(-steps / 2000) + np.sin(steps / 4000) + random.normal(0, 0.2, len(steps))
    with tr.init("long", name="long", store=tmp_path, console=False, system_metrics=False) as run:
        for step, value in enumerate(values.tolist()):
            run.log({"loss": value}, step=step)

    def kernel(kind: str, distance: Array, length: float) -> Array:
        if kind == "ema":
            return np.where(distance >= 0, np.exp(-np.maximum(distance, 0) / length), 0)
        if kind == "gaussian":
            return np.exp(-0.5 * (distance / length) ** 2)
        return np.where(np.abs(distance) <= length / 2, 1.0, 0.0)

    with tr.open_run("long", store=tmp_path) as stored:
        metric = stored.metric("loss")
        for kind in ("ema", "gaussian", "mean"):
            for length in (500.0, 20_000.0):
                for low, high in ((None, None), (0, 2000), (6000, 25_000), (50_000, 50_100)):
                    smoothing = tr.Smoothing(kind, length=length)
                    curve = metric.sampled(500, low=low, high=high, smoothing=smoothing)
                    assert isinstance(curve, SmoothedCurve)
                    assert curve.resolved
                    places = slice(3, None, 29)
                    weights = [kernel(kind, x - steps, length) for x in curve.x[places]]
                    wanted = np.array([(each * values).sum() / each.sum() for each in weights])
                    # where a run begins an exponential is the mean of few points, here of a bucket's half
                    room = np.where(curve.x[places] < 500, 0.15, 0.04)
                    assert (np.abs(curve.smooth[places] - wanted) < room).all(), (kind, length, low)
