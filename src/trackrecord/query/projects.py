"""The projects of a store, each with its counts and the best value of its primary metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trackrecord.query.columns import columns_of
from trackrecord.query.cursors import cursor_at, position_of
from trackrecord.query.lives import Lives
from trackrecord.query.moments import moment_at
from trackrecord.query.names import Names, contracts_by_project, project_number
from trackrecord.query.selection import OrderedRuns, Selection
from trackrecord.query.sources import TagSource
from trackrecord.query.sql import whole_numbers
from trackrecord.store.columns.column import Array, Kind
from trackrecord.words.contract import MetricContract, contract_for
from trackrecord.words.records import ExperimentRecord, PrimaryResult, ProjectDetail, ProjectRecord, RunRecord
from trackrecord.words.states import RunState

if TYPE_CHECKING:
    from trackrecord.store.columns.columns import ColumnView
    from trackrecord.store.contract import Store

_FAILED = (RunState.FAILED, RunState.CRASHED)


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """One slice of the projects, newest activity first."""

    revision: int
    projects: tuple[ProjectRecord, ...]
    total: int
    next_cursor: str | None


def list_projects(
    store: Store, *, limit: int | None = 100, offset: int = 0, cursor: str | None = None
) -> ProjectPage:
    """Return the projects, newest activity first."""
    revision = store.catalog.revision()
    offset = offset if cursor is None else position_of(cursor)
    total = int(store.catalog.rows("SELECT COUNT(*) FROM project")[0][0])
    rows = store.catalog.rows(
        "SELECT number FROM project ORDER BY changed DESC, name LIMIT ? OFFSET ?",
        (total if limit is None else max(0, limit), offset),
    )
    projects = _projects(store, [row[0] for row in rows])
    end = offset + len(projects)
    return ProjectPage(revision, projects, total, cursor_at(end) if projects and end < total else None)


def project_detail(store: Store, name: str) -> ProjectDetail:
    """Return one project, whole. Raises NotFoundError with suggestions."""
    number = project_number(store.catalog.rows, name)
    return ProjectDetail(
        record=_projects(store, [number])[0],
        contracts=tuple(contracts_by_project(store.catalog.rows, number).get(number, ())),
        experiments=experiments_of(store, name),
        columns=columns_of(store, name),
    )


def experiments_of(store: Store, project: str | None = None) -> tuple[ExperimentRecord, ...]:
    """Return the experiments of a project, or of all, the oldest first. Raises NotFoundError."""
    number = None if project is None else project_number(store.catalog.rows, project)
    scope = "" if number is None else "WHERE e.project = ?"
    sql = (
        "SELECT e.name, p.name, e.hypothesis, e.prediction, e.verdict, e.conclusion, e.created, e.updated, "  # noqa: S608 - ours
        "(SELECT COUNT(*) FROM run WHERE run.experiment = e.number AND run.deleted IS NULL AND run.archived IS NULL) "
        f"FROM experiment AS e JOIN project AS p ON p.number = e.project {scope} ORDER BY e.created, e.number"
    )
    return tuple(
        ExperimentRecord(
            name=name,
            project=project_name,
            hypothesis=hypothesis,
            prediction=prediction,
            verdict=verdict,
            conclusion=conclusion,
            runs=runs,
            created=moment_at(created),
            updated=moment_at(updated),
        )
        for name, project_name, hypothesis, prediction, verdict, conclusion, created, updated, runs in (
            store.catalog.rows(sql, () if number is None else (number,))
        )
    )


def experiment_of(store: Store, run: RunRecord) -> ExperimentRecord | None:
    """Return the experiment that a run belongs to, None when it belongs to none."""
    if run.experiment is None:
        return None
    return next((each for each in experiments_of(store, run.project) if each.name == run.experiment), None)


def _projects(store: Store, numbers: list[int]) -> tuple[ProjectRecord, ...]:
    these = whole_numbers(numbers)
    rows = store.catalog.rows
    with store.catalog.columns.reading() as view:
        lives = Lives.of(view)
        fitting, names = Selection().fitting(view, lives)
        of_project = view.field("project").numbers
        counts = _counts_by_state(fitting, of_project, names)
        contracts = contracts_by_project(view.rows)
        primary = {
            number: _primary(view, contracts.get(number, []), fitting & (of_project == number))
            for number in numbers
        }
    experiments = dict(
        rows(f"SELECT project, COUNT(*) FROM experiment WHERE project IN ({these}) GROUP BY project")  # noqa: S608 - ours
    )
    facts = {
        row[0]: row
        for row in rows(f"SELECT number, name, created, changed FROM project WHERE number IN ({these})")  # noqa: S608 - ours
    }
    records = []
    for number in numbers:
        _, name, created, changed = facts[number]
        by_state = counts.get(number, {})
        records.append(
            ProjectRecord(
                name=name,
                runs=sum(by_state.values()),
                running=by_state.get(RunState.RUNNING, 0) + by_state.get(RunState.SILENT, 0),
                failed=sum(by_state.get(state, 0) for state in _FAILED),
                created=moment_at(created),
                last_activity=moment_at(changed),
                experiments=experiments.get(number, 0),
                primary=primary[number],
            )
        )
    return tuple(records)


def _counts_by_state(fitting: Array, of_project: Array, names: Names) -> dict[int, dict[RunState, int]]:
    states = names.field("state")
    assert not isinstance(states, TagSource)
    column = states[0].column
    assert column.codes is not None
    assert column.texts is not None
    runs = np.flatnonzero(fitting)
    pairs, totals = np.unique(of_project[runs] * 64 + column.codes[runs], return_counts=True)
    counts: dict[int, dict[RunState, int]] = {}
    for pair, total in zip(pairs.tolist(), totals.tolist(), strict=True):
        counts.setdefault(pair // 64, {})[RunState(column.texts.texts[pair % 64])] = total
    return counts


def _primary(view: ColumnView, contracts: list[MetricContract], fitting: Array) -> PrimaryResult | None:
    primary = next((contract for contract in contracts if contract.primary), None)
    if primary is None:
        return None
    metric = primary.pattern
    contract = contract_for(metric, contracts) or primary
    nothing = PrimaryResult(metric, contract.goal, contract.unit, None, None, None)
    if contract.goal is None:
        return nothing
    figure, by_hand = view.figure(metric, contract.goal), view.value("summary", metric)
    values = np.full(view.size, np.nan)
    # a result set by hand counts where the run logged no metric of that name
    for column in (by_hand, figure):
        if column is not None:
            values = np.where(column.kinds == Kind.MISSING, values, column.numbers)
    runs = np.flatnonzero(fitting & ~np.isnan(values))
    if not len(runs):
        return nothing
    best = values[runs].max() if contract.goal == "max" else values[runs].min()
    reached = np.zeros(view.size, bool)
    reached[runs[values[runs] == best]] = True
    first = OrderedRuns(view, reached, [], Names(view, Lives({}, 0))).numbers(0, 1)[0]
    run, run_name = view.rows("SELECT id, name FROM run WHERE number = ?", (first,))[0]
    return PrimaryResult(metric, contract.goal, contract.unit, float(best), run, run_name)
