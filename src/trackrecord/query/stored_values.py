"""Params and summary values as the catalog keeps them, back to Python values."""

from __future__ import annotations

import json
import math
from typing import Any

# Beyond this, REAL no longer tells whole numbers apart; the exact one stands in the JSON.
_EXACT = 2.0**53


def value_of(kind: str, number: float | None, text: str | None, value: str) -> Any:
    """Return a stored value (docs/format.md, "Values") as int, float, bool, str, None, list or dict.

    >>> value_of("int", 3.0, None, "3"), value_of("float", None, None, '{"$float": "NaN"}')
    (3, nan)
    """
    if kind == "float":
        if number == 0 and value.startswith("-"):
            return -0.0  # a REAL of SQLite keeps no sign of a zero
        return math.nan if number is None else float(number)
    if kind == "int" and number is not None and abs(number) < _EXACT:
        return int(number)
    if kind == "bool" and number is not None:
        return bool(number)
    if kind == "text" and text is not None:
        return text
    if kind == "none":
        return None
    return json_value(value)


def json_value(text: str) -> Any:
    """Return a value written as docs/format.md says; a text that is no JSON comes back as it is."""
    try:
        return _plain(json.loads(text))
    except (ValueError, RecursionError):
        return text


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and "$float" in value:
        return float(value["$float"])
    if len(value) == 1 and "$int" in value:
        # Python neither reads nor writes decimals of so many digits: such a number stays the text it is kept as.
        return value["$int"] if str(value["$int"]).lstrip("-").startswith("0x") else int(value["$int"])
    if "$repr" in value:
        return value["$repr"]
    return {key: _plain(part) for key, part in value.items()}


def step_of(number: float | None) -> Any:
    """Return a step as people write it: whole ones as int.

    >>> step_of(3.0), step_of(0.5), step_of(None)
    (3, 0.5, None)
    """
    if number is None or not math.isfinite(number):
        return number
    return int(number) if number == int(number) else number
