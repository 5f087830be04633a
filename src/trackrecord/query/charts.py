"""Curves for a whole screen, in one question: thinned by the store, smoothed here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trackrecord.query.smoothing import EMA, GAUSSIAN, MEAN, REACH, Buckets, Smoothing, smooth
from trackrecord.words.errors import UsageError

if TYPE_CHECKING:
    from trackrecord.store.contract import SampledSeries, SeriesRequest, Store

Array = np.ndarray[Any, Any]

#: More curves than this in one question are refused.
MOST_SERIES = 2000
#: Buckets are at most this share of the smoothing length wide.
_BUCKET_SHARE = {EMA: 1 / 4, GAUSSIAN: 1 / 4, MEAN: 1 / 8}
#: In front of the visible range and behind it they are narrower still: there they are few.
_CONTEXT_SHARE = {EMA: 1 / 16, GAUSSIAN: 1 / 16, MEAN: 1 / 128}
#: From there towards the visible range each stretch has buckets 16 times finer, until they are as fine as those.
_MOST_STRETCHES = 12
#: No curve is asked for in more buckets than this in order to be smoothed.
MOST_FINE_BUCKETS = 4096


@dataclass(frozen=True, slots=True)
class SmoothCurve:
    """What smoothing made of one curve: ``y`` at each x of the curve, NaN where the curve has no finite value.

    ``length`` is in units of x. A length so short that it can't be seen at this zoom (more than 4,096 buckets would
    be needed) is not applied: ``resolved`` is False, and ``y`` the mean of each bucket as it is. ``source`` are the
    buckets it was made from, those outside of the visible range included.
    """

    y: Array
    length: float
    resolved: bool
    source: Buckets


@dataclass(frozen=True, slots=True)
class Chart:
    """The curves of a screen, in the order of the requests; ``smooth`` is empty when no smoothing was asked for."""

    revision: int
    series: tuple[SampledSeries, ...]
    smoothing: Smoothing | None = None
    smooth: tuple[SmoothCurve, ...] = ()


def chart(store: Store, requests: Sequence[SeriesRequest], smoothing: Smoothing | None = None) -> Chart:
    """Return one curve per request, smoothed if asked for.

    All requests of one metric are taken for one chart: the range to which a smoothing strength is relative is theirs
    together. Raises UsageError for more than 2,000 curves, or for a range or an axis that is none.
    """
    if len(requests) > MOST_SERIES:
        raise UsageError(f"{len(requests)} curves were asked for at once; {MOST_SERIES} is the most.")
    for request in requests:
        if request.pixels < 1:
            raise UsageError(f"A chart needs at least 1 pixel, not {request.pixels}.")
        bounds = (request.low, request.high)
        if any(bound is not None and bound != bound for bound in bounds):
            raise UsageError("The range of a chart can't begin or end at NaN.")
    revision = store.catalog.revision()
    series = tuple(store.series.sampled_all(requests))
    if smoothing is None:
        return Chart(revision, series)
    return Chart(revision, series, smoothing, _smoothed(store, series, smoothing))


def _smoothed(store: Store, series: Sequence[SampledSeries], smoothing: Smoothing) -> tuple[SmoothCurve, ...]:
    ranges = _visible_ranges(series)
    lengths = []
    for each in series:
        low, high = ranges[each.request.metric]
        lengths.append(smoothing.length_over(high - low) if high > low else smoothing.length or 0.0)
    plans = [_plan(each, smoothing.kind, length) for each, length in zip(series, lengths, strict=True)]
    answers = iter(
        store.series.sampled_all([request for plan in plans if plan for request in plan.requests()])
    )
    sources = [
        None if plan is None else plan.joined(each, answers) for plan, each in zip(plans, series, strict=True)
    ]
    found: dict[int, Array] = {}
    for length in set(lengths):
        chosen = [at for at, each in enumerate(lengths) if each == length and sources[at] is not None]
        buckets = [source for at in chosen if (source := sources[at]) is not None]
        if not smoothing.after_grouping:
            found.update(
                zip(
                    chosen,
                    smooth(smoothing.kind, length, buckets, [series[at].x for at in chosen]),
                    strict=True,
                )
            )
    curves = []
    for at, (each, length) in enumerate(zip(series, lengths, strict=True)):
        finite = np.isfinite(each.y)
        y = np.where(finite, each.y, np.nan)
        if at in found:
            # a place without anything near enough keeps what it is itself the mean of
            y = np.where(finite & np.isfinite(found[at]), found[at], y)
        source = sources[at]
        curves.append(SmoothCurve(y, length, source is not None, source or _buckets(each)))
    return tuple(curves)


def _visible_ranges(series: Sequence[SampledSeries]) -> dict[str, tuple[float, float]]:
    """Return for each metric the range of x that its chart shows: what was asked for, else what its curves cover."""
    ranges: dict[str, tuple[float, float]] = {}
    for each in series:
        request = each.request
        low, high = ranges.get(request.metric, (math.inf, -math.inf))
        if len(each.x):
            low, high = min(low, float(each.x[0])), max(high, float(each.x[-1]))
        ranges[request.metric] = (
            low if request.low is None else request.low,
            high if request.high is None else request.high,
        )
    return ranges


@dataclass(frozen=True, slots=True)
class _Plan:
    """What has to be asked for besides what is shown, so that one curve can be smoothed.

    ``finer`` replaces what is shown from ``fine_from`` on; ``before`` and ``behind`` lie outside of the visible range.
    """

    before: tuple[SeriesRequest, ...] = ()
    finer: SeriesRequest | None = None
    fine_from: float = -math.inf
    behind: tuple[SeriesRequest, ...] = ()

    def requests(self) -> list[SeriesRequest]:
        """Return them in the order in which `joined` takes the answers."""
        return [*self.before, *(() if self.finer is None else (self.finer,)), *self.behind]

    def joined(self, shown: SampledSeries, answers: Iterator[SampledSeries]) -> Buckets:
        """Return all buckets in the order of x; one that lies across an end must not count on both sides of it."""
        before = [next(answers) for _ in self.before]
        visible = [_buckets(shown)]
        if self.finer is not None:
            visible = [_buckets(shown, below=self.fine_from), _buckets(next(answers))]
        first = next((float(piece.x[0]) for piece in visible if len(piece.x)), math.inf)
        last = next((float(piece.x[-1]) for piece in reversed(visible) if len(piece.x)), -math.inf)
        pieces = [_buckets(each, below=first) for each in before] + visible
        pieces += [_buckets(next(answers), above=last) for _ in self.behind]
        return _joined(pieces)


def _plan(shown: SampledSeries, kind: str, length: float) -> _Plan | None:
    """Return what smoothing a curve needs: buckets fine enough, and what lies before and behind the visible range.

    None when the length is too short for any picture of this range.
    """
    request = shown.request
    if not len(shown.x) or length <= 0:
        return _Plan()
    low = float(shown.x[0]) if request.low is None else request.low
    high = float(shown.x[-1]) if request.high is None else request.high
    finer, fine_from = None, -math.inf
    widest = length * _BUCKET_SHARE[kind]
    if not shown.exact and _widest(request, low, high) > widest:
        if request.log_x:
            # on a logarithmic axis what is shown is fine enough up to some x
            fine_from = max(low, widest / _relative_width(request, low, high))
        needed = (high - max(low, fine_from)) / widest
        if not needed <= MOST_FINE_BUCKETS:
            return None
        finer = replace(
            request,
            low=fine_from if request.log_x else request.low,
            pixels=max(1, math.ceil(needed)),
            log_x=False,
        )
    left, right = (reach * length for reach in REACH[kind])
    coarse, fine = length * _CONTEXT_SHARE[kind], (high - low) / request.pixels
    before: tuple[SeriesRequest, ...] = ()
    behind: tuple[SeriesRequest, ...] = ()
    # a logarithmic axis begins behind 0, whatever was asked for; what lies before is smoothed over all the same
    edge = 0.0 if request.log_x and (request.low is None or request.low <= 0) else request.low
    if left and edge is not None and low - left <= edge:
        stretches = _towards(edge, low - left, coarse, fine, exact=shown.exact)
        if edge == 0 and request.log_x:
            stretches.append((0.0, math.ulp(0.0), 1))
        before = tuple(_part_of(request, *stretch) for stretch in stretches)
    if right and request.high is not None:
        stretches = [
            (-end, -begin, pixels)
            for begin, end, pixels in _towards(-high, -high - right, coarse, fine, exact=shown.exact)
        ]
        behind = tuple(_part_of(request, *stretch, is_behind=True) for stretch in reversed(stretches))
    return _Plan(before, finer, fine_from, behind)


def _towards(
    edge: float, furthest: float, coarse: float, fine: float, *, exact: bool
) -> list[tuple[float, float, int]]:
    """Return stretches from ``furthest`` up to ``edge`` as (begin, end, buckets), ever finer towards the edge.

    They meet at multiples of powers of two, as buckets of steps do: none of these lies across such a place, to be
    counted on both sides of it. What is left at the edge is no wider than ``fine``: it is read where points are shown;
    a bucket that is shown there reaches as far itself.
    """
    stretches: list[tuple[float, float, int]] = []
    begin, width = furthest, 2.0 ** math.floor(math.log2(coarse))
    for _ in range(_MOST_STRETCHES):
        end = math.floor(edge / width) * width
        if end > begin:
            stretches.append((begin, end, math.ceil((end - begin) / width)))
            begin = end
        if width <= fine or end == edge:
            break
        width /= 16
    if begin < edge and (exact or edge - begin > fine):
        stretches.append((begin, edge, 16))
    return stretches


def _part_of(
    request: SeriesRequest, begin: float, end: float, pixels: int, *, is_behind: bool = False
) -> SeriesRequest:
    """Return the question for a stretch without its end, or one behind the visible range without its begin."""
    if is_behind:
        begin = float(np.nextafter(begin, np.inf))
    else:
        end = float(np.nextafter(end, -np.inf))
    return replace(request, low=begin, high=end, pixels=pixels, log_x=False)


def _joined(pieces: Sequence[Buckets]) -> Buckets:
    if len(pieces) == 1:
        return pieces[0]
    return Buckets(
        np.concatenate([piece.x for piece in pieces]),
        np.concatenate([piece.y for piece in pieces]),
        np.concatenate([piece.weight for piece in pieces]),
    )


def _widest(request: SeriesRequest, low: float, high: float) -> float:
    """Return how wide the widest bucket of a request is."""
    if request.log_x:
        return high * _relative_width(request, low, high)
    return (high - low) / request.pixels


def _relative_width(request: SeriesRequest, low: float, high: float) -> float:
    """Return how wide the buckets of a logarithmic axis are, as a share of the x at which they end."""
    low = max(low, math.ulp(0.0))
    return -math.expm1(math.log(low / high) / request.pixels) if high > low else 0.0


def _buckets(shown: SampledSeries, *, above: float | None = None, below: float | None = None) -> Buckets:
    """Return the buckets of a curve whose x is above and below two bounds."""
    begin = 0 if above is None else int(np.searchsorted(shown.x, above, "right"))
    end = len(shown.x) if below is None else int(np.searchsorted(shown.x, below, "left"))
    return Buckets(shown.x[begin:end], shown.y[begin:end], shown.weights[begin:end])
