"""From row numbers of runs to records: a constant number of statements for a page of any length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from trackrecord.query.lives import Lives
from trackrecord.query.moments import moment_at
from trackrecord.query.names import contracts_by_project
from trackrecord.query.parser import parse_name
from trackrecord.query.sql import marks, whole_numbers
from trackrecord.query.stored_figures import FIGURE_COLUMNS, KEY, StoredFigures
from trackrecord.query.stored_values import step_of, value_of
from trackrecord.query.syntax import FIGURES
from trackrecord.words.contract import MetricContract, contract_for
from trackrecord.words.errors import QueryError
from trackrecord.words.records import RunRecord

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
            metrics=metrics.get(number) or {},
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
    for run, rows in groupby(_rows_of_keys(query, sql, keys), key=itemgetter(0)):
        found[run] = {
            key: text if kind == "text" and text is not None else value_of(kind, number, text, value)
            for _, key, kind, number, text, value in rows
        }
    return found


def _metrics(
    query: Rows,
    these: str,
    keys: frozenset[str] | None,
    projects: dict[int, int],
    contracts: dict[int, list[MetricContract]],
) -> dict[int, StoredFigures]:
    sql = f"SELECT run, key, {', '.join(FIGURE_COLUMNS)} FROM metric WHERE run IN {these}"  # noqa: S608 - ours
    by_project: dict[int, dict[str, MetricContract | None]] = {}
    found: dict[int, StoredFigures] = {}
    for run, rows in groupby(_rows_of_keys(query, sql, keys), key=itemgetter(0)):
        of_run = {row[KEY]: row for row in rows}
        project = projects.get(run, 0)
        known = by_project.setdefault(project, {})
        for key in of_run.keys() - known.keys():
            known[key] = contract_for(key, contracts.get(project, []))
        found[run] = StoredFigures(of_run, known)
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
