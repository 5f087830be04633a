"""Which params, metrics and summary values there are, and how many runs have each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackrecord.query.names import project_number
from trackrecord.words.records import Column, Columns

if TYPE_CHECKING:
    from trackrecord.store.contract import Store


def columns_of(store: Store, project: str | None = None) -> Columns:
    """Return every key of a project, or of all, sorted by name. Raises NotFoundError."""
    number = None if project is None else project_number(store.catalog, project)
    return Columns(
        params=_typed(store, "param", number),
        metrics=tuple(
            Column(key, runs) for key, runs in store.catalog.rows(*_counting("metric", "v.key", number))
        ),
        summary=_typed(store, "summary", number),
    )


def _typed(store: Store, table: str, project: int | None) -> tuple[Column, ...]:
    found: dict[str, tuple[int, list[str]]] = {}
    for key, kind, runs in store.catalog.rows(*_counting(table, "v.key, v.kind", project)):
        count, kinds = found.get(key, (0, []))
        found[key] = (count + runs, [*kinds, kind])
    return tuple(Column(key, runs, tuple(kinds)) for key, (runs, kinds) in found.items())


def _counting(table: str, by: str, project: int | None) -> tuple[str, tuple[int, ...]]:
    scope = "" if project is None else "JOIN run ON run.number = v.run WHERE run.project = ? "
    sql = f"SELECT {by}, COUNT(*) FROM {table} AS v {scope}GROUP BY {by} ORDER BY {by}"  # noqa: S608 - ours
    return sql, () if project is None else (project,)
