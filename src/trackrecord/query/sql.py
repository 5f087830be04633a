"""Small pieces of SQL text. User text never becomes any of it: it is always bound."""

from __future__ import annotations

from collections.abc import Iterable


def marks(count: int) -> str:
    """Return ``count`` question marks for a list of bound values."""
    return ", ".join("?" * count)


def whole_numbers(numbers: Iterable[int]) -> str:
    """Return row numbers of ours as SQL text: a list of them may be longer than what can be bound."""
    return ", ".join(str(int(number)) for number in numbers)
