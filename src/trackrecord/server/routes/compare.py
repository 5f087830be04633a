"""Several runs side by side."""

from __future__ import annotations

from trackrecord import shapes
from trackrecord.analysis.comparison import compare
from trackrecord.query.run_detail import run_detail
from trackrecord.server.errors import RequestError
from trackrecord.server.route import ApiRequest, ApiRoute, Parameter
from trackrecord.shapes import rows

MOST_RUNS = 100


def _compare(asked: ApiRequest) -> shapes.Comparison:
    runs = asked.listed("runs")
    if not runs:
        hint = "runs=A,B names two runs as in a path."
        raise RequestError("bad_request", "No runs are given to compare.", hint=hint)
    if len(runs) > MOST_RUNS:
        raise RequestError("too_large", f"{len(runs)} runs are given; at most {MOST_RUNS} can be compared.")
    details = [run_detail(asked.store, run) for run in runs]
    found = compare([detail.record for detail in details], [detail.environment for detail in details])
    return rows.comparison(found)


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/compare",
        _compare,
        "Several runs side by side.",
        shapes.Comparison,
        (Parameter("runs", "string", f"Runs with commas, at most {MOST_RUNS}."),),
    ),
)
