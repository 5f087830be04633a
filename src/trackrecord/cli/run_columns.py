"""Which columns a table of runs has, and what stands in their cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trackrecord.analysis.comparison import best_of, contracts_of, result_value, shows_best
from trackrecord.cli.grid import Cell, GridColumn
from trackrecord.cli.marks import result_heading, state_mark
from trackrecord.cli.numbers import format_value, in_format, number_format, one_line
from trackrecord.cli.times import format_ago, format_duration
from trackrecord.query.order import parse_order
from trackrecord.query.parser import parse_name
from trackrecord.query.syntax import FIGURES, Name
from trackrecord.words.contract import MetricContract
from trackrecord.words.errors import QueryError
from trackrecord.words.ids import short_id
from trackrecord.words.records import RunRecord

#: so many varying params and results are shown unless certain columns are asked for
_MOST_PARAMS, _MOST_RESULTS = 6, 4

_FIELDS: dict[str, Callable[[RunRecord], str]] = {
    "id": lambda run: short_id(run.id),
    "name": lambda run: one_line(run.name),
    "project": lambda run: one_line(run.project),
    "state": lambda run: str(run.state),
    "created": lambda run: format_ago(run.created),
    "ended": lambda run: format_ago(run.ended) if run.ended else "",
    "duration": lambda run: format_duration(run.duration_s),
    "experiment": lambda run: one_line(run.experiment or ""),
    "group": lambda run: one_line(run.group or ""),
    "tags": lambda run: one_line(", ".join(run.tags)),
    "notes": lambda run: one_line(run.notes or ""),
    "user": lambda run: one_line(run.user or ""),
    "host": lambda run: one_line(run.host or ""),
    "parent": lambda run: short_id(run.parent) if run.parent else "",
    "points": lambda run: f"{run.points:,}",
    "problems": lambda run: str(run.problems),
    "hypothesis": lambda run: one_line(run.hypothesis or ""),
    "exit_code": lambda run: "" if run.exit_code is None else str(run.exit_code),
    "archived": lambda run: format_ago(run.archived) if run.archived else "",
    "deleted": lambda run: format_ago(run.deleted) if run.deleted else "",
    "last_step": lambda run: "" if run.last_step is None else format_value(run.last_step),
}
_RIGHT = {
    "created",
    "ended",
    "archived",
    "deleted",
    "duration",
    "points",
    "problems",
    "last_step",
    "exit_code",
}
#: the longer a column can be spared, the lower
_WEIGHTS = {"id": 90, "name": 100, "project": 82, "state": 80, "created": 70, "duration": 30}


def default_columns(
    runs: Sequence[RunRecord], *, one_project: bool, unicode: bool, order_by: str = ""
) -> list[GridColumn]:
    """Return the columns that tell these runs apart: who they are, which params vary, what came out.

    A metric with a goal shows its best value, as ``KEY.best``; its last one where ``order_by`` sorts by that.
    """
    names = ["id", "name", "state", "created", "duration"]
    if not one_project and len({run.project for run in runs}) > 1:
        names.insert(2, "project")
    columns = [_field_column(runs, name, unicode) for name in names]
    if len({run.group for run in runs}) > 1:
        columns.append(_field_column(runs, "group", unicode))
    contracts = contracts_of(runs)
    shown = main_results(runs, contracts)[:_MOST_RESULTS]
    sorted_by = {key.name.key for key in parse_order(order_by) if key.name.figure is None}
    results = [
        _result_column(runs, key, unicode, contracts, is_best=key not in sorted_by and shows_best(runs, key))
        for key in shown
    ]
    for at, column in enumerate(results):
        column.weight = 85 - 10 * at
    params = [_param_column(runs, key) for key in varying_params(runs)[:_MOST_PARAMS]]
    for at, column in enumerate(params):
        column.weight = 60 - at
    return [*columns, *results, *params]


def asked_columns(runs: Sequence[RunRecord], names: Sequence[str], *, unicode: bool) -> list[GridColumn]:
    """Return certain columns: fields, ``params.KEY``, ``metrics.KEY``, ``metrics["KEY"].min``, ``summary.KEY``, a key.

    A bare key means a field, else a summary value, a metric, a param. Raises QueryError for a name that none of the
    runs has.
    """
    return [_asked_column(runs, name.strip(), unicode) for name in names if name.strip()]


def varying_params(runs: Sequence[RunRecord]) -> list[str]:
    """Return the params that are not the same in all runs."""
    keys = sorted(set().union(*(run.params for run in runs)))
    return [key for key in keys if _varies(runs, key)]


def _varies(runs: Sequence[RunRecord], key: str) -> bool:
    first = repr(runs[0].params.get(key, _MISSING))
    return any(repr(run.params.get(key, _MISSING)) != first for run in runs)


class _Missing:
    def __repr__(self) -> str:
        return "missing"


_MISSING = _Missing()


def main_results(
    runs: Sequence[RunRecord], contracts: Mapping[str, MetricContract] | None = None
) -> list[str]:
    """Return the keys of results, the most telling first.

    Primary metrics, then what was put into the summary, metrics with a goal, all others; what the sampler measured
    (``system/...``) is no result.
    """
    contracts = contracts_of(runs) if contracts is None else contracts
    summary = {
        key for run in runs for key, value in run.summary.items() if isinstance(value, (int, float, str))
    }
    every = set().union(*(run.metrics for run in runs))
    metrics = {key for key in every if not key.startswith("system/")}

    def rank(key: str) -> tuple[int, str]:
        contract = contracts.get(key)
        if contract is not None and contract.primary:
            return 0, key
        if key in summary:
            return 1, key
        return (2 if contract is not None and contract.goal else 3), key

    return sorted(summary | metrics, key=rank)


def value_cells(values: Sequence[Any], goal: str | None = None) -> list[Cell]:
    """Return the cells of one column or line of values; missing ones stay empty, the best ones stand out."""
    how = number_format(values)
    best = best_of(values, goal) if sum(value is not None for value in values) > 1 else ()
    cells = []
    for at, value in enumerate(values):
        text = "" if value is None else in_format(value, how)
        style = "bold green" if at in best else "yellow" if _is_nonfinite(value) else ""
        cells.append(Cell(text, style=style))
    return cells


def _is_nonfinite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _field_column(runs: Sequence[RunRecord], name: str, unicode: bool) -> GridColumn:
    if name == "state":
        cells = [Cell(*state_mark(run.state, unicode=unicode)) for run in runs]
    else:
        style = {"id": "cyan", "name": "bold", "created": "dim", "ended": "dim", "duration": "dim"}.get(
            name, ""
        )
        cells = [Cell(_FIELDS[name](run), style=style) for run in runs]
    shrinks = name in ("name", "project", "experiment", "group", "tags", "notes", "hypothesis")
    return GridColumn(name, cells, name in _RIGHT, _WEIGHTS.get(name, 50), shrinks)


def _param_column(runs: Sequence[RunRecord], key: str, heading: str | None = None) -> GridColumn:
    present = [run.params[key] for run in runs if key in run.params]
    numeric = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present)
    cells = [Cell(format_value(run.params[key]) if key in run.params else "") for run in runs]
    return GridColumn(one_line(heading or key), cells, numeric, 50, may_shrink=not numeric)


def _result_column(
    runs: Sequence[RunRecord],
    key: str,
    unicode: bool,
    contracts: Mapping[str, MetricContract],
    *,
    is_best: bool,
) -> GridColumn:
    contract = contracts.get(key)
    goal = contract.goal if contract is not None else None
    values = [result_value(run, key) if is_best else _value_by_name(run, key) for run in runs]
    numeric = not any(isinstance(value, str) for value in values)
    title = result_heading(key, goal, is_best=is_best, unicode=unicode)
    return GridColumn(title, value_cells(values, goal), numeric, 60, may_shrink=not numeric)


def _value_by_name(run: RunRecord, key: str) -> Any:
    """Return what a bare name means in a filter (docs/query.md): the summary value, else the metric's last one."""
    if key in run.summary:
        return run.summary[key]
    figures = run.metrics.get(key)
    return None if figures is None else figures.last


def _figures(runs: Sequence[RunRecord], name: str) -> list[Any] | None:
    """Return one figure of a metric (``metrics["val/loss"].min``, ``val/loss.min``, ``metrics.val/loss``) of each run.

    None when the name is no such figure, or one that none of the runs has.
    """
    try:
        asked = parse_name(name)
    except QueryError:  # a key of odd characters that was not quoted
        namespace, _, key = name.partition(".")
        asked = Name(name, 0, key, namespace)
    if asked.namespace not in (None, "metrics"):
        return None
    key, figure = asked.key, asked.figure
    if figure is None and asked.namespace == "metrics" and any(key in run.metrics for run in runs):
        figure = "last"
    if figure is None:
        key, _, figure = key.rpartition(".")
    if figure not in FIGURES or not any(key in run.metrics for run in runs):
        return None
    attribute = "last_step" if figure == "step" else figure
    return [getattr(run.metrics[key], attribute) if key in run.metrics else None for run in runs]


def _asked_column(runs: Sequence[RunRecord], name: str, unicode: bool) -> GridColumn:
    namespace, _, key = name.partition(".")
    if name in _FIELDS:
        return _field_column(runs, name, unicode)
    if namespace == "params" and any(key in run.params for run in runs):
        return _param_column(runs, key, name)
    if namespace == "summary" and any(key in run.summary for run in runs):
        cells = value_cells([run.summary.get(key) for run in runs])
        return GridColumn(one_line(name), cells, right=True, weight=60)
    if (figures := _figures(runs, name)) is not None:
        return GridColumn(one_line(name), value_cells(figures), right=True, weight=60)
    if any(name in run.summary or name in run.metrics for run in runs):
        return _result_column(runs, name, unicode, contracts_of(runs), is_best=False)
    if any(name in run.params for run in runs):
        return _param_column(runs, name)
    from trackrecord.query.names import close_names

    known = [*_FIELDS]
    for run in runs:
        known += [*run.summary, *run.metrics, *run.params]
    if not runs:
        return GridColumn(one_line(name))
    raise QueryError(
        f"None of these runs has a column {name[:200]!r}.",
        suggestions=tuple(close_names(name, known)),
        hint='Columns are fields such as name, params.KEY, metrics.KEY, metrics["KEY"].min, summary.KEY, or a key.',
    )
