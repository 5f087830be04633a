"""Rows of a segment by the thousand, as numpy arrays."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from trackrecord.journal.format import (
    FILE_HEADER,
    RETRIED,
    STEP_IS_FRACTIONAL,
    Kind,
)
from trackrecord.journal.reader import Damage, Record, end_of, is_structural, is_understood, record_size, scan
from trackrecord.journal.resync import QuickRecords

#: a row's record is a row of words: sync bytes and checksum, then kind, flags and length, then the id of its columns
_WORD = np.dtype("<u8")
_HALF = np.uint64(32)
_RETRIED_BIT = np.uint64(RETRIED << 8)


@dataclass(frozen=True, slots=True)
class Rows:
    """Calls of ``log()`` with the same names, in the order they were made; other records may lie between them.

    ``steps`` is int64 when ``fractional`` is False, else float64; ``times`` int64 ns; ``values`` float64, one
    row a call and one column a key; ``retried`` is a bool a call. ``offsets`` (int64) are their places in the segment.
    """

    offsets: np.ndarray[Any, Any]
    keys: tuple[str, ...]
    fractional: bool
    steps: np.ndarray[Any, Any]
    times: np.ndarray[Any, Any]
    values: np.ndarray[Any, Any]
    retried: np.ndarray[Any, Any]


@dataclass(slots=True)
class Batch:
    """What a piece of a segment holds, in the order it was written; all rows with the same names stand at the first.

    ``items`` are Rows, and Records for all that is not rows. ``end`` is the offset in the segment behind
    the last of them: the next piece begins there. ``columns`` are those known at the end, to be
    handed to the next call.
    ``gap`` is the first place where bytes are no whole record; damage that is no gap is a row without its columns.
    ``not_understood`` is the first record that needs a newer reader; reading stopped before it.
    """

    items: list[Rows | Record] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    end: int = 0
    columns: dict[int, tuple[str, ...]] = field(default_factory=dict)
    gap: int | None = None
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
    records = QuickRecords(data)
    gathered = _GatheredRows(data, batch)
    while position < len(data):
        progress = position
        for item in scan(data, position, base=base, final=final, quiet=quiet, records=records):
            position = end_of(item) - base
            if isinstance(item, Damage):
                batch.damage.append(item)
                batch.gap = item.offset if batch.gap is None else batch.gap
            elif item.kind == Kind.ROW:
                behind = gathered.take(item, item.offset - base)
                if behind is None:
                    batch.damage.append(Damage(item.offset, position + base - item.offset))
                elif behind > position:
                    position = behind
                    batch.end = base + position
                    break  # go on behind the rows taken together
            elif not is_understood(item):
                batch.not_understood = item
                break
            elif item.kind == Kind.COLUMNS:
                _learn_columns(item, batch.columns)
            elif is_structural(item) or item.kind == Kind.CONTENT:
                batch.items.append(item)
            batch.end = base + position
        else:
            break
        if position == progress or batch.not_understood is not None:
            break
    gathered.put(base)
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


@dataclass(slots=True)
class _Stretches:
    """Where rows of the same names and kind of step lie in the data: stretches of (start, count)."""

    index: int
    size: int
    found: list[tuple[int, int]] = field(default_factory=list)


class _GatheredRows:
    """The rows met in some data, by names and kind of step, until all of them are turned into arrays."""

    def __init__(self, data: bytes, batch: Batch) -> None:
        self._data = data
        self._batch = batch
        self._by_kind: dict[tuple[tuple[str, ...], bool], _Stretches] = {}

    def take(self, row: Record, start: int) -> int | None:
        """Take a whole row that begins at ``start``, and all like it right behind it; return the place behind them.

        None when the row cites columns that damage took away, or does not fit them.
        """
        payload = row.payload
        if len(payload) < 24:
            return None
        keys = self._batch.columns.get(int.from_bytes(payload[:4], "little"))
        if keys is None or len(payload) != 24 + 8 * len(keys):
            return None
        kind = keys, bool(row.flags & STEP_IS_FRACTIONAL)
        stretches = self._by_kind.get(kind)
        if stretches is None:
            stretches = _Stretches(len(self._batch.items), record_size(len(payload)))
            self._by_kind[kind] = stretches
            self._batch.items.append(row)  # keeps the place
        count = _count_rows(self._data, start, stretches.size)
        stretches.found.append((start, count))
        return start + count * stretches.size

    def put(self, base: int) -> None:
        """Put the rows into the batch."""
        for (keys, fractional), stretches in self._by_kind.items():
            self._batch.items[stretches.index] = self._rows(base, keys, fractional, stretches)

    def _rows(self, base: int, keys: tuple[str, ...], fractional: bool, stretches: _Stretches) -> Rows:
        size, row_type = stretches.size, _row_type(len(keys), fractional)
        start, count = stretches.found[0]
        if len(stretches.found) == 1:
            places = np.arange(start, start + size * count, size)
            rows = np.frombuffer(self._data, dtype=row_type, count=count, offset=start)
        else:
            starts, counts = np.array(stretches.found, np.int64).T
            within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            places = np.repeat(starts, counts) + size * within
            table = np.frombuffer(self._data, np.uint8)[places[:, None] + np.arange(size)]
            rows = table.view(row_type).reshape(-1)
        return Rows(
            offsets=places + base,
            keys=keys,
            fractional=fractional,
            steps=rows["step"].copy(),
            times=rows["time"].copy(),
            values=rows["values"].copy(),
            retried=(rows["flags"] & RETRIED) != 0,
        )


@lru_cache(maxsize=256)
def _row_type(columns: int, fractional: bool) -> np.dtype[Any]:
    return np.dtype(
        [
            ("header", "V8"),
            ("kind", "u1"),
            ("flags", "u1"),
            ("rest", "V14"),
            ("step", "<f8" if fractional else "<i8"),
            ("time", "<i8"),
            ("values", "<f8", (columns,)),
        ]
    )


def _count_rows(data: bytes, start: int, size: int) -> int:
    """Count the whole records from ``start`` on, where one was checked, that are rows of the same columns.

    Looks ahead in growing steps, so that neither sets of columns that take turns nor damage in every other row
    make reading quadratic.
    """
    possible = (len(data) - start) // size
    if data[start + size + 10 : start + size + 20] != data[start + 10 : start + 20]:
        return 1
    view = memoryview(data)
    first, second, third = np.frombuffer(data, _WORD, count=3, offset=start)
    counted, step = 1, 64
    while counted < possible:
        ahead = min(step, possible - counted)
        begin = start + counted * size
        table = np.frombuffer(data, _WORD, count=ahead * size // 8, offset=begin).reshape(ahead, size // 8)
        # sync bytes, kind, zero, length and id of the columns are the same; of the flags only "retried" may differ
        alike = (table[:, 1] | _RETRIED_BIT) == (second | _RETRIED_BIT)
        alike &= (table[:, 2] == third) & ((table[:, 0] ^ first) << _HALF == 0)
        likely = ahead if alike.all() else int(np.argmin(alike))
        checksums = (table[:likely, 0] >> _HALF).tolist()
        ends = range(begin + size, begin + size * (likely + 1), size)
        for end, checksum in zip(ends, checksums, strict=True):
            if zlib.crc32(view[end - size + 8 : end]) != checksum:
                return counted
            counted += 1
        if likely < ahead:
            return counted
        step *= 4
    return counted
