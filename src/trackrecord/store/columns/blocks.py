"""Stored columns: payloads that hold one column over 4096 numbers of runs each. docs/store.md, "Columns".

A column that few of these runs have is one part, ``few``; one that many have is a part for each of its arrays, so that
a reader unpacks nothing that it does not need.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from trackrecord.store.columns import rows as column_rows
from trackrecord.store.columns.column import Array, Kind, Values
from trackrecord.store.columns.rows import FIGURES, KIND_NAMES, Chosen
from trackrecord.store.columns.shapes import Shapes, TypedKey
from trackrecord.store.points import payload

#: numbers of runs in one block
BLOCK = 4096
#: a column with fewer values than this in a block is stored in one piece
_FEW = 64

#: space, key, part, bytes
_Part = tuple[str, str, str, bytes]


def write_block(connection: sqlite3.Connection, block: int, revision: int) -> None:
    """Make the columns of one block again, from the rows as they are now; ``revision`` is the store's."""
    first = block * BLOCK
    chosen = Chosen(between=(first, first + BLOCK))
    parts: list[_Part] = []
    pairs = _Pairs()
    fields = column_rows.field_columns(connection, chosen)
    for field, values in fields.items():
        parts += _value_parts("run", field, values, first, few=False)
    for space in ("param", "summary"):
        for key, values in column_rows.typed_columns(connection, space, chosen).items():
            parts += _value_parts(space, key, values, first, few=True)
            for kind in np.unique(values.kinds).tolist():
                pairs.add((space, key, KIND_NAMES[Kind(kind)]), values.runs[values.kinds == kind])
    for key, (runs, figures) in column_rows.figure_columns(connection, chosen).items():
        parts += _figure_parts(key, runs - first, figures)
        pairs.add(("metric", key, ""), runs)
    parts += _tag_parts(connection, chosen, first)
    projects = dict(zip(fields["project"].runs.tolist(), fields["project"].numbers.tolist(), strict=True))
    parts += [("keys", "", part, data) for part, data in pairs.shapes(projects).parts(first)]
    connection.execute("DELETE FROM column_part WHERE block = ?", (block,))
    connection.executemany(
        "INSERT INTO column_part (space, key, part, block, payload) VALUES (?, ?, ?, ?, ?)",
        [(space, key, part, block, data) for space, key, part, data in parts],
    )
    connection.execute("DELETE FROM column_gone WHERE run >= ? AND run < ?", (first, first + BLOCK))
    connection.execute("INSERT OR REPLACE INTO column_block VALUES (?, ?)", (block, revision))


class _Pairs:
    """Which run has which key, gathered column by column."""

    def __init__(self) -> None:
        self._keys: list[TypedKey] = []
        self._runs: list[Array] = [np.empty(0, np.int64)]

    def add(self, key: TypedKey, runs: Array) -> None:
        self._keys.append(key)
        self._runs.append(runs)

    def shapes(self, projects: Mapping[int, int]) -> Shapes:
        entries = np.repeat(np.arange(len(self._keys)), [len(runs) for runs in self._runs[1:]])
        return Shapes.of(self._keys, np.concatenate(self._runs), entries, projects)


def read_values(connection: sqlite3.Connection, space: str, key: str) -> Iterator[Values]:
    """Yield what the blocks have of a param, a summary value or a field of runs."""
    whole = space == "run" and key in column_rows.WHOLE_FIELDS
    for first, parts in _parts(connection, space, key, ("few", "runs", "kinds", "numbers", "texts", "codes")):
        if "few" in parts:
            runs, kinds, numbers, codes = payload.decode(parts["few"]).reshape(4, -1)
            runs, kinds = runs.astype(np.int64), kinds.astype(np.uint8)
        else:
            runs, kinds = payload.decode(parts["runs"]), payload.decode(parts["kinds"])
            empty = np.zeros(len(runs), np.int64) if whole else np.full(len(runs), np.nan)
            numbers = payload.decode(parts["numbers"]) if "numbers" in parts else empty
            codes = payload.decode(parts["codes"]) if "codes" in parts else np.empty(0)
        if "texts" not in parts:
            yield Values(runs + first, kinds, numbers)
            continue
        texts = _read_texts(parts["texts"])
        said = codes[codes >= 0].astype(np.int64).tolist()
        yield Values(runs + first, kinds, numbers, [texts[code] for code in said])


def read_figure(connection: sqlite3.Connection, key: str, figure: str) -> Iterator[Values]:
    """Yield what the blocks have of one figure of a metric."""
    for first, parts in _parts(connection, "metric", key, ("few", "runs", figure)):
        if "few" in parts:
            table = payload.decode(parts["few"]).reshape(1 + len(FIGURES), -1)
            runs, figures = table[0].astype(np.int64), table[1 + FIGURES.index(figure)]
        else:
            runs, figures = payload.decode(parts["runs"]), payload.decode(parts[figure])
        yield column_rows.figures_as_values(runs + first, figures)


def read_tags(connection: sqlite3.Connection) -> Iterator[tuple[Array, list[str]]]:
    """Yield the pairs of a run and a tag that the blocks have."""
    for first, parts in _parts(connection, "tag", "", ("runs", "codes", "texts")):
        texts = _read_texts(parts["texts"])
        yield payload.decode(parts["runs"]) + first, [texts[code] for code in payload.decode(parts["codes"])]


def read_shapes(connection: sqlite3.Connection) -> Iterator[Shapes]:
    """Yield which keys the runs of each block have."""
    for first, parts in _parts(connection, "keys", "", Shapes.PARTS):
        yield Shapes.from_parts(parts, first)


def _parts(
    connection: sqlite3.Connection, space: str, key: str, names: Sequence[str]
) -> list[tuple[int, Mapping[str, bytes]]]:
    """Return the parts of a column by block, with the number of the block's first run."""
    marks = ", ".join("?" * len(names))
    found: dict[int, dict[str, bytes]] = {}
    for block, part, data in connection.execute(
        f"SELECT block, part, payload FROM column_part WHERE space = ? AND key = ? AND part IN ({marks})",  # noqa: S608 - ours
        (space, key, *names),
    ):
        found.setdefault(block, {})[part] = data
    return [(block * BLOCK, parts) for block, parts in sorted(found.items())]


def _value_parts(space: str, key: str, values: Values, first: int, *, few: bool) -> Iterator[_Part]:
    runs = values.runs - first
    if not len(runs):
        return
    codes = np.full(len(runs), -1, np.int64)
    if values.texts:
        places: dict[str, int] = {}
        said = [places.setdefault(text, len(places)) for text in values.texts]
        codes[(values.kinds == Kind.TEXT) | (values.kinds == Kind.OTHER)] = said
        yield space, key, "texts", _written_texts(list(places))
    if few and len(runs) < _FEW:
        table = np.concatenate([runs, values.kinds, values.numbers, codes]).astype(np.float64)
        yield space, key, "few", payload.encode(table, payload.PCODEC)
        return
    yield space, key, "runs", payload.encode(runs, payload.PCODEC)
    yield space, key, "kinds", payload.encode(values.kinds, payload.PCODEC)
    if values.numbers.dtype == np.int64 or not np.isnan(values.numbers).all():
        yield space, key, "numbers", payload.encode(values.numbers, payload.PCODEC)
    if values.texts:
        yield space, key, "codes", payload.encode(codes, payload.PCODEC)


def _figure_parts(key: str, runs: Array, figures: Array) -> Iterator[_Part]:
    if len(runs) < _FEW:
        table = np.concatenate([runs.astype(np.float64), figures.reshape(-1)])
        yield "metric", key, "few", payload.encode(table, payload.PCODEC)
        return
    yield "metric", key, "runs", payload.encode(runs, payload.PCODEC)
    for figure, numbers in zip(FIGURES, figures, strict=True):
        yield "metric", key, figure, payload.encode(np.ascontiguousarray(numbers), payload.PCODEC)


def _tag_parts(connection: sqlite3.Connection, chosen: Chosen, first: int) -> Iterator[_Part]:
    runs, tags = column_rows.tag_pairs(connection, chosen)
    if not tags:
        return
    places: dict[str, int] = {}
    codes = np.array([places.setdefault(tag, len(places)) for tag in tags], np.int64)
    yield "tag", "", "runs", payload.encode(runs - first, payload.PCODEC)
    yield "tag", "", "codes", payload.encode(codes, payload.PCODEC)
    yield "tag", "", "texts", _written_texts(list(places))


def _written_texts(texts: list[str]) -> bytes:
    return payload.encode(np.frombuffer(json.dumps(texts).encode(), np.uint8), payload.SHUFFLED)


def _read_texts(data: bytes) -> list[str]:
    texts: list[str] = json.loads(payload.decode(data).tobytes())
    return texts
