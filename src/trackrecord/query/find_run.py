"""Finding the one run that somebody means by a shortened id or a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackrecord.query.moments import moment_at
from trackrecord.query.names import close_names
from trackrecord.words.errors import AmbiguousError, NotFoundError
from trackrecord.words.ids import short_id

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

#: Shorter pieces of an id are no id.
SHORTEST_PIECE = 4

_MOST_CANDIDATES = 10


def find_run(store: Store, text: str) -> str:
    """Return the id of the run that ``text`` names.

    That is its id, any beginning or ending of the id with 4 characters or more that no other run shares, or
    its name if no other run has it. Raises NotFoundError, AmbiguousError when several runs fit.
    """
    text = text.strip()
    rows = store.catalog.rows
    if not text or "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise NotFoundError(
            f"{text[:60]!r} is not the name of a run.", hint="`trackrecord ls` lists the runs."
        )
    if rows("SELECT 1 FROM run WHERE id = ?", (text,)):
        return text
    found: list[tuple[str, str, int]] = list(_named(store, text))
    if len(text) >= SHORTEST_PIECE:
        piece = text.lower()
        found += rows(
            "SELECT id, name, created FROM run WHERE substr(id, 1, ?) = ? OR "
            "(length(id) >= ? AND substr(id, length(id) - ?) = ?) ORDER BY created DESC LIMIT ?",
            (len(piece), piece, len(piece), len(piece) - 1, piece, _MOST_CANDIDATES + 1),
        )
    found = list(dict.fromkeys(found))
    if len(found) == 1:
        return found[0][0]
    if found:
        raise _several(text, found)
    raise _nothing(store, text)


def _named(store: Store, name: str) -> list[tuple[str, str, int]]:
    return store.catalog.rows(
        "SELECT id, name, created FROM run WHERE name = ? ORDER BY created DESC LIMIT ?",
        (name, _MOST_CANDIDATES + 1),
    )


def _several(text: str, found: list[tuple[str, str, int]]) -> AmbiguousError:
    lines = [
        f"  {short_id(run_id)}  {name}  ({moment_at(created):%Y-%m-%d %H:%M} UTC)"
        for run_id, name, created in found[:_MOST_CANDIDATES]
    ]
    if len(found) > _MOST_CANDIDATES:
        lines.append("  ...")
    return AmbiguousError(
        f"Several runs fit {text!r}:\n" + "\n".join(lines),
        hint="Use more characters of the id.",
        suggestions=tuple(run_id for run_id, _, _ in found[:_MOST_CANDIDATES]),
    )


def _nothing(store: Store, text: str) -> NotFoundError:
    recent = store.catalog.rows("SELECT name, id FROM run ORDER BY created DESC LIMIT 1000")
    hint = "`trackrecord ls` lists the runs." if recent else "The store has no run yet."
    if len(text) < SHORTEST_PIECE:
        hint += f" A piece of an id has {SHORTEST_PIECE} characters or more."
    return NotFoundError(
        f"There is no run {text[:80]!r}.",
        hint=hint,
        suggestions=close_names(text, [name for row in recent for name in (row[0], short_id(row[1]))]),
    )
