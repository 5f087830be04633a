"""The ingester: takes what waits in the inbox into the database, once and only once, however often it is killed.

Progress is committed in the same transaction as the data. A segment is removed only after that, and only when its
writer closed it or is proven to be gone (invariants J6 and J7).
"""

from __future__ import annotations

import gc
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake import upkeep
from trackrecord.store.intake.apply import Application
from trackrecord.store.intake.known import Lives
from trackrecord.store.intake.lease import Lease
from trackrecord.store.intake.left_alone import LeftAlone
from trackrecord.store.intake.segment_intake import Intake
from trackrecord.store.intake.waiting import Waiting
from trackrecord.words.errors import FormatError, StoreError

#: a transaction ends after so many bytes or nanoseconds, so that others see what is there and a kill loses little
_GROUP_BYTES = 32 << 20
_GROUP_NS = 500_000_000
_MANY_OBJECTS = 100_000


@dataclass(slots=True)
class IngestReport:
    """What one pass did. ``problem`` is a sentence when the inbox could not be taken in; ``problems`` tells all.

    ``refused`` tells, once for each run, of journals of runs that were purged: they are removed, so that no later pass
    says it again.
    ``upkeep_left`` says that the store has upkeep due for which there was no time.
    """

    segments: int = 0
    bytes: int = 0
    removed: int = 0
    revision: int | None = None
    problems: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    upkeep_left: bool = False

    @property
    def problem(self) -> str | None:
        """The first problem, or None."""
        return self.problems[0] if self.problems else None

    @property
    def changed(self) -> bool:
        """Whether views would show anything new."""
        return self.revision is not None


def take_in(
    store: EmbeddedStore,
    *,
    wait_s: float = 0.2,
    limit: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    left_alone: LeftAlone | None = None,
) -> IngestReport:
    """Take in what waits in the inbox of ``store``, the newest runs first, at most about ``limit`` bytes of it.

    ``on_progress`` is told how many of how many segments are done: at the beginning and after each transaction,
    never within one. ``left_alone`` is for who takes in continually: what can't be read is opened once.
    Waits at most ``wait_s`` seconds for another ingester. Never raises for a store that is locked, read-only or full,
    nor for a journal that can't be read: the report says so, and what waits goes on waiting. Where all is taken in
    and time is left, a moment of it goes to the upkeep of the store.

    ::

        report = take_in(store)
        if report.problem:
            print(report.problem)
    """
    report = IngestReport()
    deadline = time.monotonic() + wait_s
    try:
        waiting = Waiting(store.inbox, Lives(), left_alone or LeftAlone())
        _Pass(store, report, deadline, limit, waiting).run(on_progress or _say_nothing)
        report.problems += waiting.problems.values()
        if report.problem is None and limit is None and time.monotonic() < deadline:
            report.upkeep_left = upkeep.tend(store)
    except (StoreError, sqlite3.Error, OSError) as error:
        report.problems.insert(0, str(error))
    return report


def _say_nothing(_done: int, _total: int) -> None:
    pass


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Let Python look for garbage seldom: rows that wait to be written are many objects, and none of them garbage."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _MANY_OBJECTS) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Pass:
    """One pass over the inbox."""

    def __init__(
        self,
        store: EmbeddedStore,
        report: IngestReport,
        deadline: float,
        limit: int | None,
        waiting: Waiting,
    ) -> None:  # fmt: skip
        self._store = store
        self._report = report
        self._deadline = deadline
        self._limit = limit
        self._lease = Lease()
        self._waiting = waiting
        #: at most so many segments in the next transaction
        self._most: int | None = None

    def run(self, on_progress: Callable[[int, int], None]) -> None:
        waiting = self._waiting
        if waiting.total == 0:
            return
        with self._store.connections.snapshot() as connection:
            if not waiting.has_work(connection):
                return
        if self._store.read_only and not self._store.connections.can_write_again():
            self._report.problems.append(
                f"the store {self._store.path} is read-only or its disk is full: its inbox waits"
            )
            return
        on_progress(waiting.done, waiting.total)
        while not waiting.is_done and (self._limit is None or self._report.bytes < self._limit):
            with _seldom_collecting():
                done = self._take_group()
            if done:
                on_progress(waiting.done, waiting.total)
            elif time.monotonic() >= self._deadline:
                self._report.problems.append("another process is taking in the inbox at this moment")
                return
            else:
                time.sleep(0.01)

    def _take_group(self) -> bool:
        """Take in some segments in one transaction; False when another ingester holds the lease.

        One bad segment must not keep the others out: where a group can't be taken in, half of it is tried, and a
        single one that can't be is passed over.
        """
        before = self._waiting.mark()
        intake = Intake(self._waiting)
        try:
            got_it = self._take_and_commit(intake)
        except (FormatError, ValueError, TypeError, sqlite3.IntegrityError) as error:
            self._waiting.reset(before)
            if intake.segments > 1:
                self._most = max(1, intake.segments // 2)
            elif intake.latest is None:
                raise
            else:
                # nothing was committed, so that the next transaction begins with the one behind it
                self._waiting.pass_over(intake.latest.name)
                self._report.problems.append(f"{intake.latest.path} was not taken in: {error}")
            return True
        if got_it:
            self._most = None if self._most is None or self._most > 10_000 else 2 * self._most
            self._report.segments += intake.segments
            self._report.bytes += intake.bytes
            self._report.problems += intake.problems
            self._report.refused = list(dict.fromkeys([*self._report.refused, *intake.refused]))
            self._remove(intake.complete)
            # progress was made, so the next group may wait as long again
            self._deadline = max(self._deadline, time.monotonic() + 0.05)
        return got_it

    def _take_and_commit(self, intake: Intake) -> bool:
        started = time.monotonic_ns()
        with self._store.connections.writing(max(0.0, self._deadline - time.monotonic())) as connection:
            if not self._lease.take(connection):
                return False
            application = Application(connection, self._store.blobs.folder, time.time_ns())
            room = _GROUP_BYTES
            if self._limit is not None:
                room = min(room, self._limit - self._report.bytes)
            while time.monotonic_ns() - started < _GROUP_NS and intake.bytes < room:
                if intake.segments == self._most or not intake.take_next(application, room):
                    break
            revision = application.finish()
            if self._waiting.is_done or self._limit is not None:
                self._lease.give_back(connection)
        self._report.revision = self._report.revision if revision is None else revision
        return True

    def _remove(self, complete: list[str]) -> None:
        """Remove segments whose every byte is committed and synced."""
        for path in complete:
            try:
                os.unlink(path)  # noqa: PTH108
                self._report.removed += 1
            except FileNotFoundError:  # noqa: PERF203 - another ingester may have been quicker with any of them
                pass
            except OSError as error:
                self._report.problems.append(f"{path} is taken in but can't be removed: {error}")
