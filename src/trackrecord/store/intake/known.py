"""What the database knows of segments in the inbox: asked for many of them at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import NoneType
from typing import Any

from trackrecord.journal.process import is_gone, this_process
from trackrecord.journal.segments import SegmentName
from trackrecord.store.intake.inbox import Segment

#: so many are asked for in one statement: three values each, and SQLite may take no more than 999
_AT_ONCE = 300


@dataclass(slots=True)
class Progress:
    """How far a segment has been taken in: bytes, whether its writer closed it, bytes that could not be read."""

    taken: int = 0
    closed: bool = False
    damage: int = 0
    columns: dict[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one segment.

    ``process`` is the JSON of its writer's process, None while nothing of the writer has been taken in. ``gone`` tells
    that the process is known to have ended, ``followed`` that a later segment of the writer has been taken in,
    ``purged`` that the run was taken away for good. ``rests_at`` is (size, time of change) of a file that
    was read to where it can be read, if that is not its end.
    """

    progress: Progress
    process: str | None
    gone: bool
    followed: bool
    purged: bool
    rests_at: tuple[int, int] | None


#: of a segment of a run of which nothing has been taken in
NOTHING = Known(Progress(), None, gone=False, followed=False, purged=False, rests_at=None)


def known_of(connection: sqlite3.Connection, names: Sequence[SegmentName]) -> dict[SegmentName, Known]:
    """Return what the database knows of each of these segments."""
    found = dict.fromkeys(names, NOTHING)
    for begin in range(0, len(names), _AT_ONCE):
        part = names[begin : begin + _AT_ONCE]
        values = [value for name in part for value in name]
        for (
            run,
            writer,
            n,
            taken,
            closed,
            damage,
            columns,
            process,
            gone,
            later,
            purged,
            size,
            changed,
        ) in connection.execute(_sql(len(part)), values):
            progress = Progress()
            if taken is not None:
                progress = Progress(taken, bool(closed), damage, _columns(columns))
            found[SegmentName(run, writer, n)] = Known(
                *(progress, process, bool(gone), bool(later), bool(purged)),
                None if size is None else (size, changed),
            )
    return found


@lru_cache(maxsize=8)
def _sql(count: int) -> str:
    return (
        f"WITH waiting (run, writer, n) AS (VALUES {', '.join(['(?, ?, ?)'] * count)})"  # noqa: S608
        " SELECT a.run, a.writer, a.n, s.taken, s.closed, s.damage, s.columns, w.process, w.gone,"
        " EXISTS (SELECT 1 FROM segment l WHERE l.run = r.number AND l.writer = a.writer AND l.n > a.n),"
        " t.run IS NOT NULL, q.size, q.changed"
        " FROM waiting a LEFT JOIN run r ON r.id = a.run"
        " LEFT JOIN segment s ON s.run = r.number AND s.writer = a.writer AND s.n = a.n"
        " LEFT JOIN writer w ON w.run = r.number AND w.writer = a.writer"
        " LEFT JOIN tombstone t ON t.run = a.run"
        " LEFT JOIN resting_segment q ON q.run = a.run AND q.writer = a.writer AND q.n = a.n"
        " WHERE r.number IS NOT NULL OR t.run IS NOT NULL OR q.run IS NOT NULL"
    )


def _columns(text: str) -> dict[int, tuple[str, ...]]:
    return {} if text == "{}" else {int(number): tuple(keys) for number, keys in json.loads(text).items()}


class Lives:
    """Tells which processes are proven to have ended, without asking the system the same again and again."""

    def __init__(self) -> None:
        self._here = this_process()
        self._answers: dict[tuple[Any, Any], bool] = {}

    def is_gone(self, process: dict[str, Any]) -> bool:
        """Tell whether a process is proven to have ended. One of another host or boot never is."""
        here = self._here
        if any(process.get(name) != here[name] for name in ("host", "boot", "pid_namespace")):
            return False
        which = process.get("pid"), process.get("started")
        if not all(isinstance(part, (int, str, NoneType)) for part in which):
            return False
        # who lived at the first look may have ended since: the next pass will see that
        if which not in self._answers:
            self._answers[which] = is_gone(process) is True
        return self._answers[which]

    def is_writer_gone(self, known: Known) -> bool:
        """Tell whether the process that wrote a segment is proven to have ended, as far as the database knows it."""
        if known.gone or known.process is None:
            return known.gone
        process = json.loads(known.process)
        return isinstance(process, dict) and self.is_gone(process)


def needs_a_look(segment: Segment, known: Known, lives: Lives) -> bool:
    """Tell whether a segment has grown, or can be removed; costs no look into the file."""
    if known.progress.closed:
        return True
    if segment.size > known.progress.taken:
        rests = known.rests_at == (segment.size, segment.changed)
        if not rests or segment.followed or known.followed:
            return True
    return lives.is_writer_gone(known)
