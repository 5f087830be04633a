"""Numbers, times and bytes as docs/api.md writes them.

JSON has no NaN and no infinities, and JavaScript loses whole numbers beyond 2^53: both travel as texts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime, timezone
from typing import Any

import msgspec
import numpy as np

#: the greatest whole number that a float64, hence JavaScript, holds together with all smaller ones
LARGEST_WHOLE = 2**53

#: a number on its way out: itself, or the text that stands for one that JSON can't hold
Number = float | int | str

_encoder = msgspec.json.Encoder()
#: U+0080 to U+009F in UTF-8: terminals take them for escape sequences, and JSON does not ask for escaping them
_STEERING = re.compile(rb"\xc2([\x80-\x9f])")


def number(value: float | int | None) -> Number | None:
    """Return ``value`` as JSON can hold it.

    >>> number(0.5), number(float("-inf")), number(2**60), number(None)
    (0.5, '-Infinity', '1152921504606846976', None)
    """
    if value is None:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else _nonfinite(value)
    return value if -LARGEST_WHOLE <= value <= LARGEST_WHOLE else str(value)


def _nonfinite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def plain(value: Any) -> Any:
    """Return any value a user may have logged as something JSON can hold, its parts too.

    >>> plain({"lr": 0.1, "ends": (float("nan"), 2)})
    {'lr': 0.1, 'ends': ['NaN', 2]}
    """
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(part) for part in value]
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    return value.isoformat() if isinstance(value, date) else str(value)


def numbers(values: np.ndarray[Any, Any]) -> list[Any]:
    """Return an array of numbers as JSON can hold it; quick where all are finite."""
    listed: list[Any] = values.tolist()
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return [number(value) for value in listed]
    return listed


def moment(value: datetime) -> str:
    """Return a time in UTC with microseconds.

    >>> moment(datetime(2026, 11, 20, 18, 56, tzinfo=timezone.utc))
    '2026-11-20T18:56:00.000000Z'
    """
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def maybe_moment(value: datetime | None) -> str | None:
    """Return a time in UTC, None when there is none."""
    return None if value is None else moment(value)


def json_bytes(answer: Any) -> bytes:
    """Return the JSON of an answer, whose numbers must have gone through ``number`` or ``plain``.

    Control codes are escaped, those beyond ASCII too: what was logged may not steer the terminal.

    >>> json_bytes("a\\x9b31m")
    b'"a\\\\u009b31m"'
    """
    try:
        encoded = _encoder.encode(answer)
    except UnicodeEncodeError:
        # Half a surrogate pair, from a file name say, has no UTF-8: shown as a question mark.
        encoded = _encoder.encode(_repaired(msgspec.to_builtins(answer)))
    return escaped_controls(encoded) if b"\xc2" in encoded else encoded


def escaped_controls(text: bytes) -> bytes:
    """Escape the control codes U+0080 to U+009F in JSON, where they can stand in texts only."""
    return _STEERING.sub(lambda found: b"\\u00%02x" % found[1][0], text)


def _repaired(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_repaired(key): _repaired(part) for key, part in value.items()}
    return [_repaired(part) for part in value] if isinstance(value, (list, tuple)) else value
