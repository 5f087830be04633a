"""Which runs a change would change: what holds already is not recorded again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trackrecord.lifecycle.edits import Edit
from trackrecord.store.audit import TAGS, YES_OR_NO, tags_after

if TYPE_CHECKING:
    from trackrecord.store.embedded import EmbeddedStore

_COLUMNS = {
    "name": "r.name",
    "notes": "r.notes",
    "group": "r.group_name",
    "project": "(SELECT p.name FROM project p WHERE p.number = r.project)",
    "archived": "r.archived IS NOT NULL",
    "deleted": "r.deleted IS NOT NULL",
    TAGS: "(SELECT json_group_array(t.name) FROM tag t WHERE t.run = r.number)",
}


def changed_by(store: EmbeddedStore, runs: Sequence[str], edit: Edit) -> list[str]:
    """Return those of the runs (by id) of which something else holds after an edit.

    All of them while anything waits in the inbox: what is known may then be older than what was said.
    """
    column = _COLUMNS.get(edit.field)
    if column is None or _waits_something(store):
        return list(runs)
    present = dict(
        store.catalog.rows(
            f"SELECT r.id, {column} FROM json_each(?) j JOIN run r ON r.id = j.value",  # noqa: S608 - ours
            (json.dumps(list(runs)),),
        )
    )
    return [run for run in runs if run not in present or _changes(edit, present[run])]


def _waits_something(store: EmbeddedStore) -> bool:
    try:
        return any(store.inbox.iterdir())
    except OSError:  # writing the change down tells what is wrong
        return True


def _changes(edit: Edit, present: object) -> bool:
    if edit.field == TAGS:
        before = sorted(json.loads(str(present)))
        return tags_after(before, edit.said) != before
    if edit.field in YES_OR_NO:
        return edit.said["value"] is not bool(present)
    return bool(edit.said["value"] != present)
