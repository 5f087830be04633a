"""Which params, metrics and summary values there are, and how many runs have each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackrecord.query.lives import Lives
from trackrecord.query.names import project_number
from trackrecord.query.selection import Selection
from trackrecord.words.records import Column, Columns

if TYPE_CHECKING:
    from trackrecord.store.contract import Store


def columns_of(store: Store, project: str | None = None) -> Columns:
    """Return every key of a project, or of all, sorted by name. Raises NotFoundError.

    Runs that are archived or in the trash do not count.
    """
    with store.catalog.columns.reading() as view:
        number = None if project is None else project_number(view.rows, project)
        fitting, _ = Selection(project).fitting(view, Lives.of(view))
        counts = view.key_counts(fitting, number)
    found: dict[str, dict[str, tuple[int, list[str]]]] = {"param": {}, "metric": {}, "summary": {}}
    for (space, key, kind), runs in sorted(counts.items()):
        total, kinds = found[space].get(key, (0, []))
        found[space][key] = (total + runs, [*kinds, kind] if kind else kinds)
    params, metrics, summary = (
        tuple(Column(key, runs, tuple(kinds)) for key, (runs, kinds) in of_space.items())
        for of_space in found.values()
    )
    return Columns(params=params, metrics=metrics, summary=summary)
