"""What DuckDB answers as a table of ours: its many types become the few that every table here has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from trackrecord.exchange.columns import Batch, Column, Field, Kind, as_json
from trackrecord.exchange.tabular import Frame
from trackrecord.words.errors import QueryError

_GREATEST = 2**63


def frame_of(table: pa.Table) -> Frame:
    """Return an answer as a table; of several columns of one name the later ones get a number behind it.

    Raises QueryError for a time that no column of ours can hold: times are nanoseconds from 1677 to 2262.
    """
    columns = []
    seen: dict[str, int] = {}
    for name, values in zip(table.column_names, table.columns, strict=True):
        seen[name] = seen.get(name, 0) + 1
        own = name if seen[name] == 1 else f"{name}_{seen[name]}"
        try:
            columns.append(_column(own, values.combine_chunks()))
        except (pa.ArrowInvalid, OverflowError) as error:
            raise QueryError(
                f"SQL: column {own!r} has a value that a table can't hold: {error}.",
                hint="Times go from 1677 to 2262, dates from year 1 to 9999. As text: CAST(... AS VARCHAR).",
            ) from None
    return Frame(Batch(tuple(columns)))


def _column(name: str, values: Any) -> Column:
    if isinstance(values, pa.ChunkedArray):  # one without chunks stays one
        values = values.chunk(0) if values.num_chunks else pa.array([], values.type)
    kind = values.type
    if types.is_dictionary(kind):
        values = values.cast(pa.string())
        kind = values.type
    if types.is_boolean(kind):
        return _numbers(Field(name, Kind.BOOL), values, pa.scalar(False))
    if types.is_integer(kind) and kind != pa.uint64():
        return _numbers(Field(name, Kind.INT), values.cast(pa.int64()), pa.scalar(0, pa.int64()))
    if types.is_floating(kind):
        return _numbers(Field(name, Kind.FLOAT), values.cast(pa.float64()), pa.scalar(0.0))
    if types.is_timestamp(kind):
        exact = values.cast(pa.timestamp("ns", kind.tz)).view(pa.int64())
        return _numbers(Field(name, Kind.TIME), exact, pa.scalar(0, pa.int64()))
    if types.is_list(kind) and types.is_string(kind.value_type):
        return Column.of(Field(name, Kind.TEXTS), values.to_pylist())
    if types.is_decimal(kind) or kind == pa.uint64():
        return _exact(name, values.to_pylist())
    texts: Callable[[Any], str] = str if types.is_temporal(kind) else as_json
    return Column.of(
        Field(name, Kind.TEXT),
        [each if each is None or isinstance(each, str) else texts(each) for each in values.to_pylist()],
    )


def _numbers(field: Field, values: Any, filler: Any) -> Column:
    present = None
    if values.null_count:
        present = np.asarray(pc.is_valid(values).to_numpy(zero_copy_only=False))
        values = values.fill_null(filler)
    return Column(field, np.asarray(values.to_numpy(zero_copy_only=False)), present)


def _exact(name: str, values: list[Any]) -> Column:
    """Decimals: whole ones are whole numbers (text beyond 64 bits), others float64."""
    known = [value for value in values if value is not None]
    # 1.0 as a decimal of one place is no whole number: what it is does not depend on the values of other rows
    if all(isinstance(value, int) or not value.as_tuple().exponent for value in known):
        if all(-_GREATEST <= value < _GREATEST for value in known):
            return Column.of(Field(name, Kind.INT), [None if each is None else int(each) for each in values])
        return Column.of(
            Field(name, Kind.TEXT), [None if each is None else str(int(each)) for each in values]
        )
    return Column.of(Field(name, Kind.FLOAT), [None if each is None else float(each) for each in values])
