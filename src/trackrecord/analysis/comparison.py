"""Several runs side by side: what differs, and which is the best."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trackrecord.words.contract import MetricContract
from trackrecord.words.records import RunRecord

#: stands for a value that a run does not have; equal to nothing that was logged
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Line:
    """One key over several runs.

    ``values`` stand in the order of the runs, None where a run lacks the key. ``best`` holds the positions of the
    best values, where a contract states a goal. ``differs`` counts a missing value as another value.
    """

    key: str
    values: tuple[Any, ...]
    differs: bool
    goal: str | None = None
    best: tuple[int, ...] = ()
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side, in the order in which they were given."""

    runs: tuple[RunRecord, ...]
    params: tuple[Line, ...]
    results: tuple[Line, ...]
    environment: tuple[Line, ...]


def compare(runs: Sequence[RunRecord], environments: Sequence[Mapping[str, Any]] = ()) -> Comparison:
    """Put runs side by side.

    ``environments`` are the runs' surroundings in the same order (``RunDetail.environment``). Results are the
    summary values and each metric's last value, its best where a contract states a goal; a summary value hides the
    metric of the same name.

    ::

        compare(runs).params[0].differs
    """
    flat = [_flat(environment) for environment in environments] or [{} for _ in runs]
    return Comparison(
        runs=tuple(runs),
        params=tuple(
            _line(key, [run.params.get(key) for run in runs], [key in run.params for run in runs])
            for key in _keys(run.params for run in runs)
        ),
        results=tuple(_results(runs)),
        environment=tuple(
            _line(key, [each.get(key) for each in flat], [key in each for each in flat])
            for key in _keys(flat)
        ),
    )


def contracts_of(runs: Sequence[RunRecord]) -> dict[str, MetricContract]:
    """Return the contract of each result that has one, by its key; of several projects' the first run's."""
    contracts: dict[str, MetricContract] = {}
    seen: dict[str, set[str]] = {}  # a contract is the project's: one look per project and key is enough
    for run in runs:
        of_project = seen.setdefault(run.project, set())
        for keys in (run.metrics.keys(), run.summary.keys()):
            new = keys - of_project
            of_project |= new
            for key in new:
                contract = run.contract_of(key)
                if contract is not None:
                    contracts.setdefault(key, contract)
    return contracts


def _results(runs: Sequence[RunRecord]) -> Iterable[Line]:
    contracts = contracts_of(runs)
    for key in _keys([*(run.summary for run in runs), *(run.metrics for run in runs)]):
        contract = contracts.get(key)
        values: list[Any] = []
        present: list[bool] = []
        for run in runs:
            values.append(result_value(run, key))
            present.append(key in run.summary or key in run.metrics)
        yield _line(key, values, present, contract)


def result_value(run: RunRecord, key: str) -> Any:
    """Return what a run reached: its summary value, else its metric's best, its last without a goal, else None."""
    if key in run.summary:
        return run.summary[key]
    figures = run.metrics.get(key)
    if figures is None:
        return None
    return figures.last if figures.best is None else figures.best


def shows_best(runs: Sequence[RunRecord], key: str) -> bool:
    """Tell whether a result is a metric's best value in all runs that have it, so that ``KEY.best`` is its name.

    Where a best value is missing though points are there, they are all NaN or infinite, and the last one stands for
    it; a metric that has a goal in only some of the runs' projects is not told by its best.
    """
    if any(key in run.summary for run in runs):
        return False
    found = [figures for run in runs if (figures := run.metrics.get(key)) is not None]
    return any(figures.best is not None for figures in found) and all(
        figures.best is not None or not math.isfinite(figures.last) for figures in found
    )


def _line(
    key: str, values: Sequence[Any], present: Sequence[bool], contract: MetricContract | None = None
) -> Line:
    forms = {_same(value) if there else _MISSING for value, there in zip(values, present, strict=True)}
    goal = contract.goal if contract is not None else None
    return Line(
        key=key,
        values=tuple(values),
        differs=len(forms) > 1,
        goal=goal,
        best=best_of(values, goal),
        unit=contract.unit if contract is not None else None,
    )


def _same(value: Any) -> Hashable:
    """Return what is equal for equal values: 1 and 1.0 are, 1 and True, 1 and "1" or 2^60 and 2^60 + 1 are not."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not _is_nan(value):
        return value
    return type(value), repr(value)


def _is_nan(value: Any) -> bool:
    # math.isnan can't take a whole number that is too large for a float
    return isinstance(value, float) and math.isnan(value)


def best_of(values: Sequence[Any], goal: str | None) -> tuple[int, ...]:
    """Return the positions of the best numbers; NaN, texts and missing ones are never best.

    >>> best_of([0.5, None, 0.9, 0.9], "max")
    (2, 3)
    """
    choose: Callable[[Iterable[float]], float] | None = {"max": max, "min": min}.get(goal or "")
    numbers = {
        at: value
        for at, value in enumerate(values)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not _is_nan(value)
    }
    if choose is None or not numbers:
        return ()
    best = choose(numbers.values())
    return tuple(at for at, value in numbers.items() if value == best)


def _keys(mappings: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({key for mapping in mappings for key in mapping})


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Join nested names by dots; lists stay values."""
    flat: dict[str, Any] = {}
    pending: list[tuple[str, Any]] = [(prefix, nested)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, Mapping):
            pending.extend((f"{path}.{key}" if path else str(key), part) for key, part in value.items())
        else:
            flat[path] = value
    return flat
