"""Reading what was written, whatever it is, however it is cut, and whatever happened to the bytes."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trackrecord.journal.bulk import Batch, Rows, read_batch
from trackrecord.journal.format import (
    LONGEST_PAYLOAD,
    READ_VERSION,
    SKIPPABLE,
    Kind,
    RowEncoder,
    decode_value,
    dump_json,
    encode_content,
    encode_record,
    encode_structural,
    encode_value,
    file_header,
)
from trackrecord.journal.reader import Damage, Record, check_file_header, scan
from trackrecord.journal.segments import SegmentName, parse_segment_name
from trackrecord.words.errors import FormatError

#: every float there is, NaN payloads and -0.0 included, as its bits
FLOAT_BITS = st.one_of(
    st.integers(0, 2**64 - 1),
    st.sampled_from(
        [0x7FF8000000000001, 0xFFF8DEADBEEF0001, 0x7FF0000000000000, 0xFFF0000000000000, 1 << 63, 1]
    ),
).filter(lambda bits: not (bits >> 51 & 0xFFF == 0x7FE and bits & (1 << 51) - 1))  # no signalling NaN
WHOLE_STEPS = st.integers(-(2**63), 2**63 - 1)
STEPS = st.one_of(WHOLE_STEPS, st.integers(0, 5), st.floats(allow_nan=False, allow_infinity=False))
KEYS = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), min_size=1, max_size=4, unique=True
)
CALL = st.tuples(
    st.integers(0, 3), STEPS, st.integers(0, 2**62), st.lists(FLOAT_BITS, min_size=4, max_size=4)
)


def _float(bits: int) -> float:
    return float(struct.unpack("<d", bits.to_bytes(8, "little"))[0])


def _segment(columns: list[list[str]], calls: list[tuple[int, Any, int, list[int]]]) -> bytes:
    """Write calls of log() whose sets of columns take turns, with other records in between."""
    parts = [file_header(), encode_structural(Kind.SEGMENT, {"t": 1, "run": "r", "n": 0})]
    parts += [
        encode_structural(Kind.COLUMNS, {"t": 1, "id": number, "keys": keys})
        for number, keys in enumerate(columns)
    ]
    for number, (choice, step, time, bits) in enumerate(calls):
        keys = columns[choice % len(columns)]
        values = [_float(each) for each in bits[: len(keys)]]
        parts.append(RowEncoder(choice % len(columns), len(keys)).encode(step, time, values))
        if number % 7 == 3:
            parts.append(encode_structural(Kind.HEARTBEAT, {"t": number}))
    return b"".join(parts)


def _flat(batches: list[Batch]) -> list[tuple[Any, ...]]:
    """Return every row and record in the order of the segment, floats as their bits."""
    flat: list[tuple[int, tuple[Any, ...]]] = []
    for item in (item for batch in batches for item in batch.items):
        if isinstance(item, Rows):
            for row in range(len(item.steps)):
                step = item.steps[row]
                found = (
                    item.keys,
                    item.fractional,
                    step.tobytes(),
                    int(item.times[row]),
                    item.values[row].tobytes(),
                )
                flat.append((int(item.offsets[row]), found))
        else:
            flat.append((item.offset, (item.offset, item.kind, item.payload)))
    return [found for _, found in sorted(flat)]


@given(st.lists(KEYS, min_size=1, max_size=4, unique_by=tuple), st.lists(CALL, max_size=40))
def test_rows_come_back_bit_by_bit(
    columns: list[list[str]], calls: list[tuple[int, Any, int, list[int]]]
) -> None:
    """Steps, times and values of any call come back as they were, in order, sets of columns taking turns."""
    batch = read_batch(_segment(columns, calls), final=True)
    rows = [entry for entry in _flat([batch]) if len(entry) == 5]
    expected = []
    for choice, step, time, bits in calls:
        keys = columns[choice % len(columns)]
        packed = struct.pack("<q" if isinstance(step, int) else "<d", step)
        values = b"".join(each.to_bytes(8, "little") for each in bits[: len(keys)])
        expected.append((tuple(keys), isinstance(step, float), packed, time, values))
    assert rows == expected
    assert batch.damage == []


@given(
    st.lists(KEYS, min_size=1, max_size=3, unique_by=tuple),
    st.lists(CALL, max_size=25),
    st.lists(st.integers(0, 4000), max_size=8),
)
def test_any_split_into_pieces_gives_the_same(
    columns: list[list[str]], calls: list[tuple[int, Any, int, list[int]]], cuts: list[int]
) -> None:
    """A segment read while it grows, at any moments, holds what it holds when read at once."""
    data = _segment(columns, calls)
    batches: list[Batch] = []
    known: dict[int, tuple[str, ...]] = {}
    end = 0
    for cut in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
        batch = read_batch(data[end:cut], base=end, columns=known)
        assert batch.damage == []
        batches.append(batch)
        end, known = max(end, batch.end), batch.columns
    assert _flat(batches) == _flat([read_batch(data, final=True)])
    assert end == len(data)


def test_a_tail_torn_anywhere_is_cut_at_the_last_whole_record() -> None:
    """However short the file is, whole records are read, and the torn one is damage only when nothing more comes."""
    calls = [(number % 2, number, number, [number] * 4) for number in range(6)]
    data = _segment([["a"], ["b", "c"]], calls)
    ends = [16, *(item.offset for item in scan(data)), len(data)]
    whole = _flat([read_batch(data, final=True)])
    for size in range(len(data)):
        growing, final = read_batch(data[:size]), read_batch(data[:size], final=True)
        last = max((end for end in ends if end <= size), default=0)
        assert growing.damage == []
        assert growing.end == (last if size >= 16 else 0)
        assert _flat([growing]) == _flat([final]) == whole[: len(_flat([final]))]
        assert final.damage == ([Damage(last, size - last)] if 16 <= last < size else [])


@given(st.binary(max_size=300), st.booleans())
@example(b"\xa7\xf1TR" * 40, True)
def test_no_bytes_make_reading_raise(noise: bytes, final: bool) -> None:
    """Whatever stands in a file, reading goes through it."""
    batch = read_batch(file_header() + noise, final=final)
    assert batch.end <= 16 + len(noise)
    read_batch(noise, base=16, final=final)


@given(st.integers(0, 10**6), st.integers(1, 255), st.booleans())
def test_a_flipped_byte_loses_only_the_record_it_hit(place: int, mask: int, final: bool) -> None:
    """Damage anywhere behind the header raises nothing and takes away only the record in which it is."""
    calls = [(number % 2, number, number, [number] * 4) for number in range(12)]
    data = bytearray(_segment([["a"], ["b", "c"]], calls))
    records = [item for item in scan(bytes(data)) if isinstance(item, Record)]
    place = 16 + place % (len(data) - 16)
    hit = max(record.offset for record in records if record.offset <= place)
    data[place] ^= mask
    left = {item.offset: item for item in scan(bytes(data), final=True) if isinstance(item, Record)}
    read_batch(bytes(data), final=final)
    for record in records:
        if record.offset != hit:
            assert left[record.offset] == record
    # padding is not covered by the checksum, so that its record is whole all the same
    assert hit not in left or left[hit] in records


def test_rows_whose_columns_were_lost_are_damage_and_the_others_are_kept() -> None:
    """Damage in a declaration costs the rows that need it, until it is declared again."""
    data = bytearray(_segment([["a"], ["b"]], [(0, 1, 1, [1] * 4), (1, 2, 2, [2] * 4)]))
    declaration = next(
        item for item in scan(bytes(data)) if isinstance(item, Record) and item.kind == Kind.COLUMNS
    )
    data[declaration.offset + 20] ^= 1
    again = encode_structural(Kind.COLUMNS, {"t": 1, "id": 0, "keys": ["a"]})
    data += again + RowEncoder(0, 1).encode(3, 3, [3.0])
    batch = read_batch(bytes(data), final=True)
    rows = [item for item in batch.items if isinstance(item, Rows)]
    assert [(row.keys, row.steps.tolist()) for row in rows] == [(("b",), [2]), (("a",), [3])]
    assert len(batch.damage) == 2


def test_rows_that_do_not_fit_their_columns_are_damage() -> None:
    """A row of another size than its columns say, or of no size at all, is reported and skipped."""
    columns = encode_structural(Kind.COLUMNS, {"t": 1, "id": 0, "keys": ["a"]})
    short, wide = encode_record(Kind.ROW, b"\0" * 8), RowEncoder(0, 2).encode(1, 1, [1.0, 2.0])
    good = RowEncoder(0, 1).encode(2, 2, [3.0])
    batch = read_batch(file_header() + columns + short + wide + good, final=True)
    assert [item.steps.tolist() for item in batch.items if isinstance(item, Rows)] == [[2]]
    assert len(batch.damage) == 2


@given(
    st.dictionaries(
        st.text(max_size=5), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
    )
)
def test_structural_records_come_back(fields: dict[str, Any]) -> None:
    """The JSON of a record is read as it was written."""
    data = file_header() + encode_structural(Kind.PARAMS, fields)
    (record,) = [item for item in scan(data) if isinstance(item, Record)]
    assert record.fields() == fields


@given(
    st.integers()
    | st.floats()
    | st.text()
    | st.booleans()
    | st.none()
    | st.sampled_from([10**5000, -(10**4000)])
)
def test_values_come_back_exactly(value: Any) -> None:
    """Values of params and summaries are kept exactly, numbers that JSON lacks included."""
    data = encode_structural(Kind.SUMMARY, {"t": 1, "summary": {"x": encode_value(value)}})
    (record,) = [item for item in scan(data, 0) if isinstance(item, Record)]
    found = record.values("summary")["x"]
    assert type(found) is type(value)
    assert found == value or (isinstance(value, float) and math.isnan(value) and math.isnan(found))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[1]",
        b"\xff\xfe",
        b'{"params":[1]}',
        b'{"params":{"a":{"$float":"zzz"},"b":{"$int":[]}}}',
        b"[" * 5000,
        b'{"params":{"a":' + b"[" * 3000 + b"]" * 3000 + b"}}",
        b'{"params":{"a":{"$int":"' + b"9" * 9000 + b'"}}}',
    ],
)
def test_nonsense_in_a_whole_record_raises_nothing(payload: bytes) -> None:
    """A record whose checksum is right but whose content is not what it should be is still no reason to stop."""
    record = Record(0, Kind.PARAMS, 0, payload)
    assert isinstance(record.fields(), dict)
    assert isinstance(record.values("params"), dict)
    read_batch(file_header() + encode_record(Kind.COLUMNS, payload), final=True)


def test_unknown_kinds_are_skipped_only_if_they_say_so() -> None:
    """A record of a later version is passed over when marked skippable; else reading stops before it and says so."""
    heartbeat = encode_structural(Kind.HEARTBEAT, {"t": 1})
    skippable, needed = encode_record(150, b"new", SKIPPABLE), encode_record(99, b"new")
    batch = read_batch(file_header() + skippable + heartbeat, final=True)
    assert ([item.kind for item in batch.items if isinstance(item, Record)], batch.not_understood) == (
        [12],
        None,
    )
    batch = read_batch(file_header() + heartbeat + needed + heartbeat, final=True)
    assert len(batch.items) == 1
    assert batch.not_understood == Record(16 + len(heartbeat), 99, 0, b"new")
    assert batch.end == 16 + len(heartbeat)


def test_a_journal_inside_of_a_content_is_not_read() -> None:
    """Records within the bytes of a logged file are not records, also while that file is only half written."""
    inner = file_header() + encode_structural(Kind.FINISH, {"t": 1, "state": "failed"})
    content = encode_content(b"\0" * 32, inner * 20)
    data = file_header() + content + encode_structural(Kind.HEARTBEAT, {"t": 2})
    kinds = [item.kind for item in read_batch(data, final=True).items if isinstance(item, Record)]
    assert kinds == [Kind.CONTENT, Kind.HEARTBEAT]
    for size in range(16, 16 + len(content), 97):
        assert read_batch(data[:size]).items == []


def test_headers_are_checked() -> None:
    """A file for newer readers and one that is no journal are refused; a file still too short is neither."""
    assert check_file_header(file_header() + b"x")
    assert not check_file_header(b"")
    assert not check_file_header(file_header()[:11])
    newer = struct.pack("<8sHHI", file_header()[:8], READ_VERSION + 1, READ_VERSION + 5, 0)
    with pytest.raises(FormatError, match=r"needs a reader of format 2 \(written as 6\)"):
        check_file_header(newer)
    assert check_file_header(struct.pack("<8sHHI", file_header()[:8], READ_VERSION, READ_VERSION + 5, 0))
    for wrong in (b"PK\x03\x04", b"x" * 40):
        with pytest.raises(FormatError, match="no journal"):
            check_file_header(wrong)


def test_a_record_longer_than_the_format_allows_is_refused() -> None:
    """The writer raises for it, and a reader takes such a length for damage."""
    with pytest.raises(ValueError, match="longer than the format allows"):
        encode_record(Kind.CONTENT, bytes(LONGEST_PAYLOAD + 1))
    forged = bytearray(encode_structural(Kind.HEARTBEAT, {"t": 1}))
    forged[12:16] = struct.pack("<I", LONGEST_PAYLOAD + 1)
    good = encode_structural(Kind.HEARTBEAT, {"t": 2})
    batch = read_batch(file_header() + bytes(forged) + good)
    assert [item.fields() for item in batch.items if isinstance(item, Record)] == [{"t": 2}]
    assert batch.damage == [Damage(16, len(forged))]


@settings(max_examples=20)
@given(st.integers(0, 2000), st.data())
def test_bulk_reading_checks_every_row(count: int, data: st.DataObject) -> None:
    """Among many rows taken at once a damaged one is found, and all others are kept."""
    row = RowEncoder(0, 1)
    rows = [row.encode(number, number, [number]) for number in range(count + 1)]
    broken = data.draw(st.integers(0, count))
    rows[broken] = rows[broken][:45] + bytes([rows[broken][45] ^ 1]) + rows[broken][46:]
    columns = encode_structural(Kind.COLUMNS, {"t": 1, "id": 0, "keys": ["a"]})
    batch = read_batch(file_header() + columns + b"".join(rows), final=True)
    steps = [step for item in batch.items if isinstance(item, Rows) for step in item.steps.tolist()]
    assert steps == [number for number in range(count + 1) if number != broken]
    assert len(batch.damage) == 1


def test_retried_points_are_marked() -> None:
    """The mark of points from a retrying protocol comes back with each row, and does not divide a bulk."""
    row = RowEncoder(0, 1)
    rows = b"".join(row.encode(number, number, [0.0], 32 if number == 2 else 0) for number in range(4))
    columns = encode_structural(Kind.COLUMNS, {"t": 1, "id": 0, "keys": ["a"]})
    (item,) = read_batch(file_header() + columns + rows).items
    assert isinstance(item, Rows)
    assert item.retried.tolist() == [False, False, True, False]
    assert item.values.dtype == np.float64


def test_names_of_segments() -> None:
    """A file's name says run, writer and number; other files in an inbox are not taken for segments."""
    name = SegmentName("0199d5f2e4007c3e8f0123456789abcd", "00ff00ff00ff00ff", 12)
    assert name.file_name() == "0199d5f2e4007c3e8f0123456789abcd.00ff00ff00ff00ff.12.journal"
    assert parse_segment_name(name.file_name()) == name
    assert parse_segment_name("-.00ff00ff00ff00ff.0.journal") == SegmentName("-", "00ff00ff00ff00ff", 0)
    for other in (
        "store.json",
        ".1.ab.probe",
        "r.00FF00ff00ff00ff.0.journal",
        "r.00ff00ff00ff00ff.0.journal\n",
        "a/b.00ff00ff00ff00ff.0.journal",
    ):
        assert parse_segment_name(other) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_of_any_value_is_valid_and_keeps_numbers(value: Any) -> None:
    """NaN and infinities anywhere in a structure are written as JSON that every reader takes."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    read = json.loads(dump_json(value), parse_constant=refuse)
    assert repr(decode_value(read)) == repr(_without_marks(value))


def _without_marks(value: Any) -> Any:
    """Replace what decode_value takes for a number of its own; only texts of one's own making look like that."""
    return decode_value(value) if isinstance(value, (dict, list)) else value
