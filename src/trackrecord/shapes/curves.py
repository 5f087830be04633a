"""Curves: what is asked for, and what is drawn."""

from __future__ import annotations

from typing import Any

import msgspec

from trackrecord.shapes.encoding import Number
from trackrecord.shapes.shape import Shape


class SeriesName(Shape, frozen=True):
    """One metric of one run."""

    run: str
    metric: str


class RunChoice(Shape, frozen=True, forbid_unknown_fields=True):
    """Which runs a chart shows: the first ``limit`` that fit a filter, in order."""

    where: str = ""
    project: str | None = None
    order_by: str = "-created"
    limit: int = 1000


class SmoothingQuestion(Shape, frozen=True, forbid_unknown_fields=True):
    """How curves are smoothed (docs/charts.md): a length in units of x, or a strength from 0 to 0.999."""

    kind: str = "ema"
    length: float | None = None
    strength: float | None = None
    after_grouping: bool = False


class GroupQuestion(Shape, frozen=True, forbid_unknown_fields=True):
    """How runs are grouped, and what is computed of each group; with ``members`` their curves are sent, too."""

    by: list[str] = msgspec.field(default_factory=list)
    statistics: list[str] = msgspec.field(default_factory=lambda: ["mean", "minmax", "t"])
    quantiles: list[float] = msgspec.field(default_factory=list)
    confidence: float = 0.95
    members: bool = False


class SeriesQuestion(Shape, frozen=True, forbid_unknown_fields=True):
    """The curves of a whole screen: either ``series``, or ``runs`` with ``metrics`` and a ``pattern`` of names."""

    series: list[SeriesName] | None = None
    runs: RunChoice | None = None
    metrics: list[str] = msgspec.field(default_factory=list)
    pattern: str | None = None
    x: str = "step"
    low: float | None = None
    high: float | None = None
    pixels: int = 1000
    log_x: bool = False
    smoothing: SmoothingQuestion | None = None
    group: GroupQuestion | None = None


class Curve(Shape, frozen=True):
    """One curve, thinned to what can be seen."""

    run: str
    metric: str
    exact: bool
    approximate: bool
    total: int
    points: int
    nonfinite: int
    left_out: int
    x: list[Number]
    y: list[Number]
    low: list[Number]
    high: list[Number]
    count: list[int]
    smooth: list[Number] | None
    smoothing_length: Number | None
    smoothing_resolved: bool | None


class GroupLine(Shape, frozen=True):
    """One group of runs and one metric, at the places of a grid that all groups of a metric share."""

    metric: str
    group: str
    values: dict[str, Any]
    runs: list[str]
    empty: list[str]
    approximate: bool
    nonfinite: int
    left_out: int
    smoothing_length: Number | None
    smoothing_resolved: bool | None
    points: int
    x: list[Number]
    n: list[int]
    columns: dict[str, list[Number]]


class Curves(Shape, frozen=True):
    """Several curves at one revision; ``said`` is what the chart does not show, as a sentence."""

    revision: int
    series: list[Curve]
    groups: list[GroupLine] | None
    shown: int | None
    matched: int | None
    said: str | None
