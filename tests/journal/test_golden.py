"""The bytes of the format, written by hand from docs/format.md; files of released versions stay readable for good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trackrecord.journal.bulk import Rows, read_batch
from trackrecord.journal.format import (
    SKIPPABLE,
    Kind,
    RowEncoder,
    encode_record,
    encode_structural,
    file_header,
)
from trackrecord.journal.reader import Record, check_file_header, record_size

GOLDEN = Path(__file__).parent / "golden"

HEADER = "89 54 52 4A 0D 0A 1A 0A  01 00  01 00  00 00 00 00"
COLUMNS = (
    "A7 F1 54 52  14 2B 43 D9  04  00  00 00  1F 00 00 00"  # sync, crc32, kind, flags, zero, length
    "7B 22 74 22 3A 31 2C 22 69 64 22 3A 37 2C"  # {"t":1,"id":7,
    "22 6B 65 79 73 22 3A 5B 22 61 22 2C 22 62 22 5D 7D  00"  # "keys":["a","b"]} and padding
)
WHOLE_ROW = (
    "A7 F1 54 52  C5 36 E3 21  05  00  00 00  28 00 00 00"
    "07 00 00 00  00 00 00 00  03 00 00 00 00 00 00 00  05 00 00 00 00 00 00 00"  # id, zero, step, time
    "00 00 00 00 00 00 F0 3F  00 00 00 00 00 00 00 80"  # 1.0 and -0.0
)
FRACTIONAL_ROW = (
    "A7 F1 54 52  CC 23 F5 A3  05  10  00 00  28 00 00 00"
    "07 00 00 00  00 00 00 00  00 00 00 00 00 00 E0 3F  06 00 00 00 00 00 00 00"
    "00 00 00 00 00 00 F0 7F  00 00 00 00 00 00 04 40"
)
HEARTBEAT = "A7 F1 54 52  DD BF BC 8D  0C  01  00 00  07 00 00 00  7B 22 74 22 3A 39 7D  00"


def test_encoding_gives_the_bytes_of_the_page() -> None:
    """What is written is exactly what docs/format.md describes."""
    row = RowEncoder(7, 2)
    assert file_header() == bytes.fromhex(HEADER)
    assert encode_structural(Kind.COLUMNS, {"t": 1, "id": 7, "keys": ["a", "b"]}) == bytes.fromhex(COLUMNS)
    assert row.encode(3, 5, (1.0, -0.0)) == bytes.fromhex(WHOLE_ROW)
    assert row.encode(0.5, 6, (float("inf"), 2.5)) == bytes.fromhex(FRACTIONAL_ROW)
    assert encode_structural(Kind.HEARTBEAT, {"t": 9}) == bytes.fromhex(HEARTBEAT)
    assert encode_record(Kind.HEARTBEAT, b'{"t":9}', SKIPPABLE) == bytes.fromhex(HEARTBEAT)


def test_decoding_takes_the_bytes_of_the_page() -> None:
    """What docs/format.md describes is read as it says."""
    data = bytes.fromhex(HEADER + COLUMNS + WHOLE_ROW + FRACTIONAL_ROW + HEARTBEAT)
    assert check_file_header(data)
    batch = read_batch(data, final=True)
    whole, fractional, heartbeat = batch.items
    assert isinstance(whole, Rows)
    assert isinstance(fractional, Rows)
    assert (whole.offsets.tolist(), whole.keys, whole.fractional) == ([64], ("a", "b"), False)
    assert (whole.steps.tolist(), whole.times.tolist()) == ([3], [5])
    assert whole.values.tobytes().hex() == "000000000000f03f0000000000000080"
    assert (fractional.fractional, fractional.steps.tolist()) == (True, [0.5])
    assert fractional.values.tolist() == [[float("inf"), 2.5]]
    assert isinstance(heartbeat, Record)
    assert (heartbeat.kind, heartbeat.fields()) == (Kind.HEARTBEAT, {"t": 9})
    assert (batch.damage, batch.end) == ([], len(data))


def _content(data: bytes) -> dict[str, Any]:
    """Return what a segment holds as the JSON files beside the golden ones say it."""
    batch = read_batch(data, final=True)
    items: list[dict[str, Any]] = []
    for item in batch.items:
        if isinstance(item, Rows):
            # the files name rows together that lie behind each other without a gap
            size = record_size(24 + 8 * len(item.keys))
            gaps = (np.flatnonzero(np.diff(item.offsets) != size) + 1).tolist()
            for begin, end in zip([0, *gaps], [*gaps, len(item.steps)], strict=True):
                items.append(
                    {
                        "rows": list(item.keys),
                        "offset": int(item.offsets[begin]),
                        "fractional": item.fractional,
                        "steps": item.steps[begin:end].tolist(),
                        "times": item.times[begin:end].tolist(),
                        "values_hex": item.values[begin:end].tobytes().hex(),
                        "retried": item.retried[begin:end].tolist(),
                    }
                )
        elif item.kind == Kind.CONTENT:
            items.append({"kind": item.kind, "offset": item.offset, "payload_hex": item.payload.hex()})
        else:
            fields = item.fields()
            items.append({"kind": item.kind, "offset": item.offset, "flags": item.flags, "fields": fields})
    items.sort(key=lambda item: item["offset"])
    damage = [[damage.offset, damage.size] for damage in batch.damage]
    return {"items": items, "damage": damage, "end": batch.end}


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.glob("v*/*.journal")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_files_of_released_versions_stay_readable(path: Path) -> None:
    """Every file in golden/ still reads as the JSON beside it says. Neither of the two is ever changed."""
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert _content(path.read_bytes()) == expected


def test_the_golden_file_has_every_kind() -> None:
    """No kind of record of this version is left out of the files that later ones must read."""
    data = (GOLDEN / "v1" / "every-kind.journal").read_bytes()
    kinds = {item.kind for item in read_batch(data).items if isinstance(item, Record)}
    assert kinds | {Kind.COLUMNS, Kind.ROW} == set(Kind)
