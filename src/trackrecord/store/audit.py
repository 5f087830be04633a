"""The audit: who changed what and when, with what stood there before and after.

Changes of a run form a row in the order of (time, writer, place), whatever the order in which they were taken in: one
that comes late is put in its place, and what stood before and after the later ones is worked out again.
"""

from __future__ import annotations

import json
from typing import Any

from trackrecord.store.intake.fields import text
from trackrecord.store.intake.transaction import Said, Transaction

#: fields of a run that are either so or not so
YES_OR_NO = frozenset(("archived", "deleted"))
TAGS = "tags"


def keep_change(tx: Transaction, run_id: str, said: Said, *, field: str, before: Any, asked: Any) -> bool:
    """Write down one change of a run; False when the same record was taken in before.

    ``before`` is what the field holds now, ``asked`` what it is to hold; of tags the object of docs/format.md.
    """
    after = tags_after(before, asked) if field == TAGS else asked
    kept = tx.connection.execute(
        "INSERT OR IGNORE INTO audit (time, who, run, change, before, after, asked, writer, place)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(said.time, text(said.fields, "who") or "", run_id, field),
            *(_written(field, before), _written(field, after)),
            *(json.dumps(asked, ensure_ascii=False) if field == TAGS else None, said.writer, said.place),
        ),
    )
    if kept.rowcount == 0:
        return False
    later = tx.connection.execute(
        "SELECT 1 FROM audit WHERE run = ? AND change = ? AND (time, writer, place) > (?, ?, ?) LIMIT 1",
        (run_id, field, said.time, said.writer, said.place),
    ).fetchone()
    if later is not None:
        _put_in_its_place(tx, run_id, field, said)
    return True


def keep_statement(
    tx: Transaction, about: tuple[str, int, str], said: Said, *, field: str, before: Any, after: Any
) -> None:
    """Write down that something else holds now.

    ``about`` is ``experiment`` or ``contract``, the number of the project, and the experiment's name or the contract's
    pattern.
    """
    kind, project, name = about
    tx.connection.execute(
        "INSERT INTO audit (time, who, change, before, after, about, project, name, writer, place)"
        " SELECT ?, ?, ?, ?, ?, ?, project.name, ?, ?, ? FROM project WHERE number = ?",
        (
            *(said.time, text(said.fields, "who") or "", field, before, after),
            *(kind, name, said.writer, said.place, project),
        ),
    )


def tags_after(before: list[str], asked: dict[str, list[str]]) -> list[str]:
    """Return the tags that a change leaves.

    >>> tags_after(["a", "b"], {"add": ["c"], "remove": ["a"]})
    ['b', 'c']
    """
    found = set(asked["value"]) if "value" in asked else set(before)
    return sorted((found | set(asked.get("add", ()))) - set(asked.get("remove", ())))


def read_value(field: str, written: str | None) -> Any:
    """Return what a cell of ``before`` or ``after`` says: a list for tags, True or False, or a text or None."""
    if field == TAGS:
        return json.loads(written) if written is not None else []
    if field in YES_OR_NO:
        return written == "true"
    return written


def _written(field: str, value: Any) -> str | None:
    if field == TAGS:
        return json.dumps(value, ensure_ascii=False)
    if field in YES_OR_NO:
        return "true" if value else "false"
    return None if value is None else str(value)


def _put_in_its_place(tx: Transaction, run_id: str, field: str, late: Said) -> None:
    """Work out again what stood before and after each change of a field."""
    rows = tx.connection.execute(
        "SELECT number, before, after, asked, writer, place FROM audit WHERE run = ? AND change = ?"
        " ORDER BY time, writer, place",
        (run_id, field),
    ).fetchall()
    known = next(row for row in rows if (row[4], row[5]) != (late.writer, late.place))
    value = read_value(field, known[1])
    for number, before, after, asked, _, _ in rows:
        new_before = _written(field, value)
        value = tags_after(value, json.loads(asked)) if field == TAGS else read_value(field, after)
        new = (new_before, _written(field, value))
        if new != (before, after):
            tx.connection.execute("UPDATE audit SET before = ?, after = ? WHERE number = ?", (*new, number))
