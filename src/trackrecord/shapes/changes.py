"""The store that is served, and what changes in it."""

from __future__ import annotations

from trackrecord.shapes.encoding import Number
from trackrecord.shapes.shape import Shape


class StoreInfo(Shape, frozen=True):
    """The store that is served."""

    version: str
    path: str
    store_id: str
    revision: int
    now: str
    taken_in: str | None
    projects: int
    runs: int
    problem: str | None


class ChangedRun(Shape, frozen=True):
    """A run that changed."""

    id: str
    project: str
    state: str
    last_step: Number | None


class Change(Shape, frozen=True):
    """What changed; ``runs`` is None when anything may have."""

    revision: int
    runs: list[ChangedRun] | None
    projects: list[str]


class Hello(Shape, frozen=True):
    """The first event of a stream."""

    revision: int
    store_id: str
