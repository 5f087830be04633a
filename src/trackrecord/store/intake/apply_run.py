"""What records that describe a run do: segment, begin, fork, rewind, rank, finish."""

from __future__ import annotations

import json
from typing import Any

from trackrecord.store.intake import apply_lifecycle, apply_project
from trackrecord.store.intake.fields import clean, json_text, number, text, texts, whole
from trackrecord.store.intake.stamps import FROM_BEGINNING, FROM_HEADER, FROM_JOINING
from trackrecord.store.intake.transaction import Said, Source, Transaction

_ROLES = ("begin", "join", "forked")
_ENDINGS = ("finished", "failed", "stopped")


def segment(tx: Transaction, source: Source, said: Said) -> None:
    """Learn who writes, and, before the run's begin record is here, to which project it belongs."""
    process = said.fields.get("process")
    known = json_text(process if isinstance(process, dict) else {})
    tx.writer(source, said.time).learn_process(known, said.time)
    _set_project(tx, source, said, FROM_HEADER)
    _set(tx, source, said, FROM_HEADER, "created", said.time)
    tx.ending.add(source.run)


def begin(tx: Transaction, source: Source, said: Said) -> None:
    """Fill in the run from its beginner; a joining writer fills in what the beginner left open."""
    fields = said.fields
    said_role = text(fields, "role")
    role = said_role if said_role in _ROLES else "join"
    tx.writer(source, said.time).role = role
    tx.ending.add(source.run)
    for tag in texts(fields, "tags"):
        apply_lifecycle.set_tag(tx, source.run, said, tag, present=True)
    origin = FROM_BEGINNING if role == "begin" else FROM_JOINING
    _set_project(tx, source, said, origin)
    if origin == FROM_BEGINNING:
        created = whole(fields, "created")
        _set(tx, source, said, origin, "created", said.time if created is None else created)
    for name, column in (
        ("name", "name"),
        ("group", "group_name"),
        ("parent", "parent"),
        ("notes", "notes"),
        ("hypothesis", "hypothesis"),
        ("user", "user"),
    ):
        value = text(fields, name)
        if value is not None:
            _set(tx, source, said, origin, column, value)
    if isinstance(fields.get("command"), list):
        _set(tx, source, said, origin, "command", json_text(texts(fields, "command")))
    experiment_name = text(fields, "experiment")
    if experiment_name is not None:
        apply_project.hypothesis_of_run(tx, tx.project_of(source.run), experiment_name, said)
        _set(
            tx,
            source,
            said,
            origin,
            "experiment",
            apply_project.experiment_number(tx, tx.project_of(source.run), experiment_name, said.time),
        )
    host = _host_of(tx, source, said)
    if host is not None:
        _set(tx, source, said, origin, "host", host)


def experiment(tx: Transaction, source: Source, said: Said) -> None:
    """Keep what is said of an experiment of the run's project."""
    apply_project.experiment(tx, tx.project_of(source.run), said)


def contract(tx: Transaction, source: Source, said: Said) -> None:
    """Keep what is said of a metric of the run's project."""
    apply_project.contract(tx, tx.project_of(source.run), said)


def fork(tx: Transaction, source: Source, said: Said) -> None:
    """Let the run inherit the history of another one."""
    parent, step = text(said.fields, "run"), number(said.fields, "step")
    if parent and step is not None and tx.may_set("run", source.run, "fork", FROM_BEGINNING, said):
        tx.set_run(source.run, "fork_run", parent)
        tx.set_run(source.run, "fork_step", step)


def rewind(tx: Transaction, source: Source, said: Said) -> None:
    """Hide what was written before and lies behind a step."""
    step = number(said.fields, "step")
    if step is not None:
        tx.write_down(source.run)
        tx.connection.execute(
            "INSERT OR IGNORE INTO rewind (run, writer, place, written, step) VALUES (?, ?, ?, ?, ?)",
            (source.run, source.writer, said.place, said.time, step),
        )
        tx.rewound.add(source.run)


def rank(tx: Transaction, source: Source, said: Said) -> None:
    """Keep the writer's rank."""
    row = tx.writer(source, said.time)
    row.rank, row.world_size = whole(said.fields, "rank"), whole(said.fields, "world_size")


def finish(tx: Transaction, source: Source, said: Said) -> None:
    """Keep how the writer ended, by its own word."""
    fields = said.fields
    said_state = text(fields, "state")
    state = said_state if said_state in _ENDINGS else "failed"
    tx.writer(source, said.time).end(state, said.time, whole(fields, "exit_code"), text(fields, "traceback"))
    tx.ending.add(source.run)
    tx.done.add((source.run, source.writer))


def _set(tx: Transaction, source: Source, said: Said, origin: int, column: str, value: Any) -> None:  # noqa: PLR0917
    if tx.may_set("run", source.run, column, origin, said):
        tx.set_run(source.run, column, value)


def _set_project(tx: Transaction, source: Source, said: Said, origin: int) -> None:
    name = text(said.fields, "project")
    if name and tx.may_set("run", source.run, "project", origin, said):
        before, after = tx.project_of(source.run), tx.project_number(name, said.time)
        if before != after:
            tx.set_run(source.run, "project", after)
            tx.left_projects.add(before)


def _host_of(tx: Transaction, source: Source, said: Said) -> str | None:
    host = json.loads(tx.writer(source, said.time).process).get("host")
    return clean(host) if isinstance(host, str) else None
