"""What changed since a revision: the runs and projects that a view has to ask for again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackrecord.query.lives import Lives
from trackrecord.query.stored_values import step_of
from trackrecord.words.states import RunState

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

#: With more changed runs a view had better read everything again.
MOST_RUNS = 200


@dataclass(frozen=True, slots=True)
class ChangedRun:
    """A run with something new."""

    id: str
    project: str
    state: RunState
    last_step: float | None


@dataclass(frozen=True, slots=True)
class Changes:
    """All that is younger than the revision asked about; ``runs`` is None when that is too much to name."""

    revision: int
    runs: tuple[ChangedRun, ...] | None
    projects: tuple[str, ...]


def changes_since(store: Store, revision: int) -> Changes:
    """Return what changed after ``revision``.

    A run that falls silent or crashes changes no revision: that is the view of a reader at one moment.
    """
    now = store.catalog.revision()
    lives = Lives.of(store)
    rows = store.catalog.rows(
        "SELECT run.number, run.id, p.name, run.ended_state, run.last_step FROM run "
        "JOIN project AS p ON p.number = run.project WHERE run.revision > ? ORDER BY run.revision LIMIT ?",
        (revision, MOST_RUNS + 1),
    )
    projects = store.catalog.rows("SELECT name FROM project WHERE revision > ? ORDER BY name", (revision,))
    names = {row[0] for row in projects}
    if len(rows) > MOST_RUNS:
        return Changes(now, None, tuple(sorted(names)))
    runs = tuple(
        ChangedRun(run_id, project, lives.state(number, ended_state), step_of(last_step))
        for number, run_id, project, ended_state, last_step in rows
    )
    return Changes(now, runs, tuple(sorted(names | {run.project for run in runs})))
