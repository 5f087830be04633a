"""The tables of a store as they leave it: the one definition behind ``export parquet``, ``sql`` and Python's tables.

docs/export.md documents each column; a test holds the page to what stands here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from trackrecord.exchange.columns import Field, Kind
from trackrecord.exchange.table_shape import TableShape
from trackrecord.query.lives import Lives
from trackrecord.words.errors import NotFoundError

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

#: grows with every change of the tables that a reader could stumble over
SCHEMA_VERSION = 1

_INT, _FLOAT, _BOOL, _TEXT, _TIME, _TEXTS = (
    Kind.INT,
    Kind.FLOAT,
    Kind.BOOL,
    Kind.TEXT,
    Kind.TIME,
    Kind.TEXTS,
)


def _fields(**kinds: Kind) -> tuple[Field, ...]:
    return tuple(Field(name, kind) for name, kind in kinds.items())


def _flag(name: str) -> Callable[[Store, dict[str, Any]], Any]:
    return lambda _, row: bool(row[name])


def _nan_where_null(name: str) -> Callable[[Store, dict[str, Any]], Any]:
    # the store keeps NaN as NULL (docs/store.md); these figures are never missing
    return lambda _, row: math.nan if row[name] is None else float(row[name])


def _number(_: Store, row: dict[str, Any]) -> float | None:
    if row["number"] is None and row["kind"] == "float":
        return math.nan
    return None if row["number"] is None else float(row["number"])


def _fact(store: Store, row: dict[str, Any]) -> str | None:
    value, digest = row["value"], row["digest"]
    if value is not None or digest is None:
        return None if value is None else str(value)
    try:
        return b"".join(store.blobs.read(digest)).decode("utf-8")
    except (NotFoundError, UnicodeDecodeError):
        return None  # its bytes come with a later record, or are damaged, which `trackrecord check` tells


def _with_lives(store: Store, rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Put the states of runs, which are derived and not stored, where the statement has what they follow from."""
    lives = Lives.of(store)
    found: list[Sequence[Any]] = []
    for *row, number in rows:
        state = lives.state(number, row[_STATE])
        created, ended, grown_at = row[_CREATED], row[_ENDED], row[_ENDED + 1]
        row[_ENDED + 1] = max(0.0, (lives.end(state, ended, grown_at) - created) / 1e9)
        row[_ENDED] = ended if state.has_ended() else None
        row[_STATE] = state.value
        found.append(row)
    return found


def _tags(_: Store, row: dict[str, Any]) -> list[str]:
    return [] if row["tags"] is None else [str(tag) for tag in json.loads(row["tags"])]


#: places of columns of ``runs``; ``duration_s`` comes behind ``ended``
_STATE, _CREATED, _ENDED = 6, 7, 9

_TABLES = (
    TableShape(
        "runs",
        _fields(
            run=_TEXT,
            name=_TEXT,
            project=_TEXT,
            experiment=_TEXT,
            group_name=_TEXT,
            parent=_TEXT,
            state=_TEXT,
            created=_TIME,
            started=_TIME,
            ended=_TIME,
            duration_s=_FLOAT,
            tags=_TEXTS,
            notes=_TEXT,
            hypothesis=_TEXT,
            user_name=_TEXT,
            host=_TEXT,
            command=_TEXT,
            exit_code=_INT,
            traceback=_TEXT,
            last_step=_FLOAT,
            points=_INT,
            problems=_INT,
            fork_run=_TEXT,
            fork_step=_FLOAT,
            archived=_TIME,
            deleted=_TIME,
        ),
        "SELECT run.id, run.name, p.name, e.name, run.group_name, run.parent, run.ended_state, run.created,"
        " COALESCE((SELECT MIN(started) FROM writer w WHERE w.run = run.number), run.created), run.ended,"
        " run.grown_at, (SELECT json_group_array(name) FROM"
        " (SELECT name FROM tag WHERE tag.run = run.number ORDER BY name)),"
        " run.notes, run.hypothesis, run.user, run.host, run.command, run.exit_code, run.traceback, run.last_step,"
        " run.points, run.problems, run.fork_run, run.fork_step, run.archived, run.deleted, run.number"
        " FROM run JOIN project p ON p.number = run.project LEFT JOIN experiment e ON e.number = run.experiment"
        " WHERE run.number IN ({these}) ORDER BY run.id",
        finish=_with_lives,
        changes={"tags": _tags},
    ),
    TableShape(
        "params",
        _fields(run=_TEXT, key=_TEXT, kind=_TEXT, value=_TEXT, number=_FLOAT, text=_TEXT, time=_TIME),
        "SELECT r.id, t.key, t.kind, t.value, t.number, t.text, t.time FROM param t {of_run} ORDER BY r.id, t.key",
        changes={"number": _number},
    ),
    TableShape(
        "param_conflicts",
        _fields(run=_TEXT, key=_TEXT, value=_TEXT),
        "SELECT r.id, t.key, t.value FROM param_conflict t {of_run} ORDER BY r.id, t.key, t.value",
    ),
    TableShape(
        "summary",
        _fields(run=_TEXT, key=_TEXT, kind=_TEXT, value=_TEXT, number=_FLOAT, text=_TEXT, time=_TIME),
        "SELECT r.id, t.key, t.kind, t.value, t.number, t.text, t.updated FROM summary t {of_run}"
        " ORDER BY r.id, t.key",
        changes={"number": _number},
    ),
    TableShape(
        "tags",
        _fields(run=_TEXT, tag=_TEXT),
        "SELECT r.id, t.name FROM tag t {of_run} ORDER BY r.id, t.name",
    ),
    TableShape(
        "metrics",
        _fields(
            run=_TEXT,
            metric=_TEXT,
            points=_INT,
            nonfinite=_INT,
            first=_FLOAT,
            last=_FLOAT,
            min=_FLOAT,
            max=_FLOAT,
            mean=_FLOAT,
            min_step=_FLOAT,
            max_step=_FLOAT,
            first_step=_FLOAT,
            last_step=_FLOAT,
            first_time=_TIME,
            last_time=_TIME,
        ),
        "SELECT r.id, t.key, t.points, t.nonfinite, t.first, t.last, t.min, t.max, t.mean, t.min_step, t.max_step,"
        " t.first_step, t.last_step, t.first_time, t.last_time FROM metric t {of_run} ORDER BY r.id, t.key",
        changes={"first": _nan_where_null("first"), "last": _nan_where_null("last")},
    ),
    TableShape(
        "console",
        _fields(run=_TEXT, line=_INT, time=_TIME, stream=_TEXT, text=_TEXT),
        "SELECT r.id, t.n, t.time, t.stream, t.text FROM console t {of_run} ORDER BY r.id, t.n",
    ),
    TableShape(
        "media",
        _fields(
            run=_TEXT,
            key=_TEXT,
            kind=_TEXT,
            step=_FLOAT,
            time=_TIME,
            caption=_TEXT,
            digest=_TEXT,
            media_type=_TEXT,
            size=_INT,
            data=_TEXT,
        ),
        "SELECT r.id, t.key, t.kind, t.step, t.time, t.caption, t.digest, t.media_type, t.size, t.data"
        " FROM media t {of_run} ORDER BY r.id, t.key, t.step, t.number",
    ),
    TableShape(
        "artifacts",
        _fields(
            run=_TEXT,
            relation=_TEXT,
            project=_TEXT,
            artifact=_TEXT,
            version=_INT,
            kind=_TEXT,
            digest=_TEXT,
            size=_INT,
            created=_TIME,
            time=_TIME,
        ),
        "SELECT r.id, t.relation, p.name, a.name, a.version, a.kind, a.digest, a.size, a.created, t.time"
        " FROM run_artifact t JOIN artifact a ON a.number = t.artifact JOIN project p ON p.number = a.project"
        " {of_run} ORDER BY r.id, a.name, a.version, t.relation",
    ),
    TableShape(
        "files",
        _fields(project=_TEXT, artifact=_TEXT, version=_INT, path=_TEXT, digest=_TEXT, size=_INT),
        "SELECT p.name, a.name, a.version, t.path, t.digest, t.size FROM artifact_file t"
        " JOIN artifact a ON a.number = t.artifact JOIN project p ON p.number = a.project"
        " WHERE a.project IN ({these}) ORDER BY p.name, a.name, a.version, t.path",
        by_run=False,
    ),
    TableShape(
        "problems",
        _fields(run=_TEXT, writer=_TEXT, code=_TEXT, message=_TEXT, count=_INT, first=_TIME, last=_TIME),
        "SELECT r.id, t.writer, t.code, t.message, t.count, t.first, t.last FROM problem t {of_run}"
        " ORDER BY r.id, t.writer, t.code, t.message",
    ),
    TableShape(
        "facts",
        _fields(run=_TEXT, part=_TEXT, value=_TEXT, digest=_TEXT, time=_TIME),
        "SELECT r.id, t.part, t.value, t.digest, t.time FROM fact t {of_run} ORDER BY r.id, t.part",
        changes={"value": _fact},
    ),
    TableShape(
        "writers",
        _fields(
            run=_TEXT,
            writer=_TEXT,
            role=_TEXT,
            rank=_INT,
            world_size=_INT,
            process=_TEXT,
            state=_TEXT,
            started=_TIME,
            ended=_TIME,
            exit_code=_INT,
            traceback=_TEXT,
        ),
        "SELECT r.id, t.writer, t.role, t.rank, t.world_size, t.process, t.state, t.started, t.ended, t.exit_code,"
        " t.traceback FROM writer t {of_run} ORDER BY r.id, t.writer",
    ),
    TableShape(
        "rewinds",
        _fields(run=_TEXT, writer=_TEXT, place=_INT, time=_TIME, step=_FLOAT),
        "SELECT r.id, t.writer, t.place, t.written, t.step FROM rewind t {of_run} ORDER BY r.id, t.writer, t.place",
    ),
    TableShape(
        "redactions",
        _fields(run=_TEXT, what=_TEXT, key=_TEXT, time=_TIME, who=_TEXT, reason=_TEXT),
        "SELECT r.id, t.what, t.key, t.time, t.who, t.reason FROM redaction t {of_run}"
        " ORDER BY r.id, t.what, t.key, t.time",
    ),
    TableShape(
        "audit",
        _fields(
            run=_TEXT,
            time=_TIME,
            who=_TEXT,
            change=_TEXT,
            before=_TEXT,
            after=_TEXT,
            about=_TEXT,
            project=_TEXT,
            name=_TEXT,
        ),
        "SELECT t.run, t.time, t.who, t.change, t.before, t.after, t.about, t.project, t.name FROM audit t"
        " WHERE t.run IN (SELECT id FROM run WHERE number IN ({these})) ORDER BY t.run, t.number",
        rest="SELECT t.run, t.time, t.who, t.change, t.before, t.after, t.about, t.project, t.name FROM audit t"
        " WHERE t.run IS NULL OR t.run NOT IN (SELECT id FROM run) ORDER BY t.number",
    ),
    TableShape(
        "projects",
        _fields(project=_TEXT, created=_TIME, changed=_TIME),
        "SELECT name, created, changed FROM project WHERE number IN ({these}) ORDER BY name",
        by_run=False,
    ),
    TableShape(
        "experiments",
        _fields(
            project=_TEXT,
            experiment=_TEXT,
            hypothesis=_TEXT,
            prediction=_TEXT,
            verdict=_TEXT,
            conclusion=_TEXT,
            created=_TIME,
            updated=_TIME,
        ),
        "SELECT p.name, t.name, t.hypothesis, t.prediction, t.verdict, t.conclusion, t.created, t.updated"
        " FROM experiment t JOIN project p ON p.number = t.project WHERE t.project IN ({these})"
        " ORDER BY p.name, t.name",
        by_run=False,
    ),
    TableShape(
        "contracts",
        _fields(
            project=_TEXT,
            pattern=_TEXT,
            goal=_TEXT,
            unit=_TEXT,
            is_primary=_BOOL,
            x=_TEXT,
            low=_FLOAT,
            high=_FLOAT,
            description=_TEXT,
            updated=_TIME,
        ),
        "SELECT p.name, t.pattern, t.goal, t.unit, t.is_primary, t.x, t.low, t.high, t.description, t.updated"
        " FROM contract t JOIN project p ON p.number = t.project WHERE t.project IN ({these})"
        " ORDER BY p.name, t.pattern",
        by_run=False,
        changes={"is_primary": _flag("is_primary")},
    ),
)

#: every table but ``points``, by name
TABLES = {table.name: table for table in _TABLES}
