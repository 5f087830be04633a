"""Arrays of numbers to bytes and back, without loss: the payloads of chunks. docs/store.md has the layout.

A payload is a header of 12 bytes and a body. The header holds a codec id, the codec's version, the kind of number,
how many there are, and a crc32 of the header's first 8 bytes and the body.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from trackrecord.words.errors import FormatError

Array = np.ndarray[Any, Any]

#: codec, version, kind of number, zero, count, crc32
_HEADER = struct.Struct("<BBBBII")
_COVERED = struct.Struct("<BBBBI")

RAW, SHUFFLED, PCODEC = 0, 1, 2
_VERSION = 1
#: more effort packs these numbers 3 % smaller, in three times the time
_PCODEC_EFFORT = 4
#: int64, float64 and single bytes, always little endian
_KINDS: dict[int, np.dtype[Any]] = {1: np.dtype("<i8"), 2: np.dtype("<f8"), 3: np.dtype("u1")}
_KIND_OF = {"i8": 1, "f8": 2, "u1": 3}


def encode(numbers: Array, codec: int = RAW) -> bytes:
    """Return the payload of an array of int64, float64 or uint8; every bit of a NaN is kept.

    With ``SHUFFLED`` or ``PCODEC`` it is made smaller where that helps; what does not shrink is stored raw. Single
    bytes are always shuffled, never given to pcodec.

    >>> decode(encode(np.array([1.5, float("nan")]))).tolist()
    [1.5, nan]
    """
    kind = _KIND_OF[numbers.dtype.str[1:]]
    plain = np.ascontiguousarray(numbers, dtype=_KINDS[kind])
    body = plain.tobytes()
    used = RAW
    if codec != RAW and len(plain):
        codec = SHUFFLED if plain.itemsize == 1 else codec
        smaller = zlib.compress(_shuffle(plain), 6) if codec == SHUFFLED else _pcodec(plain)
        if len(smaller) < len(body):
            body, used = smaller, codec
    covered = _COVERED.pack(used, _VERSION, kind, 0, len(plain))
    checksum: int = zlib.crc32(body, zlib.crc32(covered))
    return covered + checksum.to_bytes(4, "little") + body


def begin_of_raw(kind: np.dtype[Any], count: int) -> bytes:
    """Return what a payload that is stored raw has before its checksum, for who packs very many small ones."""
    return _COVERED.pack(RAW, _VERSION, _KIND_OF[kind.str[1:]], 0, count)


def decode(payload: bytes) -> Array:
    """Return the array of a payload.

    Raises FormatError when a bit of it is not what was written, or when its codec is not known here.
    """
    if len(payload) < _HEADER.size:
        raise FormatError(f"a chunk of {len(payload)} bytes is too short to be one", hint=_HINT)
    codec, version, kind, _, count, checksum = _HEADER.unpack_from(payload)
    body = memoryview(payload)[_HEADER.size :]
    if zlib.crc32(body, zlib.crc32(payload[: _COVERED.size])) != checksum:
        raise FormatError("a chunk does not match its checksum", hint=_HINT)
    if codec not in (RAW, SHUFFLED, PCODEC) or version != _VERSION or kind not in _KINDS:
        raise FormatError(
            f"a chunk was written with codec {codec} version {version}, which this Trackrecord does not know",
            hint="upgrade with: pip install -U trackrecord",
        )
    dtype = _KINDS[kind]
    if codec == SHUFFLED:
        return _unshuffle(_inflate(body, count * dtype.itemsize), dtype)
    if codec == PCODEC:
        return _from_pcodec(body, count, dtype)
    if len(body) != count * dtype.itemsize:
        raise FormatError(f"a chunk says {count} numbers but holds {len(body)} bytes", hint=_HINT)
    return np.frombuffer(body, dtype=dtype)


_HINT = "run `trackrecord check` to see what else is damaged; a backup of store.db has the bytes"


def _shuffle(plain: Array) -> bytes:
    """Put the first bytes of all numbers first, then the second ones, ...: like bytes side by side pack better."""
    if plain.dtype.kind == "i":
        # differences wrap around, so that any two whole numbers can follow each other
        unsigned = plain.view("<u8")
        plain = np.diff(unsigned, prepend=np.zeros(1, "<u8"))
    return plain.view("u1").reshape(len(plain), plain.dtype.itemsize).T.tobytes()


def _unshuffle(shuffled: bytes, dtype: np.dtype[Any]) -> Array:
    width = dtype.itemsize
    planes = np.frombuffer(shuffled, dtype="u1").reshape(width, -1)
    plain = np.ascontiguousarray(planes.T).reshape(-1)
    if dtype.kind == "i":
        return np.cumsum(plain.view("<u8"), dtype="<u8").view(dtype)
    return plain.view(dtype)


def _pcodec(plain: Array) -> bytes:
    from pcodec import ChunkConfig, standalone

    packed: bytes = standalone.simple_compress(plain, ChunkConfig(compression_level=_PCODEC_EFFORT))
    return packed


def _from_pcodec(body: memoryview, count: int, dtype: np.dtype[Any]) -> Array:
    from pcodec import standalone

    # into an array of the promised size, so that a crafted body can't ask for more
    try:
        plain = np.empty(count, dtype)
        progress = standalone.simple_decompress_into(bytes(body), plain)
    except (RuntimeError, TypeError, ValueError, MemoryError) as error:
        raise FormatError(f"a chunk can't be unpacked: {error}", hint=_HINT) from error
    if progress.n_processed != count or not progress.finished:
        raise FormatError(f"a chunk unpacks to {progress.n_processed} numbers, not {count}", hint=_HINT)
    return plain


def _inflate(body: memoryview, size: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        # never more than the header promises, whatever a crafted body unpacks to
        plain = unpacker.decompress(body, size + 1)
    except zlib.error as error:
        raise FormatError(f"a chunk can't be unpacked: {error}", hint=_HINT) from error
    if len(plain) != size:
        raise FormatError(f"a chunk unpacks to {len(plain)} bytes where {size} were written", hint=_HINT)
    return plain
