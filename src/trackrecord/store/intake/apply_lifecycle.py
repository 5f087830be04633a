"""What change records do: name, notes, group, tags, archive, trash, project, and taking a run away for good.

A change comes from the run's own journal, or from a journal of no run that names the runs it is about. The last one by
(time, writer, place) holds, whatever the order in which they are taken in, and however often.
"""

from __future__ import annotations

import json
from typing import Any

from trackrecord.store import audit
from trackrecord.store.intake import apply_project
from trackrecord.store.intake.fields import clean, decoded, json_text, text, texts
from trackrecord.store.intake.stamps import FROM_CHANGE
from trackrecord.store.intake.transaction import Said, Source, Transaction

_TEXTS = {"name": "name", "notes": "notes", "group": "group_name"}
PURGE = "purge"
#: a request to stop that the run has noticed: kept, changes nothing
STOP = "stop"
#: what a change may be about
FIELDS = (*_TEXTS, audit.TAGS, *sorted(audit.YES_OR_NO), "project", PURGE)


def change(tx: Transaction, source: Source, said: Said) -> None:
    """Change the run in whose journal the record stands. Its own journal can't take it away."""
    field = said.fields.get("field")
    if field == STOP:
        value = decoded(said.fields.get("value"))
        audit.keep_change(tx, source.run_id, said, field=STOP, before=None, asked=value)
    elif field != PURGE:
        _change_run(tx, source.run, source.run_id, said)


def change_runs(tx: Transaction, said: Said) -> None:
    """Change the runs that a record in a journal of no run names; one that is not here yet when it comes."""
    purged = said.fields.get("field") == PURGE
    for run_id in dict.fromkeys(texts(said.fields, "runs")):
        number = tx.find_run(run_id)
        if purged:
            _purge(tx, run_id, number, said)
        elif number is not None:
            tx.touched.add(number)
            _change_run(tx, number, run_id, said)
        elif not _was_purged(tx, run_id):
            fields = {name: value for name, value in said.fields.items() if name != "runs"}
            tx.connection.execute(
                "INSERT OR IGNORE INTO waiting_change (run, writer, place, time, fields) VALUES (?, ?, ?, ?, ?)",
                (run_id, said.writer, said.place, said.time, json_text(fields)),
            )
            tx.waited_for.add(run_id)


def take_waiting(tx: Transaction) -> None:
    """Apply what was said of runs before anything else of them came."""
    if not tx.new_runs:
        return
    for run_id in sorted(tx.waited_for & tx.run_numbers.keys()):
        for writer, place, time, fields in tx.connection.execute(
            "SELECT writer, place, time, fields FROM waiting_change WHERE run = ? ORDER BY time, writer, place",
            (run_id,),
        ).fetchall():
            _change_run(tx, tx.run_numbers[run_id], run_id, Said(time, writer, place, json.loads(fields)))
        tx.connection.execute("DELETE FROM waiting_change WHERE run = ?", (run_id,))


def _change_run(tx: Transaction, run: int, run_id: str, said: Said) -> None:
    field = said.fields.get("field")
    if not isinstance(field, str) or field not in FIELDS:
        return  # of a newer Trackrecord
    asked = _asked(field, said)
    if asked is None and field in ("name", "project", audit.TAGS):
        return
    tx.write_down(run)
    before = _present(tx, run, field)
    if not audit.keep_change(tx, run_id, said, field=field, before=before, asked=asked):
        return
    if field == audit.TAGS:
        _change_tags(tx, run, said, asked)
    elif field == "project":
        _move(tx, run, asked, said)
    elif tx.may_set("run", run, field_column(field), FROM_CHANGE, said):
        tx.set_run(
            run, field_column(field), (said.time if asked else None) if field in audit.YES_OR_NO else asked
        )


def field_column(field: str) -> str:
    """Return the column of ``run`` that holds a field."""
    return _TEXTS.get(field, field)


def _asked(field: str, said: Said) -> Any:
    """Return what a field is to hold; None for what says nothing that could be used."""
    if field == audit.TAGS:
        lists = [name for name in ("value", "add", "remove") if isinstance(said.fields.get(name), list)]
        return {name: texts(said.fields, name) for name in lists} or None
    value = decoded(said.fields.get("value"))
    if field in audit.YES_OR_NO:
        return value is True
    return (clean(value) or None) if isinstance(value, str) else None


def _present(tx: Transaction, run: int, field: str) -> Any:
    if field == audit.TAGS:
        return [
            name
            for (name,) in tx.connection.execute("SELECT name FROM tag WHERE run = ? ORDER BY name", (run,))
        ]
    if field == "project":
        sql = "SELECT p.name FROM run r JOIN project p ON p.number = r.project WHERE r.number = ?"
    else:
        sql = f"SELECT {field_column(field)} FROM run WHERE number = ?"  # noqa: S608 - one of five words
    return tx.connection.execute(sql, (run,)).fetchone()[0]


def _change_tags(tx: Transaction, run: int, said: Said, asked: dict[str, list[str]]) -> None:
    if "value" in asked:
        wanted = set(asked["value"])
        if tx.may_set("run", run, audit.TAGS, FROM_CHANGE, said):
            for tag in _present(tx, run, audit.TAGS):
                if tag not in wanted:
                    set_tag(tx, run, said, tag, present=False)
        for tag in sorted(wanted):
            set_tag(tx, run, said, tag, present=True)
    for tag in asked.get("add", ()):
        set_tag(tx, run, said, tag, present=True)
    for tag in asked.get("remove", ()):
        set_tag(tx, run, said, tag, present=False)


def set_tag(tx: Transaction, run: int, said: Said, tag: str, *, present: bool) -> None:
    """Add or remove a tag unless a later word on it, or on all tags, was heard before."""
    all_tags = tx.stamp("run", run, audit.TAGS)
    if all_tags is not None and (said.time, said.writer, said.place) < all_tags[1:]:
        return
    if not tx.may_set("run", run, "tag:" + tag, FROM_CHANGE, said):
        return
    tx.set_tag(run, tag, present=present)


def _move(tx: Transaction, run: int, name: str, said: Said) -> None:
    """Put a run into another project; its experiment there is the one of the same name."""
    if not tx.may_set("run", run, "project", FROM_CHANGE, said):
        return
    before, after = tx.project_of(run), tx.project_number(name, said.time)
    if before == after:
        return
    found = tx.connection.execute(
        "SELECT e.name, e.created FROM run r JOIN experiment e ON e.number = r.experiment WHERE r.number = ?",
        (run,),
    ).fetchone()
    experiment = None if found is None else apply_project.experiment_number(tx, after, found[0], found[1])
    tx.set_run(run, "project", after)
    tx.set_run(run, "experiment", experiment)
    tx.left_projects.add(before)
    tx.touched_projects.add(before)


def _purge(tx: Transaction, run_id: str, number: int | None, said: Said) -> None:
    who = text(said.fields, "who") or ""
    made = tx.connection.execute(
        "INSERT OR IGNORE INTO tombstone (run, number, time, who) VALUES (?, ?, ?, ?)",
        (run_id, number, said.time, who),
    )
    if made.rowcount:
        tx.connection.execute("DELETE FROM waiting_change WHERE run = ?", (run_id,))
    if number is not None:
        tx.touched.add(number)
        tx.purged.add(number)


def _was_purged(tx: Transaction, run_id: str) -> bool:
    found = tx.connection.execute("SELECT 1 FROM tombstone WHERE run = ?", (run_id,)).fetchone()
    return found is not None
