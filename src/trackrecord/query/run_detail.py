"""One run, whole: everything its page shows but the points."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from trackrecord.query.find_run import find_run
from trackrecord.query.lives import Lives
from trackrecord.query.moments import moment_at
from trackrecord.query.records import load_records
from trackrecord.query.sql import whole_numbers
from trackrecord.query.stored_values import json_value, step_of
from trackrecord.words.errors import NotFoundError
from trackrecord.words.records import (
    ArtifactFile,
    ArtifactRecord,
    MediaSeries,
    ProblemRecord,
    RelatedRun,
    RunDetail,
    RunRecord,
    WriterRecord,
)
from trackrecord.words.states import RunState

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

_MOST_CHILDREN = 1000


def run_detail(store: Store, run: str, project: str | None = None) -> RunDetail:
    """Return everything about one run, named by id, a piece of it, or a name (of ``project``).

    Raises NotFoundError, AmbiguousError.
    """
    run_id = find_run(store, run, project)
    rows = store.catalog.rows
    lives = Lives.of(store)
    found = rows(
        "SELECT number, project, created, command, traceback, fork_run, fork_step FROM run WHERE id = ?",
        (run_id,),
    )
    if not found:
        raise NotFoundError(f"Run {run_id} has just been removed.")
    number, project, created, command, traceback, fork_run, fork_step = found[0]
    record = load_records(rows, [number], lives)[0]
    before = rows(
        "SELECT id FROM run WHERE project = ? AND (created < ? OR (created = ? AND id > ?)) "
        "ORDER BY created DESC, id LIMIT 1",
        (project, created, created, run_id),
    )
    after = rows(
        "SELECT id FROM run WHERE project = ? AND (created > ? OR (created = ? AND id < ?)) "
        "ORDER BY created, id DESC LIMIT 1",
        (project, created, created, run_id),
    )
    return RunDetail(
        record=record,
        command=_command(command),
        traceback=traceback,
        param_conflicts=_conflicts(store, number, record),
        environment=_environment(store, number),
        artifacts=run_artifacts(store, number),
        media=_media(store, number),
        problems=_problems(store, number),
        writers=_writers(store, number, record),
        forked_from=None if fork_run is None else (fork_run, step_of(fork_step)),
        children=_children(store, run_id, lives),
        previous=before[0][0] if before else None,
        next=after[0][0] if after else None,
    )


def _command(command: str | None) -> tuple[str, ...] | None:
    if command is None:
        return None
    words = json_value(command)
    return tuple(str(word) for word in words) if isinstance(words, list) else (str(words),)


def _conflicts(store: Store, number: int, record: RunRecord) -> dict[str, tuple[Any, ...]]:
    sql = "SELECT key, value FROM param_conflict WHERE run = ? ORDER BY key, value"
    others: dict[str, list[Any]] = {}
    for key, value in store.catalog.rows(sql, (number,)):
        others.setdefault(key, []).append(json_value(value))
    return {key: (record.params.get(key), *values) for key, values in others.items()}


def _environment(store: Store, number: int) -> dict[str, Any]:
    sql = "SELECT part, value, digest FROM fact WHERE run = ? ORDER BY part"
    parts: dict[str, Any] = {}
    for part, value, digest in store.catalog.rows(sql, (number,)):
        if value is not None:
            parts[part] = json_value(value)
        elif digest is not None:
            try:
                parts[part] = json_value(b"".join(store.blobs.read(digest)).decode("utf-8"))
            except (NotFoundError, UnicodeDecodeError):
                # Its bytes come with a later record, or are damaged, which `trackrecord check` tells.
                continue
    return parts


def run_artifacts(store: Store, number: int) -> tuple[ArtifactRecord, ...]:
    """Return the artifact versions that a run logged or used, by row number of the run."""
    rows = store.catalog.rows(
        "SELECT a.number, a.name, a.kind, a.version, a.digest, a.size, a.created, r.relation "
        "FROM run_artifact AS r JOIN artifact AS a ON a.number = r.artifact WHERE r.run = ? "
        "ORDER BY a.name, a.version, r.relation",
        (number,),
    )
    these = whole_numbers(row[0] for row in rows)
    files: dict[int, list[ArtifactFile]] = {}
    sql = f"SELECT artifact, path, size, digest FROM artifact_file WHERE artifact IN ({these}) ORDER BY path"  # noqa: S608 - ours
    for artifact, path, size, digest in store.catalog.rows(sql) if rows else ():
        files.setdefault(artifact, []).append(ArtifactFile(path, size, digest))
    return tuple(
        ArtifactRecord(
            name, kind, version, digest, size, moment_at(created), relation, tuple(files.get(artifact, ()))
        )
        for artifact, name, kind, version, digest, size, created, relation in rows
    )


def _media(store: Store, number: int) -> tuple[MediaSeries, ...]:
    sql = (
        "SELECT key, kind, COUNT(*), MAX(step) FROM media WHERE run = ? GROUP BY key, kind ORDER BY key, kind"
    )
    return tuple(
        MediaSeries(key, kind, entries, step_of(last_step))
        for key, kind, entries, last_step in store.catalog.rows(sql, (number,))
    )


def _problems(store: Store, number: int) -> tuple[ProblemRecord, ...]:
    sql = (
        "SELECT code, message, SUM(count), MIN(first), MAX(last) FROM problem WHERE run = ? "
        "GROUP BY code, message ORDER BY MIN(first), code, message"
    )
    return tuple(
        ProblemRecord(code, message, int(count), moment_at(first), moment_at(last))
        for code, message, count, first, last in store.catalog.rows(sql, (number,))
    )


def _writers(store: Store, number: int, record: RunRecord) -> tuple[WriterRecord, ...]:
    sql = "SELECT writer, role, rank, process, state FROM writer WHERE run = ? ORDER BY started, writer"
    writers = []
    for writer, role, rank, process, state in store.catalog.rows(sql, (number,)):
        try:
            facts = json.loads(process)
        except ValueError:
            facts = {}
        facts = facts if isinstance(facts, dict) else {}
        # One that did not say how it ended shares the fate of its run, while that is open or a crash.
        silent = record.state if record.state in _UNSAID else RunState.CRASHED
        writers.append(
            WriterRecord(
                writer, role, rank, facts.get("host"), facts.get("pid"), RunState(state) if state else silent
            )
        )
    return tuple(writers)


_UNSAID = (RunState.RUNNING, RunState.SILENT, RunState.CRASHED)


def _children(store: Store, run_id: str, lives: Lives) -> tuple[RelatedRun, ...]:
    sql = "SELECT number, id, name, ended_state FROM run WHERE parent = ? ORDER BY created DESC, id LIMIT ?"
    return tuple(
        RelatedRun(child, name, lives.state(number, ended_state))
        for number, child, name, ended_state in store.catalog.rows(sql, (run_id, _MOST_CHILDREN))
    )
