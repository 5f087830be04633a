"""Runs by groups: how many there are of each, and the spread of their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trackrecord.query.distinct import MISSING, Distinct, distinct_values
from trackrecord.query.lives import Lives
from trackrecord.query.names import Names, close_names
from trackrecord.query.parser import parse_name
from trackrecord.query.selection import Selection
from trackrecord.query.sources import FieldKind, TagSource
from trackrecord.store.columns.column import Array
from trackrecord.words.errors import QueryError, UsageError

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

MOST_KEYS, MOST_RESULTS = 8, 50
#: figures of a result in a group, as a sort of groups may name them
GROUP_FIGURES = ("mean", "min", "max", "median", "std", "n")


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One result over the runs of a group.

    ``n`` counts its finite values, ``left_out`` the runs where it is missing, NaN, infinite or no number. ``std`` is
    the sample standard deviation (n - 1), None for n = 1; all are None for n = 0.
    """

    n: int
    left_out: int
    mean: float | None
    min: float | None
    max: float | None
    median: float | None
    std: float | None


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Runs with equal values. ``values`` has no entry for a name that they have nothing under."""

    values: Mapping[str, Any]
    runs: int
    results: Mapping[str, GroupFigures]


@dataclass(frozen=True, slots=True)
class GroupPage:
    """The first groups of an order; ``total`` counts all groups, ``runs`` the runs in them."""

    revision: int
    by: tuple[str, ...]
    groups: tuple[RunGroup, ...]
    total: int
    runs: int


def group_runs(
    store: Store,
    by: Sequence[str],
    *,
    results: Sequence[str] = (),
    project: str | None = None,
    where: str = "",
    order_by: str = "",
    limit: int | None = 100,
    trash: bool = False,
    include_archived: bool = False,
) -> GroupPage:
    """Group the runs that fit a filter by the values of some names.

    Args:
        store: where to look.
        by: names as in a filter: ``params.lr``, ``state``, ``group``, ``tags``. Numbers are grouped as numbers (1 and
            1.0 are equal). Runs that lack a value are a group, too. By ``tags`` a run is in the group of each of its
            tags.
        results: names of numbers whose figures each group gets: ``val/accuracy``, ``metrics["val/loss"].min``.
        project: only runs of this project.
        where: a filter (docs/query.md).
        order_by: empty for the order of the values; ``runs``; or one of ``results``, by its mean, or with ``.median``
            and the like by that; with ``-`` in front for descending. Groups without that figure come last.
        limit: at most so many groups; None for all.
        trash: only runs in the trash, as in `select_runs`.
        include_archived: archived runs, too.

    Raises:
        QueryError: a name, the filter or the order can't be understood.
        NotFoundError: there is no such project.
        UsageError: there is no name to group by, or there are too many.

    Example::

        page = group_runs(store, ["params.lr"], results=["val/accuracy"], order_by="-val/accuracy")
    """
    if not 0 < len(by) <= MOST_KEYS or len(results) > MOST_RESULTS:
        raise UsageError(
            f"Runs are grouped by 1 to {MOST_KEYS} names with at most {MOST_RESULTS} results,"
            f" not by {len(by)} with {len(results)}."
        )
    if limit is not None and limit < 0:
        raise UsageError(f"limit can't be negative: {limit}.")
    order = _Order.parsed(order_by, results)
    selection = Selection(project, where, trash, include_archived)
    parsed_by = [(name, parse_name(name)) for name in by]
    parsed_results = [(name, parse_name(name)) for name in results]
    with store.catalog.columns.reading() as view:
        fitting, names = selection.fitting(view, Lives.of(view))
        runs = np.flatnonzero(fitting)
        keys = [distinct_values(names.resolve(name, text), runs, view.size) for text, name in parsed_by]
        members, places, of_group = _combined(keys, runs, view.size)
        figures = {
            text: _Figures(_numbers(names, text, name)[members], of_group, len(places))
            for text, name in parsed_results
        }
        revision = view.revision
    sizes = np.bincount(of_group, minlength=len(places))
    chosen = order.sorted(figures, sizes)[: len(places) if limit is None else limit].tolist()
    groups = tuple(
        RunGroup(
            {
                name: value
                for name, key, place in zip(by, keys, places[group].tolist(), strict=True)
                if (value := key.values[place]) is not MISSING
            },
            int(sizes[group]),
            {name: found.of(group) for name, found in figures.items()},
        )
        for group in chosen
    )
    return GroupPage(revision, tuple(by), groups, len(places), len(runs))


@dataclass(frozen=True, slots=True)
class _Order:
    result: str | None
    figure: str
    descending: bool

    @classmethod
    def parsed(cls, text: str, results: Sequence[str]) -> _Order:
        bare = text.strip()
        name, descending = bare.lstrip("+-").strip(), bare.startswith("-")
        if not name or name == "runs":
            return cls(None, name, descending)
        if name in results:
            return cls(name, "mean", descending)
        result, _, figure = name.rpartition(".")
        if result in results and figure in GROUP_FIGURES:
            return cls(result, figure, descending)
        raise QueryError(
            f"Groups can't be ordered by {name[:200]!r}.",
            suggestions=close_names(name, ["runs", *results]),
            hint="Order them by runs or by a result that is asked for: -val/accuracy, -val/accuracy.median.",
        )

    def sorted(self, figures: Mapping[str, _Figures], sizes: Array) -> Array:
        if self.result is None and not self.figure:
            order = np.arange(len(sizes))
            return order[::-1] if self.descending else order
        by = sizes.astype(np.float64) if self.result is None else figures[self.result].by_name(self.figure)
        # NaN, no such figure, goes last either way
        return np.argsort(-by if self.descending else by, kind="stable")


def _combined(keys: Sequence[Distinct], runs: Array, size: int) -> tuple[Array, Array, Array]:
    """Return the members of all groups, per group the places of its values, and per member the number of its group."""
    members = runs
    columns: list[Array] = []
    for key in keys:
        # how often a run is in this key decides how often it is in all: more than once only by tags
        order = np.argsort(key.runs, kind="stable")
        times = np.bincount(key.runs, minlength=size)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(times)])
        repeated = times[members]
        firsts = np.repeat(np.concatenate([np.zeros(1, np.int64), np.cumsum(repeated)])[:-1], repeated)
        columns = [np.repeat(column, repeated) for column in columns]
        members = np.repeat(members, repeated)
        columns.append(key.places[order][starts[members] + np.arange(len(members)) - firsts])
    if not len(members):
        return members, np.empty((0, len(keys)), np.int64), members
    # one whole number for each combination; made small after each key, so that it never overflows
    of_group = np.zeros(len(members), np.int64)
    for key, column in zip(keys, columns, strict=True):
        _, of_group = np.unique(of_group * len(key.values) + column, return_inverse=True)
        of_group = of_group.reshape(-1)
    _, firsts = np.unique(of_group, return_index=True)
    return members, np.stack([column[firsts] for column in columns], axis=1), of_group


def _numbers(names: Names, text: str, name: Any) -> Array:
    sources = names.resolve(name, text)
    if isinstance(sources, TagSource) or (
        sources and sources[0].field not in (None, FieldKind.NUMBER, FieldKind.TIME)
    ):
        raise QueryError(f"{text[:200]} is no number, so it has no mean.", text=text, position=name.position)
    if sources and sources[0].field is FieldKind.TIME:
        raise QueryError(
            f"{text[:200]} is a moment, which has no mean here.", text=text, position=name.position
        )
    numbers, absent = np.full(names.size, np.nan), np.ones(names.size, bool)
    for source in sources:
        chosen = absent & source.present
        numbers[chosen] = source.numbers()[chosen]
        absent &= ~source.present
    return numbers


class _Figures:
    """The figures of one result over every group."""

    def __init__(self, numbers: Array, of_group: Array, groups: int) -> None:
        finite = np.isfinite(numbers)
        values, group = numbers[finite], of_group[finite]
        self.n = np.bincount(group, minlength=groups)
        self.left_out = np.bincount(of_group, minlength=groups) - self.n
        order = np.lexsort((values, group))
        values, group = values[order], group[order]
        ends = np.cumsum(self.n)
        starts = ends - self.n
        some = np.flatnonzero(self.n)
        self.mean, self.min, self.max, self.median, self.std = (np.full(groups, np.nan) for _ in range(5))
        self.min[some], self.max[some] = values[starts[some]], values[ends[some] - 1]
        middle, above = (
            values[starts[some] + (self.n[some] - 1) // 2],
            values[starts[some] + self.n[some] // 2],
        )
        self.median[some] = middle / 2 + above / 2
        with np.errstate(over="ignore", invalid="ignore"):
            # each divided first, so that a sum of great numbers stays finite; never beyond what it is the mean of
            mean = np.bincount(group, weights=values / self.n[group], minlength=groups)[some]
            self.mean[some] = np.clip(mean, self.min[some], self.max[some])
            squares = np.bincount(group, weights=(values - self.mean[group]) ** 2, minlength=groups)
            several = np.flatnonzero(self.n > 1)
            self.std[several] = np.sqrt(squares[several] / (self.n[several] - 1))

    def by_name(self, figure: str) -> Array:
        """Return one figure of every group, NaN where it has none."""
        found: Array = getattr(self, figure)
        return found.astype(np.float64)

    def of(self, group: int) -> GroupFigures:
        """Return the figures of one group."""

        def number(figures: Array) -> float | None:
            return None if np.isnan(figures[group]) else float(figures[group])

        return GroupFigures(
            int(self.n[group]),
            int(self.left_out[group]),
            number(self.mean),
            number(self.min),
            number(self.max),
            number(self.median),
            number(self.std),
        )
