"""Logged values that are not numbers, in the order of their steps or the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackrecord.query.cursors import cursor_at, position_of
from trackrecord.query.find_run import find_run
from trackrecord.query.moments import moment_at
from trackrecord.query.stored_values import json_value, step_of
from trackrecord.words.errors import NotFoundError
from trackrecord.words.records import MediaEntry

if TYPE_CHECKING:
    from trackrecord.store.contract import Store


@dataclass(frozen=True, slots=True)
class MediaPage:
    """One slice of the entries of a key."""

    revision: int
    entries: tuple[MediaEntry, ...]
    total: int
    next_cursor: str | None


def media_page(
    store: Store,
    run: str,
    key: str,
    *,
    limit: int = 100,
    offset: int = 0,
    cursor: str | None = None,
    newest_first: bool = False,
) -> MediaPage:
    """Return entries of one key of one run. Raises NotFoundError when the run never logged it."""
    order = "step DESC, number DESC" if newest_first else "step, number"
    revision = store.catalog.revision()
    offset = offset if cursor is None else position_of(cursor)
    rows = store.catalog.rows
    number = rows("SELECT number FROM run WHERE id = ?", (find_run(store, run),))[0][0]
    total = int(rows("SELECT COUNT(*) FROM media WHERE run = ? AND key = ?", (number, key))[0][0])
    if not total:
        raise NotFoundError(f"The run never logged an image, text or the like called {key[:200]!r}.")
    sql = (
        "SELECT kind, key, step, time, caption, digest, media_type, size, data FROM media "  # noqa: S608 - ours
        f"WHERE run = ? AND key = ? ORDER BY {order} LIMIT ? OFFSET ?"
    )
    found = rows(sql, (number, key, max(0, limit), offset))
    entries = tuple(
        MediaEntry(
            kind,
            key_text,
            step_of(step),
            moment_at(time),
            caption,
            digest,
            media_type,
            size,
            None if data is None else json_value(data),
        )
        for kind, key_text, step, time, caption, digest, media_type, size, data in found
    )
    end = offset + len(entries)
    return MediaPage(revision, entries, total, cursor_at(end) if entries and end < total else None)
