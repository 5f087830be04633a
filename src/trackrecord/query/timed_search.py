"""Regular expressions over many texts, with a limit on how long all of it may take."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from trackrecord.words.errors import QueryError

#: seconds that one question may spend in regular expressions
LONGEST_SEARCH_S = 2.0


class TimedSearch:
    """Regular expressions with a limit on the time that all of them together take.

    Python's ``re`` can't be interrupted and holds up every other thread while it searches, so what bounds one search is
    the text that a pattern sees (``patterns``), and what bounds all is the time counted here.
    """

    def __init__(self) -> None:
        self._spent_s = 0.0

    def of(self, pattern: str, visible: int) -> Callable[[str], bool]:
        """Return the test of one text."""
        search = re.compile(pattern).search

        def test(text: str) -> bool:
            begun = time.perf_counter()
            found = search(text[:visible] if len(text) > visible else text) is not None
            self._spent_s += time.perf_counter() - begun
            if self._spent_s > LONGEST_SEARCH_S:
                raise QueryError(
                    f"The regular expression was searched for {LONGEST_SEARCH_S:.0f} s without an end.",
                    hint='Use `contains "..."` for a plain piece of text, or a pattern with fewer repeats.',
                )
            return found

        return test
