"""The projects of a store, each with its counts and the best value of its primary metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackrecord.query.columns import columns_of
from trackrecord.query.lives import Lives
from trackrecord.query.moments import moment_at
from trackrecord.query.names import contracts_by_project, project_number
from trackrecord.query.runs import cursor_at, position_of
from trackrecord.query.sql import whole_numbers
from trackrecord.words.contract import MetricContract, contract_for
from trackrecord.words.records import ExperimentRecord, PrimaryResult, ProjectDetail, ProjectRecord, RunRecord
from trackrecord.words.states import RunState

if TYPE_CHECKING:
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
    number = project_number(store.catalog, name)
    return ProjectDetail(
        record=_projects(store, [number])[0],
        contracts=tuple(contracts_by_project(store.catalog, number).get(number, ())),
        experiments=experiments_of(store, name),
        columns=columns_of(store, name),
    )


def experiments_of(store: Store, project: str | None = None) -> tuple[ExperimentRecord, ...]:
    """Return the experiments of a project, or of all, the oldest first. Raises NotFoundError."""
    number = None if project is None else project_number(store.catalog, project)
    scope = "" if number is None else "WHERE e.project = ?"
    sql = (
        "SELECT e.name, p.name, e.hypothesis, e.prediction, e.verdict, e.conclusion, e.created, e.updated, "  # noqa: S608 - ours
        "(SELECT COUNT(*) FROM run WHERE run.experiment = e.number) "
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
    lives = Lives.of(store)
    counts: dict[int, dict[RunState, int]] = {}
    sql = f"SELECT project, ended_state, COUNT(*) FROM run WHERE project IN ({these}) AND "  # noqa: S608 - ours
    for project, state, runs in rows(f"{sql}ended_state IS NOT NULL GROUP BY project, ended_state"):
        counts.setdefault(project, {})[RunState(state)] = runs
    for project, number in rows(
        f"SELECT project, number FROM run WHERE ended_state IS NULL AND project IN ({these})"  # noqa: S608 - ours
    ):
        by_state = counts.setdefault(project, {})
        live = lives.state(number, None)
        by_state[live] = by_state.get(live, 0) + 1
    experiments = dict(
        rows(f"SELECT project, COUNT(*) FROM experiment WHERE project IN ({these}) GROUP BY project")  # noqa: S608 - ours
    )
    contracts = contracts_by_project(store.catalog)
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
                primary=_primary(store, number, contracts.get(number, [])),
            )
        )
    return tuple(records)


def _primary(store: Store, project: int, contracts: list[MetricContract]) -> PrimaryResult | None:
    primary = next((contract for contract in contracts if contract.primary), None)
    if primary is None:
        return None
    metric = primary.pattern
    contract = contract_for(metric, contracts) or primary
    if contract.goal is None:
        return PrimaryResult(metric, None, contract.unit, None, None, None)
    column, direction = ("max", " DESC") if contract.goal == "max" else ("min", "")
    # a result set by hand counts where the run logged no metric of that name
    best = store.catalog.rows(
        f"SELECT v.best, run.id, run.name FROM ("  # noqa: S608 - ours
        f"SELECT run, {column} AS best FROM metric WHERE key = ? UNION ALL "
        "SELECT run, number FROM summary WHERE key = ? AND number IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM metric WHERE metric.run = summary.run AND metric.key = summary.key)"
        ") AS v JOIN run ON run.number = v.run WHERE v.best IS NOT NULL AND run.project = ? "
        f"ORDER BY v.best{direction}, run.created DESC, run.id LIMIT 1",
        (metric, metric, project),
    )
    value, run, run_name = best[0] if best else (None, None, None)
    return PrimaryResult(metric, contract.goal, contract.unit, value, run, run_name)
