"""Groups of runs with equal values."""

from __future__ import annotations

from typing import Any

from trackrecord.shapes.encoding import Number
from trackrecord.shapes.shape import Shape


class GroupFigures(Shape, frozen=True):
    """One result over the runs of a group."""

    n: int
    left_out: int
    mean: Number | None
    min: Number | None
    max: Number | None
    median: Number | None
    std: Number | None


class RunGroup(Shape, frozen=True):
    """Runs with equal values."""

    values: dict[str, Any]
    runs: int
    results: dict[str, GroupFigures]


class GroupPage(Shape, frozen=True):
    """The first groups of an order."""

    items: list[RunGroup]
    by: list[str]
    total: int
    runs: int
    revision: int
