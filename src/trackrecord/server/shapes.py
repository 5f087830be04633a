"""The shapes of docs/api.md, one class per shape; the document at ``/api/v1/openapi.json`` is derived from them.

A class is what goes over the wire: times are texts, numbers that JSON can't hold are texts. ``rows.py`` makes them
from the values of ``words.records``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from trackrecord.server.encoding import Number


class Shape(msgspec.Struct, frozen=True):
    """Base of all shapes."""


class StoreInfo(Shape, frozen=True):
    """The store that is served."""

    version: str
    path: str
    store_id: str
    revision: int
    now: str
    taken_in: str | None
    projects: int
    runs: int
    problem: str | None


class Primary(Shape, frozen=True):
    """The best value of a project's primary metric, and the run that reached it."""

    metric: str
    goal: str | None
    unit: str | None
    best: Number | None
    run: str | None
    run_name: str | None


class Project(Shape, frozen=True):
    """One project in the list."""

    name: str
    runs: int
    running: int
    failed: int
    created: str
    last_activity: str
    experiments: int
    primary: Primary | None


class Contract(Shape, frozen=True):
    """What a project says about one of its metrics."""

    pattern: str
    goal: str | None
    unit: str | None
    primary: bool
    x: str | None
    low: Number | None
    high: Number | None
    description: str | None


class Experiment(Shape, frozen=True):
    """A question inside a project."""

    name: str
    project: str
    hypothesis: str | None
    prediction: str | None
    verdict: str | None
    conclusion: str | None
    runs: int
    created: str
    updated: str


class ParamColumn(Shape, frozen=True):
    """A param that runs of a project have, and the types of its values."""

    key: str
    runs: int
    types: list[str]


class Column(Shape, frozen=True):
    """A metric or summary key that runs of a project have."""

    key: str
    runs: int


class Columns(Shape, frozen=True):
    """Every key that the runs of a project have."""

    params: list[ParamColumn]
    metrics: list[Column]
    summary: list[Column]


class ProjectDetail(Shape, frozen=True):
    """One project, whole."""

    name: str
    runs: int
    running: int
    failed: int
    created: str
    last_activity: str
    primary: Primary | None
    contracts: list[Contract]
    experiments: list[Experiment]
    columns: Columns


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


class ConsoleLine(Shape, frozen=True):
    """A piece of what a run printed."""

    n: int
    time: str
    stream: str
    text: str


class Console(Shape, frozen=True):
    """A part of what a run printed; ``next`` is what to send as ``after`` for what follows."""

    lines: list[ConsoleLine]
    next: int
    total: int


class MediaEntry(Shape, frozen=True):
    """One logged value that is not a number."""

    kind: str
    key: str
    step: Number
    time: str
    caption: str | None
    digest: str | None
    media_type: str | None
    size: int | None
    data: Any


class ProjectPage(Shape, frozen=True):
    """A page of projects."""

    items: list[Project]
    total: int
    revision: int
    next_cursor: str | None


class RunPage(Shape, frozen=True):
    """A page of runs."""

    items: list[RunRow]
    total: int
    revision: int
    next_cursor: str | None


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


class NameNode(Shape, frozen=True):
    """A name, or the beginning of several."""

    path: str
    label: str
    runs: int | None
    below: int


class NamePage(Shape, frozen=True):
    """A page of names."""

    items: list[NameNode]
    total: int
    revision: int
    next_cursor: str | None


class MediaPage(Shape, frozen=True):
    """A page of logged values that are not numbers."""

    items: list[MediaEntry]
    total: int
    revision: int
    next_cursor: str | None


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

    by: list[str] = []
    statistics: list[str] = msgspec.field(default_factory=lambda: ["mean", "minmax", "t"])
    quantiles: list[float] = []
    confidence: float = 0.95
    members: bool = False


class SeriesQuestion(Shape, frozen=True, forbid_unknown_fields=True):
    """The curves of a whole screen: either ``series``, or ``runs`` with ``metrics`` and a ``pattern`` of names."""

    series: list[SeriesName] | None = None
    runs: RunChoice | None = None
    metrics: list[str] = []
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


class Completion(Shape, frozen=True):
    """One text that could stand in the filter box."""

    text: str
    kind: str
    detail: str | None


class Completions(Shape, frozen=True):
    """What could replace the characters ``start`` to ``end`` of a filter."""

    start: int
    end: int
    items: list[Completion]


class ChangedRun(Shape, frozen=True):
    """A run that changed."""

    id: str
    project: str
    state: str
    last_step: Number | None


class Change(Shape, frozen=True):
    """What changed; ``runs`` is None when anything may have."""

    revision: int
    runs: list[ChangedRun] | None
    projects: list[str]


class Hello(Shape, frozen=True):
    """The first event of a stream."""

    revision: int
    store_id: str
