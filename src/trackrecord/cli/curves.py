"""Charts made of characters: curves as dots of braille, or as letters where there is no colour or no Unicode.

Pure: numbers in, lines of text out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

#: distinguishable on light and dark backgrounds; the same order as the legend
COLOURS = (
    "blue",
    "yellow",
    "green",
    "magenta",
    "cyan",
    "red",
    "bright_blue",
    "bright_green",
    "bright_magenta",
)
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
# The eight dots of a braille character, by row and column.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
# Beyond these a difference of two numbers is no number any more: values are drawn at the edge, ranges are widened.
_GREATEST, _SMALLEST = 1e300, 1e-290


@dataclass(frozen=True)
class Curve:
    """One curve: x, y and the extremes of y at each x (equal to y for single points). NaN makes a gap.

    With ``band`` low and high are the edges of a band around the curve, dotted, else what a bucket reaches.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    band: bool = False


@dataclass(frozen=True)
class Look:
    """How a chart is drawn: size in characters, and what the terminal can show."""

    width: int
    height: int
    log_y: bool = False
    unicode: bool = True
    colour: bool = True
    log_x: bool = False


def draw_chart(curves: Sequence[Curve], look: Look, x_title: str) -> list[Text]:
    """Return the lines of a chart with ticks at both axes; without a finite point a line that says so."""
    spots = [_spots(curve, look) for curve in curves]
    drawn = [spot for each in spots for spot in each if spot is not None]
    if not drawn:
        only = " above zero" if look.log_y else ""
        return [Text(f"  There is no finite value{only} to draw.", "yellow")]
    x_low, x_high = _range([spot[0] for spot in drawn], 0 if look.log_x else 0.1)
    values = [value for spot in drawn for value in spot[1:] if math.isfinite(value)]
    y_low, y_high = _range(values, 0 if look.log_y else 0.1)
    y_ticks = (
        _log_ticks(y_low, y_high, look.height) if look.log_y else _some_ticks(y_low, y_high, look.height)
    )
    y_names = _tick_names([10**tick for tick in y_ticks] if look.log_y else y_ticks)
    margin = max(map(len, y_names), default=1)
    width = max(10, look.width - margin - 3)
    picture = _Picture(
        width,
        look.height,
        (x_low, x_high),
        (y_low, y_high),
        plain=not look.unicode or _lettered(curves, look),
    )
    for at, each in enumerate(spots):
        picture.draw(each, at, band=curves[at].band)
    names = dict(zip(y_ticks, y_names, strict=True))
    return _framed(picture, curves, look, y_names=names, margin=margin, x_title=x_title)


def legend(curves: Sequence[Curve], look: Look) -> list[Text]:
    """Return one line per curve with its colour, or its letter, and its label."""
    lines = []
    for at, curve in enumerate(curves):
        style, sign = _sign(at, curves, look)
        lines.append(Text.assemble("  ", (sign, style), " ", curve.label))
    return lines


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return up to about ``most`` round numbers from ``low`` to ``high``.

    >>> ticks(0.0, 1.0, 5)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    rough = (high - low) / max(1, most)
    if rough <= 0 or not math.isfinite(rough):
        return [low]
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step)))
    return [round(at * step, digits) + 0.0 for at in range(first, last + 1)][: most * 4]


def _some_ticks(low: float, high: float, height: int) -> list[float]:
    """Return round numbers for the lines of a chart: at least two where there is room for them."""
    for most in range(max(2, height // 4), height + 1):
        found = ticks(low, high, most)
        if len(found) >= min(3, height // 2):
            return found
    return ticks(low, high, height)


def _spots(curve: Curve, look: Look) -> list[tuple[float, float, float, float] | None]:
    spots: list[tuple[float, float, float, float] | None] = []
    for x, *values in zip(curve.x, curve.y, curve.low, curve.high, strict=True):
        middle, low, high = (_in_reach(value, look.log_y) for value in values)
        here = _in_reach(x, look.log_x)
        needed = (here, middle) if curve.band else (here, middle, low, high)
        spots.append((here, middle, low, high) if all(map(math.isfinite, needed)) else None)
    return spots


def _in_reach(value: float, logarithmic: bool) -> float:
    """Return where a value is drawn: NaN for nowhere."""
    if not math.isfinite(value) or (logarithmic and value <= _SMALLEST):
        return math.nan
    near = min(_GREATEST, max(-_GREATEST, float(value)))
    return math.log10(near) if logarithmic else near


def _range(values: Sequence[float], share: float) -> tuple[float, float]:
    """Return least and greatest; around a single value room for a share of it, or of 1."""
    low, high = min(values), max(values)
    if high - low < _SMALLEST:
        room = abs(low) * share if abs(low) * share > _SMALLEST else 1.0
        return low - room, high + room
    return low, high


def _log_ticks(low: float, high: float, height: int) -> list[float]:
    """Return the logarithms of round numbers: powers of ten, their halves and fifths, or finer where needed."""
    decades = range(math.floor(low) - 1, math.ceil(high) + 1)
    for factors in ((1,), (1, 2, 5)):
        logs = [power + math.log10(factor) for power in decades for factor in factors]
        inside = [log for log in logs if low - 1e-9 <= log <= high + 1e-9]
        if len(inside) >= 3:
            return inside[:: max(1, math.ceil(len(inside) / max(2, height // 2)))]
    fine = [tick for tick in _some_ticks(10**low, 10**high, height) if tick > 0]
    return [math.log10(tick) for tick in fine] or [low]


def _tick_names(values: Sequence[float]) -> list[str]:
    """Return the shortest names that tell the ticks apart."""
    for digits in range(3, 16):
        names = [f"{value:.{digits}g}" for value in values]
        if len(set(names)) == len(names) and all(
            math.isclose(float(name), value, rel_tol=1e-4, abs_tol=1e-12)
            for name, value in zip(names, values, strict=True)
        ):
            return names
    return [repr(value) for value in values]


class _Picture:
    """Dots on a grid of characters, each of which belongs to the curve that was drawn over it last."""

    def __init__(
        self,
        width: int,
        height: int,
        x_range: tuple[float, float],
        y_range: tuple[float, float],
        *,
        plain: bool,
    ) -> None:
        self.width, self.height = width, height
        self.x_range, self.y_range = x_range, y_range
        self.plain = plain
        # With letters every character is one dot, with braille 2 x 4.
        self._across, self._down = (1, 1) if plain else (2, 4)
        # of each character: the curve, its dots, and whether only the edge of a band is there
        self._cells: dict[tuple[int, int], tuple[int, int, bool]] = {}

    def row_of(self, y: float) -> int:
        """Return the row of characters in which a value of y lies, 0 at the top."""
        return self._row(y) // self._down

    def column_of(self, x: float) -> int:
        """Return the column of characters in which a value of x lies."""
        return self._column(x) // self._across

    def _column(self, x: float) -> int:
        low, high = self.x_range
        return round((x - low) / (high - low) * (self.width * self._across - 1))

    def _row(self, y: float) -> int:
        low, high = self.y_range
        return round((high - y) / (high - low) * (self.height * self._down - 1))

    def draw(
        self, spots: Sequence[tuple[float, float, float, float] | None], curve: int, *, band: bool = False
    ) -> None:
        """Draw one curve: lines between neighbours, and from the lowest to the highest value at each x, or a band."""
        if band:
            for edge in (2, 3):
                self._draw_line(
                    [None if spot is None else (spot[0], spot[edge]) for spot in spots], curve, edge=True
                )
        else:
            for spot in spots:
                if spot is not None:
                    column = self._column(spot[0])
                    self._line((column, self._row(spot[2])), (column, self._row(spot[3])), curve)
        self._draw_line([None if spot is None else spot[:2] for spot in spots], curve)

    def _draw_line(
        self, spots: Sequence[tuple[float, float] | None], curve: int, *, edge: bool = False
    ) -> None:
        before: tuple[int, int] | None = None
        for spot in spots:
            if spot is None or not math.isfinite(spot[1]):
                before = None
                continue
            here = self._column(spot[0]), self._row(spot[1])
            self._line(before or here, here, curve, edge=edge)
            before = here

    def _line(self, start: tuple[int, int], end: tuple[int, int], curve: int, *, edge: bool = False) -> None:
        length = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
        for at in range(length + 1):
            column = round(start[0] + (end[0] - start[0]) * at / length)
            row = round(start[1] + (end[1] - start[1]) * at / length)
            if edge and (column + row) % 3:
                continue  # dotted
            cell = row // self._down, column // self._across
            dots = 0 if self.plain else _DOTS[row % 4][column % 2]
            there = self._cells.get(cell, (curve, 0, True))
            if edge and not there[2]:
                continue  # a curve is never covered by the edge of a band
            self._cells[cell] = curve, there[1] | dots, edge

    def cell(self, row: int, column: int) -> tuple[int, str, bool] | None:
        """Return the curve, the braille character and whether it is an edge; None where nothing was drawn."""
        found = self._cells.get((row, column))
        return None if found is None else (found[0], chr(0x2800 + found[1]), found[2])


def _lettered(curves: Sequence[Curve], look: Look) -> bool:
    return len(curves) > 1 and not look.colour


def _sign(at: int, curves: Sequence[Curve], look: Look) -> tuple[str, str]:
    """Return the style and the sign of a curve in chart and legend."""
    style = COLOURS[at % len(COLOURS)] if look.colour else ""
    if _lettered(curves, look):
        return style, LETTERS[at % len(LETTERS)]
    return style, "━━" if look.unicode else "*" if len(curves) == 1 else LETTERS[at % len(LETTERS)]


def _framed(
    picture: _Picture,
    curves: Sequence[Curve],
    look: Look,
    *,
    y_names: dict[float, str],
    margin: int,
    x_title: str,
) -> list[Text]:
    upright, corner, flat, notch, foot = "│└─┤┬" if look.unicode else "|+-++"
    names = {picture.row_of(tick): name for tick, name in y_names.items()}
    lines = []
    for row in range(picture.height):
        line = Text()
        line.append(f"{names.get(row, ''):>{margin}} {notch if row in names else upright}", "dim")
        for column in range(picture.width):
            found = picture.cell(row, column)
            if found is None:
                line.append(" ")
                continue
            style, sign = _sign(found[0], curves, look)
            if picture.plain:
                line.append("." if found[2] else sign[0], style)
            else:
                line.append(found[1], style)
        line.rstrip()
        lines.append(line)
    axis, below = [flat] * picture.width, [" "] * (picture.width + margin + 2)
    if look.log_x:
        x_ticks = _log_ticks(*picture.x_range, max(4, picture.width // 7))
    else:
        x_ticks = ticks(*picture.x_range, max(2, picture.width // 14))
    free = 0
    x_names = _tick_names([10**tick for tick in x_ticks] if look.log_x else x_ticks)
    for tick, name in zip(x_ticks, x_names, strict=True):
        column = picture.column_of(tick)
        start = min(column + margin + 2 - len(name) // 2, len(below) - len(name))
        axis[column] = foot
        if start >= free:
            below[start : start + len(name)] = name
            free = start + len(name) + 1
    lines.append(Text(" " * (margin + 1) + corner + "".join(axis), "dim"))
    lines.append(Text("".join(below).rstrip(), "dim"))
    lines.append(Text(f"{x_title:^{picture.width + 2 * margin}}".rstrip(), "dim"))
    return lines
