"""What a run printed, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackrecord.query.find_run import find_run
from trackrecord.query.moments import moment_at
from trackrecord.words.records import ConsoleLine

if TYPE_CHECKING:
    from trackrecord.store.contract import Store


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """A stretch of lines; ``next`` is the number of the last one, to ask for what follows it."""

    lines: tuple[ConsoleLine, ...]
    next: int
    total: int


def console_page(
    store: Store, run: str, *, after: int = 0, limit: int = 1000, tail: bool = False
) -> ConsolePage:
    """Return up to ``limit`` lines behind line ``after``, with ``tail`` the last ones.

    Raises NotFoundError.
    """
    rows = store.catalog.rows
    number = rows("SELECT number FROM run WHERE id = ?", (find_run(store, run),))[0][0]
    total = int(rows("SELECT COUNT(*) FROM console WHERE run = ?", (number,))[0][0])
    direction = " DESC" if tail else ""
    sql = f"SELECT n, time, stream, text FROM console WHERE run = ? AND n > ? ORDER BY n{direction} LIMIT ?"  # noqa: S608 - ours
    found = rows(sql, (number, after, max(0, limit)))
    lines = tuple(ConsoleLine(n, moment_at(time), stream, text) for n, time, stream, text in sorted(found))
    return ConsolePage(lines, lines[-1].n if lines else after, total)
