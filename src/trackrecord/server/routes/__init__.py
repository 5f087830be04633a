"""The table of routes: one file per resource, each with its rows of the table in ``ROUTES``."""

from __future__ import annotations

from trackrecord.server import openapi
from trackrecord.server.route import ApiRequest, ApiRoute
from trackrecord.server.routes import (
    blobs,
    compare,
    complete,
    console,
    edits,
    events,
    garbage,
    groups,
    media,
    names,
    projects,
    run,
    runs,
    series,
    stop,
    store,
)


def _document(asked: ApiRequest) -> dict[str, object]:  # noqa: ARG001 (every handler is asked the same way)
    return openapi.document(ROUTES)


#: every route of the API, in the order of docs/api.md
ROUTES: tuple[ApiRoute, ...] = (
    *store.ROUTES,
    *projects.ROUTES,
    *runs.ROUTES,
    *groups.ROUTES,
    *names.ROUTES,
    *run.ROUTES,
    *edits.ROUTES,
    *stop.ROUTES,
    *garbage.ROUTES,
    *console.ROUTES,
    *media.ROUTES,
    *blobs.ROUTES,
    *series.ROUTES,
    *compare.ROUTES,
    *complete.ROUTES,
    *events.ROUTES,
    ApiRoute("GET", "/api/v1/openapi.json", _document, "This API, for machines."),
)
