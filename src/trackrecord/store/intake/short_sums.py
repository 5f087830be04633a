"""Exact sums of many short series at once, in whole numbers of 64 bits wherever these are enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from trackrecord.store.points.exact import ExactSum

Array = np.ndarray[Any, Any]

#: so far apart may the exponents of a series lie: half a mantissa (27 bits), this, and the bits of the count fit 63
_WIDEST = 26
#: series of more values are summed up one by one
_MOST_VALUES = 1 << 10
_HALF = 26


def sums_of(values: Array, begin: Array, counts: Array) -> Iterator[tuple[str, float]]:
    """Return the exact sum, as ``ExactSum.text`` writes it, and the mean of each series of finite values.

    ``values`` holds all series behind one another; each begins at ``begin`` and has one of ``counts`` values.

    >>> list(sums_of(np.array([1.5, 1.5, 0.25]), np.array([0, 2]), np.array([2, 1])))
    [('3:0', 1.5), ('1:-2', 0.25)]
    """
    fractions, exponents = np.frexp(values)
    whole = (fractions * 2.0**53).astype(np.int64)
    exponents = exponents.astype(np.int64)
    # a zero has no exponent: it must not widen the range
    known = np.where(whole == 0, np.iinfo(np.int32).max, exponents)
    lowest = np.minimum.reduceat(known, begin)
    highest = np.maximum.reduceat(np.where(whole == 0, np.iinfo(np.int32).min, exponents), begin)
    narrow = (highest - lowest <= _WIDEST) & (counts <= _MOST_VALUES)
    shifts = np.where(whole == 0, 0, np.minimum(exponents - np.repeat(lowest, counts), _WIDEST))
    high = np.add.reduceat((whole >> _HALF) << shifts, begin)
    low = np.add.reduceat((whole & (1 << _HALF) - 1) << shifts, begin)
    rows = zip(
        high.tolist(),
        low.tolist(),
        lowest.tolist(),
        narrow.tolist(),
        counts.tolist(),
        begin.tolist(),
        strict=True,
    )
    for high_sum, low_sum, exponent, is_narrow, count, first in rows:
        units = (high_sum << _HALF) + low_sum
        if is_narrow and units:
            exponent -= 53
            mean = (units << exponent) / count if exponent > 0 else units / (count << -exponent)
            zeros = (units & -units).bit_length() - 1
            yield f"{units >> zeros}:{zeros + exponent}", mean
        else:
            total = ExactSum.of(values[first : first + count])
            yield total.text(), total.over(count)
