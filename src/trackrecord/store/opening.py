"""Opening the store that a reader means, with everything in it that was logged until now."""

from __future__ import annotations

import os
import sqlite3
import warnings
from collections.abc import Callable
from typing import TypeVar

from trackrecord.journal.place import find_store
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.words.errors import AmbiguousError, NotFoundError, StoreError

#: A reader waits this long for another one that is taking in the inbox, then answers with what is there.
WAIT_S = 0.2
#: the same for a run that was asked for by name and is not there yet
PATIENT_S = 10.0

Found = TypeVar("Found")


def open_store(
    path: str | os.PathLike[str] | None = None,
    *,
    on_problem: Callable[[str], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> EmbeddedStore:
    """Open a store for reading, with what waits in its inbox brought into the database.

    At most 0.2 s are spent waiting for somebody else who is doing that.

    Args:
        path: the store's folder; without one it is looked up as `init` does: ``$TRACKRECORD_STORE``, else the
            ``.trackrecord`` folder of this folder or the next one above, up to the root of the repository.
        on_problem: called with a sentence when the inbox could not be taken in; the answer is then what
            the database holds. Called too, for each run that was purged, when something recorded since was dropped.
        on_progress: called with how many segments of how many are taken in, now and then while that goes on.

    Raises:
        StoreNotFoundError: there is no store.
        StoreVersionError: a newer Trackrecord made it.
        StoreUnavailableError: it is damaged or locked.
    """
    store = EmbeddedStore.open(find_store(path), create=False)
    if _something_waits(store):
        from trackrecord.store.intake.ingest import take_in

        report = take_in(store, wait_s=WAIT_S, on_progress=on_progress)
        if report.problem and on_problem is not None and _something_waits(store):
            on_problem(report.problem)
        if on_problem is not None:
            for refused in report.refused:
                on_problem(refused)
    else:  # what takes in is a third of all that a short command loads
        _tend(store)
    return store


def _tend(store: EmbeddedStore) -> None:
    from trackrecord.store.intake import upkeep

    try:
        upkeep.tend(store)
    except (StoreError, sqlite3.Error, OSError):
        pass  # it is nothing that the answer needs, and whoever takes in next says what is wrong


def once_taken_in(store: EmbeddedStore, look: Callable[[], Found]) -> Found:
    """Return what ``look`` finds; where it finds nothing, look again when the inbox has been taken in.

    A run that was asked for by name and is not there yet is worth more patience than a table that may be a little old:
    up to PATIENT_S go by while somebody else takes in the inbox.
    """
    try:
        return look()
    except AmbiguousError:
        raise
    except NotFoundError:
        if not _something_waits(store):
            raise
    from trackrecord.store.intake.ingest import take_in

    take_in(store, wait_s=PATIENT_S)
    return look()


def warn_of(problem: str) -> None:
    """Tell a Python reader that its answer may be old."""
    warnings.warn(f"What was logged last may be missing here: {problem}", RuntimeWarning, stacklevel=4)


def _something_waits(store: EmbeddedStore) -> bool:
    try:
        with os.scandir(store.inbox) as entries:
            return any(entry.name.endswith(".journal") for entry in entries)
    except OSError:
        return False
