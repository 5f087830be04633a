"""Metric contracts: what a project says about one of its metrics."""

from __future__ import annotations

from typing import NamedTuple


class MetricContract(NamedTuple):
    """Unit, goal, range, default x of a metric, and whether it is the primary one.

    ``pattern`` is a metric name, or a glob such as ``val/*``; an exact name wins over a
    glob, a longer glob over a shorter one. ``goal`` is ``"max"`` or ``"min"``: with it
    "best" knows its direction everywhere. ``x`` names what the metric is drawn over:
    ``"step"``, ``"relative"``, ``"wall"`` or another metric.
    """

    pattern: str
    goal: str | None = None
    unit: str | None = None
    primary: bool = False
    x: str | None = None
    low: float | None = None
    high: float | None = None
    description: str | None = None


def contract_for(metric: str, contracts: list[MetricContract]) -> MetricContract | None:
    """Return the contract that holds for ``metric``: an exact name, else the longest glob that fits.

    >>> contract_for("val/loss", [MetricContract("val/*", goal="max"), MetricContract("val/loss", goal="min")]).goal
    'min'
    """
    from fnmatch import fnmatchcase

    best = None
    for contract in contracts:
        if contract.pattern == metric:
            return contract
        if fnmatchcase(metric, contract.pattern) and (
            best is None or len(contract.pattern) > len(best.pattern)
        ):
            best = contract
    return best
