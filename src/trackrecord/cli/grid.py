"""Tables that fit the terminal: columns get narrower, then the least important ones are left out, and said so.

In a pipe nothing is shortened or left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from trackrecord.cli.session import can_show_unicode

_GAP = 2
#: on a terminal no text is wider at first, and none gets narrower to make room
_WIDEST, _NARROWEST = 40, 10
#: the column that says what a line is about; it keeps more room and stays to the end
NAMING = 100
_NARROWEST_NAMING = 32


@dataclass
class GridColumn:
    """One column: its heading, one cell a row, and how soon it is left out (the lowest ``weight`` first)."""

    heading: str
    cells: list[Text] = field(default_factory=list)
    right: bool = False
    weight: int = 0
    #: whether its texts may be cut to make room; numbers never are
    may_shrink: bool = False

    def narrowest(self) -> int:
        """Return how narrow the column may get before others are left out for it."""
        return _NARROWEST_NAMING if self.weight == NAMING else _NARROWEST

    def width(self) -> int:
        """Return the width that the whole column needs."""
        return max([Text(self.heading).cell_len, *(cell.cell_len for cell in self.cells)])


def print_grid(console: Console, columns: Sequence[GridColumn], *, indent: int = 0) -> list[str]:
    """Print a table and return the headings of the columns that had no room."""
    shown, widths = _fit(console, list(columns), indent)
    dots = "…" if can_show_unicode(console) else "..."
    heads = [Text(column.heading, style="bold") for column in shown]
    _print_line(console, heads, shown, widths, indent=indent, dots=dots)
    for row in range(max((len(column.cells) for column in shown), default=0)):
        _print_line(console, [column.cells[row] for column in shown], shown, widths, indent=indent, dots=dots)
    kept = {id(column) for column in shown}
    return [column.heading for column in columns if id(column) not in kept]


def grid_width(columns: Sequence[GridColumn]) -> int:
    """Return the width that a table needs with nothing shortened."""
    return sum(column.width() for column in columns) + _GAP * (len(columns) - 1)


def _fit(console: Console, columns: list[GridColumn], indent: int) -> tuple[list[GridColumn], list[int]]:
    widths = [column.width() for column in columns]
    if not console.is_terminal:
        return columns, widths
    room = console.width - indent
    for at, column in enumerate(columns):
        if column.may_shrink:
            widths[at] = min(widths[at], _WIDEST)
    while len(columns) > 1 and _total(widths) > room:
        over = _total(widths) - room
        slack = sum(
            max(0, width - column.narrowest())
            for column, width in zip(columns, widths, strict=True)
            if column.may_shrink
        )
        if slack >= over:
            break
        out = min(range(len(columns)), key=lambda at: (columns[at].weight, -at))
        del columns[out], widths[out]
    while _total(widths) > room:
        # A last column gives way as far as it can: there is nothing left to leave out for it.
        candidates = [
            at
            for at, column in enumerate(columns)
            if column.may_shrink and widths[at] > (column.narrowest() if len(columns) > 1 else 1)
        ]
        if not candidates:
            break
        widths[max(candidates, key=widths.__getitem__)] -= 1
    return columns, widths


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _print_line(
    console: Console,
    cells: Sequence[Text],
    columns: Sequence[GridColumn],
    widths: Sequence[int],
    *,
    indent: int,
    dots: str,
) -> None:
    line = Text(" " * indent)
    for at, (cell, column, width) in enumerate(zip(cells, columns, widths, strict=True)):
        shortened = cell.copy()
        if shortened.cell_len > width:
            shortened.truncate(max(0, width - len(dots)))
            shortened.append(dots)
        space = " " * (width - shortened.cell_len)
        if column.right:
            line.append(space)
        line.append_text(shortened)
        if not column.right:
            line.append(space)
        if at < len(columns) - 1:
            line.append(" " * _GAP)
    line.rstrip()
    print_line(console, line)


def print_line(console: Console, line: Text | str = "", style: str | None = None) -> None:
    """Print one line as it is: neither wrapped nor cut, so that what is copied from a terminal is whole."""
    console.print(line, style=style, no_wrap=True, overflow="ignore", crop=False)


def no_room_for(hidden: Sequence[str]) -> str:
    """Return what to say about columns that had no room, short.

    >>> no_room_for(["a", "b", "c", "d", "e"])
    'no room for a, b, c and 2 more'
    """
    named = ", ".join(hidden[:3])
    return f"no room for {named}" + (f" and {len(hidden) - 3} more" if len(hidden) > 3 else "")
