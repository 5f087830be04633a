"""Pieces of SQL with the values bound to them.

User text only ever becomes a bound value. What is pasted into the text is written in this package, or
is a whole number of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of SQL and its values, in the order of its question marks."""

    sql: str
    values: tuple[Any, ...] = ()

    def wrapped(self, before: str, after: str) -> Fragment:
        """Return this piece between two others that have no values."""
        return Fragment(before + self.sql + after, self.values)

    def negated(self) -> Fragment:
        """Return the opposite; only for pieces that are never NULL."""
        return self.wrapped("NOT (", ")")


ALWAYS = Fragment("1 = 1")
NEVER = Fragment("1 = 0")


def both(parts: Sequence[Fragment]) -> Fragment:
    """Join conditions by AND."""
    return _joined(parts, " AND ", ALWAYS)


def either(parts: Sequence[Fragment]) -> Fragment:
    """Join conditions by OR."""
    return _joined(parts, " OR ", NEVER)


def _joined(parts: Sequence[Fragment], word: str, nothing: Fragment) -> Fragment:
    # In halves, so that the depth grows with the logarithm: SQLite refuses expressions deeper than 1,000.
    if not parts:
        return nothing
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    left, right = _joined(parts[:middle], word, nothing), _joined(parts[middle:], word, nothing)
    return Fragment("(" + left.sql + word + right.sql + ")", left.values + right.values)


def sequence(parts: Iterable[Fragment], separator: str = " ") -> Fragment:
    """Put pieces one behind the other."""
    kept = list(parts)
    return Fragment(
        separator.join(part.sql for part in kept), tuple(value for part in kept for value in part.values)
    )


def marks(count: int) -> str:
    """Return ``count`` question marks for a list of bound values."""
    return ", ".join("?" * count)


def whole_numbers(numbers: Iterable[int]) -> str:
    """Return row numbers of ours as SQL text: a list of them may be longer than what can be bound."""
    return ", ".join(str(int(number)) for number in numbers)
