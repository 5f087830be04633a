"""Projects, what they say of their metrics, and their experiments."""

from __future__ import annotations

from trackrecord.shapes.encoding import Number
from trackrecord.shapes.shape import Shape


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


class ProjectPage(Shape, frozen=True):
    """A page of projects."""

    items: list[Project]
    total: int
    revision: int
    next_cursor: str | None
