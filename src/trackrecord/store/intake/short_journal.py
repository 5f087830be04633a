"""The journal of a short run that is over, read in one go: for the many small runs of a sweep.

What it returns is what ``bulk.read_batch`` finds in the same bytes, in the shape in which ``short_runs`` writes it. It
is for whole and plain journals only; for anything else it returns None, and the general way reads the bytes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from trackrecord.journal.format import (
    FILE_HEADER,
    MAGIC,
    READ_VERSION,
    RETRIED,
    STEP_IS_FRACTIONAL,
    SYNC,
    Kind,
)
from trackrecord.store.intake.fields import Fields

#: longer journals gain nothing from being read like this
LONGEST = 32 << 10
#: nor do more rows with the same names: they would be written as more than one raw chunk
MOST_ROWS = 63
_HEADER = FILE_HEADER.size
_SYNC = int.from_bytes(SYNC, "little")
_ROW = int(Kind.ROW)
#: kinds of which there may be any number
_ANY_NUMBER = frozenset(
    map(int, (Kind.PARAMS, Kind.SUMMARY, Kind.CONSOLE, Kind.FACTS, Kind.PROBLEM, Kind.HEARTBEAT))
)
_SEGMENT, _BEGIN, _COLUMNS = int(Kind.SEGMENT), int(Kind.BEGIN), int(Kind.COLUMNS)
_FINISH, _CLOSE = int(Kind.FINISH), int(Kind.CLOSE)
_ONE_EACH = frozenset((_SEGMENT, _BEGIN, _FINISH, _CLOSE))
#: kind, flags and length, sync bytes, id of the columns: places in a row, in words of four bytes
_SAME = (2, 3, 0, 4)
_decode = msgspec.json.Decoder().decode


class Stretch(NamedTuple):
    """Rows of the same names right behind one another: the offset of the first, how many, their bytes."""

    offset: int
    length: int
    rows: memoryview


class Said(NamedTuple):
    """A structural record: its kind, its offset and its fields."""

    kind: int
    offset: int
    fields: Fields


@dataclass(slots=True)
class ShortJournal:
    """The records of a journal. ``rows`` are by names and by whether steps are fractional."""

    segment: Fields
    begin: Said
    finish: Said
    others: list[Said]
    rows: dict[tuple[tuple[str, ...], bool], list[Stretch]]
    #: of all records but rows and columns
    last_time: int


def read_short_journal(data: bytes) -> ShortJournal | None:  # noqa: C901 - one pass over the bytes, for speed
    """Return the records of the one segment of a run whose only writer began it, ended it and closed it.

    None when it is not that, or when anything in it is damaged, unusual or not known.
    """
    size = len(data)
    if size % 8 or size <= _HEADER or not data.startswith(MAGIC):
        return None
    if FILE_HEADER.unpack_from(data)[1] > READ_VERSION:
        return None
    view = memoryview(data)
    words = view.cast("I")
    one: dict[int, Said] = {}
    others: list[Said] = []
    columns: dict[int, tuple[str, ...]] = {}
    rows: dict[tuple[tuple[str, ...], bool], list[Stretch]] = {}
    rows_of: dict[tuple[str, ...], int] = {}
    position, last = _HEADER, 0
    while position + 16 <= size:
        at = position >> 2
        head, length = words[at + 2], words[at + 3]
        begin = position + 16
        end = begin + length
        behind = end + (-length & 7)
        if words[at] != _SYNC or behind > size or crc32(view[position + 8 : end]) != words[at + 1]:
            return None
        kind = head & 0xFF
        if kind == _ROW:
            keys = columns.get(words[at + 4]) if length >= 24 and not head >> 8 & RETRIED else None
            if not keys or length != 24 + 8 * len(keys):
                return None
            count = _count_rows(view, words, position, 16 + length)
            rows_of[keys] = rows_of.get(keys, 0) + count
            if count == 0 or rows_of[keys] > MOST_ROWS:
                return None
            behind = position + count * (16 + length)
            stretch = Stretch(position, count, view[position:behind])
            rows.setdefault((keys, bool(head >> 8 & STEP_IS_FRACTIONAL)), []).append(stretch)
        else:
            fields = _fields_in(view[begin:end])
            if kind == _COLUMNS:
                if not _learn_columns(fields, columns):
                    return None
            elif kind in _ANY_NUMBER:
                others.append(Said(kind, position, fields))
            elif kind not in _ONE_EACH or kind in one:
                return None
            else:
                one[kind] = Said(kind, position, fields)
        position = behind
        last = kind
    if position != size or last != _CLOSE or one.keys() != _ONE_EACH or one[_SEGMENT].offset != _HEADER:
        return None
    times: list[Any] = [said.fields.get("t") for said in (*one.values(), *others)]
    if one[_CLOSE].fields.get("next") is True or not all(map(_is_time, times)):
        return None
    return ShortJournal(one[_SEGMENT].fields, one[_BEGIN], one[_FINISH], others, rows, max(times))


def _fields_in(payload: memoryview) -> Fields:
    """Return the fields of a record; those that the general way has to look at lack even a time."""
    try:
        fields = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return fields if type(fields) is dict else {}


def _learn_columns(fields: Fields, columns: dict[int, tuple[str, ...]]) -> bool:
    number, keys = fields.get("id"), fields.get("keys")
    if type(number) is not int or type(keys) is not list or {*map(type, keys)} != {str}:
        return False
    columns[number] = tuple(keys)
    return True


def _is_time(time: Any) -> bool:
    return type(time) is int and 0 < time < 1 << 63


def _count_rows(view: memoryview, words: memoryview, start: int, stride: int) -> int:
    """Count the rows from ``start`` on, where one was checked, that have the same names; 0 where one is damaged.

    Looks ahead in growing steps, so that rows with something else between them cost their length only.
    """
    possible, at, step = (len(view) - start) // stride, start >> 2, stride >> 2
    same = [words[at + place] for place in _SAME]
    count, ahead = 1, 8
    while count < possible:
        looked_at = min(ahead, possible - count)
        begin = at + count * step
        alike = looked_at
        for place, value in zip(_SAME, same, strict=True):
            found = words[begin + place : begin + alike * step : step].tolist()
            if found.count(value) != alike:
                alike = next(index for index, other in enumerate(found) if other != value)
                if not alike:
                    break
        count += alike
        if alike < looked_at:
            break
        ahead *= 4
    checksums = words[at + 1 : at + count * step : step].tolist()
    ends = range(start + stride, start + stride * count + 1, stride)
    if [crc32(view[end - stride + 8 : end]) for end in ends] != checksums:
        return 0
    return count
