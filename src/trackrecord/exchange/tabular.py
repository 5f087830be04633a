"""What every table of ours becomes in one call: NumPy, pandas, Polars, Arrow, or whatever takes Arrow streams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from trackrecord.exchange.arrow_stream import arrow_reader, arrow_schema
from trackrecord.exchange.columns import Array, Batch, Column, Field, Kind
from trackrecord.exchange.libraries import not_installed
from trackrecord.words.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

#: rows of a batch where nothing else is said
BATCH_ROWS = 65_536


class Tabular(ABC):
    """A table: named columns of int64, float64, bool, text, UTC times or lists of text.

    A missing value is null everywhere, and NaN stays a value: integers stay integers in a column with gaps. Libraries
    that know Arrow's C stream interface take it as it is (``pa.table(table)``, ``pl.from_arrow(table)``,
    ``duckdb.sql("from table")``, ``pandas.DataFrame.from_arrow(table)``), numbers without a copy.
    """

    __slots__ = ()

    @abstractmethod
    def _fields(self) -> Sequence[Field]:
        """Return the columns' names and kinds."""

    @abstractmethod
    def _batches(self, rows: int) -> Iterator[Batch]:
        """Yield the table in pieces of about ``rows`` rows, all with these fields."""

    def _whole(self) -> Batch:
        """Return the table in one piece."""
        return Batch.joined(self._fields(), list(self._batches(BATCH_ROWS)))

    def to_numpy(self) -> dict[str, Array]:
        """Return the columns as arrays by name.

        Numbers and bools are a masked array (``numpy.ma``) where values are missing, times ``datetime64[ns]`` in UTC,
        texts and lists arrays of objects with None where one is missing.
        """
        return {column.name: column.numpy() for column in self._whole().columns}

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a pandas data frame. Raises ImportError without pandas.

        A column of numbers or bools has NumPy's type, or pandas' own of the same size (``Int64``, ``Float64``,
        ``boolean``) where values are missing: those are ``pandas.NA``. Texts are ``string``, times
        ``datetime64[ns, UTC]``.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise not_installed("pandas") from error
        columns = self._whole().columns
        frame = pd.DataFrame({at: _pandas_array(pd, column) for at, column in enumerate(columns)})
        frame.columns = pd.Index([column.name for column in columns], dtype=object if not columns else None)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return the table as a Polars data frame. Raises ImportError without Polars."""
        try:
            import polars as pl
        except ImportError as error:
            raise not_installed("polars") from error
        # not of the table itself: some of ours are sequences, too, which Polars would rather take them for
        return pl.DataFrame(arrow_reader(self._fields(), self._batches(BATCH_ROWS)))

    def to_arrow(self) -> pa.Table:
        """Return the table as a pyarrow table. Raises ImportError without pyarrow."""
        try:
            import pyarrow as pa
        except ImportError as error:
            raise not_installed("pyarrow", "arrow") from error
        return pa.RecordBatchReader.from_stream(self).read_all()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Hand the table over as a stream of Arrow batches; ``requested_schema`` may not be followed."""
        return arrow_reader(self._fields(), self._batches(BATCH_ROWS)).__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        """Hand over the schema of that stream."""
        return arrow_schema(self._fields()).__arrow_c_schema__()


def _pandas_array(pd: Any, column: Column) -> Any:
    kind, values, present = column.field.kind, column.values, column.present
    if kind is Kind.TEXT:
        return pd.array(column.python(), dtype="string")
    if kind is Kind.CATEGORY:
        codes = values if present is None else values.copy()
        if present is not None:
            codes[~present] = -1
        found = pd.Categorical.from_codes(codes, categories=list(column.field.categories))
        return found.remove_unused_categories()
    if kind is Kind.TEXTS:
        return column.numpy()
    if kind is Kind.TIME:
        times = pd.Series(values.view("datetime64[ns]")).dt.tz_localize("UTC")
        return times if present is None else times.where(pd.Series(present))
    if present is None:
        return values
    masked = {Kind.INT: "IntegerArray", Kind.FLOAT: "FloatingArray", Kind.BOOL: "BooleanArray"}[kind]
    return getattr(pd.arrays, masked)(values.copy(), ~present)


class Frame(Tabular):
    """A table that is in memory.

    ``len(frame)`` is its rows, ``frame.columns`` its names, ``frame["name"]`` a column as a numpy array,
    and iterating yields each row as a dict, None where a value is missing.

    Example::

        history = tr.open_run("quiet-river").history(["loss", "val/loss"])
        for row in history:
            print(row["step"], row["loss"])
    """

    __slots__ = ("_batch", "_named")

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._named = {column.name: column for column in batch.columns}

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._named)

    def __len__(self) -> int:
        return len(self._batch)

    def __getitem__(self, name: str) -> Array:
        if name not in self._named:
            raise UsageError(
                f"The table has no column {name!r:.200}.", hint=f"It has {', '.join(self._named)}."
            )
        return self._named[name].numpy()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        columns = [python_values(column) for column in self._batch.columns]
        names = self.columns
        for row in zip(*columns, strict=True):
            yield dict(zip(names, row, strict=True))

    def batches(self, rows: int = BATCH_ROWS) -> Iterator[Frame]:
        """Yield the table in pieces of at most ``rows`` rows."""
        return (Frame(batch) for batch in self._batches(rows))

    def _fields(self) -> Sequence[Field]:
        return [column.field for column in self._batch.columns]

    def _batches(self, rows: int) -> Iterator[Batch]:
        return pieces(self._batch, rows)

    def _whole(self) -> Batch:
        return self._batch

    def __repr__(self) -> str:
        count = f"{len(self):,} row{'' if len(self) == 1 else 's'}"
        return f"<{type(self).__name__}: {count} of {', '.join(self.columns)}>"


def pieces(batch: Batch, rows: int) -> Iterator[Batch]:
    """Yield a batch in pieces of at most ``rows``, without a copy. Raises UsageError for a size that is none."""
    if rows < 1:
        raise UsageError(f"A batch has a whole number of rows from 1, not {rows!r:.100}.")
    for start in range(0, len(batch), rows):
        cut = slice(start, start + rows)
        yield Batch(
            tuple(
                Column(each.field, each.values[cut], None if each.present is None else each.present[cut])
                for each in batch.columns
            )
        )


def python_values(column: Column) -> list[Any]:
    """Return a column as Python values; times are datetimes in UTC, to the microsecond that Python has."""
    from trackrecord.query.moments import moment_at

    values = column.python()
    if column.field.kind is not Kind.TIME:
        return values
    return [None if value is None else moment_at(value) for value in values]
