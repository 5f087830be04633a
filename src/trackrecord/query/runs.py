"""The table of runs: filter, order, page, exact count."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackrecord.query.compiler import compile_filter
from trackrecord.query.lives import Lives
from trackrecord.query.names import Names, project_number
from trackrecord.query.order import compile_order, parse_order
from trackrecord.query.parser import parse_filter
from trackrecord.query.records import WantedColumns, load_records
from trackrecord.query.sql import ALWAYS, Fragment, both, sequence
from trackrecord.words.errors import UsageError
from trackrecord.words.records import RunRecord

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

# While runs are being logged a store may change between two statements of one page; then it is read again.
_MOST_READINGS = 3


@dataclass(frozen=True, slots=True)
class RunPage:
    """One slice of all runs that fit.

    ``total`` is the exact number of matches, ``revision`` that of the store when the page was read.
    ``next_cursor`` gives the next slice, None behind the last.
    """

    revision: int
    rows: tuple[RunRecord, ...]
    total: int
    offset: int
    next_cursor: str | None


def select_runs(
    store: Store,
    *,
    project: str | None = None,
    where: str = "",
    order_by: str | Sequence[str] = "-created",
    limit: int | None = 100,
    offset: int = 0,
    cursor: str | None = None,
    columns: Sequence[str] | None = None,
) -> RunPage:
    """Return the runs that fit a filter, in order.

    Args:
        store: where to look.
        project: only runs of this project.
        where: a filter (docs/query.md); empty for every run.
        order_by: names with ``-`` in front for descending, as text with commas or as a list. Missing values
            and NaN come last either way; ties go to the youngest run.
        limit: at most so many runs; None for all.
        offset: how many runs to leave out in front.
        cursor: the ``next_cursor`` of the page before, instead of an offset.
        columns: the ``params.KEY``, ``metrics.KEY`` and ``summary.KEY`` to load; None for all.

    Raises:
        QueryError: the filter, the order or a column can't be understood.
        NotFoundError: there is no such project.
        UsageError: limit, offset or cursor can't be used.

    Example::

        page = select_runs(store, where="val/accuracy > 0.9", order_by="-val/accuracy", limit=10)
    """
    offset = position_of(cursor) if cursor is not None else offset
    if offset < 0 or (limit is not None and limit < 0):
        raise UsageError(f"limit and offset can't be negative: {limit}, {offset}.")
    # Understood before anything is read, so that a wrong text is an error in an empty store, too.
    expression, keys = parse_filter(where), parse_order(order_by)
    wanted = WantedColumns.parse(columns)
    for reading in range(_MOST_READINGS):
        revision = store.catalog.revision()
        lives = Lives.of(store)
        number = None if project is None else project_number(store.catalog, project)
        names = Names(store, lives, number)
        scope = ALWAYS if number is None else Fragment("run.project = ?", (number,))
        condition = both([scope, compile_filter(expression, names, where)])
        order = compile_order(keys, names)
        counting = condition.wrapped("SELECT COUNT(*) FROM run WHERE ", "")
        total = int(store.catalog.rows(counting.sql, counting.values)[0][0])
        statement = sequence(
            [
                Fragment("SELECT run.number FROM run"),
                order.joins,
                condition.wrapped("WHERE ", ""),
                order.terms.wrapped("ORDER BY ", ""),
                Fragment("LIMIT ? OFFSET ?", (total if limit is None else limit, min(offset, total))),
            ]
        )
        numbers = [row[0] for row in store.catalog.rows(statement.sql, statement.values)]
        rows = load_records(store, numbers, lives, wanted)
        if store.catalog.revision() == revision or reading == _MOST_READINGS - 1:
            break
    end = offset + len(numbers)
    return RunPage(revision, tuple(rows), total, offset, cursor_at(end) if numbers and end < total else None)


def cursor_at(offset: int) -> str:
    """Return the opaque text that stands for a place in a list."""
    return base64.urlsafe_b64encode(json.dumps({"after": offset}).encode()).decode().rstrip("=")


def position_of(cursor: str) -> int:
    """Return the place that a cursor stands for. Raises UsageError."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))["after"]
        if not isinstance(position, int) or isinstance(position, bool) or not 0 <= position < 2**62:
            raise ValueError(position)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(
            f"{cursor[:60]!r} is not a cursor of this store.", hint="Begin again without a cursor."
        ) from None
    return position
