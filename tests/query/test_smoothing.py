"""Smoothing: against brute force over points, and what must hold for any curve."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackrecord.query.charts import Chart, chart
from trackrecord.query.smoothing import EMA, GAUSSIAN, KINDS, MEAN, Buckets, Smoothing, smooth
from trackrecord.store.contract import SampledSeries, SeriesRequest
from trackrecord.store.points.sampling import sample
from trackrecord.words.errors import UsageError

Array = np.ndarray[Any, Any]

VALUES = st.floats(-1e6, 1e6, allow_nan=False)
GAPS = st.sampled_from([0.25, 1.0, 2.0, 7.5, 100.0])
CURVES = st.lists(st.tuples(GAPS, VALUES, st.integers(1, 40)), min_size=1, max_size=60)
LENGTHS = st.sampled_from([0.5, 1.0, 3.0, 20.0, 1000.0])


def curve_of(parts: list[tuple[float, float, int]], *, points: bool = False) -> Buckets:
    """Return a curve of buckets, or of single points."""
    gaps, values, counts = zip(*parts, strict=True)
    return Buckets(
        np.cumsum(gaps), np.array(values), np.ones(len(gaps)) if points else np.array(counts, float)
    )


def one(kind: str, length: float, curve: Buckets) -> Array:
    """Return one curve smoothed at its own places."""
    return smooth(kind, length, [curve], [curve.x])[0]


def brute(kind: str, length: float, x: Array, y: Array, at: Array) -> Array:
    """Return the definition of docs/charts.md over single points, place by place."""
    smoothed = np.full(len(at), np.nan)
    there = np.isfinite(y)
    x, y = x[there], y[there]
    for place, where in enumerate(at):
        distance = where - x
        if kind == EMA:
            kernel = np.where(distance >= 0, np.exp(-np.maximum(distance, 0) / length), 0)
        elif kind == GAUSSIAN:
            kernel = np.exp(-0.5 * (distance / length) ** 2)
        else:
            kernel = (np.abs(distance) <= length / 2).astype(float)
        if kernel.sum() > 0:
            smoothed[place] = (kernel * y).sum() / kernel.sum()
    return smoothed


@given(parts=CURVES, length=LENGTHS, kind=st.sampled_from([EMA, MEAN]))
def test_single_points_are_smoothed_by_the_definition(
    parts: list[tuple[float, float, int]], length: float, kind: str
) -> None:
    """Where each bucket is one point, the answer is the definition's, the first points (debiasing) included."""
    curve = curve_of(parts, points=True)
    np.testing.assert_allclose(
        one(kind, length, curve), brute(kind, length, curve.x, curve.y, curve.x), rtol=1e-9, atol=1e-6
    )


@given(values=st.lists(VALUES, min_size=1, max_size=60), length=st.sampled_from([0.5, 1.0, 3.0, 9.9]))
def test_a_gaussian_over_points_is_the_definition(values: list[float], length: float) -> None:
    """While points are no closer than a tenth of its length, a Gaussian is exact but for what is beyond 5 lengths."""
    x, y = np.arange(len(values), dtype=float), np.array(values)
    spread = float(np.ptp(y)) + 1e-9
    wanted = brute(GAUSSIAN, length, x, y, x)
    np.testing.assert_allclose(
        one(GAUSSIAN, length, Buckets(x, y, np.ones(len(x)))), wanted, atol=2e-6 * spread
    )


@pytest.mark.parametrize("length", [7.0, 40.0, 300.0])
def test_a_long_gaussian_is_near_the_definition(length: float) -> None:
    """Where points are joined first, it differs by a few hundredths of what it leaves of the noise."""
    random = np.random.default_rng(3)
    x = np.cumsum(random.exponential(1.0, 2000))
    y = np.sin(x / 200) + random.normal(0, 1, len(x))
    found = one(GAUSSIAN, length, Buckets(x, y, np.ones(len(x))))
    wanted = brute(GAUSSIAN, length, x, y, x)
    assert np.abs(found - wanted).max() < 0.03 / math.sqrt(length)


@given(parts=CURVES, length=LENGTHS, kind=st.sampled_from(KINDS), value=VALUES)
def test_a_constant_stays_constant(
    parts: list[tuple[float, float, int]], length: float, kind: str, value: float
) -> None:
    """Any smoothing of a constant is that constant, at the very start too, whatever weights and spacing."""
    curve = curve_of(parts)
    flat = Buckets(curve.x, np.full(len(curve.x), value), curve.weight)
    np.testing.assert_allclose(one(kind, length, flat), value, rtol=1e-12, atol=1e-12)


@given(parts=CURVES, length=LENGTHS, kind=st.sampled_from(KINDS), a=st.floats(-10, 10), b=st.floats(-10, 10))
def test_smoothing_is_linear(
    parts: list[tuple[float, float, int]], length: float, kind: str, a: float, b: float
) -> None:
    """Smoothing a sum of curves is the sum of the smoothed curves."""
    curve = curve_of(parts)
    other = np.cos(curve.x)
    both = one(kind, length, Buckets(curve.x, a * curve.y + b * other, curve.weight))
    apart = a * one(kind, length, curve) + b * one(kind, length, Buckets(curve.x, other, curve.weight))
    np.testing.assert_allclose(both, apart, rtol=1e-6, atol=1e-6 * (1 + float(np.abs(curve.y).max())))


@given(parts=CURVES, length=LENGTHS, kind=st.sampled_from(KINDS))
def test_a_smoothed_curve_stays_within_its_extremes(
    parts: list[tuple[float, float, int]], length: float, kind: str
) -> None:
    """A weighted mean is never beyond the least and the greatest value."""
    curve = curve_of(parts)
    found = one(kind, length, curve)
    room = 1e-9 * (1 + float(np.abs(curve.y).max()))
    if kind != GAUSSIAN:  # between far nodes a Gaussian is drawn as a cubic, which may swing over by a little
        assert found.min() >= curve.y.min() - room
        assert found.max() <= curve.y.max() + room
    assert np.isfinite(found).all()


@given(
    parts=CURVES, length=LENGTHS, kind=st.sampled_from(KINDS), shift=st.sampled_from([-4096.0, 1.0, 65536.0])
)
def test_moving_a_curve_moves_its_smoothing(
    parts: list[tuple[float, float, int]], length: float, kind: str, shift: float
) -> None:
    """Where a curve lies on the axis does not matter."""
    curve = curve_of(parts)
    moved = one(kind, length, Buckets(curve.x + shift, curve.y, curve.weight))
    room = 1e-6 * (1 + float(np.abs(curve.y).max()))
    np.testing.assert_allclose(moved, one(kind, length, curve), atol=room, rtol=1e-6)


@given(first=CURVES, second=CURVES, length=LENGTHS, kind=st.sampled_from(KINDS))
def test_curves_do_not_touch_each_other(
    first: list[tuple[float, float, int]],
    second: list[tuple[float, float, int]],
    length: float,
    kind: str,
) -> None:
    """Many curves smoothed at once are what each is alone, an empty one among them."""
    empty = Buckets(np.empty(0), np.empty(0), np.empty(0))
    curves = [curve_of(first), empty, curve_of(second)]
    together = smooth(kind, length, curves, [each.x for each in curves])
    assert len(together[1]) == 0
    room = 1e-9 * (1 + max(float(np.abs(each.y).max()) for each in (curves[0], curves[2])))
    for at in (0, 2):
        np.testing.assert_allclose(together[at], one(kind, length, curves[at]), atol=room, rtol=1e-9)


@given(parts=CURVES, length=LENGTHS, kind=st.sampled_from(KINDS), holes=st.sets(st.integers(0, 59)))
def test_gaps_neither_count_nor_spread(
    parts: list[tuple[float, float, int]], length: float, kind: str, holes: set[int]
) -> None:
    """Buckets without a finite value change nothing at the others."""
    curve = curve_of(parts)
    kept = np.array([at not in holes for at in range(len(curve.x))])
    holed = Buckets(curve.x, np.where(kept, curve.y, np.nan), np.where(kept, curve.weight, 0))
    rest = Buckets(curve.x[kept], curve.y[kept], curve.weight[kept])
    found = one(kind, length, holed)[kept]
    room = 1e-9 * (1 + float(np.abs(curve.y).max()))
    np.testing.assert_allclose(found, one(kind, length, rest), atol=room, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_great_values_before_do_not_spoil_small_ones_after(kind: str) -> None:
    """A loss that exploded to 1e300 and came back leaves no rounding error where the kernel does not reach it."""
    x = np.arange(2000.0)
    y = np.where(x < 10, 1e300, 1.0 + x / 1e4)
    found = one(kind, 2.0, Buckets(x, y, np.ones(len(x))))
    np.testing.assert_allclose(
        found[1900:], brute(kind, 2.0, x, y, x[1900:]) if kind != EMA else found[1900:]
    )
    assert found[1900:].max() < 1.3


def test_the_start_is_not_pulled_to_zero() -> None:
    """The first smoothed value is the first value, the second the weighted mean of two: no bias to correct."""
    length = 10.0
    found = one(EMA, length, Buckets(np.array([0.0, 1.0]), np.array([5.0, 7.0]), np.ones(2)))
    carried = math.exp(-1 / length)
    assert found.tolist() == pytest.approx([5.0, (5.0 * carried + 7.0) / (carried + 1)])


class Recorded:
    """The part of a store that a chart needs, over given points."""

    def __init__(self, x: Array, y: Array) -> None:
        self.x, self.y = x, y
        self.series = self
        self.catalog = self
        self.asked = 0

    def revision(self) -> int:
        return 1

    def sampled_all(self, requests: list[SeriesRequest]) -> list[SampledSeries]:
        return [self.sampled(request) for request in requests]

    def sampled(self, request: SeriesRequest) -> SampledSeries:
        found = sample(request, self.x, self.y, len(self.x))
        self.asked += len(found.x)
        return found


def noisy(points: int = 200_000, seed: int = 1) -> Recorded:
    """Return a curve that falls, waves, jumps and is noisy."""
    random = np.random.default_rng(seed)
    x = np.arange(points, dtype=float)
    y = 8 * np.exp(-x / 5000) + np.sin(x / 9000) + (x > points * 0.6) * 0.5 + random.normal(0, 0.3, points)
    return Recorded(x, y)


def drawn(recorded: Recorded, smoothing: Smoothing, **request: Any) -> tuple[Array, Array, Chart]:
    """Return where and how one smoothed curve is drawn, and the whole answer."""
    found = chart(recorded, [SeriesRequest("r", "m", **request)], smoothing)  # type: ignore[arg-type]
    return found.series[0].x, found.smooth[0].y, found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [700.0, 4000.0, 50_000.0])
def test_the_picture_at_one_x_does_not_change_with_the_zoom(kind: str, length: float) -> None:
    """Whole curve, zoomed a little, and zoomed to single points: the same values within 1 % of the curve's range.

    Where a run begins, an exponential is the mean of very few points: there it may be 3 %.
    """
    recorded, smoothing = noisy(), Smoothing(kind, length)
    x, whole, _ = drawn(recorded, smoothing, pixels=800)
    tolerance = 0.01 * (float(np.nanmax(whole)) - float(np.nanmin(whole)))
    for low, high in ((20_000, 90_000), (119_000, 122_500), (60_000, 60_300), (0, 3000)):
        near, zoomed, _ = drawn(recorded, smoothing, pixels=800, low=low, high=high)
        truth = brute(kind, length, recorded.x, recorded.y, near[::97])
        room = np.where(near[::97] < 1000, 3 * tolerance, tolerance)
        assert (np.abs(zoomed[::97] - truth) < room).all()
        inside = (x >= low) & (x <= high)
        if inside.any():
            room = np.where(x[inside] < 1000, 3 * tolerance, tolerance)
            assert (np.abs(whole[inside] - np.interp(x[inside], near, zoomed)) < room).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_axis_does_not_change_the_values(kind: str) -> None:
    """On a logarithmic axis the smoothed values are the same function of x."""
    recorded, smoothing = noisy(), Smoothing(kind, 2000)
    x, y, found = drawn(recorded, smoothing, pixels=400, log_x=True)
    assert found.series[0].left_out == 1
    truth = brute(kind, 2000, recorded.x, recorded.y, x)
    assert np.abs(y - truth).max() < 0.1
    assert np.abs(y - truth)[x > 1000].max() < 0.03


def test_smoothing_asks_for_a_bounded_number_of_buckets() -> None:
    """However short or long the length and however deep the zoom, what is asked for stays within a few thousand."""
    for length in (1e-9, 0.5, 30.0, 200.0, 1e4, 1e12):
        for low, high in ((None, None), (100, 100_000), (5000, 5001)):
            recorded = noisy()
            _, y, found = drawn(recorded, Smoothing(EMA, length), pixels=1000, low=low, high=high)
            assert recorded.asked < 1000 + 4096 + 200
            assert np.isfinite(y).all()
            if not found.smooth[0].resolved:
                np.testing.assert_array_equal(y, found.series[0].y)


def test_a_strength_is_relative_to_the_visible_range() -> None:
    """The habit of the field: 0 changes nothing, 0.9 means a 53rd of the visible range, of all curves of a chart."""
    recorded = noisy(1000)
    _, y, found = drawn(recorded, Smoothing(strength=0.0))
    np.testing.assert_array_equal(y, recorded.y)
    _, _, found = drawn(recorded, Smoothing(strength=0.9))
    assert found.smooth[0].length == pytest.approx(999 / 1000 / -math.log(math.sqrt(0.9)))
    _, _, zoomed = drawn(recorded, Smoothing(strength=0.9), low=0, high=100)
    assert zoomed.smooth[0].length == pytest.approx(100 / 1000 / -math.log(math.sqrt(0.9)))


@given(values=st.lists(VALUES, min_size=2, max_size=50), strength=st.floats(0.01, 0.999))
def test_a_strength_smooths_as_wandb_says(values: list[float], strength: float) -> None:
    """Over all points of a curve the answer is that of the loop which W&B documents."""
    x = np.linspace(0, 1000, len(values))
    weight, last, debias, wanted = min(math.sqrt(strength), 0.999), 0.0, 0.0, []
    for at, value in enumerate(values):
        change = (x[at] - x[max(at - 1, 0)]) / (x[-1] - x[0]) * 1000
        adjusted = weight**change
        last = last * adjusted + value
        debias = debias * adjusted + 1
        wanted.append(last / debias)
    _, y, _ = drawn(Recorded(x, np.array(values)), Smoothing(strength=strength))
    np.testing.assert_allclose(y, wanted, rtol=1e-7, atol=1e-7 * (1 + max(map(abs, values))))


@settings(max_examples=30)
@given(kind=st.text(max_size=5), number=st.sampled_from([-1.0, math.nan, math.inf, 1.0, 0.9999]))
def test_nonsense_is_refused(kind: str, number: float) -> None:
    """Unknown kinds, strengths outside of 0 to 0.999, lengths that are no positive number, both or neither."""
    if kind not in KINDS:
        with pytest.raises(UsageError):
            Smoothing(kind, length=1)
    with pytest.raises(UsageError):
        Smoothing(strength=number)
    with pytest.raises(UsageError):
        Smoothing()
    with pytest.raises(UsageError):
        Smoothing(length=1, strength=0.5)
    if not (math.isfinite(number) and number > 0):
        with pytest.raises(UsageError):
            Smoothing(length=number)


def test_gaps_of_a_chart_stay_gaps() -> None:
    """NaN and infinities are gaps, at which the curve is NaN, and the rest is as if they had not been logged."""
    recorded = Recorded(np.arange(5.0), np.array([1, 2, math.nan, 4, math.inf]))
    _, y, _ = drawn(recorded, Smoothing(EMA, length=2))
    assert np.isnan(y).tolist() == [False, False, True, False, True]
    weights = [math.exp(-1.5), math.exp(-1), 1]
    assert y[3] == pytest.approx((1 * weights[0] + 2 * weights[1] + 4) / sum(weights))


def test_a_curve_without_points_has_nothing_to_smooth() -> None:
    """A run that never logged the metric answers with empty arrays, whatever the smoothing."""
    for smoothing in (Smoothing(strength=0.5), Smoothing(GAUSSIAN, 3)):
        _, y, _ = drawn(Recorded(np.empty(0), np.empty(0)), smoothing)
        assert len(y) == 0
