"""Changes after the fact: of one run, of many, taking them back, and what was changed by whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast, get_args

import msgspec

from trackrecord.lifecycle import edits
from trackrecord.lifecycle.choosing import Among, choose_runs
from trackrecord.lifecycle.edits import Edit
from trackrecord.lifecycle.history import (
    find_changed_run,
    history_of_project,
    history_of_run,
    length_of_history,
    undo,
)
from trackrecord.lifecycle.purging import purge
from trackrecord.lifecycle.recording import record_edits
from trackrecord.query.find_run import find_run
from trackrecord.server.errors import RequestError
from trackrecord.server.paging import opened, sealed
from trackrecord.server.route import PAGE_PARAMETERS, ApiRequest, ApiRoute, Parameter
from trackrecord.shapes import edits as edit_shapes

_FIELDS: dict[str, Callable[[Any], Edit]] = {
    "name": edits.rename,
    "notes": edits.set_note,
    "group": edits.set_group,
    "tags": edits.set_tags,
    "add_tags": edits.add_tags,
    "remove_tags": edits.remove_tags,
    "archived": edits.set_archived,
    "deleted": edits.set_deleted,
    "project": edits.move_to,
}


def _edit_run(asked: ApiRequest) -> edit_shapes.EditAnswer:
    wanted = _edits(asked.decoded(edit_shapes.RunEdit))
    run = find_run(asked.store, asked.path["run"])
    return edit_shapes.edit_answer(record_edits(asked.live.store, [run], wanted))


def _delete_run(asked: ApiRequest) -> edit_shapes.EditAnswer:
    run = find_run(asked.store, asked.path["run"])
    return edit_shapes.edit_answer(record_edits(asked.live.store, [run], [edits.set_deleted()]))


def _edit_runs(asked: ApiRequest) -> edit_shapes.EditAnswer:
    question = asked.decoded(edit_shapes.RunsEdit)
    wanted = _edits(question.edit)
    return edit_shapes.edit_answer(record_edits(asked.live.store, _chosen(asked, question), wanted))


def _undo(asked: ApiRequest) -> edit_shapes.EditAnswer:
    question = asked.decoded(edit_shapes.RunsChosen)
    return edit_shapes.edit_answer(undo(asked.live.store, _chosen(asked, question)))


def _purge(asked: ApiRequest) -> edit_shapes.PurgeAnswer:
    question = asked.decoded(edit_shapes.RunsPurge)
    if question.where is not None:
        raise RequestError("bad_request", "What is removed for good is named run by run, not by a filter.")
    for run in question.runs or ():
        if not asked.store.catalog.rows("SELECT 1 FROM run WHERE id = ?", (run,)):
            raise RequestError(
                "not_found",
                f"There is no run of the id {run!r:.80}.",
                hint="Give whole ids to remove runs for good.",
            )
    return edit_shapes.purge_answer(purge(asked.live.store, _chosen(asked, question), force=question.force))


def _history_of_run(asked: ApiRequest) -> edit_shapes.ChangePage:
    run = find_changed_run(asked.store, asked.path["run"])
    cursor = opened(asked.text("cursor"), "history", run)
    offset = 0 if cursor is None else _place(cursor)
    revision = asked.store.catalog.revision()
    total = length_of_history(asked.store, run)
    found = history_of_run(asked.store, run, limit=asked.limit(), offset=offset)
    end = offset + len(found)
    following = sealed(str(end), "history", run) if found and end < total else None
    return edit_shapes.change_page(found, total, revision, following)


def _place(cursor: str) -> int:
    if not cursor.isdecimal() or len(cursor) > 18:
        raise RequestError("bad_request", f"{cursor!r:.60} is not a cursor.", hint="Begin again without one.")
    return int(cursor)


def _history_of_project(asked: ApiRequest) -> edit_shapes.ChangePage:
    project = asked.text("project")
    if project is None:
        raise RequestError("bad_request", "The project is missing.", hint="For example ?project=digits")
    revision = asked.store.catalog.revision()
    found = history_of_project(asked.store, project)
    return edit_shapes.change_page(found, len(found), revision, None)


def _edits(said: edit_shapes.RunEdit) -> list[Edit]:
    found = [
        make(value) for name, make in _FIELDS.items() if (value := getattr(said, name)) is not msgspec.UNSET
    ]
    if not found:
        raise RequestError(
            "bad_request", "Nothing is to be changed.", hint="It may be " + ", ".join(_FIELDS) + "."
        )
    return found


def _chosen(asked: ApiRequest, question: edit_shapes.RunsChosen) -> list[str]:
    if question.among not in get_args(Among):
        raise RequestError(
            "bad_request", f"among={question.among!r:.40} is unknown.", hint="shown, archived, trash or all"
        )
    chosen = choose_runs(
        asked.store,
        question.runs or (),
        where=question.where,
        project=question.project,
        among=cast("Among", question.among),
    )
    if question.expected is not None and len(chosen) != question.expected:
        raise RequestError(
            "bad_request",
            f"{len(chosen):,} runs fit, not {question.expected:,}: nothing was changed.",
            hint="Look again, and ask with the new number.",
        )
    return [run.id for run in chosen]


ROUTES = (
    ApiRoute(
        "PATCH",
        "/api/v1/runs/{run}",
        _edit_run,
        "Change one run.",
        edit_shapes.EditAnswer,
        body=edit_shapes.RunEdit,
    ),
    ApiRoute(
        "DELETE", "/api/v1/runs/{run}", _delete_run, "Move one run to the trash.", edit_shapes.EditAnswer
    ),
    ApiRoute(
        "POST",
        "/api/v1/runs/edit",
        _edit_runs,
        "Change many runs in the same way.",
        edit_shapes.EditAnswer,
        body=edit_shapes.RunsEdit,
    ),
    ApiRoute(
        "POST",
        "/api/v1/runs/undo",
        _undo,
        "Take back the last change of runs.",
        edit_shapes.EditAnswer,
        body=edit_shapes.RunsChosen,
    ),
    ApiRoute(
        "POST",
        "/api/v1/runs/purge",
        _purge,
        "Remove runs for good.",
        edit_shapes.PurgeAnswer,
        body=edit_shapes.RunsPurge,
    ),
    ApiRoute(
        "GET",
        "/api/v1/runs/{run}/history",
        _history_of_run,
        "What was changed of a run, and by whom.",
        edit_shapes.ChangePage,
        PAGE_PARAMETERS,
    ),
    ApiRoute(
        "GET",
        "/api/v1/history",
        _history_of_project,
        "What was said of a project's experiments and metric contracts, and by whom.",
        edit_shapes.ChangePage,
        (Parameter("project", "string", "The project."),),
    ),
)
