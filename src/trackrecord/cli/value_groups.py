"""Groups of runs with equal values, for a terminal: how many, and the spread of their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from trackrecord.cli.grid import Cell, GridColumn, no_room_for, print_grid, print_line
from trackrecord.cli.numbers import count_of, format_value, number_format, one_line
from trackrecord.cli.session import Lines
from trackrecord.query.groups import GroupFigures, GroupPage

_FIGURES = ("mean", "std", "min", "median", "max")


def print_value_groups(console: Lines, page: GroupPage, *, unicode: bool) -> None:
    """Print one line a group: its values, how many runs, and of each result mean, deviation, extremes and median."""
    if not page.groups:
        print_line(console, "No run fits.")
        return
    columns = [
        GridColumn(one_line(name), [_value(group.values, name) for group in page.groups], False, 100, True)
        for name in page.by
    ]
    runs = [Cell(f"{group.runs:,}") for group in page.groups]
    columns.append(GridColumn("runs", runs, right=True, weight=95))
    for result in page.groups[0].results:
        found = [group.results[result] for group in page.groups]
        for at, figure in enumerate(_FIGURES):
            title = one_line(result) if figure == "mean" else _heading(figure, unicode=unicode)
            columns.append(GridColumn(title, _cells(found, figure), right=True, weight=90 - 5 * at))
    hidden = print_grid(console, columns)
    groups = count_of(page.total, "group")
    footer = (
        f"{len(page.groups):,} of {groups} (--all shows all)" if len(page.groups) < page.total else groups
    )
    footer += f" of {count_of(page.runs, 'run')}"
    if page.groups[0].results:
        footer += "; results by their mean, (n) where not every run has a finite value"
    if hidden:
        footer += f"; {no_room_for(hidden)}"
    print_line(console)
    print_line(console, footer, style="dim")


def _heading(figure: str, *, unicode: bool) -> str:
    return ("±" if unicode else "+-") + " std" if figure == "std" else figure


def _value(values: Mapping[str, Any], name: str) -> Cell:
    if name not in values:
        return Cell("(missing)", "dim")
    value = values[name]
    if isinstance(value, datetime):
        return Cell(f"{value:%Y-%m-%d %H:%M:%S}")
    return Cell(one_line(format_value(value)))


def _cells(found: Sequence[GroupFigures], figure: str) -> list[Cell]:
    values = [getattr(each, figure) for each in found]
    how = number_format(values)
    cells = []
    for each, value in zip(found, values, strict=True):
        text = "" if value is None else format(value, how)
        if figure == "mean" and value is not None and each.left_out:
            text += f" ({each.n})"
        cells.append(Cell(text))
    return cells
