"""Find whole records in damaged bytes, in time that grows with their number and not with its square.

Bytes made to harm can name millions of places where a record of many megabytes might begin. Each one checked by itself
costs its length; but the crc32 of any stretch follows from those of two prefixes (crc32 is linear over GF(2)), so that
one walk over the bytes serves them all.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from trackrecord.journal.format import LONGEST_PAYLOAD, RECORD_HEADER, SYNC
from trackrecord.journal.reader import WholeRecords

Array = np.ndarray[Any, Any]

#: so much more than the bytes themselves may be gone through in vain before all places are worked out at once
_PATIENCE = 1 << 20
_POLYNOMIAL = 0xEDB88320
#: places where a record may begin are looked for in pieces of this size, for the sake of memory
_PIECE = 4 << 20


class QuickRecords(WholeRecords):
    """Finds the places in some bytes where a whole record checks, however many places pretend to be one."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._patience = len(data) + _PATIENCE
        self._places: Array = np.empty(0, np.int64)

    def next_from(self, position: int) -> int | None:
        """Return the next place, at ``position`` or behind it, where a whole record checks."""
        while self._known is None:
            position = self._data.find(SYNC, position)
            if position < 0 or self.length_at(position) is not None:
                return position if position >= 0 else None
            position += 1
        index = int(np.searchsorted(self._places, position))
        return int(self._places[index]) if index < len(self._places) else None

    def _missed(self, length: int) -> None:
        self._patience -= length
        if self._patience < 0 and self._known is None:
            self._places, lengths = whole_records(self._data)
            self._known = dict(zip(self._places.tolist(), lengths.tolist(), strict=True))


def whole_records(data: bytes) -> tuple[Array, Array]:
    """Return all places, in order, where a whole record checks, and the lengths of their payloads."""
    places = _plausible_places(data)
    lengths = _numbers_at(data, places + 12)
    ends = places + RECORD_HEADER.size + lengths
    fits = (lengths <= LONGEST_PAYLOAD) & (ends + -lengths % 8 <= len(data))
    places, lengths, ends = places[fits], lengths[fits], ends[fits]
    stops, index = np.unique(np.concatenate([places + 8, ends]), return_inverse=True)
    prefixes = _prefix_checksums(data, stops)[index.reshape(-1)]
    begun, ended = prefixes[: len(places)], prefixes[len(places) :]
    whole = (_with_zeros(begun, lengths + 8) ^ ended) == _numbers_at(data, places + 4)
    return places[whole], lengths[whole]


def _plausible_places(data: bytes) -> Array:
    """Return the places of sync bytes that leave room for a record's header."""
    numbers = np.frombuffer(data, np.uint8)
    last = len(data) - RECORD_HEADER.size + 1
    found = []
    for begin in range(0, max(last, 0), _PIECE):
        end = min(begin + _PIECE, last)
        alike = numbers[begin:end] == SYNC[0]
        for index in range(1, len(SYNC)):
            alike &= numbers[begin + index : end + index] == SYNC[index]
        found.append(begin + np.flatnonzero(alike))
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _numbers_at(data: bytes, places: Array) -> Array:
    """Return the unsigned 32-bit numbers at some places, as int64."""
    numbers = np.frombuffer(data, np.uint8)
    found = np.zeros(len(places), np.int64)
    for index in range(4):
        found |= numbers[places + index].astype(np.int64) << 8 * index
    return found


def _prefix_checksums(data: bytes, stops: Array) -> Array:
    """Return the crc32 of the bytes up to each of ``stops``, which are in order."""
    view, checksum, begin = memoryview(data), 0, 0
    found = np.empty(len(stops), np.int64)
    for index, stop in enumerate(stops.tolist()):
        checksum = zlib.crc32(view[begin:stop], checksum)
        found[index] = checksum
        begin = stop
    return found


def _with_zeros(checksums: Array, counts: Array) -> Array:
    """Return what each checksum contributes to one of a text that has ``counts`` more bytes behind it.

    crc32(a + b) == _with_zeros(crc32(a), len(b)) ^ crc32(b). Appending zero bytes is a linear map of 32 bits; the map
    for a count is made of those for its binary digits.
    """
    shifted = checksums.copy()
    columns = [_one_zero_byte(1 << bit) for bit in range(32)]
    for digit in range(int(counts.max(initial=0)).bit_length()):
        chosen = np.flatnonzero(counts >> digit & 1)
        if len(chosen):
            tables = _tables(columns)
            before = shifted[chosen]
            after = tables[0][before & 255]
            for index in range(1, 4):
                after ^= tables[index][before >> 8 * index & 255]
            shifted[chosen] = after
        columns = [_applied(columns, column) for column in columns]
    return shifted


def _one_zero_byte(register: int) -> int:
    for _ in range(8):
        register = register >> 1 ^ (_POLYNOMIAL if register & 1 else 0)
    return register


def _applied(columns: list[int], register: int) -> int:
    """Return a linear map, given as what becomes of each bit, of a register."""
    result = 0
    for column in columns:
        if register & 1:
            result ^= column
        register >>= 1
    return result


def _tables(columns: list[int]) -> list[Array]:
    """Return a linear map as four tables, one for each byte of the register."""
    return [
        np.array([_applied(columns[8 * byte : 8 * byte + 8], value) for value in range(256)], np.int64)
        for byte in range(4)
    ]
