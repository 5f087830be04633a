"""Tables that fit the terminal: columns get narrower, then the least important ones are left out, and said so.

In a pipe nothing is shortened or left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from trackrecord.cli.session import Lines, PlainLines, can_show_unicode

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_GAP = 2
#: on a terminal no text is wider at first, and none gets narrower to make room
_WIDEST, _NARROWEST = 40, 10
#: the column that says what a line is about; it keeps more room and stays to the end
NAMING = 100
_NARROWEST_NAMING = 32
#: so many lines go out at once
_BATCH = 500


class Cell(NamedTuple):
    """A text in one style: all that most cells need, at a small part of the cost of Rich's texts."""

    plain: str
    style: str = ""


@dataclass
class GridColumn:
    """One column: its heading, one cell a row, and how soon it is left out (the lowest ``weight`` first)."""

    heading: str
    cells: Sequence[Cell | Text] = field(default_factory=list)
    right: bool = False
    weight: int = 0
    #: whether its texts may be cut to make room; numbers never are
    may_shrink: bool = False

    def narrowest(self) -> int:
        """Return how narrow the column may get before others are left out for it."""
        return _NARROWEST_NAMING if self.weight == NAMING else _NARROWEST

    def width(self) -> int:
        """Return the width that the whole column needs."""
        return max([_width_of(self.heading), *(_width_of(cell.plain) for cell in self.cells)])


def print_grid(console: Lines, columns: Sequence[GridColumn], *, indent: int = 0) -> list[str]:
    """Print a table and return the headings of the columns that had no room."""
    shown, widths = _fit(console, list(columns), indent)
    dots = "…" if can_show_unicode(console) else "..."
    paint = _painter(console)
    lines = [
        _line(
            [Cell(column.heading, "bold") for column in shown],
            shown,
            widths,
            indent=indent,
            dots=dots,
            paint=paint,
        )
    ]
    for row in zip(*(column.cells for column in shown), strict=True):
        lines.append(_line(row, shown, widths, indent=indent, dots=dots, paint=paint))
        if len(lines) == _BATCH:
            console.file.write("\n".join(lines) + "\n")
            lines.clear()
    if lines:
        console.file.write("\n".join(lines) + "\n")
    kept = {id(column) for column in shown}
    return [column.heading for column in columns if id(column) not in kept]


def grid_width(columns: Sequence[GridColumn]) -> int:
    """Return the width that a table needs with nothing shortened."""
    return sum(column.width() for column in columns) + _GAP * (len(columns) - 1)


def _fit(console: Lines, columns: list[GridColumn], indent: int) -> tuple[list[GridColumn], list[int]]:
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


#: the marks of our own are as wide as a letter, which need not be looked up
_MARKS = dict.fromkeys(map(ord, "✓✗●◌■☓↑↓★±…"))


def _width_of(text: str) -> int:
    if text.isascii() or text.translate(_MARKS).isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _shortened(text: str, width: int) -> str:
    """Return as much of the beginning of a text as fits."""
    if text.isascii():
        return text[:width]
    from rich.cells import set_cell_size

    return set_cell_size(text, width)


#: from a cell and what is shown of its text to what is written
_Paint = Callable[["Cell | Text", str], str]


def _painter(console: Lines) -> _Paint:
    """Return what gives a cell its colours, none where there are none."""
    if isinstance(console, PlainLines) or console.color_system is None:
        return lambda _cell, shown: shown
    rich = console

    codes: dict[str, tuple[str, str]] = {}

    def paint(cell: Cell | Text, shown: str) -> str:
        if not isinstance(cell, Cell) and cell.spans:
            part = cell.copy()
            part.plain = shown
            return _coloured(rich, part)
        style = str(cell.style)
        if not style:
            return shown
        found = codes.get(style)
        if found is None:
            before, _, behind = _coloured(rich, "x", style).partition("x")
            found = codes[style] = before, behind
        return f"{found[0]}{shown}{found[1]}"

    return paint


def _coloured(console: Console, text: Text | str, style: str | None = None) -> str:
    with console.capture() as captured:
        console.print(text, style=style, end="", no_wrap=True, overflow="ignore", crop=False)
    return captured.get()


def _line(
    cells: Sequence[Cell | Text],
    columns: Sequence[GridColumn],
    widths: Sequence[int],
    *,
    indent: int,
    dots: str,
    paint: _Paint,
) -> str:
    parts: list[str] = []
    space = indent
    for cell, column, width in zip(cells, columns, widths, strict=True):
        shown = cell.plain
        its_width = _width_of(shown)
        if its_width > width:
            shown = _shortened(shown, max(0, width - len(dots))) + dots
            its_width = width
        if column.right:
            space += width - its_width
        if shown:  # the space in front of it is only written when something follows: no line ends with spaces
            parts.append(" " * space + paint(cell, shown))
            space = 0
        space += _GAP + (0 if column.right else width - its_width)
    return "".join(parts).rstrip()


def print_line(console: Lines, line: Text | str = "", style: str | None = None) -> None:
    """Print one line as it is: neither wrapped nor cut, so that what is copied from a terminal is whole."""
    if isinstance(console, PlainLines):
        console.file.write((line if isinstance(line, str) else line.plain) + "\n")
        return
    console.print(line, style=style, no_wrap=True, overflow="ignore", crop=False)


def no_room_for(hidden: Sequence[str]) -> str:
    """Return what to say about columns that had no room, short.

    >>> no_room_for(["a", "b", "c", "d", "e"])
    'no room for a, b, c and 2 more'
    """
    named = ", ".join(hidden[:3])
    return f"no room for {named}" + (f" and {len(hidden) - 3} more" if len(hidden) > 3 else "")
