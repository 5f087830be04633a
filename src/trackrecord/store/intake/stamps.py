"""Which record each field of a run or an experiment has its value from, so that the order of arrival decides nothing.

All of one owner's stamps lie in one row of the table ``stamp``: most runs are described by one writer in two records,
and a row for each of a dozen fields would cost more than all else that is kept of a short run.
"""

from __future__ import annotations

import json
import sqlite3
from typing import NamedTuple

from trackrecord.store.intake.fields import json_text

#: who may set a field, the strongest last
FROM_HEADER, FROM_JOINING, FROM_BEGINNING, FROM_CHANGE = 0, 1, 2, 3

#: the kind of an owner (``run`` or ``experiment``) and its number
Owner = tuple[str, int]


class Stamp(NamedTuple):
    """The record that a field has its value from."""

    origin: int
    time: int
    writer: str
    place: int

    def gives_way_to(self, other: Stamp) -> bool:
        """Tell whether ``other`` decides: a stronger origin, among changes the later, else the earlier one.

        >>> Stamp(FROM_BEGINNING, 5, "a", 0).gives_way_to(Stamp(FROM_BEGINNING, 4, "b", 0))
        True
        >>> Stamp(FROM_BEGINNING, 5, "a", 0).gives_way_to(Stamp(FROM_HEADER, 4, "b", 0))
        False
        """
        if other.origin != self.origin:
            return other.origin > self.origin
        if self.origin == FROM_CHANGE:
            return other[1:] >= self[1:]
        return other[1:] < self[1:]


class Stamps:
    """The stamps of one transaction: read when they are first asked for, written by ``flush``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[Owner, dict[str, Stamp]] = {}
        self._changed: set[Owner] = set()

    def begin(self, kind: str, number: int) -> None:
        """Take note of an owner that is new, which needs no look into the table."""
        self._known[kind, number] = {}

    def get(self, kind: str, number: int, field: str) -> Stamp | None:
        """Return what a field has its value from; None when nothing has set it."""
        return self._of((kind, number)).get(field)

    def decides(self, kind: str, number: int, field: str, stamp: Stamp) -> bool:
        """Tell whether a record decides over a field, and remember it if so."""
        owner = (kind, number)
        known = self._of(owner)
        held = known.get(field)
        if held is not None and not held.gives_way_to(stamp):
            return False
        known[field] = stamp
        self._changed.add(owner)
        return True

    def flush(self) -> None:
        """Write down what was decided."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO stamp (kind, owner, stamps) VALUES (?, ?, ?)",
            [(kind, number, packed(self._known[kind, number])) for kind, number in self._changed],
        )
        self._changed = set()

    def _of(self, owner: Owner) -> dict[str, Stamp]:
        known = self._known.get(owner)
        if known is None:
            found = self._connection.execute(
                "SELECT stamps FROM stamp WHERE kind = ? AND owner = ?", owner
            ).fetchone()
            known = self._known[owner] = unpacked(found[0]) if found else {}
        return known


def packed(stamps: dict[str, Stamp]) -> str:
    """Return stamps as text: a list of [origin, time, writer, place, [field, ...]].

    >>> packed({"name": Stamp(2, 7, "ab", 64), "notes": Stamp(2, 7, "ab", 64)})
    '[[2,7,"ab",64,["name","notes"]]]'
    """
    fields: dict[Stamp, list[str]] = {}
    for field, stamp in stamps.items():
        fields.setdefault(stamp, []).append(field)
    return json_text([[*stamp, names] for stamp, names in fields.items()])


def unpacked(text: str) -> dict[str, Stamp]:
    """Undo ``packed``."""
    return {
        field: Stamp(origin, time, writer, place)
        for origin, time, writer, place, names in json.loads(text)
        for field in names
    }
