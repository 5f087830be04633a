"""The store a run records into: the wanted one, or a fallback where that can't be written to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from trackrecord.journal.place import INBOX, fallback_stores, find_store, make_store
from trackrecord.sdk.numbers import shown
from trackrecord.sdk.problems import Problems


def usable_store(wanted: Any, problems: Problems) -> Path:
    """Return a store that can be written to: the wanted one, else a fallback, which is said and noted."""
    try:
        place = find_store(_store_given(wanted, problems))
    except OSError:  # the working folder was removed
        place = fallback_stores()[0]
    try:
        _make_ready(place)
        return place
    except OSError as error:
        first_error = error
    for fallback in fallback_stores():
        try:
            _make_ready(fallback)
        except OSError:
            continue
        problems.note(
            "fallback_store",
            f"{place} can't be written to ({first_error.strerror or first_error}); recording into {fallback} instead",
            f"see it with: trackrecord --store {fallback} ls",
            misuse=False,
        )
        return fallback
    problems.note(
        "no_store", f"nothing can be written anywhere ({first_error}); records stay in memory", misuse=False
    )
    return place


def _store_given(wanted: Any, problems: Problems) -> str | None:
    try:
        path = None if wanted is None else os.fsdecode(wanted)
        if path is None or "\x00" not in path:
            return path
    except Exception:  # no path at all, or a foreign path's own trouble
        pass
    problems.note(
        "bad_store",
        f"the store {shown(wanted)} is no path; the usual one was taken",
        "give the path of a folder",
    )
    return None


def _make_ready(place: Path) -> None:
    """Make sure that a store is there and takes new files: one look where all is well."""
    inbox = place / INBOX
    if not (place / "store.json").exists() or not inbox.is_dir():
        make_store(place)
    if not os.access(inbox, os.W_OK | os.X_OK):
        raise PermissionError(13, "no permission to write", str(inbox))
    # a read-only file system lets root through os.access on some systems: only making a file tells
    probe = inbox / f".{os.getpid()}.{os.urandom(4).hex()}.probe"
    os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    os.unlink(probe)
