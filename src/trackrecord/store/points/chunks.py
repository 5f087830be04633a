"""Points in chunks of about 4096: appending to an axis, and reading a metric back.

An axis is what the metrics that one writer logs together share: steps, times and places. Its chunk ``n`` goes with
chunk ``n`` of each of these metrics. The last chunk of an axis (or the last two) is read, extended and written again
while it is not full, so an append costs the new bytes and one chunk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trackrecord.store.points import payload
from trackrecord.words.errors import FormatError

Array = np.ndarray[Any, Any]

FULL = 4096
#: below this many points packing gains too little to be worth its time
_WORTH_PACKING = 64
#: so many metrics are asked for in one statement
_AT_ONCE = 500
#: a chunk with fewer points may lie behind one that is not full
_SMALL = 256


@dataclass(frozen=True, slots=True)
class AxisRows:
    """Rows of one axis in the order they were logged. ``flags`` is one byte a row, 1 where it may be a repetition."""

    steps: Array
    times: Array
    places: Array
    flags: Array

    def __len__(self) -> int:
        return len(self.steps)

    def part(self, begin: int, end: int) -> AxisRows:
        """Return the rows from ``begin`` up to and without ``end``."""
        return AxisRows(
            self.steps[begin:end], self.times[begin:end], self.places[begin:end], self.flags[begin:end]
        )

    @staticmethod
    def joined(parts: Sequence[AxisRows]) -> AxisRows:
        """Return the rows of several parts, one after the other."""
        if len(parts) == 1:
            return parts[0]
        return AxisRows(
            join_steps([part.steps for part in parts]),
            np.concatenate([part.times for part in parts]),
            np.concatenate([part.places for part in parts]),
            np.concatenate([part.flags for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class WriterPoints:
    """Points of one metric from one axis, with the writer that logged them."""

    writer: str
    rows: AxisRows
    values: Array


def join_steps(parts: Sequence[Array]) -> Array:
    """Return steps as one array: int64 when every part is, else float64."""
    if any(part.dtype.kind == "f" for part in parts):
        parts = [part.astype(np.float64) for part in parts]
    return np.concatenate(parts)


def whole_if_possible(steps: Array) -> Array:
    """Return fractional steps as int64 when every one of them is whole."""
    if steps.dtype.kind == "i":
        return steps
    if np.all((np.trunc(steps) == steps) & (np.abs(steps) < 2.0**63)):
        return steps.astype(np.int64)
    return steps


def append(
    connection: sqlite3.Connection,
    axis: int,
    metrics: Sequence[int],
    rows: AxisRows,
    values: Array,
    *,
    last: bool = False,
) -> tuple[int, int]:
    """Put rows behind those that an axis has; return how many chunks it has now, and how many became full.

    ``values`` has a row for each and a column for each of ``metrics``. A chunk is packed once it is full, or at once
    when these are the ``last`` rows of the axis. Raises FormatError when the chunk to extend is damaged.
    """
    n, extended = _place_of(_tail(connection, axis), len(rows), last=last)
    if extended:
        before = [decode_rows(*payloads) for _, _, *payloads in extended]
        held = [_read_values(connection, axis, chunk, metrics, points) for chunk, points, *_ in extended]
        rows, values = AxisRows.joined([*before, rows]), np.concatenate([*held, values])
    axis_chunks: list[tuple[Any, ...]] = []
    metric_chunks: list[tuple[Any, ...]] = []
    for begin in range(0, len(rows), FULL):
        part = rows.part(begin, begin + FULL)
        packed = len(part) == FULL or (last and len(part) >= _WORTH_PACKING)
        codec = payload.PCODEC if packed else payload.RAW
        axis_chunks.append((axis, n, *_encode_rows(part, codec)))
        columns = np.ascontiguousarray(values[begin : begin + FULL].T)
        metric_chunks += [
            (metric, axis, n, payload.encode(column, codec))
            for metric, column in zip(metrics, columns, strict=True)
        ]
        n += 1
    _write(connection, axis_chunks, metric_chunks)
    for chunk, *_ in extended:
        if chunk >= n:
            connection.execute("DELETE FROM axis_chunk WHERE axis = ? AND n = ?", (axis, chunk))
            connection.executemany(
                "DELETE FROM metric_chunk WHERE metric = ? AND n = ? AND axis = ?",
                [(metric, chunk, axis) for metric in metrics],
            )
    return n, len(rows) // FULL


def read(connection: sqlite3.Connection, metric: int, *, places: bool = True) -> list[WriterPoints]:
    """Return all points of a metric as they were logged, axis by axis; without ``places`` these are zeros.

    Raises FormatError when a chunk is damaged.
    """
    found = connection.execute(
        f"SELECT m.axis, a.writer, c.steps, c.times, {'c.places' if places else 'NULL'}, c.flags, m.vals"  # noqa: S608
        " FROM metric_chunk m JOIN axis a ON a.number = m.axis JOIN axis_chunk c ON c.axis = m.axis AND c.n = m.n"
        " WHERE m.metric = ? ORDER BY a.writer, a.keys, m.n",
        (metric,),
    )
    parts: dict[tuple[int, str], list[tuple[AxisRows, Array]]] = {}
    for axis, writer, *packed, values in found:
        rows = decode_rows(*packed)
        parts.setdefault((axis, writer), []).append((rows, decode_values(values, len(rows), metric, axis)))
    return [
        WriterPoints(
            writer,
            AxisRows.joined([rows for rows, _ in chunks]),
            np.concatenate([numbers for _, numbers in chunks]),
        )
        for (_, writer), chunks in parts.items()
    ]


def rows_in(connection: sqlite3.Connection, axis: int, n: int) -> AxisRows:
    """Return the rows of one chunk of an axis. Raises FormatError when it is damaged."""
    return decode_rows(
        *connection.execute(
            "SELECT steps, times, places, flags FROM axis_chunk WHERE axis = ? AND n = ?", (axis, n)
        ).fetchone()
    )


def values_in(connection: sqlite3.Connection, axis: int, n: int, metric: int) -> Array:
    """Return the values of a metric in one chunk of an axis. Raises FormatError when it is damaged or not there."""
    found = connection.execute(
        "SELECT vals FROM metric_chunk WHERE metric = ? AND n = ? AND axis = ?", (metric, n, axis)
    ).fetchone()
    return payload.decode(found[0] if found else b"")


def rewrite_rows(connection: sqlite3.Connection, axis: int, rows: AxisRows) -> None:
    """Put rows in place of those of the full chunks that an axis has, from the first one on."""
    parts = [(begin // FULL, rows.part(begin, begin + FULL)) for begin in range(0, len(rows), FULL)]
    _write(connection, [(axis, n, *_encode_rows(part, payload.PCODEC)) for n, part in parts], [])


def rewrite_values(connection: sqlite3.Connection, axis: int, metric: int, values: Array) -> None:
    """Put the values of a metric in place of those of the full chunks that an axis has, from the first one on."""
    parts = [(begin // FULL, values[begin : begin + FULL]) for begin in range(0, len(values), FULL)]
    _write(connection, [], [(metric, axis, n, payload.encode(part, payload.PCODEC)) for n, part in parts])


def decode_values(packed: bytes, points: int, metric: int, axis: int) -> Array:
    """Return the values of a metric in one chunk. Raises FormatError when they do not fit its axis."""
    numbers = payload.decode(packed)
    if len(numbers) != points:
        raise FormatError(
            f"chunks of metric {metric} and axis {axis} do not fit: {len(numbers)} values at {points} steps",
            hint="run `trackrecord check`",
        )
    return numbers


def decode_rows(steps: bytes, times: bytes, places: bytes | None, flags: bytes | None) -> AxisRows:
    """Return what the metrics of an axis share in one chunk. Raises FormatError when its parts do not fit."""
    decoded = payload.decode(steps)
    rows = AxisRows(
        decoded,
        payload.decode(times),
        np.broadcast_to(np.int64(0), len(decoded)) if places is None else payload.decode(places),
        np.broadcast_to(np.uint8(0), len(decoded)) if flags is None else payload.decode(flags),
    )
    if not len(rows.steps) == len(rows.times) == len(rows.places) == len(rows.flags):
        raise FormatError("the chunks of an axis do not fit each other", hint="run `trackrecord check`")
    return rows


def _tail(connection: sqlite3.Connection, axis: int) -> list[tuple[Any, ...]]:
    """Return number, points and payloads of the last two chunks of an axis, the last one first."""
    return connection.execute(
        "SELECT n, points, steps, times, places, flags FROM axis_chunk WHERE axis = ? ORDER BY n DESC LIMIT 2",
        (axis,),
    ).fetchall()


def _place_of(tail: list[tuple[Any, ...]], rows: int, *, last: bool) -> tuple[int, list[tuple[Any, ...]]]:
    """Return the number that the chunk of new rows gets, and the chunks, in order, that it extends.

    A few rows are put into a small chunk of their own behind one that is not full, and go over to it when they have
    become enough: so a live run writes a few rows again with every pass, not thousands.
    """
    if not tail:
        return 0, []
    n, points = tail[0][:2]
    if points == FULL:
        return n + 1, []
    if points >= _SMALL and rows < _SMALL and not last:
        return n + 1, []
    if points < _SMALL and len(tail) == 2 and tail[1][1] < FULL and (last or points + rows >= _SMALL):
        return n - 1, [tail[1], tail[0]]
    return n, [tail[0]]


def _write(
    connection: sqlite3.Connection, axis_chunks: list[tuple[Any, ...]], metric_chunks: list[tuple[Any, ...]]
) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO axis_chunk"
        " (axis, n, points, low_step, high_step, low_time, high_time, low_place, high_place,"
        " steps, times, places, flags)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        axis_chunks,
    )
    connection.executemany(
        "INSERT OR REPLACE INTO metric_chunk (metric, axis, n, vals) VALUES (?, ?, ?, ?)", metric_chunks
    )


def _encode_rows(rows: AxisRows, codec: int) -> tuple[Any, ...]:
    flags = payload.encode(rows.flags, payload.SHUFFLED) if rows.flags.any() else None
    return (
        len(rows),
        float(rows.steps.min()),
        float(rows.steps.max()),
        int(rows.times.min()),
        int(rows.times.max()),
        int(rows.places.min()),
        int(rows.places.max()),
        payload.encode(whole_if_possible(rows.steps), codec),
        payload.encode(rows.times, codec),
        payload.encode(rows.places, codec),
        flags,
    )


def _read_values(
    connection: sqlite3.Connection, axis: int, n: int, metrics: Sequence[int], points: int
) -> Array:
    values = np.empty((points, len(metrics)))
    found: dict[int, bytes] = {}
    for begin in range(0, len(metrics), _AT_ONCE):
        part = metrics[begin : begin + _AT_ONCE]
        found.update(
            connection.execute(
                "SELECT metric, vals FROM metric_chunk WHERE n = ? AND axis = ?"  # noqa: S608
                f" AND metric IN ({', '.join('?' * len(part))})",
                (n, axis, *part),
            )
        )
    for column, metric in enumerate(metrics):
        values[:, column] = decode_values(found.get(metric, b""), points, metric, axis)
    return values
