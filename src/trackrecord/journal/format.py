"""The constants of the journal format, version 1, and records to bytes. The page is docs/format.md."""

from __future__ import annotations

import json
import struct
import zlib
from enum import IntEnum
from typing import Any

from trackrecord.journal.interruption import let_through

MAGIC = b"\x89TRJ\r\n\x1a\n"
READ_VERSION = 1
WRITE_VERSION = 1
FILE_HEADER = struct.Struct("<8sHHI")
SYNC = b"\xa7\xf1TR"
#: sync bytes, crc32, kind, flags, zero, length of the payload
RECORD_HEADER = struct.Struct("<4sIBBHI")
#: the part of the header that the crc covers, with the payload behind it
_COVERED = struct.Struct("<BBHI")
LONGEST_PAYLOAD = 64 << 20
SEGMENT_BYTES = 16 << 20
#: content up to this size lies in the journal, greater in blobs/
LONGEST_CONTENT = 64 << 10

SKIPPABLE = 1
STEP_IS_FRACTIONAL = 16
RETRIED = 32


class Kind(IntEnum):
    """The kinds of records."""

    SEGMENT = 1
    BEGIN = 2
    PARAMS = 3
    COLUMNS = 4
    ROW = 5
    SUMMARY = 6
    CONTRACT = 7
    MEDIA = 8
    CONTENT = 9
    ARTIFACT = 10
    CONSOLE = 11
    HEARTBEAT = 12
    FACTS = 13
    PROBLEM = 14
    EXPERIMENT = 15
    CHANGE = 16
    REWIND = 17
    FORK = 18
    RANK = 19
    REDACTION = 20
    FINISH = 21
    CLOSE = 22


_SKIPPABLE_KINDS = frozenset(
    (
        Kind.CONTRACT,
        Kind.MEDIA,
        Kind.CONTENT,
        Kind.CONSOLE,
        Kind.HEARTBEAT,
        Kind.FACTS,
        Kind.PROBLEM,
        Kind.RANK,
    )
)
BINARY_KINDS = frozenset((Kind.ROW, Kind.CONTENT))


def file_header() -> bytes:
    """Return the 16 bytes a segment begins with."""
    return FILE_HEADER.pack(MAGIC, READ_VERSION, WRITE_VERSION, 0)


def encode_record(kind: int, payload: bytes, flags: int = 0) -> bytes:
    """Frame a payload as one record, padded to a multiple of 8 bytes.

    Raises ValueError when the payload is longer than LONGEST_PAYLOAD.
    """
    length = len(payload)
    if length > LONGEST_PAYLOAD:
        raise ValueError(f"a record of {length} bytes is longer than the format allows ({LONGEST_PAYLOAD})")
    covered = _COVERED.pack(kind, flags, 0, length) + payload
    return SYNC + zlib.crc32(covered).to_bytes(4, "little") + covered + bytes(-length % 8)


def encode_structural(kind: Kind, fields: dict[str, Any]) -> bytes:
    """Frame a JSON object as one record; see "Values" in docs/format.md for what JSON lacks."""
    flags = SKIPPABLE if kind in _SKIPPABLE_KINDS else 0
    return encode_record(kind, dump_json(fields), flags)


def encode_content(digest: bytes, content: bytes) -> bytes:
    """Frame bytes that other records cite by their SHA-256 digest."""
    return encode_record(Kind.CONTENT, digest + content, SKIPPABLE)


class RowEncoder:
    """Makes the rows of one set of columns.

    Each is one call of ``struct.pack`` and one crc: this is the whole cost of a ``log()`` besides the write.
    """

    def __init__(self, columns_id: int, columns: int) -> None:
        self._id = columns_id
        self._length = 24 + 8 * columns
        self._whole = struct.Struct(f"<BBHIIIqq{columns}d")
        self._fractional = struct.Struct(f"<BBHIIIdq{columns}d")

    def encode(self, step: int | float, time_ns: int, values: Any, flags: int = 0) -> bytes:
        """Return the record of one row. Raises struct.error, TypeError or OverflowError for what is no number."""
        if type(step) is int:
            covered = self._whole.pack(5, flags, 0, self._length, self._id, 0, step, time_ns, *values)
        else:
            covered = self._fractional.pack(
                5, flags | STEP_IS_FRACTIONAL, 0, self._length, self._id, 0, step, time_ns, *values
            )
        return SYNC + zlib.crc32(covered).to_bytes(4, "little") + covered


def dump_json(value: Any) -> bytes:
    """Write a value as compact JSON; non-finite and large numbers as docs/format.md says."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        let_through(error)
        text = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace")


def encode_value(value: Any) -> Any:
    """Return ``value`` as JSON can hold it: NaN, infinities and large whole numbers become objects."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return {"$float": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, int) and not isinstance(value, bool) and not -(1 << 53) <= value <= 1 << 53:
        return {"$int": hex(value)} if value.bit_length() > 10_000 else {"$int": str(value)}
    return value


def decode_value(value: Any) -> Any:
    """Undo encode_value; a ``$repr`` object comes back as its text, one that says no number after all as it is."""
    if isinstance(value, dict):
        try:
            if "$float" in value:
                return float(str(value["$float"]).replace("Infinity", "inf"))
            if "$int" in value:
                digits = str(value["$int"])
                return int(digits, 16) if "0x" in digits else int(digits)
        except ValueError:
            return value
        if "$repr" in value:
            return str(value["$repr"])
        return {key: decode_value(child) for key, child in value.items()}
    if isinstance(value, list):
        return [decode_value(child) for child in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(child) for child in value]
    return encode_value(value)
