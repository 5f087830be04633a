"""What a curve is thinned from: points, or buckets of points, in the order of x. Pure functions of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Entries:
    """Stretches of a curve, each with its range of x, its extremes, its mean, and how many points it stands for.

    ``lows``, ``highs`` and ``means`` are of the finite values and NaN where there are none. Of a single point
    ``begins`` equals ``ends``.
    """

    begins: Array
    ends: Array
    lows: Array
    highs: Array
    means: Array
    counts: Array
    nonfinite: Array

    def __len__(self) -> int:
        return len(self.begins)

    @classmethod
    def of_points(cls, x: Array, values: Array) -> Entries:
        """Return points as entries of one point each."""
        finite = np.isfinite(values)
        shown = values if finite.all() else np.where(finite, values, np.nan)
        ones = np.broadcast_to(np.int64(1), len(x))
        return cls(x, x, shown, shown, shown, ones, (~finite).astype(np.int64))

    @classmethod
    def joined(cls, parts: Sequence[Entries]) -> Entries:
        """Return the entries of several parts, one behind the other."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.of_points(np.empty(0), np.empty(0))
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))

    @property
    def middles(self) -> Array:
        """The middle of each entry's range of x."""
        # halves first, so that a range as wide as float64 has a middle
        return self.begins / 2 + self.ends / 2

    def kept(self, mask: Array) -> Entries:
        """Return the entries that ``mask`` marks."""
        return self if mask.all() else Entries(*(getattr(self, each.name)[mask] for each in fields(self)))

    def within(self, low: float | None, high: float | None) -> Entries:
        """Return the entries that reach into a range, cut off at its ends."""
        inside = np.ones(len(self), bool)
        if low is not None:
            inside &= self.ends >= low
        if high is not None:
            inside &= self.begins <= high
        found = self.kept(inside)
        if low is None and high is None:
            return found
        begins, ends = np.clip(found.begins, low, high), np.clip(found.ends, low, high)
        return Entries(begins, ends, found.lows, found.highs, found.means, found.counts, found.nonfinite)

    def in_order(self) -> Entries:
        """Return the entries sorted by the middle of their range; equal ones keep their order."""
        middles = self.middles
        if (middles[1:] >= middles[:-1]).all():
            return self
        order = np.argsort(middles, kind="stable")
        return Entries(*(getattr(self, each.name)[order] for each in fields(self)))
