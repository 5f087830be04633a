"""A table of runs that becomes pandas, Polars or Arrow in one call."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, overload

from trackrecord.exchange.columns import Batch, Column, Field, Kind
from trackrecord.exchange.tabular import Tabular, pieces
from trackrecord.query.runs import select_runs
from trackrecord.reading.editing import RunEditing
from trackrecord.reading.stored_tables import RunPoints, StoredTable, opening_of, stored_table
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.opening import open_store, warn_of
from trackrecord.words.errors import UsageError
from trackrecord.words.ids import short_id
from trackrecord.words.records import RUN_FIELDS, RunRecord
from trackrecord.words.states import RunState

#: the columns that every run has, by kind; the greatest step is whole or not, as the runs are
_KINDS = {
    "created": Kind.TIME,
    "started": Kind.TIME,
    "ended": Kind.TIME,
    "archived": Kind.TIME,
    "deleted": Kind.TIME,
    "duration_s": Kind.FLOAT,
    "tags": Kind.TEXTS,
    "points": Kind.INT,
    "problems": Kind.INT,
    "exit_code": Kind.INT,
}
_SHOWN_ROWS = 20
_SHOWN_COLUMNS = 6


def runs(
    where: str = "",
    *,
    project: str | None = None,
    order_by: str | Sequence[str] = "-created",
    limit: int | None = None,
    trash: bool = False,
    include_archived: bool = False,
    store: str | os.PathLike[str] | None = None,
) -> RunTable:
    """Return the runs that fit a filter, as a table.

    Args:
        where: a filter (docs/query.md), such as ``"val/accuracy > 0.9 and params.max_depth == 3"``.
        project: only runs of this project.
        order_by: names with ``-`` in front for descending; missing and NaN come last either way.
        limit: at most so many; all without.
        trash: only runs in the trash; they are left out otherwise, unless the filter names ``deleted``.
        include_archived: archived runs, too; they are left out otherwise, unless the filter names ``archived``.
        store: the store's folder; looked up as `init` does without.

    Raises:
        QueryError: the filter or order can't be understood; it says where, and what was probably meant.
        NotFoundError: there is no such project.
        UsageError: an argument is of the wrong type.
        StoreError: there is no store, or it can't be read.

    Example::

        for run in tr.runs("accuracy > 0.9", order_by="-accuracy", limit=5):
            print(run.name, run.summary["accuracy"])

    The rows are snapshots (`RunRecord`); ``tr.open_run(row)`` gives the points, console, artifacts and media.
    """
    _check_types(where, project, order_by, limit)
    opened = open_store(store, on_problem=warn_of)
    try:
        page = select_runs(
            opened,
            project=project,
            where=where,
            order_by=order_by,
            limit=limit,
            trash=trash,
            include_archived=include_archived,
        )
    finally:
        opened.close()
    return RunTable(page.rows, page.total, opened.path)


def _check_types(where: Any, project: Any, order_by: Any, limit: Any) -> None:
    if not isinstance(where, str):
        raise UsageError(
            f"where is a filter as a text, not {one_line(repr(where))}.",
            hint='For example: tr.runs("val/accuracy > 0.9"); leave it out for all runs.',
        )
    if project is not None and not isinstance(project, str):
        raise UsageError(f"project is the name of a project as a text, not {one_line(repr(project))}.")
    if not isinstance(order_by, str) and not (
        isinstance(order_by, Sequence) and all(isinstance(name, str) for name in order_by)
    ):
        raise UsageError(
            f"order_by is a text such as '-val/accuracy,created' or a list of texts, not {one_line(repr(order_by))}."
        )
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
        raise UsageError(
            f"limit is a whole number from 0, or None for all runs, not {one_line(repr(limit))}."
        )


class RunTable(Sequence[RunRecord], Tabular, RunEditing):
    """Runs in order. ``total`` counts all that fit, also those beyond the limit.

    Its runs can be changed, all in the same way (`archive`, `add_tags`, ...); its rows stay as they were read.

    As a data frame it has one row per run: the fields of the run, then ``params.*``, ``summary.*`` and
    ``metrics.*`` (a metric's last value; ``metrics.*.best`` beside it where a contract states a goal). Each column has
    one type that holds its values exactly, and null where a run has none; see docs/reading.md, "Types of columns".
    """

    def __init__(self, rows: Sequence[RunRecord], total: int, place: Path | None = None) -> None:
        self._rows = tuple(rows)
        self.total = total
        self._place = place

    @contextmanager
    def _editing(self) -> Iterator[tuple[EmbeddedStore, Sequence[str]]]:
        with open_store(self._place, on_problem=warn_of) as store:
            yield store, [run.id for run in self._rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[RunRecord]:
        return iter(self._rows)

    @overload
    def __getitem__(self, index: int) -> RunRecord: ...
    @overload
    def __getitem__(self, index: slice) -> RunTable: ...
    def __getitem__(self, index: int | slice) -> RunRecord | RunTable:
        if isinstance(index, slice):
            return RunTable(self._rows[index], self.total, self._place)
        return self._rows[index]

    def to_columns(self) -> dict[str, list[Any]]:
        """Return the table as lists by column name; None where a run lacks the value."""
        columns: dict[str, list[Any]] = {
            field: [_plain(getattr(run, field)) for run in self] for field in RUN_FIELDS
        }
        for key in _keys(run.params for run in self):
            columns[f"params.{key}"] = [run.params.get(key) for run in self]
        for key in _keys(run.summary for run in self):
            columns[f"summary.{key}"] = [run.summary.get(key) for run in self]
        for key in _keys(run.metrics for run in self):
            found = [run.metrics.get(key) for run in self]
            columns[f"metrics.{key}"] = [None if each is None else each.last for each in found]
            if any(each is not None and each.best is not None for each in found):
                columns[f"metrics.{key}.best"] = [None if each is None else each.best for each in found]
        return columns

    def points(self, metrics: str | Sequence[str] | None = None) -> RunPoints:
        """Return the points of these runs as one long table, read when it is asked for.

        Args:
            metrics: the name of a metric, or several; all without.

        Its columns are ``run`` (the id), ``name``, ``metric``, ``step``, ``time`` and ``value``. When it is read,
        NotFoundError is raised for a metric that none of the runs has.

        Example::

            frame = tr.runs('group == "seeds"').points("val/loss").to_pandas()
            frame.pivot(index="step", columns="name", values="value").plot()
        """
        return RunPoints(opening_of(self._there()), self._rows, metrics)

    def table(self, name: str) -> StoredTable:
        """Return another table of these runs, as an export has it: ``params``, ``metrics``, ``console``, ``media`` ...

        docs/export.md lists them with their columns. Raises NotFoundError for a name that is none.

        Example::

            tr.runs(project="digits").table("media").to_polars()
        """
        return stored_table(opening_of(self._there()), name, [run.id for run in self._rows])

    def _there(self) -> Path:
        if self._place is None:
            raise UsageError("This table was not read from a store.", hint="tr.runs(...) reads one that was.")
        return self._place

    def _fields(self) -> Sequence[Field]:
        return [column.field for column in self._whole().columns]

    def _batches(self, rows: int) -> Iterator[Batch]:
        return pieces(self._whole(), rows)

    def _whole(self) -> Batch:
        columns = []
        for name, values in self.to_columns().items():
            if name in RUN_FIELDS and name != "last_step":
                columns.append(Column.of(Field(name, _KINDS.get(name, Kind.TEXT)), values))
            elif name.startswith("metrics."):
                columns.append(Column.of(Field(name, Kind.FLOAT), values))
            else:
                columns.append(Column.guessed(name, values))
        return Batch(tuple(columns))

    def __repr__(self) -> str:
        if not self._rows:
            return "RunTable: no runs"
        header, lines = self._shown()
        cells = [header, *lines]
        widths = [max(len(line[at]) for line in cells) for at in range(len(header))]
        texts = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells
        ]
        return "\n".join([self._caption(), *(text.rstrip() for text in texts)])

    def _repr_html_(self) -> str:
        """Return the table for a notebook; every text of a run is escaped."""
        header, lines = self._shown()
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>" for line in lines
        )
        caption = html.escape(self._caption())
        return (
            f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _caption(self) -> str:
        shown = min(len(self), _SHOWN_ROWS)
        count = f"{len(self)} run{'' if len(self) == 1 else 's'}"
        if self.total > len(self):
            count += f" of {self.total}"
        return f"RunTable: {count}" + (f", the first {shown} shown" if shown < len(self) else "")

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        columns = self.to_columns()
        varying = [
            name for name in columns if name.startswith("params.") and len(set(map(repr, columns[name]))) > 1
        ]
        results = [
            name
            for name in columns
            if name.startswith(("summary.", "metrics.")) and not name.startswith("metrics.system/")
        ]
        names = varying[:_SHOWN_COLUMNS] + results[:_SHOWN_COLUMNS]
        header = ["id", "name", "state", "created", *(name.split(".", 1)[1] for name in names)]
        lines = [
            [
                short_id(run.id),
                one_line(run.name),
                str(run.state),
                f"{run.created:%Y-%m-%d %H:%M}",
                *(one_line(columns[name][at]) for name in names),
            ]
            for at, run in enumerate(self._rows[:_SHOWN_ROWS])
        ]
        return header, lines


def _keys(mappings: Iterable[Any]) -> list[str]:
    return sorted({key for mapping in mappings for key in mapping})


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, RunState) else value


def one_line(value: Any) -> str:
    """Return a value as a short text of printable characters."""
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= 32 else text[:31] + "…"
