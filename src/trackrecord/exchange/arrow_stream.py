"""Tables handed over by the Arrow C stream interface, numbers without a copy.

arro3-core makes the C structures: docs/dependencies.md says why it and not another library. Filling them through ctypes
needs no library at all and was tried: their release would be Python that others call while an exception is on its way,
which ends the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trackrecord.exchange.columns import Batch, Column, Field, Kind
from trackrecord.exchange.libraries import not_installed

if TYPE_CHECKING:
    import arro3.core as arro3


def arrow_reader(fields: Sequence[Field], batches: Iterable[Batch]) -> arro3.RecordBatchReader:
    """Return a stream of batches with these fields, all of them made before it begins.

    Raises ImportError without arro3-core.
    """
    core = _core()
    schema = arrow_schema(fields)
    # A list and no generator: DuckDB takes batches from several threads, and one that waits for another while that one
    # runs Python of ours waited for ever.
    made = [
        core.RecordBatch.from_arrays([_array(core, column) for column in batch.columns], schema=schema)
        for batch in batches
    ]
    reader: arro3.RecordBatchReader = core.RecordBatchReader.from_batches(schema, made)
    return reader


def arrow_schema(fields: Sequence[Field]) -> arro3.Schema:
    """Return the schema of such a stream. Raises ImportError without arro3-core."""
    core = _core()
    schema: arro3.Schema = core.Schema([core.Field(field.name, _type(core, field.kind)) for field in fields])
    return schema


def _core() -> Any:
    try:
        import arro3.core
    except ImportError as error:
        raise not_installed("arro3-core", "arrow") from error
    return arro3.core


def _type(core: Any, kind: Kind) -> Any:
    types = core.DataType
    if kind is Kind.TIME:
        return types.timestamp("ns", tz="UTC")
    if kind is Kind.TEXTS:
        return types.list(core.Field("item", types.string()))
    simple = {Kind.INT: types.int64, Kind.FLOAT: types.float64, Kind.BOOL: types.bool}
    return simple.get(kind, types.string)()


def _array(core: Any, column: Column) -> Any:
    kind, values, present = column.field.kind, column.values, column.present
    if kind is Kind.TEXT:
        return _texts(core, column.python())
    if kind is Kind.TEXTS:
        return _lists(core, column)
    if kind is Kind.CATEGORY:
        # what stands where one is missing is a place all the same
        places = values if present is None else np.where(present, values, 0).astype(np.int32)
        found = _texts(core, list(column.field.categories) or [""])
        return found.take(_numbers(core, places, present, core.DataType.int32()))
    if kind is Kind.TIME:
        return _numbers(core, values, present, core.DataType.int64()).cast(_type(core, kind))
    return _numbers(core, values, present, _type(core, kind))


def _numbers(core: Any, values: Any, present: Any, kind: Any) -> Any:
    if present is None:
        return core.Array.from_numpy(np.ascontiguousarray(values))
    listed = [
        value if there else None for value, there in zip(values.tolist(), present.tolist(), strict=True)
    ]
    return core.Array(listed, kind)


def _texts(core: Any, texts: list[str | None]) -> Any:
    kind = core.DataType.string()
    try:
        return core.Array(texts, kind)
    except UnicodeEncodeError:
        # half of a surrogate pair, which no UTF-8 can hold: a question mark stands for it
        return core.Array(
            [None if text is None else text.encode("utf-8", "replace").decode() for text in texts], kind
        )


def _lists(core: Any, column: Column) -> Any:
    lists = column.python()
    offsets = np.cumsum([0, *(len(each or ()) for each in lists)], dtype=np.int32)
    texts = _texts(core, [text for each in lists for text in each or ()])
    found = core.list_array(core.Array.from_numpy(offsets), texts, type=_type(core, Kind.TEXTS))
    if column.present is None:
        return found
    places = [at if there else None for at, there in enumerate(column.present.tolist())]
    return found.take(core.Array(places, core.DataType.int32()))
