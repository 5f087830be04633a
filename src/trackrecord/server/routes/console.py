"""What a run printed."""

from __future__ import annotations

from trackrecord import shapes
from trackrecord.query.console import console_page
from trackrecord.server.route import ApiRequest, ApiRoute, Parameter
from trackrecord.shapes import rows

DEFAULT_LINES = 1000
MOST_LINES = 10_000


def _console(asked: ApiRequest) -> shapes.Console:
    page = console_page(
        asked.store,
        asked.path["run"],
        after=asked.whole("after", 0, 0, 2**53),
        limit=asked.whole("limit", DEFAULT_LINES, 1, MOST_LINES),
        tail=asked.flag("tail"),
    )
    return rows.console(page)


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/runs/{run}/console",
        _console,
        "What a run printed.",
        shapes.Console,
        (
            Parameter("after", "integer", "The last line number already held."),
            Parameter("limit", "integer", f"Lines, 1 to {MOST_LINES}; {DEFAULT_LINES} by default."),
            Parameter("tail", "integer", "1: the last lines instead of the first."),
        ),
    ),
)
