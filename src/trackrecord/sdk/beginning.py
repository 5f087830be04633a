"""The first word of a writer: what it is to its run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trackrecord.journal.clock import now_ns
from trackrecord.journal.format import Kind
from trackrecord.journal.process import host_name
from trackrecord.sdk.caller import command_line, user_name
from trackrecord.sdk.fitting import fitting_record
from trackrecord.sdk.numbers import as_text
from trackrecord.sdk.problems import Problems
from trackrecord.sdk.settled import clean_text


def begin_record(
    *,
    role: str,
    project: str,
    name: str | None = None,
    group: str | None = None,
    experiment: str | None = None,
    parent: str | None = None,
    tags: Any = (),
    notes: str | None = None,
    hypothesis: str | None = None,
    problems: Problems,
) -> bytes:
    """Return the begin record of a writer whose role is ``begin``, ``join`` or ``forked``."""
    now = now_ns()
    return fitting_record(
        Kind.BEGIN,
        {
            "t": now,
            "role": role,
            "project": project,
            "name": name,
            "group": None if group is None else as_text(group),
            "experiment": None if experiment is None else as_text(experiment),
            "parent": parent,
            "tags": as_tags(tags),
            "notes": None if notes is None else as_text(notes),
            "hypothesis": None if hypothesis is None else as_text(hypothesis),
            "user": user_name(),
            "host": host_name(),
            "command": command_line() if role == "begin" else [],
            "created": now,
        },
        problems,
    )


def as_tags(tags: Any) -> list[str]:
    """Return tags as texts: one text is one tag, and what is no series of tags is a tag itself."""
    if tags is None:
        return []
    if isinstance(tags, str) or not isinstance(tags, Iterable):
        return [clean_text(as_text(tags))]
    return [clean_text(as_text(tag)) for tag in tags]
