"""Snapshots: what a store knows of a run, as values that never change and never touch the store.

The live handle is `Run`; everything here is what a view reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trackrecord.words.contract import MetricContract
from trackrecord.words.ids import short_id
from trackrecord.words.states import RunState

_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class MetricFigures:
    """One metric of one run in figures; all but ``points`` come without a look at the points.

    ``first`` and ``last`` are the values at the least and greatest (step, time, value), NaN and
    infinities as logged. ``min``, ``max`` and ``mean`` are over finite values only and NaN where
    there is none. ``best`` is ``max`` or ``min`` by the project's metric contract, None without a goal.
    """

    key: str
    points: int
    nonfinite: int
    first: float
    last: float
    min: float
    max: float
    mean: float
    best: float | None
    best_step: float | None
    first_step: float
    last_step: float
    contract: MetricContract | None = None


@dataclass(frozen=True, slots=True, repr=False)
class RunRecord:
    """One run as a row of a table: a snapshot, which ``tr.open_run(record)`` opens for everything else.

    Times are UTC. ``duration_s`` counts seconds from ``created`` to the end, to now while the run
    lives, to the last sign of life when it crashed. ``params``, ``metrics`` and ``summary`` hold the
    columns that were asked for, all by default.
    """

    id: str
    name: str
    project: str
    experiment: str | None
    group: str | None
    parent: str | None
    state: RunState
    created: datetime
    started: datetime
    ended: datetime | None
    duration_s: float
    tags: tuple[str, ...]
    notes: str | None
    user: str | None
    host: str | None
    last_step: float | None
    points: int
    problems: int
    hypothesis: str | None
    exit_code: int | None
    #: when it was put away or thrown into the trash; None: it was not
    archived: datetime | None = None
    deleted: datetime | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, MetricFigures] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    #: the contracts that hold for results, by summary key: "best" knows its direction there too
    summary_contracts: Mapping[str, MetricContract] = field(default_factory=dict)

    def contract_of(self, result: str) -> MetricContract | None:
        """Return what the project says of a result, a metric or a summary value."""
        figures = self.metrics.get(result)
        return self.summary_contracts.get(result) if figures is None else figures.contract

    def in_one_line(self, called: str) -> str:
        """Return the run as ``repr`` shows it: name, short id, project and state."""
        name = self.name if len(self.name) <= _LONGEST_SHOWN else self.name[: _LONGEST_SHOWN - 1] + "…"
        return f"<{called} {name!r}, id {short_id(self.id)}, project {self.project!r}, {self.state}>"

    def __repr__(self) -> str:
        return self.in_one_line("RunRecord")

    if not TYPE_CHECKING:  # to a type checker an unknown attribute stays one

        def __getattr__(self, name: str) -> Any:
            # Whoever reads `tr.runs(...)[0].metric("loss")` as the way to the points is told the way.
            raise AttributeError(
                f"a RunRecord has no {name!r}: it is one row of a table. For points, console, artifacts and media "
                f"open the run: tr.open_run(record)",
                name=name,
                obj=self,
            )


#: what every run has by itself, in the order of columns: all of a `RunRecord` but its values
RUN_FIELDS = tuple(each.name for each in fields(RunRecord) if each.default_factory is MISSING)


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """One file of an artifact version."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class ArtifactRecord:
    """One artifact version that a run logged or used."""

    name: str
    kind: str
    version: int
    digest: str
    size: int
    created: datetime
    relation: str
    files: tuple[ArtifactFile, ...]


@dataclass(frozen=True, slots=True)
class MediaSeries:
    """One key under which a run logged values that are not numbers."""

    key: str
    kind: str
    entries: int
    last_step: float


@dataclass(frozen=True, slots=True)
class MediaEntry:
    """One logged value that is not a number. ``data`` holds what needs no file."""

    kind: str
    key: str
    step: float
    time: datetime
    caption: str | None
    digest: str | None
    media_type: str | None
    size: int | None
    data: Any


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """A piece of what a run printed; the text may hold ANSI codes and no newline at its end."""

    n: int
    time: datetime
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class ProblemRecord:
    """Something the recorder met and counted while the run went on."""

    code: str
    message: str
    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class WriterRecord:
    """One process that wrote a run."""

    writer: str
    role: str
    rank: int | None
    host: str | None
    pid: int | None
    state: RunState


@dataclass(frozen=True, slots=True)
class RelatedRun:
    """Another run, named on the page of this one."""

    id: str
    name: str
    state: RunState


@dataclass(frozen=True, slots=True)
class RunDetail:
    """One run, whole. ``environment`` holds the parts known yet: git, python, host, process, packages."""

    record: RunRecord
    command: tuple[str, ...] | None
    traceback: str | None
    param_conflicts: Mapping[str, tuple[Any, ...]]
    environment: Mapping[str, Any]
    artifacts: tuple[ArtifactRecord, ...]
    media: tuple[MediaSeries, ...]
    problems: tuple[ProblemRecord, ...]
    writers: tuple[WriterRecord, ...]
    forked_from: tuple[str, float] | None
    children: tuple[RelatedRun, ...]
    previous: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class PrimaryResult:
    """The best value of a project's primary metric, and the run that reached it."""

    metric: str
    goal: str | None
    unit: str | None
    best: float | None
    run: str | None
    run_name: str | None


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    """One project in a list."""

    name: str
    runs: int
    running: int
    failed: int
    created: datetime
    last_activity: datetime
    experiments: int
    primary: PrimaryResult | None


@dataclass(frozen=True, slots=True)
class ExperimentRecord:
    """A question inside a project."""

    name: str
    project: str
    hypothesis: str | None
    prediction: str | None
    verdict: str | None
    conclusion: str | None
    runs: int
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Column:
    """A param, metric or summary key that runs of a project have; ``types`` is empty for metrics."""

    key: str
    runs: int
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """Every key that the runs of a project have."""

    params: tuple[Column, ...]
    metrics: tuple[Column, ...]
    summary: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class ProjectDetail:
    """One project, whole."""

    record: ProjectRecord
    contracts: tuple[MetricContract, ...]
    experiments: tuple[ExperimentRecord, ...]
    columns: Columns
