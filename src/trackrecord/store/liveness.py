"""The state of a run, from its writers: what they said, and what signs of life they give.

The rules (invariants S7 and S8):

- A writer that ended by its own word has that state. One whose process is proven gone is ``crashed``. Else its
  silence counts, by the clock of whoever looks: 2 minutes without growth is ``silent``; 10 is ``crashed``, unless
  its process is proven alive.
- None is ``crashed`` while its journal holds what is not taken in yet, which may say how it ended: then the time of
  its last write counts, and it is ``silent`` at worst.
- Writers with the role ``forked`` count only where there is no other.
- The *carriers* of a run are its ``begin`` writers. A writer that starts after all carriers have ended resumes the
  run: it becomes the carrier, and writers before it count no more.
- The run lives while a carrier lives. Then its state is the worst of the writers that have ended; a ``join`` writer
  that is still busy changes nothing before it ends.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trackrecord.journal.process import is_gone
from trackrecord.store.unread import UnreadJournals
from trackrecord.words.states import RunState, worst

SILENT_AFTER_NS = 2 * 60 * 10**9
CRASHED_AFTER_NS = 10 * 60 * 10**9


@dataclass(frozen=True, slots=True)
class Writer:
    """What is known of one writer. ``state`` and ``ended`` are None until it says so itself."""

    run: int
    writer: str
    role: str
    state: str | None
    started: int
    ended: int | None
    last_time: int
    grown_at: int
    gone: bool
    process: str
    exit_code: int | None = None
    traceback: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended by its writers' own words. ``state`` is None while that is not settled."""

    state: str | None
    ended: int | None
    exit_code: int | None
    traceback: str | None


_COLUMNS = (
    "run, writer, role, state, started, ended, last_time, grown_at, gone, process, exit_code, traceback"
)


def writers_of(connection: sqlite3.Connection, run: int) -> list[Writer]:
    """Return the writers of one run."""
    found = connection.execute(f"SELECT {_COLUMNS} FROM writer WHERE run = ?", (run,))  # noqa: S608
    return [Writer(*row) for row in found]


def run_states(connection: sqlite3.Connection, now: int, inbox: Path) -> dict[int, RunState]:
    """Return the state of every run without a stored ending, at the moment ``now`` (nanoseconds since 1970).

    ``inbox`` is where their journals wait; it need not be there.
    """
    # the traceback is left out: it may be long, and says nothing about life
    rows = connection.execute(
        "SELECT w.run, w.writer, w.role, w.state, w.started, w.ended, w.last_time, w.grown_at, w.gone, w.process"
        " FROM run r JOIN writer w ON w.run = r.number WHERE r.ended_state IS NULL ORDER BY w.run"
    )
    by_run: dict[int, list[Writer]] = {}
    for row in rows:
        by_run.setdefault(row[0], []).append(Writer(*row))
    unread = UnreadJournals(connection, inbox)
    return {
        run: state_of(writers, now, unread=lambda writer: unread.changed(writer.run, writer.writer))
        for run, writers in by_run.items()
    }


def _nothing_unread(_writer: Writer) -> None:
    return None


def state_of(
    writers: list[Writer],
    now: int,
    prove: Callable[[dict[str, Any]], bool | None] = is_gone,
    unread: Callable[[Writer], int | None] = _nothing_unread,
) -> RunState:
    """Return the state of a run as it looks at the moment ``now``.

    ``prove`` tells whether a process is gone, lives, or can't be seen from here; ``unread`` when a writer wrote what
    is not taken in yet, None when there is no such thing, 0 when that can't be told.
    """
    states = {writer.writer: _state_of_writer(writer, now, prove, unread) for writer in writers}
    carriers, members = _carriers(writers, lambda writer: _end_of(writer, states[writer.writer]))
    if not carriers:
        return RunState.CRASHED
    living = [states[writer.writer] for writer in carriers if not states[writer.writer].has_ended()]
    if living:
        return RunState.RUNNING if RunState.RUNNING in living else RunState.SILENT
    return worst([states[writer.writer] for writer in members if states[writer.writer].has_ended()])


def ending_of(writers: list[Writer]) -> Ending:
    """Return how a run ended, from what its writers said: the same whatever order they were heard in.

    A process that is proven gone without a word leaves the state open: it is derived when asked for, never stored.
    """
    carriers, members = _carriers(
        writers, lambda writer: writer.ended if writer.state else _end_if_gone(writer)
    )
    if not carriers or any(writer.state is None for writer in carriers):
        return Ending(None, None, None, None)
    ended = max(writer.ended or writer.last_time for writer in carriers)
    if any(writer.state is None and writer.gone for writer in members):
        return Ending(None, ended, None, None)
    spoken = [writer for writer in members if writer.state is not None]
    state = worst([RunState(writer.state) for writer in spoken]).value
    # of several writers with the worst state the first to end tells why
    telling = min(
        (writer for writer in spoken if writer.state == state),
        key=lambda writer: (writer.ended or 0, writer.writer),
    )
    return Ending(state, ended, telling.exit_code, telling.traceback)


def _state_of_writer(
    writer: Writer,
    now: int,
    prove: Callable[[dict[str, Any]], bool | None],
    unread: Callable[[Writer], int | None],
) -> RunState:
    if writer.state is not None:
        return RunState(writer.state)
    silence = now - writer.grown_at
    # asked before the journal is looked at: what a process wrote before it was gone is then seen
    gone = True if writer.gone else prove(process_of(writer.process))
    if gone or (gone is None and silence >= CRASHED_AFTER_NS):
        # one that is known to be gone was taken in to its end, or is at this moment: old crashes cost no look
        if writer.gone and silence >= CRASHED_AFTER_NS:
            return RunState.CRASHED
        changed = unread(writer)
        if changed is None or (changed == 0 and silence >= CRASHED_AFTER_NS):
            return RunState.CRASHED
        silence = min(silence, now - changed)
    return RunState.SILENT if silence >= SILENT_AFTER_NS else RunState.RUNNING


def process_of(text: str) -> dict[str, Any]:
    """Return a writer's process as it was recorded; empty when it was not."""
    value = json.loads(text)
    return value if isinstance(value, dict) else {}


def _end_of(writer: Writer, state: RunState) -> int | None:
    if not state.has_ended():
        return None
    return writer.last_time if writer.ended is None else writer.ended


def _end_if_gone(writer: Writer) -> int | None:
    return writer.last_time if writer.gone else None


def _carriers(
    writers: Iterable[Writer], end_of: Callable[[Writer], int | None]
) -> tuple[list[Writer], list[Writer]]:
    """Return the writers that carry a run, and all whose state counts (the carriers among them)."""
    ordered = sorted(writers, key=lambda writer: (writer.started, writer.writer))
    counting = [writer for writer in ordered if writer.role != "forked"] or ordered
    if not any(writer.role == "begin" for writer in counting):
        return counting, counting
    carriers: list[Writer] = []
    members: list[Writer] = []
    for writer in counting:
        ends = [end_of(carrier) for carrier in carriers]
        if carriers and all(end is not None and end < writer.started for end in ends):
            carriers, members = [writer], [writer]
        else:
            members.append(writer)
            if writer.role == "begin":
                carriers.append(writer)
    return carriers, members
