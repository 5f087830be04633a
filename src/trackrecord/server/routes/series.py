"""Curves: a whole screen in one answer."""

from __future__ import annotations

import math
from itertools import product

from starlette.responses import Response

from trackrecord.query.charts import MOST_SERIES, chart
from trackrecord.query.find_run import find_run
from trackrecord.server import rows, shapes
from trackrecord.server.errors import RequestError
from trackrecord.server.frames import MEDIA_TYPE, encode_frame
from trackrecord.server.route import ApiRequest, ApiRoute, Parameter
from trackrecord.store.contract import RELATIVE, STEP, WALL, SeriesRequest

DEFAULT_PIXELS = 1000
MOST_PIXELS = 20_000
JSON = "application/json"


def _asked_in_body(asked: ApiRequest) -> Response | shapes.Curves:
    question = asked.decoded(shapes.SeriesQuestion)
    return _answer(asked, question, MEDIA_TYPE)


def _asked_in_address(asked: ApiRequest) -> Response | shapes.Curves:
    runs, metrics = asked.texts("run"), asked.texts("metric")
    if not runs or not metrics:
        raise RequestError("bad_request", "Both run and metric have to be given, each as often as needed.")
    _check_count(len(runs) * len(metrics))
    ids = [find_run(asked.store, run) for run in runs]
    question = shapes.SeriesQuestion(
        series=[shapes.SeriesName(run, metric) for run, metric in product(ids, metrics)],
        x=asked.text("x") or STEP,
        low=asked.number("low"),
        high=asked.number("high"),
        pixels=asked.whole("pixels", DEFAULT_PIXELS, 1, MOST_PIXELS),
    )
    return _answer(asked, question, JSON)


def _answer(asked: ApiRequest, question: shapes.SeriesQuestion, default: str) -> Response | shapes.Curves:
    requests = _requests(question)
    wanted = preferred(asked.headers.get("accept", ""), (default, JSON, MEDIA_TYPE))
    found = chart(asked.store, requests)
    if wanted == MEDIA_TYPE:
        frame = encode_frame(found.revision, found.series)
        return Response(frame, headers={"cache-control": "no-store"}, media_type=MEDIA_TYPE)
    return rows.curves(found)


def _requests(question: shapes.SeriesQuestion) -> list[SeriesRequest]:
    _check_count(len(question.series))
    x, low, high, pixels = question.x, question.low, question.high, question.pixels
    if x not in (STEP, RELATIVE, WALL) and (not x.startswith("metric:") or x == "metric:"):
        hint = "It may be step, relative, wall, or metric: and a metric."
        raise RequestError("bad_request", f"x={x!r:.60} is no axis.", hint=hint)
    if not 1 <= pixels <= MOST_PIXELS:
        raise RequestError("bad_request", f"pixels={pixels} is not between 1 and {MOST_PIXELS}.")
    if low is not None and high is not None and low > high:
        raise RequestError("bad_request", f"The range from {low} to {high} is empty.")
    return [SeriesRequest(each.run, each.metric, x, low, high, pixels) for each in question.series]


def _check_count(count: int) -> None:
    if count > MOST_SERIES:
        message = f"{count:,} series are asked for; a request may ask for {MOST_SERIES:,}."
        raise RequestError("too_large", message, hint="Ask for them in several requests.")


def preferred(accept: str, offered: tuple[str, ...]) -> str:
    """Return which of the offered media types a client likes best; the first one when it does not say.

    >>> preferred("application/json;q=0.5, */*;q=0.1", ("application/x", "application/json"))
    'application/json'
    """
    best, best_weight = offered[0], 0.0
    for part in accept.split(","):
        kind, _, options = part.strip().partition(";")
        weight = 1.0
        for option in options.split(";"):
            name, _, value = option.partition("=")
            if name.strip() == "q":
                weight = _weight(value)
        match = offered[0] if kind == "*/*" else kind.strip().lower()
        if match in offered and weight > best_weight:
            best, best_weight = match, weight
    return best


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if math.isfinite(weight) else 0.0


_MEDIA_TYPES = (JSON, MEDIA_TYPE)

ROUTES = (
    ApiRoute(
        "POST",
        "/api/v1/series",
        _asked_in_body,
        "Curves of a whole screen.",
        shapes.Curves,
        body=shapes.SeriesQuestion,
        media_types=_MEDIA_TYPES,
    ),
    ApiRoute(
        "GET",
        "/api/v1/series",
        _asked_in_address,
        "Curves: every run with every metric.",
        shapes.Curves,
        (
            Parameter("run", "string", "A run.", repeated=True),
            Parameter("metric", "string", "A metric.", repeated=True),
            Parameter("x", "string", "step, relative, wall or metric:KEY."),
            Parameter("low", "number", "Least x."),
            Parameter("high", "number", "Greatest x."),
            Parameter("pixels", "integer", f"How many buckets can be told apart, 1 to {MOST_PIXELS}."),
        ),
        media_types=_MEDIA_TYPES,
    ),
)
