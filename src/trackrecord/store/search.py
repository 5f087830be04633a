"""The REGEXP function of the catalog, with a limit on how long one statement may search.

Python's ``re`` can't be interrupted and holds up every other thread while it searches, so what bounds it is the text
that a pattern sees (``query/patterns.py``) and, over all runs of a statement, the time counted here.
"""

from __future__ import annotations

import re
import threading
import time
from functools import lru_cache

from trackrecord.words.errors import QueryError

#: seconds that one statement may spend in regular expressions
LONGEST_SEARCH_S = 2.0


class _Spent(threading.local):
    seconds = 0.0


_spent = _Spent()


class SearchTooLongError(Exception):
    """Raised inside of SQLite, which turns it into an error of the statement."""


def begin_statement() -> None:
    """Begin to count the time of a new statement of this thread."""
    _spent.seconds = 0.0


def ran_too_long() -> bool:
    """Tell whether the statement that just failed was stopped by its limit."""
    return _spent.seconds > LONGEST_SEARCH_S


def too_long() -> QueryError:
    """Return the error for such a statement."""
    return QueryError(
        f"The regular expression was searched for {LONGEST_SEARCH_S:.0f} s without an end.",
        hint='Use `contains "..."` for a plain piece of text, or a pattern with fewer repeats.',
    )


def matches(pattern: object, text: object) -> bool:
    """Tell whether ``pattern`` is found in ``text``; an invalid pattern never is."""
    if pattern is None or text is None:
        return False
    compiled = _compiled(str(pattern))
    if compiled is None:
        return False
    if _spent.seconds > LONGEST_SEARCH_S:
        raise SearchTooLongError
    begun = time.perf_counter()
    found = compiled.search(str(text)) is not None
    _spent.seconds += time.perf_counter() - begun
    return found


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
