"""Sums of float64 without rounding, so that a mean does not depend on how its points were split.

A sum is a whole number of units of 2**exponent. Every finite float64 is one, so adding is adding of whole
numbers: the order and the grouping make no difference, and nothing overflows or cancels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

#: no bit of a float64 is worth less, however its 53 bits are aligned
_UNIT = -1074 - 53
#: below this many values a loop is quicker than numpy
_FEW = 32


@dataclass(frozen=True, slots=True)
class ExactSum:
    """A sum as ``units`` times 2**-1127.

    >>> (ExactSum.of(np.array([1e308, 1.0])) + ExactSum.of(np.array([1e308, -1e308, -1e308]))).over(5)
    0.2
    """

    units: int = 0

    @classmethod
    def of(cls, finite: np.ndarray[Any, Any]) -> ExactSum:
        """Return the sum of an array of finite float64."""
        if len(finite) <= _FEW:
            units = 0
            for value in finite.tolist():
                fraction, exponent = math.frexp(value)
                units += int(fraction * 2.0**53) << (exponent - 53 - _UNIT)
            return cls(units)
        fractions, exponents = np.frexp(finite)
        whole = (fractions * 2.0**53).astype(np.int64)
        lowest = int(exponents.min())
        bins = exponents - lowest
        # in two halves, so that even 2**25 of them sum up without rounding
        high = np.bincount(bins, weights=whole >> 26)
        low = np.bincount(bins, weights=whole & (1 << 26) - 1)
        units = 0
        for index in np.flatnonzero((high != 0) | (low != 0)).tolist():
            units += ((int(high[index]) << 26) + int(low[index])) << (lowest + index - 53 - _UNIT)
        return cls(units)

    def __add__(self, other: ExactSum) -> ExactSum:
        return ExactSum(self.units + other.units)

    def over(self, count: int) -> float:
        """Return the mean of ``count`` values, correctly rounded."""
        return self.units / (count << -_UNIT)

    def text(self) -> str:
        """Return the sum as ``<mantissa>:<exponent>``, which means mantissa * 2**exponent.

        >>> ExactSum.of(np.array([1.5, 1.5])).text()
        '3:0'
        """
        if not self.units:
            return "0:0"
        zeros = (self.units & -self.units).bit_length() - 1
        return f"{self.units >> zeros}:{zeros + _UNIT}"

    @classmethod
    def from_text(cls, text: str) -> ExactSum:
        """Undo ``text``."""
        mantissa, _, exponent = text.partition(":")
        return cls(int(mantissa) << (int(exponent) - _UNIT))
