"""Which ids a writer gave to its sets of columns, so that a row can be written, and declared again, by id."""

from __future__ import annotations

import itertools

from trackrecord.journal.clock import now_ns
from trackrecord.journal.format import Kind, encode_structural

#: after so many different sets of columns, or names in them, all are forgotten and declared anew when they come again
MOST_COLUMN_SETS = 20_000
MOST_NAMES = 500_000


class ColumnSets:
    """The sets of columns of one writer, by id. An id means the same set in all of its segments."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, ...], int] = {}
        self._by_id: dict[int, tuple[str, ...]] = {}
        self._names = 0
        self._counter = itertools.count()

    def id_of(self, keys: tuple[str, ...]) -> int | None:
        """Return the id of a known set, or None."""
        return self._ids.get(keys)

    def add(self, keys: tuple[str, ...]) -> int:
        """Give a set an id."""
        columns_id = next(self._counter)  # one step, so that a signal handler never gets the same
        self._by_id[columns_id] = keys
        self._ids[keys] = columns_id
        self._names += len(keys)
        return columns_id

    def are_many(self) -> bool:
        """Tell whether it is time to forget: a run that makes up names for ever must not fill the memory."""
        return len(self._ids) >= MOST_COLUMN_SETS or self._names >= MOST_NAMES

    def forget(self) -> None:
        """Forget all sets. Rows that wait in memory need theirs: not to be called while there are such."""
        self._ids.clear()
        self._by_id.clear()
        self._names = 0

    def before(self, record: bytes, declared: set[int] | None = None) -> bytes:
        """Return the columns record that a row needs before it in a segment, or nothing.

        ``declared`` are the ids that the segment has; what is returned is added to them.
        """
        columns_id = int.from_bytes(record[16:20], "little")
        if record[8] != Kind.ROW or (declared is not None and columns_id in declared):
            return b""
        if declared is not None:
            declared.add(columns_id)
        keys = self._by_id.get(columns_id)
        return b"" if keys is None else columns_record(columns_id, keys)


def columns_record(columns_id: int, keys: tuple[str, ...]) -> bytes:
    """Return the record that gives an id to names of columns."""
    return encode_structural(Kind.COLUMNS, {"t": now_ns(), "id": columns_id, "keys": list(keys)})
