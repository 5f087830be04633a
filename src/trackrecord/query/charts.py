"""Curves for a whole screen, in one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackrecord.words.errors import UsageError

if TYPE_CHECKING:
    from trackrecord.store.contract import SampledSeries, SeriesRequest, Store

#: More curves than this in one question are refused.
MOST_SERIES = 2000


@dataclass(frozen=True, slots=True)
class Chart:
    """The curves of a screen, in the order of the requests."""

    revision: int
    series: tuple[SampledSeries, ...]


def chart(store: Store, requests: Sequence[SeriesRequest]) -> Chart:
    """Return one curve per request. Raises UsageError for more than 2,000 or for a range that is none."""
    if len(requests) > MOST_SERIES:
        raise UsageError(f"{len(requests)} curves were asked for at once; {MOST_SERIES} is the most.")
    for request in requests:
        if request.pixels < 1:
            raise UsageError(f"A chart needs at least 1 pixel, not {request.pixels}.")
        bounds = (request.low, request.high)
        if any(bound is not None and bound != bound for bound in bounds):
            raise UsageError("The range of a chart can't begin or end at NaN.")
    revision = store.catalog.revision()
    return Chart(revision, tuple(store.series.sampled(request) for request in requests))
