"""The shapes of changes after the fact (docs/api.md, "Changes"): what is asked, and what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from trackrecord.shapes import Shape
from trackrecord.shapes.encoding import moment

if TYPE_CHECKING:
    from trackrecord.lifecycle.choosing import Chosen
    from trackrecord.lifecycle.history import ChangeRecord
    from trackrecord.lifecycle.purging import PurgeReport
    from trackrecord.lifecycle.recording import EditReport
    from trackrecord.store.removal.garbage import Garbage


class RunEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be changed of a run: only what is given. ``null`` takes a note or a group away."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    notes: str | msgspec.UnsetType | None = msgspec.UNSET
    group: str | msgspec.UnsetType | None = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    add_tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    remove_tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    archived: bool | msgspec.UnsetType = msgspec.UNSET
    deleted: bool | msgspec.UnsetType = msgspec.UNSET
    project: str | msgspec.UnsetType = msgspec.UNSET


class RunsChosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which runs: ``runs`` by name, or all that fit the filter ``where`` (``project`` narrows both).

    With ``expected``, nothing is done when other than so many runs fit.
    """

    runs: list[str] | None = None
    where: str | None = None
    project: str | None = None
    among: str = "shown"
    expected: int | None = None


class RunsEdit(RunsChosen, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One change of many runs."""

    edit: RunEdit


class RunsPurge(RunsChosen, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Runs to be removed for good, by id; ``force`` also those that were never seen to end."""

    force: bool = False


class GarbageQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether what nobody needs is to be removed; without ``remove`` it is only reported."""

    remove: bool = False


class EditAnswer(Shape, frozen=True):
    """What became of a change: the ids of the runs, and whether every view shows it already."""

    runs: list[str]
    count: int
    shown: bool
    problem: str | None


class PurgeAnswer(Shape, frozen=True):
    """What became of a purge: bytes of the database before and after, and sentences for people."""

    runs: list[str]
    count: int
    shown: bool
    before: int
    after: int
    notes: list[str]


class ChangeRow(Shape, frozen=True):
    """One change after the fact."""

    time: str
    who: str
    about: str
    name: str
    field: str
    before: Any
    after: Any


class ChangePage(Shape, frozen=True):
    """Changes, the latest first."""

    items: list[ChangeRow]
    total: int
    revision: int
    next_cursor: str | None


class TrashedRun(Shape, frozen=True):
    """A run in the trash."""

    id: str
    name: str


class TrashPage(Shape, frozen=True):
    """The trash, the latest thrown away first."""

    items: list[TrashedRun]
    total: int
    revision: int
    next_cursor: str | None


class GarbageRow(Shape, frozen=True):
    """One kind of garbage."""

    kind: str
    count: int
    bytes: int
    meaning: str


class GarbageAnswer(Shape, frozen=True):
    """What can be freed, or what was."""

    removed: bool
    bytes: int
    kinds: list[GarbageRow]
    problems: list[str]


def edit_answer(report: EditReport) -> EditAnswer:
    """Return what became of a change."""
    return EditAnswer(list(report.runs), len(report.runs), report.shown, report.problem)


def purge_answer(report: PurgeReport) -> PurgeAnswer:
    """Return what became of a purge."""
    runs = list(report.runs)
    return PurgeAnswer(runs, len(runs), report.shown, report.before, report.after, list(report.notes))


def change_page(
    found: Sequence[ChangeRecord], total: int, revision: int, next_cursor: str | None
) -> ChangePage:
    """Return a page of changes."""
    items = [
        ChangeRow(moment(each.time), each.who, each.about, each.name, each.field, each.before, each.after)
        for each in found
    ]
    return ChangePage(items, total, revision, next_cursor)


def trash_page(chosen: Sequence[Chosen], revision: int) -> TrashPage:
    """Return the whole trash as one page."""
    return TrashPage([TrashedRun(run.id, run.name) for run in chosen], len(chosen), revision, None)


def garbage_answer(found: Garbage, *, removed: bool) -> GarbageAnswer:
    """Return what can be freed, or what was."""
    kinds = [GarbageRow(kind.kind, kind.count, kind.bytes, kind.meaning) for kind in found.kinds()]
    return GarbageAnswer(removed, found.total, kinds, list(found.problems))
