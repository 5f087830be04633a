"""The metrics of a run as a page of runs holds them: rows of the catalog, made into figures when somebody looks.

A table of 10,000 runs with 20 metrics each shows four of them: the other 160,000 need not be made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from trackrecord.words.contract import MetricContract
from trackrecord.words.records import MetricFigures

#: the columns of table metric, in the order in which rows hold them behind the key
FIGURE_COLUMNS = (
    "points", "nonfinite", "first", "last", "min", "max", "mean", "min_step", "max_step", "first_step", "last_step",
)  # fmt: skip
#: where a row of (run, key, *FIGURE_COLUMNS) has its key
KEY = 1


class StoredFigures(Mapping[str, MetricFigures]):
    """`MetricFigures` by metric, in the order of the rows; equal to a dict of the same."""

    __slots__ = ("_contracts", "_found")

    def __init__(
        self, rows: dict[str, tuple[Any, ...]], contracts: Mapping[str, MetricContract | None]
    ) -> None:
        #: a row until somebody looks at the metric, then its figures
        self._found: dict[str, Any] = rows
        self._contracts = contracts

    def __getitem__(self, key: str) -> MetricFigures:
        """Return the figures of one metric."""
        found: Any = self._found[key]
        if isinstance(found, tuple):
            found = self._found[key] = figures_of(found, self._contracts[key])
        figures: MetricFigures = found
        return figures

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, key: object) -> bool:
        return key in self._found

    def __repr__(self) -> str:
        return repr(dict(self))


def figures_of(row: tuple[Any, ...], contract: MetricContract | None) -> MetricFigures:
    """Return a row of (run, key, `FIGURE_COLUMNS`) as figures."""
    nan = math.nan
    _, key, points, nonfinite, first, last, least, greatest, mean, *steps = row
    # plain branches, a thousand times a page: a call of a function for each of them takes half of the time
    least, greatest = nan if least is None else least, nan if greatest is None else greatest
    min_step, max_step, first_step, last_step = [
        int(step) if step is not None and step.is_integer() else step for step in steps
    ]
    goal = contract.goal if contract is not None else None
    return MetricFigures(
        key,
        points,
        nonfinite,
        nan if first is None else first,
        nan if last is None else last,
        least,
        greatest,
        nan if mean is None else mean,
        greatest if goal == "max" else least if goal == "min" else None,
        max_step if goal == "max" else min_step if goal == "min" else None,
        first_step,
        last_step,
        contract,
    )
