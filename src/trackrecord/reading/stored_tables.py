"""Tables of a store that are read piece by piece: the long ones of many runs, and every table that an export has."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np

from trackrecord.exchange.columns import Batch, Column, Field, Kind
from trackrecord.exchange.points_table import LongPoints, Wanted, series_of
from trackrecord.exchange.table_shape import Chosen, TableShape, choose
from trackrecord.exchange.tables import TABLES
from trackrecord.exchange.tabular import BATCH_ROWS, Frame, Tabular, pieces
from trackrecord.query.names import close_names
from trackrecord.words.errors import NotFoundError, UsageError
from trackrecord.words.records import RunRecord

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

#: opens the store for as long as a table is read
Opening = Callable[[], "AbstractContextManager[Store]"]


class StoredTable(Tabular):
    """A table of the store, read when it is asked for: `batches` holds one piece of it at a time.

    Each reading sees the store as it is then. Iterating yields each row as a dict, None where a value is missing.

    Example::

        for piece in tr.runs(project="digits").table("console").batches():
            print(piece.to_pandas())
    """

    def __init__(self, name: str, fields: Sequence[Field], read: Callable[[int], Iterator[Batch]]) -> None:
        #: what it is a table of
        self.name = name
        self._known = tuple(fields)
        self._read = read

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [field.name for field in self._known]

    def batches(self, rows: int = BATCH_ROWS) -> Iterator[Frame]:
        """Yield the table in pieces of at most ``rows`` rows; memory holds one piece, or one metric of one run."""
        return (Frame(batch) for batch in self._batches(rows))

    def read(self) -> Frame:
        """Return the whole table in memory."""
        return Frame(self._whole())

    def _fields(self) -> Sequence[Field]:
        return self._known

    def _batches(self, rows: int) -> Iterator[Batch]:
        for batch in self._read(rows):
            yield from pieces(batch, rows)

    def __iter__(self) -> Iterator[dict[str, object]]:
        for piece in self.batches():
            yield from piece

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}: {', '.join(self.columns)}>"


class RunPoints(StoredTable):
    """Points of many runs and metrics as one long table: ``run``, ``name``, ``metric``, ``step``, ``time``, ``value``.

    Ordered by (run as in the table of runs, metric, step, time). A forked run has the points it inherits, as everywhere
    in reading. ``step`` is int64 when every step of the table is whole, else float64.

    Example::

        points = tr.runs('group == "seeds"').points("val/loss")
        frame = points.to_polars()
    """

    def __init__(
        self, opening: Opening, runs: Sequence[RunRecord], metrics: str | Sequence[str] | None
    ) -> None:
        self._opening = opening
        self._runs = runs
        self._metrics = _names(metrics)
        self._wholeness: bool | None = None
        # _fields and _batches below are this class' own: nothing is known before the first reading
        super().__init__("points", (), lambda _: iter(()))

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return ["run", "name", "metric", "step", "time", "value"]

    def _fields(self) -> Sequence[Field]:
        with self._opening() as store:
            return self._shape(store, self._wanted(store))[1]

    def _batches(self, rows: int) -> Iterator[Batch]:
        with self._opening() as store:
            wanted = self._wanted(store)
            long, fields = self._shape(store, wanted)
            names = {record.id: at for at, record in enumerate(self._runs)}
            # the same order as that of the categories of runs
            places = np.array([names[run] for run in fields[0].categories], np.int32)
            for batch in long.batches(store, wanted, own=False, rows=rows):
                for piece in pieces(batch, rows):
                    run, metric, step, whole_step, time, value = piece.columns
                    steps = whole_step.values if fields[3].kind is Kind.INT else step.values
                    name = Column(fields[1], places[run.values])
                    yield Batch((run, name, metric, Column(fields[3], steps), time, value))

    def _whole(self) -> Batch:
        batches = list(self._batches(BATCH_ROWS))
        if batches:
            return Batch.joined([column.field for column in batches[0].columns], batches)
        return Batch.of_rows(self._fields(), [])

    def _wanted(self, store: Store) -> list[Wanted]:
        ids = [record.id for record in self._runs]
        chosen = choose(store, ids)
        found = series_of(store, chosen.runs, self._metrics, inherited=True)
        order = {run: at for at, run in enumerate(ids)}
        found.sort(key=lambda each: (order[each.run], each.metric))
        if self._metrics is not None and self._runs:
            _check_metrics(store, chosen, self._metrics, {each.metric for each in found})
        return found

    def _shape(self, store: Store, wanted: Sequence[Wanted]) -> tuple[LongPoints, list[Field]]:
        if self._wholeness is None:
            self._wholeness = all(
                store.series.points(each.run, each.metric).steps.dtype.kind == "i" for each in wanted
            )
        long = LongPoints((each.run for each in wanted), (each.metric for each in wanted))
        run, metric, _, _, time, value = long.fields
        name = Field("name", Kind.CATEGORY, tuple(record.name for record in self._runs))
        step = Field("step", Kind.INT if self._wholeness else Kind.FLOAT)
        return long, [run, name, metric, step, time, value]


def stored_table(opening: Opening, name: str, run_ids: Sequence[str] | None) -> StoredTable:
    """Return a table of docs/export.md, of some runs. Raises NotFoundError for a name that is none."""
    shape = TABLES.get(name)
    if shape is None:
        near = close_names(name, TABLES)
        raise NotFoundError(
            f"There is no table {name!r:.200}.",
            hint=f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(TABLES)}.",
            suggestions=near,
        )
    found: TableShape = shape

    def read(_: int) -> Iterator[Batch]:
        with opening() as store:
            yield from found.batches(store, choose(store, run_ids))

    return StoredTable(name, found.fields, read)


def _names(metrics: str | Sequence[str] | None) -> list[str] | None:
    if metrics is None or isinstance(metrics, str):
        return None if metrics is None else [metrics]
    if not all(isinstance(name, str) for name in metrics):
        raise UsageError(
            f"metrics is the name of a metric, a list of names, or None for all, not {metrics!r:.100}."
        )
    return list(metrics)


def _check_metrics(store: Store, chosen: Chosen, wanted: Iterable[str], found: set[str]) -> None:
    for name in wanted:
        if name not in found:
            there = {each.metric for each in series_of(store, chosen.runs, inherited=True)}
            near = close_names(name, there)
            raise NotFoundError(
                f"None of these runs has a metric {name!r:.200}.",
                hint=f"Did you mean {' or '.join(near)}?" if near else None,
                suggestions=near,
            )


def opening_of(place: str | os.PathLike[str]) -> Opening:
    """Return what opens the store at a place as it is, without taking in its inbox again."""
    from trackrecord.store.embedded import EmbeddedStore

    return lambda: EmbeddedStore.open(place, create=False)
