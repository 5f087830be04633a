"""Groups of runs with equal values as a table, in one call."""

from __future__ import annotations

import os
from collections.abc import Sequence

from trackrecord.exchange.columns import Batch, Column, Field, Kind
from trackrecord.exchange.tabular import Frame
from trackrecord.query import groups
from trackrecord.store.opening import open_store, warn_of

_COUNTS, _FIGURES = ("n", "left_out"), ("mean", "std", "min", "median", "max")


def group_runs(
    by: str | Sequence[str],
    results: str | Sequence[str] = (),
    where: str = "",
    *,
    project: str | None = None,
    order_by: str = "",
    limit: int | None = None,
    trash: bool = False,
    include_archived: bool = False,
    store: str | os.PathLike[str] | None = None,
) -> Frame:
    """Return groups of the runs that fit a filter, one row each, with the spread of their results.

    Args:
        by: a name as in a filter, or several: ``params.lr``, ``state``, ``group``, ``tags``.
        results: names of numbers: ``val/accuracy`` (the last value), ``val/accuracy.best``.
        where: a filter (docs/query.md); empty for every run.
        project: only runs of this project.
        order_by: empty for the order of the values; ``runs``; or one of ``results``, by its mean, or with ``.median``
            and the like by that; with ``-`` in front for descending.
        limit: at most so many groups; all without.
        trash: only runs in the trash.
        include_archived: archived runs, too.
        store: the store's folder; looked up as `init` does without.

    The columns are the names of ``by`` (None where runs have no value), ``runs``, and of each result ``NAME.n`` (finite
    values), ``NAME.left_out``, ``NAME.mean``, ``NAME.std`` (of the sample, n - 1), ``NAME.min``, ``NAME.median`` and
    ``NAME.max``, None where there is no such figure.

    Raises:
        QueryError: a name, the filter or the order can't be understood.
        NotFoundError: there is no such project.
        UsageError: there is no name to group by, or there are too many.
        StoreError: there is no store, or it can't be read.

    Example::

        for row in tr.group_runs("params.lr", "val/accuracy.best", order_by="-val/accuracy.best"):
            print(row["params.lr"], row["runs"], row["val/accuracy.best.mean"])
    """
    names = [by] if isinstance(by, str) else list(by)
    wanted = [results] if isinstance(results, str) else list(results)
    opened = open_store(store, on_problem=warn_of)
    try:
        page = groups.group_runs(
            opened,
            names,
            results=wanted,
            project=project,
            where=where,
            order_by=order_by,
            limit=limit,
            trash=trash,
            include_archived=include_archived,
        )
    finally:
        opened.close()
    found = page.groups
    columns = [
        Column.guessed(name, [group.values.get(name) for group in found]) for name in dict.fromkeys(names)
    ]
    columns.append(Column.of(Field("runs", Kind.INT), [group.runs for group in found]))
    for result in dict.fromkeys(wanted):
        figures = [group.results[result] for group in found]
        for kind, parts in ((Kind.INT, _COUNTS), (Kind.FLOAT, _FIGURES)):
            columns += [
                Column.of(Field(f"{result}.{part}", kind), [getattr(each, part) for each in figures])
                for part in parts
            ]
    return Frame(Batch(tuple(columns)))
