"""Bytes to records. Pure: it never opens a file, and never raises on bad bytes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from trackrecord.journal.format import (
    BINARY_KINDS,
    FILE_HEADER,
    LONGEST_PAYLOAD,
    MAGIC,
    READ_VERSION,
    RECORD_HEADER,
    SKIPPABLE,
    SYNC,
    Kind,
    decode_value,
)
from trackrecord.words.errors import FormatError

_KNOWN = frozenset(int(kind) for kind in Kind)


class Record(NamedTuple):
    """One whole record: where it begins in the segment, its kind, flags and payload."""

    offset: int
    kind: int
    flags: int
    payload: bytes

    def fields(self) -> dict[str, Any]:
        """Return the JSON object of a structural record; an empty one when the payload is no object."""
        try:
            value = json.loads(self.payload)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def values(self, name: str) -> dict[str, Any]:
        """Return the field ``name`` as a map of decoded values, for params and summary."""
        value = self.fields().get(name)
        if not isinstance(value, dict):
            return {}
        try:
            return {key: decode_value(child) for key, child in value.items()}
        except RecursionError:  # no writer of ours nests like that
            return {}


class Damage(NamedTuple):
    """Bytes that are no record: where they begin in the segment and how many there are."""

    offset: int
    size: int


def check_file_header(data: bytes) -> bool:
    """Tell whether ``data`` begins a segment: False when it is too short to know.

    Raises FormatError when it is no segment or was made for newer readers only.
    """
    if len(data) < FILE_HEADER.size:
        if MAGIC.startswith(data[: len(MAGIC)]) or data.startswith(MAGIC):
            return False
        raise FormatError("this file is no journal: it does not begin with the journal's first bytes")
    magic, read_version, write_version, _ = FILE_HEADER.unpack_from(data)
    if magic != MAGIC:
        raise FormatError("this file is no journal: it does not begin with the journal's first bytes")
    if read_version > READ_VERSION:
        raise FormatError(
            f"this journal needs a reader of format {read_version} (written as {write_version}); "
            f"this one knows {READ_VERSION}",
            hint="upgrade with: pip install -U trackrecord",
        )
    return True


def record_size(payload_length: int) -> int:
    """Return the bytes a record takes in the file: header, payload, padding."""
    return RECORD_HEADER.size + payload_length + -payload_length % 8


def scan(
    data: bytes,
    start: int = FILE_HEADER.size,
    *,
    base: int = 0,
    final: bool = False,
    quiet: bool = False,
    records: WholeRecords | None = None,
) -> Iterator[Record | Damage]:
    """Yield the whole records in ``data`` from ``start`` on, and the damage between them.

    ``data`` is a segment or a part of one that begins at ``base`` in the segment; offsets that come out count
    from the segment's beginning. With ``final`` nothing will be appended any more, so that an unfinished tail
    is damage; without it the tail is left alone: take the next scan from the end of the last thing yielded.
    ``quiet`` says that the segment has not grown for some seconds: then what looks like an unfinished record is damage
    too where whole records follow it up to the very end (its length was hit).
    ``records`` finds whole records in ``data``; give it where the same data is scanned more than once.
    """
    records = records or WholeRecords(data)
    position = start
    size = len(data)
    while position < size:
        length = records.length_at(position)
        if length is not None:
            begin = position + RECORD_HEADER.size
            yield Record(
                base + position, data[position + 8], data[position + 9], data[begin : begin + length]
            )
            position = begin + length + -length % 8
            continue
        if not final and _may_still_grow(data, position):
            following = _chain_to_the_end(records, size, position + 1) if quiet else None
        else:
            following = records.next_from(position + 1)
        if following is None:
            if final:
                yield Damage(base + position, size - position)
            return
        yield Damage(base + position, following - position)
        position = following


class WholeRecords:
    """Finds the places in some bytes where a whole record checks."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._view = memoryview(data)
        #: the payload's length by place, where all whole records are known
        self._known: dict[int, int] | None = None

    def length_at(self, position: int) -> int | None:
        """Return the payload's length of the record at ``position``, or None when no whole record checks there."""
        if self._known is not None:
            return self._known.get(position)
        data = self._data
        if len(data) - position < RECORD_HEADER.size:
            return None
        sync, checksum, _, _, _, length = RECORD_HEADER.unpack_from(data, position)
        end = position + RECORD_HEADER.size + length
        if sync != SYNC or length > LONGEST_PAYLOAD or end + -length % 8 > len(data):
            return None
        if zlib.crc32(self._view[position + 8 : end]) != checksum:
            self._missed(length)
            return None
        return int(length)

    def next_from(self, position: int) -> int | None:
        """Return the next place, at ``position`` or behind it, where a whole record checks."""
        position = self._data.find(SYNC, position)
        while position >= 0:
            if self.length_at(position) is not None:
                return position
            position = self._data.find(SYNC, position + 1)
        return None

    def _missed(self, length: int) -> None:
        """Take note that so many bytes were gone through for nothing."""


def end_of(item: Record | Damage) -> int:
    """Return the offset in the segment behind a thing that ``scan`` yielded."""
    if isinstance(item, Damage):
        return item.offset + item.size
    return item.offset + record_size(len(item.payload))


def is_understood(record: Record) -> bool:
    """Tell whether this reader knows the record's kind, or may skip it."""
    return record.kind in _KNOWN or bool(record.flags & SKIPPABLE)


def is_structural(record: Record) -> bool:
    """Tell whether the payload is a JSON object of a known kind."""
    return record.kind in _KNOWN and record.kind not in BINARY_KINDS


def _may_still_grow(data: bytes, position: int) -> bool:
    """Tell whether the bytes at ``position`` look like a record whose end is not written yet.

    Searching on in such a tail could find a "record" inside a content that holds a journal.
    """
    left = len(data) - position
    if left < RECORD_HEADER.size:
        return SYNC.startswith(data[position : position + 4]) or data.startswith(SYNC, position)
    if not data.startswith(SYNC, position):
        return False
    length = RECORD_HEADER.unpack_from(data, position)[5]
    return length <= LONGEST_PAYLOAD and left < record_size(length)


def _chain_to_the_end(records: WholeRecords, size: int, start: int) -> int | None:
    """Return the first place from which whole records follow each other up to the very end of the data."""
    position = records.next_from(start)
    while position is not None:
        end = position
        while (length := records.length_at(end)) is not None:
            end += record_size(length)
        if end == size:
            return position
        position = records.next_from(end)
    return None
