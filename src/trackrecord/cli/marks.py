"""Shapes and colours that carry meaning, each with a word or an ASCII form beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackrecord.cli.numbers import one_line
from trackrecord.words.states import RunState

if TYPE_CHECKING:
    from rich.text import Text

#: state: (shape, shape in ASCII, colour)
_STATES = {
    RunState.RUNNING: ("●", "*", "cyan"),
    RunState.SILENT: ("◌", "?", "yellow"),
    RunState.FINISHED: ("✓", "+", "green"),
    RunState.FAILED: ("✗", "x", "red"),
    RunState.STOPPED: ("■", "-", "yellow"),
    RunState.CRASHED: ("☓", "X", "red"),
}


def state_mark(state: RunState, *, unicode: bool = True) -> tuple[str, str]:
    """Return a state as a text of shape and word, and a colour, so that no one of them is needed."""
    shape, plain, colour = _STATES[state]
    return f"{shape if unicode else plain} {state}", colour


def state_text(state: RunState, *, unicode: bool = True) -> Text:
    """Return a state as `state_mark` has it, as a text of Rich."""
    from rich.text import Text

    return Text(*state_mark(state, unicode=unicode))


def goal_mark(goal: str | None, *, unicode: bool = True) -> str:
    """Return which way is better: an arrow behind a metric's name."""
    if goal is None:
        return ""
    if unicode:
        return " ↑" if goal == "max" else " ↓"
    return " (max)" if goal == "max" else " (min)"


def result_heading(key: str, goal: str | None, *, is_best: bool, unicode: bool = True) -> str:
    """Return the name of a result in a filter, ``KEY.best`` where best values stand below, and its goal."""
    return one_line(key) + (".best" if is_best else "") + goal_mark(goal, unicode=unicode)


def best_mark(*, unicode: bool = True) -> str:
    """Return what marks the best value of a line, also where there are no colours."""
    return " ★" if unicode else " *"
