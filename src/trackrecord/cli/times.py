"""How moments and durations read in a terminal."""

from __future__ import annotations

from datetime import datetime, timezone

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def format_duration(seconds: float) -> str:
    """Return a duration for people.

    >>> format_duration(0.25), format_duration(72), format_duration(7300), format_duration(200_000)
    ('0.25 s', '1 min 12 s', '2 h 1 min', '2 d 7 h')
    """
    if seconds < 10:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def format_ago(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago a moment was, its date when that was more than a month.

    >>> from datetime import timedelta
    >>> now = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
    >>> format_ago(now - timedelta(minutes=3), now), format_ago(now - timedelta(days=90), now)
    ('3 min ago', '2026-08-22')
    """
    seconds = ((now or datetime.now(timezone.utc)) - moment).total_seconds()
    if seconds < 5:
        return "just now"
    if seconds < _MINUTE:
        return f"{int(seconds)} s ago"
    if seconds < _HOUR:
        return f"{int(seconds / _MINUTE)} min ago"
    if seconds < _DAY:
        return f"{int(seconds / _HOUR)} h ago"
    if seconds < 31 * _DAY:
        return f"{int(seconds / _DAY)} d ago"
    return f"{moment.astimezone():%Y-%m-%d}"


def format_moment(moment: datetime) -> str:
    """Return a moment in the local time of the reader."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
