"""Whether what a run's row says of the whole fits the rows of its parts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

from trackrecord.store.checking.finding import Finding

#: column of `run` to the SQL that makes it from rows, as taking in does (apply_rows.py and apply.py in store/intake/)
_TOTALS = {
    "points": "(SELECT coalesce(sum(points), 0) FROM metric WHERE run = :run)",
    "last_step": (
        "(SELECT max(CASE WHEN points > 0 AND key NOT LIKE 'system/%' THEN last_step END)"
        " FROM metric WHERE run = :run)"
    ),
    "problems": "(SELECT count(*) FROM problem WHERE run = :run)",
}
#: texts that are JSON: table, column, and what they hold
_JSON: tuple[tuple[str, str, type | None], ...] = (
    ("writer", "process", dict),
    ("segment", "columns", dict),
    ("param", "value", None),
    ("summary", "value", None),
    ("fact", "value", None),
    ("media", "data", None),
)


def check_totals(connection: sqlite3.Connection, run: int, run_id: str) -> list[Finding]:
    """Return what a run's row says wrongly of its points, steps and problems."""
    columns = ", ".join(f"{column}, {sql}" for column, sql in _TOTALS.items())
    row = connection.execute(f"SELECT {columns} FROM run WHERE number = :run", {"run": run}).fetchone()  # noqa: S608
    return [
        Finding(
            "totals", f"store.db: run {run_id}", f"{column} is {have}, but its rows make {want}", run=run_id
        )
        for column, have, want in zip(_TOTALS, row[::2], row[1::2], strict=True)
        if have != want
    ]


def repair_totals(connection: sqlite3.Connection, run: int) -> None:
    """Make the totals of a run's row again from its rows."""
    for column, sql in _TOTALS.items():
        connection.execute(f"UPDATE run SET {column} = {sql} WHERE number = :run", {"run": run})  # noqa: S608


def check_texts(connection: sqlite3.Connection, run: int, run_id: str) -> list[Finding]:
    """Return the texts of a run that should be JSON and are not."""
    found = []
    for table, column, kind in _JSON:
        rows = connection.execute(
            f"SELECT {column} FROM {table} WHERE run = ? AND {column} IS NOT NULL",  # noqa: S608
            (run,),
        )
        for (text,) in rows:
            wrong = _unreadable(text, kind)
            if wrong:
                place = f"store.db: run {run_id}, {table}.{column}"
                found.append(Finding("text", place, f"{text!r:.60} is no JSON: {wrong}", run=run_id))
    return found


def _unreadable(text: object, kind: type | None) -> str | None:
    parse: Callable[[str], object] = json.loads
    if not isinstance(text, str):
        return f"it is a {type(text).__name__}"
    try:
        value = parse(text)
    except (ValueError, RecursionError) as error:
        return str(error)
    return None if kind is None or isinstance(value, kind) else f"it is no {kind.__name__}"
