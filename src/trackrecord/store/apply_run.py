"""What records that describe a run do: segment, begin, change, fork, rewind, rank, finish."""

from __future__ import annotations

import json
from typing import Any

from trackrecord.store import apply_project
from trackrecord.store.fields import clean, decoded, json_text, number, text, texts, whole
from trackrecord.store.stamps import FROM_BEGINNING, FROM_CHANGE, FROM_HEADER, FROM_JOINING
from trackrecord.store.transaction import Said, Source, Transaction

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
    role = fields.get("role") if fields.get("role") in _ROLES else "join"
    tx.writer(source, said.time).role = role
    tx.ending.add(source.run)
    for tag in texts(fields, "tags"):
        _tag(tx, source, said, tag, present=True)
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


def change(tx: Transaction, source: Source, said: Said) -> None:
    """Change name, notes, group or tags after the fact, with an audit row."""
    tx.write_down(source.run)
    fields = said.fields
    field = fields.get("field")
    if field == "tags":
        _change_tags(tx, source, said)
        after: Any = {name: fields[name] for name in ("value", "add", "remove") if name in fields}
        before = None
    elif field in ("name", "notes", "group"):
        column = "group_name" if field == "group" else field
        after = decoded(fields.get("value"))
        after = clean(after) if isinstance(after, str) else None
        if field == "name" and not after:
            return
        before = tx.connection.execute(
            f"SELECT {column} FROM run WHERE number = ?",  # noqa: S608 - one of three words
            (source.run,),
        ).fetchone()[0]
        _set(tx, source, said, FROM_CHANGE, column, after)
    else:
        return
    tx.connection.execute(
        "INSERT INTO audit (time, who, run, change, before, after) VALUES (?, ?, ?, ?, ?, ?)",
        (
            said.time,
            text(fields, "who") or "",
            source.run_id,
            field,
            before,
            after if isinstance(after, str) or after is None else json_text(after),
        ),
    )


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
    state = fields.get("state") if fields.get("state") in _ENDINGS else "failed"
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


def _change_tags(tx: Transaction, source: Source, said: Said) -> None:
    if isinstance(said.fields.get("value"), list):
        wanted = set(texts(said.fields, "value"))
        if tx.may_set("run", source.run, "tags", FROM_CHANGE, said):
            for (tag,) in tx.connection.execute(
                "SELECT name FROM tag WHERE run = ?", (source.run,)
            ).fetchall():
                if tag not in wanted:
                    _tag(tx, source, said, tag, present=False)
        for tag in sorted(wanted):
            _tag(tx, source, said, tag, present=True)
    for tag in texts(said.fields, "add"):
        _tag(tx, source, said, tag, present=True)
    for tag in texts(said.fields, "remove"):
        _tag(tx, source, said, tag, present=False)


def _tag(tx: Transaction, source: Source, said: Said, tag: str, *, present: bool) -> None:
    """Add or remove a tag unless a later word on it, or on all tags, was heard before."""
    all_tags = tx.stamp("run", source.run, "tags")
    if all_tags is not None and (said.time, said.writer, said.place) < all_tags[1:]:
        return
    if not tx.may_set("run", source.run, "tag:" + tag, FROM_CHANGE, said):
        return
    tx.set_tag(source.run, tag, present=present)
