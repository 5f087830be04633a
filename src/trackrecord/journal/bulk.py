"""Rows of a segment by the thousand, as numpy arrays. The only file of this package that needs numpy."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trackrecord.journal.format import (
    FILE_HEADER,
    RETRIED,
    STEP_IS_FRACTIONAL,
    Kind,
)
from trackrecord.journal.reader import Damage, Record, end_of, is_structural, is_understood, record_size, scan

_CHECKSUM = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Rows:
    """Consecutive calls of ``log()`` with the same names, in the order they were made.

    ``steps`` is int64 when ``fractional`` is False, else float64; ``times`` int64 ns; ``values`` float64, one
    row a call and one column a key; ``retried`` is a bool a call. ``offset`` is the place of the first in the segment.
    """

    offset: int
    keys: tuple[str, ...]
    fractional: bool
    steps: np.ndarray[Any, Any]
    times: np.ndarray[Any, Any]
    values: np.ndarray[Any, Any]
    retried: np.ndarray[Any, Any]


@dataclass(slots=True)
class Batch:
    """What a piece of a segment holds, in the order it was written.

    ``items`` are Rows, and Records for all that is not rows. ``end`` is the offset in the segment behind
    the last of them: the next piece begins there. ``columns`` are those known at the end, to be
    handed to the next call.
    ``not_understood`` is the first record that needs a newer reader; reading stopped before it.
    """

    items: list[Rows | Record] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    end: int = 0
    columns: dict[int, tuple[str, ...]] = field(default_factory=dict)
    not_understood: Record | None = None


def read_batch(
    data: bytes,
    *,
    base: int = 0,
    columns: dict[int, tuple[str, ...]] | None = None,
    final: bool = False,
    quiet: bool = False,
) -> Batch:
    """Read a piece of a segment that begins at offset ``base`` of it.

    A piece from the very beginning (``base`` 0) has the file's header, checked by ``reader.check_file_header``.
    ``columns`` are those of the piece before it; ``final`` says that nothing will be appended any more, ``quiet``
    that nothing was for some seconds (see ``reader.scan``).
    """
    batch = Batch(end=base, columns=dict(columns or {}))
    if base == 0 and len(data) < FILE_HEADER.size:
        return batch
    position = FILE_HEADER.size if base == 0 else 0
    batch.end = base + position
    while position < len(data):
        progress = position
        for item in scan(data, position, base=base, final=final, quiet=quiet):
            position = end_of(item) - base
            if isinstance(item, Damage):
                batch.damage.append(item)
            elif not is_understood(item):
                batch.not_understood = item
                return batch
            elif item.kind == Kind.ROW:
                rows, position = _rows_from(data, item, base, batch.columns)
                if rows is None:
                    batch.damage.append(Damage(item.offset, position + base - item.offset))
                else:
                    batch.items.append(rows)
                batch.end = base + position
                break  # go on behind the rows taken together
            elif item.kind == Kind.COLUMNS:
                _learn_columns(item, batch.columns)
            elif is_structural(item) or item.kind == Kind.CONTENT:
                batch.items.append(item)
            batch.end = base + position
        else:
            break
        if position == progress:
            break
    return batch


def _learn_columns(record: Record, columns: dict[int, tuple[str, ...]]) -> None:
    fields = record.fields()
    keys = fields.get("keys")
    if (
        isinstance(fields.get("id"), int)
        and isinstance(keys, list)
        and all(isinstance(key, str) for key in keys)
    ):
        columns[fields["id"]] = tuple(keys)


def _rows_from(
    data: bytes, first: Record, base: int, columns: dict[int, tuple[str, ...]]
) -> tuple[Rows | None, int]:
    """Take the row ``first`` and all like it that follow without a gap; return them and the position behind.

    None when the row cites columns that damage took away, or does not fit them.
    """
    size = record_size(len(first.payload))
    start = first.offset - base
    alone = start + size
    if len(first.payload) < 24:
        return None, alone
    keys = columns.get(int.from_bytes(first.payload[:4], "little"))
    if keys is None or len(first.payload) != 24 + 8 * len(keys):
        return None, alone
    count = _count_alike(data, start, size)
    view = memoryview(data)
    checked = 1
    while checked < count:
        place = start + checked * size
        if zlib.crc32(view[place + 8 : place + size]) != _CHECKSUM.unpack_from(data, place + 4)[0]:
            break
        checked += 1
    fractional = bool(first.flags & STEP_IS_FRACTIONAL)
    row_type = np.dtype(
        [
            ("header", "V8"),
            ("kind", "u1"),
            ("flags", "u1"),
            ("rest", "V14"),
            ("step", "<f8" if fractional else "<i8"),
            ("time", "<i8"),
            ("values", "<f8", (len(keys),)),
        ]
    )
    rows = np.frombuffer(data, dtype=row_type, count=checked, offset=start)
    taken = Rows(
        offset=first.offset,
        keys=keys,
        fractional=fractional,
        steps=rows["step"].copy(),
        times=rows["time"].copy(),
        values=rows["values"].copy(),
        retried=(rows["flags"] & RETRIED) != 0,
    )
    return taken, start + checked * size


def _count_alike(data: bytes, start: int, size: int) -> int:
    """Count the records from ``start`` on that look like rows of the same columns, by their headers.

    Looks ahead in growing steps, so that sets of columns that take turns do not make reading quadratic.
    """
    possible = (len(data) - start) // size
    pattern = np.frombuffer(data, dtype=np.uint8, count=20, offset=start)
    counted, step = 1, 16
    while counted < possible:
        ahead = min(step, possible - counted)
        table = np.frombuffer(data, dtype=np.uint8, count=ahead * size, offset=start + counted * size)
        table = table.reshape(ahead, size)
        # sync bytes, kind, zero, length and id of the columns are the same; of the flags only "retried" may differ
        alike = (table[:, :4] == pattern[:4]).all(axis=1) & (table[:, 10:20] == pattern[10:20]).all(axis=1)
        alike &= (table[:, 8] == pattern[8]) & ((table[:, 9] | RETRIED) == (pattern[9] | RETRIED))
        if not alike.all():
            return counted + int(np.argmin(alike))
        counted += ahead
        step *= 4
    return possible
