"""Places in a list, as opaque texts that a reader hands back to get the next page."""

from __future__ import annotations

import base64
import json

from trackrecord.words.errors import UsageError


def cursor_at(offset: int, result: str | None = None) -> str:
    """Return the text that stands for a place in a list, and for the kept result that the list is."""
    place: dict[str, object] = {"after": offset}
    if result is not None:
        place["of"] = result
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def position_of(cursor: str) -> int:
    """Return the place that a cursor stands for. Raises UsageError."""
    return place_of(cursor)[0]


def place_of(cursor: str) -> tuple[int, str | None]:
    """Return the place, and the name of the kept result where the cursor has one. Raises UsageError."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        position, result = place["after"], place.get("of")
        if not isinstance(position, int) or isinstance(position, bool) or not 0 <= position < 2**62:
            raise ValueError(position)
        if result is not None and not isinstance(result, str):
            raise ValueError(result)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(
            f"{cursor[:60]!r} is not a cursor of this store.", hint="Begin again without a cursor."
        ) from None
    return position, result
