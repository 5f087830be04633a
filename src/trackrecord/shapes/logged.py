"""What a run printed, and what it logged that is no number."""

from __future__ import annotations

from typing import Any

from trackrecord.shapes.encoding import Number
from trackrecord.shapes.shape import Shape


class ConsoleLine(Shape, frozen=True):
    """A piece of what a run printed."""

    n: int
    time: str
    stream: str
    text: str


class Console(Shape, frozen=True):
    """A part of what a run printed; ``next`` is what to send as ``after`` for what follows."""

    lines: list[ConsoleLine]
    next: int
    total: int


class MediaEntry(Shape, frozen=True):
    """One logged value that is not a number."""

    kind: str
    key: str
    step: Number
    time: str
    caption: str | None
    digest: str | None
    media_type: str | None
    size: int | None
    data: Any


class MediaPage(Shape, frozen=True):
    """A page of logged values that are not numbers."""

    items: list[MediaEntry]
    total: int
    revision: int
    next_cursor: str | None
