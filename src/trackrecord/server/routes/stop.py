"""Asking a run to stop."""

from __future__ import annotations

from trackrecord.lifecycle.stopping import ask_run_to_stop
from trackrecord.server.route import ApiRequest, ApiRoute
from trackrecord.shapes.stops import StopAnswer, stop_answer


def _stop(asked: ApiRequest) -> StopAnswer:
    return stop_answer(ask_run_to_stop(asked.store, asked.path["run"]))


ROUTES = (
    ApiRoute(
        "POST",
        "/api/v1/runs/{run}/stop",
        _stop,
        "Ask a run to stop by itself; its run.should_stop turns True.",
        StopAnswer,
    ),
)
