"""What nobody needs any more: reported, and removed when asked to."""

from __future__ import annotations

from trackrecord.server.route import ApiRequest, ApiRoute
from trackrecord.shapes.edits import GarbageAnswer, GarbageQuestion, garbage_answer
from trackrecord.store.removal.garbage import find_garbage, remove_garbage


def _garbage(asked: ApiRequest) -> GarbageAnswer:
    question = asked.decoded(GarbageQuestion)
    store = asked.live.store
    found = remove_garbage(store) if question.remove else find_garbage(store)
    return garbage_answer(found, removed=question.remove)


ROUTES = (
    ApiRoute(
        "POST",
        "/api/v1/gc",
        _garbage,
        "Report what nobody needs any more; with remove, remove it.",
        GarbageAnswer,
        body=GarbageQuestion,
    ),
)
