"""The different values that runs have under a name, in order, and which run has which."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from trackrecord.query.moments import moment_at
from trackrecord.query.order import value_places
from trackrecord.query.sources import FieldKind, Source, Sources, TagSource
from trackrecord.query.stored_values import json_value
from trackrecord.store.columns.column import Array, Kind


class Missing:
    """What a run has that has nothing under a name; there is one, `MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Distinct:
    """Values in order (numbers, texts, lists and the like, NaN, missing), and pairs of a run and a value's place.

    A run has one value under a name; only of tags it has as many as it likes.
    """

    values: tuple[Any, ...]
    runs: Array
    places: Array

    def counts(self) -> Iterator[tuple[Any, int]]:
        """Yield each value with how many runs have it."""
        totals = np.bincount(self.places, minlength=len(self.values))
        yield from zip(self.values, totals.tolist(), strict=True)


def distinct_values(sources: Sources, runs: Array, size: int) -> Distinct:
    """Return the values that the runs with these numbers have; equal numbers are one value, as in filters."""
    if isinstance(sources, TagSource):
        return _tags(sources, runs)
    if not sources:
        return Distinct((MISSING,), runs, np.zeros(len(runs), np.int64))
    places = value_places(sources, size, apart=True)[runs]
    _, firsts, found = np.unique(places, return_index=True, return_inverse=True)
    values = tuple(_value(sources, int(runs[first])) for first in firsts.tolist())
    return Distinct(values, runs, found.reshape(-1))


def _tags(source: TagSource, runs: Array) -> Distinct:
    chosen = np.isin(source.tags.runs, runs)
    tagged, codes = source.tags.runs[chosen], source.tags.codes[chosen]
    used, found = np.unique(source.tags.texts.ranks()[codes], return_inverse=True)
    by_rank = np.argsort(source.tags.texts.ranks())
    values: list[Any] = [source.tags.texts.texts[by_rank[rank]] for rank in used.tolist()]
    untagged = np.setdiff1d(runs, tagged)
    if len(untagged):
        values.append(MISSING)
    places = np.concatenate([found.reshape(-1), np.full(len(untagged), len(values) - 1)]).astype(np.int64)
    return Distinct(tuple(values), np.concatenate([tagged, untagged]), places)


def _value(sources: tuple[Source, ...], run: int) -> Any:
    source = next((source for source in sources if source.present[run]), None)
    if source is None:
        return MISSING
    column, kind = source.column, Kind(int(source.column.kinds[run]))
    if kind in (Kind.TEXT, Kind.OTHER):
        assert column.texts is not None
        assert column.codes is not None
        text = column.texts.texts[int(column.codes[run])]
        return text if kind is Kind.TEXT else json_value(text)
    number = column.numbers[run].item()
    if source.field is FieldKind.TIME:
        return moment_at(number)
    if kind is Kind.BOOL:
        return bool(number)
    if kind is Kind.NONE:
        return None
    if kind is Kind.NAN:
        return math.nan
    whole = kind is Kind.INT or source.field is FieldKind.NUMBER
    return int(number) if whole and number == math.floor(number) and math.isfinite(number) else number
