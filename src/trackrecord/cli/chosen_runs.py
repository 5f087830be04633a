"""Which runs a command is about: those named one by one, or all that fit a filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trackrecord.words.errors import NotFoundError

if TYPE_CHECKING:
    from trackrecord.query.runs import RunPage
    from trackrecord.store.contract import Store
    from trackrecord.words.records import RunDetail, RunRecord

_Command = TypeVar("_Command", bound=Callable[..., Any])


def among_options(command: _Command) -> _Command:
    """Add ``--archived`` and ``--trash``, which a filter chooses from as in ``trackrecord ls``."""
    trash = click.option("--trash", is_flag=True, help="Only runs in the trash.")
    archived = click.option("--archived", is_flag=True, help="Archived runs, too.")
    decorated: _Command = archived(trash(command))
    return decorated


@dataclass(frozen=True)
class Choice:
    """Which runs were asked for: ``runs`` by name, or what fits; a run that is named is found wherever it is."""

    runs: Sequence[str]
    where: str | None
    project: str | None
    archived: bool = False
    trash: bool = False

    def is_of_names(self) -> bool:
        """Tell whether runs are named. Raises click.UsageError when nothing or both was given."""
        if self.runs and self.where is not None:
            raise click.UsageError("Name runs, or choose them with --where (one of the two).")
        if self.runs and (self.archived or self.trash):
            raise click.UsageError(
                "--archived and --trash go with --where or --project: a named run is found anyway."
            )
        if not self.runs and self.where is None and self.project is None:
            raise click.UsageError("Name runs, or choose them with --where or --project.")
        return bool(self.runs)

    def fitting(self, store: Store, limit: int, columns: Sequence[str] | None = None) -> RunPage:
        """Return the first of the runs that fit, the oldest first. Raises NotFoundError when there is none."""
        from trackrecord.query.runs import select_runs

        page = select_runs(
            store,
            project=self.project,
            where=self.where or "",
            order_by="created",
            limit=limit,
            columns=columns,
            trash=self.trash,
            include_archived=self.archived,
        )
        if not page.rows:
            raise NotFoundError("No run fits.", hint="`trackrecord ls` lists the runs.")
        return page


def chosen_runs(store: Store, choice: Choice, *, most: int) -> list[RunDetail]:
    """Return the runs in the order in which they were named, in ``project`` if given; by filter, the oldest first.

    Raises NotFoundError when none fits, QueryError, and click.UsageError when nothing or both was given.
    """
    from trackrecord.query.run_detail import run_detail

    if choice.is_of_names():
        details = [run_detail(store, run, choice.project) for run in choice.runs]
        return list({detail.record.id: detail for detail in details}.values())
    return [run_detail(store, run.id) for run in _fitting(store, choice, most, columns=[])]


def chosen_records(store: Store, choice: Choice, *, most: int) -> list[RunRecord]:
    """Return what lists show of the same runs, which for thousands is much quicker. Raises as `chosen_runs` does."""
    if choice.is_of_names():
        return [detail.record for detail in chosen_runs(store, choice, most=most)]
    return _fitting(store, choice, most, columns=None)


def first_records(store: Store, choice: Choice, *, limit: int) -> tuple[list[RunRecord], int]:
    """Return the same runs, the first ``limit`` of those that fit, and how many fit. Raises as `chosen_runs` does."""
    if choice.is_of_names():
        found = chosen_records(store, choice, most=limit)
        return found[:limit], len(found)
    page = choice.fitting(store, limit)
    return list(page.rows), page.total


def _fitting(store: Store, choice: Choice, most: int, columns: Sequence[str] | None) -> list[RunRecord]:
    page = choice.fitting(store, most + 1, columns)
    if page.total > most:
        raise click.UsageError(f"{page.total:,} runs fit; {most:,} is the most here. Narrow it with --where.")
    return list(page.rows)
