"""Columns from the rows of the catalog: of runs that the stored columns do not have yet, and to make these.

``Chosen`` names the runs by an SQL condition on a column with the number of the run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np

from trackrecord.store.columns.column import Array, Kind, Values
from trackrecord.store.columns.shapes import TypedKey

#: figures of a metric that are columns
FIGURES = (
    "last", "first", "min", "max", "mean", "points", "nonfinite", "first_step", "last_step", "min_step", "max_step",
)  # fmt: skip
#: fields of a run by what they hold
WHOLE_FIELDS = ("created", "ended", "grown_at", "project", "experiment", "archived", "deleted")
NUMBER_FIELDS = ("points", "problems", "last_step", "exit_code")
TEXT_FIELDS = (
    "id", "name", "group_name", "parent", "hypothesis", "notes", "user", "host", "ended_state",
)  # fmt: skip
FIELDS = (*WHOLE_FIELDS, *NUMBER_FIELDS, *TEXT_FIELDS)

#: names of a table and of what it holds
SPACES = ("param", "summary", "metric")

_KINDS = {"int": Kind.INT, "float": Kind.FLOAT, "bool": Kind.BOOL, "text": Kind.TEXT, "none": Kind.NONE}
#: how docs/format.md calls them
KIND_NAMES = {kind: name for name, kind in _KINDS.items()} | {Kind.NAN: "float", Kind.OTHER: "json"}
_TYPED = "kind, number, CASE WHEN kind = 'text' THEN text WHEN number IS NULL THEN value END"


class Chosen:
    """Some runs: a list of their numbers, or all from one number to before another."""

    def __init__(self, numbers: Sequence[int] | None = None, between: tuple[int, int] = (0, 0)) -> None:
        if numbers is None:
            self._condition, self.bound = "{0} >= ? AND {0} < ?", between
        else:
            # as one value, however many there are
            listed = "[" + ",".join(map(str, numbers)) + "]"
            self._condition, self.bound = "{0} IN (SELECT value FROM json_each(?))", (listed,)

    def where(self, column: str) -> str:
        """Return the condition on a column of SQL."""
        return self._condition.format(column)

    bound: tuple[Any, ...]


def typed_column(connection: sqlite3.Connection, space: str, key: str, chosen: Chosen) -> Values:
    """Return one param or summary value of some runs."""
    rows = connection.execute(
        f"SELECT run, {_TYPED} FROM {space} WHERE key = ? AND {chosen.where('run')} ORDER BY run",  # noqa: S608 - ours
        (key, *chosen.bound),
    ).fetchall()
    return _typed(rows)


def typed_columns(connection: sqlite3.Connection, space: str, chosen: Chosen) -> dict[str, Values]:
    """Return every param, or summary value, of some runs."""
    rows = connection.execute(
        f"SELECT run, {_TYPED}, key FROM {space} WHERE {chosen.where('run')} ORDER BY run",  # noqa: S608 - ours
        chosen.bound,
    ).fetchall()
    by_key: dict[str, list[Any]] = {}
    for row in rows:
        found = by_key.get(row[4])
        if found is None:
            by_key[row[4]] = [row]
        else:
            found.append(row)
    return {key: _typed(found) for key, found in by_key.items()}


def figure_column(connection: sqlite3.Connection, key: str, figure: str, chosen: Chosen) -> Values:
    """Return one figure of a metric of some runs; a metric whose points are all hidden has only NaN."""
    rows = connection.execute(
        f"SELECT run, {figure} FROM metric WHERE key = ? AND {chosen.where('run')} ORDER BY run",  # noqa: S608 - ours
        (key, *chosen.bound),
    ).fetchall()
    return figures_as_values(_array(rows, 0, np.int64), _array(rows, 1, np.float64))


def figure_columns(connection: sqlite3.Connection, chosen: Chosen) -> dict[str, tuple[Array, Array]]:
    """Return, by metric, the runs among some that have it and their figures, one line per name of `FIGURES`."""
    rows = connection.execute(
        f"SELECT run, key, {', '.join(FIGURES)} FROM metric WHERE {chosen.where('run')} ORDER BY run",  # noqa: S608 - ours
        chosen.bound,
    ).fetchall()
    if not rows:
        return {}
    columns = list(zip(*rows, strict=True))
    places: dict[str, int] = {}
    keys = np.fromiter((places.setdefault(key, len(places)) for key in columns[1]), np.int64, len(rows))
    order = np.argsort(keys, kind="stable")
    ends = np.searchsorted(keys[order], np.arange(1, len(places) + 1))
    runs = np.array(columns[0], np.int64)[order]
    figures = np.array([np.array(column, np.float64) for column in columns[2:]])[:, order]
    starts = [0, *ends[:-1].tolist()]
    return {
        key: (runs[start:end], figures[:, start:end])
        for key, start, end in zip(places, starts, ends.tolist(), strict=True)
    }


def figures_as_values(runs: Array, figures: Array) -> Values:
    """Return one figure, for which NaN means that the metric has no such value."""
    kinds = np.where(np.isnan(figures), np.uint8(Kind.NAN), np.uint8(Kind.FLOAT))
    return Values(runs, kinds, figures)


def field_column(connection: sqlite3.Connection, field: str, chosen: Chosen) -> Values:
    """Return one field of some runs."""
    rows = connection.execute(
        f"SELECT number, {field} FROM run WHERE {field} IS NOT NULL AND {chosen.where('number')} ORDER BY number",  # noqa: S608 - ours
        chosen.bound,
    ).fetchall()
    return _field(field, rows)


def field_columns(connection: sqlite3.Connection, chosen: Chosen) -> dict[str, Values]:
    """Return every field of some runs."""
    rows = connection.execute(
        f"SELECT number, {', '.join(FIELDS)} FROM run WHERE {chosen.where('number')} ORDER BY number",  # noqa: S608 - ours
        chosen.bound,
    ).fetchall()
    found = {}
    for place, field in enumerate(FIELDS, 1):
        found[field] = _field(field, [(row[0], row[place]) for row in rows if row[place] is not None])
    return found


def tag_pairs(connection: sqlite3.Connection, chosen: Chosen) -> tuple[Array, list[str]]:
    """Return the tags of some runs as pairs of a run and a tag."""
    rows = connection.execute(
        f"SELECT run, name FROM tag WHERE {chosen.where('run')} ORDER BY run, name",  # noqa: S608 - ours
        chosen.bound,
    ).fetchall()
    return _array(rows, 0, np.int64), [row[1] for row in rows]


def key_pairs(connection: sqlite3.Connection, chosen: Chosen) -> tuple[list[TypedKey], Array, Array]:
    """Return the keys that some runs have, and pairs of a run and the place of a key: as `Shapes.of` takes them."""
    places: dict[TypedKey, int] = {}
    pairs: list[tuple[int, int]] = []
    for space in SPACES:
        kind = "''" if space == "metric" else "kind"
        pairs += [
            (run, places.setdefault((space, key, what), len(places)))
            for run, key, what in connection.execute(
                f"SELECT run, key, {kind} FROM {space} WHERE {chosen.where('run')}",  # noqa: S608 - ours
                chosen.bound,
            )
        ]
    runs, entries = np.array(pairs, np.int64).reshape(-1, 2).T
    return list(places), runs, entries


def _typed(rows: Sequence[tuple[Any, ...]]) -> Values:
    """Return rows of (run, kind, number, text or JSON)."""
    numbers = _array(rows, 2, np.float64)
    kinds = np.fromiter((_KINDS.get(row[1], Kind.OTHER) for row in rows), np.uint8, len(rows))
    without = np.isnan(numbers)
    kinds[without & (kinds == Kind.FLOAT)] = Kind.NAN
    kinds[without & ((kinds == Kind.INT) | (kinds == Kind.BOOL))] = Kind.OTHER
    wordy = (kinds == Kind.TEXT) | (kinds == Kind.OTHER)
    if not wordy.any():
        return Values(_array(rows, 0, np.int64), kinds, numbers)
    texts = [rows[place][3] or "" for place in np.flatnonzero(wordy).tolist()]
    return Values(_array(rows, 0, np.int64), kinds, numbers, texts)


def _field(field: str, rows: Sequence[tuple[Any, ...]]) -> Values:
    runs = _array(rows, 0, np.int64)
    if field in TEXT_FIELDS:
        kinds = np.full(len(rows), Kind.TEXT, np.uint8)
        return Values(runs, kinds, np.full(len(rows), np.nan), [row[1] for row in rows])
    if field in WHOLE_FIELDS:
        return Values(runs, np.full(len(rows), Kind.INT, np.uint8), _array(rows, 1, np.int64))
    return Values(runs, np.full(len(rows), Kind.FLOAT, np.uint8), _array(rows, 1, np.float64))


def _array(rows: Sequence[tuple[Any, ...]], place: int, dtype: Any) -> Array:
    return np.array([row[place] for row in rows], dtype)
