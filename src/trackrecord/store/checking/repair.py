"""What ``trackrecord check --fix`` does about points: damage goes to the quarantine, what is derived is made again.

No number is ever changed. A chunk that can't be read is taken out of its axis, with the bytes that it has, and what
is left is numbered anew, so that every metric of an axis has a chunk for each of the axis again.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from dataclasses import dataclass

from trackrecord.store.checking.points import AxisDamage, RunPoints
from trackrecord.store.checking.quarantine import Quarantine
from trackrecord.store.points import figures, levels

_COPIED = (
    "points, low_step, high_step, low_time, high_time, low_place, high_place, steps, times, places, flags"
)


def repair_points(
    connection: sqlite3.Connection, run: int, run_id: str, found: RunPoints, quarantine: Quarantine
) -> None:
    """Repair what the check of a run's points found, within the transaction of ``connection``.

    After damage was moved away call it again with what a new check finds: figures are made from what is left.
    """
    for (axis, n), header in found.headers.items():
        connection.execute(
            "UPDATE axis_chunk SET (points, low_step, high_step, low_time, high_time, low_place, high_place)"
            " = (?, ?, ?, ?, ?, ?, ?) WHERE axis = ? AND n = ?",
            (*header, axis, n),
        )
    for axis in found.unflagged:
        connection.execute("UPDATE axis SET flagged = 1 WHERE number = ?", (axis,))
    for damage in found.damage:
        _TakingOut(connection, run, run_id, damage, quarantine).run()
    for metric, row in found.figures.items():
        marks = ", ".join("?" * len(row))
        connection.execute(
            f"UPDATE metric SET ({figures.COLUMNS}) = ({marks}) WHERE number = ?",  # noqa: S608
            (*row, metric),
        )


def rebuild_levels(connection: sqlite3.Connection, axis: int, metrics: list[int]) -> None:
    """Make all levels of an axis again from its points. Raises FormatError when a chunk is damaged."""
    (sealed,) = connection.execute("SELECT sealed FROM axis WHERE number = ?", (axis,)).fetchone()
    levels.remove(connection, axis, metrics)
    levels.complete(connection, axis, metrics, sealed=bool(sealed))


@dataclass(frozen=True, slots=True)
class _TakingOut:
    """Takes the damaged chunks out of one axis."""

    connection: sqlite3.Connection
    run_number: int
    run_id: str
    damage: AxisDamage
    quarantine: Quarantine

    def run(self) -> None:
        connection, axis = self.connection, self.damage.axis
        metrics = [
            metric
            for (metric,) in connection.execute(
                "SELECT DISTINCT m.number FROM metric m JOIN metric_chunk c ON c.metric = m.number"
                " WHERE m.run = ? AND c.axis = ? ORDER BY m.number",
                (self.run_number, axis),
            )
        ]
        levels.remove(connection, axis, metrics)
        for metric in metrics:
            for n in sorted(self.damage.rows | self.damage.values.get(metric, set())):
                self._put_values_aside(metric, n)
        for n in sorted(self.damage.rows):
            self._put_rows_aside(n)
        # the axis ends here: what its writer adds goes to a new one
        connection.execute("UPDATE axis SET keys = ? WHERE number = ?", (_closed_name(axis, "ended"), axis))
        groups: dict[frozenset[int], list[int]] = {}
        for metric in metrics:
            groups.setdefault(frozenset(self.damage.values.get(metric, set())), []).append(metric)
        for missing, group in sorted(groups.items(), key=lambda item: sorted(item[0])):
            target = axis
            if missing:
                target = _copy_without(connection, axis, missing)
                connection.executemany(
                    "UPDATE metric_chunk SET axis = ? WHERE axis = ? AND metric = ?",
                    [(target, axis, metric) for metric in group],
                )
            _finish_axis(connection, target, group)
        if frozenset() not in groups:
            connection.execute("DELETE FROM axis_chunk WHERE axis = ?", (axis,))
            connection.execute("DELETE FROM axis WHERE number = ?", (axis,))

    def _put_values_aside(self, metric: int, n: int) -> None:
        axis, connection = self.damage.axis, self.connection
        where = "metric = ? AND n = ? AND axis = ?"
        row = connection.execute(f"SELECT vals FROM metric_chunk WHERE {where}", (metric, n, axis)).fetchone()  # noqa: S608
        (key,) = connection.execute("SELECT key FROM metric WHERE number = ?", (metric,)).fetchone()
        if row is not None:
            why = "its steps are damaged" if n in self.damage.rows else "it is damaged"
            facts = {"table": "metric_chunk", "run": self.run_id, "metric": key, "axis": axis, "n": n}
            self.quarantine.keep(
                f"metric_chunk-{metric}-{axis}-{n}.payload",
                _bytes(row[0]),
                f"a chunk of values: {why}",
                **facts,
            )
            connection.execute(f"DELETE FROM metric_chunk WHERE {where}", (metric, n, axis))  # noqa: S608
        header = connection.execute(
            "SELECT points, low_step, high_step FROM axis_chunk WHERE axis = ? AND n = ?", (axis, n)
        ).fetchone()
        extent = "points" if header is None else f"{header[0]} points at steps {header[1]:g} to {header[2]:g}"
        message = f"{extent} of {key!r} were damaged in the store and put aside"
        show_problem(connection, self.run_number, self.damage.writer, message)

    def _put_rows_aside(self, n: int) -> None:
        axis = self.damage.axis
        row = self.connection.execute(
            "SELECT steps, times, places, flags FROM axis_chunk WHERE axis = ? AND n = ?", (axis, n)
        ).fetchone()
        for column, packed in zip(("steps", "times", "places", "flags"), row or (), strict=False):
            if packed is not None:
                facts = {"table": "axis_chunk", "column": column, "run": self.run_id, "axis": axis, "n": n}
                name = f"axis_chunk-{axis}-{n}.{column}.payload"
                self.quarantine.keep(name, _bytes(packed), "a chunk of an axis is damaged", **facts)
        self.connection.execute("DELETE FROM axis_chunk WHERE axis = ? AND n = ?", (axis, n))


def _copy_without(connection: sqlite3.Connection, axis: int, missing: frozenset[int]) -> int:
    """Make an axis of the same rows but those of some chunks; return its number."""
    made = connection.execute(
        "INSERT INTO axis (run, writer, keys, exponent, flagged, sealed)"
        " SELECT run, writer, ?, NULL, flagged, sealed FROM axis WHERE number = ?",
        (_closed_name(axis, f"without {sorted(missing)}"), axis),
    )
    target = made.lastrowid
    assert target is not None
    connection.execute(
        f"INSERT INTO axis_chunk (axis, n, {_COPIED}) SELECT ?, n, {_COPIED} FROM axis_chunk"  # noqa: S608
        f" WHERE axis = ? AND n NOT IN ({', '.join('?' * len(missing))}) ORDER BY n",
        (target, axis, *sorted(missing)),
    )
    return target


def _finish_axis(connection: sqlite3.Connection, axis: int, metrics: list[int]) -> None:
    """Number the chunks of an axis anew and build its levels; remove it when it has none."""
    numbers = [
        n for (n,) in connection.execute("SELECT n FROM axis_chunk WHERE axis = ? ORDER BY n", (axis,))
    ]
    if not numbers:
        connection.execute("DELETE FROM axis WHERE number = ?", (axis,))
        return
    for new, old in enumerate(numbers):
        if new != old:
            connection.execute("UPDATE axis_chunk SET n = ? WHERE axis = ? AND n = ?", (new, axis, old))
            for metric in metrics:
                connection.execute(
                    "UPDATE metric_chunk SET n = ? WHERE metric = ? AND n = ? AND axis = ?",
                    (new, metric, old, axis),
                )
    levels.complete(connection, axis, metrics, sealed=True)


def show_problem(connection: sqlite3.Connection, run: int, writer: str, message: str) -> None:
    """Show on a run that something of it is damaged."""
    now = time.time_ns()
    connection.execute(
        "INSERT INTO problem (run, writer, code, message, count, first, last) VALUES (?, ?, 'damage', ?, 1, ?, ?)"
        " ON CONFLICT (run, writer, code, message) DO UPDATE SET last = excluded.last",
        (run, writer, message, now, now),
    )


def _closed_name(axis: int, what: str) -> str:
    """Return a name for an axis that no set of metric names has."""
    return hashlib.sha256(f"check: axis {axis} {what}".encode()).hexdigest()[:32]


def _bytes(packed: object) -> bytes:
    return packed if isinstance(packed, bytes) else repr(packed).encode()
