"""Completions for the filter box."""

from __future__ import annotations

from trackrecord import shapes
from trackrecord.query.complete import complete
from trackrecord.server.route import ApiRequest, ApiRoute, Parameter


def _complete(asked: ApiRequest) -> shapes.Completions:
    text = asked.text("q") or ""
    position = asked.whole("position", len(text), 0, 2**31)
    found = complete(asked.store, text, position, project=asked.text("project"))
    items = [shapes.Completion(item.text, item.kind, item.detail) for item in found.items]
    return shapes.Completions(found.start, found.end, items)


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/complete",
        _complete,
        "Completions for the filter box.",
        shapes.Completions,
        (
            Parameter("project", "string", "Names and values of this project only."),
            Parameter("q", "string", "The filter as far as it is written."),
            Parameter("position", "integer", "Where the cursor stands, in characters; the end by default."),
        ),
    ),
)
