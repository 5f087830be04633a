"""Finding the one run that somebody means by a shortened id or a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackrecord.query.moments import moment_at
from trackrecord.query.names import close_names, project_number
from trackrecord.query.sql import whole_numbers
from trackrecord.words.errors import AmbiguousError, NotFoundError
from trackrecord.words.ids import short_id

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

#: Shorter pieces of an id are no id.
SHORTEST_PIECE = 4

_MOST_CANDIDATES = 10

#: id, name, when it was created, project
_Candidate = tuple[str, str, int, str]


def find_run(store: Store, text: str, project: str | None = None) -> str:
    """Return the id of the run that ``text`` names.

    That is its id, any beginning or ending of the id with 4 characters or more that no other run shares, or
    its name if no other run has it; with ``project``, no other run of that project.
    Raises NotFoundError, AmbiguousError when several runs fit.
    """
    text = text.strip()
    rows = store.catalog.rows
    number = None if project is None else project_number(rows, project)
    if not text or "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise NotFoundError(
            f"{text[:60]!r} is not the name of a run.", hint="`trackrecord ls` lists the runs."
        )
    if rows("SELECT 1 FROM run WHERE id = ? AND ? IN (project, 0)", (text, number or 0)):
        return text
    numbers = [row[0] for row in rows("SELECT number FROM run WHERE name = ? LIMIT 1000", (text,))]
    if len(text) >= SHORTEST_PIECE:
        piece = text.lower()
        # the index of ids has all that this looks at, so that no run itself is read
        numbers += [
            row[0]
            for row in rows(
                "SELECT number FROM run WHERE substr(id, 1, ?) = ? OR substr(id, -?) = ? LIMIT 1000",
                (len(piece), piece, len(piece), piece),
            )
        ]
    found = _candidates(store, numbers, number)
    if len(found) == 1:
        return found[0][0]
    if found:
        raise _several(text, found)
    raise _nothing(store, text, number, project)


def _candidates(store: Store, numbers: list[int], project: int | None) -> list[_Candidate]:
    """Return runs by number, those in the trash only where there is no other."""
    rows = store.catalog.rows(
        "SELECT run.id, run.name, run.created, p.name, run.deleted IS NOT NULL "  # noqa: S608 - whole numbers of ours
        "FROM run JOIN project AS p ON p.number = run.project "
        f"WHERE run.number IN ({whole_numbers(numbers)}) AND ? IN (run.project, 0) ORDER BY run.created DESC",
        (project or 0,),
    )
    kept = [row for row in rows if not row[4]] or rows
    return [(run_id, name, created, project_name) for run_id, name, created, project_name, _ in kept]


def _several(text: str, found: list[_Candidate]) -> AmbiguousError:
    projects = {project for _, _, _, project in found}
    lines = [
        f"  {short_id(run_id)}  {name}  ({moment_at(created):%Y-%m-%d %H:%M} UTC"
        + (f", project {project})" if len(projects) > 1 else ")")
        for run_id, name, created, project in found[:_MOST_CANDIDATES]
    ]
    if len(found) > _MOST_CANDIDATES:
        lines.append("  ...")
    hint = "Use more characters of the id"
    return AmbiguousError(
        f"Several runs fit {text!r}:\n" + "\n".join(lines),
        hint=f"{hint}, or name the project with --project." if len(projects) > 1 else f"{hint}.",
        suggestions=tuple(run_id for run_id, *_ in found[:_MOST_CANDIDATES]),
    )


def _nothing(store: Store, text: str, number: int | None, project: str | None) -> NotFoundError:
    recent = store.catalog.rows(
        "SELECT name, id FROM run WHERE ? IN (project, 0) ORDER BY created DESC LIMIT 1000",
        (number or 0,),
    )
    hint = "`trackrecord ls` lists the runs." if recent else "The store has no run yet."
    if project is not None:
        hint = (
            f"`trackrecord ls --project {project}` lists the runs."
            if recent
            else "The project has no run yet."
        )
    if len(text) < SHORTEST_PIECE:
        hint += f" A piece of an id has {SHORTEST_PIECE} characters or more."
    return NotFoundError(
        f"There is no run {text[:80]!r}" + ("." if project is None else f" in project {project!r}."),
        hint=hint,
        suggestions=close_names(text, [name for row in recent for name in (row[0], short_id(row[1]))]),
    )
