"""Which curves a chart shows: runs by filter or by name, metrics by name or by pattern, with nothing cut in silence."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackrecord.query.charts import MOST_SERIES
from trackrecord.query.columns import columns_of
from trackrecord.query.names import close_names
from trackrecord.query.run_groups import RunGroup, group_runs
from trackrecord.query.runs import select_runs
from trackrecord.query.sql import marks
from trackrecord.words.errors import NotFoundError, UsageError
from trackrecord.words.records import RunRecord

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

#: the largest number of runs in one chart, as lines or as members of groups
MOST_RUNS = 1000
DEFAULT_ORDER = "-created"


@dataclass(frozen=True, slots=True)
class ChosenCurves:
    """Runs and metrics of a chart. ``runs`` are the first of ``matched`` runs in the order asked for.

    ``metrics`` are the first of ``matched_metrics`` that the names and the pattern mean, in the order of names.
    """

    runs: tuple[RunRecord, ...]
    matched: int
    order_by: str
    metrics: tuple[str, ...]
    matched_metrics: int

    @property
    def said(self) -> str | None:
        """What is not shown, as a sentence for the chart; None when all is shown."""
        parts = []
        if self.matched > len(self.runs):
            parts.append(
                f"Of {self.matched:,} runs that fit the first {len(self.runs):,} are shown, ordered by {self.order_by}."
            )
        if self.matched_metrics > len(self.metrics):
            parts.append(
                f"Of {self.matched_metrics:,} metrics that fit the first {len(self.metrics):,} are shown: "
                f"an answer holds {MOST_SERIES:,} curves."
            )
        return " ".join(parts) or None

    def groups(self, by: Sequence[str]) -> tuple[RunGroup, ...]:
        """Return the runs in groups (`group_runs`)."""
        return group_runs(self.runs, by)


def choose_curves(
    store: Store,
    *,
    metrics: Sequence[str] = (),
    pattern: str | None = None,
    where: str = "",
    project: str | None = None,
    order_by: str = DEFAULT_ORDER,
    limit: int = MOST_RUNS,
    group_by: Sequence[str] = (),
) -> ChosenCurves:
    """Return the runs that fit a filter with the metrics to draw: those named, and those whose name fits ``pattern``.

    A pattern is a regular expression that is found anywhere in a name (Python's ``re.search``).
    Raises QueryError, NotFoundError for a project or a metric that is none, UsageError for a limit or pattern that
    can't be used, or when no metric is asked for.
    """
    if not 1 <= limit <= MOST_RUNS:
        raise UsageError(f"A chart holds 1 to {MOST_RUNS:,} runs, not {limit}.")
    if not metrics and pattern is None:
        raise UsageError("Say which metrics to draw, by name or by a pattern.")
    group_runs((), group_by)  # understood before anything is read
    page = select_runs(
        store,
        where=where,
        project=project,
        order_by=order_by or DEFAULT_ORDER,
        limit=limit,
        columns=_columns(group_by),
    )
    found = list(dict.fromkeys(metrics))
    there = _metrics_of(store, page.rows)
    if page.rows:
        _check_known(store, found, there)
    if pattern is not None:
        fitting = fitting_metrics(pattern, there)
        found += [name for name in fitting if name not in found]
    most = max(1, MOST_SERIES // max(1, len(page.rows)))
    return ChosenCurves(page.rows, page.total, order_by or DEFAULT_ORDER, tuple(found[:most]), len(found))


def group_runs_by_id(store: Store, ids: Sequence[str], by: Sequence[str]) -> tuple[RunGroup, ...]:
    """Return runs that are named one by one in groups (`group_runs`); one that the store does not have is in none."""
    if not by:
        return (RunGroup({}, tuple(ids)),)
    wanted = ", ".join(json.dumps(each) for each in ids)
    page = select_runs(store, where=f"id in [{wanted}]", limit=None, columns=_columns(by)) if ids else None
    place = {run: at for at, run in enumerate(ids)}
    return group_runs(sorted(page.rows, key=lambda run: place[run.id]) if page else (), by)


def _columns(group_by: Sequence[str]) -> list[str]:
    """Return the columns that grouping needs."""
    return sorted({by for by in group_by if by.startswith("params.") and by != "params."})


def _check_known(store: Store, metrics: Sequence[str], there: Sequence[str]) -> None:
    """Refuse a name that no run of the store has; one that only the chosen runs lack gives curves without points."""
    if all(name in there for name in metrics):
        return
    known = {*there, *(column.key for column in columns_of(store).metrics)}
    for name in metrics:
        if name not in known:
            raise NotFoundError(
                f"No run has a metric {name[:200]!r}.", suggestions=close_names(name, sorted(known))
            )


def _metrics_of(store: Store, runs: Sequence[RunRecord]) -> list[str]:
    """Return the names of all metrics that any of these runs logged."""
    ids = [run.id for run in runs]
    sql = f"SELECT DISTINCT m.key FROM run JOIN metric AS m ON m.run = run.number WHERE run.id IN ({marks(len(ids))})"  # noqa: S608 - question marks
    return [row[0] for row in store.catalog.rows(sql, ids)]


def fitting_metrics(pattern: str, names: Sequence[str]) -> list[str]:
    """Return the names in which a regular expression is found, sorted. Raises UsageError for one that is none."""
    try:
        fits = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(f"The pattern {pattern[:200]!r} is no regular expression: {error}.") from None
    return sorted(name for name in names if fits.search(name))
