"""One run, whole."""

from __future__ import annotations

from trackrecord import shapes
from trackrecord.query.run_detail import run_detail
from trackrecord.server.route import ApiRequest, ApiRoute
from trackrecord.shapes import rows


def _run(asked: ApiRequest) -> shapes.RunDetail:
    return rows.run_detail(run_detail(asked.store, asked.path["run"]))


ROUTES = (ApiRoute("GET", "/api/v1/runs/{run}", _run, "One run, whole.", shapes.RunDetail),)
