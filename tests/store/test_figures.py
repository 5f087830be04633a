"""Figures of a metric: the same however its points are split, and exact."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trackrecord.store.points.exact import ExactSum
from trackrecord.store.points.figures import of_column

_points = st.lists(
    st.tuples(st.integers(-5, 5), st.integers(0, 5), st.floats(allow_nan=True, allow_infinity=True)),
    min_size=1,
    max_size=120,
)


def _figures(points: list[tuple[int, int, float]]) -> tuple[object, ...]:
    steps, times, values = (np.array(column) for column in zip(*points, strict=True))
    return of_column(steps, times, values.astype(float)).row()


@given(_points, st.lists(st.integers(1, 119), max_size=8), st.randoms(use_true_random=False))
def test_any_split_and_order_gives_the_same_figures(
    points: list[tuple[int, int, float]], cuts: list[int], random: object
) -> None:
    """Adding the figures of parts, in any order, is bit for bit the figures of the whole."""
    shuffled = list(points)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    ends = sorted({0, len(points), *(cut for cut in cuts if cut < len(points))})
    parts = []
    for begin, end in pairwise(ends):
        steps, times, values = (np.array(column) for column in zip(*shuffled[begin:end], strict=True))
        parts.append(of_column(steps, times, values.astype(float)))
    assert repr(reduce(add, parts).row()).replace("-0.0", "0.0") == repr(_figures(points)).replace(
        "-0.0", "0.0"
    )


@given(_points)
def test_figures_are_what_they_say(points: list[tuple[int, int, float]]) -> None:
    """Counts, ends, extremes and the mean agree with a plain computation from all points."""
    count, nonfinite, first, last, low, high, mean, _, low_step, high_step, *_ = _figures(points)
    finite = [value for _, _, value in points if math.isfinite(value)]
    ordered = sorted(points, key=lambda p: (p[0], p[1], math.isnan(p[2]), 0.0 if math.isnan(p[2]) else p[2]))
    assert (count, nonfinite) == (len(points), len(points) - len(finite))
    np.testing.assert_equal([first, last], [ordered[0][2], ordered[-1][2]])
    if finite:
        assert (low, high) == (min(finite), max(finite))
        assert low_step == min(step for step, _, value in points if value == low)
        assert high_step == min(step for step, _, value in points if value == high)
        assert mean == float(sum(map(Fraction, finite)) / len(finite))
    else:
        assert (low, high, mean) == (None, None, None)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=200))
def test_exact_sums_are_exact(values: list[float]) -> None:
    """A sum is the sum of the fractions that its floats are, and survives being written down."""
    found = ExactSum.of(np.array(values, float))
    assert Fraction(found.units) / 2**1127 == sum(map(Fraction, values))
    assert ExactSum.from_text(found.text()) == found
