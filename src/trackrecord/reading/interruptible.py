"""Calls of DuckDB that Ctrl-C ends, and too much memory.

Each runs on a thread of its own. Signals go to the main thread, and DuckDB called there was seen to swallow Ctrl-C
and to work on, and to end the whole process. What a function such as ``repeat`` makes is not counted by DuckDB's
own limit of memory: here the whole process is looked at.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Found = TypeVar("Found")
#: between two attempts: one that comes before the library has begun is lost
_AGAIN_S = 0.05
#: between two looks at the memory of the process
_LOOK_S = 0.02


class TooMuchMemoryError(Exception):
    """The process has grown beyond what one call may take."""


class InterruptibleConnection:
    """A connection to DuckDB, used by one caller at a time."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connection = _interruptibly(connect, lambda: None)
        #: how many bytes the process may grow during one call; None: not looked at
        self.most_growth: int | None = None

    def call(self, work: Callable[..., Found], *arguments: Any) -> Found:
        """Return what ``work`` returns, called with the connection itself and these arguments.

        Raises TooMuchMemoryError when the process grows by more than ``most_growth`` meanwhile, where /proc tells it.
        """
        return _interruptibly(
            lambda: work(self._connection, *arguments), self._connection.interrupt, self.most_growth
        )

    def execute(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Return all rows of a statement's answer."""
        return self.call(lambda connection: connection.execute(statement, values).fetchall())

    def close(self) -> None:
        """End the connection."""
        self.call(lambda connection: connection.close())


def _interruptibly(
    call: Callable[[], Found], interrupt: Callable[[], object], most_growth: int | None = None
) -> Found:
    """Return what ``call`` returns, from a thread of its own; on Ctrl-C ``interrupt`` it and raise KeyboardInterrupt.

    So it is with TooMuchMemoryError when the process grows by more than ``most_growth`` bytes.

    The thread has ended when this returns or raises.
    """
    found: list[Found] = []
    raised: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            found.append(call())
        except BaseException as error:  # noqa: BLE001 - raised below, where the caller is
            raised.append(error)
        finally:
            done.set()

    # No daemon: one that is still in DuckDB while Python ends ends the process with an abort.
    thread = threading.Thread(target=run, name="trackrecord-sql")
    try:
        before = _resident() if most_growth is not None else None
        thread.start()
        if before is None or most_growth is None:
            done.wait()
        else:
            while not done.wait(_LOOK_S):
                if (_resident() or 0) - before > most_growth:
                    raise TooMuchMemoryError
    except BaseException:
        if thread.ident is None:  # Ctrl-C came while it was being started
            done.wait(4 * _AGAIN_S)
        while thread.ident is not None and not done.wait(_AGAIN_S):
            interrupt()
        raise
    finally:
        if thread.ident is not None:
            thread.join()
    if raised:
        raise raised[0]
    return found[0]


def _resident() -> int | None:
    """Return how many bytes of memory this process has now, or None where the system does not say."""
    try:
        with Path("/proc/self/statm").open("rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
