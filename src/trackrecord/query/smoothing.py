"""Smoothing curves from their buckets, each weighted by the number of its points. Pure functions of arrays.

The estimator is always a weighted mean: the smoothed value at x is ``sum(w K y) / sum(w K)`` over the buckets, with w
the finite points of a bucket, y their mean, and K a kernel of the distance in units of x. So irregular spacing is
handled, there is no bias at the start to correct, gaps neither count nor spread, and the picture at one x does not
depend on the resolution as long as buckets are narrow against the kernel. docs/charts.md has formulas and sources.

Many curves are done at once: their buckets lie one behind the other in one array, and the work is a few passes over it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trackrecord.words.errors import UsageError

Array = np.ndarray[Any, Any]

EMA, GAUSSIAN, MEAN = "ema", "gaussian", "mean"
KINDS = (EMA, GAUSSIAN, MEAN)
#: how far a kernel reaches, in lengths, to the left and to the right. exp(-12) = 6e-6 of an exponential lies beyond,
#: 6e-7 of a Gaussian; a running mean ends, inside of what was asked for.
REACH = {EMA: (12.0, 0.0), GAUSSIAN: (5.0, 5.0), MEAN: (0.52, 0.52)}
#: the greatest strength; see `Smoothing.length_over`
MOST_STRENGTH = 0.999
# W&B's VIEWPORT_SCALE: the x range of a chart counts as 1,000 points.
_VIEWPORT = 1000
# Buckets closer than this share of a Gaussian's length are joined first, so that a bucket has a bounded number of
# neighbours within reach: it widens the kernel by 0.05 % and makes 51 passes at most.
_JOINED = 1 / 10
# Beyond this sums of weighted values could overflow, and values are made smaller for the time being.
_GREAT = 1e200


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How curves are smoothed: what kernel, and how long.

    ``kind`` is ``"ema"`` (exponential, looks back only), ``"gaussian"`` (both sides) or ``"mean"`` (running mean, both
    sides). ``length`` is in units of x: the distance at which the exponential has fallen to 1/e, the standard deviation
    of the Gaussian, the whole width of the running mean's window. Instead of it ``strength`` from 0 to 0.999 is the
    number that TensorBoard and W&B take; it becomes a length relative to the visible range of x (`length_over`), so
    that zooming changes it, which a length does not. ``after_grouping`` smooths the curves of groups, not of runs.

    Raises UsageError for anything else.

    >>> Smoothing("gaussian", length=50).length_over(1000)
    50
    >>> round(Smoothing(strength=0.9).length_over(1000), 2)
    18.98
    """

    kind: str = EMA
    length: float | None = None
    strength: float | None = None
    after_grouping: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"{self.kind!r:.60} is no smoothing.", hint="There are ema, gaussian and mean.")
        if (self.length is None) == (self.strength is None):
            raise UsageError(
                "Smoothing takes either a length in units of x or a strength from 0 to 0.999.",
                hint="length=500 means the same at every zoom; strength=0.6 is relative to the visible range.",
            )
        if self.length is not None and not (math.isfinite(self.length) and self.length > 0):
            raise UsageError(f"A smoothing length has to be a positive number, not {self.length!r:.60}.")
        if self.strength is not None and not 0 <= self.strength <= MOST_STRENGTH:
            raise UsageError(
                f"A smoothing strength is between 0 and {MOST_STRENGTH}, not {self.strength!r:.60}."
            )

    def length_over(self, visible: float) -> float:
        """Return the length in units of x, where ``visible`` is the width of the visible range; 0 for no smoothing.

        A strength s is what W&B does with it: the weight falls by ``min(sqrt(s), 0.999)`` for each thousandth of the
        visible range, so ``length = visible / (1000 * -ln(min(sqrt(s), 0.999)))``.
        """
        if self.length is not None:
            return self.length
        assert self.strength is not None
        if self.strength == 0:
            return 0.0
        return visible / _VIEWPORT / -math.log(min(math.sqrt(self.strength), MOST_STRENGTH))


@dataclass(frozen=True, slots=True)
class Buckets:
    """A curve to smooth: x ascending and finite, the mean of each bucket, and its weight (0 for a gap)."""

    x: Array
    y: Array
    weight: Array

    def with_value(self) -> Buckets:
        """Return the buckets without gaps."""
        there = (self.weight > 0) & np.isfinite(self.y)
        return self if there.all() else Buckets(self.x[there], self.y[there], self.weight[there])


def smooth(kind: str, length: float, curves: Sequence[Buckets], at: Sequence[Array]) -> list[Array]:
    """Return each curve smoothed, at the places ``at`` (ascending; inside of the curve's own range).

    Where a curve has no value at all the answer is NaN. A length of 0 gives the curve itself.
    """
    packed = [each.with_value() for each in curves]
    row = _Row.of(packed)
    if length <= 0 or not len(row.x):
        nodes, values = row, row.y
    elif kind == EMA:
        nodes, values = row, _exponential(row, length)
    elif kind == GAUSSIAN:
        nodes = row.joined(length * _JOINED)
        values = _gaussian(nodes, length)
    else:
        return _running_mean(row, length, at)
    return [
        _between(nodes.x[part], values[part], places, cubic=kind == GAUSSIAN and length > 0)
        for part, places in zip(nodes.parts(), at, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Row:
    """Several curves one behind the other; ``starts`` has where each begins, and the end of the last."""

    x: Array
    y: Array
    weight: Array
    starts: Array

    @staticmethod
    def of(curves: Sequence[Buckets]) -> _Row:
        def flat(name: str) -> Array:
            return np.concatenate([np.empty(0), *(getattr(each, name) for each in curves)]).astype(np.float64)

        starts = np.cumsum([0, *(len(each.x) for each in curves)])
        return _Row(flat("x"), flat("y"), flat("weight"), starts)

    def parts(self) -> list[slice]:
        return [
            slice(*pair) for pair in zip(self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True)
        ]

    def curve_of(self) -> Array:
        """Return for each bucket the number of its curve."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def scale(self) -> float:
        """Return what values have to be divided by, so that no sum of them is an infinity; mostly 1."""
        greatest = float(np.max(np.abs(self.y), initial=0.0))
        return greatest if greatest > _GREAT else 1.0

    def joined(self, width: float) -> _Row:
        """Return the curves with the buckets of each cell of this width made one, at their mean x."""
        curve = self.curve_of()
        first_x = self.x[np.minimum(self.starts[:-1], len(self.x) - 1)]
        cell = np.floor(
            (self.x / 2 - first_x[curve] / 2) / (width / 2)
        )  # halves: no difference is an infinity
        begins = np.ones(len(self.x), bool)
        begins[1:] = (cell[1:] != cell[:-1]) | (curve[1:] != curve[:-1])
        if begins.all():
            return self
        at = np.flatnonzero(begins)
        weight = np.add.reduceat(self.weight, at)
        share = self.weight / np.repeat(weight, np.diff(at, append=len(self.x)))
        starts = np.searchsorted(at, self.starts)
        return _Row(np.add.reduceat(self.x * share, at), np.add.reduceat(self.y * share, at), weight, starts)


def _exponential(row: _Row, length: float) -> Array:
    """Return at each bucket the mean of it and all before, weighted by count and exp(-distance / length).

    The recurrence is linear, so it is solved by doubling: after a pass each entry stands for twice as many buckets.
    A convex combination per step: nothing cancels, nothing overflows.
    """
    first_decay = np.zeros(len(row.x))
    with np.errstate(over="ignore", invalid="ignore"):
        first_decay[1:] = np.exp(-np.diff(row.x) / length)
    begin = row.starts[:-1]
    first_decay[begin[begin < len(row.x)]] = 0.0  # nothing is carried from one curve to the next
    mean, weight, decay = row.y, row.weight, first_decay
    step = 1
    while step < len(mean) and decay.any():
        carried = decay[step:] * weight[:-step]
        total = weight[step:] + carried
        share = carried / total
        mean = np.concatenate((mean[:step], mean[:-step] * share + mean[step:] * (1 - share)))
        weight = np.concatenate((weight[:step], total))
        decay = np.concatenate((np.zeros(step), decay[step:] * decay[:-step]))
        step *= 2
    # A bucket is drawn at the middle of its points: half of them, and the middle one, lie no later than that.
    own = (row.weight + 1) / 2
    past = np.zeros(len(mean))
    past[1:] = first_decay[1:] * weight[:-1]
    share = past / (past + own)
    return np.concatenate(([0.0], mean[:-1])) * share + row.y * (1 - share)


def _gaussian(row: _Row, length: float) -> Array:
    """Return at each bucket the mean of all of its curve, weighted by count and exp(-distance^2 / (2 length^2))."""
    scale = row.scale()
    curve, values = row.curve_of(), row.y / scale
    sums, weights = row.weight * values, row.weight.copy()
    own = sums.copy(), row.weight
    reach = REACH[GAUSSIAN][0]
    for step in range(1, len(row.x)):
        distance = (row.x[step:] - row.x[:-step]) / length
        near = (distance <= reach) & (curve[step:] == curve[:-step])
        if not near.any():
            break
        kernel = np.where(near, np.exp(-0.5 * np.minimum(distance, reach) ** 2), 0.0)
        sums[step:] += kernel * own[0][:-step]
        sums[:-step] += kernel * own[0][step:]
        weights[step:] += kernel * own[1][:-step]
        weights[:-step] += kernel * own[1][step:]
    return sums / weights * scale


def _running_mean(row: _Row, length: float, at: Sequence[Array]) -> list[Array]:
    """Return at each place the mean of what lies within half a length of it: of the outer buckets the share that does.

    The points of a bucket count as spread evenly, half of the way to its neighbours at most. Sums over a range are put
    together from sums over powers of two: unlike differences of running sums they lose no digits.
    """
    scale = row.scale()
    low, high = _extents(row)
    sums, weights = row.weight * (row.y / scale), row.weight
    first, last, left, right, sizes = [], [], [], [], []
    for part, places in zip(row.parts(), at, strict=True):
        begin, end = places - length / 2, places + length / 2
        lows, highs = low[part], high[part]
        one = np.searchsorted(lows, begin, "left")
        two = np.maximum(np.searchsorted(highs, end, "right"), one)
        first.append(one + part.start)
        last.append(two + part.start)
        left.append(_share_inside(lows, highs, one - 1, begin, end))
        right.append(_share_inside(lows, highs, two, begin, end))
        sizes.append(len(places))
    begins, ends = np.concatenate(first), np.concatenate(last)
    total, weight = np.zeros(len(begins)), np.zeros(len(begins))
    for edge, share in ((begins - 1, np.concatenate(left)), (ends, np.concatenate(right))):
        there = share > 0
        total[there] += share[there] * sums[edge[there]]
        weight[there] += share[there] * weights[edge[there]]
    _add_ranges(total, weight, (sums, weights), begins, ends - begins)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(weight > 0, total / weight, np.nan) * scale
    return np.split(means, np.cumsum(sizes)[:-1]) if sizes else []


def _add_ranges(total: Array, weight: Array, of: tuple[Array, Array], begins: Array, counts: Array) -> None:
    sums, weights = of
    position, size = begins.copy(), 1
    while len(sums) and (counts >= size).any():
        taken = (counts & size) > 0
        total[taken] += sums[position[taken]]
        weight[taken] += weights[position[taken]]
        position[taken] += size
        sums, weights = sums[:-size] + sums[size:], weights[:-size] + weights[size:]
        size *= 2


def _extents(row: _Row) -> tuple[Array, Array]:
    """Return where the points of each bucket begin and end: evenly spaced around its x, apart from its neighbours."""
    low, high = row.x.copy(), row.x.copy()
    curve = row.curve_of()
    gap = np.where(curve[1:] == curve[:-1], np.diff(row.x), np.inf)
    room = np.minimum(np.append(gap, np.inf), np.append(np.inf, gap)) / 2
    wide = (row.weight > 1) & np.isfinite(room)
    reach = room[wide] * (1 - 1 / row.weight[wide])
    low[wide] -= reach
    high[wide] += reach
    return low, high


def _share_inside(lows: Array, highs: Array, index: Array, begin: Array, end: Array) -> Array:
    """Return how much of each bucket (by number, any) lies within its range; 0 where there is no such bucket."""
    share = np.zeros(len(index))
    there = (index >= 0) & (index < len(lows))
    low, high = lows[index[there]], highs[index[there]]
    inside = np.minimum(high, end[there]) - np.maximum(low, begin[there])
    width = high - low
    share[there] = np.where(width > 0, np.clip(inside / np.where(width > 0, width, 1), 0, 1), 0.0)
    return share


def _between(x: Array, values: Array, at: Array, *, cubic: bool) -> Array:
    """Return a curve between its nodes: on a straight line, or on a cubic where nodes are far apart for their bends."""
    if not len(x):
        return np.full(len(at), np.nan)
    if len(x) == len(at) and (x == at).all():
        return values
    if len(x) < 3 or not cubic:
        return np.interp(at, x, values)
    width = np.diff(x)
    slope = np.diff(values) / width
    tangent = np.empty(len(x))
    tangent[1:-1] = (slope[:-1] * width[1:] + slope[1:] * width[:-1]) / (width[1:] + width[:-1])
    tangent[0] = slope[0] + (slope[0] - slope[1]) * width[0] / (width[0] + width[1])
    tangent[-1] = slope[-1] + (slope[-1] - slope[-2]) * width[-1] / (width[-1] + width[-2])
    piece = np.clip(np.searchsorted(x, at, "right") - 1, 0, len(width) - 1)
    # The first and the last place may lie a little outside: nodes are at the middle of what was joined.
    t = np.clip((at - x[piece]) / width[piece], -1.0, 2.0)
    here, there = values[piece], values[piece + 1]
    bend = t * (1 - t) * ((1 - t) * (tangent[piece] - slope[piece]) + t * (slope[piece] - tangent[piece + 1]))
    return here + (there - here) * t + bend * width[piece]
