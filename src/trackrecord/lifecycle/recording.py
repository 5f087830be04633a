"""Writing changes down, and having them taken in at once where that can be."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trackrecord.journal.format import Kind
from trackrecord.lifecycle.edit_journal import put_journal
from trackrecord.lifecycle.edits import Edit
from trackrecord.lifecycle.no_change import changed_by
from trackrecord.lifecycle.who import who_asks
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in

#: how long a caller waits to see the own change, while another process takes in the inbox
PATIENCE_S = 2.0

#: what is said of which runs (ids)
Change = tuple[Sequence[str], Edit]


@dataclass(frozen=True, slots=True)
class EditReport:
    """What became of a change.

    ``runs`` are the ids it is about. ``shown`` says that every view shows it now; else it lies safely in the inbox, is
    shown as soon as that is taken in, and ``problem`` says what it waits for. ``unchanged`` are those of ``runs`` that
    were so already: nothing is recorded of them.
    """

    runs: tuple[str, ...]
    shown: bool
    problem: str | None = None
    unchanged: tuple[str, ...] = ()


def record_edits(
    store: EmbeddedStore,
    runs: Sequence[str],
    edits: Sequence[Edit],
    *,
    who: str | None = None,
    wait_s: float = PATIENCE_S,
) -> EditReport:
    """Change runs (by id), each in the same way: all of it holds, or nothing.

    Raises StoreUnavailableError when the store's folder takes no file; then nothing has changed.

    Example::

        report = record_edits(store, ["0198..."], [edits.rename("baseline"), edits.add_tags(["good"])])
    """
    asked = tuple(dict.fromkeys(runs))
    changes: list[Change] = [(changed_by(store, asked, edit), edit) for edit in edits]
    changed = {run for ids, _ in changes for run in ids}
    report = record_changes(store, changes, who=who, wait_s=wait_s)
    return replace(report, runs=asked, unchanged=tuple(run for run in asked if run not in changed))


def record_changes(
    store: EmbeddedStore,
    changes: Sequence[Change],
    *,
    who: str | None = None,
    wait_s: float = PATIENCE_S,
) -> EditReport:
    """Change runs, some in other ways than others: one journal, one time, one transaction. Raises as `record_edits`."""
    runs = tuple(dict.fromkeys(run for ids, _ in changes for run in ids))
    if not runs:
        return EditReport((), shown=True)
    person = who_asks() if who is None else who
    records: list[tuple[Kind, dict[str, Any]]] = [
        (Kind.CHANGE, {"who": person, "runs": list(ids), "field": edit.field, **edit.said})
        for ids, edit in changes
        if ids
    ]
    return _shown_soon(store, put_journal(store.inbox, _time_after_all(store, runs), records), runs, wait_s)


def _time_after_all(store: EmbeddedStore, runs: Sequence[str]) -> int:
    """Return a time later than every earlier change of these runs: a clock that is behind must lose nothing."""
    found = store.catalog.rows(
        "SELECT max(latest) FROM (SELECT max(a.time) AS latest FROM json_each(?1) j JOIN audit a ON a.run = j.value"
        " UNION ALL SELECT max(r.created) FROM json_each(?1) j JOIN run r ON r.id = j.value)",
        (json.dumps(list(runs)),),
    )
    return max(time.time_ns(), (found[0][0] or 0) + 1)


def _shown_soon(store: EmbeddedStore, journal: Path, runs: tuple[str, ...], wait_s: float) -> EditReport:
    deadline = time.monotonic() + wait_s
    while True:
        left = max(0.0, deadline - time.monotonic())
        report = take_in(store, wait_s=min(left, 0.5))
        if not journal.exists():  # its removal is what follows the commit
            return EditReport(runs, shown=True)
        if left <= 0.0 or (store.read_only and not store.connections.can_write_again()):
            problem = report.problem or "another process is taking in the inbox at this moment"
            return EditReport(runs, shown=False, problem=problem)
        time.sleep(0.02)
