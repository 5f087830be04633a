"""One column over all runs: one param, summary value, figure of a metric or field, by number of the run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Answers of searches over the texts of a column are kept for the next page; so many of them.
_MOST_ANSWERS = 8


class Kind(IntEnum):
    """What a run has in a column. The numbers INT to BOOL can be compared and sorted."""

    MISSING = 0
    INT = 1
    FLOAT = 2
    BOOL = 3
    TEXT = 4
    NONE = 5
    #: lists, mappings, whole numbers beyond the greatest float
    OTHER = 6
    NAN = 7


class Texts:
    """The distinct texts of a column. They only ever become more, so older columns may share them."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts: list[str] = list(dict.fromkeys(texts))
        self._codes = {text: code for code, text in enumerate(self.texts)}
        self._answers: dict[Hashable, Array] = {}
        self._ranks: Array | None = None

    def codes(self, texts: Sequence[str]) -> Array:
        """Return the code of each text, giving new ones to those that have none."""
        known = self._codes
        for text in texts:
            if text not in known:
                self.texts.append(text)
                known[text] = len(self.texts) - 1
        return np.fromiter((known[text] for text in texts), np.int64, len(texts))

    def code_of(self, text: str) -> int:
        """Return the code of a text, -1 when no run has it."""
        return self._codes.get(text, -1)

    def fitting(self, test: Callable[[str], bool], name: Hashable) -> Array:
        """Return for each text whether it fits, and False behind them for "no text", which has the code -1.

        ``name`` says which test it is: each is made once per text.
        """
        texts = self.texts
        known = self._answers.get(name, np.zeros(1, bool))
        count = len(texts)
        if len(known) < count + 1:
            new = np.fromiter((test(text) for text in texts[len(known) - 1 : count]), bool)
            known = np.concatenate([known[:-1], new, np.zeros(1, bool)])
            while len(self._answers) >= _MOST_ANSWERS:
                self._answers.pop(next(iter(self._answers)), None)
            self._answers[name] = known
        return known

    def ranks(self) -> Array:
        """Return the place of each text in the order of texts; the code -1 has no meaning here."""
        ranks = self._ranks
        texts = self.texts
        count = len(texts)
        if ranks is None or len(ranks) < count:
            order = sorted(range(count), key=texts.__getitem__)
            ranks = np.empty(count, np.int64)
            ranks[order] = np.arange(count)
            self._ranks = ranks
        return ranks


@dataclass(frozen=True, slots=True)
class Column:
    """Arrays with one entry per number of a run, from 0; numbers that no run has are missing.

    ``numbers`` is float64 (NaN where there is no number), or int64 for moments and numbers of rows (0 there).
    ``codes`` point into ``texts`` where the kind is TEXT (the text itself) or OTHER (the JSON), else they are -1.
    ``as_of`` is the revision that it shows.
    """

    as_of: int
    kinds: Array
    numbers: Array
    codes: Array | None = None
    texts: Texts | None = None

    @property
    def size_bytes(self) -> int:
        """The memory that it takes, about."""
        words = 0 if self.texts is None else sum(map(len, self.texts.texts[:1000])) or 1
        texts = 0 if self.texts is None else len(self.texts.texts)
        return (
            self.kinds.nbytes
            + self.numbers.nbytes
            + (0 if self.codes is None else self.codes.nbytes)
            + texts * (120 + words // max(1, min(texts, 1000)))
        )


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of all runs: pairs of a run's number and a code of ``texts``, ordered by run."""

    as_of: int
    runs: Array
    codes: Array
    texts: Texts

    @property
    def size_bytes(self) -> int:
        """The memory that it takes, about."""
        return self.runs.nbytes + self.codes.nbytes + 150 * len(self.texts.texts)


@dataclass(frozen=True, slots=True)
class Values:
    """The values of some runs, as they come from rows or from a block: like a `Column`, but only where there is one.

    ``texts`` has one entry for each run whose kind is TEXT or OTHER, in the order of ``runs``.
    """

    runs: Array
    kinds: Array
    numbers: Array
    texts: Sequence[str] = ()
