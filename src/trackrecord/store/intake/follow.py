"""Taking in continually, for a server: new points are there within a second."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone

from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.idle_memory import give_back
from trackrecord.store.intake.ingest import IngestReport, take_in
from trackrecord.store.intake.left_alone import LeftAlone
from trackrecord.words.errors import StoreError

_QUICK_S, _SLOW_S = 0.25, 1.0
#: a pass even when no file has grown: to find writers that are gone
_AT_LEAST_EVERY_S = 5.0
#: so many looks in a row without anything new, seconds apart, and the server is idle
_QUIET_AFTER_LOOKS = 8
_REFUSED_FOR_S = 600.0


class Follower:
    """A background thread that empties a store's inbox and tells of every change.

    ``on_change`` is called, on that thread, with the new revision, also when another process changed the store.
    ``report`` is what the last pass did, ``looked_at`` when the inbox was last seen without anything left to do,
    ``refused`` what was refused last, for ten minutes: no later pass says it again.

    ::

        follower = Follower(store, on_change=print)
        follower.start()
        ...
        follower.stop()
    """

    def __init__(self, store: EmbeddedStore, on_change: Callable[[int], None]) -> None:
        self.report = IngestReport()
        self.looked_at: datetime | None = None
        self._store = store
        self._on_change = on_change
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="trackrecord-follower", daemon=True)
        self._revision: int | None = None
        self._sizes: dict[str, int] = {}
        self._refused: tuple[float, str] | None = None
        self._idle_s = 0.0
        self._quiet_looks = 0
        self._left_alone = LeftAlone()

    @property
    def refused(self) -> str | None:
        """A sentence about what was dropped in the last ten minutes because its run was purged; None without."""
        last = self._refused
        return last[1] if last is not None and time.monotonic() - last[0] < _REFUSED_FOR_S else None

    def start(self) -> None:
        """Begin; the first pass starts at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the pass under way. The store stays open."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _follow(self) -> None:
        pause = _QUICK_S
        while True:
            grown = self._look()
            self._give_back_memory(busy=grown or self.report.upkeep_left)
            pause = _QUICK_S if grown else min(pause * 1.5, _SLOW_S)
            if self._stopping.wait(pause):
                return
            self._idle_s += pause

    def _give_back_memory(self, *, busy: bool) -> None:
        """Give memory back once, when there is nothing left to do for a while."""
        self._quiet_looks = 0 if busy else self._quiet_looks + 1
        if self._quiet_looks == _QUIET_AFTER_LOOKS:
            give_back()

    def _look(self) -> bool:
        """Take in what has grown; tell whether anything had."""
        sizes = self._sizes_now()
        grown = sizes != self._sizes
        try:
            # what could not be taken in is tried again soon, but not at every look
            soon = self.report.problem is not None or self.report.upkeep_left
            if grown or self._idle_s >= (_SLOW_S if soon else _AT_LEAST_EVERY_S):
                self.report = take_in(self._store, left_alone=self._left_alone)
                self._idle_s, self._sizes = 0.0, sizes
                if self.report.refused:
                    self._refused = (time.monotonic(), "; ".join(self.report.refused))
            revision = self._store.catalog.revision()
        except StoreError as error:
            self.report = IngestReport(problems=[str(error)])
            return False
        if not self.report.problem:
            self.looked_at = datetime.now(timezone.utc)
        if revision != self._revision:
            first, self._revision = self._revision is None, revision
            if not first or self.report.changed:
                self._on_change(revision)
        return grown

    def _sizes_now(self) -> dict[str, int]:
        try:
            with os.scandir(self._store.inbox) as entries:
                return {entry.name: _size(entry.path) for entry in entries}
        except OSError:
            return {}  # there is no inbox yet: look again next time


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except OSError:
        return -1  # removed meanwhile, or a link that leads nowhere: the others count all the same
