"""Regular expressions that a stranger may run over every run of a store.

The engine of Python's ``re`` goes back and tries again, so a short pattern can keep it busy for
years, and nothing can interrupt it. So patterns that can explode are refused, and how much of a text a
pattern sees depends on how many open-ended repeats it has: the work on one text stays below about 1e7
steps (a fraction of a second) even for a text made for the purpose; ordinary texts take microseconds. How long
all runs together may take is limited where the search runs (``evaluate.py``).
"""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from dataclasses import dataclass
from typing import Any

from trackrecord.words.errors import QueryError

#: Longer patterns are refused.
LONGEST_PATTERN = 500

# How many characters of a text are looked at, by the number of open-ended repeats in the pattern.
_VISIBLE = (100_000, 4_000, 400, 120)

# Each optional part or alternative may double the work.
_MOST_CHOICES = 8

_HINT = 'Use `contains "..."` for a plain piece of text, or several tests joined by `and`.'


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that is safe to run on the first ``visible`` characters of a text."""

    text: str
    visible: int


def safe_pattern(pattern: str, *, text: str = "", position: int = 0) -> Pattern:
    """Check a pattern and say on how much of a text it may be run.

    Raises QueryError at ``position`` of ``text``, the filter it stands in.

    >>> safe_pattern("^mlp-").visible
    100000
    """

    def refuse(reason: str, hint: str | None = _HINT, offset: int | None = None) -> QueryError:
        # One more for the quote in front; escapes may shift the place inside a quoted text by a little.
        place = position if offset is None else min(position + 1 + offset, max(len(text) - 1, position))
        return QueryError(
            f"The regular expression {pattern[:80]!r} {reason}.", text=text, position=place, hint=hint
        )

    if len(pattern) > LONGEST_PATTERN:
        raise refuse(f"has {len(pattern)} characters; {LONGEST_PATTERN} is the most")
    # What stands before or after anything changes nothing in a search, only its cost.
    pattern = _without_idle_ends(pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _parse(pattern)
            re.compile(pattern)
    except re.error as error:
        raise refuse(f"is not valid: {error.msg}", None, error.pos) from error
    except (RecursionError, OverflowError, MemoryError) as error:
        raise refuse("is too large or nested too deep") from error
    weight = _Weight()
    try:
        weight.add(tree, repeated=False)
    except _TooHeavyError as error:
        raise refuse(str(error)) from None
    except RecursionError:
        raise refuse("is nested too deep") from None
    if weight.open_repeats >= len(_VISIBLE):
        raise refuse(f"has {weight.open_repeats} open-ended repeats; {len(_VISIBLE) - 1} is the most")
    if weight.choices > _MOST_CHOICES:
        raise refuse(f"has {weight.choices} optional parts and alternatives; {_MOST_CHOICES} is the most")
    return Pattern(pattern, _VISIBLE[weight.open_repeats])


def _without_idle_ends(pattern: str) -> str:
    if pattern.startswith(".*") and pattern[2:3] not in ("?", "+", "*", "{") and "|" not in pattern:
        pattern = pattern[2:]
    if pattern.endswith(".*") and not pattern.endswith("\\.*") and "|" not in pattern and "[" not in pattern:
        pattern = pattern[:-2]
    return pattern


def _parse(pattern: str) -> Any:
    # The parser behind `re` has no public name; it moved in Python 3.11.
    name = "re._parser" if sys.version_info >= (3, 11) else "sre_parse"
    return importlib.import_module(name).parse(pattern)


class _TooHeavyError(Exception):
    pass


class _Weight:
    """Counts what makes a pattern expensive; the tree is that of ``re``'s own parser."""

    def __init__(self) -> None:
        self.open_repeats = 0
        self.choices = 0

    def add(self, tree: Any, *, repeated: bool) -> None:
        for operation, argument in tree:
            kind = str(operation)
            if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
                self._add_repeat(argument, repeated=repeated)
            elif kind == "BRANCH":
                if repeated:
                    raise _TooHeavyError("has alternatives inside a repeat, which can take for ever")
                self.choices += 1
                for branch in argument[1]:
                    self.add(branch, repeated=repeated)
            elif kind == "SUBPATTERN":
                self.add(argument[-1], repeated=repeated)
            elif kind == "ATOMIC_GROUP":
                self.add(argument, repeated=repeated)
            elif kind in ("ASSERT", "ASSERT_NOT", "GROUPREF", "GROUPREF_EXISTS"):
                raise _TooHeavyError("looks around or back, which the filter language leaves out")

    def _add_repeat(self, argument: Any, *, repeated: bool) -> None:
        least, most, part = argument
        if repeated and int(most) > 0:
            raise _TooHeavyError("has a repeat inside a repeat, which can take for ever")
        if int(most) - int(least) > 1:
            self.open_repeats += 1
        elif int(most) != int(least):
            self.choices += 1
        self.add(part, repeated=int(most) > 1)
