"""A progress bar while a big inbox is taken in, for whoever waits at a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: nobody is told of what is over sooner than this
_PATIENCE_S = 1.0


@contextmanager
def intake_bar(stream: Any, patience_s: float = _PATIENCE_S) -> Iterator[Callable[[int, int], None] | None]:
    """Give what `take_in` tells of its progress to; None where ``stream`` is no terminal.

    The bar comes when it takes longer than ``patience_s``, and is gone at the end.
    """
    if not (hasattr(stream, "isatty") and stream.isatty()):
        yield None
        return
    bar = _Bar(stream, time.monotonic() + patience_s)
    try:
        yield bar.tell
    finally:
        bar.end()


class _Bar:
    """The bar, once there is one."""

    def __init__(self, stream: Any, begin: float) -> None:
        self._stream = stream
        self._begin = begin
        self._shown: tuple[Progress, TaskID] | None = None

    def tell(self, done: int, total: int) -> None:
        """Take in how many journals of how many are done."""
        if self._shown is None:
            if time.monotonic() < self._begin or done == total:
                return
            self._shown = self._begun(total)
        progress, task = self._shown
        progress.update(task, completed=done)

    def end(self) -> None:
        """Remove the bar."""
        if self._shown is not None:
            self._shown[0].stop()

    def _begun(self, total: int) -> tuple[Progress, TaskID]:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from trackrecord.cli.session import make_console

        progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=make_console(self._stream),
            transient=True,
        )
        progress.start()
        return progress, progress.add_task("Taking in new journals", total=total)
