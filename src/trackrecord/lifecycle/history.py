"""What was changed of a run and by whom, and taking the last change back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trackrecord.lifecycle.edits import Edit
from trackrecord.lifecycle.recording import PATIENCE_S, Change, EditReport, record_changes
from trackrecord.query.find_run import find_run
from trackrecord.query.moments import moment_at
from trackrecord.store.audit import TAGS, read_value
from trackrecord.words.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from trackrecord.store.contract import Store
    from trackrecord.store.embedded import EmbeddedStore

#: what can't be taken back: the content is gone
FINAL = ("purge", "redact")


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One change after the fact.

    ``about`` is ``run``, ``experiment`` or ``contract``, ``name`` the run's id, the experiment's name or the contract's
    pattern. ``before`` and ``after`` are texts or None, lists for tags, True or False for ``archived`` and ``deleted``.
    """

    time: datetime
    who: str
    about: str
    name: str
    field: str
    before: Any
    after: Any


_COLUMNS = "time, who, about, coalesce(name, run), change, before, after"


def find_changed_run(store: Store, text: str, project: str | None = None) -> str:
    """Return the id of the run that ``text`` names, as `find_run` does; by its whole id of one that was purged, too."""
    try:
        return find_run(store, text, project)
    except NotFoundError:
        if store.catalog.rows("SELECT 1 FROM tombstone WHERE run = ?", (text,)):
            return text
        raise


def history_of_run(
    store: Store, run: str, *, limit: int | None = None, offset: int = 0
) -> list[ChangeRecord]:
    """Return the changes of a run (by id), the latest first; of a purged one that it was purged."""
    rows = store.catalog.rows(
        f"SELECT {_COLUMNS} FROM audit WHERE run = ?"  # noqa: S608 - ours
        " ORDER BY time DESC, writer DESC, place DESC, number DESC LIMIT ? OFFSET ?",
        (run, -1 if limit is None else limit, offset),
    )
    return [_record(row) for row in rows]


def length_of_history(store: Store, run: str) -> int:
    """Return how many changes of a run there are."""
    return int(store.catalog.rows("SELECT count(*) FROM audit WHERE run = ?", (run,))[0][0])


def history_of_project(store: Store, project: str) -> list[ChangeRecord]:
    """Return what was said of a project's experiments and metric contracts, the latest first. Raises NotFoundError."""
    if not store.catalog.rows("SELECT 1 FROM project WHERE name = ?", (project,)):
        raise NotFoundError(
            f"There is no project {project[:80]!r}.", hint="`trackrecord ls --projects` lists the projects."
        )
    rows = store.catalog.rows(
        f"SELECT {_COLUMNS} FROM audit WHERE project = ?"  # noqa: S608 - ours
        " ORDER BY time DESC, writer DESC, place DESC, number DESC",
        (project,),
    )
    return [_record(row) for row in rows]


def undo(
    store: EmbeddedStore, runs: Sequence[str], *, who: str | None = None, wait_s: float = PATIENCE_S
) -> EditReport:
    """Take back the last change of each run (by id), as a new change; once more brings it again.

    The last change is all that one call has changed of the run. Of tags only those that it added or took off are
    turned back. Raises UsageError when none of the runs was ever changed.
    """
    changes: dict[str, tuple[list[str], Edit]] = {}
    for run, field, before, after in _last_changes(store, runs):
        edit = _inverse(field, read_value(field, before), read_value(field, after))
        ids, _ = changes.setdefault(json.dumps([edit.field, edit.said]), ([], edit))
        ids.append(run)
    if not changes:
        raise UsageError("There is nothing to undo: nothing was changed after the fact.")
    collected: list[Change] = list(changes.values())
    return record_changes(store, collected, who=who, wait_s=wait_s)


def _last_changes(store: EmbeddedStore, runs: Sequence[str]) -> list[tuple[str, str, str | None, str | None]]:
    """Return (run, field, before, after) of all that the last call that changed a run changed of it."""
    found: list[tuple[str, str, str | None, str | None]] = store.catalog.rows(
        "SELECT run, change, before, after FROM (SELECT a.run, a.change, a.before, a.after, a.writer, a.time,"
        " first_value(a.writer) OVER latest AS last_writer, first_value(a.time) OVER latest AS last_time"
        " FROM json_each(?) j JOIN audit a ON a.run = j.value"
        " WHERE a.before IS NOT a.after AND a.change NOT IN ('purge', 'redact', 'stop')"
        " WINDOW latest AS (PARTITION BY a.run ORDER BY a.time DESC, a.writer DESC, a.place DESC))"
        " WHERE writer = last_writer AND time = last_time",
        (json.dumps(list(dict.fromkeys(runs))),),
    )
    return found


def _inverse(field: str, before: Any, after: Any) -> Edit:
    if field == TAGS:
        return Edit(
            field, {"add": sorted(set(before) - set(after)), "remove": sorted(set(after) - set(before))}
        )
    return Edit(field, {"value": before})


def _record(row: tuple[Any, ...]) -> ChangeRecord:
    time, who, about, name, field, before, after = row
    if about == "contract" or field == "redact":
        values = [None if each is None else json.loads(each) for each in (before, after)]
    else:
        values = [read_value(field, each) for each in (before, after)] if field not in FINAL else [None, None]
    return ChangeRecord(moment_at(time), who, about, name or "", field, *values)
