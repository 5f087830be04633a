"""The table of runs: filter, order, page, exact count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackrecord.query.cursors import cursor_at, place_of
from trackrecord.query.lives import Lives
from trackrecord.query.order import parse_order
from trackrecord.query.records import WantedColumns, load_records
from trackrecord.query.results import Result, keep, kept
from trackrecord.query.selection import Selection, ordered_runs
from trackrecord.words.errors import UsageError
from trackrecord.words.records import RunRecord

if TYPE_CHECKING:
    from trackrecord.store.contract import Store


@dataclass(frozen=True, slots=True)
class RunPage:
    """One slice of all runs that fit.

    ``total`` is the exact number of matches, ``revision`` that of the store when these were found.
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
    trash: bool = False,
    include_archived: bool = False,
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
        cursor: the ``next_cursor`` of the page before, instead of an offset. The page is a slice of the same result,
            with its revision, as long as this process remembers it (the last few are kept); then it is a slice of a new
            one, which the revision tells.
        columns: the ``params.KEY``, ``metrics.KEY`` and ``summary.KEY`` to load; None for all.
        trash: only runs in the trash; they are left out otherwise, unless the filter names ``deleted``.
        include_archived: archived runs, too; they are left out otherwise, unless the filter names ``archived``.

    Raises:
        QueryError: the filter, the order or a column can't be understood.
        NotFoundError: there is no such project.
        UsageError: limit, offset or cursor can't be used.

    Example::

        page = select_runs(store, where="val/accuracy > 0.9", order_by="-val/accuracy", limit=10)
    """
    name = None
    if cursor is not None:
        offset, name = place_of(cursor)
    if offset < 0 or (limit is not None and limit < 0):
        raise UsageError(f"limit and offset can't be negative: {limit}, {offset}.")
    # Understood before anything is read, so that a wrong text is an error in an empty store, too.
    keys = parse_order(order_by)
    selection = Selection(project, where, trash, include_archived)
    selection.parsed()
    wanted = WantedColumns.parse(columns)
    query = (selection, tuple((key.text, key.descending) for key in keys))
    with store.catalog.columns.reading() as view:
        lives = Lives.of(view)
        result = kept(store, name, query)
        if result is None:
            name = None
            result = Result(query, view.revision, ordered_runs(view, lives, selection, keys))
        total = len(result.runs)
        end = total if limit is None else min(total, offset + limit)
        rows = load_records(view.rows, result.runs.numbers(offset, end), lives, wanted)
    more = offset < end < total
    if more and name is None:
        name = keep(store, result)
    return RunPage(result.revision, tuple(rows), total, offset, cursor_at(end, name) if more else None)
