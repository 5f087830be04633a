"""Points of many metrics of many runs as one long table, a few series in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trackrecord.exchange.columns import Batch, Column, Field, Kind

if TYPE_CHECKING:
    from trackrecord.store.contract import Points, Store


@dataclass(frozen=True, slots=True)
class Wanted:
    """One metric of one run, and about how many points it has."""

    run: str
    metric: str
    points: int


class LongPoints:
    """Columns of points of some runs and metrics: ``run``, ``metric``, ``step``, ``whole_step``, ``time``, ``value``.

    ``step`` is float64; ``whole_step`` is the same as int64, exact beyond 2**53, missing where a step has a fraction.
    """

    def __init__(self, runs: Iterable[str], metrics: Iterable[str]) -> None:
        self._runs = {run: at for at, run in enumerate(dict.fromkeys(runs))}
        self._metrics = {metric: at for at, metric in enumerate(dict.fromkeys(metrics))}
        self._run = Field("run", Kind.CATEGORY, tuple(self._runs))
        self._metric = Field("metric", Kind.CATEGORY, tuple(self._metrics))
        #: the columns
        self.fields = (
            self._run,
            self._metric,
            Field("step", Kind.FLOAT),
            Field("whole_step", Kind.INT),
            Field("time", Kind.TIME),
            Field("value", Kind.FLOAT),
        )

    def batch(self, points: Points) -> Batch:
        """Return the points of one series."""
        count = len(points.values)
        _, _, step, whole_step, time, value = self.fields
        if points.steps.dtype.kind == "i":
            steps, whole, present = points.steps.astype(np.float64), points.steps, None
        else:
            steps = points.steps
            present = (np.trunc(steps) == steps) & (np.abs(steps) < 2.0**63)
            whole = np.where(present, steps, 0).astype(np.int64)
            present = None if present.all() else present
        return Batch(
            (
                Column(self._run, np.full(count, self._runs[points.run], np.int32)),
                Column(self._metric, np.full(count, self._metrics[points.metric], np.int32)),
                Column(step, steps),
                Column(whole_step, whole, present),
                Column(time, points.times),
                Column(value, points.values),
            )
        )

    def batches(self, store: Store, wanted: Iterable[Wanted], *, own: bool, rows: int) -> Iterator[Batch]:
        """Yield the points of series in their order, short ones together until there are about ``rows``.

        With ``own`` a forked run has only what it logged itself.
        """
        waiting: list[Batch] = []
        count = 0
        for each in wanted:
            batch = self.batch(store.series.points(each.run, each.metric, own=own))
            if not len(batch):
                continue
            waiting.append(batch)
            count += len(batch)
            if count >= rows:
                yield Batch.joined(self.fields, waiting)
                waiting, count = [], 0
        if waiting:
            yield Batch.joined(self.fields, waiting)


def series_of(
    store: Store, runs: Sequence[int], metrics: Sequence[str] | None = None, *, inherited: bool = False
) -> list[Wanted]:
    """Return the series of runs (by row number), ordered by run id and metric; of all metrics unless some are named.

    With ``inherited`` a forked run has the metrics of the runs that it was forked from too.
    """
    from trackrecord.query.sql import whole_numbers

    found: dict[tuple[str, str], int] = {}
    for start in range(0, len(runs), 1000):
        these = whole_numbers(runs[start : start + 1000])
        rows = store.catalog.rows(
            f"SELECT r.id, m.key, m.points FROM metric m JOIN run r ON r.number = m.run WHERE m.run IN ({these})"  # noqa: S608 - ours
        )
        found.update({(run, key): points for run, key, points in rows})
        if inherited:
            forks = store.catalog.rows(
                f"SELECT id, fork_run FROM run WHERE fork_run IS NOT NULL AND number IN ({these})"  # noqa: S608 - ours
            )
            for run, parent in forks:
                for key, points in _inherited(store, parent).items():
                    found[run, key] = found.get((run, key), 0) + points
    allowed = None if metrics is None else set(metrics)
    return [
        Wanted(run, key, points)
        for (run, key), points in sorted(found.items())
        if allowed is None or key in allowed
    ]


def _inherited(store: Store, parent: str | None) -> dict[str, int]:
    """Return the metrics of a run and of those that it was forked from, each with about how many points."""
    found: dict[str, int] = {}
    seen: set[str] = set()
    while parent is not None and parent not in seen:
        seen.add(parent)
        rows = store.catalog.rows(
            "SELECT m.key, m.points FROM run r JOIN metric m ON m.run = r.number WHERE r.id = ?", (parent,)
        )
        for key, points in rows:
            found[key] = found.get(key, 0) + points
        above = store.catalog.rows("SELECT fork_run FROM run WHERE id = ?", (parent,))
        parent = above[0][0] if above else None
    return found
