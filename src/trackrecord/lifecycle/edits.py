"""What may be changed of a run after the fact, as values, checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trackrecord.words.errors import UsageError
from trackrecord.words.keys import mend_key

#: one note may be as long as a chapter, not as a library
LONGEST_NOTE = 1_000_000


@dataclass(frozen=True)
class Edit:
    """One change: the fields of its record in the journal (docs/format.md), but for time, person and runs."""

    field: str
    said: dict[str, Any]


def rename(name: str) -> Edit:
    """Give a run another name. Raises UsageError for an empty one.

    >>> rename("baseline").said
    {'value': 'baseline'}
    """
    return Edit("name", {"value": _name("name of a run", name)})


def set_note(note: str | None) -> Edit:
    """Replace the note; None or an empty text takes it away. Raises UsageError for one that is no text or too long."""
    if note is not None and not isinstance(note, str):
        raise UsageError(f"A note is a text, not {note!r:.60}.")
    if note is not None and len(note) > LONGEST_NOTE:
        raise UsageError(
            f"A note may have {LONGEST_NOTE:,} characters; this one has {len(note):,}.",
            hint="Keep long texts as an artifact.",
        )
    return Edit("notes", {"value": None if not note else _writable(note)})


def set_group(group: str | None) -> Edit:
    """Put a run into a group; None takes it out of its group."""
    return Edit("group", {"value": None if group is None else _name("name of a group", group)})


def add_tags(tags: Iterable[str]) -> Edit:
    """Add tags. Raises UsageError when there is none."""
    return Edit("tags", {"add": _tags(tags)})


def remove_tags(tags: Iterable[str]) -> Edit:
    """Take tags off. Raises UsageError when there is none."""
    return Edit("tags", {"remove": _tags(tags)})


def set_tags(tags: Iterable[str]) -> Edit:
    """Let a run have these tags and no others; none at all, too."""
    return Edit("tags", {"value": _tags(tags, may_be_none=True)})


def set_archived(archived: bool = True) -> Edit:
    """Archive a run, or take it back."""
    return Edit("archived", {"value": _flag("archived", archived)})


def set_deleted(deleted: bool = True) -> Edit:
    """Move a run to the trash, or take it back."""
    return Edit("deleted", {"value": _flag("deleted", deleted)})


def move_to(project: str) -> Edit:
    """Move a run to another project, which is made when it is new. Raises UsageError for a name that can't be used."""
    name = _name("name of a project", project)
    if name in (".", ".."):
        raise UsageError(f"{name!r} can't be the name of a project: no address of a page can hold it.")
    return Edit("project", {"value": name})


def _name(what: str, name: Any) -> str:
    if not isinstance(name, str):
        raise UsageError(f"The {what} is a text, not {name!r:.60}.")
    if not name.strip():
        raise UsageError(f"The {what} can't be empty.")
    mended, reason = mend_key(name)
    if reason is not None:
        raise UsageError(f"{name[:60]!r} can't be the {what}.", hint=f"{mended[:60]!r} could be.")
    return mended


def _tags(tags: Any, *, may_be_none: bool = False) -> list[str]:
    if isinstance(tags, str):
        tags = [tags]
    if not isinstance(tags, Iterable):
        raise UsageError(f"Tags are texts, not {tags!r:.60}.")
    found = list(dict.fromkeys(_name("name of a tag", tag) for tag in tags))
    if not found and not may_be_none:
        raise UsageError("No tag is given.")
    return found


def _flag(what: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{what} is true or false, not {value!r:.60}.")
    return value


def _writable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
