"""Logged values that are not numbers."""

from __future__ import annotations

from trackrecord import shapes
from trackrecord.query.media import media_page
from trackrecord.server.errors import RequestError
from trackrecord.server.paging import opened, sealed
from trackrecord.server.route import PAGE_PARAMETERS, ApiRequest, ApiRoute, Parameter
from trackrecord.shapes import rows


def _media(asked: ApiRequest) -> shapes.MediaPage:
    run, key = asked.path["run"], asked.path["key"]
    order = asked.text("order") or "asc"
    if order not in ("asc", "desc"):
        raise RequestError("bad_request", f"order={order!r:.60} is neither asc nor desc.")
    cursor = opened(asked.text("cursor"), "media", run, key, order)
    page = media_page(asked.store, run, key, limit=asked.limit(), cursor=cursor, newest_first=order == "desc")
    return shapes.MediaPage(
        items=[rows.media_entry(entry) for entry in page.entries],
        total=page.total,
        revision=page.revision,
        next_cursor=sealed(page.next_cursor, "media", run, key, order),
    )


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/runs/{run}/media/{key:path}",
        _media,
        "Logged values that are not numbers, in the order of steps.",
        shapes.MediaPage,
        (
            Parameter("order", "string", "asc: in the order of steps, the default; desc: the newest first."),
            *PAGE_PARAMETERS,
        ),
    ),
)
