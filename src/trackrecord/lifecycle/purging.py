"""Removing runs for good, with the checks that keep others from losing what they use."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackrecord.lifecycle.edits import Edit
from trackrecord.lifecycle.recording import PATIENCE_S, record_edits
from trackrecord.store.database.disk_space import pack, space_of
from trackrecord.words.errors import UsageError
from trackrecord.words.ids import short_id
from trackrecord.words.states import RunState

if TYPE_CHECKING:
    from trackrecord.store.embedded import EmbeddedStore

_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What became of a purge: ``before`` and ``after`` are bytes of the database, ``notes`` sentences for people."""

    runs: tuple[str, ...]
    shown: bool
    before: int
    after: int
    notes: tuple[str, ...]


def check_purge(store: EmbeddedStore, runs: Sequence[str], *, force: bool = False) -> tuple[str, ...]:
    """Make sure that runs (by id) can be purged, and return what is to be known before, as sentences.

    Raises UsageError when one is still being written, or may be (then ``force`` helps), or when another run inherits
    the history of one.
    """
    ids = json.dumps(list(runs))
    _check_states(store, ids, force)
    _check_forks(store, ids)
    return _notes(store, ids)


def purge(
    store: EmbeddedStore,
    runs: Sequence[str],
    *,
    force: bool = False,
    who: str | None = None,
    wait_s: float = PATIENCE_S,
) -> PurgeReport:
    """Remove runs (by id) with all that was recorded of them, and give the disk back. Nothing brings them back.

    A tombstone of each stays: journals of it that come later are refused. Files that no other run refers to are
    removed by ``gc``. Raises as `check_purge` and `record_edits`.
    """
    notes = check_purge(store, runs, force=force)
    before = space_of(store).size
    report = record_edits(store, runs, [Edit("purge", {})], who=who, wait_s=wait_s)
    if not report.shown:
        return PurgeReport(
            report.runs, False, before, before, (*notes, f"It is done soon: {report.problem}.")
        )
    problem = pack(store)
    after = space_of(store).size
    return PurgeReport(report.runs, True, before, after, notes if problem is None else (*notes, problem))


def _check_states(store: EmbeddedStore, ids: str, force: bool) -> None:
    open_ended = store.catalog.rows(
        "SELECT r.number, r.id, r.name, EXISTS (SELECT 1 FROM writer w WHERE w.run = r.number AND w.state IS NULL"
        " AND w.gone = 0) FROM json_each(?) j JOIN run r ON r.id = j.value WHERE r.ended_state IS NULL",
        (ids,),
    )
    if not open_ended:
        return
    states = store.catalog.live_states()
    running = [row[1:3] for row in open_ended if states.get(row[0]) is RunState.RUNNING]
    if running:
        raise UsageError(
            f"Still running, so not purged: {_named(running)}.",
            hint="Wait until it ends, or end it; nothing was removed.",
        )
    unsure = [row[1:3] for row in open_ended if row[3] or states.get(row[0]) is RunState.SILENT]
    if unsure and not force:
        raise UsageError(
            f"Never seen to end, so perhaps still running elsewhere: {_named(unsure)}.",
            hint="Nothing was removed. --force (force=True) removes it all the same.",
        )


def _check_forks(store: EmbeddedStore, ids: str) -> None:
    forks = store.catalog.rows(
        "SELECT f.id, f.name FROM json_each(?1) j JOIN run f ON f.fork_run = j.value"
        " WHERE f.id NOT IN (SELECT value FROM json_each(?1)) ORDER BY f.created",
        (ids,),
    )
    if forks:
        raise UsageError(
            f"Other runs inherit the history of these: {_named(forks)}.",
            hint="Purge those too, in the same call, or keep both. Nothing was removed.",
        )


def _notes(store: EmbeddedStore, ids: str) -> tuple[str, ...]:
    children = store.catalog.rows(
        "SELECT c.id, c.name FROM json_each(?1) j JOIN run c ON c.parent = j.value"
        " WHERE c.id NOT IN (SELECT value FROM json_each(?1)) ORDER BY c.created",
        (ids,),
    )
    kept = store.catalog.rows(
        "SELECT DISTINCT a.name || ' v' || a.version FROM json_each(?1) j JOIN run r ON r.id = j.value"
        " JOIN run_artifact x ON x.run = r.number JOIN artifact a ON a.number = x.artifact"
        " JOIN run_artifact o ON o.artifact = x.artifact JOIN run other ON other.number = o.run"
        " WHERE other.id NOT IN (SELECT value FROM json_each(?1)) ORDER BY 1",
        (ids,),
    )
    notes = []
    if children:
        notes.append(f"Nested runs stay, without their parent: {_named(children)}.")
    if kept:
        shown = ", ".join(name for (name,) in kept[:_MOST_NAMED]) + (
            ", ..." if len(kept) > _MOST_NAMED else ""
        )
        notes.append(f"Artifacts that other runs logged or used stay: {shown}.")
    return tuple(notes)


def _named(runs: Sequence[tuple[str, str]]) -> str:
    shown = ", ".join(f"{name} ({short_id(run_id)})" for run_id, name in runs[:_MOST_NAMED])
    return shown + (f" and {len(runs) - _MOST_NAMED:,} more" if len(runs) > _MOST_NAMED else "")
