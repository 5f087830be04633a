"""Runs: as rows of a table, whole, and side by side."""

from __future__ import annotations

from typing import Any

from trackrecord.shapes.encoding import Number
from trackrecord.shapes.projects import Contract
from trackrecord.shapes.shape import Shape


class MetricValues(Shape, frozen=True):
    """The figures of a metric that a row shows."""

    last: Number | None
    min: Number | None
    max: Number | None
    best: Number | None
    first: Number | None
    mean: Number | None


class RunHead(Shape, frozen=True):
    """A run without its values."""

    id: str
    name: str
    project: str
    experiment: str | None
    group: str | None
    parent: str | None
    state: str
    created: str
    started: str
    ended: str | None
    duration_s: Number
    tags: list[str]
    notes: str | None
    user: str | None
    host: str | None
    last_step: Number | None
    points: int
    problems: int
    archived: str | None
    deleted: str | None


class RunRow(RunHead, frozen=True):
    """A run as a row of a table."""

    params: dict[str, Any]
    metrics: dict[str, MetricValues]
    summary: dict[str, Any]


class RunPage(Shape, frozen=True):
    """A page of runs."""

    items: list[RunRow]
    total: int
    revision: int
    next_cursor: str | None


class MetricInfo(Shape, frozen=True):
    """One metric of one run in figures."""

    key: str
    points: int
    first: Number | None
    last: Number | None
    min: Number | None
    max: Number | None
    mean: Number | None
    best: Number | None
    best_step: Number | None
    first_step: Number | None
    last_step: Number | None
    nonfinite: int
    contract: Contract | None


class ArtifactFile(Shape, frozen=True):
    """One file of an artifact."""

    path: str
    size: int
    digest: str


class Artifact(Shape, frozen=True):
    """One artifact version of a run; ``relation`` is ``logged`` or ``used``."""

    name: str
    kind: str | None
    version: int
    digest: str
    size: int
    created: str
    relation: str
    files: list[ArtifactFile]


class MediaSeries(Shape, frozen=True):
    """One key under which a run logged values that are not numbers."""

    key: str
    kind: str
    entries: int
    last_step: Number | None


class Problem(Shape, frozen=True):
    """Something the recorder met and counted while the run went on."""

    code: str
    message: str
    count: int
    first: str
    last: str


class Writer(Shape, frozen=True):
    """One process that wrote a run."""

    writer: str
    role: str
    rank: int | None
    host: str | None
    pid: int | None
    state: str


class Fork(Shape, frozen=True):
    """Where a run began."""

    run: str
    step: Number


class RelatedRun(Shape, frozen=True):
    """A run inside another."""

    id: str
    name: str
    state: str


class Siblings(Shape, frozen=True):
    """The runs before and after this one in its project."""

    previous: str | None
    next: str | None


class RunDetail(RunRow, frozen=True):
    """One run, whole."""

    hypothesis: str | None
    url: str
    command: list[str] | None
    traceback: str | None
    exit_code: int | None
    param_conflicts: dict[str, list[Any]]
    metric_list: list[MetricInfo]
    environment: dict[str, Any]
    artifacts: list[Artifact]
    media: list[MediaSeries]
    problems_list: list[Problem]
    writers: list[Writer]
    forked_from: Fork | None
    children: list[RelatedRun]
    siblings: Siblings


class ComparisonLine(Shape, frozen=True):
    """One param or result of several runs, in their order; ``best`` are positions."""

    key: str
    values: list[Any]
    differs: bool
    goal: str | None
    best: list[int]
    unit: str | None


class Comparison(Shape, frozen=True):
    """Several runs side by side."""

    runs: list[RunHead]
    params: list[ComparisonLine]
    results: list[ComparisonLine]
    environment: list[ComparisonLine]
