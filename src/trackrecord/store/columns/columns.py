"""Columns over all runs of an embedded store, read at one moment and kept for the next question.

A column comes from stored blocks (``column_blocks``) and, for runs that changed since a block was written, from their
rows (``column_rows``). A process keeps the columns that it has used; the next time it reads only the runs that changed
in between. `tidy` writes blocks, in whoever takes in the inbox.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from trackrecord.journal.place import INBOX
from trackrecord.store.columns import blocks as column_blocks
from trackrecord.store.columns import rows as column_rows
from trackrecord.store.columns.blocks import BLOCK
from trackrecord.store.columns.column import Array, Column, Kind, Tags, Texts, Values
from trackrecord.store.columns.rows import Chosen
from trackrecord.store.columns.shapes import Shapes, TypedKey, counted
from trackrecord.store.database.connections import Connections
from trackrecord.store.liveness import run_states
from trackrecord.words.states import RunState

#: memory for columns that were used and may be again
MOST_KEPT_BYTES = 128 * 1024 * 1024
#: with more runs than this to be read from their rows, blocks are written again
MOST_STALE = 1024

_Found = TypeVar("_Found", Column, Tags)


class ColumnView:
    """All columns of a store as of one revision. For use in one thread, inside of `Columns.reading`."""

    def __init__(self, connection: sqlite3.Connection, kept: _Kept, inbox: Path) -> None:
        self.connection = connection
        self._inbox = inbox
        self.revision = int(connection.execute("SELECT value FROM revision").fetchone()[0])
        #: one more than the greatest number of a run: the length of every column
        self.size = int(connection.execute("SELECT coalesce(max(number), -1) + 1 FROM run").fetchone()[0])
        self._kept = kept
        self._changed: dict[int, list[int]] = {}
        self._stale: list[int] | None = None

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one read-only statement, on the same state of the store."""
        return self.connection.execute(sql, tuple(values)).fetchall()

    def live_states(self) -> dict[int, RunState]:
        """Return the state of each run without a stored ending, at this moment."""
        return run_states(self.connection, time.time_ns(), self._inbox)

    def value(self, space: str, key: str) -> Column | None:
        """Return a ``param`` or ``summary`` value; None when no run has it."""
        return self._column(
            (space, key),
            lambda: column_blocks.read_values(self.connection, space, key),
            lambda chosen: column_rows.typed_column(self.connection, space, key, chosen),
        )

    def figure(self, key: str, figure: str) -> Column | None:
        """Return one of `column_rows.FIGURES` of a metric; None when no run has it."""
        return self._column(
            ("metric", key, figure),
            lambda: column_blocks.read_figure(self.connection, key, figure),
            lambda chosen: column_rows.figure_column(self.connection, key, figure, chosen),
        )

    def field(self, field: str) -> Column:
        """Return one of `column_rows.FIELDS`; one that no run has is all missing."""
        column = self._column(
            ("run", field),
            lambda: column_blocks.read_values(self.connection, "run", field),
            lambda chosen: column_rows.field_column(self.connection, field, chosen),
        )
        if column is None:
            return _nothing(self.size, whole=field in column_rows.WHOLE_FIELDS, as_of=self.revision)
        return column

    def tags(self) -> Tags:
        """Return the tags of all runs."""
        return self._kept.get("tags", self, self._load_tags, self._update_tags)

    def exists(self) -> Array:
        """Return which numbers are those of runs."""
        there: Array = self.field("created").kinds != Kind.MISSING
        return there

    def key_counts(self, counting: Array, project: int | None = None) -> dict[TypedKey, int]:
        """Return how many of the runs have each key that ``counting`` is true for."""
        stale = self._numbers_not_in_blocks()
        in_blocks = np.zeros(self._room, bool)
        in_blocks[: self.size] = counting
        in_blocks[stale] = False
        found = list(column_blocks.read_shapes(self.connection))
        keys, runs, entries = column_rows.key_pairs(self.connection, Chosen(stale))
        of_project = self.field("project").numbers
        projects = {run: int(of_project[run]) for run in stale}
        changed = Shapes.of(keys, runs, entries, projects)
        total = counted(found, in_blocks, project)
        for key, count in changed.counts(counting, project):
            total[key] = total.get(key, 0) + count
        return total

    # -- from blocks and rows to columns

    def _column(
        self,
        name: Hashable,
        from_blocks: Callable[[], Iterator[Values]],
        from_rows: Callable[[Chosen], Values],
    ) -> Column | None:
        def load() -> Column:
            # the last runs may be gone while the blocks still have them
            column = _with_values(_nothing(self._room), list(from_blocks()), self.revision)
            column = _grown(column, self.size)
            stale, gone = self._numbers_not_in_blocks(), self._gone()
            cleared = np.array([*stale, *(run for run in gone if run < self.size)], np.int64)
            return _with_values(column, [from_rows(Chosen(stale))], self.revision, cleared=cleared)

        def update(known: Column) -> Column:
            changed = self._changed_since(known.as_of)
            if not changed and len(known.kinds) == self.size:
                return replace(known, as_of=self.revision)
            values = from_rows(Chosen(changed))
            cleared = np.array(changed, np.int64)
            return _with_values(_grown(known, self.size), [values], self.revision, cleared=cleared)

        column = self._kept.get(name, self, load, update)
        return column if column.kinds.any() else None

    def _load_tags(self) -> Tags:
        texts = Texts()
        runs, codes = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for found, tags in column_blocks.read_tags(self.connection):
            runs.append(found)
            codes.append(texts.codes(tags))
        known = Tags(0, np.concatenate(runs), np.concatenate(codes), texts)
        return self._with_tags(known, [*self._numbers_not_in_blocks(), *self._gone()])

    def _update_tags(self, known: Tags) -> Tags:
        return self._with_tags(known, self._changed_since(known.as_of))

    def _with_tags(self, known: Tags, changed: list[int]) -> Tags:
        if not changed:
            return Tags(self.revision, known.runs, known.codes, known.texts)
        kept = ~np.isin(known.runs, np.array(changed, np.int64))
        runs, tags = column_rows.tag_pairs(self.connection, Chosen(changed))
        return Tags(
            self.revision,
            np.concatenate([known.runs[kept], runs]),
            np.concatenate([known.codes[kept], known.texts.codes(tags)]),
            known.texts,
        )

    def _changed_since(self, revision: int) -> list[int]:
        if revision == self.revision:
            return []
        if revision not in self._changed:
            rows = self.rows("SELECT number FROM run WHERE revision > ? ORDER BY number", (revision,))
            self._changed[revision] = [row[0] for row in rows]
        return self._changed[revision]

    def _numbers_not_in_blocks(self) -> list[int]:
        """Return the runs that are in no block, or changed after theirs was written, in order."""
        if self._stale is None:
            stale = stale_runs(self.connection)
            self._stale = sorted(number for numbers in stale.values() for number in numbers)
        return self._stale

    def _gone(self) -> list[int]:
        return [row[0] for row in self.rows("SELECT run FROM column_gone")]

    @property
    def _room(self) -> int:
        """One more than the greatest number that a block may have."""
        last = self.rows("SELECT coalesce(max(block), -1) + 1 FROM column_block")[0][0]
        return max(self.size, int(last) * BLOCK)


class Columns:
    """The columns of one store, kept between questions. Safe to use from any thread."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._kept = _Kept()

    @contextmanager
    def reading(self) -> Iterator[ColumnView]:
        """Lend a view of all columns as they are at this moment."""
        with self._connections.snapshot() as connection:
            view = ColumnView(connection, self._kept, self._connections.path.with_name(INBOX))
            epoch = connection.execute("SELECT value FROM column_epoch").fetchone()[0]
            self._kept.begin((self._file(), epoch), view.revision)
            yield view

    def _file(self) -> tuple[int, int] | None:
        """Return what tells the database from another one that was put in its place."""
        try:
            status = self._connections.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino


class _Kept:
    """The columns that were used last, within a bound of memory."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._found: OrderedDict[Hashable, Column | Tags] = OrderedDict()
        self._bytes = 0
        self._of: tuple[Any, int] = (None, 0)

    def begin(self, of: Hashable, revision: int) -> None:
        """Forget everything if it is of another database, or of an earlier life of this one."""
        with self._lock:
            if self._of[0] != of or revision < self._of[1]:
                self._found.clear()
                self._bytes = 0
            self._of = (of, revision)

    def get(
        self,
        name: Hashable,
        view: ColumnView,
        load: Callable[[], _Found],
        update: Callable[[_Found], _Found],
    ) -> _Found:
        with self._lock:
            known: Any = self._found.get(name)
            if known is not None and known.as_of == view.revision:
                self._found.move_to_end(name)
                return known  # type: ignore[no-any-return]
            if known is not None and known.as_of > view.revision:
                return load()  # another thread is ahead; what it has is of no use to this one
            found = load() if known is None else update(known)
            self._bytes += found.size_bytes - (0 if known is None else known.size_bytes)
            self._found[name] = found
            self._found.move_to_end(name)
            while self._bytes > MOST_KEPT_BYTES and len(self._found) > 1:
                self._bytes -= self._found.popitem(last=False)[1].size_bytes
            return found


def stale_runs(connection: sqlite3.Connection) -> dict[int, set[int]]:
    """Return, by block, the runs that the stored columns do not have as they are now."""
    revisions = dict(connection.execute("SELECT block, revision FROM column_block").fetchall())
    found: dict[int, set[int]] = {}
    if revisions:
        for number, revision in connection.execute(
            "SELECT number, revision FROM run WHERE revision > ?", (min(revisions.values()),)
        ):
            if revision > revisions.get(number // BLOCK, -1):
                found.setdefault(number // BLOCK, set()).add(number)
    end = max(revisions, default=-1) + 1
    gaps = [(block * BLOCK, (block + 1) * BLOCK) for block in range(end) if block not in revisions]
    for first, last in [*gaps, (end * BLOCK, 2**62)]:
        for (number,) in connection.execute(
            "SELECT number FROM run WHERE number >= ? AND number < ?", (first, last)
        ):
            found.setdefault(number // BLOCK, set()).add(number)
    return found


def is_due(connection: sqlite3.Connection) -> bool:
    """Tell whether `tidy` has anything to do; takes about a millisecond."""
    oldest, blocks = connection.execute(
        "SELECT coalesce(min(revision), -1), coalesce(max(block), -1) + 1 FROM column_block"
    ).fetchone()
    tail = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM run WHERE number >= ? LIMIT ?)", (blocks * BLOCK, MOST_STALE + 1)
    ).fetchone()[0]
    return tail > MOST_STALE or _looked_through(connection, oldest) > MOST_STALE


def tidy(connection: sqlite3.Connection, budget_s: float) -> bool:
    """Write the columns of runs that changed, when there are many; return whether there is more to do.

    For the ingester, inside of a transaction. It changes nothing that a view can show, so the revision stays. One
    block takes about half a second; ``budget_s`` is looked at between blocks.
    """
    begun = time.monotonic()
    revision = int(connection.execute("SELECT value FROM revision").fetchone()[0])
    stale = stale_runs(connection)
    # what has not changed since is as good as written now, and is not looked through again
    known = dict(connection.execute("SELECT block, revision FROM column_block").fetchall())
    fresh = [(revision, block) for block in known if block not in stale]
    connection.executemany("UPDATE column_block SET revision = ? WHERE block = ?", fresh)
    known.update((block, revision) for _, block in fresh)
    left = sum(map(len, stale.values()))
    while stale:
        oldest = min(known, key=known.__getitem__, default=0)
        if left > MOST_STALE:
            block = max(stale, key=lambda block: len(stale[block]))
        elif _looked_through(connection, known.get(oldest, revision)) > MOST_STALE:
            block = oldest
        else:
            return False
        if time.monotonic() - begun > budget_s:
            return True
        column_blocks.write_block(connection, block, revision)
        known[block] = revision
        left -= len(stale.pop(block, ()))
    return False


def _looked_through(connection: sqlite3.Connection, revision: int) -> int:
    """Return how many runs are looked through to find those that changed after their block, if not too many."""
    found = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM run WHERE revision > ? LIMIT ?)", (revision, MOST_STALE + 1)
    )
    return int(found.fetchone()[0])


def _nothing(size: int, *, whole: bool = False, as_of: int = 0) -> Column:
    numbers = np.zeros(size, np.int64) if whole else np.full(size, np.nan)
    return Column(as_of, np.zeros(size, np.uint8), numbers)


def _grown(column: Column, size: int) -> Column:
    """Return a copy with room for more runs, which may be changed."""
    more = max(0, size - len(column.kinds))
    empty = 0 if column.numbers.dtype == np.int64 else np.nan
    codes = column.codes
    return Column(
        column.as_of,
        np.concatenate([column.kinds, np.zeros(more, np.uint8)])[:size],
        np.concatenate([column.numbers, np.full(more, empty, column.numbers.dtype)])[:size],
        None if codes is None else np.concatenate([codes, np.full(more, -1, np.int64)])[:size],
        column.texts,
    )


def _with_values(column: Column, found: Sequence[Values], as_of: int, cleared: Array | None = None) -> Column:
    """Return a column with the values of some runs put in, after those ``cleared`` were taken out; it is changed."""
    kinds, numbers, codes, texts = column.kinds, column.numbers, column.codes, column.texts
    if (
        any(len(values.runs) and values.numbers.dtype == np.int64 for values in found)
        and numbers.dtype != np.int64
    ):
        numbers = np.where(np.isnan(numbers), 0, numbers).astype(np.int64)
    if cleared is not None:
        kinds[cleared] = Kind.MISSING
        numbers[cleared] = 0 if numbers.dtype == np.int64 else np.nan
        if codes is not None:
            codes[cleared] = -1
    for values in found:
        kinds[values.runs] = values.kinds
        if len(values.runs):
            numbers[values.runs] = values.numbers
        if values.texts:
            if codes is None or texts is None:
                codes, texts = np.full(len(kinds), -1, np.int64), Texts()
            wordy = (values.kinds == Kind.TEXT) | (values.kinds == Kind.OTHER)
            codes[values.runs[wordy]] = texts.codes(values.texts)
    return Column(as_of, kinds, numbers, codes, texts)
