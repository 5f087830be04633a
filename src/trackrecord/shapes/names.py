"""Names for pickers and for the filter box."""

from __future__ import annotations

from trackrecord.shapes.shape import Shape


class NameNode(Shape, frozen=True):
    """A name, or the beginning of several."""

    path: str
    label: str
    runs: int | None
    below: int


class NamePage(Shape, frozen=True):
    """A page of names."""

    items: list[NameNode]
    total: int
    revision: int
    next_cursor: str | None


class Completion(Shape, frozen=True):
    """One text that could stand in the filter box."""

    text: str
    kind: str
    detail: str | None


class Completions(Shape, frozen=True):
    """What could replace the characters ``start`` to ``end`` of a filter."""

    start: int
    end: int
    items: list[Completion]
