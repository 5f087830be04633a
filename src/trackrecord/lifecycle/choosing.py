"""Which runs a change is about: those named one by one, or all that fit a filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from trackrecord.query.find_run import find_run
from trackrecord.query.runs import select_runs
from trackrecord.words.errors import UsageError

if TYPE_CHECKING:
    from trackrecord.store.contract import Store
    from trackrecord.words.records import RunRecord

#: where a filter looks
Among = Literal["shown", "archived", "trash", "all"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A run that is to be changed."""

    id: str
    name: str


def choose_runs(
    store: Store,
    runs: Sequence[str] = (),
    *,
    where: str | None = None,
    project: str | None = None,
    among: Among = "shown",
) -> list[Chosen]:
    """Return the runs that are named, by id, piece of an id or name; or those that fit a filter, the oldest first.

    A filter looks among the runs that lists show, the archived ones, the trash, or all of them; one that speaks of
    ``archived`` or ``deleted`` finds those runs anyhow. A run that is named is taken wherever it is.
    Raises UsageError when neither or both are given, NotFoundError, AmbiguousError, QueryError.

    Example::

        choose_runs(store, where='state == "failed" and created < -30d')
    """
    if runs and where is not None:
        raise UsageError("Name runs, or choose them with a filter: one of the two.")
    if not runs and where is None:
        raise UsageError("No run is named, and no filter says which are meant.")
    if runs:
        ids = list(dict.fromkeys(find_run(store, run, project) for run in runs))
        rows = store.catalog.rows(
            f"SELECT id, name FROM run WHERE id IN ({', '.join('?' * len(ids))})",  # noqa: S608 - marks only
            ids,
        )
        names = dict(rows)
        return [Chosen(run_id, names[run_id]) for run_id in ids]
    looked: list[RunRecord] = []
    for trash in {"trash": (True,), "all": (False, True)}.get(among, (False,)):
        looked += select_runs(
            store,
            project=project,
            where=where or "",
            order_by="created",
            limit=None,
            columns=[],
            trash=trash,
            include_archived=among in ("archived", "all"),
        ).rows
    found = {run.id: run.name for run in looked if among != "archived" or run.archived is not None}
    return [Chosen(run_id, name) for run_id, name in found.items()]


def runs_in_trash(store: Store, project: str | None = None) -> list[Chosen]:
    """Return the runs in the trash, the latest thrown away first."""
    rows = store.catalog.rows(
        "SELECT run.id, run.name FROM run JOIN project p ON p.number = run.project"
        " WHERE run.deleted IS NOT NULL AND (?1 IS NULL OR p.name = ?1) ORDER BY run.deleted DESC, run.id",
        (project,),
    )
    return [Chosen(*row) for row in rows]
