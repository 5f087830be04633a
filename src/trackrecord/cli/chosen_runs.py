"""Which runs a command is about: those named one by one, or all that fit a filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from trackrecord.words.errors import NotFoundError

if TYPE_CHECKING:
    from trackrecord.store.contract import Store
    from trackrecord.words.records import RunDetail, RunRecord


def chosen_runs(
    store: Store, runs: Sequence[str], where: str | None, project: str | None, *, most: int
) -> list[RunDetail]:
    """Return the runs in the order in which they were named, in ``project`` if given; by filter, the oldest first.

    Raises NotFoundError when none fits, QueryError, and click.UsageError when nothing or both was given.
    """
    from trackrecord.query.run_detail import run_detail

    if _are_named(runs, where, project):
        details = [run_detail(store, run, project) for run in runs]
        return list({detail.record.id: detail for detail in details}.values())
    return [run_detail(store, run.id) for run in _fitting(store, where, project, most, columns=[])]


def chosen_records(
    store: Store, runs: Sequence[str], where: str | None, project: str | None, *, most: int
) -> list[RunRecord]:
    """Return what lists show of the same runs, which for thousands is much quicker. Raises as `chosen_runs` does."""
    if _are_named(runs, where, project):
        return [detail.record for detail in chosen_runs(store, runs, where, project, most=most)]
    return _fitting(store, where, project, most, columns=None)


def first_records(
    store: Store, runs: Sequence[str], where: str | None, project: str | None, *, limit: int
) -> tuple[list[RunRecord], int]:
    """Return the same runs, the first ``limit`` of those that fit, and how many fit. Raises as `chosen_runs` does."""
    if _are_named(runs, where, project):
        found = chosen_records(store, runs, where, project, most=limit)
        return found[:limit], len(found)
    from trackrecord.query.runs import select_runs

    page = select_runs(store, project=project, where=where or "", order_by="created", limit=limit)
    if not page.rows:
        raise NotFoundError("No run fits.", hint="`trackrecord ls` lists the runs.")
    return list(page.rows), page.total


def _are_named(runs: Sequence[str], where: str | None, project: str | None) -> bool:
    if runs and where is not None:
        raise click.UsageError("Name runs, or choose them with --where (one of the two).")
    if not runs and where is None and project is None:
        raise click.UsageError("Name runs, or choose them with --where or --project.")
    return bool(runs)


def _fitting(
    store: Store, where: str | None, project: str | None, most: int, columns: Sequence[str] | None
) -> list[RunRecord]:
    from trackrecord.query.runs import select_runs

    page = select_runs(
        store, project=project, where=where or "", order_by="created", limit=most + 1, columns=columns
    )
    if not page.rows:
        raise NotFoundError("No run fits.", hint="`trackrecord ls` lists the runs.")
    if page.total > most:
        raise click.UsageError(f"{page.total:,} runs fit; {most:,} is the most here. Narrow it with --where.")
    return list(page.rows)
