"""Where the value behind a name lies: a column over all runs.

A name has one source or several in order (summary, metric, param): for each run the first that is present
counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from trackrecord.store.columns.column import Array, Column, Kind, Tags


class FieldKind(Enum):
    """What a field of a run holds."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    STATE = "state"
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Source:
    """A column, for the runs that ``present`` is true for; ``field`` is None for a param, summary value or metric."""

    column: Column
    present: Array
    field: FieldKind | None = None

    @classmethod
    def of(cls, column: Column, field: FieldKind | None = None, among: Array | None = None) -> Source:
        """Return a column as a source, for some runs or for all that have it."""
        present = column.kinds != Kind.MISSING
        return cls(column, present if among is None else present & among, field)

    def is_kind(self, kind: Kind) -> Array:
        """Return which runs have a value of this kind."""
        found: Array = self.column.kinds == kind
        return found

    def numbers(self) -> Array:
        """Return the numbers: NaN, which no comparison is true for, or 0 where the source is not present."""
        return self.column.numbers

    def texts_fitting(self, test: Callable[[str], bool], name: tuple[Any, ...]) -> Array:
        """Return which runs have a text that fits; ``name`` says which test it is."""
        if self.column.texts is None or self.column.codes is None:
            return np.zeros(len(self.present), bool)
        fitting = self.column.texts.fitting(test, name)[self.column.codes]
        return fitting if self.field is not None else fitting & self.is_kind(Kind.TEXT)

    def texts_among(self, texts: Iterable[str]) -> Array:
        """Return which runs have one of some texts."""
        if self.column.texts is None or self.column.codes is None:
            return np.zeros(len(self.present), bool)
        codes = [code for text in texts if (code := self.column.texts.code_of(text)) >= 0]
        found: Array = np.isin(self.column.codes, codes) & self.is_kind(Kind.TEXT)
        return found


@dataclass(frozen=True, slots=True)
class TagSource:
    """The tags: a set of texts that every run has, if an empty one."""

    tags: Tags
    size: int

    def any_fitting(self, test: Callable[[str], bool], name: tuple[Any, ...]) -> Array:
        """Return which runs have a tag that fits."""
        found = np.zeros(self.size, bool)
        fitting = self.tags.texts.fitting(test, name)[self.tags.codes]
        runs = self.tags.runs[fitting]
        found[runs[runs < self.size]] = True
        return found


Sources = tuple[Source, ...] | TagSource


def first_present(sources: tuple[Source, ...], condition: Callable[[Source], Array], size: int) -> Array:
    """Return which runs fit a condition on the first source that they have."""
    found, absent = np.zeros(size, bool), np.ones(size, bool)
    for source in sources:
        found |= absent & source.present & condition(source)
        absent &= ~source.present
    return found
