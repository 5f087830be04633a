"""Moments and lengths of time as people write them in a filter."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

SECOND = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}

_MOMENT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?\Z"
)


def seconds_of(duration: str) -> float:
    """Return the length of a duration such as ``10m`` in seconds, with its sign.

    >>> seconds_of("-1.5h")
    -5400.0
    """
    unit = duration.lstrip("+-.0123456789")
    return float(duration[: -len(unit)]) * _UNITS[unit]


def moment_of(text: str) -> tuple[int, int] | None:
    """Return the span of time a text means, as nanoseconds since 1970: a day, a minute, a second or less.

    Without a zone it is UTC. None when the text is no moment.

    >>> low, high = moment_of("2026-11-01")
    >>> (high - low) // 1_000_000_000
    86400
    """
    match = _MOMENT.match(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=timezone.utc,
        )
        low = whole_nanoseconds(moment) - _offset(zone)
    except (ValueError, OverflowError):
        return None
    if fraction is not None:
        unit: int = 10 ** (9 - len(fraction))
        low += int(fraction) * unit
        return low, low + unit
    if second is not None:
        return low, low + SECOND
    return low, low + (60 * SECOND if minute is not None else 86400 * SECOND)


def whole_nanoseconds(moment: datetime) -> int:
    """Return a moment as nanoseconds since 1970, exact to the microsecond."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def moment_at(nanoseconds: int) -> datetime:
    """Return nanoseconds since 1970, as stored in 64 bits (years 1677 to 2262), as a UTC time."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _offset(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    return (-1 if zone[0] == "-" else 1) * (hours * 60 + minutes) * 60 * SECOND


def moment_text(nanoseconds: int) -> str:
    """Return nanoseconds since 1970 as RFC 3339 in UTC, with all nine digits where they count.

    >>> moment_text(1_500_000_000), moment_text(1)
    ('1970-01-01T00:00:01.500000Z', '1970-01-01T00:00:00.000000001Z')
    """
    text = f"{moment_at(nanoseconds):%Y-%m-%dT%H:%M:%S.%f}"
    beyond = nanoseconds % 1000
    return f"{text}{beyond:03d}Z" if beyond else f"{text}Z"
