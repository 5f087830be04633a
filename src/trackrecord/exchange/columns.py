"""Columns of a table: a numpy array each, with what is missing marked beside it and never by a special value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import numpy as np

from trackrecord.query.moments import whole_nanoseconds

Array = np.ndarray[Any, Any]

_SMALLEST, _GREATEST = -(2**63), 2**63 - 1
#: whole numbers beyond this are not all float64
_EXACT = 2**53


class Kind(Enum):
    """What a column holds, and the type of its array."""

    INT = "int64"
    FLOAT = "float64"
    BOOL = "bool"
    #: str, in an array of objects
    TEXT = "text"
    #: str of which few are different: int32 positions in the field's ``categories``
    CATEGORY = "category"
    #: int64, nanoseconds since 1970, UTC
    TIME = "time"
    #: lists of str, in an array of objects
    TEXTS = "texts"


@dataclass(frozen=True, slots=True)
class Field:
    """Name and kind of a column, known before its values."""

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``present`` is False where a value is missing; None: none is.

    What stands in ``values`` at such a place means nothing. NaN is a value.
    """

    field: Field
    values: Array
    present: Array | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def name(self) -> str:
        """The name of the column."""
        return self.field.name

    @classmethod
    def of(cls, field: Field, values: Sequence[Any]) -> Column:
        """Make a column from Python values, None where one is missing; times as datetime or nanoseconds.

        >>> column = Column.of(Field("n", Kind.INT), [1, None])
        >>> column.values.tolist(), column.present.tolist()
        ([1, 0], [True, False])
        """
        missing = [value is None for value in values]
        present = ~np.array(missing, bool) if any(missing) else None
        dtype = _DTYPES[field.kind]
        if field.kind in (Kind.TEXT, Kind.TEXTS):
            array = np.empty(len(values), object)
            array[:] = values
            return cls(field, array, present)
        if field.kind is Kind.CATEGORY:
            places = {text: at for at, text in enumerate(field.categories)}
            values = [0 if value is None else places[value] for value in values]
        elif field.kind is Kind.TIME:
            values = [
                whole_nanoseconds(value) if isinstance(value, datetime) else value or 0 for value in values
            ]
        elif present is not None:
            values = [0 if value is None else value for value in values]
        return cls(field, np.array(values, dtype), present)

    @classmethod
    def guessed(cls, name: str, values: Sequence[Any]) -> Column:
        """Make a column of the one kind that holds all of these values exactly.

        Whole numbers beside fractions become float64 where that keeps every digit. Anything else that is mixed, and
        whole numbers beyond 64 bits, become text: texts as they are, all others as JSON. So do lists and dicts.

        >>> Column.guessed("n", [1, None, 2.5]).field.kind.name, Column.guessed("n", [1, "auto"]).values.tolist()
        ('FLOAT', ['1', 'auto'])
        """
        kind = _kind_of(values)
        if kind is Kind.TEXT:
            values = [
                value if value is None or isinstance(value, str) else as_json(value) for value in values
            ]
        return cls.of(Field(name, kind), values)

    def python(self) -> list[Any]:
        """Return the values as Python's own, None where one is missing; times stay nanoseconds."""
        if self.field.kind is Kind.CATEGORY:
            names = self.field.categories
            found: list[Any] = [names[at] for at in self.values.tolist()]
        else:
            found = self.values.tolist()
        if self.present is None:
            return found
        return [value if there else None for value, there in zip(found, self.present.tolist(), strict=True)]

    def numpy(self) -> Array:
        """Return the column as an array; a masked one where numbers, times or bools are missing.

        Times are ``datetime64[ns]`` in UTC, texts and lists an array of objects with None where one is missing.
        """
        if self.field.kind in (Kind.TEXT, Kind.TEXTS, Kind.CATEGORY):
            found = np.empty(len(self), object)
            found[:] = self.python()
            return found
        values = self.values.view("datetime64[ns]") if self.field.kind is Kind.TIME else self.values
        return values if self.present is None else np.ma.masked_array(values, ~self.present)


_DTYPES: dict[Kind, Any] = {
    Kind.INT: np.int64,
    Kind.FLOAT: np.float64,
    Kind.BOOL: np.bool_,
    Kind.CATEGORY: np.int32,
    Kind.TIME: np.int64,
    Kind.TEXT: object,
    Kind.TEXTS: object,
}


@dataclass(frozen=True, slots=True)
class Batch:
    """Columns of equal length: a table, or a piece of one."""

    columns: tuple[Column, ...]

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    @classmethod
    def of_rows(cls, fields: Sequence[Field], rows: Sequence[Sequence[Any]]) -> Batch:
        """Make a batch from rows of Python values."""
        by_column: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * len(fields)
        return cls(tuple(Column.of(field, values) for field, values in zip(fields, by_column, strict=True)))

    @classmethod
    def joined(cls, fields: Sequence[Field], batches: Sequence[Batch]) -> Batch:
        """Put batches of the same fields one behind the other."""
        if len(batches) == 1:
            return batches[0]
        return cls(
            tuple(_joined(field, [batch.columns[at] for batch in batches]) for at, field in enumerate(fields))
        )


def _joined(field: Field, parts: Sequence[Column]) -> Column:
    if not parts:
        return Column.of(field, ())
    present = None
    if any(part.present is not None for part in parts):
        present = np.concatenate(
            [np.ones(len(part), bool) if part.present is None else part.present for part in parts]
        )
    return Column(field, np.concatenate([part.values for part in parts]), present)


def _kind_of(values: Sequence[Any]) -> Kind:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return Kind.BOOL
    if kinds == {int}:
        fits = all(value is None or _SMALLEST <= value <= _GREATEST for value in values)
        return Kind.INT if fits else Kind.TEXT
    if kinds == {float}:
        return Kind.FLOAT
    if kinds == {int, float}:
        exact = all(not isinstance(value, int) or abs(value) <= _EXACT for value in values)
        return Kind.FLOAT if exact else Kind.TEXT
    if kinds == {datetime}:
        return Kind.TIME
    return Kind.TEXT


def as_json(value: Any) -> str:
    """Return a value as JSON; NaN and infinities as Python writes them (``NaN``, ``Infinity``)."""
    return json.dumps(value, ensure_ascii=False, default=str)
