"""Words that are far too long: records are cut to a size that everybody can handle, never refused."""

from __future__ import annotations

from typing import Any

from trackrecord.journal.format import Kind, encode_structural
from trackrecord.journal.interruption import let_through
from trackrecord.sdk.problems import Problems
from trackrecord.sdk.settled import cut_text

#: a record of words that gets longer than this, in bytes, has its texts cut
LONGEST_WORDS = 4 << 20


def fitting_record(kind: Kind, fields: dict[str, Any], problems: Problems) -> bytes:
    """Return a structural record; where it is too long its long texts are cut, which is noted."""
    try:
        record = encode_structural(kind, fields)
        if len(record) <= LONGEST_WORDS:
            return record
    except ValueError as error:  # longer than the format allows
        let_through(error)
    problems.note(
        "long_text",
        f"a {kind.name.lower()} record was too long; the beginning of its texts and a digest were kept",
        "keep long texts with log_text or log_artifact",
    )
    return encode_structural(kind, _cut(fields))


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return cut_text(value)
    if isinstance(value, dict):
        return {key: _cut(child) for key, child in value.items()}
    return [_cut(child) for child in value] if isinstance(value, list) else value
