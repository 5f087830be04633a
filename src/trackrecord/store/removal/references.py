"""Which blobs something refers to: rows of the database, journals in the inbox, and what was put aside as damaged."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from trackrecord.journal.segments import parse_segment_name

#: where `trackrecord check --fix` puts what it can't read
QUARANTINE = "quarantine"

#: digests of something else than the bytes of a blob: an artifact's is that of the list of its files
_OF_LISTS = frozenset((("artifact", "digest"),))

_DIGEST = re.compile(rb"sha256:([0-9a-f]{64})")
_DIGEST_LENGTH = 71
_PIECE = 4 << 20


def digest_columns(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return every (table, column) that holds digests of blobs: each column of that name, in any table."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    ).fetchall()
    return [
        (table, row[1])
        for (table,) in tables
        for row in connection.execute(f'PRAGMA table_info("{table}")')
        if (row[1] == "digest" or row[1].endswith("_digest")) and (table, row[1]) not in _OF_LISTS
    ]


def digests_in_rows(connection: sqlite3.Connection) -> set[str]:
    """Return the digests (64 hex digits) that rows of the database refer to."""
    found: set[str] = set()
    for table, column in digest_columns(connection):
        rows = connection.execute(
            f'SELECT DISTINCT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL'  # noqa: S608 - ours
        )
        found.update(digest.removeprefix("sha256:") for (digest,) in rows if isinstance(digest, str))
    return found


def digests_in_files(store: Path, inbox: Path, *, purged: frozenset[str] = frozenset()) -> set[str]:
    """Return the digests that journals in the inbox, but those of ``purged`` runs, and damaged files speak of.

    Any text of a digest counts, whatever record it stands in, readable or not.
    """
    found: set[str] = set()
    for path in _files(inbox):
        name = parse_segment_name(path.name)
        if name is None or name.run not in purged:
            found |= _digests_in(path)
    for path in _files(store / QUARANTINE):
        found |= _digests_in(path)
    return found


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield Path(place, name)


def _digests_in(path: Path) -> set[str]:
    found: set[str] = set()
    try:
        with path.open("rb") as file:
            rest = b""
            while piece := file.read(_PIECE):
                text = rest + piece
                found.update(match[1].decode() for match in _DIGEST.finditer(text))
                rest = text[-_DIGEST_LENGTH:]
    except (FileNotFoundError, IsADirectoryError):
        pass  # taken in and removed meanwhile: then the database speaks of them
    return found
