"""How much disk the database takes, how much of that is free, and giving it back to the system."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from trackrecord.store.embedded import DATABASE, EmbeddedStore

#: a smaller database is always packed; a greater one when so much of it is free that writing it anew is worth it
ALWAYS_PACKED = 256 << 20
WORTH_PACKING = 0.2
_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of ``store.db`` with its write-ahead log, and how many of them are free pages."""

    size: int
    free: int


def space_of(store: EmbeddedStore) -> Space:
    """Return how much disk the database takes."""
    with store.connections.reading() as connection:
        page = int(connection.execute("PRAGMA page_size").fetchone()[0])
        free = int(connection.execute("PRAGMA freelist_count").fetchone()[0])
    return Space(sum(_size(store.path / (DATABASE + end)) for end in ("", "-wal")), page * free)


def is_worth_packing(space: Space) -> bool:
    """Tell whether giving back the free pages is worth writing the whole file anew."""
    return space.free > 0 and (space.size <= ALWAYS_PACKED or space.free >= WORTH_PACKING * space.size)


def pack(store: EmbeddedStore) -> str | None:
    """Give free pages back to the system where that is worth it, and empty the log; say what was in the way.

    The free pages hold nothing readable: what is purged is overwritten. Others may read and record meanwhile.
    """
    location = "file:" + quote(os.fsencode((store.path / DATABASE).absolute().as_posix())) + "?mode=rw"
    try:
        connection = sqlite3.connect(location, uri=True, isolation_level=None, timeout=_WAIT_S)
        try:
            if is_worth_packing(space_of(store)):
                connection.execute("VACUUM")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        return f"free pages stay in {store.path / DATABASE} for now ({error}); new runs use them again"
    return "another program still reads what was: the disk is freed when it is done" if busy else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
