"""From row numbers of runs to records: a constant number of statements for a page of any length."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trackrecord.query.lives import Lives
from trackrecord.query.moments import moment_at
from trackrecord.query.names import contracts_by_project
from trackrecord.query.parser import parse_name
from trackrecord.query.sql import marks, whole_numbers
from trackrecord.query.stored_values import step_of, value_of
from trackrecord.query.syntax import FIGURES
from trackrecord.words.contract import MetricContract, contract_for
from trackrecord.words.errors import QueryError
from trackrecord.words.records import MetricFigures, RunRecord

if TYPE_CHECKING:
    from trackrecord.store.contract import Rows

# Runs are fetched in pieces of this size, so that a statement stays short.
_PIECE = 1000

_RUN_COLUMNS = (
    "run.number, run.id, run.name, p.name, e.name, run.group_name, run.parent, run.ended_state, run.created, "
    "run.ended, run.grown_at, run.notes, run.user, run.host, run.last_step, run.points, run.problems, "
    "run.hypothesis, run.exit_code, run.archived, run.deleted, run.project"
)
_RUN_TABLES = (
    "run JOIN project AS p ON p.number = run.project LEFT JOIN experiment AS e ON e.number = run.experiment"
)


@dataclass(frozen=True, slots=True)
class WantedColumns:
    """Which keys to load; None means all."""

    params: frozenset[str] | None = None
    metrics: frozenset[str] | None = None
    summary: frozenset[str] | None = None

    @classmethod
    def parse(cls, columns: Sequence[str] | None) -> WantedColumns:
        """Read names such as ``params.lr``. Raises QueryError for one without such a beginning.

        >>> sorted(WantedColumns.parse(["params.lr", "metrics.val/accuracy"]).params)
        ['lr']
        """
        if columns is None:
            return cls()
        keys: dict[str, set[str]] = {"params": set(), "metrics": set(), "summary": set()}
        for column in columns:
            namespace, _, key = column.partition(".")
            if namespace not in keys or not key:
                namespace, key = _in_brackets(column)
            keys[namespace].add(key)
            if namespace == "metrics" and key.rpartition(".")[2] in FIGURES:
                keys[namespace].add(key.rpartition(".")[0])
        return cls(*(frozenset(keys[namespace]) for namespace in ("params", "metrics", "summary")))


def _in_brackets(column: str) -> tuple[str, str]:
    """Read a column such as ``metrics["val/accuracy"].min``: all figures of a metric come with it."""
    try:
        name = parse_name(column)
    except QueryError:
        name = None
    if name is None or name.namespace is None:
        raise QueryError(f"A column is called params.KEY, metrics.KEY or summary.KEY, not {column[:200]!r}.")
    return name.namespace, name.key


def load_records(
    rows: Rows, numbers: Sequence[int], lives: Lives, wanted: WantedColumns = WantedColumns()
) -> list[RunRecord]:
    """Return the records of runs by row number, in the same order; a run that is gone is left out."""
    contracts = contracts_by_project(rows)
    records: list[RunRecord] = []
    for piece in _pieces(numbers):
        records += _load_piece(rows, piece, lives, wanted, contracts)
    return records


def _load_piece(
    query: Rows,
    numbers: Sequence[int],
    lives: Lives,
    wanted: WantedColumns,
    contracts: dict[int, list[MetricContract]],
) -> list[RunRecord]:
    these = f"({whole_numbers(numbers)})"
    rows = query(f"SELECT {_RUN_COLUMNS} FROM {_RUN_TABLES} WHERE run.number IN {these}")  # noqa: S608 - ours
    projects = {row[0]: row[-1] for row in rows}
    tags: dict[int, list[str]] = {}
    for number, tag in query(f"SELECT run, name FROM tag WHERE run IN {these} ORDER BY run, name"):  # noqa: S608 - ours
        tags.setdefault(number, []).append(tag)
    first_writers = query(f"SELECT run, MIN(started) FROM writer WHERE run IN {these} GROUP BY run")  # noqa: S608 - ours
    started: dict[int, Any] = {row[0]: row[1] for row in first_writers}
    params = _typed_values(query, "param", these, wanted.params)
    summary = _typed_values(query, "summary", these, wanted.summary)
    metrics = _metrics(query, these, wanted.metrics, projects, contracts)
    found = {}
    for row in rows:
        number, run_id, name, project, experiment, group, parent, ended_state, created, ended, grown_at = row[
            :11
        ]
        notes, user, host, last_step, points, problems, hypothesis, exit_code, archived, deleted = row[11:21]
        state = lives.state(number, ended_state)
        found[number] = RunRecord(
            id=run_id,
            name=name,
            project=project,
            experiment=experiment,
            group=group,
            parent=parent,
            state=state,
            created=moment_at(created),
            started=moment_at(started.get(number, created) or created),
            ended=moment_at(ended) if ended is not None and state.has_ended() else None,
            duration_s=max(0.0, (lives.end(state, ended, grown_at) - created) / 1e9),
            tags=tuple(tags.get(number, ())),
            notes=notes,
            user=user,
            host=host,
            last_step=step_of(last_step),
            points=points,
            problems=problems,
            hypothesis=hypothesis,
            exit_code=exit_code,
            archived=None if archived is None else moment_at(archived),
            deleted=None if deleted is None else moment_at(deleted),
            params=params.get(number, {}),
            metrics=metrics.get(number, {}),
            summary=summary.get(number, {}),
            summary_contracts={
                key: contract
                for key in summary.get(number, {})
                if (contract := contract_for(key, contracts.get(row[-1], []))) is not None
            },
        )
    return [found[number] for number in numbers if number in found]


def _typed_values(
    query: Rows, table: str, these: str, keys: frozenset[str] | None
) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    sql = f"SELECT run, key, kind, number, text, value FROM {table} WHERE run IN {these}"  # noqa: S608 - ours
    for run, key, kind, number, text, value in _rows_of_keys(query, sql, keys):
        found.setdefault(run, {})[key] = value_of(kind, number, text, value)
    return found


def _metrics(
    query: Rows,
    these: str,
    keys: frozenset[str] | None,
    projects: dict[int, int],
    contracts: dict[int, list[MetricContract]],
) -> dict[int, dict[str, MetricFigures]]:
    figures = "points, nonfinite, first, last, min, max, mean, min_step, max_step, first_step, last_step"
    sql = f"SELECT run, key, {figures} FROM metric WHERE run IN {these}"  # noqa: S608 - ours
    found: dict[int, dict[str, MetricFigures]] = {}
    known: dict[tuple[int, str], MetricContract | None] = {}
    nan = math.nan
    for row in _rows_of_keys(query, sql, keys):
        run, key, points, nonfinite, first, last, least, greatest, mean, *steps = row
        # plain branches, a thousand times a page: a call of a function for each of them takes half of the time
        least, greatest = nan if least is None else least, nan if greatest is None else greatest
        min_step, max_step, first_step, last_step = (
            int(step) if step is not None and step.is_integer() else step for step in steps
        )
        at = (projects.get(run, 0), key)
        if at not in known:
            known[at] = contract_for(key, contracts.get(at[0], []))
        contract = known[at]
        goal = contract.goal if contract is not None else None
        found.setdefault(run, {})[key] = MetricFigures(
            key=key,
            points=points,
            nonfinite=nonfinite,
            first=nan if first is None else first,
            last=nan if last is None else last,
            min=least,
            max=greatest,
            mean=nan if mean is None else mean,
            best=greatest if goal == "max" else least if goal == "min" else None,
            best_step=max_step if goal == "max" else min_step if goal == "min" else None,
            first_step=first_step,
            last_step=last_step,
            contract=contract,
        )
    return found


def _rows_of_keys(query: Rows, sql: str, keys: frozenset[str] | None) -> Iterable[tuple[Any, ...]]:
    if keys is None:
        return query(f"{sql} ORDER BY run, key")
    if not keys:
        return ()
    return query(f"{sql} AND key IN ({marks(len(keys))}) ORDER BY run, key", sorted(keys))


def _pieces(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _PIECE):
        yield numbers[start : start + _PIECE]
