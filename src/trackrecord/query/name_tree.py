"""The names of params, metrics and summary values for pickers: as a tree, one level at a time, or by a pattern."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackrecord.query.cursors import cursor_at, position_of
from trackrecord.query.lives import Lives
from trackrecord.query.names import SPACES, project_number
from trackrecord.query.patterns import safe_pattern
from trackrecord.query.selection import Selection
from trackrecord.query.timed_search import TimedSearch
from trackrecord.words.errors import UsageError

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

#: what parts the levels of a name
SEPARATORS = {"params": ".", "metrics": "/", "summary": "/"}


@dataclass(frozen=True, slots=True)
class NameNode:
    """A name, or the beginning of several.

    ``path`` is the whole name so far and ``label`` its last part. ``runs`` counts the runs that have exactly this name,
    None when none has it; ``below`` counts the names that go on behind it.
    """

    path: str
    label: str
    runs: int | None
    below: int


@dataclass(frozen=True, slots=True)
class NamePage:
    """One slice of names in alphabetical order; ``total`` counts all."""

    revision: int
    names: tuple[NameNode, ...]
    total: int
    next_cursor: str | None


def list_names(
    store: Store,
    namespace: str,
    *,
    project: str | None = None,
    pattern: str = "",
    prefix: str = "",
    tree: bool = False,
    limit: int | None = 1000,
    cursor: str | None = None,
) -> NamePage:
    """Return names that runs have, with how many runs have each; runs archived or in the trash do not count.

    Args:
        store: where to look.
        namespace: ``params``, ``metrics`` or ``summary``.
        project: only names of this project.
        pattern: a regular expression that is found in the name, as by ``~`` in a filter.
        prefix: only names that begin with it. In a tree: the path whose next level is wanted.
        tree: one level of the tree of names (parts end at ``/`` in metrics, at ``.`` in params) instead of whole names.
        limit: at most so many; None for all.
        cursor: the ``next_cursor`` of the page before.

    Raises:
        QueryError: the pattern can't be used.
        NotFoundError: there is no such project.
        UsageError: there is no such namespace, or limit or cursor can't be used.

    Example::

        list_names(store, "metrics", prefix="val", tree=True)
    """
    if namespace not in SPACES:
        raise UsageError(
            f"There are no names of {namespace[:60]!r}.", hint=f"There are those of {', '.join(SPACES)}."
        )
    offset = 0 if cursor is None else position_of(cursor)
    if limit is not None and limit < 0:
        raise UsageError(f"limit can't be negative: {limit}.")
    safe = safe_pattern(pattern, text=pattern) if pattern else None
    with store.catalog.columns.reading() as view:
        number = None if project is None else project_number(view.rows, project)
        fitting, _ = Selection(project).fitting(view, Lives.of(view))
        counts: dict[str, int] = {}
        for (space, key, _kind), runs in view.key_counts(fitting, number).items():
            if space == SPACES[namespace]:
                counts[key] = counts.get(key, 0) + runs
        revision = view.revision
    if safe is not None:
        found_in = TimedSearch().of(safe.text, safe.visible)
        counts = {key: runs for key, runs in counts.items() if found_in(key)}
    separator = SEPARATORS[namespace]
    nodes = _level(counts, prefix, separator) if tree else _whole(counts, prefix, separator)
    end = len(nodes) if limit is None else min(len(nodes), offset + limit)
    more = offset < end < len(nodes)
    return NamePage(revision, tuple(nodes[offset:end]), len(nodes), cursor_at(end) if more else None)


def _whole(counts: dict[str, int], prefix: str, separator: str) -> list[NameNode]:
    return [
        NameNode(key, key.rpartition(separator)[2] or key, runs, 0)
        for key, runs in sorted(counts.items())
        if key.startswith(prefix)
    ]


def _level(counts: dict[str, int], prefix: str, separator: str) -> list[NameNode]:
    """Return the names one level below a path."""
    path = prefix if not prefix or prefix.endswith(separator) else prefix + separator
    below: dict[str, int] = {}
    for key in _behind(counts, path):
        label, part, _ = key[len(path) :].partition(separator)
        # an empty part ("a//b", "a/") is a level like any other
        below[label] = below.get(label, 0) + bool(part)
    return [
        NameNode(path + label, label, counts.get(path + label), deeper)
        for label, deeper in sorted(below.items())
    ]


def _behind(keys: Iterable[str], path: str) -> Iterable[str]:
    return (key for key in keys if key.startswith(path))
