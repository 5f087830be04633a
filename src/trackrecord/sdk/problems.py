"""What goes wrong while a run records: counted, said once, shown on the run; raised only in strict mode."""

from __future__ import annotations

import sys
from collections.abc import Callable

from trackrecord.journal.clock import now_ns
from trackrecord.journal.interruption import let_through
from trackrecord.words.errors import UsageError

#: different problems noted for one run; beyond that they are only counted together
MOST_PROBLEMS = 200
LONGEST_MESSAGE = 1000


class Problems:
    """Counts of the problems of one run, by code and message.

    ``note`` is called from logging threads: it never raises, unless ``strict``.
    """

    def __init__(self, *, strict: bool, say: bool = True) -> None:
        self.strict = strict
        self._say = say
        self._counts: dict[tuple[str, str], int] = {}
        self._written: dict[tuple[str, str], int] = {}
        self._said: set[str] = set()

    def note(self, code: str, message: str, hint: str | None = None, *, misuse: bool = True) -> None:
        """Count one problem. In strict mode misuse raises UsageError; what the machine does to us never does."""
        message = message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}..."
        if self.strict and misuse:
            raise UsageError(message, hint=hint)
        key = (code, message)
        if key not in self._counts and len(self._counts) >= MOST_PROBLEMS:
            key = ("more", "more problems like these; they were only counted")
        self._counts[key] = self._counts.get(key, 0) + 1
        if code not in self._said:
            self._said.add(code)
            if self._say:
                tell(message + (f" ({hint})" if hint else ""))

    def write(self, write: Callable[[dict[str, object]], None]) -> None:
        """Hand each count that has changed since the last time to ``write``."""
        for key, count in list(self._counts.items()):
            if self._written.get(key) != count:
                self._written[key] = count
                write({"t": now_ns(), "code": key[0], "message": key[1], "count": count})


def tell(text: str) -> None:
    """Say something to the person at the terminal; never raises."""
    stream = sys.__stderr__
    try:
        if stream is not None:
            stream.write(f"trackrecord: {text}\n")
            stream.flush()
    except (OSError, ValueError) as error:
        let_through(error)


def is_terminal() -> bool:
    """Tell whether a person reads what ``tell`` says as it comes."""
    try:
        return sys.__stderr__ is not None and sys.__stderr__.isatty()
    except (OSError, ValueError):
        return False
