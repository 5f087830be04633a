"""Groups of runs, such as the seeds of one setting: how many, mean, spread, and how sure the mean is."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from trackrecord.analysis.student import t_quantile
from trackrecord.words.records import RunRecord


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures of a small sample.

    ``n`` counts the finite values, ``left_out`` the missing, NaN and infinite ones. ``std`` is the sample
    standard deviation (n - 1), ``low`` and ``high`` the 95 % interval of the mean by Student's t; all three are
    None for n = 1, and ``mean``, ``min`` and ``max`` for n = 0.
    """

    n: int
    left_out: int
    mean: float | None
    std: float | None
    low: float | None
    high: float | None
    min: float | None
    max: float | None


@dataclass(frozen=True, slots=True)
class GroupStatistics:
    """One group of runs with the statistics of one result."""

    group: str | None
    runs: tuple[RunRecord, ...]
    statistics: Statistics


def statistics_of(values: Iterable[float | None], confidence: float = 0.95) -> Statistics:
    """Return the statistics of a sample.

    >>> figures = statistics_of([0.9, 0.92, 0.94])
    >>> round(figures.mean, 3), round(figures.low, 4), round(figures.high, 4)
    (0.92, 0.8703, 0.9697)
    """
    given = list(values)
    finite = [float(value) for value in given if value is not None and math.isfinite(value)]
    n = len(finite)
    if n == 0:
        return Statistics(0, len(given), None, None, None, None, None, None)
    # fmean of values near the greatest float would overflow; a mean of halves twice as large does not.
    mean = 2 * math.fsum(value / 2 / n for value in finite)
    if n == 1:
        return Statistics(1, len(given) - 1, mean, None, None, None, mean, mean)
    try:
        std = statistics.stdev(finite)
    except OverflowError:
        std = math.inf
    reach = t_quantile((1 + confidence) / 2, n - 1) * std / math.sqrt(n)
    return Statistics(n, len(given) - n, mean, std, mean - reach, mean + reach, min(finite), max(finite))


def result_of(run: RunRecord, key: str) -> float | None:
    """Return a run's number for a result: its summary value, else its metric's best by contract, else its last."""
    value = run.summary.get(key)
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:  # a whole number beyond the greatest float
            return math.inf if value > 0 else -math.inf
    figures = run.metrics.get(key)
    if figures is None:
        return None
    return figures.last if figures.best is None else figures.best


def group_statistics(
    runs: Sequence[RunRecord],
    result: str | Callable[[RunRecord], float | None],
    by: Callable[[RunRecord], str | None] = lambda run: run.group,
) -> tuple[GroupStatistics, ...]:
    """Return one entry per group, in the order in which groups first appear.

    ``result`` is a summary or metric key, or a function of the run; ``by`` tells the group of a run.

    ::

        for group in group_statistics(runs, "val/accuracy"):
            print(group.group, group.statistics.n, group.statistics.mean)
    """
    measure = result if callable(result) else lambda run: result_of(run, result)
    members: dict[str | None, list[RunRecord]] = {}
    for run in runs:
        members.setdefault(by(run), []).append(run)
    return tuple(
        GroupStatistics(group, tuple(found), statistics_of(measure(run) for run in found))
        for group, found in members.items()
    )
