"""Calls of DuckDB that Ctrl-C ends.

Each runs on a thread of its own. Signals go to the main thread, and DuckDB called there was seen to swallow Ctrl-C
and to work on, and to end the whole process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

Found = TypeVar("Found")
#: between two attempts: one that comes before the library has begun is lost
_AGAIN_S = 0.05


class InterruptibleConnection:
    """A connection to DuckDB, used by one caller at a time."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connection = _interruptibly(connect, lambda: None)

    def call(self, work: Callable[..., Found], *arguments: Any) -> Found:
        """Return what ``work`` returns, called with the connection itself and these arguments."""
        return _interruptibly(lambda: work(self._connection, *arguments), self._connection.interrupt)

    def execute(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Return all rows of a statement's answer."""
        return self.call(lambda connection: connection.execute(statement, values).fetchall())

    def close(self) -> None:
        """End the connection."""
        self.call(lambda connection: connection.close())


def _interruptibly(call: Callable[[], Found], interrupt: Callable[[], object]) -> Found:
    """Return what ``call`` returns, from a thread of its own; on Ctrl-C ``interrupt`` it and raise KeyboardInterrupt.

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
        thread.start()
        done.wait()
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
