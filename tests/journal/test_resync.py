"""Whole records are found in damaged bytes where they are, and without going through the same bytes again and again."""

from __future__ import annotations

import zlib
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackrecord.journal import resync
from trackrecord.journal.bulk import read_batch
from trackrecord.journal.format import (
    RECORD_HEADER,
    SYNC,
    Kind,
    RowEncoder,
    encode_record,
    encode_structural,
    file_header,
)
from trackrecord.journal.reader import WholeRecords, end_of, scan

_GOOD = encode_record(Kind.HEARTBEAT, b'{"t":1}', 1)

#: bytes in which much looks like a record: whole ones, nested ones, torn ones, sync bytes, lengths that point anywhere
_PARTS = st.one_of(
    st.just(_GOOD),
    st.just(SYNC),
    st.binary(max_size=6),
    st.binary(max_size=40).map(lambda content: encode_record(Kind.CONTENT, content, 1)),
    st.integers(0, 30).map(lambda size: encode_record(Kind.CONTENT, _GOOD * 3, 1)[:size]),
    st.integers(0, 300).map(lambda length: RECORD_HEADER.pack(SYNC, 7, 12, 1, 0, length)),
)


@settings(max_examples=300)
@given(st.lists(_PARTS, max_size=20).map(b"".join))
def test_all_whole_records_are_found_at_once(data: bytes) -> None:
    """Worked out at once from checksums of prefixes, the whole records are those that a check of each place finds."""
    slow = WholeRecords(data)
    expected = [
        (place, slow.length_at(place)) for place in range(len(data)) if slow.length_at(place) is not None
    ]
    places, lengths = resync.whole_records(data)
    assert list(zip(places.tolist(), lengths.tolist(), strict=True)) == expected


@settings(max_examples=200)
@given(st.lists(_PARTS, max_size=20).map(b"".join), st.booleans(), st.booleans())
def test_reading_is_the_same_with_and_without_patience(data: bytes, final: bool, quiet: bool) -> None:
    """What is read does not depend on when the places are worked out at once."""
    impatient = resync.QuickRecords(data)
    impatient._patience = 0
    expected = list(scan(data, 0, final=final, quiet=quiet))
    assert list(scan(data, 0, final=final, quiet=quiet, records=impatient)) == expected


@given(st.binary(max_size=100), st.binary(max_size=3000))
def test_checksums_are_put_together(front: bytes, back: bytes) -> None:
    """The crc32 of two texts behind each other follows from theirs and a length."""
    begun = np.array([zlib.crc32(front)], np.int64)
    shifted = resync._with_zeros(begun, np.array([len(back)], np.int64))
    assert int(shifted[0]) ^ zlib.crc32(back) == zlib.crc32(front + back)


def _pretending(length: int) -> bytes:
    return RECORD_HEADER.pack(SYNC, 0x01020304, 12, 1, 0, length)


_ROW = RowEncoder(0, 3).encode(1, 2, (1.0, 2.0, 3.0))
_COLUMNS = encode_structural(Kind.COLUMNS, {"t": 1, "id": 0, "keys": ["a", "b", "c"]})
_HOSTILE = {
    "sync bytes": SYNC * (1 << 16),
    "long lengths": _pretending(100_000) * (1 << 14),
    "overlapping": (SYNC + (120_000).to_bytes(4, "little")) * (1 << 15),
    "every other record": (_GOOD + _pretending(100_000)) * (1 << 12),
    "every other row": _COLUMNS + (_ROW + _ROW[:-1] + b"!") * (1 << 11),
    "noise": Random(0).randbytes(1 << 18),
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_bytes_made_to_harm_are_gone_through_a_few_times_only(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many records are pretended, only so many bytes are checked: their number, and not its square."""
    data = file_header() + _HOSTILE[name]
    checked = 0

    def count(text: bytes, checksum: int = 0) -> int:
        nonlocal checked
        checked += len(text)
        return zlib.crc32(text, checksum)

    class Counting:
        crc32 = staticmethod(count)

    for module in ("reader", "bulk", "resync"):
        monkeypatch.setattr(f"trackrecord.journal.{module}.zlib", Counting)
    batch = read_batch(data, final=True)
    assert checked < 5 * len(data) + 2 * resync._PATIENCE
    monkeypatch.undo()
    assert batch.end == len(data)
    assert all(
        end_of(one) <= other.offset for one, other in zip(batch.damage, batch.damage[1:], strict=False)
    )
    if name == "every other record":
        assert (len(batch.items), len(batch.damage)) == (1 << 12, 1 << 12)
