"""What records about a project do: experiment and contract. They come from its runs, and from journals of no run."""

from __future__ import annotations

import json

from trackrecord.journal.bulk import Batch, Rows
from trackrecord.journal.format import Kind
from trackrecord.store.fields import number, text, whole
from trackrecord.store.stamps import FROM_BEGINNING, FROM_CHANGE
from trackrecord.store.transaction import UNKNOWN_PROJECT, Said, Transaction


def take_journal(tx: Transaction, writer: str, batch: Batch) -> None:
    """Apply a whole journal of no run. It may be applied again: the later word holds, whatever comes first."""
    project = None
    for item in batch.items:
        if isinstance(item, Rows) or item.kind not in (Kind.SEGMENT, Kind.EXPERIMENT, Kind.CONTRACT):
            continue
        fields = item.fields()
        said = Said(whole(fields, "t") or 0, writer, item.offset, fields)
        if item.kind == Kind.SEGMENT:
            project = tx.project_number(text(fields, "project") or UNKNOWN_PROJECT, said.time)
        elif project is not None:
            tx.touched_projects.add(project)
            (experiment if item.kind == Kind.EXPERIMENT else contract)(tx, project, said)
            tx.connection.execute(
                "UPDATE project SET changed = max(changed, ?) WHERE number = ?", (said.time, project)
            )


def experiment(tx: Transaction, project: int, said: Said) -> None:
    """Keep what is said of an experiment, field by field."""
    name = text(said.fields, "name")
    if not name:
        return
    owner = experiment_number(tx, project, name, said.time)
    for field in ("hypothesis", "prediction", "verdict", "conclusion"):
        value = text(said.fields, field)
        if value is not None and tx.may_set("experiment", owner, field, FROM_CHANGE, said):
            tx.connection.execute(
                f"UPDATE experiment SET {field} = ? WHERE number = ?",  # noqa: S608 - one of four words
                (value, owner),
            )


def hypothesis_of_run(tx: Transaction, project: int, experiment_name: str, said: Said) -> None:
    """Let the first run's hypothesis stand for its experiment's, until the experiment is given its own."""
    value = text(said.fields, "hypothesis")
    owner = experiment_number(tx, project, experiment_name, said.time)
    if value is not None and tx.may_set("experiment", owner, "hypothesis", FROM_BEGINNING, said):
        tx.connection.execute("UPDATE experiment SET hypothesis = ? WHERE number = ?", (value, owner))


def experiment_number(tx: Transaction, project: int, name: str, time: int) -> int:
    """Return the number of an experiment, making its row when it is new."""
    found = tx.connection.execute(
        "INSERT INTO experiment (project, name, created, updated) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (project, name) DO UPDATE SET"
        " created = min(created, excluded.created), updated = max(updated, excluded.updated) RETURNING number",
        (project, name, time, time),
    ).fetchone()
    return int(found[0])


def contract(tx: Transaction, project: int, said: Said) -> None:
    """Keep what the project says about a metric; the last word holds."""
    fields = said.fields
    pattern = text(fields, "pattern")
    if not pattern:
        return
    goal = fields.get("goal") if fields.get("goal") in ("max", "min") else None
    new = (
        goal,
        text(fields, "unit"),
        int(fields.get("primary") is True),
        text(fields, "x"),
        number(fields, "low"),
        number(fields, "high"),
        text(fields, "description"),
    )
    found = tx.connection.execute(
        "SELECT updated, goal, unit, is_primary, x, low, high, description FROM contract"
        " WHERE project = ? AND pattern = ?",
        (project, pattern),
    ).fetchone()
    # equal times: the greater text holds, so that no order of arrival shows
    if found is None or (said.time, json.dumps(new)) > (found[0], json.dumps(found[1:])):
        tx.connection.execute(
            "INSERT OR REPLACE INTO contract"
            " (project, pattern, goal, unit, is_primary, x, low, high, description, updated)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (project, pattern, *new, said.time),
        )
