"""Segments that this Trackrecord can't read: a process that looks again and again does not open them again.

Only in memory: a newer Trackrecord, in another process, is to read them at its first look.
"""

from __future__ import annotations

from trackrecord.store.intake.inbox import Segment


class LeftAlone:
    """What is known of such segments. Holds while a file keeps its size and its time of change."""

    def __init__(self) -> None:
        self._problems: dict[str, tuple[int, int, str]] = {}

    def remember(self, segment: Segment, problem: str) -> None:
        """Take note that a segment can't be read, and why."""
        self._problems[segment.path] = segment.size, segment.changed, problem

    def problem_of(self, segment: Segment) -> str | None:
        """Return why a segment can't be read; None when it has to be looked at."""
        found = self._problems.get(segment.path)
        if found is None or found[:2] != (segment.size, segment.changed):
            return None
        return found[2]
