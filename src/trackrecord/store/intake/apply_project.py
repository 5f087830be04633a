"""What records about a project do: experiment and contract. They come from its runs, and from journals of no run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from trackrecord.store import audit
from trackrecord.store.intake.fields import number, text
from trackrecord.store.intake.stamps import FROM_BEGINNING, FROM_CHANGE
from trackrecord.store.intake.transaction import Said, Transaction


def experiment(tx: Transaction, project: int, said: Said) -> None:
    """Keep what is said of an experiment, field by field."""
    name = text(said.fields, "name")
    if not name:
        return
    owner = experiment_number(tx, project, name, said.time)
    for field in ("hypothesis", "prediction", "verdict", "conclusion"):
        value = text(said.fields, field)
        if value is not None and tx.may_set("experiment", owner, field, FROM_CHANGE, said):
            before = tx.connection.execute(
                f"SELECT {field} FROM experiment WHERE number = ?",  # noqa: S608 - one of four words
                (owner,),
            ).fetchone()[0]
            tx.connection.execute(
                f"UPDATE experiment SET {field} = ? WHERE number = ?",  # noqa: S608 - one of four words
                (value, owner),
            )
            if value != before:
                audit.keep_statement(
                    tx, ("experiment", project, name), said, field=field, before=before, after=value
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
        if found is None or tuple(new) != tuple(found[1:]):
            before = None if found is None else _contract_text(found[1:])
            after = _contract_text(new)
            audit.keep_statement(
                tx, ("contract", project, pattern), said, field="contract", before=before, after=after
            )


def _contract_text(values: Sequence[Any]) -> str:
    """Return what a contract says, without what it leaves open, as JSON."""
    names = ("goal", "unit", "primary", "x", "low", "high", "description")
    said = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    said["primary"] = bool(said["primary"])
    return json.dumps(said, ensure_ascii=False)
