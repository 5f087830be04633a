"""The tables of a store as DuckDB reads them: Parquet files in a folder, of what a statement looks at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from trackrecord.exchange.columns import Batch, Column, Field, Kind
from trackrecord.exchange.points_table import LongPoints, Wanted, series_of
from trackrecord.exchange.table_shape import choose
from trackrecord.exchange.tables import TABLES
from trackrecord.reading.run_table import RunTable
from trackrecord.reading.sql_scans import Scan

if TYPE_CHECKING:
    from trackrecord.reading.interruptible import InterruptibleConnection
    from trackrecord.store.contract import Store

#: DuckDB's threads take row groups, of at most this many rows
_ROWS_A_GROUP = 122_880
POINTS, WIDE = "points", "runs_wide"
#: every table by name, with what is in it
DESCRIPTIONS = {
    POINTS: "run, metric, step, whole_step, time, value: a row per point",
    WIDE: 'a row per run with columns "params.KEY", "summary.KEY", "metrics.KEY"',
    **{name: ", ".join(field.name for field in table.fields) for name, table in TABLES.items()},
}
_SQL_TYPES = {
    Kind.INT: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.BOOL: "BOOLEAN",
    Kind.TEXT: "VARCHAR",
    Kind.CATEGORY: "VARCHAR",
    Kind.TIME: "TIMESTAMPTZ",
    Kind.TEXTS: "VARCHAR[]",
}
#: called now and then with what is read, how much of how much is done
Progress = Callable[[str, int, int], None]


class StoreTables:
    """The tables of one store; the wide one, which takes all of its runs, only if it is asked for."""

    def __init__(self, store: Store, *, wide: bool) -> None:
        self._store = store
        self._chosen = choose(store)
        self._wide = _wide(store) if wide else None
        #: the columns of each table
        self.fields: dict[str, Sequence[Field]] = {POINTS: LongPoints((), ()).fields}
        if self._wide is not None:
            self.fields[WIDE] = [column.field for column in self._wide.columns]
        self.fields.update((name, table.fields) for name, table in TABLES.items())

    def create_empty(self, connection: InterruptibleConnection) -> None:
        """Make all tables without rows."""
        for name, fields in self.fields.items():
            columns = ", ".join(f"{_quoted(each.name)} {_SQL_TYPES[each.kind]}" for each in fields)
            connection.execute(f"CREATE TABLE {name} ({columns})")

    def fill(
        self,
        connection: InterruptibleConnection,
        errors: type[Exception],
        folder: Path,
        scans: Sequence[Scan],
        on_progress: Progress | None = None,
    ) -> None:
        """Put what these scans need of each table in the place of the empty one: a view of a file in this folder."""
        for name in dict.fromkeys(scan.table for scan in scans):
            looks = [scan for scan in scans if scan.table == name]
            columns = _needed(looks)
            fields = [each for each in self.fields[name] if columns is None or each.name in columns]
            # a file has a column at least: its number of rows is in it
            fields = fields or [self.fields[name][0]]
            path = folder / f"{name}.parquet"
            if name == POINTS:
                wanted, rows = self._series(connection, errors, folder, looks)
                batches = self._points(wanted, rows, on_progress)
            else:
                batches = self._rows(name)
            _write(path, fields, batches)
            there = {each.name for each in fields}
            shown = ", ".join(
                _quoted(each.name)
                if each.name in there
                else f"NULL::{_SQL_TYPES[each.kind]} AS {_quoted(each.name)}"
                for each in self.fields[name]
            )
            connection.execute(f"DROP TABLE {name}")
            connection.execute(f"CREATE VIEW {name} AS {_read(path, shown)}")

    def _rows(self, name: str) -> Iterator[Batch]:
        if name == WIDE and self._wide is not None:
            return iter([self._wide])
        return TABLES[name].batches(self._store, self._chosen)

    def _series(
        self,
        connection: InterruptibleConnection,
        errors: type[Exception],
        folder: Path,
        looks: Sequence[Scan],
    ) -> tuple[list[Wanted], int | None]:
        """Return the series that one of these scans needs, and how many of their rows, None for all."""
        every = series_of(self._store, self._chosen.runs, inherited=True)
        known = Batch(
            (
                Column(Field("place", Kind.INT), np.arange(len(every))),
                Column.of(Field("run", Kind.TEXT), [each.run for each in every]),
                Column.of(Field("metric", Kind.TEXT), [each.metric for each in every]),
            )
        )
        path = folder / "series.parquet"
        _write(path, [column.field for column in known.columns], [known])
        connection.execute(f"CREATE VIEW trackrecord_series AS {_read(path)}")
        places: set[int] = set()
        rows: int | None = None
        for look in looks:
            fulfilled = set(range(len(every)))
            exact = True
            for condition in look.conditions:
                found = _fulfilling(connection, errors, condition)
                exact = exact and found is not None
                fulfilled &= fulfilled if found is None else found
            places |= fulfilled
            rows = look.rows if exact and len(looks) == 1 else None
        connection.execute("DROP VIEW trackrecord_series")
        return [every[at] for at in sorted(places)], rows

    def _points(
        self, wanted: Sequence[Wanted], limit: int | None, on_progress: Progress | None
    ) -> Iterator[Batch]:
        table = LongPoints((each.run for each in wanted), (each.metric for each in wanted))
        total = sum(each.points for each in wanted)
        done = 0
        if limit == 0:
            return
        rows = _ROWS_A_GROUP if limit is None else min(limit, _ROWS_A_GROUP)
        for batch in table.batches(self._store, wanted, own=False, rows=rows):
            yield batch
            done += len(batch)
            if on_progress is not None:
                on_progress("points", min(done, total), total)
            if limit is not None and done >= limit:
                return


def _wide(store: Store) -> Batch:
    from trackrecord.query.runs import select_runs

    page = select_runs(store, limit=None)
    return RunTable(page.rows, page.total)._whole()


def _needed(looks: Iterable[Scan]) -> set[str] | None:
    """Return the columns that one of these scans needs; None: all of them."""
    found: set[str] = set()
    for look in looks:
        if look.columns is None:
            return None
        found |= look.columns
    return found


def _fulfilling(
    connection: InterruptibleConnection, errors: type[Exception], condition: str
) -> set[int] | None:
    """Return the places of series that fulfil a condition on run and metric; None when it is about something else."""
    if "#" in re.sub("'[^']*'", "", condition):
        # outside of texts it stands for a column by its number, which is not the same here as in the plan
        return None
    try:
        found = connection.execute(f"SELECT place FROM trackrecord_series WHERE ({condition})")  # noqa: S608 - DuckDB's own words
    except errors:
        return None
    return {place for (place,) in found}


def _read(path: Path, columns: str = "*") -> str:
    place = str(path).replace("'", "''")
    return f"SELECT {columns} FROM read_parquet('{place}')"  # noqa: S608 - ours


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _write(path: Path, fields: Sequence[Field], batches: Iterable[Batch]) -> None:
    schema = pa.schema([pa.field(each.name, _arrow_type(each.kind)) for each in fields])
    names = [each.name for each in fields]
    repeating = [each.name for each in fields if each.kind in (Kind.CATEGORY, Kind.TEXT)]
    with parquet.ParquetWriter(
        path, schema, compression="snappy", use_dictionary=repeating or False
    ) as writer:
        for batch in batches:
            columns = {column.name: column for column in batch.columns}
            arrays = [_arrow_array(columns[name]) for name in names]
            if len(batch):
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=_ROWS_A_GROUP)


def _arrow_type(kind: Kind) -> Any:
    simple = {Kind.INT: pa.int64(), Kind.FLOAT: pa.float64(), Kind.BOOL: pa.bool_(), Kind.TEXT: pa.string()}
    if kind is Kind.CATEGORY:
        return pa.dictionary(pa.int32(), pa.string())
    if kind is Kind.TIME:
        return pa.timestamp("us", tz="UTC")
    return pa.list_(pa.string()) if kind is Kind.TEXTS else simple[kind]


def _arrow_array(column: Column) -> Any:
    kind, absent = column.field.kind, None if column.present is None else ~column.present
    if kind is Kind.TEXT:
        return _texts(column.python())
    if kind is Kind.TEXTS:
        return pa.array(column.python(), pa.list_(pa.string()))
    if kind is Kind.CATEGORY:
        return pa.DictionaryArray.from_arrays(
            pa.array(column.values, mask=absent), _texts(list(column.field.categories))
        )
    if kind is Kind.TIME:  # DuckDB's times with a zone have microseconds
        return pa.array(column.values // 1000, mask=absent).cast(_arrow_type(kind))
    return pa.array(column.values, mask=absent)


def _texts(texts: list[str] | list[str | None]) -> Any:
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        # half of a surrogate pair, which no UTF-8 can hold: a question mark stands for it
        whole = [None if text is None else text.encode("utf-8", "replace").decode() for text in texts]
        return pa.array(whole, pa.string())
