"""The one place where points become a run's history: rewinds hide, forks inherit, repetitions count once."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

import numpy as np

from trackrecord.store.points import chunks
from trackrecord.store.points.levels import Row
from trackrecord.store.points.planner import Shown

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class History:
    """Points in the order of (step, time, value); NaN sorts behind all values."""

    steps: Array
    times: Array
    values: Array

    def __len__(self) -> int:
        return len(self.steps)

    def up_to(self, step: float) -> History:
        """Return the points whose step is not greater."""
        return self.kept(self.steps <= step)

    def kept(self, mask: Array) -> History:
        """Return the points that ``mask`` marks."""
        return History(self.steps[mask], self.times[mask], self.values[mask])


@dataclass(frozen=True, slots=True)
class Rewind:
    """From its place in the journal of ``writer`` on, the run goes on from ``step``."""

    writer: str
    place: int
    written: int
    step: float


NOTHING = History(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))


def rewinds_of(connection: sqlite3.Connection, run: int) -> list[Rewind]:
    """Return the rewinds of a run."""
    return [
        Rewind(*row)
        for row in connection.execute("SELECT writer, place, written, step FROM rewind WHERE run = ?", (run,))
    ]


def visible_rows(writer: str, rows: chunks.AxisRows, rewinds: list[Rewind]) -> Array:
    """Return a bool for each row of a writer: whether no rewind hides it."""
    kept = np.ones(len(rows), bool)
    for rewind in rewinds:
        earlier = rows.places < rewind.place if rewind.writer == writer else rows.times <= rewind.written
        kept &= ~(earlier & (rows.steps > rewind.step))
    return kept


def own_history(connection: sqlite3.Connection, metric: int, rewinds: list[Rewind]) -> History:
    """Return the points that a run itself logged of a metric (by number), without those that rewinds hide."""
    parts: list[History] = []
    retried: list[Array] = []
    for points in chunks.read(connection, metric, places=bool(rewinds)):
        rows = points.rows
        if rewinds:
            kept = visible_rows(points.writer, rows, rewinds)
            parts.append(History(rows.steps[kept], rows.times[kept], points.values[kept]))
            retried.append(rows.flags[kept] != 0)
        else:
            parts.append(History(rows.steps, rows.times, points.values))
            retried.append(rows.flags != 0)
    return ordered(parts, np.concatenate(retried)) if parts else NOTHING


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A run that a history comes from: the run itself, or one that it was forked from, up to a step.

    ``metric`` is the number of the metric there, None where it was not logged.
    """

    metric: int | None
    limit: float
    rewinds: list[Rewind]

    def shown(self, row: Row, writer: str) -> Shown:
        """Tell how much of a row of a level, logged by ``writer``, belongs to the history."""
        cut = self.limit
        for rewind in self.rewinds:
            if row.high_step <= rewind.step:
                continue
            if rewind.writer == writer:
                low, high, until = row.low_place, row.high_place, rewind.place - 1
            else:
                low, high, until = row.low_time, row.high_time, rewind.written
            if low is not None and low > until:
                continue
            if high is None or high > until:
                # some of it was written before the rewind: only its points tell
                return Shown(cut, mixed=row.low_step <= cut)
            cut = min(cut, rewind.step)
        return Shown(cut)


def lineage(connection: sqlite3.Connection, run: str, key: str) -> list[Ancestor]:
    """Return where the history of a metric of a run comes from, the run itself first."""
    found: list[Ancestor] = []
    limit = np.inf
    seen: set[str] = set()
    current: str | None = run
    while current is not None and current not in seen:
        seen.add(current)
        row = connection.execute(
            "SELECT r.number, r.fork_run, r.fork_step, m.number FROM run r"
            " LEFT JOIN metric m ON m.run = r.number AND m.key = ? WHERE r.id = ?",
            (key, current),
        ).fetchone()
        if row is None:
            break
        number, parent, fork_step, metric = row
        rewinds = rewinds_of(connection, number)
        found.append(Ancestor(metric, limit, rewinds))
        if parent is not None:
            # what was inherited was written before anything of this run, so a rewind of this run hides it too
            limit = min(
                [limit, np.inf if fork_step is None else fork_step, *(rewind.step for rewind in rewinds)]
            )
        current = parent
    return found


def history(connection: sqlite3.Connection, run: str, key: str, *, own: bool = False) -> History:
    """Return all points of a metric of a run; without ``own``, those inherited from the runs it was forked from too."""
    parts = []
    for ancestor in lineage(connection, run, key)[: 1 if own else None]:
        if ancestor.metric is not None:
            found = own_history(connection, ancestor.metric, ancestor.rewinds)
            parts.append(found.up_to(ancestor.limit) if ancestor.limit < np.inf else found)
    if not parts:
        return NOTHING
    return ordered(parts, None) if len(parts) > 1 else parts[0]


def ordered(parts: list[History], retried: Array | None) -> History:
    """Return the points of several parts in order; of those that a protocol retried each counts once."""
    steps = chunks.join_steps([part.steps for part in parts])
    times = np.concatenate([part.times for part in parts])
    values = np.concatenate([part.values for part in parts])
    later = (steps[1:] > steps[:-1]) | ((steps[1:] == steps[:-1]) & (times[1:] > times[:-1]))
    if not later.all():
        # the bits decide between equal values (-0.0 and 0.0, kinds of NaN), so that no order of arrival shows
        order = np.lexsort((values.view(np.uint64), values, times, steps))
        steps, times, values = steps[order], times[order], values[order]
        if retried is not None and retried.any():
            kept = _once(steps, times, values, retried[order])
            steps, times, values = steps[kept], times[kept], values[kept]
    return History(chunks.whole_if_possible(steps), times, values)


def _once(steps: Array, times: Array, values: Array, retried: Array) -> Array:
    """Mark all points but repetitions: of the retried points with equal step, time and value the first stays."""
    kept = np.ones(len(steps), bool)
    marked = np.flatnonzero(retried)
    bits = values.view(np.uint64)
    before, after = marked[:-1], marked[1:]
    same = (steps[before] == steps[after]) & (times[before] == times[after]) & (bits[before] == bits[after])
    kept[after[same]] = False
    return kept
