"""A bar on standard error for what takes longer than a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: nobody is told of what is over sooner than this
_PATIENCE_S = 1.0

#: told what is looked at, how many are done, and of how many (None: not known)
Tell = Callable[[str, int, "int | None"], None]


@contextmanager
def progress_bar(stream: Any, verb: str) -> Iterator[Tell | None]:
    """Give what tells of its progress; None where ``stream`` is no terminal. The bar is gone at the end."""
    if not (hasattr(stream, "isatty") and stream.isatty()):
        yield None
        return
    bar = _Bar(stream, verb)
    try:
        yield bar.tell
    finally:
        bar.end()


class _Bar:
    def __init__(self, stream: Any, verb: str) -> None:
        self._stream = stream
        self._verb = verb
        self._begin = time.monotonic() + _PATIENCE_S
        self._shown: tuple[Progress, TaskID] | None = None

    def tell(self, what: str, done: int, total: int | None) -> None:
        """Show how much of what is done."""
        if self._shown is None:
            if time.monotonic() < self._begin:
                return
            self._shown = self._begun()
        progress, task = self._shown
        progress.update(task, description=f"{self._verb} {what}", completed=done, total=total)

    def end(self) -> None:
        """Remove the bar."""
        if self._shown is not None:
            self._shown[0].stop()

    def _begun(self) -> tuple[Progress, TaskID]:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        from trackrecord.cli.session import make_console

        progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=make_console(self._stream),
            transient=True,
        )
        progress.start()
        return progress, progress.add_task(self._verb, total=None)
