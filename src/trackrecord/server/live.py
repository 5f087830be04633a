"""What changed, told to every open browser as it happens.

One thread watches the store and writes each change down once; each client only remembers how far it has read. So a
thousand clients cost one look at the store, and a client that reads slowly costs nothing: when it is too far behind
it is told that anything may have changed.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from trackrecord.query.changes import changes_since
from trackrecord.shapes import Change, ChangedRun
from trackrecord.shapes.encoding import number
from trackrecord.store.contract import Store
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.follow import Follower
from trackrecord.words.states import RunState

logger = logging.getLogger("trackrecord.server")

#: changes kept for clients that read slowly
KEPT = 256
#: between two looks at the store; what happens in between is told together
SHORTEST_PAUSE_S = 0.2
#: how often to look for runs that turned silent or crashed, which no record says
STATES_EVERY_S = 5.0


@dataclass(frozen=True)
class Intake:
    """When the inbox was last seen empty; what keeps it from being emptied, or was refused lately, if anything."""

    taken_in: datetime | None
    problem: str | None


class Live:
    """Takes in a store's inbox continually, and tells any number of readers what changed.

    Start it before the server answers, and close it before the store.
    """

    def __init__(self, store: EmbeddedStore) -> None:
        self.store = store
        self._follower = Follower(store, lambda _: self._news.set())
        self._news = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._kept: deque[Change] = deque(maxlen=KEPT)
        self._written = 0  # changes ever written down
        self._loop: asyncio.AbstractEventLoop | None = None
        self._readers: set[Reader] = set()
        self._seen = store.catalog.revision()

    # --- watching, in a thread --------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._follower.start()
        self._thread = threading.Thread(target=self._watch, name="trackrecord-live", daemon=True)
        self._thread.start()

    def intake(self) -> Intake:
        """Return how the inbox is doing."""
        return Intake(self._follower.looked_at, self._follower.report.problem or self._follower.refused)

    def end_streams(self) -> None:
        """Let every client's stream end; may be called from any thread."""
        self._closing = True
        self._news.set()
        self._wake()

    def close(self) -> None:
        """End the streams, the taking in, and the thread."""
        self.end_streams()
        self._follower.stop()
        if self._thread is not None:
            self._thread.join()

    @property
    def closing(self) -> bool:
        """Return whether the streams are to end."""
        return self._closing

    def _watch(self) -> None:
        states: dict[int, RunState] = {}
        states_at = -STATES_EVERY_S
        while True:
            self._news.wait(STATES_EVERY_S)
            self._news.clear()
            if self._closing:
                return
            try:
                self._look()
                if self._readers and time.monotonic() - states_at >= STATES_EVERY_S:
                    states_at = time.monotonic()
                    now = self.store.catalog.live_states()
                    if any(now.get(run, state) != state for run, state in states.items()):
                        self._write_down(Change(self._seen, None, []))
                    states = now
            except Exception:
                # A locked or damaged store is no reason to stop watching: requests say what is wrong with it.
                logger.warning("could not see what changed in %s", self.store.path, exc_info=True)
            time.sleep(SHORTEST_PAUSE_S)

    def _look(self) -> None:
        revision = self.store.catalog.revision()
        if revision == self._seen:
            return
        if not self._readers:
            self._seen = revision
            return
        if revision < self._seen:  # another store, or an older copy of it, is in this place now
            change = Change(revision, None, [])
        else:
            change = _change(self.store, self._seen)
        self._seen = change.revision
        self._write_down(change)

    def _write_down(self, change: Change) -> None:
        with self._lock:
            self._kept.append(change)
            self._written += 1
        self._wake()

    def _wake(self) -> None:
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(self._wake_all)
        except RuntimeError:
            return  # the loop is closed: nobody is left to be woken

    def _wake_all(self) -> None:
        for reader in self._readers:
            reader.woken.set()

    # --- clients, in the event loop ---------------------------------------------------------------------------

    def join(self) -> Reader:
        """Return a reader that sees every change from now on; give it back with `leave`."""
        self._loop = asyncio.get_running_loop()
        reader = Reader(self, self._written)
        self._readers.add(reader)
        return reader

    def leave(self, reader: Reader) -> None:
        """Forget a reader."""
        self._readers.discard(reader)

    def after(self, position: int) -> tuple[int, list[Change]]:
        """Return the place of the last change written down, and the changes after ``position`` up to it."""
        with self._lock:
            missed = self._written - position
            if missed > len(self._kept):
                return self._written, [Change(self._kept[-1].revision, None, [])]
            return self._written, list(self._kept)[len(self._kept) - missed :]


class Reader:
    """One client's place in the row of changes."""

    def __init__(self, live: Live, position: int) -> None:
        self.woken = asyncio.Event()
        self._live = live
        self._position = position

    async def changes(self, patience_s: float) -> list[Change]:
        """Wait until something changes and return it; nothing after ``patience_s``, or when the streams end."""
        if not self._live.closing:
            try:
                await asyncio.wait_for(self.woken.wait(), patience_s)
            except asyncio.TimeoutError:
                return []
        self.woken.clear()
        self._position, changes = self._live.after(self._position)
        return changes


def missed_since(store: Store, since: int | None) -> tuple[int, Change | None]:
    """Return the store's revision, and what a client missed that knows the store as of ``since``; it may block."""
    revision = store.catalog.revision()
    if since is None or since == revision:
        return revision, None
    if since > revision:
        # Another store, or an older copy of it, is served here now.
        return revision, Change(revision, None, [])
    change = _change(store, since)
    return change.revision, change


def _change(store: Store, since: int) -> Change:
    changes = changes_since(store, since)
    runs = (
        None
        if changes.runs is None
        else [ChangedRun(run.id, run.project, str(run.state), number(run.last_step)) for run in changes.runs]
    )
    return Change(changes.revision, runs, list(changes.projects))
