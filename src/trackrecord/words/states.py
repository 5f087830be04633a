"""The states a run can be in, and which of several is the worst."""

from __future__ import annotations

from enum import Enum


class RunState(str, Enum):
    """State of a run, as a reader sees it now.

    ``running``, ``silent`` and ``crashed`` are derived from signs of life and never
    stored; the other three are said by the run itself when it ends.
    """

    RUNNING = "running"
    #: no sign of life for two minutes, but its process is not known to be gone
    SILENT = "silent"
    FINISHED = "finished"
    #: ended by an exception or a non-zero exit
    FAILED = "failed"
    #: interrupted by a person (Ctrl-C, or a stop asked for in the page)
    STOPPED = "stopped"
    #: its process is gone, and it never said that it ended
    CRASHED = "crashed"

    def __str__(self) -> str:
        return self.value

    def has_ended(self) -> bool:
        """Tell whether nothing more is expected from this run."""
        return self not in (RunState.RUNNING, RunState.SILENT)


_WORST_FIRST = (
    RunState.CRASHED,
    RunState.FAILED,
    RunState.STOPPED,
    RunState.SILENT,
    RunState.RUNNING,
    RunState.FINISHED,
)


def worst(states: list[RunState]) -> RunState:
    """Return the worst of several writers' states; the state of a run with no writer is ``crashed``."""
    return min(states, key=_WORST_FIRST.index, default=RunState.CRASHED)
