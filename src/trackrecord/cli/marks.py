"""Shapes and colours that carry meaning, each with a word or an ASCII form beside it."""

from __future__ import annotations

from rich.text import Text

from trackrecord.words.states import RunState

#: state: (shape, shape in ASCII, colour)
_STATES = {
    RunState.RUNNING: ("●", "*", "cyan"),
    RunState.SILENT: ("◌", "?", "yellow"),
    RunState.FINISHED: ("✓", "+", "green"),
    RunState.FAILED: ("✗", "x", "red"),
    RunState.STOPPED: ("■", "-", "yellow"),
    RunState.CRASHED: ("☓", "X", "red"),
}


def state_text(state: RunState, *, unicode: bool = True) -> Text:
    """Return a state as shape, word and colour, so that no one of them is needed."""
    shape, plain, colour = _STATES[state]
    return Text(f"{shape if unicode else plain} {state}", style=colour)


def goal_mark(goal: str | None, *, unicode: bool = True) -> str:
    """Return which way is better: an arrow behind a metric's name."""
    if goal is None:
        return ""
    if unicode:
        return " ↑" if goal == "max" else " ↓"
    return " (max)" if goal == "max" else " (min)"


def best_mark(*, unicode: bool = True) -> str:
    """Return what marks the best value of a line, also where there are no colours."""
    return " ★" if unicode else " *"
