"""What a table of a store is: columns, and the statement that yields its rows for the runs that were chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trackrecord.exchange.columns import Batch, Field
from trackrecord.query.sql import marks, whole_numbers

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

#: runs whose rows are read by one statement
_RUNS_A_PIECE = 200
#: what ``{of_run}`` in a statement stands for
_OF_RUN = "JOIN run r ON r.number = t.run WHERE t.run IN ({these})"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The runs whose rows are wanted, and their projects, by row number."""

    runs: tuple[int, ...]
    projects: tuple[int, ...]
    #: every run of the store, so that what belongs to none goes with them
    everything: bool = False

    def pieces(self) -> Iterator[Chosen]:
        """Yield the same in pieces of a few runs."""
        for start in range(0, len(self.runs), _RUNS_A_PIECE):
            yield Chosen(self.runs[start : start + _RUNS_A_PIECE], self.projects)


@dataclass(frozen=True, slots=True)
class TableShape:
    """One table: its columns, and the statement that yields its rows.

    ``{these}`` in the statement stands for the row numbers of runs or, unless ``by_run``, of projects, ``{of_run}``
    for the join of ``t`` with these runs as ``r``.
    """

    name: str
    fields: tuple[Field, ...]
    statement: str
    by_run: bool = True
    #: yields the rows that belong to no run, asked for when all runs are wanted
    rest: str = ""
    #: makes rows of what the statement yields
    finish: Callable[[Store, Sequence[Sequence[Any]]], list[Sequence[Any]]] | None = None
    #: changes the values of a row, by column
    changes: dict[str, Callable[[Store, dict[str, Any]], Any]] = field(default_factory=dict)

    def batches(self, store: Store, chosen: Chosen) -> Iterator[Batch]:
        """Yield the rows of some runs, or projects, in pieces."""
        for piece in chosen.pieces() if self.by_run else [chosen]:
            yield self.batch(store, piece)
        if self.rest and chosen.everything:
            yield self.batch(store, chosen, self.rest)

    def batch(self, store: Store, chosen: Chosen, statement: str = "") -> Batch:
        """Return the rows of some runs, or projects."""
        sql = (statement or self.statement).replace("{of_run}", _OF_RUN)
        sql = sql.replace("{these}", whole_numbers(chosen.runs if self.by_run else chosen.projects))
        rows: Sequence[Sequence[Any]] = store.catalog.rows(sql)
        if self.finish is not None:
            rows = self.finish(store, rows)
        if self.changes:
            rows = [self._changed(store, row) for row in rows]
        return Batch.of_rows(self.fields, rows)

    def _changed(self, store: Store, row: Sequence[Any]) -> tuple[Any, ...]:
        named = dict(zip((each.name for each in self.fields), row, strict=True))
        return tuple(
            self.changes[name](store, named) if name in self.changes else value
            for name, value in named.items()
        )


def choose(store: Store, run_ids: Sequence[str] | None = None) -> Chosen:
    """Return the runs of these ids, in the order of ids; without any, every run that is not in the trash."""
    rows = store.catalog.rows
    if run_ids is None:
        found = rows("SELECT number, project FROM run WHERE deleted IS NULL ORDER BY id")
        projects = {number for (number,) in rows("SELECT number FROM project")}
        return Chosen(tuple(number for number, _ in found), tuple(sorted(projects)), everything=True)
    chosen: list[tuple[str, int, int]] = []
    for start in range(0, len(run_ids), 500):
        piece = run_ids[start : start + 500]
        chosen += rows(f"SELECT id, number, project FROM run WHERE id IN ({marks(len(piece))})", piece)  # noqa: S608 - ours
    chosen.sort()
    return Chosen(
        tuple(number for _, number, _ in chosen), tuple(sorted({project for *_, project in chosen}))
    )
