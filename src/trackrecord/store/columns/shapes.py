"""Which keys each run has: the names for pickers, with exact counts, without a look at the values.

Runs of one project mostly have the same params and metrics. So each distinct set of keys, a *shape*, is kept once, with
the runs that have it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trackrecord.store.columns.column import Array
from trackrecord.store.points import payload

#: space (param, summary or metric), key, kind ('' for a metric)
TypedKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Shapes:
    """Runs by the set of keys that they have.

    ``runs[i]`` has shape ``shapes[i]``. The keys of shape ``s`` are ``keys[entries[starts[s] : starts[s + 1]]]``, and
    its runs are of the project ``projects[s]``.
    """

    PARTS = ("runs", "shapes", "projects", "starts", "entries", "texts")

    keys: tuple[TypedKey, ...]
    runs: Array
    shapes: Array
    projects: Array
    starts: Array
    entries: Array

    @classmethod
    def of(cls, keys: Sequence[TypedKey], runs: Array, entries: Array, projects: Mapping[int, int]) -> Shapes:
        """Return the shapes of pairs: ``runs[i]``, of the project ``projects[runs[i]]``, has ``keys[entries[i]]``."""
        order = np.lexsort((entries, runs))
        runs, entries = runs[order].astype(np.int64), entries[order].astype(np.int64)
        starts = np.flatnonzero(np.diff(runs, prepend=-1)).tolist()
        numbers = runs[starts]
        known: dict[tuple[int, bytes], int] = {}
        shapes = []
        ends = [*starts[1:], len(runs)] if starts else []
        for run, start, end in zip(numbers.tolist(), starts, ends, strict=True):
            shape = projects.get(run, 0), entries[start:end].tobytes()
            shapes.append(known.setdefault(shape, len(known)))
        sets = [np.frombuffer(entered, np.int64) for _, entered in known]
        lengths = [len(entered) for entered in sets]
        return cls(
            tuple(keys),
            numbers,
            np.array(shapes, np.int64),
            np.array([project for project, _ in known], np.int64),
            np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)]),
            np.concatenate([np.empty(0, np.int64), *sets]),
        )

    def parts(self, first: int) -> Iterator[tuple[str, bytes]]:
        """Yield the parts as they are stored."""
        for part, numbers in (
            ("runs", self.runs - first),
            ("shapes", self.shapes),
            ("projects", self.projects),
            ("starts", self.starts),
            ("entries", self.entries),
        ):
            yield part, payload.encode(numbers, payload.PCODEC)
        texts = json.dumps(self.keys).encode()
        yield "texts", payload.encode(np.frombuffer(texts, np.uint8), payload.SHUFFLED)

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes], first: int) -> Shapes:
        """Undo `parts`."""
        keys = json.loads(payload.decode(parts["texts"]).tobytes())
        runs, shapes, projects, starts, entries = (payload.decode(parts[part]) for part in cls.PARTS[:-1])
        return cls(tuple(tuple(key) for key in keys), runs + first, shapes, projects, starts, entries)

    def counts(self, counting: Array, project: int | None) -> Iterator[tuple[TypedKey, int]]:
        """Yield each key with how many of the runs have it that ``counting`` is true for, by number of the run."""
        of_shape = np.bincount(self.shapes[counting[self.runs]], minlength=len(self.projects))
        if project is not None:
            of_shape = np.where(self.projects == project, of_shape, 0)
        per_entry = np.repeat(of_shape, np.diff(self.starts))
        counts = np.bincount(self.entries, weights=per_entry, minlength=len(self.keys)).astype(np.int64)
        for place in np.flatnonzero(counts).tolist():
            yield self.keys[place], int(counts[place])


def counted(found: Iterable[Shapes], counting: Array, project: int | None) -> dict[TypedKey, int]:
    """Return how many runs have each key, over several `Shapes`."""
    total: dict[TypedKey, int] = {}
    for shapes in found:
        for key, count in shapes.counts(counting, project):
            total[key] = total.get(key, 0) + count
    return total
