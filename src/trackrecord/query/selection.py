"""Which runs a question is about, and in which order: the same for tables, groups and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trackrecord.query.evaluate import fitting_runs, names_in
from trackrecord.query.lives import Lives
from trackrecord.query.names import Names, project_number
from trackrecord.query.order import SortKey, order_columns
from trackrecord.query.parser import parse_filter
from trackrecord.query.syntax import Expression
from trackrecord.store.columns.column import Array, Kind
from trackrecord.store.columns.columns import ColumnView


@dataclass(frozen=True, slots=True)
class Selection:
    """Runs of a store or project that fit a filter.

    Runs in the trash are left out unless the filter names ``deleted``; with ``trash`` they are all that there is.
    Archived ones are left out unless the filter names ``archived``, or with ``archived``.
    """

    project: str | None = None
    where: str = ""
    trash: bool = False
    archived: bool = False

    def parsed(self) -> Expression | None:
        """Return the filter as its parts. Raises QueryError."""
        return parse_filter(self.where)

    def fitting(self, view: ColumnView, lives: Lives) -> tuple[Array, Names]:
        """Return which runs fit, by number, and the names that hold for them. Raises QueryError, NotFoundError."""
        expression = self.parsed()
        number = None if self.project is None else project_number(view.rows, self.project)
        names = Names(view, lives, number)
        found = fitting_runs(expression, names, self.where) & view.exists()
        if number is not None:
            found &= view.field("project").numbers == number
        named = {name.key for name in names_in(expression) if name.namespace is None and not name.exact}
        deleted = view.field("deleted").kinds != Kind.MISSING
        if self.trash:
            return found & deleted, names
        if "deleted" not in named:
            found &= ~deleted
        if "archived" not in named and not self.archived:
            found &= view.field("archived").kinds == Kind.MISSING
        return found, names


# Sorting a part of so many runs is not worth the search for it.
_FEW = 4000


class OrderedRuns:
    """The numbers of runs in an order, of which only as much is worked out as was asked for."""

    def __init__(self, view: ColumnView, fitting: Array, keys: Sequence[SortKey], names: Names) -> None:
        self._runs = np.flatnonzero(fitting)
        # Behind all that was asked for come the youngest, then the ids, so that the order is complete.
        keyed = [*order_columns(keys, names), -view.field("created").numbers]
        self._keys = [column[self._runs] for column in keyed]
        self._ids = view.field("id") if self._has_ties() else None
        self._sorted: Array | None = None

    def __len__(self) -> int:
        return len(self._runs)

    def numbers(self, start: int, end: int) -> list[int]:
        """Return the runs from one place to before another."""
        end = min(end, len(self._runs))
        if start >= end:
            return []
        if self._sorted is None or end > len(self._sorted):
            self._sorted = self._sort(end)
        found: list[int] = self._runs[self._sorted[start:end]].tolist()
        return found

    def _sort(self, count: int) -> Array:
        """Return the places in ``_runs`` of the first ``count`` or more in order."""
        among = np.arange(len(self._runs))
        first = self._keys[0]
        if len(among) > _FEW and count < len(among) // 4:
            among = np.flatnonzero(first <= np.partition(first, count - 1)[count - 1])
        keys = [key[among] for key in self._keys]
        order = np.lexsort(keys[::-1])
        if self._ids is not None:
            order = self._by_id(order, keys, among)
        return among[order]

    def _has_ties(self) -> bool:
        """Tell whether runs were created at the same moment: then their ids may be needed."""
        created = self._keys[-1]
        if (np.diff(created) < 0).all():  # as they mostly come in: each younger than the one before
            return False
        ordered = np.sort(
            created
        )  # `np.unique` would load numpy.ma, a tenth of all that a short command loads
        return bool((ordered[1:] == ordered[:-1]).any())

    def _by_id(self, order: Array, keys: Sequence[Array], among: Array) -> Array:
        same = np.ones(max(0, len(order) - 1), bool)
        for key in keys:
            same &= np.diff(key[order]) == 0
        if not same.any() or self._ids is None or self._ids.texts is None or self._ids.codes is None:
            return order
        texts, codes = self._ids.texts.texts, self._ids.codes
        edges = np.diff(np.concatenate([[False], same, [False]]).astype(np.int8))
        order = order.copy()
        for start, end in zip(
            np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) + 1).tolist(), strict=True
        ):
            tied = order[start:end].tolist()
            tied.sort(key=lambda place: texts[codes[self._runs[among[place]]]])
            order[start:end] = tied
        return order


def ordered_runs(
    view: ColumnView, lives: Lives, selection: Selection, keys: Sequence[SortKey]
) -> OrderedRuns:
    """Return the runs of a selection in order. Raises QueryError, NotFoundError."""
    fitting, names = selection.fitting(view, lives)
    return OrderedRuns(view, fitting, keys, names)
