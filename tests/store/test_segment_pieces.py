"""A segment of any size is read in pieces, and what comes out does not depend on their size."""

from __future__ import annotations

import io
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.journals import Journal
from trackrecord.journal.bulk import Batch, Rows, read_batch
from trackrecord.journal.format import (
    RECORD_HEADER,
    SYNC,
    Kind,
    RowEncoder,
    encode_record,
    encode_structural,
    file_header,
)
from trackrecord.store.intake.segment_pieces import SegmentReader, Sizes

_LONGEST = 600
_GOOD = encode_record(Kind.HEARTBEAT, b'{"t":1}', 1)
_COLUMNS = encode_structural(Kind.COLUMNS, {"t": 1, "id": 0, "keys": ["a", "b"]})
_ROW = RowEncoder(0, 2).encode(1, 2, (1.0, 2.0))

_PARTS = st.one_of(
    st.just(_COLUMNS),
    st.just(_ROW),
    st.just(_GOOD),
    st.just(SYNC),
    st.binary(max_size=30),
    st.integers(1, 30).map(lambda size: _ROW[:size]),
    st.integers(0, 500).map(lambda size: encode_record(Kind.CONTENT, b"c" * size, 1)),
    st.integers(0, 10).map(lambda count: encode_record(Kind.CONTENT, _GOOD * count, 1)),
    st.integers(0, _LONGEST).map(lambda length: RECORD_HEADER.pack(SYNC, 7, 12, 1, 0, length)),
    st.integers(1, 40).map(lambda count: b"\xff" * 50 * count),
)


def _content(batches: list[Batch]) -> tuple[Any, ...]:
    rows, records = [], []
    for item in (item for batch in batches for item in batch.items):
        if isinstance(item, Rows):
            rows += list(zip(item.offsets.tolist(), item.steps.tolist(), item.values.tolist(), strict=True))
        else:
            records.append(item)
    damage = [damage for batch in batches for damage in batch.damage]
    return sorted(rows), records, damage, batches[-1].end


@settings(max_examples=400)
@given(st.lists(_PARTS, max_size=25).map(b"".join), st.integers(64, 400), st.booleans(), st.booleans())
def test_the_size_of_pieces_decides_nothing(body: bytes, piece: int, final: bool, quiet: bool) -> None:
    """Records, damage and end are those of a segment that is read at once, whatever is in it."""
    data = file_header() + body
    with pytest.MonkeyPatch.context() as patch:
        # as if no record could be longer, so that a file need not be greater than 64 MiB to be a great one
        patch.setattr("trackrecord.journal.reader.LONGEST_PAYLOAD", _LONGEST)
        patch.setattr("trackrecord.journal.resync.LONGEST_PAYLOAD", _LONGEST)
        reader = SegmentReader(io.BytesIO(data), sizes=Sizes(piece, _LONGEST + 24))
        batches = []
        while True:
            found = reader.next_piece(final=final, quiet=quiet)
            assert found is not None
            batches.append(found.batch)
            if found.at_end:
                break
        assert _content(batches) == _content([read_batch(data, final=final, quiet=quiet)])


def test_a_great_segment_is_never_in_memory_as_a_whole() -> None:
    """A segment far greater than a piece is read in the memory of some pieces."""
    journal = Journal().begin()
    journal.log({"loss": 1.0}, 0)
    encoder = RowEncoder(0, 1)
    data = journal.bytes() + b"".join(encoder.encode(step, step, (0.5,)) for step in range(200_000))
    reader = SegmentReader(io.BytesIO(data), sizes=Sizes(1 << 18, 1 << 18))
    tracemalloc.start()
    rows = 0
    while (piece := reader.next_piece()) is not None:
        rows += sum(len(item.steps) for item in piece.batch.items if isinstance(item, Rows))
        if piece.at_end:
            break
        del piece
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == 200_001
    assert most < len(data) / 3
