"""The order in which the segments of an inbox are taken in: the newest runs first, looked at a few at a time."""

from __future__ import annotations

import sqlite3
from collections import deque
from pathlib import Path
from typing import NamedTuple

from trackrecord.journal.segments import NO_RUN, SegmentName
from trackrecord.store.intake.inbox import Segment, look_at, waiting_names
from trackrecord.store.intake.known import Known, Lives, known_of, needs_a_look
from trackrecord.store.intake.left_alone import LeftAlone

#: so many segments are looked at together
_AT_ONCE = 300


class Mark(NamedTuple):
    """How far a ``Waiting`` has come."""

    names: list[SegmentName]
    position: int
    postponed: list[tuple[int, SegmentName]]
    late: bool


class Waiting:
    """What waits in an inbox. Costs the names of all, and a look at each file's size, a few at a time.

    A segment that logs artifacts is to be postponed: versions are numbered in the order of being taken in, so of those
    the oldest come first, when all others are done.
    """

    def __init__(self, inbox: Path, lives: Lives, left_alone: LeftAlone) -> None:
        self.lives = lives
        self.left_alone = left_alone
        #: by path what is wrong with segments that were not opened for that
        self.problems: dict[str, str] = {}
        #: whether what comes now was postponed before
        self.late = False
        self._inbox = inbox
        self._names = waiting_names(inbox)
        self.total = len(self._names)
        #: the place among the names of the next one that is not settled
        self._position = 0
        self._postponed: list[tuple[int, SegmentName]] = []
        #: what was looked at in this transaction, with its place among the names
        self._ready: deque[tuple[int, Segment, Known]] = deque()
        self._looked_at = 0

    @property
    def done(self) -> int:
        """How many of ``total`` segments need no more."""
        return self.total - (len(self._names) - self._position) - len(self._postponed)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self._position >= len(self._names) and not self._postponed

    def has_work(self, connection: sqlite3.Connection) -> bool:
        """Tell whether any segment has to be opened; passes over those in front of the first one."""
        found = self._advance(connection)
        self._ready.clear()
        return found

    def next(self, connection: sqlite3.Connection) -> tuple[Segment, Known] | None:
        """Return the next segment that has to be opened, with what the database knows of it; None when none is left.

        ``settle`` or ``postpone`` goes on to the one behind it.
        """
        if not self._advance(connection):
            if not self._postponed:
                return None
            self._names = [name for _, name in sorted(self._postponed)]
            self._position, self._postponed, self.late = 0, [], True
            if not self._advance(connection):
                return None
        _, segment, known = self._ready[0]
        return segment, known

    def settle(self) -> None:
        """Take note that the present segment needs no more in this pass."""
        self._ready.popleft()
        self._position = self._ready[0][0] if self._ready else self._looked_at

    def look_again(self) -> None:
        """Forget what was looked at of runs: what a journal of no run changed may decide over them."""
        if self._ready and self._ready[0][1].name.run != NO_RUN:
            self._ready.clear()

    def postpone(self, time: int) -> None:
        """Let the present segment wait for all others; of those that wait the one with the least time comes first."""
        self._postponed.append((time, self._ready[0][1].name))
        self.settle()

    def mark(self) -> Mark:
        """Return how far it has come, at the beginning of a transaction: what was looked at is looked at again."""
        self._ready.clear()
        return Mark(self._names, self._position, list(self._postponed), self.late)

    def reset(self, mark: Mark) -> None:
        """Go back to a mark, after a transaction that was rolled back."""
        self._ready.clear()
        self._names, self._position, postponed, self.late = mark
        self._postponed = list(postponed)

    def pass_over(self, name: SegmentName) -> None:
        """Give up on a segment for this pass."""
        self._names = [other for other in self._names[self._position :] if other != name]
        self._position = 0

    def _advance(self, connection: sqlite3.Connection) -> bool:
        """Look at the next segments until one has to be opened; False when none is left."""
        while not self._ready and self._position < len(self._names):
            begin, end = self._position, min(self._position + _AT_ONCE, len(self._names))
            segments = look_at(self._inbox, self._names, begin, end)
            known = known_of(connection, [segment.name for _, segment in segments])
            self._ready.extend(
                (index, segment, known[segment.name])
                for index, segment in segments
                if self._needs_a_look(segment, known[segment.name])
            )
            self._looked_at = end
            self._position = self._ready[0][0] if self._ready else end
        return bool(self._ready)

    def _needs_a_look(self, segment: Segment, known: Known) -> bool:
        problem = self.left_alone.problem_of(segment)
        if problem is not None:
            self.problems[segment.path] = problem
            return False
        return needs_a_look(segment, known, self.lives)
