"""What a benchmark asks of a tool: begin a run, log, finish, read back. One driver in ``peers/`` a tool.

This file and everything it imports runs inside the tool's own interpreter, so it needs the standard library only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

#: ``log(values, step=7)``
LogFunction = Callable[..., object]


class Tracker(ABC):
    """One tool, used as its users use it, keeping all it keeps in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Begin a run; return the function a user calls at each step, as ``log(values, step=7)``."""

    @abstractmethod
    def finish(self) -> None:
        """End the run, with everything handed to the operating system that the tool would keep."""

    def close(self) -> None:  # noqa: B027 (most tools have nothing to give back)
        """Give back what is open when nothing more is recorded or read."""

    def settle(self) -> None:  # noqa: B027 (most tools are done when the run is)
        """Do what the tool would do by itself some time after its runs have finished."""

    def repair(self) -> None:  # noqa: B027 (most tools have no such command)
        """Repair what a kill left, by the tool's own command for that."""

    def history(self, name: str, metric: str) -> tuple[Any, Any]:
        """Return all steps and values of one metric of one run as numpy arrays, by the tool's own reader."""
        raise NotImplementedError

    def chart(self, names: Sequence[str], metric: str, pixels: int) -> int:
        """Fetch what the tool itself would draw of these runs at this width; return how many points that is."""
        raise NotImplementedError
