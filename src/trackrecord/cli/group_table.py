"""Groups of runs side by side: how many, what sets them apart, mean and spread of every result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from trackrecord.analysis.comparison import best_of, contracts_of, shows_best
from trackrecord.analysis.groups import GroupStatistics, group_statistics, result_of
from trackrecord.cli.grid import GridColumn, no_room_for, print_grid, print_line
from trackrecord.cli.marks import best_mark, result_heading
from trackrecord.cli.numbers import count_of, format_value, number_format, one_line
from trackrecord.cli.run_columns import main_results
from trackrecord.words.records import RunRecord


@dataclass(frozen=True)
class GroupResult:
    """One result of every group, in the order of the groups; ``best`` holds the positions of the best means."""

    key: str
    goal: str | None
    unit: str | None
    groups: tuple[GroupStatistics, ...]
    best: tuple[int, ...]


@dataclass(frozen=True)
class GroupTable:
    """Groups with the params that are the same within each but not between them, and their results."""

    by: str
    groups: tuple[tuple[str | None, tuple[RunRecord, ...]], ...]
    params: tuple[tuple[str, tuple[Any, ...]], ...]
    results: tuple[GroupResult, ...]


def group_table(
    runs: Sequence[RunRecord], by: str, group_of: Callable[[RunRecord], str | None]
) -> GroupTable:
    """Return the statistics of every result of every group, the best group by the first goal in front."""
    contracts = contracts_of(runs)
    keys = [
        key for key in main_results(runs) if any(isinstance(result_of(run, key), float | int) for run in runs)
    ]
    ordered = _in_order(runs, keys, group_of)
    results = []
    for key in keys:
        contract = contracts.get(key)
        goal = contract.goal if contract is not None else None
        groups = group_statistics(ordered, key, group_of)
        best = best_of([each.statistics.mean for each in groups], goal)
        unit = contract.unit if contract is not None else None
        results.append(GroupResult(key, goal, unit, groups, best))
    members = tuple((each.group, each.runs) for each in group_statistics(ordered, lambda _: None, group_of))
    return GroupTable(by, members, _setting_apart(members, by), tuple(results))


def _in_order(
    runs: Sequence[RunRecord], keys: Sequence[str], group_of: Callable[[RunRecord], str | None]
) -> list[RunRecord]:
    """Sort the runs so that their groups come best first, by the first result that has a goal."""
    contracts = contracts_of(runs)
    goals = [(key, contracts[key].goal) for key in keys if key in contracts and contracts[key].goal]
    if not goals:
        return list(runs)
    key, goal = goals[0]
    means = {each.group: each.statistics.mean for each in group_statistics(runs, key, group_of)}

    def rank(run: RunRecord) -> tuple[bool, float]:
        mean = means[group_of(run)]
        return mean is None, 0 if mean is None else -mean if goal == "max" else mean

    return sorted(runs, key=rank)


def _setting_apart(
    members: Sequence[tuple[str | None, Sequence[RunRecord]]], by: str
) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    found = []
    for key in sorted({key for _, runs in members for run in runs for key in run.params}):
        within = [{repr(run.params.get(key)) for run in runs} for _, runs in members]
        if by != f"params.{key}" and all(len(each) == 1 for each in within) and len(set.union(*within)) > 1:
            found.append((key, tuple(runs[0].params.get(key) for _, runs in members)))
    return tuple(found)


def print_groups(console: Console, table: GroupTable, *, unicode: bool) -> None:
    """Print one line a group: n, what sets it apart, mean and standard deviation, the best mean marked."""
    names = [
        Text("(none)", "dim") if group is None else Text(one_line(group), "bold") for group, _ in table.groups
    ]
    columns = [
        GridColumn(table.by, names, weight=100, may_shrink=True),
        GridColumn("n", [Text(f"{len(runs):,}") for _, runs in table.groups], right=True, weight=95),
    ]
    members = [run for _, each in table.groups for run in each]
    for at, result in enumerate(table.results):
        is_best = shows_best(members, result.key)
        title = result_heading(result.key, result.goal, is_best=is_best, unicode=unicode)
        columns.append(GridColumn(title, _mean_cells(result, unicode), weight=90 - min(at, 60)))
    for at, (key, values) in enumerate(table.params):
        cells = [Text("" if value is None else format_value(value)) for value in values]
        columns.append(GridColumn(one_line(key), cells, weight=60 - min(at, 50), may_shrink=True))
    hidden = print_grid(console, columns)
    runs = len(members)
    footer = f"{count_of(len(table.groups), 'group')} of {count_of(runs, 'run')}, "
    footer += f"mean {_plus_minus(unicode)} standard deviation"
    if any(each.statistics.left_out for result in table.results for each in result.groups):
        footer += "; (n) where not every run has the value"
    if hidden:
        footer += f"; {no_room_for(hidden)}"
    print_line(console)
    print_line(console, footer, "dim")


def _plus_minus(unicode: bool) -> str:
    return "±" if unicode else "+-"


def _mean_cells(result: GroupResult, unicode: bool) -> list[Text]:
    figures = [each.statistics for each in result.groups]
    how = number_format([each.mean for each in figures])
    mark = best_mark(unicode=unicode)
    texts = []
    for each in figures:
        if each.mean is None:
            texts.append("")
            continue
        text = format(each.mean, how)
        if each.std is not None:
            text += f" {_plus_minus(unicode)} {format(each.std, how)}"
        texts.append(text + (f" ({each.n})" if each.left_out else ""))
    marked = len(figures) > 1
    return [
        Text(text + mark, "bold green") if marked and at in result.best else Text(text)
        for at, text in enumerate(texts)
    ]


def table_as_json(table: GroupTable) -> dict[str, Any]:
    """Return the table as JSON (docs/cli.md)."""
    from trackrecord.shapes.encoding import plain

    groups = []
    for at, (group, runs) in enumerate(table.groups):
        results = {}
        for result in table.results:
            figures = asdict(result.groups[at].statistics)
            results[result.key] = plain(figures) | {
                "goal": result.goal,
                "unit": result.unit,
                "best": at in result.best,
            }
        groups.append(
            {
                "group": group,
                "runs": [run.id for run in runs],
                "params": {key: plain(values[at]) for key, values in table.params},
                "results": results,
            }
        )
    return {"by": table.by, "groups": groups}
