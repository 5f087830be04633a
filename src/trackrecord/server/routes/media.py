"""Logged values that are not numbers."""

from __future__ import annotations

from trackrecord.query.media import media_page
from trackrecord.server import rows, shapes
from trackrecord.server.paging import opened, sealed
from trackrecord.server.route import PAGE_PARAMETERS, ApiRequest, ApiRoute


def _media(asked: ApiRequest) -> shapes.MediaPage:
    run, key = asked.path["run"], asked.path["key"]
    cursor = opened(asked.text("cursor"), "media", run, key)
    page = media_page(asked.store, run, key, limit=asked.limit(), cursor=cursor)
    return shapes.MediaPage(
        items=[rows.media_entry(entry) for entry in page.entries],
        total=page.total,
        revision=page.revision,
        next_cursor=sealed(page.next_cursor, "media", run, key),
    )


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/runs/{run}/media/{key:path}",
        _media,
        "Logged values that are not numbers, in the order of steps.",
        shapes.MediaPage,
        PAGE_PARAMETERS,
    ),
)
