"""What rows do: points go to the chunks of their axis, and their figures are brought up to date."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from trackrecord.journal.bulk import Rows
from trackrecord.store.intake.transaction import Source, Transaction
from trackrecord.store.points import figures, levels
from trackrecord.store.points.chunks import AxisRows
from trackrecord.store.points.history import Rewind, own_history, rewinds_of, visible_rows

Array = np.ndarray[Any, Any]

# column by column: SQLite makes a table of its own of a row value on the right
_SET_FIGURES = (
    f"UPDATE metric SET {', '.join(f'{name} = ?' for name in figures.COLUMNS.split(', '))}"  # noqa: S608
    " WHERE number = ?"
)


class Points:
    """The rows of one transaction, gathered by axis; written to the database by ``flush``."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._waiting: dict[tuple[int, str, tuple[str, ...]], list[tuple[AxisRows, Array]]] = {}
        self._rewinds: dict[int, list[Rewind]] = {}
        #: metrics, by run, whose figures can't be brought up to date from the new rows alone
        self._again: dict[int, set[int]] = {}
        self._grown: set[int] = set()

    def rows(self, source: Source, rows: Rows) -> None:
        """Gather the rows of some calls of ``log()``."""
        places = source.place(0) + rows.offsets
        axis = AxisRows(rows.steps, rows.times, places, rows.retried.astype(np.uint8))
        values = rows.values
        if rows.fractional:
            usable = np.isfinite(rows.steps)
            if not usable.all():
                lost = int(np.count_nonzero(~usable))
                self._tx.problem(
                    source, "step", "a step was NaN or infinite; its values were left out", lost, 0
                )
                axis = AxisRows(axis.steps[usable], axis.times[usable], places[usable], axis.flags[usable])
                values = values[usable]
        # the same names in another order are the same axis; of a name given twice the last value counts
        column_of = {key: column for column, key in enumerate(rows.keys)}
        keys = tuple(sorted(column_of))
        if keys != rows.keys:
            values = values[:, [column_of[key] for key in keys]]
        if len(axis) and keys:
            self._waiting.setdefault((source.run, source.writer, keys), []).append((axis, values))

    def flush(self) -> None:
        """Write chunks and figures, then pack the chunks of writers that are done."""
        for (run, writer, keys), parts in self._waiting.items():
            rows = AxisRows.joined([part for part, _ in parts])
            values = np.concatenate([found for _, found in parts])
            self._append(run, writer, keys, rows, values)
            self._grown.add(run)
        for run in self._tx.rewound:
            found = self._tx.connection.execute("SELECT number FROM metric WHERE run = ?", (run,))
            self._again.setdefault(run, set()).update(number for (number,) in found)
            self._grown.add(run)
        for run, metrics in self._again.items():
            for metric in metrics:
                self._figures_from_points(run, metric)
        for run in self._grown:
            self._sum_up(run)
        for run, writer in self._tx.done:
            self._seal(run, writer)

    def _append(self, run: int, writer: str, keys: tuple[str, ...], rows: AxisRows, values: Array) -> None:
        axis = self._axis(run, writer, keys)
        kept = visible_rows(writer, rows, self._rewinds_of(run))
        new: Sequence[figures.Figures | None]
        if kept.all():
            new = figures.of_columns(rows.steps, rows.times, values)
        elif kept.any():
            new = figures.of_columns(rows.steps[kept], rows.times[kept], values[kept])
        else:
            new = [None] * len(keys)
        metrics = self._metrics(run, keys, new)
        levels.append(self._tx.connection, axis, metrics, rows, values, last=(run, writer) in self._tx.done)
        if rows.flags.any():
            self._again.setdefault(run, set()).update(metrics)

    def _axis(self, run: int, writer: str, keys: Sequence[str]) -> int:
        digest = hashlib.sha256("\0".join(keys).encode("utf-8", "replace")).hexdigest()[:32]
        connection = self._tx.connection
        found = connection.execute(
            "SELECT number FROM axis WHERE run = ? AND writer = ? AND keys = ?", (run, writer, digest)
        ).fetchone()
        if found:
            return int(found[0])
        made = connection.execute(
            "INSERT INTO axis (run, writer, keys) VALUES (?, ?, ?)", (run, writer, digest)
        )
        assert made.lastrowid is not None
        return made.lastrowid

    def _metrics(self, run: int, keys: Sequence[str], new: Sequence[figures.Figures | None]) -> list[int]:
        """Return the numbers of metrics after adding figures to their rows, which are made when they are new."""
        connection = self._tx.connection
        known = figures.stored(connection, run, keys)
        numbers, changed = [], []
        for key, added in zip(keys, new, strict=True):
            if key in known:
                number, before = known[key]
                if added is not None:
                    changed.append((*(added if before is None else before + added).row(), number))
            else:
                made = connection.execute(
                    f"INSERT INTO metric (run, key, {figures.COLUMNS}) VALUES ({', '.join('?' * 16)})",  # noqa: S608
                    (run, key, *(figures.NO_POINTS if added is None else added.row())),
                )
                assert made.lastrowid is not None
                number = made.lastrowid
            numbers.append(number)
        self._write_figures(changed)
        return numbers

    def _figures_from_points(self, run: int, metric: int) -> None:
        found = own_history(self._tx.connection, metric, self._rewinds_of(run))
        row = figures.NO_POINTS
        if len(found):
            row = figures.of_column(found.steps, found.times, found.values).row()
        self._write_figures([(*row, metric)])

    def _write_figures(self, rows: list[tuple[Any, ...]]) -> None:
        """Write rows of figures, each with the number of its metric behind it."""
        self._tx.connection.executemany(_SET_FIGURES, rows)

    def _sum_up(self, run: int) -> None:
        # the recorder's own metrics count their own steps, which say nothing of how far the run is
        self._tx.connection.execute(
            "UPDATE run SET (points, last_step) = (SELECT coalesce(sum(points), 0),"
            " max(CASE WHEN points > 0 AND key NOT LIKE 'system/%' THEN last_step END)"
            " FROM metric WHERE run = :run) WHERE number = :run",
            {"run": run},
        )

    def _rewinds_of(self, run: int) -> list[Rewind]:
        rewinds = self._rewinds.get(run)
        if rewinds is None:
            rewinds = self._rewinds[run] = rewinds_of(self._tx.connection, run)
        return rewinds

    def _seal(self, run: int, writer: str) -> None:
        connection = self._tx.connection
        for (axis,) in connection.execute(
            "SELECT number FROM axis WHERE run = ? AND writer = ?", (run, writer)
        ).fetchall():
            levels.seal(connection, axis)
