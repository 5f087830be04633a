"""Many rows into one table with few statements: what a statement costs by itself is most of what a small row costs."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

#: SQLite may be built to take no more values in one statement than this
_MOST_VALUES = 999


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows ``into`` a table, given with its columns: ``"tag (run, name)"`` (from our own code only)."""
    if not rows:
        return
    width = len(rows[0])
    together = _MOST_VALUES // width
    whole = len(rows) - len(rows) % together
    if whole:
        connection.executemany(
            _sql(into, width, together),
            [tuple(chain.from_iterable(rows[at : at + together])) for at in range(0, whole, together)],
        )
    connection.executemany(_sql(into, width, 1), rows[whole:])


@lru_cache(maxsize=64)
def _sql(into: str, width: int, rows: int) -> str:
    marks = ", ".join("?" * width)
    return f"INSERT INTO {into} VALUES {', '.join([f'({marks})'] * rows)}"  # noqa: S608
