"""Several runs side by side: one column a run where there is room, else one line a run."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from trackrecord.analysis.comparison import Comparison, Line, shows_best
from trackrecord.cli.grid import GridColumn, grid_width, print_grid, print_line
from trackrecord.cli.marks import best_mark, result_heading, state_text
from trackrecord.cli.numbers import count_of, format_value, in_format, number_format, one_line
from trackrecord.cli.times import format_duration
from trackrecord.words.ids import short_id
from trackrecord.words.records import RunRecord


def print_side_by_side(
    console: Console, comparison: Comparison, *, unicode: bool, everything: bool, environment: bool
) -> None:
    """Print what differs between runs and what came out, the best of each line marked."""
    lines: list[tuple[str, Sequence[Line]]] = [
        ("Params", [line for line in comparison.params if line.differs or everything]),
        (
            "Results",
            [line for line in comparison.results if everything or not line.key.startswith("system/")],
        ),
    ]
    if environment or everything:
        lines.append(("Environment", [line for line in comparison.environment if line.differs or everything]))
    by_column = _runs_as_columns(comparison, lines, unicode)
    if not console.is_terminal or grid_width(by_column) <= console.width:
        print_grid(console, by_column)
    else:
        hidden = print_grid(console, _runs_as_lines(comparison, lines, unicode))
        if hidden:
            print_line(console)
            print_line(
                console, f"No room for {', '.join(hidden)} (a wider terminal, a pipe or --json has it)", "dim"
            )
    equal = sum(not line.differs for line in comparison.params)
    if equal and not everything:
        print_line(console)
        print_line(console, f"{count_of(equal, 'param')} equal in all runs (--all shows them)", "dim")


def _runs_as_columns(
    comparison: Comparison, sections: Sequence[tuple[str, Sequence[Line]]], unicode: bool
) -> list[GridColumn]:
    runs = comparison.runs
    names = [Text("id", "dim"), Text("state", "dim"), Text("duration", "dim")]
    cells = [
        [
            Text(short_id(run.id), "cyan"),
            state_text(run.state, unicode=unicode),
            Text(format_duration(run.duration_s)),
        ]
        for run in runs
    ]
    for title, lines in sections:
        if not lines:
            continue
        names += [Text(), Text(title, "bold")]
        for column in cells:
            column += [Text(), Text()]
        for line in lines:
            names.append(Text("  " + _title(line, comparison.runs, unicode)))
            for column, cell in zip(cells, _cells(line, unicode), strict=True):
                column.append(cell)
    columns = [GridColumn(one_line(run.name), column) for run, column in zip(runs, cells, strict=True)]
    return [GridColumn("", names, weight=100), *columns]


def _runs_as_lines(
    comparison: Comparison, sections: Sequence[tuple[str, Sequence[Line]]], unicode: bool
) -> list[GridColumn]:
    runs = comparison.runs
    columns = [
        GridColumn("id", [Text(short_id(run.id), "cyan") for run in runs], weight=90),
        GridColumn("name", [Text(one_line(run.name), "bold") for run in runs], weight=100, may_shrink=True),
        GridColumn("state", [state_text(run.state, unicode=unicode) for run in runs], weight=20),
    ]
    weights = {"Params": 50, "Results": 60, "Environment": 10}
    for title, lines in sections:
        for line in lines:
            weight = weights[title] + (15 if line.goal else 0)
            numeric = not any(isinstance(value, str) for value in line.values)
            columns.append(
                GridColumn(_title(line, runs, unicode), _cells(line, unicode), numeric, weight, not numeric)
            )
    return columns


def _title(line: Line, runs: Sequence[RunRecord], unicode: bool) -> str:
    unit = f" [{one_line(line.unit)}]" if line.unit else ""
    is_best = line.goal is not None and shows_best(runs, line.key)
    return result_heading(line.key, line.goal, is_best=is_best, unicode=unicode) + unit


def _cells(line: Line, unicode: bool) -> list[Text]:
    how = number_format(line.values) if line.goal else None
    mark = best_mark(unicode=unicode)
    cells = []
    for at, value in enumerate(line.values):
        if value is None:
            cells.append(Text("-", "dim"))
            continue
        text = Text(in_format(value, how) if how else format_value(value))
        if at in line.best and line.differs:
            text.append(mark)
            text.stylize("bold green")
        elif line.goal:
            # Keeps the decimal points of a column below each other.
            text.append(" " * len(mark))
        cells.append(text)
    return cells
